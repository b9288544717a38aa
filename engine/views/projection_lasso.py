"""Lasso: which pixels, on which dates, a polygon drawn on a projection encloses."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import shapely

from ..errors import InputError
from ..grid import Grid
from ..output import whole_file
from ..progress import CancelToken, Progress
from ..store import EmbeddingStore
from .colour import Bools, Bytes, Floats
from .layer import Layer, Palette
from .maps import times_of
from .percentile import index_layer, scaled
from .projection import PlaceReader, Projection

CELLS = 384
"""Per side: cells that are wholly inside or outside the lasso are told apart once, not point by point."""
EXACT_BELOW = 20_000
"""Points: fewer are quicker tested one by one."""
SIDE = 512
FARTHEST = 1e9
"""From the middle of a projection: pixels lie within some tens, and single precision must hold what is compared."""


def lasso_polygon(corners: Sequence[Sequence[float]] | Floats) -> Any:
    """The polygon of a lasso; one that crosses itself encloses what lies on the odd side of its lines.

    `InputError` for fewer than three corners, numbers that are none or beyond 1e9, or no area."""
    points = np.asarray(corners, np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3:
        raise InputError(
            "a lasso needs at least three corners", value=len(points), remedy="draw a wider loop"
        )
    if not np.isfinite(points).all():
        raise InputError(
            "a corner of the lasso is no number", value=points[~np.isfinite(points).all(axis=1)][0]
        )
    if np.abs(points).max() > FARTHEST:
        raise InputError(
            "a corner of the lasso lies beyond any projection",
            value=points[np.abs(points).max(axis=1) > FARTHEST][0],
            remedy="draw it where pixels lie",
        )
    # left as it was drawn: points are told by crossings (odd = inside), and mending a loop that crosses itself a
    # few hundred times took minutes
    polygon = shapely.Polygon(points)
    if polygon.convex_hull.area == 0:
        raise InputError("the lasso encloses no area", value=polygon.wkt[:80], remedy="draw a wider loop")
    return polygon


def enclosed(points: Floats, polygon: Any) -> Bools:
    """[point]: whether each of [point, 2] lies inside; NaN never does. A million points take about 50 ms."""
    shapely.prepare(polygon)
    x, y = points[:, 0], points[:, 1]
    left, bottom, right, top = polygon.bounds
    with np.errstate(invalid="ignore"):
        near = np.flatnonzero((x >= left) & (x <= right) & (y >= bottom) & (y <= top))
    inside = np.zeros(len(points), bool)
    if len(near) < EXACT_BELOW:
        inside[near] = _exactly(polygon, x[near], y[near])
        return inside
    size = (right - left) / CELLS or 1.0, (top - bottom) / CELLS or 1.0
    cols = np.minimum(((x[near] - left) / size[0]).astype(np.int32), CELLS - 1)
    rows = np.minimum(((y[near] - bottom) / size[1]).astype(np.int32), CELLS - 1)
    cell = rows * CELLS + cols
    inner, edge = _cells(polygon, (left, bottom), size)
    inside[near] = inner[cell]
    unsure = near[edge[cell]]
    inside[unsure] = _exactly(polygon, x[unsure], y[unsure])
    return inside


def _exactly(polygon: Any, x: Floats, y: Floats) -> Bools:
    found: Bools = shapely.contains_xy(polygon, x.astype(np.float64), y.astype(np.float64))
    return found


def _cells(polygon: Any, origin: tuple[float, float], size: tuple[float, float]) -> tuple[Bools, Bools]:
    """Flat [cell] each: its centre is inside; a line of the lasso may cross it."""
    x, y = (start + step * (np.arange(CELLS) + 0.5) for start, step in zip(origin, size, strict=True))
    inner = shapely.contains_xy(polygon, *np.meshgrid(x, y))
    scaled = shapely.transform(shapely.boundary(polygon), lambda xy: (xy - origin) / size)
    marks = shapely.get_coordinates(shapely.segmentize(scaled, 0.5)).astype(int).clip(0, CELLS - 1)
    edge = np.zeros((CELLS + 2, CELLS + 2), bool)
    for down in range(3):  # marks are half a cell apart: what lies between two of them is in reach of one
        for along in range(3):
            edge[marks[:, 1] + down, marks[:, 0] + along] = True
    return inner.ravel(), edge[1:-1, 1:-1].ravel()


@dataclass(frozen=True, eq=False)
class Selection:
    """Pixels of some dates of a grid, one bit each."""

    grid: Grid
    dates: tuple[int, ...]
    """Indices into the store's times, ascending."""
    bits: Bytes
    """[date, byte]: rows of pixels one after the other, eight pixels a byte (`numpy.packbits`)."""

    @classmethod
    def of(cls, grid: Grid, dates: Sequence[int], masks: Bools) -> Self:
        """From masks [date, y, x]."""
        return cls(grid, tuple(dates), np.packbits(masks.reshape(len(dates), -1), axis=1))

    def __len__(self) -> int:
        """Pixel-dates selected."""
        return int(self.counts().sum())

    def counts(self) -> npt.NDArray[np.int64]:
        """[date] pixels selected."""
        counts: npt.NDArray[np.int64] = np.bitwise_count(self.bits).sum(axis=1, dtype=np.int64)
        return counts

    def mask(self, date: int) -> Bools:
        """[y, x] of one date; `InputError` where the selection has no such date."""
        if date not in self.dates:
            raise InputError("the selection has no such date", value=date)
        flat = np.unpackbits(self.bits[self.dates.index(date)], count=self.grid.shape[0] * self.grid.shape[1])
        return flat.astype(bool).reshape(self.grid.shape)

    def places(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(row, column, date) of everything selected, by date."""
        found = [np.nonzero(self.mask(date)) for date in self.dates]
        dates = np.repeat(np.array(self.dates, np.int64), [len(rows) for rows, _ in found])
        rows, cols = (np.concatenate([place[axis] for place in found]) for axis in (0, 1))
        return rows, cols, dates

    def share(self) -> npt.NDArray[np.float32]:
        """[y, x] 0 to 1: on how many of the dates a pixel is selected."""
        total = np.zeros(self.grid.shape, np.float32)
        for date in self.dates:
            total += self.mask(date)
        return total / np.float32(max(1, len(self.dates)))

    def __and__(self, other: Self) -> "Selection":
        return self._with(other, np.bitwise_and)

    def __or__(self, other: Self) -> "Selection":
        return self._with(other, np.bitwise_or)

    def __xor__(self, other: Self) -> "Selection":
        return self._with(other, np.bitwise_xor)

    def without(self, other: "Selection") -> "Selection":
        """What is selected here and not there."""
        return self._with(other, lambda here, there: here & ~there)

    def _with(self, other: "Selection", combine: Callable[[Bytes, Bytes], Bytes]) -> "Selection":
        if self.grid != other.grid or self.dates != other.dates:
            raise InputError("selections of different grids or dates can't be combined", value=other.dates)
        return Selection(self.grid, self.dates, combine(self.bits, other.bits))


def lasso(
    store: EmbeddingStore,
    projection: Projection,
    corners: Sequence[Sequence[float]] | Floats,
    dates: Sequence[int] | None = None,
    *,
    axes: tuple[int, int] = (0, 1),
    places: PlaceReader | None = None,
    side: int = SIDE,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Selection:
    """Everything of some dates (all when None) that falls inside a lasso, window by window.

    `places` (of this projection) where they are known already."""
    projection.check(store)
    polygon = lasso_polygon(corners)
    reader = places or projection.reader(store)
    chosen = sorted(range(len(store.times)) if dates is None else dates)
    windows = list(store.grid.tiles(side))
    progress, cancel = progress or Progress("lasso", 0), cancel or CancelToken()
    progress.total = len(chosen) * len(windows)
    rows = []
    for date in chosen:
        mask = np.zeros(store.grid.shape, bool)
        for window in windows:
            cancel.check()
            points, valid = reader(date, window)
            mask[window.slices] = _spread(enclosed(points[:, axes], polygon), valid)
            progress.advance()
        rows.append(np.packbits(mask.ravel()))
    return Selection(store.grid, tuple(chosen), np.stack(rows))


def _spread(values: Bools, valid: Bools) -> Bools:
    """[n] of the valid pixels → [y, x], False elsewhere."""
    spread = np.zeros(valid.shape, bool)
    spread[valid] = values
    return spread


def selection_layer(selection: Selection, title: str, tags: Mapping[str, str] | None = None) -> Layer:
    """On how many of its dates each pixel is selected, in percent; transparent where on none."""
    share = selection.share()
    index = scaled(np.where(share > 0, share, np.nan), 0, 1)
    palette = Palette.named("cividis", 0, 100, "%")
    return index_layer(title, selection.grid, index, "dates selected", palette, tags or {})


def write_selection(
    selection: Selection, store: EmbeddingStore, path: Path, *, overwrite: bool = False
) -> Path:
    """Write everything selected as a CSV: date, row, column, x and y (centre, CRS of the store)."""
    times = times_of(store)
    with (
        whole_file(path, overwrite=overwrite) as partial,
        partial.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(("date", "row", "col", "x", "y"))
        for date in selection.dates:
            rows, cols = np.nonzero(selection.mask(date))
            day, x, y = f"{times[date]:%Y-%m-%dT%H:%M:%SZ}", selection.grid.x[cols], selection.grid.y[rows]
            places = zip(rows.tolist(), cols.tolist(), x.round(2).tolist(), y.round(2).tolist(), strict=True)
            writer.writerows((day, *place) for place in places)
    return path
