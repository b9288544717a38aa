"""`probe fit`, `probe report`, `probe apply`: small models on embeddings, and the maps that they make."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .flags import RunFlags, flattened, keep_config
from .labels import LabelFlags
from .probe_report import report
from .samples import EstimatorFlags, FeatureFlags, WhatFlags, sample_choice
from .sources import SourceFlags
from .terminal import Bar, Run
from .view import open_store

if TYPE_CHECKING:
    from ..probes.probe import Probe

probe = typer.Typer(no_args_is_help=True, help="Fit small models on embeddings, and apply them.")


@probe.command()
@flattened
def fit(
    ctx: typer.Context,
    store: Annotated[Path, typer.Argument(help="An embedding store.")],
    what: WhatFlags,
    reading: LabelFlags,
    features: FeatureFlags,
    estimator: EstimatorFlags,
    sources: SourceFlags,
    flags: RunFlags,
    out: Annotated[Path, typer.Option(help="The probe to write, such as land-cover.probe.")],
    trust: Annotated[
        bool,
        typer.Option("--trust/--no-trust", help="Calibrate intervals or sets and applicability by group."),
    ] = True,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
) -> None:
    """Fit a probe on labels or towers and the embeddings of a store.

    The score it reports is that of the training samples: `probe report` says what to expect elsewhere."""
    from ..tasks.probes import fit_and_save

    run: Run = ctx.obj
    choice = sample_choice(what, reading, features, sources)
    with Bar(run) as bar:
        made = fit_and_save(
            open_store(store),
            choice,
            estimator.recipe(features),
            out,
            trust=trust,
            overwrite=overwrite,
            watch=run.watch(bar),
            say=run.say,
        )
    config = keep_config(ctx, made.path)
    values = {**made.to_dict(), "file": str(made.path), "config": str(config)}
    run.result(values, _text(made.probe, made.path, made.trust))


def _text(fitted: "Probe", path: Path, note: str) -> str:
    training, kind = fitted.training, fitted.recipe.spec.kind
    per_class = ", ".join(f"{name} {count}" for name, count in training.per_class.items())
    scores = ", ".join(f"{name} {value:.3f}" for name, value in training.score.items())
    groups = ", ".join(f"{count} {name}s" for name, count in training.groups.items())
    names = len(fitted.feature_names)
    lines = [
        f"probe     {path}",
        f"learns    {fitted.response.name}" + (f" in {fitted.response.unit}" if fitted.response.unit else ""),
        f"samples   {training.samples}: {groups}" + (f"; {per_class}" if per_class else ""),
        f"features  {names}, of a {kind}; {fitted.recipe.estimator.name} fitted in {training.seconds:.2f} s",
        f"fit       {scores} (says nothing about other places: see probe report)",
    ]
    honest = [
        f"expect    {_listed_scores(scores)} on a {scheme} that it has not seen"
        for scheme, scores in fitted.scores.items()
    ]
    return "\n".join([*lines, *honest, *([f"trust     {note}"] if note else [])])


def _listed_scores(scores: Mapping[str, Any]) -> str:
    from ..validation.scores import NAMES

    return ", ".join(
        f"{NAMES[name]} {score['value']:.3f}" for name, score in scores.items() if score["value"] is not None
    )


probe.command()(report)


class Form(StrEnum):
    MAPS = "maps"
    NETCDF = "netcdf"
    SUM = "sum"


@probe.command()
@flattened
def apply(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A probe, as probe fit writes it.")],
    store: Annotated[Path, typer.Argument(help="An embedding store of the same model.")],
    flags: RunFlags,
    date: Annotated[
        list[str], typer.Option(help="Day or period to map, such as 2018-05-01, or all. Repeatable.")
    ],
    out: Annotated[Path, typer.Option(help="Beginning of the file names; -MAP-DATE.tif is added, or .nc.")],
    form: Annotated[
        Form,
        typer.Option(
            "--as", help="GeoTIFFs per date, all dates in one NetCDF, or the sum of a quantity over a period."
        ),
    ] = Form.MAPS,
    maps: Annotated[
        str | None,
        typer.Option(
            help="class, probability, confidence, set-size; value, interval; applicability, dissimilarity, support. "
            "All that the probe can make by default."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
) -> None:
    """Draw maps of a probe over a store, with styles and provenance beside them."""
    from ..probes.files import load_probe
    from ..tasks.probes import map_probe

    run: Run = ctx.obj
    loaded, opened = load_probe(file), open_store(store)
    _say_which_season(run, loaded, date)
    with Bar(run) as bar:
        written = map_probe(
            loaded,
            opened,
            date,
            out,
            form=form.value,
            layers=tuple(name.strip() for name in maps.split(",")) if maps else None,
            overwrite=overwrite,
            watch=run.watch(bar),
        )
    files = [str(path) for path in written]
    # not OUT alone: the config of a store called OUT.zarr would lie at the same place
    config = keep_config(ctx, out.with_name(f"{out.name}-probe"))
    if form is Form.SUM:
        _say_without_interval(run, loaded)
    run.result({"files": files, "config": str(config)}, "\n".join(files))


def _say_which_season(run: Run, loaded: "Probe", dates: list[str]) -> None:
    """A map of the day that was asked for is none of that day where features are those of seasons."""
    from ..probes.slots import Period

    days = [day for day in dates if day != "all" and Period.of(day).single]
    if loaded.recipe.spec.kind == "season" and days:
        run.say(
            f"{', '.join(days)}: season features of a day are those of its calendar year; "
            "give the period of the labels to map like what was learnt from"
        )


def _say_without_interval(run: Run, loaded: "Probe") -> None:
    from ..trust.calibration import sum_error_of

    if sum_error_of(loaded) is None:
        run.say(
            "no interval of the sum: the probe doesn't know how errors of different days go together; "
            "that takes labels of several days at the same places, such as towers"
        )
