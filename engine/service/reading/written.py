"""Maps that jobs wrote into the workspace (change, similarity, support, clusters), drawn on the store they are of."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import RasterioError

from ...classes import LARGEST_CODE, ClassTable, LandClass
from ...errors import InputError
from ...grid import Grid, Window
from ...store import EmbeddingStore
from ...store_overview import Overview
from ...views.colour import Bytes
from ...views.layer import Layer, Palette
from ...views.projection_classes import category_names
from ..workspace import Workspace
from .kept import Kept
from .layers import Drawing, Look, Values
from .stores import OpenStore

MOST_KEPT = 32
STRIP_PIXELS = 2**23
"""Read at a time: of a large map every n-th pixel alone is kept."""


@dataclass(frozen=True, eq=False)
class _Written:
    """A map of one byte a pixel, with colours and what its numbers mean."""

    path: Path
    title: str
    band: str
    unit: str
    scale: float
    offset: float
    palette: Palette
    classes: ClassTable | None

    def read(self, view: EmbeddingStore, window: Window) -> Bytes:
        """[y, x] of a window of a store or of an overview of it, as stored."""
        beneath = view.beneath(window) if isinstance(view, Overview) else window
        step = view.step if isinstance(view, Overview) else 1
        rows = max(step, STRIP_PIXELS // max(1, beneath.width) // step * step)
        with _said(self.path), rasterio.open(self.path) as file:
            strips = [
                file.read(1, window=_raster_window(beneath, top, rows))[::step, ::step]
                for top in range(0, beneath.height, rows)
            ]
        read: Bytes = np.concatenate(strips)
        return read


class WrittenMaps:
    """Opens maps by their workspace-relative names; what their headers say is kept."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._headers: Kept[_Written] = Kept(MOST_KEPT)

    def drawing(self, opened: OpenStore, look: Look) -> Drawing:
        """`InputError` for a file that isn't there, is on another grid, or has no colours of its own."""
        path = self._workspace.existing(look.identity)
        changed = path.stat()
        key = (str(path), changed.st_mtime_ns, changed.st_size, opened.key)
        found = self._headers.get(key, lambda: _opened(path, opened.store.grid))

        def layer(view: EmbeddingStore) -> Layer:
            def render(window: Window) -> Bytes:
                return found.read(view, window)[None]

            return Layer(found.title, view.grid, render, (found.band,), found.palette)

        def values(view: EmbeddingStore) -> Values:
            stored = found.read(view, view.grid.window)[None]
            if found.classes is not None:
                return Values(stored, (found.band,), nodata=0)
            numbers = np.where(stored, found.offset + found.scale * stored, np.nan).astype(np.float32)
            return Values(numbers, (found.band,), found.unit, np.nan)

        return Drawing(layer, values, key, found.classes)


def _opened(path: Path, grid: Grid) -> _Written:
    with _said(path), rasterio.open(path) as file:
        same = file.shape == grid.shape and file.transform.almost_equals(grid.transform)
        if not same or file.crs is None or file.crs != rasterio.CRS.from_user_input(grid.crs):
            raise InputError(
                "the map is on another grid", value=path.name, remedy="open the store that it is of"
            )
        if file.dtypes[0] != "uint8" or file.colorinterp[0].name != "palette":
            remedy = "open it in a GIS; maps with a colour table are drawn"
            raise InputError("the map has no colours of its own", value=path.name, remedy=remedy)
        colours, scale, offset = file.colormap(1), file.scales[0], file.offsets[0]
        classes = _classes(path, colours) if (scale, offset) == (1, 0) else None
        return _Written(
            path,
            file.tags().get("TIFFTAG_IMAGEDESCRIPTION", path.stem),
            file.descriptions[0] or path.stem,
            file.units[0] or "",
            scale,
            offset,
            Palette(colours, offset + scale, offset + 255 * scale, file.units[0] or ""),
            classes,
        )


def _classes(path: Path, colours: dict[int, tuple[int, int, int, int]]) -> ClassTable | None:
    """By the names beside the file; none where there are none."""
    names = {code: name for code, name in category_names(path).items() if name and 1 <= code <= LARGEST_CODE}
    if not names:
        return None
    return ClassTable(
        tuple(LandClass(code, name, f"#{bytes(colours[code][:3]).hex()}") for code, name in names.items())
    )


@contextmanager
def _said(path: Path) -> Iterator[None]:
    try:
        yield
    except RasterioError as error:
        raise InputError("the map can't be read", value=path.name, remedy=str(error)) from error


def _raster_window(beneath: Window, top: int, rows: int) -> rasterio.windows.Window:
    height = min(rows, beneath.height - top)
    return rasterio.windows.Window(beneath.col, beneath.row + top, beneath.width, height)
