"""From frames to a target date: which frames count, their interpolation, and attention over them.

The attention is a kernel regression: a frame's weight is exp(content score) × kernel(days to the target). The score
does not depend on the target, so that weights and values are computed once a frame, and all target dates follow
from one matrix product. A frame that is masked, hidden or out of reach has weight zero.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SMALLEST_WEIGHT = (
    1e-20  # far below any kernel value within reach (τ ≥ 3 days), far above float32's smallest number
)
FAR = 1e9


@dataclass(frozen=True, eq=False)
class FrameUse:
    """Which frames a target date may use, and how far they are."""

    offset: Tensor
    """[target, frame] float32, days from frame to target: positive = the frame is earlier."""
    usable: Tensor
    """[target, frame] bool."""

    @classmethod
    def within(
        cls,
        days: Tensor,
        targets: Tensor,
        reach_days: float,
        *,
        past_only: bool = False,
        blackout: Tensor | None = None,
    ) -> "FrameUse":
        """Frames within reach; `blackout` [target, 2] hides the frames from its first to its last day.

        A blackout must hold its target's date, or be empty (first > last)."""
        offset = (targets[:, None] - days[None, :]).float()
        usable = offset.abs() <= reach_days
        if past_only:
            usable &= offset >= 0
        if blackout is not None:
            hidden = (days[None, :] >= blackout[:, :1]) & (days[None, :] <= blackout[:, 1:])
            usable &= ~hidden
        return cls(offset, usable)

    def part(self, targets: slice) -> "FrameUse":
        return FrameUse(self.offset[targets], self.usable[targets])


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Per frame, band and pixel: index of the last observed frame up to it and of the first one from it on."""

    last: Tensor
    """[frame, band, y, x] int16; −1 = none."""
    first: Tensor
    """[frame, band, y, x] int16; number of frames = none."""

    @classmethod
    def of(cls, validity: Tensor) -> "Neighbours":
        frames = len(validity)
        last, first = (
            torch.empty(validity.shape, dtype=torch.int16, device=validity.device) for _ in range(2)
        )
        none = torch.full_like(last[0], -1), torch.full_like(last[0], frames)
        for frame in range(frames):  # PyTorch's cummax is a scalar loop: three times slower
            last[frame] = torch.where(validity[frame], frame, last[frame - 1] if frame else none[0])
        for frame in range(frames - 1, -1, -1):
            first[frame] = torch.where(
                validity[frame], frame, first[frame + 1] if frame + 1 < frames else none[1]
            )
        return cls(last, first)


@dataclass(frozen=True, eq=False)
class Interpolation:
    """Linear interpolation in time at the target dates: the classical prior."""

    values: Tensor
    """[target, band, y, x]; 0 where nothing is known."""
    known: Tensor
    """[target, band, y, x] bool: a frame before or after is there."""
    change: Tensor
    """[target, band, y, x] value after minus value before; 0 unless both are known."""
    age: Tensor
    """[target, 2, y, x] days back to the last and on to the next observation of any band; `FAR` = none."""


def interpolate(values: Tensor, neighbours: Neighbours, use: FrameUse, days: Tensor) -> Interpolation:
    """Interpolate each band between its last observation before and its first after each target date."""
    sides = [_observation(values, neighbours, use, days, past) for past in (True, False)]
    (before, gap_before), (after, gap_after) = sides
    no_before, no_after = gap_before >= FAR, gap_after >= FAR
    # gap_before = gap_after = 0 can't be: a frame on the target date counts as before only
    weight_after = gap_before / (gap_before + gap_after)
    weight_after = torch.where(no_before, torch.ones_like(weight_after), weight_after)
    weight_after = torch.where(no_after, torch.zeros_like(weight_after), weight_after)
    known = ~(no_before & no_after)
    both = ~(no_before | no_after)
    age = torch.stack([gap_before.amin(1), gap_after.amin(1)], dim=1)
    change = after - before
    return Interpolation((before + weight_after * change) * known, known, change * both, age)


def _observation(
    values: Tensor, neighbours: Neighbours, use: FrameUse, days: Tensor, past: bool
) -> tuple[Tensor, Tensor]:
    """Value and distance in days (`FAR` = none) of the nearest usable observation on one side of each target."""
    frames = len(values)
    on_side = use.usable & ((use.offset >= 0) if past else (use.offset < 0))
    index = torch.arange(frames, device=values.device)
    lowest = torch.where(on_side, index, frames).amin(1)
    highest = torch.where(on_side, index, -1).amax(1)
    nearest = neighbours.last if past else neighbours.first
    start = (highest if past else lowest).clamp(0, frames - 1)
    frame = nearest[start].long()
    found = (frame >= lowest.view(-1, 1, 1, 1)) & (frame <= highest.view(-1, 1, 1, 1))
    frame = frame.clamp(0, frames - 1)
    gap = use.offset.abs().gather(1, frame.flatten(1)).view(frame.shape)
    value = values.gather(0, frame)
    return torch.where(found, value, 0), torch.where(found, gap, FAR)


class KernelAttention(nn.Module):
    """Attention from target dates over frames, with a learned kernel of the time offset per head."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.score = nn.Linear(channels, heads)
        self.value = nn.Linear(channels, channels)
        # half of the heads start two-sided, a quarter looks back, a quarter ahead; from days to a season
        spread = torch.tensor([4.0, 8.0, 16.0, 40.0])
        past, future = spread.repeat(heads // 4 + 1)[:heads], spread.repeat(heads // 4 + 1)[:heads].clone()
        future[heads // 2 : heads // 2 + heads // 4] = 3.5
        past[heads // 2 + heads // 4 :] = 3.5
        self.log_scale = nn.Parameter((torch.stack([past, future]) - 3.0).log())

    def kernel(self, use: FrameUse) -> Tensor:
        """[head, target, frame] weight of the time offset; decay of at least 3 days on each side."""
        scale = self.log_scale.exp() + 3.0
        decay = torch.where((use.offset >= 0)[None], 1 / scale[0].view(-1, 1, 1), 1 / scale[1].view(-1, 1, 1))
        return torch.exp(-use.offset.abs()[None] * decay) * use.usable[None]

    def prepare(self, features: Tensor, observed: Tensor) -> tuple[Tensor, Tensor]:
        """Weight [head, frame, 1, pixel] and weighted value [head, frame, channel, pixel] of each frame.

        features [frame, y, x, channel]; observed [frame, y, x] bool."""
        score = 4 * torch.tanh(self.score(features) / 4)  # bounded, so that no frame can drown all others
        weight = (score.exp() * observed[..., None]).flatten(1, 2).permute(2, 0, 1)[:, :, None]
        frames, channels = len(features), features.shape[-1]
        value = self.value(features).view(frames, -1, self.heads, channels // self.heads).permute(2, 0, 3, 1)
        return weight, weight * value

    def attend(self, weight: Tensor, weighted: Tensor, use: FrameUse) -> tuple[Tensor, Tensor]:
        """Pooled features [target, channel, pixel] and log evidence [target, head, pixel], about −3 to 1."""
        kernel = self.kernel(use)
        heads, frames, channels, pixels = weighted.shape
        total = torch.bmm(kernel, weight.reshape(heads, frames, pixels))
        pooled = torch.bmm(kernel, weighted.reshape(heads, frames, channels * pixels))
        pooled = pooled.view(heads, -1, channels, pixels) / (total + SMALLEST_WEIGHT)[:, :, None]
        evidence = (total + SMALLEST_WEIGHT).log() / 15
        return pooled.transpose(0, 1).flatten(1, 2), evidence.transpose(0, 1)


def encode_age(age: Tensor) -> Tensor:
    """Days → 0 (same day) to 1 (90 days), 1.5 = none, on a logarithmic scale; keeps the shape."""
    return torch.where(age >= FAR, 1.5, torch.log1p(age.clamp(max=365)) / 4.51)


def encode_season(targets: Tensor) -> Tensor:
    """[target, 2] sine and cosine of the time of year; days since 1970-01-01 start on a 1 January."""
    phase = (targets / 365.2425 % 1 * 2 * torch.pi).float()
    return torch.stack([phase.sin(), phase.cos()], dim=1)


def perceptron(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """A two-layer perceptron on the channel axis whose output starts at zero."""
    last = nn.Linear(hidden, outputs)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(inputs, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU(), last)


def channel_norm(features: Tensor, gain: Tensor) -> Tensor:
    """Root-mean-square norm over the last axis, the channels of each pixel alone: no statistic over space."""
    return F.rms_norm(features, gain.shape, eps=1e-12) * gain
