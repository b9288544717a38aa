from datetime import date

import numpy as np
import pytest
import rasterio
from phenolens.engine.__main__ import main
from phenolens.engine.errors import InputError, TargetError
from phenolens.engine.grid import Window
from phenolens.engine.views.change import PeriodChange, period_layers
from phenolens.engine.views.change_breaks import (
    BreakSearch,
    break_layers,
    decimal_years,
    largest_breaks,
    year_slots,
)
from phenolens.engine.views.periods import dates_within, group_means, support_weight

WHOLE = Window(0, 0, 48, 64)
CHANGED = slice(10, 22), slice(46, 60)
CHANGE_DATE, CLOUDY = 26, 7


@pytest.fixture(scope="module")
def summers(known):
    before, after = (dates_within(known.store, date(y, 5, 1), date(y, 9, 30)) for y in (2020, 2021))
    return PeriodChange.fit(known.store, before, after)


@pytest.fixture(scope="module")
def search(known):
    return BreakSearch.fit(known.store)


def _inside() -> np.ndarray:
    mask = np.zeros((48, 64), bool)
    mask[CHANGED] = True
    return mask


def test_what_changed_between_two_summers_ranks_highest(known, summers):
    distance, confidence = summers.distance(known.store, WHOLE)
    inside = _inside()
    assert distance[inside].min() > np.percentile(distance[~inside], 99)
    assert np.median(confidence[inside]) > 4 * np.median(confidence[~inside])
    assert np.median(confidence[~inside]) < 1.5


def test_a_single_date_has_a_magnitude_and_no_confidence(known):
    pair = PeriodChange.fit(known.store, [12], [36])
    distance, confidence = pair.distance(known.store, WHOLE)
    valid = known.store.read_map(12).validity & known.store.read_map(36).validity
    assert np.array_equal(np.isfinite(distance), valid)
    assert np.isnan(confidence).all()
    assert list(period_layers(known.store, pair)) == ["magnitude"]


def test_gap_filled_dates_count_less(known):
    weight = support_weight(known.store.read_map(CLOUDY))
    assert weight.max() == pytest.approx(1 / 7)
    assert support_weight(known.store.read_map(CLOUDY + 1)).max() == 1
    found = group_means(known.store, WHOLE, [(CLOUDY, CLOUDY + 1)])
    near = np.abs(found.mean[0] - known.store.read_map(CLOUDY + 1).embedding).mean()
    far = np.abs(found.mean[0] - known.store.read_map(CLOUDY).embedding).mean()
    assert near < far / 4
    assert found.dates.max() < 1.4


def test_group_means_are_the_weighted_means_of_the_dates(known):
    found = group_means(known.store, WHOLE, [(0, 1, 2), (5,)])
    maps = [known.store.read_map(n) for n in (0, 1, 2)]
    all_valid = np.logical_and.reduce([m.validity for m in maps])
    mean = np.mean([m.embedding for m in maps], axis=0)
    assert np.allclose(found.mean[0][:, all_valid], mean[:, all_valid], atol=1e-4)
    assert np.array_equal(found.validity, found.dates.min(axis=0) > 0)


def test_the_break_is_found_with_its_date_and_confidence(known, search):
    found = search.find(known.store, WHOLE)
    z = search.confidence(found)
    inside = _inside()
    assert (z[inside] >= 3).mean() > 0.95
    assert (z[~inside] >= 3).mean() < 0.02
    assert np.median(found.index[inside]) == CHANGE_DATE
    assert (np.abs(found.index[inside] - CHANGE_DATE) <= 2).mean() > 0.95
    assert found.magnitude[inside].min() > np.percentile(found.magnitude[~inside], 95)


def test_the_step_equals_the_joint_least_squares_of_seasons_and_step():
    random = np.random.default_rng(0)
    slots = np.tile(np.arange(8), 3)
    weights = random.uniform(0.2, 1, (24, 1)).astype(np.float32)
    values = random.normal(size=(24, 2, 1)).astype(np.float32) * 0.1
    values[13:, 0] += 1.0
    found = largest_breaks(values.copy(), weights, slots)
    cut = int(found.index[0])
    design = np.column_stack([*(slots == s for s in range(8)), np.arange(24) >= cut]).astype(float)
    root = np.sqrt(weights)
    steps = np.linalg.lstsq(design * root, values[:, :, 0] * root, rcond=None)[0][-1]
    assert cut == 13
    assert found.magnitude[0] == pytest.approx(np.linalg.norm(steps), rel=0.15)  # long residuals are clipped


