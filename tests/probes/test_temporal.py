import numpy as np
import torch
from phenolens.engine.probes.estimators import EstimatorSpec, Lesson, fit_estimator

SLOTS, DIMS = 6, 3


def trained(features, y, **settings):
    spec = EstimatorSpec("temporal", {"rounds": 30, **settings})
    return fit_estimator(spec, Lesson(features, y, "regression", 0, SLOTS, DIMS, seed=0))


def lagged(count=600, seed=0):
    """A response that follows slot 3 alone: what no look at the latest slot could tell."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(count, SLOTS * DIMS)).astype(np.float32)
    return features, 3.0 * features[:, 3 * DIMS] + 10


def test_what_happened_earlier_in_the_window_is_used():
    model, (features, y) = trained(*lagged(1500), rounds=60), lagged(seed=1)
    residual = y - model.scores(features)[:, 0]
    assert 1 - residual.var() / y.var() > 0.8


def test_what_stands_in_a_gap_does_not_reach_the_prediction():
    features, y = lagged()
    features[::3, DIMS : 2 * DIMS] = np.nan
    model = trained(features, y, rounds=5)
    gap = features[:1]
    inputs, there = torch.from_numpy(model.standardise(gap)), torch.ones(1, SLOTS, dtype=torch.bool)
    there[0, 1] = False
    other = inputs.clone()
    other[0, DIMS : 2 * DIMS] = 7.0
    with torch.inference_mode():
        assert torch.equal(model.model(inputs, there), model.model(other, there))
        there[0, 1] = True
        assert not torch.equal(model.model(inputs, there), model.model(other, there))


def test_features_beside_the_series_are_used():
    features, _ = lagged(1500)
    weather = np.random.default_rng(4).normal(size=(1500, 1)).astype(np.float32)
    both = np.hstack([features, weather])
    model = trained(both, 2.0 * weather[:, 0].astype(float), rounds=40)
    fitted = model.scores(both)[:, 0]
    assert np.corrcoef(fitted, weather[:, 0])[0, 1] > 0.9


def test_training_leaves_the_callers_random_numbers_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    trained(*lagged(100), rounds=2)
    assert torch.equal(torch.rand(3), expected)
