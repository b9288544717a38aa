"""`export`: dates of a store as files that open right anywhere."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ...schema import Dims, Text
from ..context import JobContext, Kind
from .params import Days, StoreAsked, check_output, listed, made, outputs


class ExportParams(StoreAsked):
    """Write the numbers of a store, or pictures of it, with style, attribute table and STAC item."""

    show: Literal["embedding", "pca", "dim", "support"] = "embedding"
    dates: Days
    form: Literal["geotiff", "netcdf"] = "geotiff"
    """A GeoTIFF for each date, or all dates as one NetCDF (of `embedding`)."""
    dims: Dims | None = None
    """Leading dimensions of `embedding`."""
    dim: Annotated[int, Field(ge=1, le=1024)] = 1
    sensor: Text = "s2"
    palette: Text = "cividis"


def run(params: ExportParams, context: JobContext) -> dict[str, Any]:
    """The files."""
    from ....tasks.exports import ExportChoice, export_store
    from ....tasks.pictures import Picture

    stem = check_output(context.workspace, params.out)
    picture = None
    if params.show != "embedding":
        picture = Picture(params.show, params.dim, params.sensor, params.palette)
    files = export_store(
        params.opened(context.workspace),
        ExportChoice(picture, params.dims, params.form),
        listed(params.dates),
        stem,
        overwrite=context.replaces(stem, params.overwrite),
        watch=context.watch,
    )
    return {"files": made(context, files)}


EXPORT = Kind("export", "Export", ExportParams, run, outputs=outputs)
