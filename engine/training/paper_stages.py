"""The two training stages of the published model, with the published numbers as defaults."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn

from ..errors import CheckpointError, InputError
from ..representation.losses import FUSION_LOSSES, STAGE1_LOSSES, centre_error
from ..representation.paper import PairedWindows
from ..representation.paper_autoencoder import PaperAutoencoder
from ..representation.paper_fusion import PaperFusion
from ..representation.paper_windows import Windows
from .paper_sampling import Place, draw_pairs, draw_windows


@dataclass(frozen=True)
class PaperTraining:
    """How the published model is trained; the defaults are stage 1 as published, except where noted."""

    learning_rate: float = 1e-4
    weight_decay: float = 1.5e-4
    clip: float = 1.0
    """Largest norm of the gradient."""
    batch: int = 16
    warmup_steps: int = 35_000
    warmup_start: float = 1e-3
    """Share of the learning rate at the first step; it grows linearly."""
    plateau_factor: float = 0.35
    plateau_patience: int = 5
    """Evaluations without a better centre MAE before the learning rate falls."""
    stop_patience: int = 16
    """Evaluations without a better centre MAE before training stops."""
    steps: int = 500_000
    """Ours: the publication names no end but the early stop."""
    evaluate_every: int = 1_000
    """Ours: steps between evaluations; the publication evaluates once an epoch of its own data."""
    held_out_windows: int = 256
    """Ours: windows that an evaluation looks at, always the same ones."""
    seed: int = 0

    def __post_init__(self) -> None:
        may_be_zero = ("weight_decay", "warmup_steps", "plateau_patience", "seed")
        given = asdict(self)
        bad = [n for n, number in given.items() if number < 0 or (number == 0 and n not in may_be_zero)]
        if bad:
            raise InputError(
                "the training has impossible settings",
                value=", ".join(f"{n} {given[n]}" for n in bad),
                remedy="give positive numbers",
            )

    def rate(self, step: int, scale: float) -> float:
        """Learning rate at a step (from 0), with what plateaus left of it."""
        grown = min(1.0, step / self.warmup_steps) if self.warmup_steps else 1.0
        return self.learning_rate * scale * (self.warmup_start + (1 - self.warmup_start) * grown)


STAGE1 = PaperTraining()
FUSION = PaperTraining(warmup_steps=30_000, plateau_factor=0.3, plateau_patience=9)


class AutoencoderStage:
    """Stage 1: one sensor's autoencoder learns to reconstruct its windows."""

    def __init__(
        self, sensor: str, model: PaperAutoencoder, training: Sequence[Place], held_out: Sequence[Place]
    ) -> None:
        _refuse_batch_attention(model.config.attention_over)
        _check_places(training, held_out, [sensor])
        self.name = f"stage 1, {sensor}"
        self.model = model
        self.sensor = sensor
        self._places = {False: training, True: held_out}
        self._loss = STAGE1_LOSSES[sensor]

    def draw(self, count: int, rng: np.random.Generator, *, held_out: bool = False) -> Windows:
        return draw_windows(self._places[held_out], self.sensor, count, rng)

    def loss(self, batch: Windows) -> Tensor:
        return self._loss(self.model(batch.values, batch.gaps), batch.values, batch.validity)

    def centre_errors(self, batch: Windows) -> list[tuple[Tensor, Tensor]]:
        return [centre_error(self.model(batch.values, batch.gaps), batch.values, batch.validity)]

    def train_mode(self) -> None:
        self.model.train()


class FusionStage:
    """Stage 2: the fusion learns to pass both sensors through one embedding.

    Frozen parts stay equal bit for bit, and their dropout is off. An encoder shares its time table and
    transformer with its decoder: freezing either freezes those."""

    def __init__(
        self,
        model: PaperFusion,
        training: Sequence[Place],
        held_out: Sequence[Place],
        *,
        freeze_encoders: bool = True,
        freeze_decoders: bool = True,
    ) -> None:
        _refuse_batch_attention(model.config.attention_over)
        _check_places(training, held_out, ["s1", "s2"])
        self.name = "stage 2, fusion"
        self.model = model
        self._places = {False: training, True: held_out}
        encoders: list[nn.Module] = [model.enc_s1, model.enc_s2] if freeze_encoders else []
        decoders: list[nn.Module] = [model.dec_s1, model.dec_s2] if freeze_decoders else []
        self._frozen = encoders + decoders
        for part in self._frozen:
            part.requires_grad_(False)

    def draw(self, count: int, rng: np.random.Generator, *, held_out: bool = False) -> PairedWindows:
        return draw_pairs(self._places[held_out], count, rng)

    def loss(self, batch: PairedWindows) -> Tensor:
        out = self._reconstruct(batch)
        losses = [
            FUSION_LOSSES[sensor](out[sensor], windows.values, windows.validity)
            for sensor, windows in (("s1", batch.s1), ("s2", batch.s2))
        ]
        return (losses[0] + losses[1]) / 2

    def centre_errors(self, batch: PairedWindows) -> list[tuple[Tensor, Tensor]]:
        out = self._reconstruct(batch)
        return [
            centre_error(out[sensor], windows.values, windows.validity)
            for sensor, windows in (("s1", batch.s1), ("s2", batch.s2))
        ]

    def train_mode(self) -> None:
        self.model.train()
        for part in self._frozen:
            part.eval()

    def _reconstruct(self, batch: PairedWindows) -> dict[str, Tensor]:
        out: dict[str, Tensor] = self.model(batch.s1.values, batch.s2.values, batch.gaps, batch.separation)
        return out


def _refuse_batch_attention(attention_over: str) -> None:
    if attention_over != "time":
        raise CheckpointError(
            "a published checkpoint attends over the batch and can't be trained on",
            value=f"attention_over={attention_over!r}",
            remedy="train from the start, over time",
        )


def _check_places(training: Sequence[Place], held_out: Sequence[Place], sensors: Sequence[str]) -> None:
    """Both splits need places, no place is in both, and each has the sensors."""
    shared = [place for place in training if any(place is other for other in held_out)]
    if not training or not held_out or shared:
        raise InputError(
            "training and held-out places must be given and differ",
            value=f"{len(training)} and {len(held_out)}, {len(shared)} in both",
            remedy="split by place, never by sample",
        )
    lacking: list[Any] = [sorted(p) for p in (*training, *held_out) if not set(sensors) <= set(p)]
    if lacking:
        raise InputError(
            f"a training place lacks {' or '.join(sensors)}",
            value=f"a place has {lacking[0]}",
            remedy="leave it out, or add its acquisitions",
        )
