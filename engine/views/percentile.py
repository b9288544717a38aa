"""Quantities as percentiles of the area's own distribution, and maps that are computed once, window by window."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..grid import Grid, Window
from ..progress import CancelToken, Progress
from .colour import Bools, Bytes, Floats
from .layer import Layer, Palette

SIDE = 256
"""Pixels of a window that is computed at a time."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """The distribution of a quantity in a sample, which turns its values into percentiles."""

    ordered: npt.NDArray[np.float32]
    """[sample], ascending."""

    @classmethod
    def fit(cls, sample: Floats) -> Self:
        """`InputError` where no value of the sample is finite."""
        known = np.sort(sample[np.isfinite(sample)]).astype(np.float32)
        if not len(known):
            raise InputError("the quantity has no value anywhere in the sample", value=len(sample))
        return cls(known)

    @cached_property
    def _after(self) -> npt.NDArray[np.int64]:
        """[place, and one for the end] where the values that equal it end: halves the searches in `below`."""
        return np.append(np.searchsorted(self.ordered, self.ordered, "right"), len(self.ordered))

    def _at(self, place: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        return self.ordered[np.minimum(place, len(self.ordered) - 1)]

    def below(self, values: Floats) -> npt.NDArray[np.float32]:
        """Percent of the sample that lies below each value (half of what equals it); NaN stays NaN."""
        flat = np.ascontiguousarray(values, np.float32)
        left = np.searchsorted(self.ordered, flat, "left")
        rank = left + np.where(self._at(left) == flat, self._after[left], left)
        percent: npt.NDArray[np.float32] = (rank * (50 / len(self.ordered))).astype(np.float32)
        percent[np.isnan(flat)] = np.nan
        return percent


def scaled(values: Floats, low: float, high: float) -> Bytes:
    """Values as palette indices: 1 to 255 over (low, high), clipped; 0 where not finite."""
    known = np.isfinite(values)
    level = np.clip((np.where(known, values, low) - low) / (high - low), 0, 1)
    return np.where(known, 1 + np.round(level * 254), 0).astype(np.uint8)


def computed(
    grid: Grid,
    bands: int,
    compute: Callable[[Window], Bytes],
    *,
    side: int = SIDE,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Bytes:
    """[band, y, x] of a whole area, a byte a pixel: drawing it twice (GeoTIFF, PNG) computes it once."""
    windows = list(grid.tiles(side))
    progress, cancel = progress or Progress("compute", 0), cancel or CancelToken()
    progress.total = len(windows)
    out = np.zeros((bands, *grid.shape), np.uint8)
    for window in windows:
        cancel.check()
        out[:, *window.slices] = compute(window)
        progress.advance()
    return out


def index_layer(
    title: str, grid: Grid, indices: Bytes, channel: str, palette: Palette, tags: Mapping[str, str]
) -> Layer:
    """A layer of computed palette indices [y, x]."""

    def render(window: Window) -> Bytes:
        return indices[window.slices][None]

    return Layer(title, grid, render, (channel,), palette, tags)


def filled(values: Floats, valid: Bools) -> npt.NDArray[np.float32]:
    """[pixel] of the valid pixels → [y, x], NaN elsewhere."""
    out = np.full(valid.shape, np.nan, np.float32)
    out[valid] = values
    return out
