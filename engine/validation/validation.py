"""A probe and its baselines under all schemes that apply: one table, the optimism gap, leaks, a learning curve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..errors import ProbeError
from ..probes.table import SampleTable
from ..progress import CancelToken, Progress
from .baselines import make_baselines
from .breakdown import Breakdown, break_down
from .curve import CurvePoint, learning_curve
from .fits import Fit
from .folds import FoldSettings, Scheme, make_schemes
from .leaks import Leak, find_leaks
from .samples import group_of
from .scores import Score, class_scores, classification_scores, confusion, difference, regression_scores

Array = npt.NDArray[np.float64]
HONEST = ("site", "block", "polygon", "site-year", "year")
"""Which scheme answers for a new place, in order of preference."""
CURVE_STEPS = 5  # of progress: about as long as so many methods


@dataclass(frozen=True, eq=False)
class Result:
    """One method under one scheme."""

    method: str
    scheme: str
    rows: npt.NDArray[np.int64]
    """Rows of the table that were held out once."""
    predicted: Array
    """[row]"""
    scores: Mapping[str, Score]


@dataclass(frozen=True, eq=False)
class Gap:
    """By how much random splitting flatters a method."""

    method: str
    honest: str
    """Scheme."""
    random: Score
    expected: Score
    gap: Score
    """Random less expected, over the samples tested in both; its interval is that of the paired bootstrap."""


@dataclass(frozen=True, eq=False)
class Validation:
    """Everything that was found."""

    table: SampleTable
    probes: tuple[str, ...]
    """Methods that aren't baselines; the first is the one that texts are about."""
    schemes: tuple[Scheme, ...]
    results: Mapping[tuple[str, str], Result]
    """By (method, scheme)."""
    drawn: str
    """What the intervals' bootstrap draws: sites, polygons, samples."""
    absent_schemes: Mapping[str, str]
    absent_baselines: Mapping[str, str]
    leaks: tuple[Leak, ...]
    curve: tuple[CurvePoint, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def metric(self) -> str:
        """The one that leads: `r2` or `macro_f1`."""
        return "r2" if self.table.response.task == "regression" else "macro_f1"

    @property
    def methods(self) -> tuple[str, ...]:
        """The probes first."""
        return tuple(dict.fromkeys(method for method, _ in self.results))

    @property
    def headline(self) -> str:
        return self.methods[0]

    @property
    def honest(self) -> str | None:
        """The scheme that answers for a new place; None where only random splitting was possible."""
        names = [scheme.name for scheme in self.schemes]
        return next((name for name in HONEST if name in names), None)

    def score(self, method: str, scheme: str, metric: str | None = None) -> Score:
        return self.results[method, scheme].scores[metric or self.metric]

    def gap(self, method: str, honest: str | None = None) -> Gap | None:
        """None where random splitting or another scheme is missing."""
        scheme = honest or self.honest
        if scheme is None or ("random" not in {s.name for s in self.schemes}):
            return None
        first, second = self.results[method, "random"], self.results[method, scheme]
        return Gap(
            method, scheme, first.scores[self.metric], second.scores[self.metric], self.less(first, second)
        )

    def lead(self, method: str, other: str, scheme: str) -> Score:
        """Score of a method less that of another, over the same samples and draws."""
        return self.less(self.results[method, scheme], self.results[other, scheme])

    def best_baseline(self, scheme: str) -> str | None:
        others = [method for method in self.methods if method not in self.probes]
        return max(others, key=lambda m: self.score(m, scheme).value, default=None)

    def breakdown(self, method: str, scheme: str) -> Breakdown:
        found = self.results[method, scheme]
        return break_down(self.table.take(found.rows), found.predicted)

    def confusion(self, method: str, scheme: str) -> npt.NDArray[np.int64]:
        """[reference, predicted]."""
        found, classes = self.results[method, scheme], self.table.response.classes
        if classes is None:
            raise ProbeError("a regression has no confusion matrix", value=method)
        return confusion(self.table.y[found.rows].astype(np.int64), found.predicted.astype(np.int64), classes)

    def per_class(self, method: str, scheme: str) -> dict[int, dict[str, Score]]:
        found, classes = self.results[method, scheme], self.table.response.classes
        if classes is None:
            raise ProbeError("a regression has no classes", value=method)
        y, predicted = self.table.y[found.rows].astype(np.int64), found.predicted.astype(np.int64)
        return class_scores(y, predicted, classes, group_of(self.table)[0][found.rows])

    def less(self, first: Result, second: Result) -> Score:
        """Leading metric of a result less that of another, over the samples tested in both and the same draws."""
        shared, a, b = np.intersect1d(first.rows, second.rows, return_indices=True)
        y = np.asarray(self.table.y, np.float64)[shared]
        groups = group_of(self.table)[0][shared]
        return difference(
            (y, first.predicted[a]),
            (y, second.predicted[b]),
            groups,
            self.metric,
            classes=self.table.response.classes,
        )


def validate(
    table: SampleTable,
    probes: Mapping[str, Fit],
    *,
    settings: FoldSettings | None = None,
    schemes: Sequence[str] | None = None,
    baselines: bool = True,
    curve: bool = True,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Validation:
    """Cross-validate the probes and, in the same folds, all baselines that the samples allow.

    `ProbeError` where the samples can't be validated: one class, too few samples, NaN, or a scheme that was asked
    for and doesn't apply."""
    settings = settings or FoldSettings()
    made = make_schemes(table, settings, schemes)
    beside = make_baselines(table, settings.seed) if baselines else None
    fits = {**probes, **(beside.fits if beside else {})}
    if not fits:
        raise ProbeError("there is nothing to validate", remedy="give a probe or samples with raw bands")
    cancel, progress = cancel or CancelToken(), progress or Progress("validate", 0)
    progress.total = len(fits) * len(made.found) + (CURVE_STEPS if curve else 0)
    results = {
        (name, scheme.name): _run(table, name, fit, scheme, progress, cancel)
        for name, fit in fits.items()
        for scheme in made.found
    }
    validation = Validation(
        table,
        tuple(probes),
        made.found,
        results,
        group_of(table)[1],
        made.absent,
        beside.absent if beside else {},
        find_leaks(table, made.found, settings.context_metres),
        notes=_notes(table),
    )
    if not curve:
        return validation
    first = next(iter(fits))
    points = learning_curve(table, first, fits[first], validation.honest or "random", settings, cancel)
    progress.advance(CURVE_STEPS)
    return Validation(**{**vars(validation), "curve": points})


def cross_predict(
    table: SampleTable, fit: Fit, scheme: Scheme, cancel: CancelToken | None = None
) -> tuple[npt.NDArray[np.int64], Array]:
    """(rows held out once, their predictions): each fold's model predicts what it hasn't seen."""
    values = np.full(len(table), np.nan)
    for fold in scheme.folds:
        if cancel:
            cancel.check()
        predicted = np.asarray(fit(table.take(fold.train))(table.take(fold.test)), np.float64)
        if not np.isfinite(predicted).all():
            raise ProbeError("a prediction is NaN or infinite", value=f"{scheme.name}, fold {fold.name}")
        values[fold.test] = predicted
    rows = scheme.tested
    return rows, values[rows]


def _run(
    table: SampleTable, name: str, fit: Fit, scheme: Scheme, progress: Progress, cancel: CancelToken
) -> Result:
    rows, predicted = cross_predict(table, fit, scheme, cancel)
    progress.advance()
    return Result(name, scheme.name, rows, predicted, score_table(table.take(rows), predicted))


def score_table(table: SampleTable, predicted: Array) -> dict[str, Score]:
    """The scores of the table's task, with intervals over its groups."""
    groups, classes = group_of(table)[0], table.response.classes
    if classes is None:
        return regression_scores(np.asarray(table.y, np.float64), predicted, groups)
    return classification_scores(table.y.astype(np.int64), predicted.astype(np.int64), classes, groups)


def _notes(table: SampleTable) -> tuple[str, ...]:
    missing = {name: float(np.isnan(block.values).mean()) for name, block in table.blocks.items()}
    return tuple(
        f"{share:.1%} of the values of {name} are missing" for name, share in missing.items() if share > 0
    )
