"""Where a probe knows what it sees: how far a pixel lies from the training samples, in feature space.

Dissimilarity index and area of applicability after Meyer & Pebesma 2021, Methods in Ecology and Evolution 12,
1620-1633, doi:10.1111/2041-210X.13650.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ..errors import ProbeError
from ..probes.estimators import Standardiser
from ..probes.probe import Attachment
from ..probes.table import Floats

Ids = npt.NDArray[np.int64]

REFERENCES = 3_000
"""Training samples that are kept: a million pixels are compared with them within seconds."""
PAIRS = 2_000
"""Samples whose mean distance from each other is the unit of dissimilarity."""
CHUNK = 1_024
"""Pixels compared at a time, so that the distances stay in the processor's cache."""


@dataclass(frozen=True)
class ApplicabilitySettings:
    """How the training samples are represented."""

    references: int = REFERENCES
    """Most samples kept; more are thinned so that none is far from a kept one."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.references < 2:
            raise ProbeError("applicability needs at least two reference samples", value=self.references)


@dataclass(frozen=True, eq=False)
class Applicability:
    """The dissimilarity of features to those of the training samples, and the one beyond which nothing is known."""

    standard: Standardiser
    weights: Floats
    """[feature] importance, mean 1."""
    references: Floats
    """[reference, feature] standardised and weighted."""
    unit: float
    """Mean distance between training samples."""
    threshold: float
    """Largest dissimilarity that isn't an outlier among training samples of other groups."""
    samples: int
    """Training samples behind it."""
    gap: float
    """Largest dissimilarity of a training sample to its nearest kept one: by no more can thinning overstate."""

    def __call__(self, features: Floats) -> Floats:
        """[n, feature] → [n] dissimilarity, 0 = like a training sample, 1 = as far as these from each other.

        Missing features (NaN) are left out of the comparison; where all are missing it is NaN."""
        return (_nearest(self._place(features), self.references) / self.unit).astype(np.float32)

    def inside(self, features: Floats) -> npt.NDArray[np.bool_]:
        """[n] whether a pixel lies within the area of applicability."""
        return np.asarray(self(features) <= self.threshold)

    def _place(self, features: Floats) -> Floats:
        return _placed(features, self.standard, self.weights)

    def to_attachment(self) -> Attachment:
        about = {"unit": self.unit, "threshold": self.threshold, "samples": self.samples, "gap": self.gap}
        arrays: dict[str, npt.NDArray[Any]] = {
            **self.standard.arrays,
            "weights": self.weights,
            "references": self.references,
        }
        return Attachment(about, arrays)

    @classmethod
    def from_attachment(cls, stored: Attachment) -> Self:
        arrays, about = stored.arrays, stored.settings
        standard = Standardiser(arrays["mean"], arrays["scale"])
        return cls(standard, arrays["weights"], arrays["references"], **about)


def fit_applicability(
    features: Floats,
    group: npt.NDArray[Any],
    *,
    weights: npt.ArrayLike | None = None,
    settings: ApplicabilitySettings | None = None,
) -> Applicability:
    """Learn what the training samples look like.

    `features` [sample, feature] as the probe sees them; `group` [sample] polygon, block or site: the threshold
    comes from distances to samples of other groups, as in cross-validation; `weights` [feature] importance for
    the probe, all alike by default. `ProbeError` where there are fewer than two groups or no variation."""
    settings = settings or ApplicabilitySettings()
    rng = np.random.default_rng(settings.seed)
    member = np.unique(group, return_inverse=True)[1].reshape(-1)
    if len(features) != len(member) or len(np.unique(member)) < 2:
        raise ProbeError(
            "applicability needs samples of at least two groups",
            value=f"{len(features)} samples, {len(np.unique(member))} groups",
            remedy="label several polygons, blocks or sites",
        )
    importance = _importance(weights, features.shape[1])
    standard = Standardiser.fit(features)
    places = _placed(features, standard, importance)
    unit = _mean_distance(places[rng.permutation(len(places))[:PAIRS]])
    if unit <= 0:
        raise ProbeError("all samples have the same features", value=f"{len(features)} samples")
    kept, gap = _thinned(places, settings.references, rng)
    apart = _to_other_groups(places, member, kept) / unit
    return Applicability(
        standard,
        importance,
        np.nan_to_num(places[kept]),
        unit,
        _upper_whisker(apart[np.isfinite(apart)]),
        len(features),
        float(gap / unit),
    )


