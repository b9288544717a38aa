"""Files that rasterio opens (GeoTIFF, JPEG 2000): one pool of open files per source, bands as layers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from rasterio.io import DatasetReader
from rasterio.windows import Window as FileWindow

from ..errors import AcquisitionError
from ..grid import Window
from .reading import Pool
from .scenes import UnreadableError
from .stated_crs import grid_by
from .units import Raw, Stated
from .warp import RasterGrid, parse_crs


class PlacelessError(AcquisitionError):
    """A file that lies nowhere: alone it stops, among others it is skipped."""


class RasterFile:
    """The bands of one file, as layers counted from 0."""

    def __init__(self, path: Path, pool: Pool, crs: str | None = None) -> None:
        """`crs` is that of files that declare none. Raises `UnreadableError`, `PlacelessError` or `CrsError`."""
        self.name = path.name
        self.path = path
        self._pool = pool
        try:
            self.file = pool.get(path)
            _check_complete(self.file)
        except OSError as error:
            raise UnreadableError(
                "a file can't be read", value=path, remedy=f"fetch it again ({_brief(error)})"
            ) from error
        self.grid = _grid(self.file, path, crs)

    def read(self, layers: Sequence[int], window: Window) -> Raw:
        place = FileWindow(window.col, window.row, window.width, window.height)
        raw: Raw = self._pool.get(self.path).read([k + 1 for k in layers], window=place)
        return raw

    def sample(self, layer: int) -> Raw:
        """Some stored numbers from the middle; empty where they can't be read (reading will tell)."""
        rows, cols = self.grid.shape
        window = Window(max(0, rows // 2 - 32), max(0, cols // 2 - 32), min(64, rows), min(64, cols))
        try:
            return self.read([layer], window)
        except OSError:
            return np.empty(0, self.file.dtypes[layer])

    def stated(self, layer: int) -> Stated:
        """What the file says of one band's numbers: GDAL scale and offset, or Sentinel-2 product tags."""
        file, tags = self.file, {k.upper(): v for k, v in self.file.tags().items()}
        scale, offset = file.scales[layer], file.offsets[layer]
        told = (scale, offset) != (1.0, 0.0)  # GDAL's own defaults state nothing
        quantification = tags.get("BOA_QUANTIFICATION_VALUE", tags.get("QUANTIFICATION_VALUE"))
        if not told and quantification:
            scale, told = 1 / float(quantification), True
            offset = float(tags.get("BOA_ADD_OFFSET", 0)) * scale
        nodata = file.nodatavals[layer]
        return Stated(
            dtype=file.dtypes[layer],
            scale=scale if told else None,
            offset=offset if told else None,
            nodata=() if nodata is None else (float(nodata),),
            unit=file.units[layer] or tags.get("UNITS", tags.get("UNIT")),
        )


def _grid(file: DatasetReader, path: Path, crs: str | None) -> RasterGrid:
    if file.transform == Affine.identity():
        raise PlacelessError("a file has no place on Earth", value=path, remedy="write its geotransform in")
    shape = file.height, file.width
    declared = parse_crs(file.crs.to_wkt()) if file.crs else None
    return (
        RasterGrid(declared, file.transform, shape) if declared else grid_by(crs, file.transform, shape, path)
    )


def _check_complete(file: DatasetReader) -> None:
    """OSError where a GeoTIFF's last blocks lie beyond the end of the file, as after an aborted download."""
    if file.driver != "GTiff":
        return
    size = Path(file.name).stat().st_size
    for band in sorted({1, file.count}):
        height, width = file.block_shapes[band - 1]
        block = f"{(file.width - 1) // width}_{(file.height - 1) // height}"
        start, length = (_tag(file, f"BLOCK_{what}_{block}", band) for what in ("OFFSET", "SIZE"))
        if start + length > size:
            raise OSError(f"truncated: {size} bytes, {start + length} are needed")


def _tag(file: DatasetReader, name: str, band: int) -> int:
    text: Any = file.get_tag_item(name, "TIFF", bidx=band)
    return int(text or 0)  # sparse blocks have no place and need none


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
