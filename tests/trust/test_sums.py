"""Sums over time: exact where they can be, and intervals that hold the truth as often as they say."""

import numpy as np
import pytest
from phenolens.engine.errors import ProbeError
from phenolens.engine.probes.table import SampleTable
from phenolens.engine.response import Response
from phenolens.engine.trust.heldout import HeldOut
from phenolens.engine.trust.sums import SumError, day_weights, fit_sum_error, sum_over

GPP = Response("GPP", "regression", "gC m-2 d-1")
FIRST, LAST = np.datetime64("2021-01-01"), np.datetime64("2021-12-31")
DATES = np.arange(FIRST, LAST, np.timedelta64(10, "D"))


def test_weights_are_the_days_of_the_period_and_sum_straight_lines_exactly() -> None:
    weights = day_weights(DATES, FIRST, LAST)
    assert weights.sum() == pytest.approx(365)
    daily = np.arange(365.0)
    assert weights @ (DATES - FIRST).astype(float) == pytest.approx(daily.sum(), rel=1e-3)
    uneven = DATES[[0, 3, 4, 8, 12, 13, 16, 20, 22, 25, 29, 32, 36]]
    line = np.interp(daily, (uneven - FIRST).astype(float), np.arange(13.0))
    assert day_weights(uneven, FIRST, LAST) @ np.arange(13.0) == pytest.approx(line.sum())


def test_dates_beyond_the_period_help_at_its_ends() -> None:
    around = np.arange(FIRST - 5, LAST + 20, np.timedelta64(10, "D"))
    weights = day_weights(around, FIRST, LAST)
    assert weights.sum() == pytest.approx(365)
    assert weights[0] == pytest.approx(0.5 + 0.4 + 0.3 + 0.2 + 0.1)


@pytest.mark.parametrize(
    "dates", [DATES[:20], DATES[10:], np.delete(DATES, range(10, 15)), DATES[:0], DATES[::-1]]
)
def test_a_long_gap_anywhere_is_refused(dates: np.ndarray) -> None:
    with pytest.raises(ProbeError, match=r"too long a gap|ascending"):
        day_weights(dates, FIRST, LAST)


def test_a_gap_is_told_by_the_days_around_it() -> None:
    days = np.array(["2019-03-01", "2019-03-20", "2019-08-01"], "datetime64[D]")
    with pytest.raises(ProbeError, match="none from 2019-03-20 to 2019-08-01, in a sum from 2019-03-01"):
        day_weights(days, np.datetime64("2019-03-01"), np.datetime64("2019-08-01"))
    with pytest.raises(ProbeError, match="none from 2019-01-01 to 2019-03-01"):
        day_weights(days[:2], np.datetime64("2019-01-01"), np.datetime64("2019-03-20"))


def test_pixels_are_summed_over_the_dates_that_they_have() -> None:
    values = np.ones((len(DATES), 2, 2))
    values[3, 0, 1] = np.nan
    values[10:20, 1, 0] = np.nan
    values[:, 1, 1] = np.nan
    sums = sum_over(values, DATES, FIRST, LAST)
    np.testing.assert_allclose(sums, [[365, 365], [np.nan, np.nan]])


