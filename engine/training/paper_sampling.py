"""Random training windows of the published model: 11 of 20 consecutive acquisitions of a pixel."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from ..acquisitions.cube import Cube
from ..errors import InputError
from ..representation.interface import Observations
from ..representation.paper import PairedWindows, paired_windows
from ..representation.paper_config import FRAMES, HALO, LARGEST_SEPARATION, PATCH
from ..representation.paper_windows import Windows, cut, fits_in_time, smooth_backscatter

CONSECUTIVE = 20
ATTEMPTS = 200
"""Draws per window before a place is told to hold none."""

Drawn = TypeVar("Drawn")
Place = Mapping[str, Observations]
"""What each sensor observed at one place, backscatter smoothed."""


def place_of(cubes: Sequence[Cube]) -> Place:
    """One place for training from its cubes, at most one a sensor, on the same grid."""
    shapes = {cube.grid.shape for cube in cubes}
    if len(shapes) != 1 or min(min(shapes)) < PATCH:
        raise InputError(
            "the cubes of a training place must share one grid of at least 15 × 15 px",
            value=sorted(shapes),
            remedy="warp them onto the same, larger area",
        )
    place = {cube.modality.name: Observations.from_cube(cube) for cube in cubes}
    return {n: smooth_backscatter(o) if n == "s1" else o for n, o in place.items()}


def draw_windows(places: Sequence[Place], sensor: str, count: int, rng: np.random.Generator) -> Windows:
    """`count` windows of one sensor, the target observed, spanning less than 200 days."""

    def draw() -> Windows | None:
        observations = places[int(rng.integers(len(places)))][sensor]
        drawn = _frames_at_random_pixel(observations, rng)
        window = None if drawn is None else cut(observations, *drawn)
        return window if window is not None and window.usable.all() else None

    return _joined([_until_drawn(draw, sensor) for _ in range(count)])


def draw_pairs(places: Sequence[Place], count: int, rng: np.random.Generator) -> PairedWindows:
    """`count` windows of Sentinel-2, each with the nearest Sentinel-1 acquisition of every frame."""

    def draw() -> PairedWindows | None:
        place = places[int(rng.integers(len(places)))]
        drawn = _frames_at_random_pixel(place["s2"], rng)
        pair = None if drawn is None else _pair(place, *drawn)
        return pair if pair is not None and pair.usable.all() else None

    pairs = [_until_drawn(draw, "s1 + s2") for _ in range(count)]
    return PairedWindows(_joined([p.s1 for p in pairs]), _joined([p.s2 for p in pairs]))


def _pair(place: Place, frames: Tensor, pixels: Tensor) -> PairedWindows | None:
    row, col = divmod(int(pixels), place["s1"].values.shape[3] - 2 * HALO)
    if not place["s1"].validity[:, :, row + HALO, col + HALO].any():
        return None
    pair = paired_windows(place["s1"], place["s2"], frames, pixels)
    return pair if int(pair.separation) <= LARGEST_SEPARATION else None


def _frames_at_random_pixel(
    observations: Observations, rng: np.random.Generator
) -> tuple[Tensor, Tensor] | None:
    """Frame indices [1, 11] and the pixel's index [1] inside the halo; None where it won't do."""
    rows, cols = (size - 2 * HALO for size in observations.values.shape[2:])
    row, col = rng.integers(rows), rng.integers(cols)
    usable = observations.validity[:, :, row + HALO, col + HALO].any(1).nonzero()[:, 0]
    pool = min(CONSECUTIVE, len(usable))
    if pool < FRAMES:
        return None
    first = rng.integers(len(usable) - pool + 1)
    chosen = first + np.sort(rng.choice(pool, FRAMES, replace=False))
    frames = usable[torch.from_numpy(chosen)][None]
    short = fits_in_time(observations.days[frames]).all()
    return (frames, torch.tensor([row * cols + col])) if short else None


def _until_drawn(draw: Callable[[], Drawn | None], sensor: str) -> Drawn:
    for _ in range(ATTEMPTS):
        drawn = draw()
        if drawn is not None:
            return drawn
    raise InputError(
        "the training places hold no window of 11 acquisitions within 200 days",
        value=f"{sensor}: none in {ATTEMPTS} draws",
        remedy="give longer or clearer series",
    )


def _joined(windows: Sequence[Windows]) -> Windows:
    return Windows(
        torch.cat([w.values for w in windows]),
        torch.cat([w.validity for w in windows]),
        torch.cat([w.dates for w in windows]),
    )
