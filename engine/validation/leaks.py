"""Leaks: what the training samples of a fold already know of the held-out ones, counted per scheme.

A score is honest about a question only as far as the held-out samples are new in the sense of the question:
Kapoor & Narayanan 2023, Patterns 4, 100804, doi:10.1016/j.patter.2023.100804.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..probes.table import SampleTable
from .folds import Fold, Scheme
from .samples import CONTEXT_METRES, place_of, shares_window

Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
LOOKED_AT = 4000
"""Held-out samples looked at per fold, drawn evenly."""
KINDS = {
    "polygon": "the same polygon is trained on",
    "site": "the same site is trained on",
    "window": "a training window of the same place overlaps in time",
    "context": "a training sample lies within the model's context",
}
BY_DESIGN = {"year": ("site", "polygon", "context")}
"""What a scheme's own question allows: another year at known places."""


@dataclass(frozen=True)
class Leak:
    """How many held-out samples share something with the training samples of their fold."""

    scheme: str
    kind: str
    """Of `KINDS`."""
    samples: int
    looked_at: int
    by_design: bool

    @property
    def share(self) -> float:
        return self.samples / self.looked_at if self.looked_at else 0.0

    def __str__(self) -> str:
        wanted = " (the question of this scheme)" if self.by_design else ""
        return f"{KINDS[self.kind]}: {self.samples:,} of {self.looked_at:,} held-out samples{wanted}"

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "meaning": KINDS[self.kind]}


def find_leaks(
    table: SampleTable, schemes: Iterable[Scheme], context_metres: float = CONTEXT_METRES
) -> tuple[Leak, ...]:
    """All leaks of each scheme that the keys, spans and positions of the samples can show, those of 0 included.

    `context_metres`: closer than this the windows of two samples overlap (15 × 15 px of 10 m)."""
    return tuple(leak for scheme in schemes for leak in _of_scheme(table, scheme, context_metres))


def _of_scheme(table: SampleTable, scheme: Scheme, metres: float) -> list[Leak]:
    counts: dict[str, int] = {}
    looked_at = 0
    for number, fold in enumerate(scheme.folds):
        few = _drawn(fold, number)
        looked_at += len(few.test)
        for kind, mask in _of_fold(table, few, metres).items():
            counts[kind] = counts.get(kind, 0) + int(mask.sum())
    allowed = BY_DESIGN.get(scheme.name, ())
    return [Leak(scheme.name, kind, count, looked_at, kind in allowed) for kind, count in counts.items()]


def _drawn(fold: Fold, seed: int) -> Fold:
    if len(fold.test) <= LOOKED_AT:
        return fold
    drawn = np.random.default_rng(seed).choice(fold.test, LOOKED_AT, replace=False)
    return Fold(fold.name, fold.train, np.sort(drawn))


def _of_fold(table: SampleTable, fold: Fold, metres: float) -> dict[str, Mask]:
    """[held-out sample] by kind; kinds that the samples can't show are absent."""
    found: dict[str, Mask] = {
        kind: np.isin(table.keys[kind][fold.test], table.keys[kind][fold.train])
        for kind in ("polygon", "site")
        if kind in table.keys
    }
    place = place_of(table)
    if table.span is not None and place is not None:
        found["window"] = shares_window(place, table.span, rows=fold.test, others=fold.train)
    if table.position is not None:
        found["context"] = _near(table.position, fold, metres)
    return found


def _near(position: npt.NDArray[np.float64], fold: Fold, metres: float) -> Mask:
    from scipy.spatial import cKDTree  # noqa: PLC0415 - heavy

    nearest, _ = cKDTree(position[fold.train]).query(position[fold.test], distance_upper_bound=metres)
    near: Mask = np.isfinite(nearest)
    return near
