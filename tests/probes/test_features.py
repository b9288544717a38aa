import logging
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from phenolens.engine.acquisitions.cube import Acquisition, Cube
from phenolens.engine.acquisitions.modality import SENTINEL1, SENTINEL2
from phenolens.engine.errors import InputError, ProbeError
from phenolens.engine.grid import Window
from phenolens.engine.probes.features import feature_map, sample, sample_table
from phenolens.engine.probes.slots import Period, names_of, slots_of
from phenolens.engine.probes.spec import STATISTICS, FeatureSpec

SPECS = (
    FeatureSpec("date"),
    FeatureSpec("date", dims=3),
    FeatureSpec("period", statistics=STATISTICS),
    FeatureSpec("season", parts=3),
    FeatureSpec("window", window_days=50, step_days=20),
)
WHEN = ("2020-06-20", "2020-09-30")


def dates(store):
    return store.times.astype("datetime64[D]")


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.kind}-{spec.dims}")
def test_features_of_samples_equal_those_of_the_map(noise_store, labelled, spec):
    sampling = sample(noise_store, labelled.dated(*WHEN), spec)
    values, valid = feature_map(noise_store, noise_store.grid.window, spec, WHEN)
    rows, cols = labelled.rows[sampling.kept], labelled.cols[sampling.kept]
    mine = sampling.table.block("embedding").values
    assert len(mine) > 200
    np.testing.assert_array_equal(values[:, rows, cols].T, mine)
    assert valid[rows, cols].all()
    assert valid[labelled.rows, labelled.cols].sum() == len(sampling.kept)


def test_a_map_is_the_same_whatever_window_it_is_made_of(noise_store):
    spec, part = FeatureSpec("period", statistics=STATISTICS), Window(50, 10, 25, 30)
    whole, _ = feature_map(noise_store, noise_store.grid.window, spec, WHEN)
    values, _ = feature_map(noise_store, part, spec, WHEN)
    np.testing.assert_array_equal(values, whole[:, 50:75, 10:40])


def test_a_date_sees_the_nearest_target_date(noise_store, noise, labelled):
    values, validity = noise
    sampling = sample(noise_store, labelled.dated("2020-01-08"), FeatureSpec("date"))
    rows, cols = labelled.rows[sampling.kept], labelled.cols[sampling.kept]
    assert dates(noise_store)[1] == np.datetime64("2020-01-06")
    np.testing.assert_array_equal(sampling.table.features(), values[1, :, rows, cols])
    assert (sampling.kept == np.flatnonzero(validity[1, labelled.rows, labelled.cols])).all()


def test_period_statistics_are_numpys_over_the_valid_dates_alone(noise_store, noise):
    values, validity = noise
    spec = FeatureSpec("period", statistics=STATISTICS)
    made, _ = feature_map(noise_store, noise_store.grid.window, spec, WHEN)
    inside = (dates(noise_store) >= np.datetime64(WHEN[0])) & (dates(noise_store) <= np.datetime64(WHEN[1]))
    seen = np.where(validity[:, None], values, np.nan)[inside].reshape(inside.sum(), 5, -1)
    seen = np.delete(seen, 3 * noise_store.grid.shape[1] + 4, axis=2)
    made = np.delete(made.reshape(len(STATISTICS), 5, -1), 3 * noise_store.grid.shape[1] + 4, axis=2)
    expected = [
        np.nanmean(seen, axis=0),
        np.nanstd(seen, axis=0),
        *np.nanpercentile(seen, (10, 50, 90), axis=0),
    ]
    np.testing.assert_allclose(made, expected, atol=1e-5)


def test_a_window_slot_without_target_dates_is_a_gap_and_not_filled(noise_store, labelled):
    spec = FeatureSpec("window", window_days=60, step_days=20)
    sampling = sample(noise_store, labelled.dated("2020-06-10"), spec)
    slots = sampling.table.features().reshape(-1, 3, 5)
    assert np.isfinite(slots[:, 0]).mean() > 0.9
    assert np.isnan(slots[:, 1]).all()  # 1 to 21 May: the store holds no date there
    names = sampling.table.feature_names()
    assert (names[0], names[5]) == ("lag000_e01", "lag020_e01")


def test_window_slots_hold_days_up_to_the_sample_and_none_after(noise_store):
    days = noise_store.times.astype("datetime64[D]").astype(np.int64)
    slots = slots_of(FeatureSpec("window", window_days=30, step_days=10), days, Period.of("2020-03-01"))
    offsets = [(days[slot] - 18_322).tolist() for slot in slots]
    assert offsets == [[-5, 0], [-15, -10], [-25, -20]]


