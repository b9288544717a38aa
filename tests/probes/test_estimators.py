import numpy as np
import pytest
from phenolens.engine.errors import ProbeError
from phenolens.engine.probes.estimators import NAMES, EstimatorSpec, Lesson, ProbeRecipe, fit_estimator
from phenolens.engine.probes.spec import FeatureSpec
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

QUICK = {
    "forest": {"trees": 10},
    "boosting": {"rounds": 20},
    "mlp": {"rounds": 60},
    "temporal": {"rounds": 20},
}


def blobs(count=400, classes=3, seed=0):
    """Classes around different means in 2 slots of 4 features, [n, 8], far enough apart to be learnt."""
    random = np.random.default_rng(seed)
    y = random.integers(0, classes, count)
    centres = np.random.default_rng(99).normal(size=(classes, 8)) * 3
    return (centres[y] + random.normal(size=(count, 8))).astype(np.float32) * 5 + 100, y.astype(float)


def slopes(count=400, seed=0):
    features = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    return features, features[:, 0] * 2 - features[:, 5] + 30.0


def lesson(features, y, task="classification", seed=0):
    classes = int(y.max()) + 1 if task == "classification" else 0
    return Lesson(features, y, task, classes, slots=2, slot_features=4, seed=seed)


def fitted(name, *of, **changes):
    return fit_estimator(EstimatorSpec(name, QUICK.get(name, {})), lesson(*of, **changes))


@pytest.mark.parametrize("name", NAMES)
def test_every_estimator_tells_classes_apart_on_samples_it_has_not_seen(name):
    model, (features, y) = fitted(name, *blobs()), blobs(seed=1)
    scores = model.scores(features)
    assert scores.shape == (400, 3)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    assert (scores.argmax(axis=1) == y).mean() > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_every_estimator_follows_a_quantity_on_samples_it_has_not_seen(name):
    model, (features, y) = fitted(name, *slopes(800), task="regression"), slopes(seed=1)
    residual = y - model.scores(features)[:, 0]
    assert 1 - (residual**2).mean() / y.var() > 0.7


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_missing_features_give_finite_predictions_and_do_not_change_others(name, task):
    features, y = blobs() if task == "classification" else slopes()
    features[::5, :4] = np.nan  # a whole slot, as a window gap is
    features[:, 7] = np.nan  # a feature that no sample has
    model = fitted(name, features, y, task=task)
    scores = model.scores(features)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(model.scores(features[1:2])[0], scores[1], rtol=1e-5, atol=1e-5)
    assert np.isfinite(model.scores(np.full((2, 8), np.nan, np.float32))).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_estimator(name):
    first, again = (fitted(name, *blobs(), seed=3).scores(blobs(seed=1)[0]) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("name", ["forest", "mlp", "temporal"])
def test_another_seed_gives_another_estimator(name):
    first, other = (fitted(name, *blobs(), seed=seed).scores(blobs(seed=1)[0]) for seed in (3, 4))
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("name", NAMES)
def test_no_samples_give_no_predictions(name):
    assert fitted(name, *blobs()).scores(np.empty((0, 8), np.float32)).shape == (0, 3)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_folded_matrix_equals_scikit_learns_logistic_regression(classes):
    features, y = blobs(classes=classes)
    features = features.astype(np.float64) + np.random.default_rng(5).normal(size=features.shape) * 20
    scaler = StandardScaler().fit(features)
    theirs = LogisticRegression(max_iter=500).fit(scaler.transform(features), y.astype(int))
    ours = fitted("linear", features.astype(np.float32), y).scores(features.astype(np.float32))
    np.testing.assert_allclose(ours, theirs.predict_proba(scaler.transform(features)), atol=2e-3)


def test_the_folded_matrix_equals_scikit_learns_ridge():
    features, y = slopes()
    scaler = StandardScaler().fit(features)
    theirs = Ridge().fit(scaler.transform(features), y).predict(scaler.transform(features))
    ours = fitted("linear", features, y, task="regression").scores(features)[:, 0]
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_many_samples_are_predicted_in_parts_as_in_one(monkeypatch):
    features = blobs(1000, seed=1)[0]
    for name in ("linear", "forest", "temporal"):
        model = fitted(name, *blobs())
        whole = model.scores(features)
        for module in ("linear", "learners", "temporal"):
            monkeypatch.setattr(f"phenolens.engine.probes.{module}.PREDICT_ROWS", 300)
        np.testing.assert_allclose(model.scores(features), whole, atol=1e-6)
        monkeypatch.undo()


@pytest.mark.parametrize(
    ("name", "count"), [("knn", 6), ("forest", 3), ("boosting", 19), ("mlp", 9), ("temporal", 9)]
)
def test_too_few_samples_for_an_estimator_are_refused(name, count):
    features, y = blobs(count)
    with pytest.raises(ProbeError, match=f"too few samples for {name}.*{count} samples"):
        fit_estimator(EstimatorSpec(name), lesson(features, y))


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("oracle", {}, "no such estimator"),
        ("forest", {"depth": 3}, "no such setting"),
        ("forest", {"trees": 0}, "not a whole number above 0"),
        ("forest", {"trees": 2.5}, "not a whole number above 0"),
        ("linear", {"regularisation": "much"}, "not a number above 0"),
        ("linear", {"balanced": 3}, "not true or false"),
    ],
)
def test_estimators_and_settings_that_are_none_are_refused(name, parameters, message):
    with pytest.raises(ProbeError, match=message):
        EstimatorSpec(name, parameters)


def test_other_names_of_estimators_are_understood():
    assert EstimatorSpec("ridge") == EstimatorSpec("logistic") == EstimatorSpec("linear")


def test_the_temporal_estimator_wants_a_series_of_slots():
    with pytest.raises(ProbeError, match=r"series of slots.*date"):
        ProbeRecipe(FeatureSpec("date"), EstimatorSpec("temporal"))


def test_recipes_survive_a_way_through_plain_values():
    recipe = ProbeRecipe(
        FeatureSpec("window", dims=7), EstimatorSpec("forest", {"trees": 5}), ("embedding", "weather"), seed=4
    )
    again = ProbeRecipe.from_dict(recipe.to_dict())
    assert again.to_dict() == recipe.to_dict()
    assert again.estimator.settings == recipe.estimator.settings


def test_balancing_raises_the_share_of_a_rare_class():
    features, y = blobs(600, classes=2)
    features += np.random.default_rng(2).normal(size=features.shape).astype(np.float32) * 60
    rare = np.concatenate([np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:20]])
    plain, balanced = (
        fit_estimator(EstimatorSpec("linear", {"balanced": b}), lesson(features[rare], y[rare]))
        for b in (False, True)
    )
    assert (balanced.scores(features).argmax(axis=1) == 1).sum() > (
        plain.scores(features).argmax(axis=1) == 1
    ).sum()