def errors(
    places: int, seed: int, years: int = 2, step: int = 10
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(day, place, residual): a bias per place, a season's worth of it, weather that fades in 16 days, noise."""
    rng = np.random.default_rng(seed)
    days = np.arange("2020-01-01", f"{2020 + years}-01-01", step, dtype="datetime64[D]")
    when = days.astype(int).astype(float)
    lasting = 0.8**2 * np.exp(-np.abs(when[:, None] - when) / 16)
    root = np.linalg.cholesky(lasting + 1e-9 * np.eye(len(when)))
    phase = 2 * np.pi * when / 365.25
    season = rng.normal(0, 0.7, (places, 2)) @ np.stack([np.sin(phase), np.cos(phase)])
    residual = rng.normal(0, 0.5, (places, 1)) + season + rng.normal(size=(places, len(when))) @ root.T
    residual += rng.normal(0, 0.6, residual.shape)
    return np.tile(days, places), np.repeat(np.arange(places), len(days)), residual.ravel()


def held(places: int, seed: int, **about: int) -> HeldOut:
    days, place, residual = errors(places, seed, **about)
    table = SampleTable(GPP, 5 + residual, {}, {"site": place}, day=days)
    return HeldOut(table, np.full(len(days), 5.0), None, place, "site")


def test_the_parts_of_the_errors_are_found_again() -> None:
    found = fit_sum_error(held(250, 0))
    assert found.persistent == pytest.approx(0.25, abs=0.06)
    assert found.seasonal == pytest.approx(0.49, abs=0.1)
    assert found.lasting == pytest.approx(0.64, abs=0.15)
    assert found.scale_days in (8, 16, 32)
    assert found.single == pytest.approx(0.36, abs=0.15)


@pytest.mark.parametrize("places", [5, 40])
def test_intervals_of_annual_sums_hold_for_new_places(places: int) -> None:
    """With few groups through normal errors, with many through sums of residuals."""
    covered, independent, dependent = [], [], []
    for seed in range(25):
        found = fit_sum_error(held(places, seed))
        days, place, residual = errors(40, 1_000 + seed, years=1)
        own = days[place == 0]
        weights = day_weights(own, np.datetime64("2020-01-01"), np.datetime64("2020-12-31"))
        sums = np.abs(residual.reshape(40, -1) @ weights)
        covered.append((sums <= found.margin(own, weights)).mean())
        low, high = (1.645 * extreme for extreme in found.extremes(own, weights))
        independent.append((sums <= low).mean())
        dependent.append((sums <= high).mean())
    assert ("normal" in found.basis) == (places == 5)
    assert np.mean(covered) == pytest.approx(0.9, abs=0.05 if places == 5 else 0.03)
    assert np.mean(independent) < 0.65
    assert np.mean(dependent) > 0.99


def test_a_sum_is_less_sure_than_independent_errors_and_surer_than_dependent_ones() -> None:
    found = fit_sum_error(held(40, 3))
    weights = day_weights(DATES, FIRST, LAST)
    low, high = found.extremes(DATES, weights)
    assert 1.5 * low < found.standard_error(DATES, weights) < 0.7 * high


def test_daily_series_with_gaps_are_learnt_from_too() -> None:
    full = held(30, 4, step=1)
    keep = np.random.default_rng(0).random(len(full.predicted)) < 0.6
    whole, gappy = fit_sum_error(full), fit_sum_error(full.take(keep))
    weights = day_weights(DATES, FIRST, LAST)
    assert gappy.standard_error(DATES, weights) == pytest.approx(
        whole.standard_error(DATES, weights), rel=0.1
    )


def test_what_happens_between_dates_is_part_of_the_error_where_samples_show_it() -> None:
    """Daily errors, a sum over every tenth day: tenfold fewer dates than errors, but not tenfold the weather."""
    daily = fit_sum_error(held(40, 4, step=1))
    assert daily.spacing == 1
    every = np.arange(FIRST, LAST + 1)
    whole = daily.standard_error(every, day_weights(every, FIRST, LAST))
    assert daily.standard_error(DATES, day_weights(DATES, FIRST, LAST)) == pytest.approx(whole, rel=0.02)
    sparse = fit_sum_error(held(40, 4, step=10))
    assert sparse.spacing == 10


def test_it_survives_in_an_attachment() -> None:
    found = fit_sum_error(held(12, 0))
    assert SumError.from_attachment(found.to_attachment()) == found


def test_samples_that_are_no_series_are_refused() -> None:
    series = held(12, 0)
    single = series.take(np.unique(series.group, return_index=True)[1])
    with pytest.raises(ProbeError, match="no place has samples on two days"):
        fit_sum_error(single)
    bare = SampleTable(GPP, series.table.y, {}, series.table.keys)
    with pytest.raises(ProbeError, match="quantity with days"):
        fit_sum_error(HeldOut(bare, series.predicted, None, series.group, "site"))
