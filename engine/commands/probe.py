"""`probe fit`, `probe report`, `probe apply`: small models on embeddings, and the maps that they make."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError, ProbeError
from ..output import check_free
from ..progress import Progress
from .flags import RunFlags, flattened, keep_config
from .labels import LabelFlags
from .probe_report import report
from .samples import EstimatorFlags, FeatureFlags, Samples, WhatFlags, read_samples
from .sources import SourceFlags
from .terminal import Bar, Run
from .view import open_store

if TYPE_CHECKING:
    from ..probes.probe import Probe
    from ..store import EmbeddingStore

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
    from ..probes.files import SUFFIX, save_probe
    from ..probes.fitting import fit_probe
    from ..probes.probe import Origin

    run: Run = ctx.obj
    out = out if out.suffix else out.with_suffix(SUFFIX)
    check_free(out, overwrite=overwrite)
    recipe, opened = estimator.recipe(features), open_store(store)
    samples = read_samples(store, opened, what, reading, features, sources)
    run.say(samples.imported)
    run.say(str(samples.sampling))
    fitted = fit_probe(samples.table, recipe, origin=Origin.of(opened, features.dims))
    note = ""
    if trust:
        fitted, note = _with_trust(run, fitted, samples)
    path = save_probe(fitted, out, overwrite=overwrite)
    config = keep_config(ctx, path)
    run.result(
        {**_told(fitted, samples, note), "file": str(path), "config": str(config)}, _text(fitted, path, note)
    )


def _with_trust(run: Run, fitted: "Probe", samples: Samples) -> "tuple[Probe, str]":
    """The probe with what says how far to trust it; without, and why, where the samples can't tell."""
    from ..trust.calibration import calibrate

    try:
        with Bar(run) as bar:
            calibrated, held = calibrate(
                fitted, samples.table, progress=Progress("calibrate", 0, bar), cancel=run.cancel
            )
    except ProbeError as error:
        return fitted, f"no intervals, sets or applicability: {error}"
    return calibrated, f"calibrated on samples held out by {held.scheme}"


def _told(fitted: "Probe", samples: Samples, note: str) -> dict[str, Any]:
    from dataclasses import asdict

    from ..probes.files import probe_sha256

    return {
        "samples": len(samples.table),
        "dropped": dict(samples.sampling.dropped),
        "imported": samples.imported_values,
        "training": asdict(fitted.training),
        "scores": fitted.scores,
        "recipe": fitted.recipe.to_dict(),
        "trust": note,
        "sha256": probe_sha256(fitted),
    }


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
    from ..mapping.apply import ALL, ApplyOptions
    from ..probes.files import load_probe

    run: Run = ctx.obj
    loaded, opened = load_probe(file), open_store(store)
    options = ApplyOptions(layers=tuple(name.strip() for name in maps.split(",")) if maps else None)
    when = ALL if date == [ALL] else date
    _say_which_season(run, loaded, date)
    with Bar(run) as bar:
        how: dict[str, Any] = {
            "options": options,
            "overwrite": overwrite,
            "progress": Progress("apply", 0, bar),
            "cancel": run.cancel,
        }
        files = [str(path) for path in _applied(form, loaded, opened, when, out, how)]
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


def _applied(
    form: Form,
    loaded: "Probe",
    store: "EmbeddingStore",
    when: str | list[str],
    out: Path,
    how: dict[str, Any],
) -> list[Path]:
    """The files that were written."""
    from ..mapping.apply import apply_probe
    from ..mapping.stack import apply_stack
    from ..mapping.total import apply_sum

    if form is Form.NETCDF:
        path = out if out.suffix == ".nc" else out.with_name(f"{out.name}.nc")
        return [apply_stack(loaded, store, when, path, **how)]
    if form is Form.SUM:
        if isinstance(when, str) or len(when) != 1:
            raise InputError(
                "a sum is over one period", value=when, remedy="give --date 2020-01-01/2020-12-31"
            )
        return [written.raster for written in apply_sum(loaded, store, when[0], out, **how).values()]
    applied = apply_probe(loaded, store, when, out, **how)
    return [written.raster for one in applied for written in one.files.values()]
