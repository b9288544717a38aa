"""`probe-report`: what to expect of a probe elsewhere, beside baselines."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ...schema import Number, Text
from ..context import JobContext, Kind
from .params import check_output, outputs
from .probe_fit import ProbeAsked

SchemeName = Literal["random", "polygon", "block", "site", "year", "site-year"]


class ProbeReportParams(ProbeAsked):
    """Cross-validate a probe beside baselines; `out` begins the names of its report (.html, .md, .json, .csv)."""

    schemes: Annotated[list[SchemeName], Field(default_factory=list, max_length=6)]
    """All that apply, where left out."""
    folds: Annotated[int, Field(ge=2, le=50)] = 5
    block_metres: Annotated[Number, Field(gt=0, le=1e6)] | None = None
    also: Annotated[list[Text], Field(default_factory=list, max_length=6)]
    """Other estimators to stand beside."""
    baselines: bool = True
    title: Text | None = None


def run(params: ProbeReportParams, context: JobContext) -> dict[str, Any]:
    """The report's first sentences and its files."""
    from ....tasks.report import ReportChoice, report_probe

    out = check_output(context.workspace, params.out)
    how = ReportChoice(
        tuple(params.schemes),
        params.folds,
        params.block_metres,
        tuple(params.also),
        params.baselines,
        needs_bands=False,
        title=params.title,
    )
    report, files = report_probe(
        params.opened(context.workspace),
        params.choice(context.workspace),
        params.recipe(),
        how,
        out,
        overwrite=context.replaces(out, params.overwrite),
        watch=context.watch,
        say=context.log.info,
    )
    return {
        "lead": report.lead,
        "files": {kind: context.workspace.relative(path) for kind, path in files.items()},
    }


PROBE_REPORT = Kind("probe-report", "Validate a probe", ProbeReportParams, run, outputs=outputs)
