"""`area-estimate`: accuracy of a class map and area of its classes, from the filled form of a sample."""

from typing import Any, Literal

from ...schema import Asked, WorkspacePath
from ..context import JobContext, Kind
from .params import SourcePath, check_output, made, plain


class AreaEstimateParams(Asked):
    """Estimate accuracy and area with 95 % intervals; without `out` they are told and nothing is written."""

    form: SourcePath
    """CSV, or the GeoPackage filled in a GIS."""
    design: SourcePath | None = None
    """The .design.json of the sample; that beside the form otherwise."""
    unit: Literal["ha", "km2", "m2"] = "ha"
    finite: bool = False
    """Apply the finite population correction (small maps)."""
    out: WorkspacePath | None = None
    """OUT.md and OUT.json."""
    overwrite: bool = False


def run(params: AreaEstimateParams, context: JobContext) -> dict[str, Any]:
    """All that the report says, and its files."""
    from ....area.report import report_of, write_report
    from ....area.sample import read_sample

    workspace = context.workspace
    form = workspace.source(params.form)
    design = params.design or str(params.form).rpartition(".")[0] + ".design.json"
    stem = None if params.out is None else check_output(workspace, params.out)
    sample = read_sample(workspace.source(design))
    report = report_of(form, sample, unit=params.unit, finite=params.finite)
    files = (
        () if stem is None else write_report(report, stem, overwrite=context.replaces(stem, params.overwrite))
    )
    told: dict[str, Any] = plain(report.to_dict())
    return {"files": made(context, files), **told}


def outputs(params: AreaEstimateParams) -> tuple[str, ...]:
    """Nothing where the estimate is only told."""
    return () if params.out is None else (params.out,)


AREA_ESTIMATE = Kind("area-estimate", "Estimate areas and accuracy", AreaEstimateParams, run, outputs=outputs)
