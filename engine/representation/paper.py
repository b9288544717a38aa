"""The `paper` family behind the interface of all families: pixel-dates, each from its own window."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..acquisitions.modality import SENTINEL1, SENTINEL2, Modality
from ..errors import InputError
from .interface import Embeddings, Observations
from .paper_config import CENTRE_FRAME, HALO, LONGEST_DAYS, PaperConfig
from .paper_fusion import PaperFusion
from .paper_windows import (
    Windows,
    cut,
    fits_in_time,
    frames_around,
    nearest_frames,
    smooth_backscatter,
    usable_pixels,
    within_reach,
)

__all__ = ["AttentionOverBatchWarning", "PairedWindows", "PaperConfig", "PaperModel"]

BATCH = 16
"""Windows at once; speed no longer grows beyond, and published checkpoints were trained with 16."""
BATCH_BYTES = 400e6
"""Working memory of one batch (measured .3 GB)."""
SMALLEST_TILE = 64 * 64


class AttentionOverBatchWarning(UserWarning):
    """The model's embeddings depend on which windows share a batch."""


@dataclass(frozen=True, eq=False)
class PairedWindows:
    """Windows of both sensors around the same target dates."""

    s1: Windows
    s2: Windows

    @property
    def gaps(self) -> dict[str, Tensor]:
        return {"s1": self.s1.gaps, "s2": self.s2.gaps}

    @property
    def separation(self) -> Tensor:
        """[window] int64: whole days between the sensors' centre frames."""
        return (self.s1.dates - self.s2.dates)[:, CENTRE_FRAME].abs()

    @property
    def usable(self) -> Tensor:
        """[window] bool."""
        return self.s1.usable & self.s2.usable

    def to(self, device: torch.device | str) -> "PairedWindows":
        return PairedWindows(self.s1.to(device), self.s2.to(device))


class PaperModel(nn.Module):
    """The published two-stage model (arXiv 2511.11706) as a `RepresentationModel`."""

    family = "paper"
    halo = HALO
    reach_days = float(LONGEST_DAYS)

    def __init__(self, config: PaperConfig | None = None) -> None:
        super().__init__()
        self.config = config or PaperConfig()
        self.fusion = PaperFusion(self.config)
        if self.config.attention_over == "batch":
            warnings.warn(
                "this published checkpoint attends over the batch instead of over time: "
                "its embeddings depend on which pixels are computed together",
                AttentionOverBatchWarning,
                stacklevel=2,
            )

    @property
    def modalities(self) -> Mapping[str, Modality]:
        return {"s1": SENTINEL1, "s2": SENTINEL2}

    @property
    def dims(self) -> int:
        return self.config.embedding

    def embed(
        self, observations: Mapping[str, Observations], targets: Tensor, *, past_only: bool = False
    ) -> Embeddings:
        """Embed every pixel inside the halo at targets that are days of Sentinel-2 acquisitions.

        A pixel-date is valid where Sentinel-2 observed the pixel on that day and on five dates before and
        five after it, where Sentinel-1 has observed it, and where neither window spans 200 days."""
        s1, s2 = _both_sensors(observations, past_only)
        rows, cols = s2.values.shape[2] - 2 * HALO, s2.values.shape[3] - 2 * HALO
        values = s2.values.new_zeros((len(targets), self.dims, rows * cols))
        validity = torch.zeros((len(targets), rows * cols), dtype=torch.bool, device=values.device)
        for number, target in enumerate(targets.tolist()):
            for pixels, windows in _windows_at(s1, s2, target):
                values[number][:, pixels] = self._encode_pair(windows).T.to(values)
                validity[number, pixels] = True
        return Embeddings(values.reshape(*values.shape[:2], rows, cols), validity.reshape(-1, rows, cols))

    def encode_windows(
        self, s1_windows: Tensor, s2_windows: Tensor, s1_gaps: Tensor, s2_gaps: Tensor, separation: Tensor
    ) -> Tensor:
        """Embeddings [window, 7] of windows [window, 11, band, 15, 15] in model units, nothing missing.

        Gaps [window, 10] and `separation` [window] (between the centre frames) are int64 days. Any number
        of windows; they are taken in batches."""
        parts = (torch.split(t, BATCH) for t in (s1_windows, s2_windows, s1_gaps, s2_gaps, separation))
        with torch.inference_mode(), _evaluating(self):
            device = next(self.parameters()).device
            batches = ([t.to(device) for t in batch] for batch in zip(*parts, strict=True))
            return torch.cat(
                [self.fusion.encode(b[0], b[1], {"s1": b[2], "s2": b[3]}, b[4]) for b in batches]
            )

    def bytes_per_pixel(self, frames: Mapping[str, int], targets: int) -> float:
        """Peak working memory of `embed` per tile pixel, in bytes."""
        # values (4) and validity (1), once as given and once as the part within reach of a target;
        # backscatter some four times more while it is smoothed; int64 frame order per S2 frame
        s1 = frames.get("s1", 0) * len(SENTINEL1.bands) * (2 * 5 + 4 * 4)
        s2 = frames.get("s2", 0) * (len(SENTINEL2.bands) * 2 * 5 + 2 * 8)
        return s1 + s2 + targets * (4 * self.dims + 1) + BATCH_BYTES / SMALLEST_TILE

    def _encode_pair(self, windows: PairedWindows) -> Tensor:
        gaps = windows.gaps
        return self.encode_windows(
            windows.s1.values, windows.s2.values, gaps["s1"], gaps["s2"], windows.separation
        )


