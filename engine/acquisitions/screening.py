"""Cloud, shadow and snow that a mask has missed: found by their surroundings and by their neighbours in time.

Scene classifications miss thin cloud, and what they leave between clouds is rarely clear. Such pixels do harm twice:
on their own date, and on every gap-filled date that leans on them. A pixel of a frame is taken for missed cloud where

1. nearly everything around it is masked (`LEAST_CLEAR` of the `RADIUS` around it is left), or
2. its blue lies above the level before it and the one after it by more than haze would explain, or
3. its near infrared falls far below both levels, near masked pixels: a shadow.

The level of a side is the median of its three nearest frames within `REACH_DAYS` that pass the first test. Tests 2
and 3 go by majority of the 5 × 5 pixels around a pixel, because clouds are larger than pixels. A pixel is judged by
what lies within fixed distances of it alone, so that it reads the same in any window and with any other frames. Real
events that last for one frame (fresh snow, a flood) are dropped with the clouds: their dates become gap-filled, which
the support layers say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter

from ..grid import Grid, Window
from .cube import Acquisition, Cube, CubeSource, days_since_epoch
from .modality import Modality

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

RADIUS = 20
"""Pixels of surroundings on each side, 410 m in all."""
LEAST_CLEAR = 0.3
"""Share of the surroundings that has to be unmasked."""
CLOUDY_BELOW = 0.8
"""Share of unmasked surroundings below which haze and shadow are likely."""
HAZE, HAZE_NEAR_CLOUD = 0.03, 0.015
"""Reflectance by which blue has to lie above its neighbours, beside 15 % of theirs."""
SHADOW_SHARE = 0.6
REACH_DAYS = 45.0
SMOOTHING = 2
"""Pixels on each side that have a say."""
MARGIN = RADIUS + SMOOTHING
FRAMES_AT_ONCE = 12
"""Frames that are read with their surroundings: more would only take memory."""


def screened(source: CubeSource) -> CubeSource:
    """The source without missed cloud where it is optical, and as it is where it is not."""
    return ScreenedSource(source) if set(BLUES) & set(source.modality.bands) else source


BLUES, INFRAREDS = ("B02", "B03", "B04", "B05"), ("B08", "B8A")
"""Bands to judge by; the first one that a source holds is taken."""


@dataclass(frozen=True, eq=False)
class ScreenedSource:
    """An optical source whose validity leaves out missed cloud, shadow and short-lived snow; values as they are."""

    source: CubeSource

    @property
    def modality(self) -> Modality:
        return self.source.modality

    @property
    def grid(self) -> Grid:
        return self.source.grid

    @property
    def acquisitions(self) -> tuple[Acquisition, ...]:
        return self.source.acquisitions

    @cached_property
    def _days(self) -> npt.NDArray[np.float64]:
        return np.array([days_since_epoch(a.time) for a in self.acquisitions])

    @cached_property
    def _judges(self) -> tuple[int | None, int | None]:
        """Indices of the bluest band and of a near infrared one that the source holds."""
        bands, present = self.modality.bands, _present(self.source)
        return _first(BLUES, bands, present), _first(INFRAREDS, bands, present)

    def read(self, window: Window, frames: Sequence[int] | None = None) -> Cube:
        """As the source reads it, with the screened validity."""
        chosen = list(range(len(self.acquisitions)) if frames is None else frames)
        if not chosen:
            return self.source.read(window, chosen)
        around = self._around(chosen)
        values = np.empty((len(chosen), len(self.modality.bands), window.height, window.width), np.float32)
        validity = np.empty(values.shape, np.bool_)
        parts = []
        for first in range(0, len(around), FRAMES_AT_ONCE):
            part = around[first : first + FRAMES_AT_ONCE]
            wide = self.source.read(window.grown(MARGIN), part)
            parts.append(_Evidence.of(wide, window.grown(MARGIN), self.grid, self._judges))
            for row, frame in enumerate(part):
                for place in (n for n, wanted in enumerate(chosen) if wanted == frame):
                    values[place] = wide.values[row, :, MARGIN:-MARGIN, MARGIN:-MARGIN]
                    validity[place] = wide.validity[row, :, MARGIN:-MARGIN, MARGIN:-MARGIN]
        clear = _Evidence.joined(parts).clear(self._days[around])[
            :, SMOOTHING:-SMOOTHING, SMOOTHING:-SMOOTHING
        ]
        validity &= clear[[around.index(frame) for frame in chosen], None]
        acquisitions = tuple(self.acquisitions[frame] for frame in chosen)
        return Cube(self.modality, self.grid.crop(window), acquisitions, values, validity)

    def _around(self, chosen: Sequence[int]) -> list[int]:
        """The frames that judging the chosen ones needs."""
        distance = np.abs(self._days[:, None] - self._days[None, list(chosen)]).min(axis=1)
        return [int(frame) for frame in np.flatnonzero(distance <= REACH_DAYS)]


@dataclass(frozen=True, eq=False)
class _Evidence:
    """What pixels are judged by, each [frame, y, x] with a margin of `SMOOTHING`."""

    share: Floats
    """Unmasked share of the surroundings."""
    blue: Floats
    blue_seen: Bools
    infrared: Floats
    infrared_seen: Bools

    @classmethod
    def of(cls, wide: Cube, window: Window, grid: Grid, judges: tuple[int | None, int | None]) -> "_Evidence":
        """Of a cube with `MARGIN` around it, read at `window`."""
        inner = slice(RADIUS, -RADIUS)
        share = clear_surroundings(np.any(wide.validity, axis=1), window, grid)[:, inner, inner]
        none = np.zeros_like(share), np.zeros(share.shape, np.bool_)
        bands = [
            none
            if band is None
            else (wide.values[:, band, inner, inner].copy(), wide.validity[:, band, inner, inner].copy())
            for band in judges
        ]
        return cls(share, *bands[0], *bands[1])

    @classmethod
    def joined(cls, parts: Sequence["_Evidence"]) -> "_Evidence":
        return cls(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)))

    def clear(self, days: npt.NDArray[np.float64]) -> Bools:
        """[frame, y, x] True where a pixel passes all three tests."""
        trusted = self.share >= LEAST_CLEAR
        seen = self.blue_seen & trusted
        _, high = _neighbours(self.blue, seen, days)
        haze = np.where(self.share < CLOUDY_BELOW, HAZE_NEAR_CLOUD, HAZE) + 0.15 * high
        bright = _majority(self.blue > high + haze, seen)  # a comparison with NaN, no neighbours, is False
        seen = self.infrared_seen & trusted
        low, _ = _neighbours(self.infrared, seen, days)
        dark = (self.infrared < SHADOW_SHARE * low) & (self.share < CLOUDY_BELOW)
        return trusted & ~bright & ~_majority(dark, seen)


def clear_surroundings(unmasked: Bools, window: Window, grid: Grid) -> Floats:
    """[frame, y, x] share of each pixel's surroundings that is unmasked, of those that lie on the grid.

    unmasked [frame, y, x] of `window`; right at least `RADIUS` from the window's edge. 1 where nothing lies on it."""
    rows = np.arange(window.row, window.row + window.height)
    cols = np.arange(window.col, window.col + window.width)
    on_grid = ((rows >= 0) & (rows < grid.shape[0]))[:, None] & ((cols >= 0) & (cols < grid.shape[1]))
    size = 2 * RADIUS + 1
    possible = uniform_filter(on_grid.astype(np.float64), size, mode="constant")
    # counted in whole pixels, so that running sums can't differ between windows
    pixels = np.rint(possible * size**2)
    clear = np.stack(
        [uniform_filter((frame & on_grid).astype(np.float64), size, mode="constant") for frame in unmasked]
    )
    counted = np.rint(clear * size**2)
    share = np.where(pixels > 0, counted / np.maximum(pixels, 1), 1.0)
    return share.astype(np.float32)


