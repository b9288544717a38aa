"""Scores of predictions, each with its n and an interval from a bootstrap over groups rather than over samples.

Samples of one tower or polygon resemble each other, so that drawing samples would give intervals far too narrow;
whole groups are drawn instead. All scores come from sums per group, so that a thousand draws cost one product.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..classes import ClassTable

Array = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
DRAWS = 1000
LEAST_GROUPS = 5
"""Below so many groups there is no interval: a bootstrap over a handful of sites says nothing."""


@dataclass(frozen=True)
class Score:
    """A score with its 95 % interval (NaN where there are too few groups) and the number of samples."""

    value: float
    low: float
    high: float
    n: int

    def to_dict(self) -> dict[str, float | int | None]:
        found = {"value": self.value, "low": self.low, "high": self.high}
        return {**{k: v if np.isfinite(v) else None for k, v in found.items()}, "n": self.n}


Scores = Mapping[str, Score]

REGRESSION = ("r2", "r_squared", "rmse", "mae", "bias", "slope")
CLASSIFICATION = ("macro_f1", "accuracy", "kappa")
NAMES = {
    "r2": "R² (= NSE)",
    "r_squared": "squared correlation",
    "rmse": "RMSE",
    "mae": "MAE",
    "bias": "bias",
    "slope": "slope",
    "macro_f1": "macro-F1",
    "accuracy": "overall accuracy",
    "kappa": "kappa",
    "precision": "precision (user's accuracy)",
    "recall": "recall (producer's accuracy)",
    "f1": "F1",
}
MEANINGS = {
    "r2": "1 − squared errors / squared deviations of the reference from its mean; below 0, that mean would do better",
    "bias": "mean of predicted − reference",
    "slope": "of predicted on reference by least squares; below 1 = extremes are flattened",
    "macro_f1": "mean of the classes' F1, each class counting the same",
}


def draws_of(groups: Ids, seed: int = 0, draws: int = DRAWS) -> Array | None:
    """[draw, group] how often each group is drawn; None where they are too few for an interval."""
    count = int(groups.max()) + 1 if len(groups) else 0
    if count < LEAST_GROUPS:
        return None
    rng = np.random.default_rng(seed)
    return rng.multinomial(count, np.full(count, 1 / count), size=draws).astype(np.float64)


def compact(groups: npt.NDArray[Any]) -> Ids:
    """Group numbers from 0 without gaps."""
    return np.unique(groups, return_inverse=True)[1].reshape(-1)


def regression_scores(
    y: Array, predicted: Array, groups: npt.NDArray[Any], seed: int = 0
) -> dict[str, Score]:
    """`r2`, `r_squared`, `rmse`, `mae`, `bias`, `slope`; NaN where one isn't defined."""
    ids = compact(groups)
    sums = _moments(y, predicted, ids)
    return _scored(_regression, sums, draws_of(ids, seed), len(y))


def classification_scores(
    y: Ids, predicted: Ids, classes: ClassTable, groups: npt.NDArray[Any], seed: int = 0
) -> dict[str, Score]:
    """`macro_f1`, `accuracy`, `kappa` (Cohen 1960); classes in neither reference nor prediction don't count."""
    ids = compact(groups)
    matrices = confusions(y, predicted, classes, ids)
    return _scored(_classification, matrices, draws_of(ids, seed), len(y))


def class_scores(
    y: Ids, predicted: Ids, classes: ClassTable, groups: npt.NDArray[Any], seed: int = 0
) -> dict[int, dict[str, Score]]:
    """`precision`, `recall`, `f1` by class code; the n of each is that of its denominator."""
    ids = compact(groups)
    matrices = confusions(y, predicted, classes, ids)
    drawn = draws_of(ids, seed)
    total = matrices.sum(axis=0)
    found = _scored(_per_class, matrices, drawn, len(y))
    counts = {"precision": total.sum(axis=0), "recall": total.sum(axis=1), "f1": total.sum(axis=1)}
    return {
        code: {
            name: _with_n(found[f"{name} {k}"], int(counts[name][k]))
            for name in ("precision", "recall", "f1")
        }
        for k, code in enumerate(classes.codes)
    }


def confusions(y: Ids, predicted: Ids, classes: ClassTable, groups: Ids) -> Array:
    """[group, reference, predicted] counts, in the order of the class table."""
    codes, size = np.array(classes.codes), len(classes)
    rows, cols = np.searchsorted(codes, y), np.searchsorted(codes, predicted)
    count = int(groups.max()) + 1 if len(groups) else 1
    flat = np.bincount((groups * size + rows) * size + cols, minlength=count * size * size)
    return flat.reshape(count, size, size).astype(np.float64)