def test_without_clipping_the_step_is_exactly_that(monkeypatch):
    monkeypatch.setattr("phenolens.engine.views.change_breaks.CLIP", 1e9)
    random = np.random.default_rng(1)
    slots = np.tile(np.arange(6), 4)
    weights = random.uniform(0.2, 1, (24, 5)).astype(np.float32)
    values = random.normal(size=(24, 3, 5)).astype(np.float32)
    found = largest_breaks(values.copy(), weights, slots)
    for pixel in range(5):
        cut = int(found.index[pixel])
        design = np.column_stack([*(slots == s for s in range(6)), np.arange(24) >= cut]).astype(float)
        root = np.sqrt(weights[:, pixel : pixel + 1])
        fit, rest, *_ = np.linalg.lstsq(design * root, values[:, :, pixel] * root, rcond=None)
        assert found.magnitude[pixel] == pytest.approx(np.linalg.norm(fit[-1]), rel=1e-3)
        seasons = np.linalg.lstsq(design[:, :-1] * root, values[:, :, pixel] * root, rcond=None)[1]
        assert found.ratio[pixel] == pytest.approx((seasons.sum() - rest.sum()) / rest.sum(), rel=1e-3)


def test_a_window_has_the_breaks_of_the_whole(known, search):
    whole, part = search.find(known.store, WHOLE), search.find(known.store, Window(5, 40, 20, 20))
    assert np.allclose(part.magnitude, whole.magnitude[5:25, 40:60], rtol=1e-3)


def test_break_layers_show_the_date_only_where_it_is_sure(known, search):
    layers = break_layers(known.store, search)
    when = layers["date"].render(WHOLE)[0]
    assert list(layers) == ["magnitude", "confidence", "date"]
    assert (when[_inside()] > 0).mean() > 0.95
    assert (when[~_inside()] > 0).mean() < 0.06
    palette = layers["date"].palette
    shown = palette.low - palette.step + palette.step * np.median(when[_inside()])
    assert shown == pytest.approx(decimal_years(known.store)[CHANGE_DATE], abs=0.06)


def test_a_pixel_that_is_never_valid_has_no_break():
    weights = np.ones((24, 2), np.float32)
    weights[:, 1] = 0
    values = np.random.default_rng(0).normal(size=(24, 3, 2)).astype(np.float32)
    found = largest_breaks(values, weights, np.tile(np.arange(6), 4))
    assert np.isnan(found.magnitude).tolist() == [False, True]


def test_slots_seen_in_one_year_only_tell_nothing(known):
    slots = year_slots(known.store, 12)
    assert set(slots.tolist()) == set(range(12))
    with pytest.raises(InputError, match="out of range"):
        year_slots(known.store, 1)


def test_stores_and_periods_that_allow_no_comparison_are_refused(known, single, empty):
    with pytest.raises(InputError, match="one date only"):
        PeriodChange.fit(single, [0], [0])
    with pytest.raises(InputError, match="one date only"):
        BreakSearch.fit(single)
    with pytest.raises(InputError, match="same season in two years"):
        BreakSearch.fit(empty)
    with pytest.raises(InputError, match="share no date"):
        PeriodChange.fit(known.store, [1, 2], [2, 3])
    with pytest.raises(InputError, match="no valid embedding"):
        PeriodChange.fit(empty, [0], [1])
    with pytest.raises(TargetError, match="no date in this period"):
        dates_within(known.store, date(2030, 1, 1), date(2030, 2, 1))


def test_the_commands_write_magnitude_confidence_and_date(known, tmp_path):
    store, stem = str(known.store.path), str(tmp_path / "c")
    assert main(["change", store, "--out", stem]) == 0
    with rasterio.open(f"{stem}-change-date.tif") as raster:
        assert raster.units == ("year",)
    periods = ["--before", "2020-05-01..2020-09-30", "--after", "2021-05-01..2021-09-30"]
    assert main(["change", store, *periods, "--out", f"{stem}2"]) == 0
    assert (tmp_path / "c2-change-confidence.png").exists()
    assert main(["change", store, "--out", stem]) == 2


@pytest.mark.parametrize(
    ("flags", "cause"),
    [
        (["--before", "2020-05-01"], "both periods or none"),
        (["--before", "2020-05-30..2020-05-01", "--after", "2021-05-01"], "ends before it begins"),
        (["--before", "May", "--after", "2021-05-01"], "this is no date"),
        (["--parts", "400"], "out of range"),
    ],
)
def test_periods_that_can_not_be_used_are_said(known, tmp_path, flags, cause, capsys):
    assert main(["change", str(known.store.path), *flags, "--out", str(tmp_path / "c")]) == 2
    assert cause in capsys.readouterr().err
