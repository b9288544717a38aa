import numpy as np
import pytest
from phenolens.engine.classes import ClassTable
from phenolens.engine.validation.scores import (
    class_scores,
    classification_scores,
    confusion,
    difference,
    regression_scores,
)
from sklearn import metrics

CLASSES = ClassTable.of_names(["forest", "field", "water", "bare"])


@pytest.fixture(scope="module")
def regression():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 25)
    y = rng.gamma(2, 2, 500) + rng.normal(0, 2, 20)[groups]
    predicted = 0.7 * y + 1 + rng.normal(0, 1, 500) + rng.normal(0, 1, 20)[groups]
    return y, predicted, groups


@pytest.fixture(scope="module")
def classes():
    rng = np.random.default_rng(1)
    y = rng.integers(1, 4, 400)
    predicted = np.where(rng.random(400) < 0.6, y, rng.integers(1, 4, 400))
    return y, predicted, np.repeat(np.arange(40), 10)


def test_regression_scores_agree_with_their_definitions(regression):
    y, predicted, groups = regression
    scores = {name: s.value for name, s in regression_scores(y, predicted, groups).items()}
    assert scores["r2"] == pytest.approx(metrics.r2_score(y, predicted))
    assert scores["r_squared"] == pytest.approx(np.corrcoef(y, predicted)[0, 1] ** 2)
    assert scores["rmse"] == pytest.approx(metrics.root_mean_squared_error(y, predicted))
    assert scores["mae"] == pytest.approx(metrics.mean_absolute_error(y, predicted))
    assert scores["bias"] == pytest.approx(np.mean(predicted - y))
    assert scores["slope"] == pytest.approx(np.polyfit(y, predicted, 1)[0])


def test_large_values_lose_no_digits(regression):
    y, predicted, groups = regression
    shifted = regression_scores(y + 1e6, predicted + 1e6, groups)
    assert shifted["r2"].value == pytest.approx(metrics.r2_score(y, predicted), abs=1e-6)


def test_a_constant_reference_has_no_r2_but_errors():
    scores = regression_scores(np.full(30, 2.0), np.full(30, 3.0), np.arange(30))
    assert np.isnan(scores["r2"].value)
    assert np.isnan(scores["slope"].value)
    assert scores["rmse"].value == pytest.approx(1)


def test_classification_scores_agree_with_their_definitions(classes):
    y, predicted, groups = classes
    scores = {name: s.value for name, s in classification_scores(y, predicted, CLASSES, groups).items()}
    assert scores["accuracy"] == pytest.approx(metrics.accuracy_score(y, predicted))
    assert scores["kappa"] == pytest.approx(metrics.cohen_kappa_score(y, predicted))
    assert scores["macro_f1"] == pytest.approx(metrics.f1_score(y, predicted, average="macro"))


def test_class_scores_agree_with_their_definitions_and_carry_their_n(classes):
    y, predicted, groups = classes
    found = class_scores(y, predicted, CLASSES, groups)
    parts = metrics.precision_recall_fscore_support(y, predicted, labels=[1, 2, 3])
    for k, code in enumerate((1, 2, 3)):
        values = [found[code][name].value for name in ("precision", "recall", "f1")]
        np.testing.assert_allclose(values, [part[k] for part in parts[:3]])
        assert found[code]["recall"].n == parts[3][k]
        assert found[code]["precision"].n == (predicted == code).sum()
    assert np.isnan(found[4]["f1"].value)  # in neither
    assert found[4]["recall"].n == 0


def test_rows_of_the_confusion_matrix_are_the_reference():
    matrix = confusion(np.array([1, 1, 1, 2]), np.array([1, 2, 2, 2]), CLASSES)
    np.testing.assert_array_equal(matrix[:2, :2], [[1, 2], [0, 1]])
    assert matrix.sum() == 4


def test_intervals_over_groups_are_wider_than_over_samples(regression):
    y, predicted, groups = regression
    by_group, by_sample = (regression_scores(y, predicted, g)["bias"] for g in (groups, np.arange(len(y))))
    assert by_group.high - by_group.low > 2 * (by_sample.high - by_sample.low)
    assert by_group.low < by_group.value < by_group.high


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    """Bias of predictions that differ by group: 200 worlds of 30 groups, 95 % intervals."""
    rng = np.random.default_rng(5)
    hits = 0
    for world in range(200):
        groups = np.repeat(np.arange(30), 5)
        y = rng.normal(size=150)
        score = regression_scores(y, y + rng.normal(size=30)[groups], groups, seed=world)["bias"]
        hits += score.low <= 0 <= score.high
    assert 0.88 <= hits / 200 <= 0.99


def test_a_handful_of_groups_has_no_interval(regression):
    y, predicted, _ = regression
    score = regression_scores(y, predicted, np.repeat([0, 1], 250))["r2"]
    assert np.isfinite(score.value)
    assert np.isnan(score.low)
    assert score.to_dict()["low"] is None


def test_a_rare_class_that_a_draw_lacks_does_not_lift_macro_f1():
    y = np.array([1] * 50 + [2] * 50 + [3])
    predicted = np.array([1] * 50 + [2] * 50 + [1])
    score = classification_scores(y, predicted, CLASSES, np.arange(101))["macro_f1"]
    assert score.value == pytest.approx(0.664, abs=0.01)
    assert score.high < 0.7


def test_a_class_of_one_group_that_a_draw_lacks_does_not_count_as_missed():
    groups = np.repeat(np.arange(20), 10)
    y = np.where(groups == 19, 3, 1 + groups % 2)
    predicted = np.where(np.arange(200) % 50 == 0, 3, y)  # a few errors into the rare class
    score = classification_scores(y, predicted, CLASSES, groups)["macro_f1"]
    assert score.low > score.value - 0.1


def test_the_same_draws_make_a_difference_narrower_than_two_intervals(regression):
    y, predicted, groups = regression
    worse = predicted + np.random.default_rng(7).normal(0, 0.8, len(y))
    gap = difference((y, predicted), (y, worse), groups, "r2")
    whole = regression_scores(y, predicted, groups)["r2"]
    assert gap.value == pytest.approx(metrics.r2_score(y, predicted) - metrics.r2_score(y, worse))
    assert 0 < gap.low < gap.value < gap.high
    assert gap.high - gap.low < 0.5 * (whole.high - whole.low)
