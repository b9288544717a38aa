"""The dense family, stage 1: a modality's frames → features → latent at any target date → bands.

A frame is encoded once for all pixels and all target dates; convolutions are unpadded, so a tile with its halo gives
the same numbers as the whole image.
"""

import torch
from torch import Tensor, nn

from ..errors import InputError
from .config import HALO, ModalityConfig
from .interface import Observations
from .temporal import (
    FrameUse,
    Interpolation,
    KernelAttention,
    Neighbours,
    channel_norm,
    encode_age,
    encode_season,
    interpolate,
    perceptron,
)


def floats_at_once(device: torch.device) -> int:
    """How many numbers an intermediate result should hold: a processor's cache is small (measured: 4 MB at once is
    7 × as fast as 100 MB on two cores), a GPU wants large launches."""
    return 1_000_000 if device.type == "cpu" else 64_000_000


class FrameBlock(nn.Module):
    """Depthwise convolution over space, then a perceptron over channels, both residual; unpadded.

    Channels come last, [frame, y, x, channel]: a 1 × 1 convolution is then a plain matrix product, which is far
    faster on a CPU than PyTorch's convolution of single images."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.margin = kernel // 2
        self.space = nn.Conv2d(channels, channels, kernel, groups=channels)
        self.gain = nn.Parameter(torch.ones(channels))
        self.expand = nn.Linear(channels, 2 * channels)
        self.contract = nn.Linear(2 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        m = self.margin
        spread: Tensor = self.space(x.movedim(-1, 1)).movedim(1, -1)
        x = x[:, m:-m, m:-m] + spread
        hidden = nn.functional.gelu(self.expand(channel_norm(x, self.gain)))
        mixed: Tensor = x + self.contract(hidden)
        return mixed


class FrameEncoder(nn.Module):
    """[frame, band, y + 14, x + 14] → [frame, y, x, channel]; receptive field 15 × 15 px."""

    def __init__(self, config: ModalityConfig) -> None:
        super().__init__()
        bands = len(config.modality.bands)
        self.conditioned = "orbit_direction" in config.modality.conditioning
        self.inlet = nn.Linear(2 * bands + self.conditioned, config.width)
        self.blocks = nn.Sequential(
            FrameBlock(config.width, 7), FrameBlock(config.width, 7), FrameBlock(config.width, 3)
        )

    def forward(self, values: Tensor, validity: Tensor, orbit: Tensor) -> Tensor:
        seen = validity.float()
        planes = [values * seen, seen]
        if self.conditioned:
            planes.append(orbit.view(-1, 1, 1, 1).expand(-1, 1, *values.shape[2:]))
        # a pixel without any valid band adds nothing to its neighbours
        stacked = torch.cat(planes, dim=1).movedim(1, -1)
        features = self.inlet(stacked) * validity.any(dim=1)[..., None]
        encoded: Tensor = self.blocks(features)
        return encoded


class EncodedFrames:
    """Everything of one modality on one tile that does not depend on the target date."""

    def __init__(
        self, weight: Tensor, weighted: Tensor, values: Tensor, neighbours: Neighbours, days: Tensor
    ) -> None:
        self.weight = weight
        self.weighted = weighted
        self.values = values
        self.neighbours = neighbours
        self.days = days

    def rows(self, rows: slice) -> "EncodedFrames":
        """The part of some image rows: small enough for the processor's cache."""
        columns = self.values.shape[-1]
        pixels = slice(rows.start * columns, rows.stop * columns)
        neighbours = Neighbours(self.neighbours.last[:, :, rows], self.neighbours.first[:, :, rows])
        return EncodedFrames(
            self.weight[..., pixels],
            self.weighted[..., pixels],
            self.values[:, :, rows],
            neighbours,
            self.days,
        )


