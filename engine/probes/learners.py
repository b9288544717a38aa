"""Neighbours, forests, boosted trees and perceptrons of scikit-learn, behind the interface of all estimators."""

import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor

from ..errors import ProbeError
from ..response import Task
from .estimators import PREDICT_ROWS, Arrays, EstimatorSpec, Lesson, Standardiser
from .table import Floats

log = logging.getLogger(__name__)

THREADS = 2
"""More gain little on the sizes that a preview has, and would take the machine from its user."""
STANDARDISED = ("knn", "mlp")
"""Distances and gradients need comparable features; trees don't care."""


@dataclass(frozen=True, eq=False)
class Learner:
    """A scikit-learn estimator, with the standardisation before it and the scale of a regression after it."""

    learner: Any
    task: Task
    standardise: Standardiser | None
    centre: float = 0.0
    spread: float = 1.0

    def scores(self, features: Floats) -> Floats:
        parts = [
            self._scores(features[start : start + PREDICT_ROWS])
            for start in range(0, max(len(features), 1), PREDICT_ROWS)
        ]
        return np.concatenate(parts).astype(np.float32, copy=False)

    def _scores(self, features: Floats) -> Any:
        if not len(features):
            return np.empty((0, len(self.learner.classes_) if self.task == "classification" else 1))
        seen = (
            self.standardise(features) if self.standardise else np.where(np.isinf(features), np.nan, features)
        )
        if self.task == "classification":
            return self.learner.predict_proba(seen)
        return (self.learner.predict(seen) * self.spread + self.centre)[:, None]

    @property
    def arrays(self) -> Arrays:
        scaling = np.array([self.centre, self.spread])
        return {"response": scaling, **(self.standardise.arrays if self.standardise else {})}


def fit(spec: EstimatorSpec, lesson: Lesson) -> Learner:
    standardise = Standardiser.fit(lesson.features) if spec.name in STANDARDISED else None
    features = standardise(lesson.features) if standardise else _with_values(lesson.features)
    centre, spread, y = 0.0, 1.0, lesson.y
    if lesson.task == "classification":
        y = lesson.y.astype(np.int64)
    elif spec.name == "mlp":  # its steps suit targets of size one
        centre, spread = float(y.mean()), float(y.std()) or 1.0
        y = (y - centre) / spread
    model = _BUILDERS[spec.name](spec.settings, lesson)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(np.ascontiguousarray(features, np.float32), y)
    if any(issubclass(w.category, ConvergenceWarning) for w in caught):
        log.info("%s stopped after %d rounds, short of its optimum", spec.name, spec.settings["rounds"])
    if spec.name == "mlp":
        del model._optimizer  # its state is for further training, and no part of the model
    return Learner(model, lesson.task, standardise, centre, spread)


def _with_values(features: Floats) -> Floats:
    """A feature that is missing everywhere becomes constant: trees can't bin nothing, and never split on it."""
    return np.where(np.isfinite(features).any(axis=0), features, np.float32(0))


def restore(spec: EstimatorSpec, task: Task, arrays: Arrays, learner: Any) -> Learner:
    wanted = expected_class(spec.name, task)
    if type(learner) is not wanted:
        raise ProbeError(
            "the probe's file holds another estimator than it says",
            value=type(learner).__name__,
            remedy=f"{wanted.__name__} is needed",
        )
    _check_trees(learner)
    centre, spread = (float(v) for v in arrays["response"])
    standardise = Standardiser(arrays["mean"], arrays["scale"]) if spec.name in STANDARDISED else None
    return Learner(learner, task, standardise, centre, spread)


def _check_trees(learner: Any) -> None:
    """Trees are walked by compiled code that trusts their indices: a broken file must not lead it astray."""
    trees = [(t.tree_.children_left, t.tree_.children_right, t.tree_.feature) for t in _forest_trees(learner)]
    boosted = [p.nodes for stage in getattr(learner, "_predictors", ()) for p in stage]
    trees += [
        (n["left"].astype(np.int64), n["right"].astype(np.int64), n["feature_idx"].astype(np.int64))
        for n in boosted
    ]
    for left, right, feature in trees:
        if max(left.max(), right.max()) >= len(left) or feature.max() >= learner.n_features_in_:
            raise ProbeError("a tree of the probe is broken", remedy="copy the file again, or fit it again")


def _forest_trees(learner: Any) -> list[Any]:
    return list(learner.estimators_) if hasattr(learner, "estimators_") else []


def expected_class(name: str, task: Task) -> Any:
    return _CLASSES[name][0 if task == "classification" else 1]


_CLASSES: Mapping[str, tuple[Any, Any]] = {
    "knn": (KNeighborsClassifier, KNeighborsRegressor),
    "forest": (RandomForestClassifier, RandomForestRegressor),
    "boosting": (HistGradientBoostingClassifier, HistGradientBoostingRegressor),
    "mlp": (MLPClassifier, MLPRegressor),
}


def _weighted(settings: Mapping[str, Any], lesson: Lesson) -> dict[str, Any]:
    return {"class_weight": "balanced"} if settings["balanced"] and lesson.task == "classification" else {}


def _knn(settings: Mapping[str, Any], lesson: Lesson) -> Any:
    weights = "distance" if settings["by_distance"] else "uniform"
    return expected_class("knn", lesson.task)(
        settings["neighbours"],
        weights=weights,
        algorithm="brute",  # trees gain nothing in so many dimensions, and are no plain arrays on the disk
    )


def _forest(settings: Mapping[str, Any], lesson: Lesson) -> Any:
    features: Any = "sqrt" if lesson.task == "classification" else 1 / 3  # Breiman's (2001) customary shares
    return expected_class("forest", lesson.task)(
        settings["trees"],
        max_leaf_nodes=max(settings["leaves"], 2),
        min_samples_leaf=settings["smallest_leaf"],
        max_features=features,
        n_jobs=THREADS,
        random_state=lesson.seed,
        **_weighted(settings, lesson),
    )


def _boosting(settings: Mapping[str, Any], lesson: Lesson) -> Any:
    return expected_class("boosting", lesson.task)(
        learning_rate=settings["rate"],
        max_iter=settings["rounds"],
        max_leaf_nodes=max(settings["leaves"], 2),
        min_samples_leaf=settings["smallest_leaf"],
        early_stopping=False,  # it would hold out samples at random, across groups
        random_state=lesson.seed,
        **_weighted(settings, lesson),
    )


def _mlp(settings: Mapping[str, Any], lesson: Lesson) -> Any:
    return expected_class("mlp", lesson.task)(
        hidden_layer_sizes=(settings["width"],) * settings["layers"],
        alpha=settings["decay"],
        max_iter=settings["rounds"],
        random_state=lesson.seed,
    )


_BUILDERS: Mapping[str, Callable[[Mapping[str, Any], Lesson], Any]] = {
    "knn": _knn,
    "forest": _forest,
    "boosting": _boosting,
    "mlp": _mlp,
}
