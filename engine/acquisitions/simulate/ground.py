"""The ground of a simulated landscape in absolute pixels: what is there, grows there and reflects there."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...grid import Window
from .climate import Weather
from .mosaic import Mosaic, Parcels, mosaic_of
from .noise import Field, Floats
from .optics import reflectance
from .phenology import Canopy, Days, canopy, gpp
from .radar import backscatter
from .surfaces import LAND_COVER_OF

PATCH = 256  # larger windows are put together from patches, so that memory stays flat
LATE_DAYS = 4
"""How far the last pixels of a parcel are behind the first."""
_COARSE_BANDS = [3, 4, 5, 7, 8, 9]  # 20 m pixels
_BANDS = 10


@dataclass(frozen=True)
class Patch:
    """A piece of a window, in absolute pixels, and where it lies in the window."""

    window: Window
    rows: slice
    cols: slice


def patches(window: Window) -> Iterator[Patch]:
    """Pieces of at most `PATCH` × `PATCH` pixels that cover a window."""
    for row in range(0, window.height, PATCH):
        for col in range(0, window.width, PATCH):
            height, width = min(PATCH, window.height - row), min(PATCH, window.width - col)
            piece = Window(window.row + row, window.col + col, height, width)
            yield Patch(piece, slice(row, row + height), slice(col, col + width))


@dataclass(frozen=True)
class Ground:
    """One landscape without sensors and sky; its windows count pixels from the CRS's origin."""

    seed: int
    weather: Weather

    def mosaic(self, window: Window) -> Mosaic:
        """The mosaic of a window and one pixel around it, which blurring needs: one for both sensors."""
        return mosaic_of(self.seed, self.weather.climate, window.grown(1))

    def land_cover(self, window: Window) -> npt.NDArray[np.uint8]:
        """Codes of `LAND_COVER`, [y, x]."""
        out = np.empty((window.height, window.width), dtype=np.uint8)
        for patch in patches(window):
            mosaic = self.mosaic(patch.window)
            out[patch.rows, patch.cols] = LAND_COVER_OF[mosaic.parcels.surfaces][_inner(mosaic.main)]
        return out

    def parcels(self, window: Window) -> npt.NDArray[np.int64]:
        """Parcel ids, [y, x]."""
        out = np.empty((window.height, window.width), dtype=np.int64)
        for patch in patches(window):
            mosaic = self.mosaic(patch.window)
            out[patch.rows, patch.cols] = mosaic.parcels.ids.astype(np.int64)[_inner(mosaic.main)]
        return out

    def gpp(self, window: Window, days: Days) -> Field:
        """Gross primary production, gC m-2 d-1, [day, y, x]."""
        out = np.empty((len(days), window.height, window.width), dtype=np.float32)
        for patch in patches(window):
            mosaic = self.mosaic(patch.window)
            uneven = 1 + np.float32(0.5) * mosaic.vigour  # light absorption saturates with leaf area
            mixed = mosaic.mix(gpp(mosaic.parcels, self.weather, days).T) * uneven
            out[:, patch.rows, patch.cols] = _inner(mixed.T.reshape(-1, *mosaic.main.shape))
        return out

    def reflectances(self, window: Window, days: Days) -> Iterator[Field]:
        """Cloud-free reflectance in 0-1, [band, y, x], of each day; the window no larger than a patch."""
        mosaic = self.mosaic(window)
        parts = _spectra(mosaic.parcels, self.weather, days)
        shape = (_BANDS, *mosaic.main.shape)
        for per_parcel in parts:
            mixed = mosaic.mix(per_parcel).reshape(-1, 3, _BANDS)
            surface = mixed[:, 0] + mosaic.vigour * mixed[:, 1] + mosaic.lateness * mixed[:, 2]
            surface *= 1 + mosaic.brightness
            yield _resolved(np.maximum(surface, np.float32(0.001)).T.reshape(shape))

    def backscatters(self, window: Window, days: Days, orbits: list[str]) -> Iterator[Field]:
        """Linear γ0 without speckle, [(VV, VH), y, x], of each day and orbit; no larger than a patch."""
        mosaic = self.mosaic(window)
        uneven = 1 + np.float32(0.4) * mosaic.vigour + np.float32(0.8) * mosaic.brightness
        for day, orbit in zip(days, orbits, strict=True):
            today = np.array([day])
            state = canopy(mosaic.parcels, self.weather, today)
            per_parcel = backscatter(mosaic.parcels, self.weather, today, state, orbit)[0]
            yield _inner((mosaic.mix(per_parcel) * np.maximum(uneven, 0.2)).T.reshape(2, *mosaic.main.shape))


def _spectra(parcels: Parcels, weather: Weather, days: Days) -> Floats:
    """Reflectance, its change with relative leaf area and with being late, [day, parcel, 3 × band]."""
    state = canopy(parcels, weather, days)
    lush, sparse = (
        Canopy(k * state.green, k * state.brown, state.flower, state.tilled) for k in (1.25, 0.75)
    )
    late = canopy(parcels, weather, days - LATE_DAYS)
    seen, more, less, before = (reflectance(parcels, weather, days, s) for s in (state, lush, sparse, late))
    return np.concatenate([seen, (more - less) / 0.5, before - seen], axis=-1)


def _inner(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return image[..., 1:-1, 1:-1]


def _resolved(image: Field) -> Field:
    """The image without its outer pixel, its 20 m bands blurred as if upsampled to 10 m."""
    resolved = _inner(image).copy()
    coarse = image[_COARSE_BANDS]
    rows = coarse[:, :-2] + 2 * coarse[:, 1:-1] + coarse[:, 2:]
    resolved[_COARSE_BANDS] = (rows[..., :-2] + 2 * rows[..., 1:-1] + rows[..., 2:]) / np.float32(16)
    return resolved
