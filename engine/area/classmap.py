"""Class maps as the population that is sampled: their classes, their pixels, and what a pixel covers."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from pyproj import CRS, Proj, Transformer
from rasterio.errors import RasterioError

from ..classes import DISTINCT, LARGEST_CODE, NODATA, ClassTable, LandClass
from ..errors import InputError
from ..grid import Grid
from ..progress import CancelToken, Progress
from .legend import legend_beside

Codes = npt.NDArray[np.int64]

STRIP_ROWS = 512
LARGEST_DISTORTION = 0.01
"""Of the area of a pixel by the projection; UTM stays below 0.002 within its zone."""


@dataclass(frozen=True, eq=False)
class ClassMap:
    """A class map on the disk: every pixel that is neither 0 nor nodata belongs to one class."""

    path: Path
    grid: Grid
    table: ClassTable
    pixels: Mapping[int, int]
    """Number of pixels by class code, of every class of the table."""
    nodata: float | None

    @property
    def total(self) -> int:
        """Pixels of all classes."""
        return sum(self.pixels.values())

    @property
    def pixel_m2(self) -> float:
        """Area of a pixel in m²."""
        return pixel_area(self.grid)

    def strips(self) -> Iterator[tuple[int, Codes]]:
        """(first row, codes [y, x] with 0 for nodata), from the top; never the whole map at once."""
        yield from _strips(self.path, self.nodata)

    def at(self, rows: Codes, cols: Codes) -> Codes:
        """Codes of some pixels, 0 where there is none."""
        found = np.zeros(len(rows), np.int64)
        for top, codes in self.strips():
            mine = (rows >= top) & (rows < top + len(codes))
            found[mine] = codes[rows[mine] - top, cols[mine]]
        return found


def open_class_map(
    path: Path,
    table: ClassTable | None = None,
    *,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> ClassMap:
    """Read a GeoTIFF's grid and legend and count its pixels by class, in strips.

    Without `table`, names and colours come from the file, its RAT or its category names, else from the codes.
    `InputError` where it can't be read, has no classes, no CRS in metres, or codes that the table lacks."""
    grid, nodata, colours = _header(path)
    pixel_area(grid)
    counts = _count(path, grid, nodata, progress or Progress("count", 0), cancel or CancelToken())
    if not counts:
        raise InputError("the map has no classified pixel", value=path, remedy="0 and nodata are no class")
    table = table or _table(path, counts, colours)
    unknown = sorted(set(counts) - set(table.codes))
    if unknown:
        raise InputError(
            "the map holds codes that the class table lacks",
            value=", ".join(map(str, unknown)),
            remedy=f"the table has {', '.join(map(str, table.codes))}",
        )
    return ClassMap(path, grid, table, {code: counts.get(code, 0) for code in table.codes}, nodata)


def pixel_area(grid: Grid) -> float:
    """Area of a pixel in m²; `InputError` where the CRS is none, in degrees, or stretches areas by over 1 %."""
    crs = CRS.from_user_input(grid.crs) if grid.crs else None
    if crs is None:
        raise InputError(
            "the map has no CRS, so its pixels have no area", remedy="assign its CRS, such as UTM"
        )
    if not crs.is_projected:
        raise InputError(
            "the map's pixels are in degrees, so they differ in area from north to south",
            value=crs.name,
            remedy="warp the map, without resampling of classes but nearest, to UTM or an equal-area CRS",
        )
    metres = crs.axis_info[0].unit_conversion_factor
    _check_equal_area(grid, crs)
    return abs(grid.transform.determinant) * metres**2


def _check_equal_area(grid: Grid, crs: CRS) -> None:
    rows, cols = grid.shape
    corners = [grid.transform * (c, r) for r in (0, rows / 2, rows) for c in (0, cols / 2, cols)]
    to_lonlat = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    lon, lat = to_lonlat.transform(*np.array(corners).T)
    scale = np.asarray(Proj(crs).get_factors(lon, lat).areal_scale)
    if not np.isfinite(scale).all() or np.abs(scale - 1).max() > LARGEST_DISTORTION:
        raise InputError(
            "the map's projection distorts areas",
            value=f"{crs.name}: {scale.min():.3f} to {scale.max():.3f} times the true area",
            remedy="warp the map, nearest neighbour, to UTM or an equal-area CRS",
        )


def _header(path: Path) -> tuple[Grid, float | None, dict[int, Any]]:
    try:
        with rasterio.open(path) as source:
            if np.dtype(source.dtypes[0]).kind not in "iu":
                raise InputError(
                    "the map's values are no class codes",
                    value=source.dtypes[0],
                    remedy="give integers 1 to 254",
                )
            if (source.scales[0], source.offsets[0]) != (1, 0):
                raise InputError(
                    "the map holds a scaled quantity, not class codes",
                    value=f"{path}: × {source.scales[0]:g} + {source.offsets[0]:g}",
                    remedy="give the class map (-class-), not a probability or confidence",
                )
            if (source.transform.b, source.transform.d) != (0, 0):
                raise InputError(
                    "the map is rotated: its rows don't run from west to east",
                    value=path,
                    remedy="warp it, nearest neighbour, to UTM or an equal-area CRS",
                )
            palette = source.colormap(1) if source.colorinterp[0].name == "palette" else {}
            crs = source.crs.to_string() if source.crs else ""
            return Grid(crs, source.transform, source.shape), source.nodata, palette
    except RasterioError as error:
        raise InputError("the map can't be read", value=path, remedy=str(error)) from error


def _strips(path: Path, nodata: float | None) -> Iterator[tuple[int, Codes]]:
    with rasterio.open(path) as source:
        for top in range(0, source.height, STRIP_ROWS):
            rows = min(STRIP_ROWS, source.height - top)
            codes = source.read(1, window=rasterio.windows.Window(0, top, source.width, rows))
            if nodata is not None:
                codes = np.where(codes == nodata, NODATA, codes)
            yield top, codes


def _count(
    path: Path, grid: Grid, nodata: float | None, progress: Progress, cancel: CancelToken
) -> dict[int, int]:
    progress.total = progress.total or math.ceil(grid.shape[0] / STRIP_ROWS)
    counts: dict[int, int] = {}
    for _, codes in _strips(path, nodata):
        cancel.check()
        for code, number in zip(*np.unique(codes, return_counts=True), strict=True):
            counts[int(code)] = counts.get(int(code), 0) + int(number)
        progress.advance()
    counts.pop(NODATA, None)
    return counts


def _table(path: Path, counts: Mapping[int, int], colours: Mapping[int, Any]) -> ClassTable:
    """Names as the file tells them, also those that no pixel shows: points may be found to be of them; colours of
    its palette, else distinct ones."""
    names = legend_beside(path)
    shown = {code: names.get(code, f"class {code}") for code in counts}
    told = Counter([*shown.values(), *(name for code, name in names.items() if code not in shown)])
    unseen = {code for code, name in names.items() if 0 < code <= LARGEST_CODE and told[name] == 1}
    return ClassTable(
        tuple(
            LandClass(code, names.get(code, f"class {code}"), _colour(number, colours.get(code)))
            for number, code in enumerate(sorted({*counts, *unseen}))
        )
    )


def _colour(number: int, rgba: tuple[int, int, int, int] | None) -> str:
    return DISTINCT[number % len(DISTINCT)] if rgba is None else f"#{bytes(rgba[:3]).hex()}"
