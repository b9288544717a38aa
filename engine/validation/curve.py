"""Learning curve: what fewer labels or towers would have given, under the honest scheme."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..probes.table import SampleTable
from ..progress import CancelToken
from .fits import Fit
from .folds import Fold, FoldSettings, Scheme, make_scheme
from .scores import classification_scores, regression_scores

Ids = npt.NDArray[np.int64]
DRAWS = 3
FEW_SITES = 8
"""As few are held out one by one, as they are for the scores: the end of the curve is the score then."""
PER_CLASS = (5, 10, 20, 50, 100, 200, 500)
GROUPS = (2, 4, 8, 16, 32, 64)
SAMPLES = (20, 50, 100, 200, 500, 1000, 2000)


@dataclass(frozen=True)
class CurvePoint:
    """The score that some amount of training gives."""

    method: str
    scheme: str
    unit: str
    """What `amount` counts: samples per class, sites, samples."""
    amount: int
    """Largest amount any fold trained on; the last point is all that there is."""
    score: float
    """Mean over draws of `macro_f1` or `r2`."""
    spread: float
    """Standard deviation over draws."""
    samples: int
    """Training samples per fold, on average."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def learning_curve(
    table: SampleTable,
    method: str,
    fit: Fit,
    scheme: str,
    settings: FoldSettings,
    cancel: CancelToken | None = None,
) -> tuple[CurvePoint, ...]:
    """Scores for growing amounts of training, drawn at random within each fold's training samples.

    More than `FEW_SITES` are held out in `settings.folds` groups here, so that this stays quick."""
    folds = make_scheme(table, scheme, replace(settings, single_sites=min(FEW_SITES, settings.single_sites)))
    unit, amounts = _amounts(table, folds)
    points = []
    for amount in amounts:
        if cancel:
            cancel.check()
        draws = DRAWS if amount < amounts[-1] else 1  # of all that there is, every draw is the same
        points.append(_point(table, method, fit, folds, unit, amount, draws, settings.seed))
    return tuple(points)


def _amounts(table: SampleTable, scheme: Scheme) -> tuple[str, tuple[int, ...]]:
    if table.response.task == "classification":
        largest = max(int(np.unique(table.y[f.train], return_counts=True)[1].max()) for f in scheme.folds)
        return "samples per class", (*(a for a in PER_CLASS if a < largest), largest)
    if "site" in table.keys:
        largest = max(len(np.unique(table.keys["site"][f.train])) for f in scheme.folds)
        return "sites", (*(a for a in GROUPS if a < largest), largest)
    largest = max(len(f.train) for f in scheme.folds)
    return "samples", (*(a for a in SAMPLES if a < largest), largest)


def _point(
    table: SampleTable,
    method: str,
    fit: Fit,
    scheme: Scheme,
    unit: str,
    amount: int,
    draws: int,
    seed: int,
) -> CurvePoint:
    scores, used = [], []
    for draw in range(draws):
        rng = np.random.default_rng([seed, amount, draw])
        values = np.full(len(table), np.nan)
        for fold in scheme.folds:
            few = Fold(fold.name, _few(table, fold.train, unit, amount, rng), fold.test)
            used.append(len(few.train))
            values[few.test] = fit(table.take(few.train))(table.take(few.test))
        scores.append(_score(table.take(scheme.tested), values[scheme.tested]))
    return CurvePoint(
        method, scheme.name, unit, amount, float(np.mean(scores)), float(np.std(scores)), round(np.mean(used))
    )


def _few(table: SampleTable, train: Ids, unit: str, amount: int, rng: np.random.Generator) -> Ids:
    if unit == "samples":
        return np.sort(rng.permutation(train)[:amount])
    if unit == "sites":
        sites = table.keys["site"][train]
        return train[np.isin(sites, rng.permutation(np.unique(sites))[:amount])]
    shuffled = rng.permutation(train)
    parts = [shuffled[table.y[shuffled] == code][:amount] for code in np.unique(table.y[train])]
    return np.sort(np.concatenate(parts))


def _score(table: SampleTable, predicted: npt.NDArray[np.float64]) -> float:
    one = np.zeros(len(table), np.int64)  # a single group: no bootstrap
    if table.response.classes is None:
        return regression_scores(np.asarray(table.y, np.float64), predicted, one)["r2"].value
    y = table.y.astype(np.int64)
    return classification_scores(y, predicted.astype(np.int64), table.response.classes, one)["macro_f1"].value