def test_seasons_of_a_single_day_are_parts_of_its_calendar_year(noise_store):
    days = noise_store.times.astype("datetime64[D]").astype(np.int64)
    slots = slots_of(FeatureSpec("season", parts=2), days, Period.of("2020-05-05"))
    assert [int(i) for slot in slots for i in slot] == list(range(len(days)))
    assert dates(noise_store)[slots[1][0]] >= np.datetime64("2020-07-01")


def test_every_sample_is_read_at_its_own_date(noise_store, noise, labelled):
    values, _ = noise
    which = np.arange(300) % len(noise_store.times)
    pixels = replace(labelled, start=dates(noise_store)[which], end=dates(noise_store)[which])
    sampling = sample(noise_store, pixels, FeatureSpec("date"))
    kept = sampling.kept
    np.testing.assert_array_equal(
        sampling.table.features(), values[which[kept], :, labelled.rows[kept], labelled.cols[kept]]
    )
    assert (sampling.table.day == pixels.start[kept]).all()


def test_what_holds_until_or_from_a_day_reaches_to_the_first_or_last_date(noise_store, labelled):
    first, last = dates(noise_store)[[0, -1]]
    never, day = np.datetime64("NaT", "D"), first + (last - first) // 2
    pairs = {(never, day): (first, day), (day, never): (day, last)}
    for (start, end), meant in pairs.items():
        open_ended = replace(labelled, start=np.full(300, start), end=np.full(300, end))
        said = replace(labelled, start=np.full(300, meant[0]), end=np.full(300, meant[1]))
        spec = FeatureSpec("period", statistics=("mean",))
        found, expected = (sample_table(noise_store, one, spec) for one in (open_ended, said))
        np.testing.assert_array_equal(found.features(), expected.features())
        assert (found.day == expected.day).all()


def test_spans_reach_as_far_as_the_models_acquisitions(noise_store, labelled):
    table = sample_table(noise_store, labelled.dated("2020-03-01"), FeatureSpec("window", window_days=30))
    assert (table.span == np.array(["2020-01-06", "2020-03-31"], "datetime64[D]")).all()


def test_positions_groups_and_responses_follow_their_samples(noise_store, labelled):
    sampling = sample(noise_store, labelled.dated("2020-01-08"), FeatureSpec("date"))
    table, kept = sampling.table, sampling.kept
    assert table.crs == "EPSG:32631"
    assert table.position[0] == pytest.approx(
        (600_005 + 10 * labelled.cols[kept[0]], 5_600_795 - 10 * labelled.rows[kept[0]])
    )
    assert (table.y == labelled.y[kept]).all()
    assert (table.keys["polygon"] == labelled.group[kept]).all()


def test_samples_without_features_are_dropped_and_counted_by_reason(noise_store, labelled, caplog):
    start = np.full(300, "2020-01-06", "datetime64[D]")
    start[:10], start[10:15] = np.datetime64("2020-05-05"), np.datetime64("NaT")
    rows, cols = labelled.rows.copy(), labelled.cols.copy()
    rows[20], cols[20] = 3, 4
    pixels = replace(labelled, rows=rows, cols=cols, start=start, end=start)
    with caplog.at_level(logging.WARNING):
        sampling = sample(noise_store, pixels, FeatureSpec("date", largest_gap_days=10))
        assert len(sample_table(noise_store, pixels, FeatureSpec("date", largest_gap_days=10))) > 200
    counts = {why.split(" ")[1] + " " + why.split(" ")[2]: n for why, n in sampling.dropped.items()}
    assert counts["a target"] == 10
    assert counts["a date"] == 5
    assert counts["a valid"] == 285 - len(sampling.kept) > 0
    assert 20 not in sampling.kept
    assert "10 dropped: without a target date near" in caplog.text


def test_labels_without_a_date_take_the_date_that_is_stated_for_all(noise_store, labelled):
    given = sample_table(noise_store, labelled, FeatureSpec("date"), when="2020-01-08")
    dated = sample_table(noise_store, labelled.dated("2020-01-08"), FeatureSpec("date"))
    np.testing.assert_array_equal(given.features(), dated.features())
    always = sample_table(noise_store, labelled, FeatureSpec("period"))  # of all that the store holds
    year = sample_table(noise_store, labelled.dated("2020-01-01", "2020-12-31"), FeatureSpec("period"))
    np.testing.assert_array_equal(always.features(), year.features())


def test_no_sample_with_features_is_an_error_that_says_why(noise_store, labelled):
    with pytest.raises(ProbeError, match=r"300 without a target date near .* the store runs from 2020"):
        sample(noise_store, labelled.dated("2031-01-08"), FeatureSpec("date"))
    with pytest.raises(ProbeError, match="300 without a date"):
        sample(noise_store, labelled, FeatureSpec("window"))
    cloudy = replace(labelled.dated("2020-01-08"), rows=np.full(300, 3), cols=np.full(300, 4))
    with pytest.raises(ProbeError, match="300 without a valid embedding"):
        sample(noise_store, cloudy, FeatureSpec("period"))


