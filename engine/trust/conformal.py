"""Conformal intervals and sets: promises about new places, kept by errors made on held-out groups.

A probe's own probabilities and residuals are too sure of themselves. Here the errors are those of probes that
saw nothing of a sample's group (MAPIE computes the scores); what remains of them are a few numbers, so that an
interval or a set costs nothing per pixel. Vovk et al. 2005; Lei et al. 2018, doi:10.1080/01621459.2017.1307116;
Sadinle et al. 2019, doi:10.1080/01621459.2017.1395341 (LAC); Romano et al. 2020 (APS).
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from ..errors import ProbeError
from ..probes.probe import Attachment
from ..probes.table import Floats
from .heldout import HeldOut

Reals = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ids = npt.NDArray[np.int64]

TINY = 1e-8
"""As MAPIE: shares closer than this are the same."""


@dataclass(frozen=True)
class ConformalSettings:
    """What is promised, and to whom."""

    confidence: float = 0.9
    """Share of new samples whose truth the interval or set holds."""
    each: Literal["sample", "group"] = "group"
    """What counts alike: every sample, or every group (a tower with ten years is one new place, as one with two)."""
    guarantee: bool = False
    """Widen so that the promise holds on average over new groups whatever they are like, as long as they are
    exchangeable (Lee, Barber & Willett 2023, arXiv:2306.06342); needs 9 groups at 90 %, 19 at 95 %."""
    knots: int = 6
    """Of a regression: the width may follow the predicted level, over so many points; 1 = one width for all."""
    score: Literal["lac", "aps"] = "lac"
    """Of a classification: `lac` has the smallest sets on average, `aps` larger ones where classes are confused,
    which hold more often than they say: the last class is always taken in, never by a throw of dice."""
    by_class: bool = False
    """Of a classification with `lac`: keep the promise for each class apart, so for rare ones too."""

    def __post_init__(self) -> None:
        if not 0.5 <= self.confidence < 1:
            raise ProbeError("the confidence is out of range", value=self.confidence, remedy="0.5 to below 1")
        if self.knots < 1:
            raise ProbeError("the width needs at least one knot", value=self.knots)
        if self.score not in ("lac", "aps") or self.each not in ("sample", "group"):
            raise ProbeError("there is no such conformal score", value=f"{self.score}, {self.each}")
        if self.by_class and self.score != "lac":
            raise ProbeError("classes apart need the score lac", value=self.score)


@dataclass(frozen=True)
class Kept:
    """How the promise was kept on groups left out of the calibration one at a time."""

    mean: float
    """Share of samples (or mean over groups) whose truth was held."""
    lowest: float
    """Of the group that fared worst."""
    p10: float
    """A tenth of the groups fared worse."""
    groups: int
    samples: int
    scheme: str

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))

    def __str__(self) -> str:
        return (
            f"{self.mean:.1%} on average over {self.groups} held-out groups ({self.scheme}, n = {self.samples:,}); "
            f"a tenth of them below {self.p10:.0%}, the worst {self.lowest:.0%}"
        )


@dataclass(frozen=True, eq=False)
class ConformalInterval:
    """An interval around every prediction; its half-width follows the predicted level."""

    settings: ConformalSettings
    levels: Reals
    """[knot] predicted values, ascending."""
    halves: Reals
    """[knot] half-widths there, in the response's unit; straight lines between, constant beyond."""
    kept: Kept

    def half(self, predicted: npt.ArrayLike) -> Floats:
        return np.asarray(np.interp(np.asarray(predicted), self.levels, self.halves), np.float32)

    def __call__(self, predicted: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Predicted values of any shape → low and high ends."""
        values = np.asarray(predicted, np.float32)
        half = self.half(values)
        return values - half, values + half

    def to_attachment(self) -> Attachment:
        about = {"settings": dict(vars(self.settings)), "kept": self.kept.to_dict()}
        return Attachment(about, {"levels": self.levels, "halves": self.halves})

    @classmethod
    def from_attachment(cls, stored: Attachment) -> Self:
        settings, kept = _settings_of(stored)
        return cls(settings, stored.arrays["levels"], stored.arrays["halves"], kept)


@dataclass(frozen=True, eq=False)
class ConformalSet:
    """The classes that can't be ruled out."""

    settings: ConformalSettings
    thresholds: Reals
    """[class of the whole table] largest score at which a class stays in the set."""
    kept: Kept

    def __call__(self, probabilities: Floats) -> Bools:
        """[n, class] probabilities → [n, class] whether the class is in the set; none = unlike all of them."""
        if self.settings.score == "lac":
            # the comparison in the direction that rounds as the calibration did
            inside: Bools = 1 - probabilities.astype(np.float64) <= self.thresholds + TINY
            return inside
        return _aps_set(probabilities, float(self.thresholds[0]))

    def to_attachment(self) -> Attachment:
        about = {"settings": dict(vars(self.settings)), "kept": self.kept.to_dict()}
        return Attachment(about, {"thresholds": self.thresholds})

    @classmethod
    def from_attachment(cls, stored: Attachment) -> Self:
        settings, kept = _settings_of(stored)
        return cls(settings, stored.arrays["thresholds"], kept)


def calibrate_intervals(held: HeldOut, settings: ConformalSettings | None = None) -> ConformalInterval:
    """Intervals from the residuals of held-out groups; `ProbeError` where these are too few for the promise."""
    settings = settings or ConformalSettings()
    if held.table.response.task != "regression":
        raise ProbeError("a classification has sets, not intervals", value=held.table.response.name)
    levels, widths = _widths(held, settings)
    shape = np.interp(held.predicted, levels, widths)
    # in units of the local width, all residuals are alike
    scores = _residual_scores(np.asarray(held.table.y, np.float64) / shape, held.predicted / shape)
    factor = _quantile(scores, held.group, settings)
    _check_finite(factor, held, settings)
    kept = _kept(scores, np.zeros(len(scores), np.int64), held, settings)
    return ConformalInterval(settings, levels, widths * factor, kept)


def calibrate_sets(held: HeldOut, settings: ConformalSettings | None = None) -> ConformalSet:
    """Sets from the probabilities that held-out groups were given; `ProbeError` where these are too few.

    With `by_class`, a class with too few samples can never be ruled out."""
    settings = settings or ConformalSettings()
    classes = held.table.response.classes
    if held.probabilities is None or classes is None:
        raise ProbeError("sets need the probabilities of a classification", value=held.table.response.name)
    codes = np.array(classes.codes)
    y = np.asarray(held.table.y, np.int64)
    scores = _class_scores(held.probabilities, y, codes, settings.score)
    column = np.searchsorted(codes, y)
    if settings.by_class:
        thresholds = np.array([_quantile_of(column == k, scores, held, settings) for k in range(len(codes))])
        kept = _kept(scores, column, held, settings)
    else:
        limit = _quantile(scores, held.group, settings)
        _check_finite(limit, held, settings)
        thresholds = np.full(len(codes), limit)
        kept = _kept(scores, np.zeros_like(column), held, settings)
    return ConformalSet(settings, thresholds, kept)


def weighted_limit(
    scores: Reals, group: Ids, confidence: float, each: str = "sample", *, guarantee: bool = False
) -> float:
    """The score that `confidence` of new samples stay at or below; infinite where too few were seen.

    Each sample weighs the same, or each group; one unseen score (with `guarantee`, one unseen group) is taken
    to be the largest of all."""
    if not len(scores):
        return np.inf
    order = np.argsort(scores, kind="stable")
    groups, member, sizes = np.unique(group, return_inverse=True, return_counts=True)
    unseen = 1 / (len(groups) + 1) if guarantee else 1 / (len(scores) + 1)
    weight = np.full(len(scores), 1 / len(scores))
    if each == "group" or guarantee:
        weight = 1 / (len(groups) * sizes[member.reshape(-1)])
    reached = np.cumsum(weight[order]) * (1 - unseen)
    place = int(np.searchsorted(reached, confidence - 1e-12))
    return float(scores[order[place]]) if place < len(scores) else np.inf


def _quantile(scores: Reals, group: Ids, settings: ConformalSettings) -> float:
    return weighted_limit(scores, group, settings.confidence, settings.each, guarantee=settings.guarantee)


def _quantile_of(chosen: Bools, scores: Reals, held: HeldOut, settings: ConformalSettings) -> float:
    return _quantile(scores[chosen], held.group[chosen], settings)


def _widths(held: HeldOut, settings: ConformalSettings) -> tuple[Reals, Reals]:
    """(predicted level, typical residual there) of the knots; a plain 1 where there are too few samples."""
    knots = min(settings.knots, len(held.predicted) // 50)
    levels = np.unique(np.quantile(held.predicted, (np.arange(max(knots, 1)) + 0.5) / max(knots, 1)))
    if len(levels) < 2:
        return np.zeros(1), np.ones(1)
    nearest = np.abs(held.predicted[:, None] - levels).argmin(axis=1)
    size = np.abs(held.residual)
    widths = np.array([np.quantile(size[nearest == k], settings.confidence) for k in range(len(levels))])
    return levels, np.maximum(widths, max(widths.max() / 100, np.finfo(np.float32).tiny))


def _residual_scores(y: Reals, predicted: Reals) -> Reals:
    from mapie.regression import SplitConformalRegressor  # noqa: PLC0415 - heavy

    judge = SplitConformalRegressor(_Given(), conformity_score="absolute", prefit=True)
    scores = judge.conformalize(predicted[:, None], y).conformity_scores
    return np.abs(np.asarray(scores, np.float64).reshape(-1))


def _class_scores(probabilities: Floats, y: Ids, codes: Ids, score: str) -> Reals:
    from mapie.classification import SplitConformalClassifier  # noqa: PLC0415 - heavy

    judge = SplitConformalClassifier(_Given(codes), conformity_score=score, prefit=True, random_state=0)
    with warnings.catch_warnings():
        # a class that no held-out sample has: others are promised all the same
        warnings.filterwarnings("ignore", message="WARNING: your conformalization dataset has less labels")
        judge.conformalize(_normal(probabilities), y)
    return np.asarray(judge.conformity_scores, np.float64).reshape(-1)


def _normal(probabilities: Floats) -> Reals:
    """Rows that sum to 1 in double precision, as MAPIE insists on."""
    shares = probabilities.astype(np.float64)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


class _Given:
    """What MAPIE takes for a fitted estimator: its features are the predictions, made elsewhere."""

    def __init__(self, classes: Ids | None = None) -> None:
        self.classes_ = classes
        self.is_fitted_ = True

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, *_: object) -> Self:
        return self

    def predict(self, given: Reals) -> npt.NDArray[Any]:
        if self.classes_ is None:
            return given[:, 0]
        return np.asarray(self.classes_[given.argmax(axis=1)])

    def predict_proba(self, given: Reals) -> Reals:
        return given


def _aps_set(probabilities: Floats, limit: float) -> Bools:
    """From the most probable class down, until the probabilities reach the limit; that class included."""
    shares = _normal(probabilities)
    order = np.argsort(-shares, axis=1, kind="stable")
    before = np.cumsum(np.take_along_axis(shares, order, axis=1), axis=1)
    before = np.concatenate([np.zeros((len(shares), 1)), before[:, :-1]], axis=1)
    inside = np.zeros(shares.shape, dtype=bool)
    np.put_along_axis(inside, order, before < limit - TINY, axis=1)
    return inside


def _kept(scores: Reals, stratum: Ids, held: HeldOut, settings: ConformalSettings) -> Kept:
    """Calibrate without each group in turn and look whether the promise holds for it."""
    shares, sizes = [], []
    for group in np.unique(held.group):
        mine = held.group == group
        inside = 0
        for each in np.unique(stratum[mine]):
            limit = _quantile_of(~mine & (stratum == each), scores, held, settings)
            inside += int((scores[mine & (stratum == each)] <= limit + TINY).sum())
        shares.append(inside / mine.sum())
        sizes.append(int(mine.sum()))
    weights = None if settings.each == "group" else np.array(sizes)
    return Kept(
        float(np.average(shares, weights=weights)),
        float(min(shares)),
        float(np.quantile(shares, 0.1)),
        len(shares),
        len(scores),
        held.scheme,
    )


def _check_finite(limit: float, held: HeldOut, settings: ConformalSettings) -> None:
    if np.isfinite(limit):
        return
    what, have = ("groups", held.groups) if settings.guarantee else ("samples", len(held.predicted))
    raise ProbeError(
        f"there are too few held-out {what} for this promise",
        value=f"{have} {what}, {settings.confidence:.0%}",
        remedy=f"{int(np.ceil(settings.confidence / (1 - settings.confidence) - 1e-9))} are needed; "
        "lower the confidence or add labels",
    )


def _settings_of(stored: Attachment) -> tuple[ConformalSettings, Kept]:
    about: Mapping[str, Any] = stored.settings
    return ConformalSettings(**about["settings"]), Kept(**about["kept"])
