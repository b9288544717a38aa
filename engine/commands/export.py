"""`export`: what a store holds as files that open right anywhere, each with style, attribute table and STAC item."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..dates import pick
from ..errors import InputError
from ..progress import Progress
from .flags import RunFlags, flattened, keep_config
from .terminal import Bar, Run
from .view import open_store

if TYPE_CHECKING:
    from ..export.product import Product
    from ..store import EmbeddingStore


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
    from ..views.maps import times_of

    run: Run = ctx.obj
    store = open_store(wanted.store)
    dates = sorted(set(pick(times_of(store), wanted.date or (), "dates of the store")))
    stem = f"{out or store.path.stem}-{_label(wanted)}"
    written = _stack if wanted.format is Format.NETCDF else _products
    files = written(run, store, wanted, dates, stem, overwrite)
    settings = keep_config(ctx, Path(stem))
    paths = [str(path) for path in files]
    run.result({"files": paths, "config": str(settings)}, "\n".join(paths))


def _label(wanted: Wanted) -> str:
    """The kind as in file names: what is different must be called differently."""
    more = {Kind.DIM: str(wanted.dim), Kind.SUPPORT: f"-{wanted.sensor}"}
    return f"{wanted.kind}{more.get(wanted.kind, '')}"


def _products(
    run: Run, store: "EmbeddingStore", wanted: Wanted, dates: list[int], stem: str, overwrite: bool
) -> list[Path]:
    """A GeoTIFF with sidecars for each date; all of them must be free before the first is written."""
    from ..export.files import check_products_free, write_product

    made = [(Path(f"{stem}-{label}.tif"), product) for label, product in _labelled(store, wanted, dates)]
    check_products_free([path for path, _ in made], overwrite=overwrite)
    with Bar(run) as bar:
        return [
            file
            for path, product in made
            for file in write_product(
                product,
                path,
                overwrite=overwrite,
                progress=Progress(path.stem, 0, bar),
                cancel=run.cancel,
                threads=1,
            ).files
        ]


def _labelled(store: "EmbeddingStore", wanted: Wanted, dates: list[int]) -> "Iterator[tuple[str, Product]]":
    """(day as in file names, product) of each date."""
    from ..views.maps import times_of

    for date in dates:
        yield f"{times_of(store)[date]:%Y-%m-%d}", _product(store, wanted, date)


def _product(store: "EmbeddingStore", wanted: Wanted, date: int) -> "Product":
    from ..views.products import embedding_product, picture_product

    if wanted.kind is Kind.EMBEDDING:
        return embedding_product(store, date, wanted.dims)
    return picture_product(store, date, _layer(store, wanted, date))


def _layer(store: "EmbeddingStore", wanted: Wanted, date: int) -> Any:
    from ..views.maps import dimension_layer, frozen_colours, pca_layer, support_layer

    if wanted.kind is Kind.SUPPORT:
        return support_layer(store, date, wanted.sensor, wanted.palette)
    colours = frozen_colours(store)
    if wanted.kind is Kind.PCA:
        return pca_layer(store, colours, date)
    return dimension_layer(store, colours, date, wanted.dim - 1, wanted.palette)


def _stack(
    run: Run, store: "EmbeddingStore", wanted: Wanted, dates: list[int], stem: str, overwrite: bool
) -> list[Path]:
    from ..export.netcdf import write_stack
    from ..views.products import embedding_stack

    if wanted.kind is not Kind.EMBEDDING:
        raise InputError(
            "a picture isn't written as NetCDF",
            value=wanted.kind,
            remedy="choose embedding, or --format geotiff",
        )
    path = Path(f"{stem}.nc")
    stack = embedding_stack(store, dates, wanted.dims)
    with Bar(run) as bar:
        progress = Progress(path.stem, 0, bar)
        return [
            write_stack(stack, path, overwrite=overwrite, progress=progress, cancel=run.cancel, threads=1)
        ]