def test_labels_on_another_grid_are_refused(noise_store, labelled):
    with pytest.raises(InputError, match="another grid"):
        sample(noise_store, replace(labelled, grid=noise_store.grid.crop(Window(0, 0, 5, 5))), FeatureSpec())


def test_a_map_far_from_all_target_dates_is_refused(noise_store):
    with pytest.raises(ProbeError, match="no target date"):
        feature_map(noise_store, noise_store.grid.window, FeatureSpec("date"), "2031-01-01")


@pytest.mark.parametrize("when", ["May", "2020-13-01", ("2020-05-01", "2020-04-01"), "NaT"])
def test_dates_that_are_none_are_refused(when):
    with pytest.raises(InputError, match=r"date|period"):
        Period.of(when)


def test_names_are_as_many_as_features(noise_store):
    for spec in SPECS:
        values, _ = feature_map(noise_store, Window(0, 0, 2, 2), spec, WHEN)
        names = names_of(spec, [f"e{i}" for i in range(spec.dims or 5)])
        assert len(names) == len(set(names)) == len(values)


class Observations:
    """Acquisitions on given days with known reflectances: band number / 10 + day number / 1000, cloudy in part."""

    def __init__(self, grid, modality, days, clear):
        self.grid, self.modality, self.clear = grid, modality, clear
        self.acquisitions = tuple(
            Acquisition(datetime.fromisoformat(day).replace(tzinfo=UTC)) for day in days
        )

    def read(self, window, frames=None):
        chosen = list(range(len(self.acquisitions))) if frames is None else list(frames)
        bands = np.arange(len(self.modality.bands)) / 10
        values = np.empty((len(chosen), len(bands), window.height, window.width), np.float32)
        for k, frame in enumerate(chosen):
            values[k] = (bands + frame / 1000)[:, None, None]
        validity = np.broadcast_to(self.clear[chosen][(...,) + (None,) * 3], values.shape).copy()
        return Cube(
            self.modality,
            self.grid.crop(window),
            tuple(self.acquisitions[k] for k in chosen),
            values,
            validity,
        )


@pytest.fixture
def observations(noise_store):
    days = ("2020-01-02", "2020-01-07", "2020-01-11", "2020-03-01")
    optical = Observations(noise_store.grid, SENTINEL2, days, np.array([True, False, True, True]))
    radar = Observations(noise_store.grid, SENTINEL1, days[:1], np.array([True]))
    return {"s2": optical, "s1": radar}


def test_bands_of_a_date_are_those_of_the_nearest_clear_acquisition(noise_store, labelled, observations):
    table = sample_table(noise_store, labelled.dated("2020-01-08"), FeatureSpec("date"), sources=observations)
    bands = table.block("bands")
    assert bands.names == (*SENTINEL2.bands, *SENTINEL1.bands)
    np.testing.assert_allclose(bands.values[:, 0], 0.002, atol=1e-6)  # the one of the 7th is cloudy
    np.testing.assert_allclose(bands.values[:, -1], 0.1, atol=1e-6)
    red, near = 0.202, 0.602
    ndvi = (near - red) / (near + red)
    expected = [ndvi, np.tanh(ndvi**2), ndvi * near]
    assert table.block("indices").names == ("NDVI", "kNDVI", "NIRv")
    np.testing.assert_allclose(table.block("indices").values, np.tile(expected, (len(table), 1)), atol=1e-5)


def test_bands_of_a_period_are_statistics_over_clear_acquisitions_and_gaps_stay(
    noise_store, labelled, observations
):
    spec = FeatureSpec("period", statistics=("mean",))
    table = sample_table(noise_store, labelled.dated("2020-01-01", "2020-01-31"), spec, sources=observations)
    np.testing.assert_allclose(table.block("bands").values[:, 0], 0.001, atol=1e-6)
    late = sample_table(noise_store, labelled.dated("2020-06-01", "2020-06-30"), spec, sources=observations)
    assert np.isnan(late.block("bands").values).all()
    assert np.isfinite(late.features()).all()


def test_acquisitions_on_another_grid_are_refused(noise_store, labelled):
    source = Observations(
        noise_store.grid.crop(Window(0, 0, 5, 5)), SENTINEL2, ("2020-01-02",), np.array([True])
    )
    with pytest.raises(InputError, match="another grid"):
        sample_table(noise_store, labelled.dated("2020-01-08"), FeatureSpec(), sources={"s2": source})
