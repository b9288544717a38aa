"""Logistic and ridge regression: fitted by scikit-learn, kept and applied as one matrix."""

import logging
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from ..errors import ProbeError
from ..response import Task
from .estimators import PREDICT_ROWS, Arrays, EstimatorSpec, Lesson, Standardiser
from .table import Floats

log = logging.getLogger(__name__)

LARGEST_ITERATIONS = 500


@dataclass(frozen=True, eq=False)
class Linear:
    """scores = features · weight + bias, standardisation folded in; logits of a classification."""

    weight: Floats
    """[feature, output]"""
    bias: Floats
    """[output]"""
    fill: Floats
    """[feature], what a missing feature is taken for: the mean of the training samples."""
    task: Task

    learner: Any = None

    def scores(self, features: Floats) -> Floats:
        out = np.empty((len(features), len(self.bias)), np.float32)
        for start in range(0, len(features), PREDICT_ROWS):
            rows = slice(start, start + PREDICT_ROWS)
            np.matmul(self._filled(features[rows]), self.weight, out=out[rows])
            out[rows] += self.bias
            if self.task == "classification":
                softmax(out[rows])
        return out

    def _filled(self, features: Floats) -> Floats:
        # a sum tells cheaply that nothing is missing, as almost always
        if np.isfinite(features.sum()):
            return features
        return np.where(np.isfinite(features), features, self.fill)

    @property
    def arrays(self) -> Arrays:
        return {"weight": self.weight, "bias": self.bias, "fill": self.fill}


def softmax(logits: Floats) -> None:
    """Turn [n, class] logits into probabilities, in place."""
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)


def fit(spec: EstimatorSpec, lesson: Lesson) -> Linear:
    """Logistic regression (multinomial) or ridge regression on standardised features."""
    standardise = Standardiser.fit(lesson.features)
    features = standardise(lesson.features).astype(np.float64)  # the solvers converge better, n is small
    weight, bias = (_logistic if lesson.task == "classification" else _ridge)(spec, lesson, features)
    weight = weight / standardise.scale[:, None]
    bias = bias - standardise.mean @ weight
    return Linear(weight.astype(np.float32), bias.astype(np.float32), standardise.mean, lesson.task)


def _logistic(spec: EstimatorSpec, lesson: Lesson, features: Any) -> tuple[Any, Any]:
    weights = "balanced" if spec.settings["balanced"] else None
    model = LogisticRegression(
        C=1 / spec.settings["regularisation"], class_weight=weights, max_iter=LARGEST_ITERATIONS
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(features, lesson.y.astype(np.int64))
    if any(issubclass(w.category, ConvergenceWarning) for w in caught):
        log.warning(
            "logistic regression stopped after %d iterations, short of its optimum", LARGEST_ITERATIONS
        )
    weight, bias = model.coef_.T, model.intercept_
    if weight.shape[1] == 1:  # of two classes scikit-learn keeps the second one's logit alone
        weight, bias = np.hstack([-weight / 2, weight / 2]), np.array([-bias[0] / 2, bias[0] / 2])
    return weight, bias


def _ridge(spec: EstimatorSpec, lesson: Lesson, features: Any) -> tuple[Any, Any]:
    model = Ridge(alpha=spec.settings["regularisation"]).fit(features, lesson.y)
    return model.coef_.reshape(-1, 1), np.atleast_1d(model.intercept_)


def restore(_spec: EstimatorSpec, task: Task, arrays: Arrays, _learner: Any) -> Linear:
    parts = [np.ascontiguousarray(arrays[name], np.float32) for name in ("weight", "bias", "fill")]
    weight, bias, fill = parts
    if weight.shape != (len(fill), len(bias)):
        raise ProbeError("the weights of a probe don't fit together", value=weight.shape)
    return Linear(weight, bias, fill, task)
