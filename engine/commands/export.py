"""`export`: what a store holds as files that open right anywhere, each with style, attribute table and STAC item."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from .flags import RunFlags, flattened, keep_config
from .terminal import Bar, Run
from .view import open_store


class Kind(StrEnum):
    EMBEDDING = "embedding"
    PCA = "pca"
    DIM = "dim"
    SUPPORT = "support"


class Format(StrEnum):
    GEOTIFF = "geotiff"
    NETCDF = "netcdf"


@dataclass(frozen=True)
class Wanted:
    """What is to be exported."""

    kind: Annotated[
        Kind,
        typer.Argument(help="The numbers themselves, or a picture; maps of a probe: phenolens probe apply."),
    ]
    store: Annotated[Path | None, typer.Argument(help="An embedding store.")] = None
    date: Annotated[list[str] | None, typer.Option(help="Day, such as 2018-05-01, or all. Repeatable.")] = (
        None
    )
    format: Annotated[
        Format, typer.Option(help="A GeoTIFF for each date, or all dates as one NetCDF (of `embedding`).")
    ] = Format.GEOTIFF
    dims: Annotated[
        int | None, typer.Option(help="Leading dimensions to export with `embedding`; all by default.", min=1)
    ] = None
    dim: Annotated[int, typer.Option(help="Dimension to show with `dim`, from 1.", min=1)] = 1
    sensor: Annotated[str, typer.Option(help="Sensor to show with `support`: s1, s2.")] = "s2"
    palette: Annotated[str, typer.Option(help="Palette of `dim` and `support`: cividis, viridis.")] = (
        "cividis"
    )


@flattened
def export(
    ctx: typer.Context,
    wanted: Wanted,
    flags: RunFlags,
    out: Annotated[
        Path | None, typer.Option(help="Beginning of the file names; -KIND-DATE.tif or -KIND.nc is added.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
) -> None:
    """Write dates of a store as GeoTIFF with style, statistics and STAC item, or as NetCDF."""
    from ..tasks.exports import ExportChoice, export_store
    from ..tasks.pictures import Picture

    run: Run = ctx.obj
    store, kind = open_store(wanted.store), wanted.kind.value
    picture = (
        None if kind == "embedding" else Picture(cast(Any, kind), wanted.dim, wanted.sensor, wanted.palette)
    )
    choice = ExportChoice(picture, wanted.dims, wanted.format.value)
    stem = out or Path(store.path.stem)
    with Bar(run) as bar:
        files = export_store(
            store, choice, wanted.date or (), stem, overwrite=overwrite, watch=run.watch(bar)
        )
    settings = keep_config(ctx, Path(f"{stem}-{choice.label}"))
    paths = [str(path) for path in files]
    run.result({"files": paths, "config": str(settings)}, "\n".join(paths))
