"""What is validated: functions that fit on some samples and predict others, whatever is inside."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from ..probes.estimators import EstimatorSpec, Lesson, ProbeRecipe, fit_estimator
from ..probes.fitting import fit_probe
from ..probes.table import Floats, SampleTable

Values = npt.NDArray[np.float64]
Predictor = Callable[[SampleTable], npt.NDArray[np.float64] | npt.NDArray[np.int64]]
"""[sample] class codes, or values in the response's unit."""
Fit = Callable[[SampleTable], Predictor]
Features = Callable[[SampleTable], Floats]


def recipe_fit(recipe: ProbeRecipe) -> Fit:
    """A fit of the very probe that `fit_probe` makes."""

    def fit(train: SampleTable) -> Predictor:
        probe = fit_probe(train, recipe)
        return lambda table: np.asarray(probe.predict_table(table).values, np.float64)

    return fit


def features_fit(estimator: EstimatorSpec, features: Features, seed: int = 0) -> Fit:
    """A fit of an estimator on some features of the samples."""
    return partial(fit_on, estimator, features, seed)


def blocks_fit(estimator: EstimatorSpec, blocks: Sequence[str], seed: int = 0) -> Fit:
    """A fit of an estimator on whole blocks."""
    return features_fit(estimator, lambda table: table.features(blocks), seed)


def fit_on(estimator: EstimatorSpec, features: Features, seed: int, train: SampleTable) -> Predictor:
    """Fit an estimator on some features of the training samples."""
    learnt, task = features(train), train.response.task
    classes, encoded = (
        np.unique(train.y, return_inverse=True) if task == "classification" else (None, train.y)
    )
    y = np.asarray(encoded, np.float64).reshape(-1)
    width = learnt.shape[1]
    lesson = Lesson(learnt, y, task, 0 if classes is None else len(classes), 1, width, seed)
    fitted = fit_estimator(estimator, lesson)

    def predict(table: SampleTable) -> Values | npt.NDArray[np.int64]:
        scores = fitted.scores(features(table))
        return scores[:, 0].astype(np.float64) if classes is None else classes[scores.argmax(axis=1)]

    return predict
