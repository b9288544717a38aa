"""`probe report`: what to expect of a probe elsewhere, beside baselines, as HTML, Markdown and JSON."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..output import check_free
from ..progress import Progress
from .flags import RunFlags, flattened, keep_config
from .labels import LabelFlags
from .samples import EstimatorFlags, FeatureFlags, WhatFlags, listed, sample_choice
from .sources import SourceFlags
from .terminal import Bar, Run
from .view import open_store

if TYPE_CHECKING:
    from ..probes.estimators import ProbeRecipe
    from ..store import EmbeddingStore
    from ..validation.fits import Fit
    from ..validation.report import Origin

_VALIDATION, _REPORT = "Validation", "Report"


@dataclass(frozen=True)
class ValidationFlags:
    """How samples are held out."""

    schemes: Annotated[
        str | None,
        typer.Option(
            help="random, polygon, block, site, year, site-year, with commas; all that apply by default.",
            rich_help_panel=_VALIDATION,
        ),
    ] = None
    folds: Annotated[
        int, typer.Option(help="Folds, where not each group is one.", rich_help_panel=_VALIDATION)
    ] = 5
    block: Annotated[
        float | None,
        typer.Option(
            help="Side of a spatial block, metres; from the extent by default.", rich_help_panel=_VALIDATION
        ),
    ] = None
    also: Annotated[
        str,
        typer.Option(
            help="Other estimators to stand beside, with commas: forest,knn.", rich_help_panel=_VALIDATION
        ),
    ] = ""
    baselines: Annotated[
        bool,
        typer.Option(
            "--baselines/--no-baselines",
            help="Baselines on the same samples; raw bands need the acquisitions.",
            rich_help_panel=_VALIDATION,
        ),
    ] = True


@flattened
def report(
    ctx: typer.Context,
    store: Annotated[Path, typer.Argument(help="An embedding store.")],
    what: WhatFlags,
    reading: LabelFlags,
    features: FeatureFlags,
    estimator: EstimatorFlags,
    validation: ValidationFlags,
    sources: SourceFlags,
    flags: RunFlags,
    out: Annotated[Path, typer.Option(help="Beginning of the file names; .html, .md and .json are added.")],
    title: Annotated[str | None, typer.Option(help="Of the report.", rich_help_panel=_REPORT)] = None,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Say that the data are simulated.", rich_help_panel=_REPORT)
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
) -> None:
    """Cross-validate a probe beside baselines, and say what to expect at new places and in other years."""
    from ..tasks.samples import read_samples
    from ..validation.folds import FoldSettings
    from ..validation.report import Report
    from ..validation.report_files import KINDS, write_report
    from ..validation.validation import validate

    run: Run = ctx.obj
    for kind in KINDS:
        check_free(out.with_name(f"{out.name}.{kind}"), overwrite=overwrite)
    settings = FoldSettings(validation.folds, estimator.seed, validation.block)
    probes, opened = _probes(estimator, features, listed(validation.also)), open_store(store)
    raw = validation.baselines and not what.towers  # footprints have no bands yet
    samples = read_samples(opened, sample_choice(what, reading, features, sources), baselines=raw)
    run.say(samples.imported)
    run.say(str(samples.sampling))
    with Bar(run) as bar:
        found = validate(
            samples.table,
            probes,
            settings=settings,
            schemes=listed(validation.schemes or "") or None,
            baselines=validation.baselines,
            progress=Progress("validate", 0, bar),
            cancel=run.cancel,
        )
    origin: Origin = "simulated" if simulated or "simulated" in found.table.response.name else "real"
    title = title or f"{found.table.response.name}: {store.name}"
    written = Report(title, found, origin, facts=_facts(opened, estimator))
    files = write_report(written, out.parent, name=out.name, overwrite=overwrite)
    paths, config = {kind: str(path) for kind, path in files.items()}, keep_config(ctx, out)
    said = "\n".join([written.lead, *paths.values()])
    run.result({"lead": written.lead, "files": paths, "config": str(config)}, said)


def _probes(estimator: EstimatorFlags, features: FeatureFlags, also: tuple[str, ...]) -> "dict[str, Fit]":
    """Fits by the name that tables show."""
    from dataclasses import replace

    from ..probes.estimators import EstimatorSpec
    from ..validation.fits import recipe_fit

    first = estimator.recipe(features)
    recipes = [first, *(replace(first, estimator=EstimatorSpec(name)) for name in also)]
    return {_name(recipe): recipe_fit(recipe) for recipe in recipes}


def _name(recipe: "ProbeRecipe") -> str:
    return f"{' + '.join(recipe.blocks)} ({recipe.estimator.name})"


def _facts(store: "EmbeddingStore", estimator: EstimatorFlags) -> dict[str, str]:
    return {
        "model": f"{store.model['name']} ({str(store.model['sha256'])[:12]})",
        "estimator": estimator.estimator,
    }
