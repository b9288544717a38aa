"""The pretext: what is hidden from the encoder, and how inputs are varied."""

import math

import torch
from torch import Generator, Tensor

from ..acquisitions.modality import Modality
from ..representation.interface import Observations

HLS_BANDS = frozenset({"B02", "B03", "B04", "B8A", "B11", "B12"})
TEN_METRE_BANDS = frozenset({"B02", "B03", "B04", "B08"})


def draw_blackouts(targets: Tensor, rng: Generator, *, visible: float, absent: float) -> Tensor:
    """[target, 2] first and last hidden day around each target date.

    With probability `visible` nothing is hidden, with probability `absent` the whole modality, else a gap with
    exponentially distributed arms of 12 days in the mean."""
    arms = -12 * torch.log(torch.rand(len(targets), 2, generator=rng).clamp(min=1e-6)) + 0.6
    gaps = targets[:, None] + torch.stack([-arms[:, 0], arms[:, 1]], dim=1).double()
    fate = torch.rand(len(targets), generator=rng)
    gaps[fate < visible] = torch.tensor([math.inf, -math.inf], dtype=torch.float64)
    gaps[fate > 1 - absent] = torch.tensor([-math.inf, math.inf], dtype=torch.float64)
    return gaps


def vary_inputs(seen: Observations, modality: Modality, rng: Generator) -> Observations:
    """Observations with frames, cloud-shaped parts and bands taken away at random."""
    validity = seen.validity
    if torch.rand((), generator=rng) < 0.4:  # real cloud masks of other dates
        others = torch.randperm(len(validity), generator=rng)
        struck = (torch.rand(len(validity), generator=rng) < 0.5).view(-1, 1, 1, 1)
        validity = torch.where(struck, validity & validity[others].any(1, keepdim=True), validity)
    validity = validity & _kept_bands(modality, rng).view(1, -1, 1, 1)
    orbit = seen.orbit * float(torch.rand((), generator=rng) < 0.8)
    return Observations(seen.values * validity, validity, seen.days, orbit)


def _kept_bands(modality: Modality, rng: Generator) -> Tensor:
    bands = modality.bands
    everything = torch.ones(len(bands), dtype=torch.bool)
    fate = float(torch.rand((), generator=rng))
    if fate > 0.3:
        return everything
    if modality.name == "s2" and fate < 0.2:
        subset = HLS_BANDS if fate < 0.1 else TEN_METRE_BANDS
        return torch.tensor([band in subset for band in bands])
    kept = torch.rand(len(bands), generator=rng) < 0.6
    return kept if kept.any() else everything


def vary_radiometry(values: Tensor, modality: Modality, rng: Generator) -> Tensor:
    """Values in model units with a random gain per band: other soils, sensors and processors.

    Reflectance is multiplied; backscatter in dB is shifted, which is the same in linear power."""
    bands = len(modality.bands)
    draw = 0.05 * torch.randn(bands, generator=rng) + 0.08 * torch.randn((), generator=rng)
    if modality.unit == "dB":
        return values + (draw * 10 / modality.scale).view(1, -1, 1, 1)
    return values * draw.exp().view(1, -1, 1, 1)