def _importance(weights: npt.ArrayLike | None, features: int) -> Floats:
    given = np.ones(features) if weights is None else np.asarray(weights, np.float64)
    if given.shape != (features,) or not np.isfinite(given).all() or (given < 0).any() or not given.any():
        raise ProbeError(
            "the importances don't fit the features",
            value=given.shape,
            remedy=f"give {features} of 0 or more",
        )
    return np.asarray(given / given.mean(), np.float32)


def _placed(features: Floats, standard: Standardiser, weights: Floats) -> Floats:
    """Standardised and weighted; NaN where missing."""
    placed = (features.astype(np.float32) - standard.mean) / standard.scale * weights
    return np.where(np.isfinite(placed), placed, np.float32(np.nan))


def _nearest(places: Floats, references: Floats) -> Floats:
    """[n] distance to the nearest reference, pixels with missing features by those that they have."""
    whole = np.isfinite(places).all(axis=1)
    out = np.full(len(places), np.nan, np.float32)
    # |x - r|² = |x|² + (|r|² - 2 x·r): one matrix product, whose smallest entry per row is all that is kept
    against = np.concatenate([-2 * references.T, (references**2).sum(axis=1)[None]]).astype(np.float32)
    ones = np.ones((CHUNK, 1), np.float32)
    rows = np.flatnonzero(whole)
    for part in (rows[i : i + CHUNK] for i in range(0, len(rows), CHUNK)):
        x = places[part]
        closest = (np.concatenate([x, ones[: len(x)]], axis=1) @ against).min(axis=1)
        out[part] = np.sqrt(np.maximum(closest + np.einsum("nf,nf->n", x, x), 0))
    if not whole.all():
        out[~whole] = _nearest_of_gappy(places[~whole], references)
    return out


def _nearest_of_gappy(places: Floats, references: Floats) -> Floats:
    """As `_nearest` over the features that are there, scaled up to the number of all."""
    out = np.full(len(places), np.nan, np.float32)
    squares = (references**2).T
    for start in range(0, len(places), CHUNK):
        part = places[start : start + CHUNK]
        seen = np.isfinite(part).astype(np.float32)
        x = np.nan_to_num(part)
        there = seen.sum(axis=1)
        distance = (seen @ squares - 2 * x @ references.T).min(axis=1) + np.einsum("nf,nf->n", x, x)
        with np.errstate(divide="ignore", invalid="ignore"):  # nothing there: 0 / 0 = NaN, as promised
            scaled = np.maximum(distance, 0) * (part.shape[1] / there)
        out[start : start + CHUNK] = np.sqrt(np.where(there > 0, scaled, np.nan))
    return out


def _mean_distance(places: Floats) -> float:
    """Mean distance over all pairs, gaps filled with the mean of the samples."""
    from scipy.spatial.distance import pdist  # noqa: PLC0415 - heavy

    return float(pdist(np.nan_to_num(places)).mean())


def _thinned(places: Floats, most: int, rng: np.random.Generator) -> tuple[Ids, float]:
    """Rows to keep, each next one the farthest from those before, and the largest distance of one left out."""
    if len(places) <= most:
        return np.arange(len(places)), 0.0
    filled = np.nan_to_num(places)
    kept = np.empty(most, np.int64)
    kept[0] = rng.integers(len(filled))
    nearest = np.full(len(filled), np.inf, np.float32)
    size = np.einsum("nf,nf->n", filled, filled)
    for number in range(most):
        if number:
            kept[number] = int(nearest.argmax())
        place = filled[kept[number]]
        np.minimum(nearest, size - 2 * filled @ place + place @ place, out=nearest)
    return np.sort(kept), float(np.sqrt(max(nearest.max(), 0.0)))


def _to_other_groups(places: Floats, member: Ids, kept: Ids) -> Floats:
    """[sample] distance to the nearest kept sample of another group."""
    out = np.full(len(places), np.nan, np.float32)
    references, owner = np.nan_to_num(places[kept]), member[kept]
    for group in np.unique(member):
        others = references[owner != group]
        mine = member == group
        if len(others):
            out[mine] = _nearest(places[mine], others)
    return out


def _upper_whisker(values: Floats) -> float:
    """The largest value within 1.5 interquartile ranges above the upper quartile, as a box plot draws it."""
    lower, upper = np.quantile(values, (0.25, 0.75))
    return float(values[values <= upper + 1.5 * (upper - lower)].max())