def confusion(y: Ids, predicted: Ids, classes: ClassTable) -> Ids:
    """[reference, predicted] counts: rows = reference, columns = predicted."""
    matrix: Ids = confusions(y, predicted, classes, np.zeros(len(y), np.int64))[0].astype(np.int64)
    return matrix


def difference(
    first: tuple[Array, Array],
    second: tuple[Array, Array],
    groups: npt.NDArray[Any],
    metric: str,
    seed: int = 0,
    classes: ClassTable | None = None,
) -> Score:
    """A metric of the first (y, predicted) minus that of the second, both over the same samples and the same draws."""
    ids = compact(groups)
    drawn = draws_of(ids, seed)
    values = []
    for y, predicted in (first, second):
        if classes is None:
            values.append(_drawn(_regression, _moments(y, predicted, ids), drawn)[metric])
        else:
            counted = confusions(y.astype(np.int64), predicted.astype(np.int64), classes, ids)
            values.append(_drawn(_classification, counted, drawn)[metric])
    return _score(values[0] - values[1], len(ids))


def _with_n(score: Score, n: int) -> Score:
    return Score(score.value, score.low, score.high, n)


def _scored(metrics: Any, sums: Array, drawn: Array | None, n: int) -> dict[str, Score]:
    return {name: _score(values, n) for name, values in _drawn(metrics, sums, drawn).items()}


def _drawn(metrics: Any, sums: Array, drawn: Array | None) -> dict[str, Array]:
    """Each metric of everything (first) and of each draw."""
    total = sums.sum(axis=0, keepdims=True)
    if drawn is not None:
        total = np.concatenate([total, np.tensordot(drawn, sums, axes=1)])
    with np.errstate(divide="ignore", invalid="ignore"):
        found: dict[str, Array] = metrics(total)
    return found


def _score(values: Array, n: int) -> Score:
    """From the value and its draws; draws in which a score isn't defined are passed over."""
    usable = values[1:][np.isfinite(values[1:])]
    low, high = np.percentile(usable, [2.5, 97.5]) if len(usable) >= DRAWS // 2 else (np.nan, np.nan)
    return Score(float(values[0]), float(low), float(high), n)


def _moments(y: Array, predicted: Array, groups: Ids) -> Array:
    """[group, 7] sums; both are centred first, as sums of squares of large values lose digits."""
    middle = float(np.mean(y)) if len(y) else 0.0
    a, b = y - middle, predicted - middle
    columns = (np.ones_like(a), a, b, a * a, b * b, a * b, np.abs(b - a))
    return np.stack([np.bincount(groups, weights=c) for c in columns], axis=1)


def _regression(sums: Array) -> dict[str, Array]:
    """Metrics from [draw, 7] sums."""
    n, a, b, aa, bb, ab, absolute = sums.T
    errors = np.maximum(aa - 2 * ab + bb, 0)
    var_a, var_b, covariance = aa - a * a / n, bb - b * b / n, ab - a * b / n
    smallest = 1e-12 * np.maximum(aa, 1)  # rounding of sums is no variance
    known = np.where(var_a > smallest, var_a, np.nan)
    return {
        "r2": 1 - errors / known,
        "r_squared": covariance**2 / (known * np.where(var_b > smallest, var_b, np.nan)),
        "rmse": np.sqrt(errors / n),
        "mae": absolute / n,
        "bias": (b - a) / n,
        "slope": covariance / known,
    }


def _classification(matrices: Array) -> dict[str, Array]:
    """Metrics from [draw, reference, predicted] counts."""
    n = matrices.sum(axis=(1, 2))
    hits = np.diagonal(matrices, axis1=1, axis2=2)
    reference, predicted = matrices.sum(axis=2), matrices.sum(axis=1)
    f1 = 2 * hits / (reference + predicted)  # NaN where a class is in neither
    # a class that a draw lacks keeps its F1 of all samples: it would count as missed, or not at all
    f1 = np.where(reference == 0, f1[0], f1)
    chance = (reference * predicted).sum(axis=1) / n**2
    agreement = hits.sum(axis=1) / n
    occurring = np.maximum((~np.isnan(f1)).sum(axis=1), 1)
    return {
        "macro_f1": np.nansum(f1, axis=1) / occurring,
        "accuracy": agreement,
        "kappa": (agreement - chance) / (1 - chance),
    }


def _per_class(matrices: Array) -> dict[str, Array]:
    hits = np.diagonal(matrices, axis1=1, axis2=2)
    reference, predicted = matrices.sum(axis=2), matrices.sum(axis=1)
    found = {
        "precision": hits / predicted,
        "recall": hits / reference,
        "f1": 2 * hits / (reference + predicted),
    }
    return {f"{name} {k}": values[:, k] for name, values in found.items() for k in range(hits.shape[1])}
