"""Tiles for a slippy map: web mercator, 256 px, warped on the fly from the store's grid."""

from functools import cache
from math import ceil, cos, floor, log2, pi, radians

import numpy as np
from affine import Affine
from pyproj import Transformer
from rasterio.enums import Resampling
from rasterio.warp import reproject

from ...errors import InputError
from ...grid import Grid, Window
from ...store_overview import Overview
from ...views.colour import Bytes
from .layers import Drawing
from .maps import Answer
from .pictures import PNG, png_of_rgba
from .stores import OpenStore

Bounds = tuple[float, float, float, float]
"""Left, bottom, right, top."""
SIZE = 256
DEEPEST = 24
MERCATOR = "EPSG:3857"
_HALF = pi * 6_378_137.0
"""Half of the web mercator square, metres."""
EMPTY = png_of_rgba(np.zeros((4, SIZE, SIZE), np.uint8))


def bounds_of(z: int, x: int, y: int) -> Bounds:
    """Of a tile, in web mercator metres; `InputError` where there is no such tile."""
    if not (0 <= z <= DEEPEST and 0 <= x < 2**z and 0 <= y < 2**z):
        raise InputError("there is no such tile", value=f"{z}/{x}/{y}", remedy=f"zoom 0 to {DEEPEST}")
    side = 2 * _HALF / 2**z
    left, top = x * side - _HALF, _HALF - y * side
    return left, top - side, left + side, top


def deepest_zoom(grid: Grid) -> int:
    """From which on a screen pixel is smaller than half of one of the grid."""
    _, south, _, north = grid.lonlat_bounds
    equator = 2 * _HALF / SIZE * cos(radians((south + north) / 2))
    return max(0, min(DEEPEST, ceil(log2(equator / grid.resolution)) + 1))


def tile(opened: OpenStore, drawing: Drawing, z: int, x: int, y: int) -> Answer:
    """A tile as PNG, transparent outside the store and where nothing is valid."""
    bounds = bounds_of(z, x, y)
    found = _beneath(opened.store.grid, bounds)
    if found is None:
        return Answer(EMPTY, PNG)
    window, step = found
    if drawing.most_pixels is not None and window.height * window.width > drawing.most_pixels:
        return Answer(EMPTY, PNG, {"X-Note": "acquisitions are drawn from a closer zoom on"})
    view = Overview(opened.store, window, step)
    colours = drawing.layer(view).colours(view.grid.window)
    return Answer(png_of_rgba(_warped(colours, _centred(opened.store.grid, window, step), bounds)), PNG)


def _beneath(grid: Grid, bounds: Bounds) -> tuple[Window, int] | None:
    """The window of the grid that a tile shows, and the step that leaves about one pixel per screen pixel."""
    # what they share is taken back to the grid: most of the world has no place in a UTM zone
    common = _common(_transformer(grid.crs, MERCATOR).transform_bounds(*grid.bounds, densify_pts=21), bounds)
    if common is None:
        return None
    crop = _transformer(MERCATOR, grid.crs).transform_bounds(*common, densify_pts=21)
    inverse: Affine = ~grid.transform
    (left, top), (right, bottom) = inverse * (crop[0], crop[3]), inverse * (crop[2], crop[1])
    shown = (common[2] - common[0]) / (bounds[2] - bounds[0]) * SIZE
    step = max(1, floor((right - left) / max(shown, 1)))
    rows, cols = grid.shape
    first_row, first_col = max(0, floor(top) - step), max(0, floor(left) - step)
    last_row, last_col = min(rows, ceil(bottom) + step), min(cols, ceil(right) + step)
    if first_row >= last_row or first_col >= last_col:
        return None
    return Window(first_row, first_col, last_row - first_row, last_col - first_col), step


def _common(one: Bounds, other: Bounds) -> Bounds | None:
    left, bottom = max(one[0], other[0]), max(one[1], other[1])
    right, top = min(one[2], other[2]), min(one[3], other[3])
    return (left, bottom, right, top) if left < right and bottom < top else None


@cache
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def _centred(grid: Grid, window: Window, step: int) -> tuple[str, Affine]:
    """Where the pixels of an overview lie when each is put where it was taken, not at its block's corner."""
    shift = (1 - step) / 2
    placed = grid.crop(window).transform * Affine.translation(shift, shift) * Affine.scale(step)
    return grid.crs, placed


def _warped(colours: Bytes, placed: tuple[str, Affine], bounds: Bounds) -> Bytes:
    """RGBA [4, y, x] → that of the tile; nearest, as colours of classes can't be mixed."""
    left, bottom, right, top = bounds
    out = np.zeros((4, SIZE, SIZE), np.uint8)
    reproject(
        colours,
        out,
        src_crs=placed[0],
        src_transform=placed[1],
        dst_crs=MERCATOR,
        dst_transform=Affine((right - left) / SIZE, 0, left, 0, (bottom - top) / SIZE, top),
        resampling=Resampling.nearest,
        num_threads=1,
    )
    return out
