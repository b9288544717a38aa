"""Dissimilarity against its definition, thinning against its bound, and pixels that no training sample is like."""

import numpy as np
import pytest
from phenolens.engine.errors import ProbeError
from phenolens.engine.trust.applicability import Applicability, ApplicabilitySettings, fit_applicability
from scipy.spatial.distance import cdist, pdist

Samples = tuple[np.ndarray, np.ndarray]


def training(seed: int = 0, groups: int = 12, each: int = 30) -> Samples:
    """Groups of similar samples, as polygons are, in two kinds of places."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), each)
    centres = rng.normal(size=(groups, 5)) + np.where(np.arange(groups) % 2, 4, 0)[:, None]
    features = centres[group] + 0.3 * rng.normal(size=(len(group), 5))
    return (features * (1, 10, 0.1, 5, 1) + 100).astype(np.float32), group


def test_dissimilarity_is_the_distance_to_the_nearest_sample_over_the_mean_distance() -> None:
    features, group = training()
    new = training(1)[0]
    scaled, placed = ((f - features.mean(0)) / features.std(0) for f in (features, new))
    expected = cdist(placed, scaled).min(axis=1) / pdist(scaled).mean()
    np.testing.assert_allclose(fit_applicability(features, group)(new), expected, rtol=1e-3, atol=1e-3)


def test_the_threshold_comes_from_other_groups_and_leaves_outliers_out() -> None:
    features, group = training()
    scaled = (features - features.mean(0)) / features.std(0)
    distance = cdist(scaled, scaled)
    distance[group[:, None] == group] = np.inf
    apart = distance.min(axis=1) / pdist(scaled).mean()
    lower, upper = np.quantile(apart, (0.25, 0.75))
    expected = apart[apart <= upper + 1.5 * (upper - lower)].max()
    fitted = fit_applicability(features, group)
    assert fitted.threshold == pytest.approx(expected, rel=1e-3)
    assert fit_applicability(features, np.arange(len(features))).threshold < 0.6 * fitted.threshold


def test_training_samples_are_inside_and_strange_pixels_outside() -> None:
    features, group = training()
    fitted = fit_applicability(features, group)
    assert fitted(features).max() < 0.02
    assert fitted.inside(features).all()
    strange = features[:50] + 20 * features.std(axis=0)
    assert not fitted.inside(strange).any()
    assert (fitted(strange) > 3).all()


def test_thinning_overstates_by_no_more_than_it_says() -> None:
    features, group = training(groups=40, each=100)
    new = training(3)[0]
    whole, thin = (
        fit_applicability(features, group, settings=ApplicabilitySettings(n)) for n in (9_999, 150)
    )
    assert len(thin.references) == 150
    more = thin(new) - whole(new)
    assert more.min() > -1e-3
    assert more.max() <= thin.gap + 1e-3
    assert 0 < thin.gap < 0.3
    assert whole.gap == 0


def test_a_feature_without_importance_does_not_count() -> None:
    features, group = training()
    fitted = fit_applicability(features, group, weights=[1, 1, 1, 1, 0])
    strange = features.copy()
    strange[:, 4] += 1_000
    np.testing.assert_allclose(fitted(strange), fitted(features), atol=0.02)
    assert fit_applicability(features, group)(strange).min() > 10


def test_missing_features_are_left_out_of_the_comparison() -> None:
    features, group = training()
    fitted = fit_applicability(features, group)
    new = training(1)[0][:64]
    gappy = new.copy()
    gappy[:, 3] = np.nan
    known = [0, 1, 2, 4]
    fewer = fit_applicability(features[:, known], group)
    expected = fewer(new[:, known]) * fewer.unit / fitted.unit * np.sqrt(5 / 4)
    np.testing.assert_allclose(fitted(gappy), expected, rtol=1e-3, atol=1e-3)
    mixed = np.where(np.arange(64)[:, None] % 2 == 0, gappy, new)
    np.testing.assert_allclose(fitted(mixed)[1::2], fitted(new)[1::2])
    np.testing.assert_allclose(fitted(mixed)[::2], fitted(gappy)[::2])


def test_a_pixel_without_any_feature_is_not_inside() -> None:
    features, group = training()
    fitted = fit_applicability(features, group)
    nothing = np.full((2, 5), np.nan, np.float32)
    assert np.isnan(fitted(nothing)).all()
    assert not fitted.inside(nothing).any()


def test_training_samples_may_have_gaps() -> None:
    features, group = training()
    features[::7, 2] = np.nan
    fitted = fit_applicability(features, group)
    assert np.isfinite(fitted.threshold)
    assert np.isfinite(fitted(features)).all()


def test_it_survives_in_an_attachment() -> None:
    features, group = training()
    fitted = fit_applicability(features, group, weights=[3, 1, 1, 1, 1])
    again = Applicability.from_attachment(fitted.to_attachment())
    np.testing.assert_array_equal(again(features + 1), fitted(features + 1))
    assert (again.threshold, again.gap, again.samples) == (fitted.threshold, fitted.gap, fitted.samples)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"group": np.zeros(360)}, "two groups"),
        ({"group": np.zeros(3)}, "two groups"),
        ({"features": np.ones((360, 5), np.float32)}, "same features"),
        ({"weights": [1, 1]}, "importances"),
        ({"weights": [0, 0, 0, 0, 0]}, "importances"),
        ({"weights": [1, 1, 1, 1, -1]}, "importances"),
    ],
)
def test_training_samples_that_say_nothing_are_refused(change: dict, said: str) -> None:
    features, group = training()
    with pytest.raises(ProbeError, match=said):
        fit_applicability(**{"features": features, "group": group, **change})
