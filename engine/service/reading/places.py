"""Places on a store that a request names: pixels, positions, polygons; and which pixels of a polygon are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from affine import Affine
from pyproj import Transformer

from ...errors import AreaError
from ...grid import Grid
from ...labels.burn import PixelRule, burn
from ...store_layout import CHUNK_SIDE

LONLAT = "EPSG:4326"
MOST_BURNT = 2**20
"""Pixels around a polygon that are looked at one by one; of a larger one every n-th is."""
MOST_VERTICES = 20_000
MOST_PIECES = 100_000
LARGEST_XY = 1e8

Pixels = npt.NDArray[np.int64]
"""[n, 2] rows and columns."""


@dataclass(frozen=True, eq=False)
class Inside:
    """Pixels whose centre lies inside some polygons, or every n-th of them."""

    pixels: Pixels
    count: int
    """All of them; estimated from the polygons' area where not all were looked at."""


def polygons_of(rings: Sequence[Sequence[Sequence[Sequence[float]]]], crs: str) -> npt.NDArray[Any]:
    """[polygon] shapely polygons of [polygon][ring][vertex][x, y], as they were drawn.

    One that crosses itself encloses what lies on the odd side of its lines; it isn't mended, as that can take
    minutes. `AreaError` for too many vertices, a ring without area, or degrees that there aren't."""
    count = sum(len(ring) for polygon in rings for ring in polygon)
    if count > MOST_VERTICES:
        raise AreaError("the polygon has too many vertices", value=count, remedy=f"at most {MOST_VERTICES:,}")
    limits = (180.0, 90.0) if crs == LONLAT else (LARGEST_XY, LARGEST_XY)
    drawn = [[_closed(ring, limits) for ring in polygon] for polygon in rings]
    polygons = np.array([shapely.Polygon(rings[0], rings[1:]) for rings in drawn], object)
    # edges are split when they are moved to another CRS, about every kilometre
    pieces = shapely.length(polygons).sum() * (100 if crs == LONLAT else 0.001) + count
    if pieces > MOST_PIECES:
        raise AreaError(
            "the polygon reaches far beyond any area",
            value=f"{pieces / 1e3:,.0f}k km",
            remedy="draw a smaller one",
        )
    return polygons


def _closed(ring: Sequence[Sequence[float]], limits: tuple[float, float]) -> Any:
    corners = np.array([(vertex[0], vertex[1]) for vertex in ring], np.float64)
    if (np.abs(corners) > limits).any():
        remedy = "give longitude and latitude, or the CRS that it is in"
        raise AreaError("a corner of the polygon has no place", value=corners[0].tolist(), remedy=remedy)
    if len(corners) < 3 or shapely.MultiPoint(corners).convex_hull.area == 0:
        raise AreaError(
            "a ring of the polygon encloses no area", value=f"{len(ring)} corners", remedy="draw wider"
        )
    return corners


def inside(polygons: npt.NDArray[Any], crs: str, grid: Grid) -> Inside:
    """The pixels of a grid inside some polygons in `crs`; `AreaError` where there is none."""
    step = max(1, ceil(sqrt(looked_at(polygons, crs, grid) / MOST_BURNT)))
    burnt = burn(polygons, crs, grid if step == 1 else _coarser(grid, step), PixelRule())
    if not len(burnt.rows):
        raise AreaError(
            "the polygon covers no pixel of the area",
            value=burnt.why[0],
            remedy=f"draw it within {tuple(round(v, 5) for v in grid.lonlat_bounds)} (longitude, latitude)",
        )
    found = np.unique(np.stack([burnt.rows, burnt.cols], axis=1), axis=0)
    pixels = np.minimum(found * step + step // 2, np.array(grid.shape) - 1)
    return Inside(pixels, len(found) * step**2)


def looked_at(geometries: npt.NDArray[Any], crs: str, grid: Grid) -> float:
    """Pixels in the rectangles around some geometries, within the grid."""
    move = Transformer.from_crs(crs, grid.crs, always_xy=True)
    bounds = shapely.bounds(geometries[shapely.get_dimensions(geometries) == 2])
    left, bottom, right, top = grid.bounds
    pixels = 0.0
    for box in bounds:
        west, south, east, north = move.transform_bounds(box[0], box[1], box[2], box[3], densify_pts=21)
        if np.isfinite((west, south, east, north)).all():  # `burn` says so of others
            width = min(east, right) - max(west, left)
            pixels += max(0, width) * max(0, min(north, top) - max(south, bottom)) / grid.resolution**2
    return pixels


def _coarser(grid: Grid, step: int) -> Grid:
    rows, cols = grid.shape
    return Grid(grid.crs, grid.transform * Affine.scale(step), (ceil(rows / step), ceil(cols / step)))


def thinned(pixels: Pixels, most: int, most_chunks: int) -> Pixels:
    """At most so many of the pixels, evenly, out of at most so many chunks of the store.

    A pixel costs as much as its whole chunk: a few chunks stand for all where a polygon covers many."""
    chunks, of = np.unique(pixels // CHUNK_SIDE, axis=0, return_inverse=True)
    if len(chunks) > most_chunks:
        pixels = pixels[np.isin(of.reshape(-1), evenly(len(chunks), most_chunks))]
    return pixels[evenly(len(pixels), most)]


def evenly(count: int, most: int) -> npt.NDArray[np.int64]:
    """Indices of at most `most` out of `count`, ends included."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(np.int64))


def named_pixels(
    grid: Grid, pixels: Sequence[Sequence[int]] = (), lonlat: Sequence[Sequence[float]] = ()
) -> list[tuple[int, int]]:
    """Pixels named by row and column, then those at positions; `AreaError` where one lies outside."""
    rows, cols = grid.shape
    for row, col in pixels:
        if not (0 <= row < rows and 0 <= col < cols):
            remedy = f"rows 0 to {rows - 1}, columns 0 to {cols - 1}"
            raise AreaError("the pixel lies outside the area", value=f"{row},{col}", remedy=remedy)
    return [(row, col) for row, col in pixels] + [grid.pixel_at(*place[:2]) for place in lonlat]
