"""`view`: dates of a store or of acquisitions as cloud-optimised GeoTIFF and PNG."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ..errors import InputError
from .flags import RunFlags, flattened, keep_config
from .sources import AreaFlags, SourceFlags, gather, recorded_sources
from .terminal import Bar, Run

if TYPE_CHECKING:
    from ..store import EmbeddingStore
    from ..views.layer import Layer


class Kind(StrEnum):
    PCA = "pca"
    DIM = "dim"
    SUPPORT = "support"
    TRUE_COLOUR = "true-colour"
    FALSE_COLOUR = "false-colour"
    S1 = "s1"


OF_STORE = (Kind.PCA, Kind.DIM, Kind.SUPPORT)


@dataclass(frozen=True)
class Wanted:
    """What is to be drawn."""

    kind: Annotated[Kind, typer.Argument(help="What to show; the last three show acquisitions.")]
    store: Annotated[
        Path | None, typer.Argument(help="An embedding store; its acquisitions, for the last three kinds.")
    ] = None
    date: Annotated[
        list[str] | None, typer.Option(help="Day to show, such as 2018-05-01, or all. Repeatable.")
    ] = None
    dim: Annotated[int, typer.Option(help="Dimension to show with `dim`, from 1.", min=1)] = 1
    sensor: Annotated[str, typer.Option(help="Sensor to show with `support`: s1, s2.")] = "s2"
    palette: Annotated[str, typer.Option(help="Palette of `dim` and `support`: cividis, viridis.")] = (
        "cividis"
    )


@flattened
def view(
    ctx: typer.Context,
    wanted: Wanted,
    sources: SourceFlags,
    area: AreaFlags,
    flags: RunFlags,
    out: Annotated[
        Path | None, typer.Option(help="Beginning of the file names; -KIND-DATE.tif and .png are added.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
) -> None:
    """Draw embeddings in frozen colours, or acquisitions, as GeoTIFF (COG) and PNG."""
    from ..tasks.pictures import write_pictures

    run: Run = ctx.obj
    pictures = _of_store(wanted) if wanted.kind in OF_STORE else _of_sources(wanted, sources, area)
    stem = out or Path(wanted.store.stem if wanted.store else wanted.kind)
    with Bar(run) as bar:
        files = write_pictures(pictures, stem, overwrite=overwrite, watch=run.watch(bar))
    settings = keep_config(ctx, Path(f"{stem}-{wanted.kind}"))
    paths = [str(path) for path in files]
    run.result({"files": paths, "config": str(settings)}, "\n".join(paths))


def _of_store(wanted: Wanted) -> "Iterator[tuple[str, Layer]]":
    """(label, layer) of each wanted date of a store."""
    from ..tasks.pictures import Picture, store_pictures

    picture = Picture(cast(Any, wanted.kind.value), wanted.dim, wanted.sensor, wanted.palette)
    return store_pictures(open_store(wanted.store), picture, wanted.date or ())


def _of_sources(wanted: Wanted, flags: SourceFlags, area: AreaFlags) -> "Iterator[tuple[str, Layer]]":
    """(label, layer) of each wanted acquisition; on a store's grid, where one is named."""
    from ..tasks.pictures import acquisition_pictures

    grid = None
    if wanted.store is not None:
        grid = open_store(wanted.store).grid
        flags = flags if flags.given else recorded_sources(wanted.store)
    return acquisition_pictures(gather(flags, area, grid=grid), wanted.kind.value, wanted.date or ())


def open_store(path: Path | None) -> "EmbeddingStore":
    """The store that a command was given; `InputError` where it was not, or is none."""
    from ..store import EmbeddingStore

    if path is None:
        raise InputError("no store was given", remedy="name an output of phenolens embed, such as area.zarr")
    return EmbeddingStore(path)
