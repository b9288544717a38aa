"""Noise that depends on absolute pixel coordinates alone, so that every window reads the same pixels."""

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from ...grid import Window

Ints = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.floating[Any]]
Field = npt.NDArray[np.float32]

NOISE_BLOCK = 64  # pixels; one random stream per block and frame
_SPLINE_SPREAD = 151 / 315  # mean squared weight of a cubic B-spline: what interpolation leaves of variance


def stream(seed: int, purpose: str) -> int:
    """A key for one purpose of one seed: streams of different purposes are independent."""
    return (seed << 32) | zlib.crc32(purpose.encode())


def hashed(*keys: npt.ArrayLike) -> Ints:
    """64 well-mixed bits per element of the broadcast integer keys, at least 1-D (SplitMix64)."""
    mixed = np.zeros(1, dtype=np.uint64)
    for key in keys:
        word = np.atleast_1d(np.asarray(key)).astype(np.uint64)
        mixed = (mixed + np.uint64(0x9E3779B97F4A7C15)) ^ word
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed = mixed ^ (mixed >> np.uint64(31))
    return mixed


def uniform(*keys: npt.ArrayLike) -> Floats:
    """Uniform numbers in (0, 1), one per element of the broadcast keys."""
    return ((hashed(*keys) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normal(*keys: npt.ArrayLike) -> Floats:
    """Standard normal numbers, one per element of the broadcast keys."""
    numbers: Floats = ndtri(uniform(*keys))
    return numbers


def spline_weights(fraction: Floats) -> tuple[Field, ...]:
    """The four cubic B-spline weights around a position `fraction` (0-1) of the way between two knots."""
    t, u = fraction, 1 - fraction
    weights = (u**3, 3 * t**3 - 6 * t**2 + 4, 3 * u**3 - 6 * u**2 + 4, t**3)
    return tuple((w / 6).astype(np.float32) for w in weights)


def smooth_noise(key: int, y: Floats, x: Floats, scale: float) -> Field:
    """Smooth noise of mean 0 and variance 1 on the rectangle y × x, [len(y), len(x)].

    `y`, `x`: ascending coordinates; `scale`: distance of the knots in the same unit."""
    rows, cols = y / scale, x / scale
    top, left = np.floor(rows).astype(np.int64), np.floor(cols).astype(np.int64)
    knot_rows = np.arange(top[0] - 1, top[-1] + 3)
    knot_cols = np.arange(left[0] - 1, left[-1] + 3)
    knots = normal(key, knot_rows[:, None], knot_cols[None, :]).astype(np.float32) / np.float32(
        _SPLINE_SPREAD
    )
    # rows first: the knots' columns are few
    strips = _blend(knots, top - top[0], spline_weights(rows - top))
    return _blend(strips.T.copy(), left - left[0], spline_weights(cols - left)).T.copy()


def _blend(knots: Field, first: npt.NDArray[np.int64], weights: tuple[Field, ...]) -> Field:
    blended = knots[first] * weights[0][:, None]
    for tap in (1, 2, 3):
        blended += knots[first + tap] * weights[tap][:, None]
    return blended


def smooth_noise_at(key: int, y: Floats, x: Floats, scale: float) -> Floats:
    """`smooth_noise` at scattered points of any shape."""
    rows, cols = y / scale, x / scale
    top, left = np.floor(rows).astype(np.int64), np.floor(cols).astype(np.int64)
    row_weights, col_weights = spline_weights(rows - top), spline_weights(cols - left)
    total = np.zeros(np.broadcast_shapes(y.shape, x.shape))
    for i in range(4):
        for j in range(4):
            total += (
                row_weights[i] * col_weights[j] * normal(key, top + i - 1, left + j - 1).reshape(total.shape)
            )
    return total / _SPLINE_SPREAD


def fractal_noise(key: int, y: Floats, x: Floats, largest: float, *, octaves: int, roughness: float) -> Field:
    """A sum of `octaves` smooth noises, each half as large and `roughness` as strong; variance 1."""
    total = np.zeros((len(y), len(x)), dtype=np.float32)
    for octave in range(octaves):
        total += np.float32(roughness**octave) * smooth_noise(key + octave, y, x, largest / 2**octave)
    power = sum(roughness ** (2 * octave) for octave in range(octaves))
    return total / np.float32(np.sqrt(power))


def white_noise(key: int, frame: int, window: Window, layers: int) -> Field:
    """Standard normal noise, independent per pixel, frame and layer, [layer, y, x]."""
    noise = np.empty((layers, window.height, window.width), dtype=np.float32)
    for block_row, rows_in, rows_out in _blocks(window.row, window.height):
        for block_col, cols_in, cols_out in _blocks(window.col, window.width):
            words = hashed(key, frame, [2 * block_row, 2 * block_row + 1], block_col)
            drawn = np.random.Generator(np.random.Philox(key=words)).standard_normal(
                (layers, NOISE_BLOCK, NOISE_BLOCK), dtype=np.float32
            )
            noise[:, rows_out, cols_out] = drawn[:, rows_in, cols_in]
    return noise


def _blocks(start: int, length: int) -> Iterator[tuple[int, slice, slice]]:
    """(block, its part inside the window, the window's part inside it) along one axis."""
    for block in range(start // NOISE_BLOCK, (start + length - 1) // NOISE_BLOCK + 1):
        origin = block * NOISE_BLOCK
        first, last = max(start, origin), min(start + length, origin + NOISE_BLOCK)
        yield block, slice(first - origin, last - origin), slice(first - start, last - start)
