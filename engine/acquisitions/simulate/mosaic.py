"""The static part of a window: which parcels mix in each pixel, and the texture inside them."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from ...grid import Window
from .climate import Climate
from .layout import Points, lay_out
from .noise import Field, Floats, Ints, fractal_noise, smooth_noise, stream, white_noise
from .surfaces import SURFACES, per_surface

SAMPLES = 2  # sample points per pixel and axis
_SPREAD = (
    np.array([1, 3, 3, 1], dtype=np.float32) / 8
)  # point spread over two pixels; dyadic, so sums are exact
_TEXTURE = per_surface([s.texture for s in SURFACES])


@dataclass(frozen=True, eq=False)
class Parcels:
    """The parcels that appear in a window, by ascending id, [parcel]."""

    ids: Ints
    surfaces: npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Mosaic:
    """What doesn't change in a window from date to date."""

    parcels: Parcels
    mixing: csr_array
    """[pixel, parcel]: share of each parcel in the signal of a pixel (point spread)."""
    main: npt.NDArray[np.int32]
    """[y, x]: index of the parcel that holds the pixel's middle."""
    vigour: Field
    """[pixel, 1]: relative deviation of leaf area; `brightness` likewise, of reflectance."""
    brightness: Field
    lateness: Field
    """[pixel, 1]: how far the pixel is behind its parcel, 0-1."""

    def mix(self, per_parcel: Floats) -> Field:
        """Pixel values from parcel values: [parcel, k] → [pixel, k]."""
        mixed: Field = self.mixing @ np.ascontiguousarray(per_parcel, dtype=np.float32)
        return mixed


@lru_cache(maxsize=12)  # both sensors and all dates of a window share it; a few windows are in work at once
def mosaic_of(seed: int, climate: Climate, window: Window) -> Mosaic:
    """The mosaic of a window in absolute pixel coordinates."""
    step = 1 / SAMPLES
    y = window.row + (np.arange(-1, SAMPLES * window.height + 1) + 0.5) * step
    x = window.col + (np.arange(-1, SAMPLES * window.width + 1) + 0.5) * step
    layout = lay_out(seed, climate, Points(y, x))
    ids, first, where = np.unique(layout.parcels, return_index=True, return_inverse=True)
    parcels = Parcels(ids, layout.surfaces.ravel()[first])
    samples = where.reshape(layout.parcels.shape).astype(np.int32)
    mixing = _mixing(samples, window, len(ids))
    vigour, brightness, lateness = _texture(seed, window)
    strength = mixing @ _TEXTURE[parcels.surfaces].astype(np.float32)
    return Mosaic(
        parcels, mixing, _main(samples), vigour * strength[:, :1], brightness * strength[:, 1:], lateness
    )


def _texture(seed: int, window: Window) -> tuple[Field, Field, Field]:
    y, x = window.row + np.arange(window.height) + 0.5, window.col + np.arange(window.width) + 0.5
    grain = white_noise(stream(seed, "grain"), 0, window, 2)
    vigour = (
        0.85 * fractal_noise(stream(seed, "vigour"), y, x, 22, octaves=3, roughness=0.75) + 0.5 * grain[0]
    )
    bright = 0.8 * fractal_noise(stream(seed, "bright"), y, x, 9, octaves=2, roughness=0.8) + 0.6 * grain[1]
    late = np.clip(np.float32(0.5) + np.float32(0.3) * smooth_noise(stream(seed, "lateness"), y, x, 26), 0, 1)
    return tuple(np.clip(a, -2.2, 2.2).astype(np.float32).reshape(-1, 1) for a in (vigour, bright, late))


def _main(samples: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The parcel that most of a pixel's own four sample points lie in; the first of equals."""
    inner = samples[1:-1, 1:-1]
    a, b, c, d = (inner[i::2, j::2] for i in (0, 1) for j in (0, 1))
    return np.where(
        (a == b) | (a == c) | (a == d), a, np.where((b == c) | (b == d), b, np.where(c == d, c, a))
    )


def _mixing(samples: npt.NDArray[np.int32], window: Window, parcels: int) -> csr_array:
    rows, cols = SAMPLES * np.arange(window.height), SAMPLES * np.arange(window.width)
    around = [
        samples[i : i + rows[-1] + 1 : SAMPLES, j : j + cols[-1] + 1 : SAMPLES]
        for i in range(4)
        for j in range(4)
    ]
    first = around[0]
    mixed = np.zeros(first.shape, dtype=np.bool_)
    for tap in around[1:]:
        mixed |= tap != first
    pixels = np.flatnonzero(mixed)
    pure = np.flatnonzero(~mixed)
    row = np.concatenate([pure, np.repeat(pixels, 16)])
    col = np.concatenate([first.ravel()[pure], np.stack([t.ravel()[pixels] for t in around], axis=1).ravel()])
    weights = np.outer(_SPREAD, _SPREAD).ravel()
    share = np.concatenate([np.ones(len(pure), dtype=np.float32), np.tile(weights, len(pixels))])
    mixing = csr_array((share, (row, col)), shape=(first.size, parcels))
    mixing.sum_duplicates()
    mixing.sort_indices()
    return mixing
