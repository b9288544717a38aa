"""What every model family offers, and what it is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import torch
from torch import Tensor

from ..acquisitions.cube import Cube
from ..acquisitions.modality import Modality

ORBIT_SIGN = {"ascending": 1.0, "descending": -1.0, None: 0.0}


@dataclass(frozen=True, eq=False)
class Observations:
    """What a model sees of one modality on one tile."""

    values: Tensor
    """[frame, band, y, x] float32 in model units (`Modality.offset`, `.scale`); 0 where not valid."""
    validity: Tensor
    """[frame, band, y, x] bool."""
    days: Tensor
    """[frame] float64, days since 1970-01-01, ascending."""
    orbit: Tensor
    """[frame] float32: +1 ascending, −1 descending, 0 not known."""

    @classmethod
    def from_cube(cls, cube: Cube) -> Self:
        modality = cube.modality
        clipped = np.clip(cube.values, *modality.valid_range)
        scaled = (clipped - modality.offset) / modality.scale
        values = np.where(cube.validity, scaled, 0).astype(np.float32)
        orbit = [ORBIT_SIGN[a.orbit_direction] for a in cube.acquisitions]
        return cls(
            torch.from_numpy(values),
            torch.from_numpy(cube.validity.copy()),
            torch.from_numpy(cube.days),
            torch.tensor(orbit, dtype=torch.float32),
        )

    def padded(self, pixels: int) -> "Observations":
        """Surrounded on all sides by pixels where nothing is valid."""
        around = (pixels,) * 4
        values, validity = (torch.nn.functional.pad(t, around) for t in (self.values, self.validity))
        return Observations(values, validity, self.days, self.orbit)

    def cut(self, rows: slice, cols: slice) -> "Observations":
        """A rectangle of pixels."""
        return Observations(
            self.values[..., rows, cols], self.validity[..., rows, cols], self.days, self.orbit
        )

    def to(self, device: torch.device | str) -> "Observations":
        return Observations(
            *(t.to(device, non_blocking=True) for t in (self.values, self.validity, self.days, self.orbit))
        )


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Embeddings of one tile."""

    values: Tensor
    """[target, dim, y, x] float32; 0 where not valid."""
    validity: Tensor
    """[target, y, x] bool: False where no modality had a valid frame in the window."""


class RepresentationModel(Protocol):
    """A two-stage model: per modality a self-supervised encoder, then a fusion; dense over a tile."""

    @property
    def family(self) -> str: ...

    @property
    def modalities(self) -> Mapping[str, Modality]: ...

    @property
    def dims(self) -> int: ...

    @property
    def halo(self) -> int:
        """Pixels on each side that the observations must carry beyond the tile that is embedded."""
        ...

    @property
    def reach_days(self) -> float:
        """Acquisitions farther than this from a target date are never used for it."""
        ...

    def embed(
        self, observations: Mapping[str, Observations], targets: Tensor, *, past_only: bool = False
    ) -> Embeddings:
        """Embed every pixel inside the halo at every target date ([target] float64, days since 1970-01-01).

        A modality may be absent from `observations` where the family allows it."""
        ...

    def bytes_per_pixel(self, frames: Mapping[str, int], targets: int) -> float:
        """Peak working memory of `embed` per tile pixel, in bytes: what tiles are planned by."""
        ...
