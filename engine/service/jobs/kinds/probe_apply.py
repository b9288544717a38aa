"""`probe-apply`: maps of a probe over a store."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from ...schema import WorkspacePath
from ..context import JobContext, Kind
from .params import StoreAsked, check_output, listed, made, outputs

_DAY = r"\d{4}-\d{2}-\d{2}"
When = Annotated[str, StringConstraints(pattern=rf"^{_DAY}(/{_DAY})?$")]
"""A day, or a period such as `2020-01-01/2020-12-31`."""
MapName = Literal[
    "class",
    "probability",
    "confidence",
    "set-size",
    "value",
    "interval",
    "applicability",
    "dissimilarity",
    "support",
]


class ProbeApplyParams(StoreAsked):
    """Draw maps of a probe over a store, with styles and provenance beside them."""

    probe: WorkspacePath
    dates: Annotated[list[When] | Literal["all"], Field(max_length=10_000)]
    form: Literal["maps", "netcdf", "sum"] = "maps"
    """A GeoTIFF for each date and map, all dates as one NetCDF, or the sum of a quantity over one period."""
    maps: Annotated[list[MapName], Field(min_length=1, max_length=9)] | None = None
    """All that the probe can make by default."""


def run(params: ProbeApplyParams, context: JobContext) -> dict[str, Any]:
    """The files."""
    from ....probes.files import load_probe
    from ....tasks.probes import map_probe

    workspace = context.workspace
    out = check_output(workspace, params.out)
    files = map_probe(
        load_probe(workspace.existing(params.probe)),
        params.opened(workspace),
        listed(params.dates),
        out,
        form=params.form,
        layers=tuple(params.maps) if params.maps else None,
        overwrite=context.replaces(out, params.overwrite),
        watch=context.watch,
    )
    return {"files": made(context, files)}


PROBE_APPLY = Kind("probe-apply", "Apply a probe", ProbeApplyParams, run, outputs=outputs)