def _majority(suspicious: Bools, seen: Bools) -> Bools:
    """Whether most of the seen pixels around a pixel are suspicious, [frame, y, x]."""
    size = 2 * SMOOTHING + 1
    votes = np.stack(
        [uniform_filter((s & v).astype(np.float64), size) for s, v in zip(suspicious, seen, strict=True)]
    )
    voters = np.stack([uniform_filter(v.astype(np.float64), size) for v in seen])
    most: Bools = np.rint(votes * size**2) > np.rint(voters * size**2) / 2
    return most


def _present(source: CubeSource) -> Bools:
    """[band] whether a band holds anything: looked up once in the middle of the grid, in frames all over the series,
    so that all windows are judged by the same bands."""
    rows, cols = source.grid.shape
    height, width = min(rows, 64), min(cols, 64)
    middle = Window((rows - height) // 2, (cols - width) // 2, height, width)
    present = np.zeros(len(source.modality.bands), np.bool_)
    for frame in np.unique(np.linspace(0, len(source.acquisitions) - 1, 24).round().astype(int)):
        present |= source.read(middle, [int(frame)]).validity.any(axis=(0, 2, 3))
    return present


def _first(names: tuple[str, ...], bands: tuple[str, ...], present: Bools) -> int | None:
    return next((bands.index(n) for n in names if n in bands and present[bands.index(n)]), None)


def _neighbours(values: Floats, seen: Bools, days: npt.NDArray[np.float64]) -> tuple[Floats, Floats]:
    """The lower and the higher level around each frame and pixel, [frame, y, x]; NaN = none.

    The level of a side is the median of its nearest frames: two contaminated frames in a row don't excuse each other.
    Where a side has none, the extremes of the other side's frames take the place of both."""
    before = _last_seen(values, seen, days)
    after = _last_seen(values[::-1], seen[::-1], -days[::-1])[:, ::-1]
    lone = np.where(np.isnan(before[0]), after, before)
    both = ~(np.isnan(before[0]) | np.isnan(after[0]))
    levels = _median(before), _median(after)
    low = np.where(both, np.minimum(*levels), np.fmin.reduce(lone))
    high = np.where(both, np.maximum(*levels), np.fmax.reduce(lone))
    return low, high


def _median(nearest: Floats) -> Floats:
    """[frame, y, x] median over the leading axis of three; the nearest one where a frame is missing."""
    one, two, three = nearest
    middle = np.maximum(np.minimum(one, two), np.minimum(np.maximum(one, two), three))
    level: Floats = np.where(np.isnan(middle), one, middle)
    return level


def _last_seen(values: Floats, seen: Bools, days: npt.NDArray[np.float64]) -> Floats:
    """The three last seen values strictly before each frame, latest first, [3, frame, y, x]; NaN = none in reach."""
    found = np.full((3, *values.shape), np.nan, np.float32)
    kept = np.full((3, *values.shape[1:]), np.nan, np.float32)
    when = np.full(kept.shape, -np.inf)
    for frame, day in enumerate(days):
        found[:, frame] = np.where(day - when <= REACH_DAYS, kept, np.nan)
        kept = np.where(seen[frame], np.concatenate([values[None, frame], kept[:-1]]), kept)
        when = np.where(seen[frame], np.concatenate([np.full_like(when[:1], day), when[:-1]]), when)
    return found
