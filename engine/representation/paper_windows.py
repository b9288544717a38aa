"""Which acquisitions make a window of the published model, and the window's pixels."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .interface import Observations
from .paper_config import CENTRE_FRAME, FRAMES, HALO, LONGEST_DAYS, PATCH

DB_OFFSET, DB_SCALE = -30.0, 35.0  # model units of backscatter: see acquisitions.modality.SENTINEL1


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of one sensor, nothing missing in `values`."""

    values: Tensor
    """[window, frame, band, y, x] float32 in model units."""
    validity: Tensor
    """[window, frame, band, y, x] bool: observed, not filled."""
    dates: Tensor
    """[window, frame] int64: whole days since 1970-01-01."""

    @property
    def gaps(self) -> Tensor:
        """[window, 10] int64: days from each frame to the next."""
        return self.dates.diff(dim=1)

    @property
    def usable(self) -> Tensor:
        """[window] bool: short enough for the time table, and each band observed somewhere."""
        return fits_in_time(self.dates) & self.validity.any(1).flatten(2).any(2).all(1)

    def to(self, device: torch.device | str) -> "Windows":
        return Windows(self.values.to(device), self.validity.to(device), self.dates.to(device))


def fits_in_time(days: Tensor) -> Tensor:
    """Whether windows span less than 200 whole days, [window], from their frames' days, [window, frame]."""
    whole = days.floor() if days.is_floating_point() else days
    return whole[:, -1] - whole[:, 0] < LONGEST_DAYS


def smooth_backscatter(s1: Observations) -> Observations:
    """Running mean in linear power over each acquisition and its two neighbours, of what they observed.

    Model units in and out, clipped to −30…5 dB; a pixel is valid where one of the three dates is."""
    power = 10 ** ((s1.values * DB_SCALE + DB_OFFSET) / 10) * s1.validity
    total, count = _sum_of_three(power), _sum_of_three(s1.validity.to(power.dtype))
    validity = count > 0
    decibel = 10 * torch.log10(torch.where(validity, total / count.clamp_min(1), torch.ones_like(total)))
    values = ((decibel - DB_OFFSET) / DB_SCALE).clamp(0, 1) * validity
    return Observations(values, validity, s1.days, s1.orbit)


def _sum_of_three(x: Tensor) -> Tensor:
    padded = F.pad(x, (0,) * 6 + (1, 1))
    return padded[:-2] + padded[1:-1] + padded[2:]


def within_reach(observations: Observations, day: float, reach: float) -> Observations:
    """The acquisitions at most `reach` days from `day`."""
    o, near = observations, (observations.days - day).abs() <= reach
    return Observations(o.values[near], o.validity[near], o.days[near], o.orbit[near])


def usable_pixels(observations: Observations) -> Tensor:
    """[frame, pixel] bool: pixels inside the halo that a frame observed in any band, row by row."""
    return observations.validity[:, :, HALO:-HALO, HALO:-HALO].any(1).flatten(1)


def frames_around(usable: Tensor, target: int) -> tuple[Tensor, Tensor]:
    """Frame `target` with the five usable frames before and after it, pixel by pixel.

    `usable` [frame, pixel] → frame indices [n, 11] and pixel indices [n] of the pixels that have them all."""
    in_order = torch.argsort(~usable, dim=0, stable=True)  # usable frames first, in order of time
    rank = usable[:target].sum(0)
    enough = usable[target] & (rank >= CENTRE_FRAME) & (usable.sum(0) - rank > FRAMES - 1 - CENTRE_FRAME)
    pixels = enough.nonzero()[:, 0]
    steps = torch.arange(FRAMES, device=usable.device)[:, None] - CENTRE_FRAME
    return in_order[:, pixels].gather(0, rank[pixels] + steps).T, pixels


def nearest_frames(days: Tensor, usable: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """For each wanted day the nearest usable frame, the earlier of two at the same distance.

    `days` [frame], `usable` [frame, window], `wanted` [window, 11] → indices [window, 11] and whether
    there is any, [window]."""
    distance = (wanted[..., None] - days).abs().masked_fill(~usable.T[:, None], math.inf)
    return distance.argmin(2), usable.any(0)


def cut(observations: Observations, frames: Tensor, pixels: Tensor) -> Windows:
    """Windows of 15 × 15 px around pixels inside the halo (counted row by row); gaps filled.

    `frames` [window, 11] and `pixels` [window] are indices."""
    width = observations.values.shape[3] - 2 * HALO
    rows, cols = (pixels // width)[:, None], (pixels % width)[:, None]
    patches = [
        t.unfold(2, PATCH, 1).unfold(3, PATCH, 1) for t in (observations.values, observations.validity)
    ]
    values, validity = (p[frames, :, rows, cols] for p in patches)
    dates = observations.days.floor().long()[frames]
    return Windows(fill_missing(values, validity), validity, dates)


def fill_missing(values: Tensor, validity: Tensor) -> Tensor:
    """Replace what was not observed by its band's mean over the window (0 if never observed there)."""
    observed = validity.to(values.dtype)
    axes = (1, 3, 4)
    total = (values * observed).sum(axes, keepdim=True)
    return torch.where(validity, values, total / observed.sum(axes, keepdim=True).clamp_min(1))
