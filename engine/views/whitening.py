"""Whitened embeddings: the coordinates in which distances between embeddings are taken.

Embeddings are not unit-norm and their dimensions are correlated and of unlike spread: whitening gives every
principal direction of a sample unit variance (the Mahalanobis distance), so that the few strong directions do
not decide alone. Directions that hold little more than noise would count as much as the others: their
variances are raised to a floor first (a regularised covariance).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .colour import Floats, principal_components

FLOOR = 0.5
"""Of the mean variance: what a direction's variance is raised to, at least."""


@dataclass(frozen=True, eq=False)
class Whitening:
    """Mean and matrix of one sample; distances are Euclidean in the result."""

    mean: npt.NDArray[np.float32]
    """[dim]"""
    matrix: npt.NDArray[np.float32]
    """[component, dim], components by falling variance."""
    explained: tuple[float, ...]
    """Share of the sample's variance that each component holds."""

    @classmethod
    def fit(cls, sample: Floats, floor: float = FLOOR) -> Self:
        """Fit on a sample [pixel, dim]; `InputError` where it holds fewer than two pixels."""
        if len(sample) < 2:
            raise InputError(
                "too few valid embeddings to measure distances",
                value=len(sample),
                remedy="choose dates or an area with valid embeddings",
            )
        sample = sample.astype(np.float64)
        mean = sample.mean(axis=0)
        components, explained = principal_components(sample - mean, count=sample.shape[1])
        shares = np.maximum(np.array(explained), 0.0)
        variances = shares * float(sample.var(axis=0, ddof=1).sum())
        least = max(floor * float(variances.mean()), float(np.finfo(np.float32).tiny))
        scale = 1 / np.sqrt(np.maximum(variances, least))
        matrix = components * scale[:, None]
        return cls(mean.astype(np.float32), matrix.astype(np.float32), explained)

    @property
    def dims(self) -> int:
        return len(self.mean)

    def __call__(self, values: Floats) -> npt.NDArray[np.float32]:
        """[pixel, dim] → [pixel, component]"""
        whitened = (values.astype(np.float32) - self.mean) @ self.matrix.T
        return whitened.astype(np.float32, copy=False)

    def map(self, values: Floats) -> npt.NDArray[np.float32]:
        """[dim, …] → [component, …]"""
        flat = values.reshape(len(values), -1).astype(np.float32) - self.mean[:, None]
        return (self.matrix @ flat).astype(np.float32, copy=False).reshape(-1, *values.shape[1:])
