"""`probe report`: what to expect of a probe elsewhere, beside baselines, as HTML, Markdown, JSON and a table."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ..output import check_free
from ..progress import Watch
from .flags import RunFlags, flattened, keep_config
from .labels import LabelFlags
from .samples import EstimatorFlags, FeatureFlags, WhatFlags, listed, sample_choice
from .sources import SourceFlags
from .terminal import Bar, Run
from .view import open_store

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
    out: Annotated[
        Path, typer.Option(help="Beginning of the file names; .html, .md, .json and -heldout.csv are added.")
    ],
    title: Annotated[str | None, typer.Option(help="Of the report.", rich_help_panel=_REPORT)] = None,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Say that the data are simulated.", rich_help_panel=_REPORT)
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
) -> None:
    """Cross-validate a probe beside baselines, and say what to expect at new places and in other years."""
    from ..tasks.report import ReportChoice, report_paths, report_probe

    run: Run = ctx.obj
    for path in report_paths(out).values():
        check_free(path, overwrite=overwrite)
    how = ReportChoice(
        listed(validation.schemes or ""),
        validation.folds,
        validation.block,
        listed(validation.also),
        validation.baselines,
        title=title,
        simulated=simulated,
    )
    with Bar(run) as bar:
        written, files = report_probe(
            open_store(store),
            sample_choice(what, reading, features, sources),
            estimator.recipe(features),
            how,
            out,
            overwrite=overwrite,
            watch=Watch(bar, run.cancel),
            say=run.say,
        )
    paths, config = {kind: str(path) for kind, path in files.items()}, keep_config(ctx, out)
    said = "\n".join([written.lead, *paths.values()])
    run.result({"lead": written.lead, "files": paths, "config": str(config)}, said)
