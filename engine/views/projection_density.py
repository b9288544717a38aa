"""Projected pixels in bins: how many fall where, or what those that fall there have in common.

Millions of points are no scatter plot: they are counted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..classes import ClassTable
from ..errors import InputError
from ..grid import Window
from ..progress import CancelToken, Progress
from ..store import EmbeddingStore
from .colour import Bools, Bytes
from .maps import times_of
from .projection import PlaceReader, Projection

ColourKind = Literal["count", "date", "season", "dimension", "class"]
Sums = npt.NDArray[np.float64]
SIDE = 512
"""Pixels of a window that is projected at a time."""
YEAR_DAYS = 365.25


@dataclass(frozen=True)
class Colouring:
    """What a bin shows: `count`, or of the pixels in it the mean `date`, the mean day of year (`season`), the
    mean of a `dimension`, or the commonest `class` of a map of codes."""

    kind: ColourKind = "count"
    dimension: int = 0
    """From 0."""
    classes: ClassTable | None = None
    codes: Bytes | None = None
    """[y, x] of the whole area; 0 = unknown, left out."""
    codes_of: Callable[[int], Bytes] | None = None
    """The same of a date, where classes change."""

    def weights(self, store: EmbeddingStore, date: int, window: Window, valid: Bools) -> Sums:
        """[sum, pixel] of the valid pixels of a window: what is added up per bin."""
        if self.kind == "dimension":
            drawn = store.read_map(date, window, self.dimension + 1, support=False)
            weights: Sums = drawn.embedding[self.dimension][valid][None].astype(np.float64)
            return weights
        if self.kind == "class" and self.classes is not None:
            codes = self.codes if self.codes_of is None else self.codes_of(date)
            assert codes is not None
            inside = codes[window.slices][valid]
            return np.stack([inside == c.code for c in self.classes]).astype(float)
        day = store.days[date]
        turn = 2 * np.pi * day / YEAR_DAYS
        values = {"date": [day], "season": [np.cos(turn), np.sin(turn)]}.get(self.kind, [])
        return np.repeat(np.array(values, np.float64).reshape(-1, 1), int(valid.sum()), axis=1)

    def value(self, sums: Sums, count: npt.NDArray[np.int64]) -> Sums:
        """[sum, y, x] and pixels per bin → [y, x]: mean, day of year or class code; NaN where empty."""
        with np.errstate(invalid="ignore", divide="ignore"):
            if self.kind == "season":
                turn = np.arctan2(sums[1], sums[0]) % (2 * np.pi)
                return np.where(count, turn / (2 * np.pi) * YEAR_DAYS, np.nan)
            if self.kind == "class" and self.classes is not None:
                codes = np.array(self.classes.codes)[sums.argmax(axis=0)]
                return np.where(sums.sum(axis=0) > 0, codes, np.nan)
            return np.where(count, sums[0] / count, np.nan) if len(sums) else count.astype(np.float64)


@dataclass(frozen=True, eq=False)
class Density:
    """A two-dimensional histogram of projected pixels."""

    projection: Projection
    axes: tuple[int, int]
    """Components along x and y."""
    count: npt.NDArray[np.int64]
    """[y, x], y upwards."""
    value: npt.NDArray[np.float64]
    """[y, x]: what the colouring shows; NaN where there is nothing."""
    colouring: Colouring
    pixels: int
    """Pixel-dates counted, those outside the picture included."""
    outside: int
    times: tuple[datetime, ...]

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """(left, right, bottom, top)"""
        (left, right), (bottom, top) = (self.projection.limits[axis].tolist() for axis in self.axes)
        return left, right, bottom, top


def density(
    store: EmbeddingStore,
    projection: Projection,
    dates: Sequence[int] | None = None,
    *,
    colouring: Colouring | None = None,
    axes: tuple[int, int] = (0, 1),
    bins: int = 320,
    places: PlaceReader | None = None,
    side: int = SIDE,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Density:
    """Project every valid pixel of some dates (all when None) and count per bin, window by window.

    `places` (of this projection) where they are known already. `InputError` where the projection is of another
    model, or a component or dimension doesn't exist."""
    projection.check(store)
    colouring = colouring or Colouring()
    _check(store, projection, colouring, axes)
    chosen = list(range(len(store.times)) if dates is None else dates)
    count: npt.NDArray[np.int64] = np.zeros(bins * bins, np.int64)
    sums: Sums | None = None
    pixels = 0
    reader = places or projection.reader(store)
    for date, window in _windows(store, chosen, side, progress, cancel):
        points, valid = reader(date, window)
        bin_of, inside = _bins(points[:, axes], projection.limits[list(axes)], bins)
        weights = colouring.weights(store, date, window, valid)
        sums = np.zeros((len(weights), bins * bins)) if sums is None else sums
        count += np.bincount(bin_of[inside], minlength=bins * bins)
        for number, weight in enumerate(weights):
            sums[number] += np.bincount(bin_of[inside], weight[inside], minlength=bins * bins)
        pixels += len(points)
    shape = (bins, bins)
    value = colouring.value(
        (np.zeros((0, bins * bins)) if sums is None else sums).reshape(-1, *shape), count.reshape(shape)
    )
    times = times_of(store)
    outside = pixels - int(count.sum())
    return Density(
        projection,
        axes,
        count.reshape(shape),
        value,
        colouring,
        pixels,
        outside,
        tuple(times[date] for date in chosen),
    )


def _check(
    store: EmbeddingStore, projection: Projection, colouring: Colouring, axes: tuple[int, int]
) -> None:
    if len(set(axes)) != 2 or not all(0 <= axis < projection.spec.components for axis in axes):
        remedy = f"two of 1 to {projection.spec.components}"
        raise InputError(
            "the projection has no such components", value=[axis + 1 for axis in axes], remedy=remedy
        )
    if colouring.kind == "dimension" and not 0 <= colouring.dimension < store.dims:
        raise InputError(
            "the store has no such dimension",
            value=colouring.dimension + 1,
            remedy=f"choose 1 to {store.dims}",
        )
    coded = colouring.codes is not None or colouring.codes_of is not None
    if colouring.kind == "class" and (not coded or colouring.classes is None):
        raise InputError("colouring by class needs a map of classes", remedy="give codes and classes")
    if colouring.codes is not None and colouring.codes.shape != store.grid.shape:
        raise InputError(
            "the map of classes is on another grid",
            value=colouring.codes.shape,
            remedy=f"it must have {store.grid.shape} pixels",
        )


def _windows(
    store: EmbeddingStore,
    dates: Sequence[int],
    side: int,
    progress: Progress | None,
    cancel: CancelToken | None,
) -> Iterator[tuple[int, Window]]:
    progress, cancel = progress or Progress("project pixels", 0), cancel or CancelToken()
    windows = list(store.grid.tiles(side))
    progress.total = len(windows) * len(dates)
    for date in dates:
        for window in windows:
            cancel.check()
            yield date, window
            progress.advance()


def _bins(places: npt.NDArray[Any], limits: npt.NDArray[Any], bins: int) -> tuple[Any, Any]:
    """[pixel] flat bin (y first) and whether it lies inside the limits."""
    low, high = limits.T.astype(np.float32)
    steps = np.floor((places - low) * (bins / (high - low))).astype(np.int64)
    inside = ((steps >= 0) & (steps < bins)).all(axis=1)
    return steps[:, 1] * bins + steps[:, 0], inside
