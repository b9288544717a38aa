"""Configuration of a dense model: every number that its weights depend on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from ..acquisitions.modality import SENTINEL1, SENTINEL2, Modality
from ..errors import CheckpointError

HALO = 7  # 15 × 15 px receptive field, as in the publication


@dataclass(frozen=True)
class ModalityConfig:
    """One modality of a dense model: a third sensor is one more of these."""

    modality: Modality
    width: int
    """Channels of the frame encoder."""
    latent: int
    """Size of the stage-1 bottleneck; at least the number of bands, so that it can hold the prior."""
    mean: tuple[float, ...]
    """Mean of each band in model units over the training data, and …"""
    spread: tuple[float, ...]
    """… standard deviation: the encoder and the losses work in these standardised units."""

    def __post_init__(self) -> None:
        bands = len(self.modality.bands)
        if not len(self.mean) == len(self.spread) == bands:
            raise CheckpointError(
                f"{self.modality.name} needs one mean and one spread a band",
                value=f"{len(self.mean)} means, {len(self.spread)} spreads, {bands} bands",
            )
        if self.latent < bands:
            raise CheckpointError(
                f"the latent of {self.modality.name} is smaller than its number of bands",
                value=f"{self.latent} < {bands}",
                remedy="enlarge `latent`",
            )


S2_DEFAULT = ModalityConfig(
    SENTINEL2,
    width=48,
    latent=24,
    mean=(0.052, 0.078, 0.081, 0.125, 0.222, 0.260, 0.272, 0.284, 0.215, 0.141),
    spread=(0.040, 0.042, 0.056, 0.058, 0.084, 0.103, 0.111, 0.111, 0.090, 0.082),
)
S1_DEFAULT = ModalityConfig(SENTINEL1, width=32, latent=8, mean=(0.54, 0.36), spread=(0.10, 0.11))


@dataclass(frozen=True)
class DenseConfig:
    """Sizes and reach of a dense model."""

    modalities: tuple[ModalityConfig, ...] = (S1_DEFAULT, S2_DEFAULT)
    heads: int = 8
    """Learned time kernels per modality."""
    reach_days: float = 90.0
    """Acquisitions farther than this from a target date are not used for it."""
    head_width: int = 128
    """Hidden width of the per-pixel perceptrons (latent head, decoder, fusion)."""
    dims: int = 32
    prefixes: tuple[int, ...] = field(default=(7, 16, 32))
    """Leading dimensions that stand alone; 7 is the published size."""

    family = "dense"

    def __post_init__(self) -> None:
        if max(self.prefixes) != self.dims or min(self.prefixes) < 1:
            raise CheckpointError(
                "the largest prefix must be the embedding size", value=f"{self.prefixes}, {self.dims} dims"
            )
        for entry in self.modalities:
            if entry.width % self.heads:
                raise CheckpointError(
                    f"the width of {entry.modality.name} doesn't divide among the heads",
                    value=f"{entry.width} channels, {self.heads} heads",
                )

    @property
    def stored_dims(self) -> int:
        """Leading dimensions that a store keeps unless asked otherwise.

        The smallest that costs a linear probe less than 1 % of its score against 32 (the model card's E3, E4)."""
        return min(16, self.dims)

    def bytes_per_pixel(self, frames: Mapping[str, int], targets: int) -> float:
        """Peak working memory per tile pixel; frames are counted with all that is kept per frame."""
        total = targets * (self.dims * 2 * 4.0 + 1)
        for entry in self.modalities:
            bands = len(entry.modality.bands)
            # weighted values and weights twice (once while they are put together), bands as read, standardised
            # and with their neighbours' indices
            kept = 2 * 4 * (entry.width + self.heads) + bands * (3 * 4 + 2 + 2 * 2)
            total += frames.get(entry.modality.name, 0) * kept
        return total

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        entries = tuple(
            ModalityConfig(**_with_tuples(entry) | {"modality": Modality(**_with_tuples(entry["modality"]))})
            for entry in stored["modalities"]
        )
        rest = {k: v for k, v in stored.items() if k not in ("modalities", "prefixes")}
        return cls(modalities=entries, prefixes=tuple(stored["prefixes"]), **rest)


def _with_tuples(stored: dict[str, Any]) -> dict[str, Any]:
    """JSON knows lists only; the configuration is made of tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()}
