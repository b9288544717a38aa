"""`view`: dates of a store or of acquisitions as cloud-optimised GeoTIFF and PNG."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..dates import pick
from ..errors import InputError
from ..output import check_free
from ..progress import Progress
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
    run: Run = ctx.obj
    layers = _of_store(wanted) if wanted.kind in OF_STORE else _of_sources(wanted, sources, area)
    stem = out or Path(wanted.store.stem if wanted.store else wanted.kind)
    files = [path for label, layer in layers for path in _drawn(run, layer, f"{stem}-{label}", overwrite)]
    settings = keep_config(ctx, Path(f"{stem}-{wanted.kind}"))
    paths = [str(path) for path in files]
    run.result({"files": paths, "config": str(settings)}, "\n".join(paths))


def _of_store(wanted: Wanted) -> "Iterator[tuple[str, Layer]]":
    """(label, layer) of each wanted date of a store."""
    from ..views.maps import times_of

    store = open_store(wanted.store)
    times = times_of(store)
    label, layer_of = _drawing(store, wanted)
    for date in pick(times, wanted.date or (), "dates of the store"):
        yield f"{label}-{times[date]:%Y-%m-%d}", layer_of(date)


def _drawing(store: "EmbeddingStore", wanted: Wanted) -> "tuple[str, Callable[[int], Layer]]":
    """What the files are called and how a date becomes a layer."""
    from ..views.maps import dimension_layer, frozen_colours, pca_layer, support_layer

    if wanted.kind is Kind.SUPPORT:
        sensor, palette = wanted.sensor, wanted.palette
        return f"support-{sensor}", lambda date: support_layer(store, date, sensor, palette)
    colours = frozen_colours(store)
    if wanted.kind is Kind.PCA:
        return "pca", lambda date: pca_layer(store, colours, date)
    dim = wanted.dim - 1
    return f"dim{wanted.dim}", lambda date: dimension_layer(store, colours, date, dim, wanted.palette)


def _of_sources(wanted: Wanted, flags: SourceFlags, area: AreaFlags) -> "Iterator[tuple[str, Layer]]":
    """(label, layer) of each wanted acquisition; on a store's grid, where one is named."""
    from ..views.composite import COMPOSITES
    from ..views.maps import composite_layer

    composite = COMPOSITES[wanted.kind]
    grid = None
    if wanted.store is not None:
        grid = open_store(wanted.store).grid
        flags = flags if flags.given else recorded_sources(wanted.store)
    sources = gather(flags, area, grid=grid).sources
    if composite.modality not in sources:
        remedy = f"give --{composite.modality} PATH"
        raise InputError(f"{composite.title} needs another sensor", value=", ".join(sources), remedy=remedy)
    source = sources[composite.modality]
    times = [acquisition.time for acquisition in source.acquisitions]
    for frame in pick(times, wanted.date or (), "acquisitions"):
        yield f"{wanted.kind}-{times[frame]:%Y-%m-%d}", composite_layer(source, composite, frame)


def _drawn(run: Run, layer: "Layer", stem: str, overwrite: bool) -> tuple[Path, Path]:
    from ..views.raster import write_cog, write_png

    cog, png = Path(f"{stem}.tif"), Path(f"{stem}.png")
    for path in (cog, png):  # both before either: a pair is never of two runs
        check_free(path, overwrite=overwrite)
    with Bar(run) as bar:
        write_cog(layer, cog, overwrite=overwrite, progress=Progress(cog.stem, 0, bar), cancel=run.cancel)
    write_png(layer, png, overwrite=overwrite)
    return cog, png


def open_store(path: Path | None) -> "EmbeddingStore":
    """The store that a command was given; `InputError` where it was not, or is none."""
    from ..store import EmbeddingStore

    if path is None:
        raise InputError("no store was given", remedy="name an output of phenolens embed, such as area.zarr")
    return EmbeddingStore(path)
