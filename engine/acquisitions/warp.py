"""Pixels of a file → pixels of the area's grid.

Resampling is done here and not by GDAL's warper because a pixel must read the same, to the last bit, in
whatever window it is read: GDAL derives the kernel's scale and its rounding from the window's own extent,
here every weight comes from the pixel's place in the whole grid. The semantics are GDAL's: bilinear and
Catmull-Rom cubic over valid pixels only, valid where the nearest source pixel is. A test compares the two.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from affine import Affine
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from ..grid import Grid, Window

Floats = npt.NDArray[np.float64]
Values = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
MARGIN = 3  # source pixels around the window that the widest kernel may touch, and one


@dataclass(frozen=True)
class RasterGrid:
    """The pixels of a file: CRS, affine transform of any orientation, (rows, columns)."""

    crs: str
    transform: Affine
    shape: tuple[int, int]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(left, bottom, right, top) in units of the CRS."""
        rows, cols = self.shape
        corners = [self.transform * corner for corner in ((0, 0), (cols, 0), (0, rows), (cols, rows))]
        x, y = zip(*corners, strict=True)
        return min(x), min(y), max(x), max(y)

    def bounds_in(self, crs: str) -> tuple[float, float, float, float]:
        """(left, bottom, right, top) in another CRS."""
        if same_crs(self.crs, crs):
            return self.bounds
        left, bottom, right, top = _transformer(self.crs, crs).transform_bounds(*self.bounds, densify_pts=21)
        return left, bottom, right, top

    def coarser(self, factor: int) -> "RasterGrid":
        """The grid of blocks of factor × factor pixels; the last ones may be partial."""
        rows, cols = self.shape
        return RasterGrid(
            self.crs, self.transform * Affine.scale(factor), (-(-rows // factor), -(-cols // factor))
        )


@lru_cache(maxsize=64)
def parse_crs(text: str) -> str | None:
    """`EPSG:N` where a CRS has a code, else its WKT; None where the text is no CRS."""
    if match := re.fullmatch(r"(?:\+init=)?(?:epsg:)?(\d{4,6})", text.strip(), re.IGNORECASE):
        text = f"EPSG:{match[1]}"
    try:
        crs = CRS.from_user_input(text)
    except CRSError:
        return None
    # GDAL writes a null TOWGS84 into WKT 1, and the CRS then is "bound" and known by no code
    base = crs.source_crs if crs.is_bound and crs.source_crs else crs
    code = base.to_epsg(min_confidence=90)
    told = base.to_json_dict().get("id", {})
    if code is None and told.get("authority") == "EPSG" and told["code"] == base.to_epsg(min_confidence=20):
        code = told["code"]  # says so itself, and is like it but for the order of axes
    return f"EPSG:{code}" if code else crs.to_wkt()


@lru_cache(maxsize=64)
def same_crs(one: str, other: str) -> bool:
    """Whether two CRS are one, whatever the notation."""
    return one == other or CRS.from_user_input(one).equals(CRS.from_user_input(other), ignore_axis_order=True)


@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


@dataclass(frozen=True, eq=False)
class Placement:
    """Where the pixels of a window lie in a file."""

    source: Window
    """What to read of the file; it reaches MARGIN beyond, also beyond the file."""
    rows: Floats
    """Row in `source` of each pixel's centre (0.5 = centre of the first), [y, 1] or [y, x]."""
    cols: Floats
    """[1, x] or [y, x]."""
    inside: Mask
    """Whether the pixel's centre lies in the file, [y, x]."""


@lru_cache(maxsize=6)  # a window is read band by band and date by date from few different pixel grids
def place(file: RasterGrid, grid: Grid, window: Window) -> Placement | None:
    """Where a window of a grid lies in a file; None where it doesn't touch it."""
    rows, cols = _positions(file, grid, window)
    inside = (rows >= 0) & (rows < file.shape[0]) & (cols >= 0) & (cols < file.shape[1])
    if not inside.any():
        return None
    (row0, row1), (col0, col1) = (_span(v, n) for v, n in zip((rows, cols), file.shape, strict=True))
    source = Window(row0, col0, row1 - row0, col1 - col0)
    # taps of pixels outside the file must still be some pixel of the array that is read
    rows = np.clip(rows - row0, MARGIN - 1, source.height - MARGIN + 1)
    cols = np.clip(cols - col0, MARGIN - 1, source.width - MARGIN + 1)
    return Placement(source, rows, cols, inside)


def _span(positions: Floats, size: int) -> tuple[int, int]:
    low, high = np.clip([positions.min(), positions.max()], 0, size - 1e-6)
    return int(np.floor(low)) - MARGIN, int(np.floor(high)) + 1 + MARGIN


def _positions(file: RasterGrid, grid: Grid, window: Window) -> tuple[Floats, Floats]:
    """(row, column) in the file of the window's pixel centres, as [y, 1] and [1, x] where the axes allow."""
    # from the whole grid's origin, so that the same pixel gets the same number in any window
    x = grid.transform.c + grid.transform.a * (window.col + np.arange(window.width) + 0.5)[None, :]
    y = grid.transform.f + grid.transform.e * (window.row + np.arange(window.height) + 0.5)[:, None]
    inverse = ~file.transform
    if not same_crs(file.crs, grid.crs):
        x, y = (np.ascontiguousarray(v) for v in np.broadcast_arrays(x, y))
        x, y = _transformer(grid.crs, file.crs).transform(x, y)
        x, y = (np.where(np.isfinite(v), v, -1e12) for v in (x, y))  # no place in that CRS: far outside
    cols = inverse.a * x + inverse.c + (inverse.b * y if inverse.b else 0)
    rows = inverse.e * y + inverse.f + (inverse.d * x if inverse.d else 0)
    return np.round(rows, 6), np.round(cols, 6)  # rounded: aligned grids must come out exactly aligned


@lru_cache(maxsize=64)
def pixel_ratio(file: RasterGrid, grid: Grid) -> int:
    """How many file pixels make one grid pixel along the finer axis, at least 1."""
    centre = Window(grid.shape[0] // 2, grid.shape[1] // 2, 2, 2)
    rows, cols = (np.broadcast_to(v, (2, 2)) for v in _positions(file, grid, centre))
    steps = [np.hypot(np.diff(rows, axis=axis), np.diff(cols, axis=axis)).min() for axis in (0, 1)]
    return max(1, int(min(steps) + 0.25))


def resample(values: Values, valid: Mask, placement: Placement, method: str) -> tuple[Values, Mask]:
    """Values [k, y, x] (0 where not valid) and validity of `placement.source` → those of the window."""
    rows, cols = np.floor(placement.rows).astype(int), np.floor(placement.cols).astype(int)
    seen = _gather(valid, rows, cols) & placement.inside
    if method == "nearest":
        return np.where(seen, _gather(values, rows, cols), np.float32(0)), seen
    out, complete = _weighted(values, valid, placement, _bilinear)
    if method == "cubic":
        smooth, complete = _weighted(values, valid, placement, _cubic)
        out = np.where(complete, smooth, out)  # negative weights can't be renormalised beside a gap
    return np.where(seen, out, np.float32(0)), seen


def nearest(stack: npt.NDArray[Any], placement: Placement) -> npt.NDArray[Any]:
    """Stored numbers [k, y, x] of `placement.source` → those of the window; arbitrary outside the file."""
    return _gather(stack, np.floor(placement.rows).astype(int), np.floor(placement.cols).astype(int))


def _gather(stack: npt.NDArray[Any], rows: npt.NDArray[Any], cols: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if rows.shape[1] == 1 and cols.shape[0] == 1:
        picked: npt.NDArray[Any] = stack.take(rows[:, 0], axis=1).take(cols[0], axis=2)
    else:
        picked = stack[:, rows, cols]
    return picked


def _bilinear(fraction: Floats) -> list[tuple[int, Floats]]:
    return [(0, 1 - fraction), (1, fraction)]


def _cubic(t: Floats) -> list[tuple[int, Floats]]:
    """Catmull-Rom (a = −0.5), as GDAL's cubic."""
    return [
        (-1, ((-0.5 * t + 1.0) * t - 0.5) * t),
        (0, (1.5 * t - 2.5) * t * t + 1.0),
        (1, ((-1.5 * t + 2.0) * t + 0.5) * t),
        (2, (0.5 * t - 0.5) * t * t),
    ]


def _weighted(values: Values, valid: Mask, placement: Placement, kernel: Any) -> tuple[Values, Mask]:
    """Kernel mean over valid pixels, and where all pixels under the kernel were valid."""
    tops, lefts = np.floor(placement.rows - 0.5), np.floor(placement.cols - 0.5)
    total = np.zeros((), np.float32)
    shape = (values.shape[0], *placement.inside.shape)
    mean, share = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for down, row_weight in kernel(placement.rows - 0.5 - tops):
        for right, col_weight in kernel(placement.cols - 0.5 - lefts):
            weight = (row_weight * col_weight).astype(np.float32)
            if not weight.any():
                continue
            rows, cols = (tops + down).astype(int), (lefts + right).astype(int)
            mean += weight * _gather(values, rows, cols)
            share += weight * _gather(valid, rows, cols)
            total = total + weight
    complete = share == total
    np.divide(mean, share, out=mean, where=~complete & (share > 1e-6))
    return mean, complete


def block_mean(values: Values, valid: Mask, factor: int) -> tuple[Values, Mask]:
    """Mean of the valid pixels of each factor × factor block, valid where at least half of them are."""
    # added slice by slice: numpy's own sums group their terms by the array's shape, so by the window
    blocks = [
        (slice(None), slice(i, None, factor), slice(j, None, factor))
        for i in range(factor)
        for j in range(factor)
    ]
    total, count = np.zeros_like(values[blocks[0]]), np.zeros_like(values[blocks[0]])
    for block in blocks:
        total += values[block]
        count += valid[block]
    total /= np.maximum(count, 1)
    return total, count >= factor * factor / 2