class ModalityEncoder(nn.Module):
    """Stage-1 encoder: latent = linear(interpolation) + correction from attention over the frames."""

    def __init__(self, config: ModalityConfig, heads: int, head_width: int) -> None:
        super().__init__()
        bands = len(config.modality.bands)
        self.frames = FrameEncoder(config)
        self.attention = KernelAttention(config.width, heads)
        self.prior = nn.Linear(bands, config.latent, bias=False)
        nn.init.eye_(self.prior.weight)  # training starts at classical interpolation
        self.correction = perceptron(config.width + heads + 3 * bands + 2 + 2, head_width, config.latent)
        self.register_buffer("mean", torch.tensor(config.mean).view(-1, 1, 1))
        self.register_buffer("spread", torch.tensor(config.spread).view(-1, 1, 1))

    def standardise(self, values: Tensor) -> Tensor:
        """Model units → zero mean, unit spread per band; any leading axes before [band, y, x]."""
        return (values - self.mean) / self.spread  # type: ignore[operator]

    def encode_frames(self, observations: Observations) -> EncodedFrames:
        """Encode all frames of a tile (with its halo) once."""
        self._check(observations)
        values = self.standardise(observations.values)
        parts = []
        floats_a_frame = values[0, 0].numel() * self.frames.inlet.out_features * 2
        at_once = max(1, floats_at_once(values.device) // floats_a_frame)
        for part in torch.split(torch.arange(len(values), device=values.device), at_once):
            features = self.frames(values[part], observations.validity[part], observations.orbit[part])
            inner = observations.validity[part][:, :, HALO:-HALO, HALO:-HALO]
            parts.append(self.attention.prepare(features, inner.any(dim=1)))
        # where the frames are encoded in bfloat16, everything after them still counts in float32
        weight, weighted = (torch.cat(p, dim=1).float() for p in zip(*parts, strict=True))
        core = slice(HALO, -HALO)
        return EncodedFrames(
            weight,
            weighted,
            values[:, :, core, core],
            Neighbours.of(observations.validity[:, :, core, core]),
            observations.days,
        )

    def _check(self, observations: Observations) -> None:
        shape = observations.values.shape
        expected = (len(observations.days), self.prior.in_features)
        if len(shape) != 4 or shape[:2] != expected or observations.validity.shape != shape:
            raise InputError(
                "observations need the axes [frame, band, y, x]",
                value=f"values {tuple(shape)}, validity {tuple(observations.validity.shape)}",
                remedy=f"{expected[0]} frames (one per day given) and {expected[1]} bands are expected first",
            )
        if min(shape[2:]) <= 2 * HALO:
            raise InputError(
                "a tile needs its halo", value=tuple(shape[2:]), remedy=f"add {HALO} px on each side"
            )

    def forward(self, frames: EncodedFrames, use: FrameUse, targets: Tensor) -> tuple[Tensor, Interpolation]:
        """Latents [target, y, x, latent] at the target dates, and the interpolation they start from."""
        prior = interpolate(frames.values, frames.neighbours, use, frames.days)
        pooled, evidence = self.attention.attend(frames.weight, frames.weighted, use)
        shape = prior.age.shape
        season = encode_season(targets).view(-1, 2, 1, 1).expand(-1, -1, *shape[2:])
        facts = [
            pooled.view(shape[0], -1, *shape[2:]),
            evidence.view(shape[0], -1, *shape[2:]),
            prior.values,
            prior.change,
            prior.known.float(),
            encode_age(prior.age),
            season,
        ]
        stacked = torch.cat(facts, dim=1).movedim(1, -1)
        return self.prior(prior.values.movedim(1, -1)) + self.correction(stacked), prior


class ModalityDecoder(nn.Module):
    """Stage-1 decoder: bands at (Δx, Δy, Δt) from a latent, so that the latent knows its context."""

    def __init__(self, config: ModalityConfig, head_width: int) -> None:
        super().__init__()
        bands = len(config.modality.bands)
        self.linear = nn.Linear(config.latent, bands)
        nn.init.eye_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.implicit = perceptron(config.latent + 4, head_width, bands)

    def forward(self, latent: Tensor, offset: Tensor) -> Tensor:
        """latent […, latent], offset […, 3] = Δx, Δy in pixels and Δt in days → standardised bands […, band]."""
        space, time = offset[..., :2] / HALO, offset[..., 2:] / 30
        where = torch.cat([space, time, time.abs()], dim=-1)
        decoded: Tensor = self.linear(latent) + self.implicit(torch.cat([latent, where], dim=-1))
        return decoded

    def centre(self, latent: Tensor) -> Tensor:
        """Standardised bands at the target pixel and date."""
        return self.forward(latent, latent.new_zeros(*latent.shape[:-1], 3))
