"""Sizes of the published model, and the one switch that its checkpoints need."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from ..acquisitions.modality import SENTINEL1, SENTINEL2
from ..errors import CheckpointError

FRAMES = 11
"""Acquisitions in a window."""
CENTRE_FRAME = 5
PATCH = 15
"""Pixels on each side of a window; the target is its centre pixel (7, 7)."""
HALO = PATCH // 2
LONGEST_DAYS = 200
"""Windows that span as many days or more are not embedded: the time table ends here."""
LARGEST_SEPARATION = 350
"""Days between the sensors' centre frames that the fusion's position table can tell."""


@dataclass(frozen=True)
class AutoencoderConfig:
    """Sizes of one sensor's autoencoder; the rest of its architecture is fixed by the publication."""

    bands: int
    latent: int
    """Width b of the stage-1 bottleneck."""
    slots: int
    """Steps k to which the bottleneck condenses the 11 frames."""
    attention_over: str = "time"
    """`time`; `batch` only for a published checkpoint, which was trained with the axes swapped."""
    imported_from: str | None = None
    """SHA-256 of the published file that the weights came from."""

    def __post_init__(self) -> None:
        if min(self.bands, self.latent, self.slots) < 1 or self.slots > FRAMES:
            raise CheckpointError(
                "an autoencoder has impossible sizes",
                value=f"bands {self.bands}, latent {self.latent}, slots {self.slots}",
                remedy=f"all are at least 1, and slots at most {FRAMES}",
            )
        self._check_attention()

    def _check_attention(self) -> None:
        if self.attention_over not in ("time", "batch"):
            raise CheckpointError(
                "attention runs over an unknown axis", value=self.attention_over, remedy="use 'time'"
            )
        if self.attention_over == "batch" and self.imported_from is None:
            raise CheckpointError(
                "attention over the batch makes an embedding depend on its neighbours in the batch",
                value="attention_over='batch'",
                remedy="use 'time'; only the import of a published checkpoint may set 'batch'",
            )


S1_AUTOENCODER = AutoencoderConfig(bands=len(SENTINEL1.bands), latent=2, slots=7)
S2_AUTOENCODER = AutoencoderConfig(bands=len(SENTINEL2.bands), latent=9, slots=6)


@dataclass(frozen=True)
class PaperConfig:
    """The published model: two autoencoders and a fusion (arXiv 2511.11706)."""

    s1: AutoencoderConfig = field(default=S1_AUTOENCODER)
    s2: AutoencoderConfig = field(default=S2_AUTOENCODER)
    embedding: int = 7

    def __post_init__(self) -> None:
        if self.embedding < 1:
            raise CheckpointError("an embedding needs dimensions", value=self.embedding, remedy="use 7")
        if (self.s1.bands, self.s2.bands) != (S1_AUTOENCODER.bands, S2_AUTOENCODER.bands):
            raise CheckpointError(
                "the published model takes two Sentinel-1 and ten Sentinel-2 bands",
                value=f"s1 {self.s1.bands}, s2 {self.s2.bands}",
                remedy="give each sensor's own autoencoder",
            )
        if self.s1.attention_over != self.s2.attention_over:
            raise CheckpointError(
                "the two encoders attend over different axes",
                value=f"s1 {self.s1.attention_over}, s2 {self.s2.attention_over}",
                remedy="use 'time' for both",
            )

    @property
    def attention_over(self) -> str:
        return self.s1.attention_over

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`; `CheckpointError` names keys that don't belong or are absent."""
        _check_keys(cls, stored)
        for sensor in ("s1", "s2"):
            _check_keys(AutoencoderConfig, stored[sensor])
        return cls(AutoencoderConfig(**stored["s1"]), AutoencoderConfig(**stored["s2"]), stored["embedding"])


def _check_keys(kind: type[PaperConfig | AutoencoderConfig], stored: Mapping[str, Any]) -> None:
    odd = {f.name for f in fields(kind)} ^ set(stored)
    if odd:
        raise CheckpointError(
            f"the stored {kind.__name__} has other keys than this version",
            value=", ".join(sorted(odd)),
            remedy="use the version of Phenolens that wrote it",
        )