def paired_windows(s1: Observations, s2: Observations, frames: Tensor, pixels: Tensor) -> PairedWindows:
    """Windows of S2 frames [window, 11] and, for each frame, the nearest S1 acquisition of that pixel.

    `s1` is smoothed already; every pixel of `pixels` [window] has an S1 acquisition."""
    nearest, _ = nearest_frames(s1.days, usable_pixels(s1)[:, pixels], s2.days[frames])
    return PairedWindows(cut(s1, nearest, pixels), cut(s2, frames, pixels))


def _windows_at(s1: Observations, s2: Observations, target: float) -> Iterator[tuple[Tensor, PairedWindows]]:
    """Batches of pixel indices and their windows around one target date."""
    s1, s2 = (within_reach(o, target, LONGEST_DAYS) for o in (s1, s2))
    same_day = (s2.days.floor() == int(target // 1)).nonzero()[:, 0]
    if not len(same_day) or not len(s1.days):
        return
    centre = int(same_day[(s2.days[same_day] - target).abs().argmin()])
    s1 = smooth_backscatter(s1)
    frames, pixels = frames_around(usable_pixels(s2), centre)
    possible = fits_in_time(s2.days[frames]) & usable_pixels(s1).any(0)[pixels]
    for some in torch.split(possible.nonzero()[:, 0], BATCH):
        windows = paired_windows(s1, s2, frames[some], pixels[some])
        good = windows.usable
        if good.any():
            yield pixels[some][good], _selected(windows, good)


def _selected(windows: PairedWindows, good: Tensor) -> PairedWindows:
    s1, s2 = (Windows(w.values[good], w.validity[good], w.dates[good]) for w in (windows.s1, windows.s2))
    return PairedWindows(s1, s2)


def _both_sensors(
    observations: Mapping[str, Observations], past_only: bool
) -> tuple[Observations, Observations]:
    if past_only:
        raise InputError(
            "the published model needs acquisitions after the target date",
            value="past_only",
            remedy="use the `dense` family, or embed with later acquisitions too",
        )
    for name, label in (("s1", "Sentinel-1"), ("s2", "Sentinel-2")):
        if name not in observations:
            raise InputError(
                f"the published model needs {label}",
                value=f"given: {', '.join(observations) or 'nothing'}",
                remedy=f"add {label} acquisitions, or use the `dense` family, which works without",
            )
    return observations["s1"], observations["s2"]


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Dropout off inside; afterwards every part is in its own mode again."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
