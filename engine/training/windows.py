"""Training crops: a small place, the frames around some target dates, and what must be reconstructed."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ..representation.config import HALO, DenseConfig
from ..representation.interface import Observations
from .masking import draw_blackouts, vary_inputs, vary_radiometry
from .series import Series

NEAR_DAYS = (
    1.6  # an acquisition so near to a target date counts as taken on it (its offset is told to the decoder)
)
CONTEXT_WEIGHT = 0.34  # sum of the context-aware weights off the centre, over 1 at the centre


@dataclass(frozen=True)
class CropOptions:
    """Size of a crop."""

    size: int = 12
    targets: int = 16
    span_days: float = 120.0
    """The target dates of a crop lie within so many days."""
    most_frames: int = 36
    """Frames of a modality seen at once; more are thinned at random."""
    vary: bool = True
    """Augment; off for validation."""


@dataclass(frozen=True, eq=False)
class Truth:
    """What one modality should look like at the centre (item 0) and at a place in the context (item 1)."""

    values: Tensor
    """[target, item, band, y, x] in model units."""
    validity: Tensor
    """[target, item, band, y, x] bool."""
    offset: Tensor
    """[target, item, 3] float32: Δx, Δy in pixels, Δt in days."""


@dataclass(frozen=True, eq=False)
class Crop:
    """One training example: `size` × `size` pixels × target dates."""

    observations: Mapping[str, Observations]
    targets: Tensor
    blackouts: Mapping[str, Tensor]
    truth: Mapping[str, Truth]


def draw_crop(
    series: Series, config: DenseConfig, options: CropOptions, rng: Generator, aim: str | None = None
) -> Crop | None:
    """Draw a crop at random, or None where the draw hit nothing valid; `aim` names the modality whose acquisitions
    the target dates are taken from (default: any)."""
    names = list(series.observations)
    aim = aim or names[_integer(len(names), rng)]
    targets = _draw_targets(series.observations[aim].days, options, rng)
    place = _draw_place(series.observations[aim].values.shape, options.size, rng)
    season_shift = float(torch.rand((), generator=rng) * 60 - 30) if options.vary else 0.0
    observations, truth, blackouts = {}, {}, {}
    for entry in config.modalities:
        name = entry.modality.name
        if name not in series.observations:
            continue
        seen, valid_truth = _cut(series, name, place, targets, config.reach_days)
        if options.vary:
            seen = _replace_values(seen, vary_radiometry(seen.values, entry.modality, rng))
        truth[name] = _draw_truth(seen, valid_truth, targets, options.size, rng)
        seen = _thinned(seen, options.most_frames, rng)
        if options.vary:
            seen = vary_inputs(seen, entry.modality, rng)
        visible, absent = (0.3, 0.05) if name == aim else (0.75, 0.2)
        blackouts[name] = draw_blackouts(targets, rng, visible=visible, absent=absent) + season_shift
        observations[name] = Observations(seen.values, seen.validity, seen.days + season_shift, seen.orbit)
    if aim not in truth or not truth[aim].validity[:, 0].any():
        return None
    return Crop(observations, targets + season_shift, blackouts, truth)


def _integer(below: int, rng: Generator) -> int:
    return int(torch.randint(below, (), generator=rng))


def _draw_targets(days: Tensor, options: CropOptions, rng: Generator) -> Tensor:
    middle = days[_integer(len(days), rng)]
    near = days[(days - middle).abs() <= options.span_days / 2]
    chosen = near[torch.randint(len(near), (options.targets,), generator=rng)]
    return chosen.sort().values


def _draw_place(shape: torch.Size, size: int, rng: Generator) -> tuple[slice, slice]:
    """Rows and columns with their halo; the series carries a margin of one halo already."""
    whole = size + 2 * HALO
    row, col = (_integer(max(1, extent - whole + 1), rng) for extent in shape[2:])
    return slice(row, row + whole), slice(col, col + whole)


def _cut(
    series: Series, name: str, place: tuple[slice, slice], targets: Tensor, reach: float
) -> tuple[Observations, Tensor]:
    whole = series.observations[name]
    near = (whole.days >= targets[0] - reach) & (whole.days <= targets[-1] + reach)
    values, validity, truth = (
        t[near][:, :, place[0], place[1]] for t in (whole.values, whole.validity, series.truth[name])
    )
    return Observations(values, validity, whole.days[near], whole.orbit[near]), truth


def _replace_values(seen: Observations, values: Tensor) -> Observations:
    return Observations(values * seen.validity, seen.validity, seen.days, seen.orbit)


def _thinned(seen: Observations, most: int, rng: Generator) -> Observations:
    share = 0.35 + 0.65 * float(torch.rand((), generator=rng))
    keep = min(most, max(1, round(share * len(seen.days)))) if len(seen.days) else 0
    frames = torch.randperm(len(seen.days), generator=rng)[:keep].sort().values
    return Observations(seen.values[frames], seen.validity[frames], seen.days[frames], seen.orbit[frames])


def _draw_truth(seen: Observations, valid: Tensor, targets: Tensor, size: int, rng: Generator) -> Truth:
    """At each target date the nearest acquisition at the centre, and one drawn by the context-aware weights."""
    count, bands = len(targets), seen.values.shape[1]
    values = torch.zeros(count, 2, bands, size, size)
    validity = torch.zeros(count, 2, bands, size, size, dtype=torch.bool)
    offset = torch.zeros(count, 2, 3)
    for t in range(count if len(seen.days) else 0):
        centre = int((seen.days - targets[t]).abs().argmin())
        steps, dx, dy = _draw_context(rng)
        frames = (centre, min(max(centre + steps, 0), len(seen.days) - 1))
        for item, (frame, x, y) in enumerate(((frames[0], 0, 0), (frames[1], dx, dy))):
            days = float(seen.days[frame] - targets[t])
            if item == 0 and abs(days) > NEAR_DAYS:
                continue
            rows, cols = slice(HALO + y, HALO + y + size), slice(HALO + x, HALO + x + size)
            values[t, item] = seen.values[frame, :, rows, cols]
            validity[t, item] = valid[frame, :, rows, cols]
            offset[t, item] = torch.tensor([x, y, days])
    return Truth(values, validity, offset)


def _draw_context(rng: Generator) -> tuple[int, int, int]:
    """(frame steps, Δx, Δy) off the centre with probability in proportion to the context-aware weights.

    Weight in time 0.1^|steps|; in space 0.01 · 0.1^(r−1) for each of the 8 r pixels at Chebyshev distance r."""
    time = torch.tensor([0.1 ** abs(n) for n in range(-5, 6)])
    space = torch.tensor([1.0] + [8 * r * 0.01 * 0.1 ** (r - 1) for r in range(1, HALO + 1)])
    joint = torch.outer(time, space)
    joint[5, 0] = 0
    drawn = int(torch.multinomial(joint.flatten(), 1, generator=rng))
    steps, radius = drawn // len(space) - 5, drawn % len(space)
    along = _integer(2 * radius + 1, rng) - radius
    side = _integer(4, rng)
    dx, dy = [(along, radius), (along, -radius), (radius, along), (-radius, along)][side]
    return steps, dx, dy
