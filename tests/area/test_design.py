"""Sample size and allocation."""

import numpy as np
import pytest
from phenolens.engine.area.design import ALLOCATIONS, Aim, allocate, expected_shares, plan_sample
from phenolens.engine.errors import InputError

# Olofsson et al. 2014, table 5
PIXELS = {1: 200_000, 2: 150_000, 3: 3_200_000, 4: 6_450_000}
ACCURACY = {1: 0.70, 2: 0.60, 3: 0.90, 4: 0.95}


def test_the_sample_size_of_olofsson_2014_is_641() -> None:
    assert plan_sample(PIXELS, ACCURACY, Aim(0.01)).size == 641


def test_allocations_are_those_of_olofsson_2014() -> None:
    """The sample of its table 8 (75, 75, 165, 325) is the recommended one, rounded to fives by hand."""
    plan = plan_sample(PIXELS, ACCURACY, Aim(0.01), minimum=75)
    assert list(plan.allocations["proportional"].units.values()) == [13, 10, 205, 413]
    assert list(allocate(640, PIXELS, "equal").values()) == [160, 160, 160, 160]
    assert list(plan.allocations["recommended"].units.values()) == [75, 75, 163, 328]
    assert all(plan.allocations[method].total == 641 for method in ALLOCATIONS)


def test_the_optimal_allocation_reaches_the_aim_and_no_other_does_better() -> None:
    plan = plan_sample(PIXELS, ACCURACY, Aim(0.01))
    errors = {method: plan.allocations[method].se_overall for method in ALLOCATIONS}
    assert errors["neyman"] == pytest.approx(0.01, rel=0.02)
    assert min(errors, key=errors.get) == "neyman"


def test_an_aim_for_the_area_of_a_rare_class_is_reached_too() -> None:
    aim = Aim(0.003, code=1)
    plan = plan_sample(PIXELS, ACCURACY, aim)
    assert plan.allocations["neyman"].se_area[1] == pytest.approx(0.003, rel=0.03)
    assert plan.allocations["neyman"].se_area[1] < plan.allocations["equal"].se_area[1]


def test_anticipated_errors_are_those_that_samples_then_have() -> None:
    rng = np.random.default_rng(0)
    plan = plan_sample(PIXELS, ACCURACY, size=600)
    units = np.array(list(plan.allocations["recommended"].units.values()))
    weight = np.array(list(PIXELS.values())) / sum(PIXELS.values())
    shares = expected_shares(PIXELS, ACCURACY)
    drawn = rng.binomial(units, shares[:, 0], size=(4_000, 4)) / units
    assert np.std(drawn @ weight) == pytest.approx(plan.allocations["recommended"].se_area[1], rel=0.05)


def test_no_stratum_gets_more_units_than_pixels_or_fewer_than_two() -> None:
    pixels = {1: 30, 2: 5_000, 3: 1_000_000}
    for method in ALLOCATIONS:
        units = allocate(500, pixels, method, {1: 0.4, 2: 0.4, 3: 0.01}, minimum=50)
        assert sum(units.values()) == 500
        assert all(2 <= units[code] <= pixels[code] for code in pixels)
    assert allocate(500, pixels)[1] == 30


def test_a_minimum_that_asks_for_more_than_the_size_wins() -> None:
    assert allocate(60, {1: 500, 2: 500, 3: 9_000}, minimum=50) == {1: 50, 2: 50, 3: 50}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pixels": {1: 100}}, "one class only"),
        ({"accuracy": {1: 0.9}}, "no expected accuracy"),
        ({"accuracy": {**ACCURACY, 2: 1.0}}, "out of range"),
        ({"size": 5}, "sample size"),
    ],
)
def test_plans_that_make_no_sense_are_refused(change: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        plan_sample(**{"pixels": PIXELS, "accuracy": ACCURACY, **change})


@pytest.mark.parametrize("error", [0, 5, float("nan")])
def test_a_target_that_is_no_share_is_refused(error: float) -> None:
    with pytest.raises(InputError, match="standard error"):
        Aim(error)
