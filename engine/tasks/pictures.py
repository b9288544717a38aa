"""Pictures of a store or of acquisitions, date by date, as GeoTIFF (COG) and PNG."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..acquisitions.choice import Gathered
from ..dates import pick
from ..errors import InputError
from ..output import check_free
from ..progress import Watch
from ..store import EmbeddingStore
from ..views.composite import COMPOSITES
from ..views.layer import Layer
from ..views.maps import composite_layer, dimension_layer, frozen_colours, pca_layer, support_layer, times_of
from ..views.raster import write_cog, write_png

PictureKind = Literal["pca", "dim", "support"]


@dataclass(frozen=True)
class Picture:
    """What a picture of a store shows."""

    kind: PictureKind
    dim: int = 1
    """Of `dim`, from 1."""
    sensor: str = "s2"
    """Of `support`."""
    palette: str = "cividis"
    """Of `dim` and `support`."""

    def layers(self, store: EmbeddingStore) -> Callable[[int], Layer]:
        """How a date of the store becomes a layer; the frozen colours are found once."""
        if self.kind == "support":
            return lambda date: support_layer(store, date, self.sensor, self.palette)
        colours = frozen_colours(store)
        if self.kind == "pca":
            return lambda date: pca_layer(store, colours, date)
        return lambda date: dimension_layer(store, colours, date, self.dim - 1, self.palette)

    @property
    def label(self) -> str:
        """As in file names: what is different must be called differently."""
        more = {"dim": str(self.dim), "support": f"-{self.sensor}"}
        return f"{self.kind}{more.get(self.kind, '')}"


def store_pictures(
    store: EmbeddingStore, picture: Picture, days: Sequence[str]
) -> Iterator[tuple[str, Layer]]:
    """(label, layer) of each wanted date of a store; `TargetError` where it doesn't hold one."""
    times, layer_of = times_of(store), picture.layers(store)
    for date in pick(times, days, "dates of the store"):
        yield f"{picture.label}-{times[date]:%Y-%m-%d}", layer_of(date)


def acquisition_pictures(found: Gathered, composite: str, days: Sequence[str]) -> Iterator[tuple[str, Layer]]:
    """(label, layer) of each wanted acquisition, as one of `COMPOSITES`."""
    drawn = COMPOSITES[composite]
    if drawn.modality not in found.sources:
        remedy = f"give --{drawn.modality} PATH"
        raise InputError(f"{drawn.title} needs another sensor", value=", ".join(found.sources), remedy=remedy)
    source = found.sources[drawn.modality]
    times = [acquisition.time for acquisition in source.acquisitions]
    for frame in pick(times, days, "acquisitions"):
        yield f"{composite}-{times[frame]:%Y-%m-%d}", composite_layer(source, drawn, frame)


def write_pictures(
    pictures: Iterable[tuple[str, Layer]], stem: Path, *, overwrite: bool, watch: Watch
) -> list[Path]:
    """STEM-LABEL.tif and .png of each; the paths. `OutputError` where one of a pair exists."""
    return [
        path
        for label, layer in pictures
        for path in _pair(layer, f"{stem}-{label}", overwrite=overwrite, watch=watch)
    ]


def _pair(layer: Layer, stem: str, *, overwrite: bool, watch: Watch) -> tuple[Path, Path]:
    cog, png = Path(f"{stem}.tif"), Path(f"{stem}.png")
    for path in (cog, png):  # both before either: a pair is never of two runs
        check_free(path, overwrite=overwrite)
    write_cog(layer, cog, overwrite=overwrite, progress=watch.progress(cog.stem), cancel=watch.cancel)
    write_png(layer, png, overwrite=overwrite)
    return cog, png
