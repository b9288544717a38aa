"""The estimator against two publications' worked examples, and against a second way to the same numbers."""

import numpy as np
import pytest
from phenolens.engine.area.estimate import Estimate, estimate
from phenolens.engine.errors import InputError

# Olofsson et al. 2014, table 8: map classes deforestation, forest gain, stable forest, stable non-forest
COUNTS = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
PIXELS = {1: 200_000, 2: 150_000, 3: 3_200_000, 4: 6_450_000}
HECTARES = 0.09
"""Of a Landsat pixel."""


def units_of(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(map class, reference class) of every sample unit behind a table of counts."""
    mapped, reference = np.indices(counts.shape) + 1
    return np.repeat(mapped, counts.ravel()), np.repeat(reference, counts.ravel())


@pytest.fixture
def olofsson() -> Estimate:
    mapped, reference = units_of(COUNTS)
    return estimate(mapped, mapped, reference, PIXELS, (1, 2, 3, 4))


def test_areas_and_margins_are_those_that_olofsson_2014_prints(olofsson: Estimate) -> None:
    hectares = [round(olofsson.area[c].value * olofsson.total * HECTARES) for c in olofsson.codes]
    margins = [round(olofsson.area[c].margin * olofsson.total * HECTARES) for c in olofsson.codes]
    assert hectares == [21_158, 11_686, 285_770, 581_386]
    assert margins == [6_158, 3_756, 15_510, 16_282]
    assert round(olofsson.area[1].value * olofsson.total) == 235_086
    assert round(olofsson.area[1].margin * olofsson.total) == 68_418


def test_error_matrix_is_table_9_of_olofsson_2014(olofsson: Estimate) -> None:
    printed = np.array(
        [
            [0.0176, 0, 0.0013, 0.0011],
            [0, 0.0110, 0.0016, 0.0024],
            [0.0019, 0, 0.2967, 0.0213],
            [0.0040, 0.0020, 0.0179, 0.6212],
        ]
    )
    np.testing.assert_array_equal(olofsson.matrix.round(4), printed)
    assert [round(olofsson.area[c].value, 4) for c in olofsson.codes] == [0.0235, 0.0130, 0.3175, 0.6460]
    np.testing.assert_array_equal(olofsson.counts, COUNTS)


def test_accuracies_are_those_that_olofsson_2014_prints(olofsson: Estimate) -> None:
    assert (round(olofsson.overall.value, 2), round(olofsson.overall.margin, 2)) == (0.95, 0.02)
    users = [(round(q.value, 2), round(q.margin, 2)) for q in olofsson.users.values()]
    assert users == [(0.88, 0.07), (0.73, 0.10), (0.93, 0.04), (0.96, 0.02)]
    assert [round(q.value, 2) for q in olofsson.producers.values()] == [0.75, 0.85, 0.93, 0.96]
    # printed are 0.21, 0.23, 0.03, 0.01: the second and the fourth don't follow from the paper's equation 7
    assert [round(q.margin, 2) for q in olofsson.producers.values()] == [0.21, 0.25, 0.03, 0.02]


def test_the_general_estimator_equals_the_closed_form_for_strata_that_are_classes(olofsson: Estimate) -> None:
    """Equations 5 to 7 and 10 of Olofsson et al. 2014."""
    n, N = COUNTS.sum(axis=1), np.array(list(PIXELS.values()), float)
    share, weight = COUNTS / n[:, None], N / N.sum()
    users = np.diag(share)
    column = N @ share
    area_se = np.sqrt(weight**2 @ (share * (1 - share) / (n - 1)[:, None]))
    overall_se = np.sqrt(weight**2 @ (users * (1 - users) / (n - 1)))
    producers = N * users / column
    own = N**2 * (1 - producers) ** 2 * users * (1 - users) / (n - 1)
    others = (N**2)[:, None] * share * (1 - share) / (n - 1)[:, None]
    np.fill_diagonal(others, 0)
    producers_se = np.sqrt(own + producers**2 * others.sum(axis=0)) / column
    np.testing.assert_allclose([q.se for q in olofsson.area.values()], area_se)
    np.testing.assert_allclose(olofsson.overall.se, overall_se)
    np.testing.assert_allclose(
        [q.se for q in olofsson.users.values()], np.sqrt(users * (1 - users) / (n - 1))
    )
    np.testing.assert_allclose([q.se for q in olofsson.producers.values()], producers_se)


# Stehman 2014, table 2: 40 units in strata 1-4 of 40,000, 30,000, 20,000 and 10,000 pixels, classes A-D
STRATUM = np.repeat([1, 2, 3, 4], 10)
MAPPED = np.array([1] * 7 + [2] * 3 + [1] + [2] * 11 + [3] * 6 + [2] * 2 + [4] * 10)
REFERENCE = np.array([" ABCD".index(c) for c in "AAAAACBABCABBBBBAABBCCCCCDDBBADDDDDDDCCB"])
STRATA = {1: 40_000, 2: 30_000, 3: 20_000, 4: 10_000}


@pytest.mark.parametrize("finite", [True, False])
def test_strata_that_are_not_classes_give_the_digits_that_stehman_2014_prints(finite: bool) -> None:
    found = estimate(STRATUM, MAPPED, REFERENCE, STRATA, (1, 2, 3, 4), finite=finite)
    assert (round(found.area[1].value, 2), round(found.area[1].se, 3)) == (0.35, 0.082)
    assert (round(found.area[3].value, 2), round(found.area[3].se, 3)) == (0.20, 0.064)
    assert (round(found.overall.value, 2), round(found.overall.se, 3)) == (0.63, 0.085)
    assert (round(found.users[2].value, 3), round(found.users[2].se, 3)) == (0.574, 0.125)
    assert round(found.producers[2].value, 3) == 0.794
    assert round(found.matrix[1, 2], 2) == 0.08
    # printed is 0.114, from a variance of 0 where the paper's own table 3 has 0.1 (class B in stratum 4)
    assert round(found.producers[2].se, 3) == 0.117


def test_the_finite_population_correction_narrows_and_a_census_has_no_error() -> None:
    mapped, reference = units_of(np.array([[8, 2], [1, 9]]))
    wide = estimate(mapped, mapped, reference, {1: 40, 2: 1000}, (1, 2))
    narrow = estimate(mapped, mapped, reference, {1: 40, 2: 1000}, (1, 2), finite=True)
    assert narrow.users[1].se == pytest.approx(wide.users[1].se * np.sqrt(1 - 10 / 40))
    census = estimate(mapped, mapped, reference, {1: 10, 2: 10}, (1, 2), finite=True)
    assert census.overall.se == 0
    assert census.area[1].value == pytest.approx(9 / 20)


def test_estimates_are_unbiased_and_their_intervals_cover_over_many_samples() -> None:
    rng = np.random.default_rng(5)
    truth = np.repeat([1, 2, 1, 2], [4_000, 1_000, 3_000, 12_000])  # the map shows 1 for the first 5,000
    on_map = np.repeat([1, 2], [5_000, 15_000])
    found, covered = [], 0
    for _ in range(400):
        drawn = np.concatenate([rng.choice(5_000, 100, False), 5_000 + rng.choice(15_000, 200, False)])
        area = estimate(on_map[drawn], on_map[drawn], truth[drawn], {1: 5_000, 2: 15_000}, (1, 2)).area[1]
        found.append(area.value)
        covered += area.interval[0] <= 0.35 <= area.interval[1]
    assert np.mean(found) == pytest.approx(0.35, abs=3 * np.std(found) / 20)
    assert 0.92 <= covered / 400 <= 0.98
    assert abs(np.mean(on_map == 1) - 0.35) > 0.09  # what counting pixels would have said


def test_a_class_that_the_reference_never_finds_has_no_producers_accuracy() -> None:
    mapped, reference = units_of(np.array([[5, 5, 0], [2, 8, 0], [1, 9, 0]]))
    found = estimate(mapped, mapped, reference, {1: 100, 2: 100, 3: 100}, (1, 2, 3))
    assert np.isnan(found.producers[3].value)
    assert found.users[3].value == 0
    assert found.area[3].value == 0


@pytest.mark.parametrize("units", [0, 1])
def test_a_stratum_with_no_or_one_sample_unit_is_refused(units: int) -> None:
    mapped, reference = np.array([1, 1, 1] + [2] * units), np.array([1, 1, 2] + [2] * units)
    with pytest.raises(InputError, match=rf"fewer than two.*stratum 2: {units}"):
        estimate(mapped, mapped, reference, {1: 50, 2: 50}, (1, 2))


def test_a_reference_code_outside_the_table_is_refused_with_the_code() -> None:
    with pytest.raises(InputError, match=r"unknown reference class.*7"):
        estimate([1, 1, 2, 2], [1, 1, 2, 2], [1, 7, 2, 2], {1: 50, 2: 50}, (1, 2))
