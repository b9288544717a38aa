import numpy as np
import pytest
from phenolens.engine.classes import ClassTable
from phenolens.engine.errors import ProbeError
from phenolens.engine.probes.table import Block, SampleTable
from phenolens.engine.response import Response
from phenolens.engine.validation.folds import FoldSettings, make_scheme, make_schemes
from phenolens.engine.validation.samples import shares_window

LAND = Response("land cover", "classification", classes=ClassTable.of_names(["forest", "field", "water"]))
GPP = Response("GPP", "regression", "gC m-2 d-1")


def table_of(y, response=LAND, **parts):
    noise = np.random.default_rng(0).normal(size=(len(y), 3)).astype(np.float32)
    parts.setdefault("blocks", {"embedding": Block(("a", "b", "c"), noise)})
    return SampleTable(response, np.asarray(y), **parts)


def towers(sites=4, years=2, per_year=12, width=40):
    """Samples every 30 days at each site, with windows of `width` days up to them."""
    day = np.array("2019-01-05", "datetime64[D]") + 30 * np.arange(years * per_year)
    site = np.repeat([f"T{k}" for k in range(sites)], len(day))
    days = np.tile(day, sites)
    span = np.stack([days - width, days], axis=1)
    y = np.random.default_rng(1).normal(5, 2, len(site))
    return table_of(y, GPP, keys={"site": site}, day=days, span=span)


def every_sample_is_held_out_once(table, scheme):
    counts = np.bincount(np.concatenate([f.test for f in scheme.folds]), minlength=len(table))
    return bool((counts == 1).all())


def test_random_folds_hold_every_sample_out_once_with_the_classes_in_their_shares():
    table = table_of([1] * 50 + [2] * 30 + [3] * 20)
    scheme = make_scheme(table, "random")
    assert every_sample_is_held_out_once(table, scheme)
    for fold in scheme.folds:
        assert not set(fold.train) & set(fold.test)
        np.testing.assert_array_equal(np.bincount(table.y[fold.test])[1:], [10, 6, 4])


def test_a_polygon_is_never_in_training_and_test_and_classes_are_spread():
    polygon = np.repeat(np.arange(30), 7)
    table = table_of(np.repeat([1, 2, 3], 70), keys={"polygon": polygon})
    scheme = make_scheme(table, "polygon")
    assert every_sample_is_held_out_once(table, scheme)
    for fold in scheme.folds:
        assert not set(polygon[fold.train]) & set(polygon[fold.test])
        assert set(table.y[fold.test]) == {1, 2, 3}


def test_blocks_say_their_size_and_leave_out_training_within_the_context():
    position = np.stack(np.meshgrid(np.arange(0, 4000, 50), np.arange(0, 4000, 50)), axis=-1).reshape(-1, 2)
    y = 1 + (position[:, 0] // 300 % 3).astype(int)
    table = table_of(y, position=position.astype(float), crs="EPSG:32631")
    scheme = make_scheme(table, "block", FoldSettings(block_metres=1000, context_metres=150))
    assert scheme.notes[0] == "blocks of 1,000 m"
    assert any("left out" in note for note in scheme.notes)
    assert every_sample_is_held_out_once(table, scheme)
    for fold in scheme.folds:
        apart = np.abs(position[fold.test][:, None, :] - position[fold.train][None, ::7, :])
        assert np.hypot(*np.moveaxis(apart, -1, 0)).min() >= 150


def test_blocks_are_as_wide_as_two_contexts_at_least_and_never_narrower_than_one():
    position = np.random.default_rng(0).uniform(0, 900, (200, 2))
    table = table_of(np.tile([1, 2], 100), position=position)
    assert make_scheme(table, "block").notes[0] == "blocks of 300 m"
    with pytest.raises(ProbeError, match="smaller than the model's context"):
        FoldSettings(block_metres=50)


def test_blocks_cut_no_polygon():
    x = np.arange(0, 6000, 10.0)
    polygon = (x // 700).astype(int)
    table = table_of(
        1 + polygon % 2, keys={"polygon": polygon}, position=np.stack([x, np.zeros(600)], axis=1)
    )
    scheme = make_scheme(table, "block", FoldSettings(folds=3, block_metres=1000))
    assert "polygons whole, in the block of their middle" in scheme.notes
    for fold in scheme.folds:
        assert not set(polygon[fold.train]) & set(polygon[fold.test])


def test_each_site_is_held_out_alone_or_in_groups_where_there_are_many():
    table = towers(sites=6)
    alone = make_scheme(table, "site")
    assert [fold.name for fold in alone.folds] == [f"T{k}" for k in range(6)]
    grouped = make_scheme(table, "site", FoldSettings(folds=3, single_sites=4))
    assert len(grouped.folds) == 3
    for fold in (*alone.folds, *grouped.folds):
        assert not set(table.keys["site"][fold.train]) & set(table.keys["site"][fold.test])


def test_windows_that_overlap_a_held_out_year_are_not_trained_on():
    table = towers(width=40)
    scheme = make_scheme(table, "year")
    assert [fold.name for fold in scheme.folds] == ["2019", "2020"]
    assert any("left out" in note for note in scheme.notes)
    for fold in scheme.folds:
        for site in np.unique(table.keys["site"]):
            train, test = (table.span[r][table.keys["site"][r] == site] for r in (fold.train, fold.test))
            overlap = (train[:, None, 0] <= test[None, :, 1]) & (test[None, :, 0] <= train[:, None, 1])
            assert not overlap.any()


def test_without_overlapping_windows_no_training_sample_is_lost():
    scheme = make_scheme(towers(width=3), "year")
    assert scheme.notes == ("each of 2 years held out once",)


def test_site_year_trains_on_neither_the_site_nor_the_year():
    table = towers(sites=7)
    scheme = make_scheme(table, "site-year")
    assert every_sample_is_held_out_once(table, scheme)
    for fold in scheme.folds:
        for key in (table.keys["site"], table.year):
            assert not set(key[fold.train]) & set(key[fold.test])


def test_counting_windows_agrees_with_comparing_each_pair():
    rng = np.random.default_rng(3)
    place = rng.integers(0, 5, 300)
    start = np.array("2020-01-01", "datetime64[D]") + rng.integers(0, 900, 300)
    span = np.stack([start, start + rng.integers(0, 60, 300)], axis=1)
    rows, others = np.arange(100), np.arange(150, 300)
    pairs = (
        (place[rows, None] == place[None, others])
        & (span[rows, None, 0] <= span[None, others, 1])
        & (span[None, others, 0] <= span[rows, None, 1])
    )
    found = shares_window(place, span, rows=rows, others=others)
    np.testing.assert_array_equal(found, pairs.any(axis=1))
    assert 0 < found.sum() < 100


def test_schemes_that_do_not_apply_say_why():
    made = make_schemes(table_of([1, 2] * 20))
    assert [s.name for s in made.found] == ["random"]
    assert made.absent["polygon"] == "the samples have no polygon"
    assert made.absent["block"] == "the samples have no positions"
    assert made.absent["year"] == "the samples have no date"
    with pytest.raises(ProbeError, match="no site"):
        make_schemes(table_of([1, 2] * 20), names=["site"])


def test_fewer_groups_than_folds_gives_fewer_folds_and_says_so():
    table = table_of([1, 2] * 30, keys={"polygon": np.repeat([10, 20, 30], 20)})
    scheme = make_scheme(table, "polygon", FoldSettings(folds=5))
    assert len(scheme.folds) == 3
    assert "fewer than the 5 asked for" in scheme.notes[0]


def test_a_single_group_is_refused_by_name():
    table = table_of([1, 2] * 10, keys={"polygon": np.full(20, 7)})
    with pytest.raises(ProbeError, match="fewer than 2 polygons"):
        make_scheme(table, "polygon")


def test_a_class_of_one_polygon_only_is_named_with_what_that_costs():
    polygon = np.concatenate([np.repeat(np.arange(10), 4), np.full(6, 99)])
    table = table_of([1, 1, 2, 2] * 10 + [3] * 6, keys={"polygon": polygon})
    notes = " ".join(make_scheme(table, "polygon").notes)
    assert "water: 6 samples were tested by folds with no other sample of this class" in notes


def test_classes_of_one_polygon_each_can_not_be_validated():
    table = table_of([1] * 10 + [2] * 10, keys={"polygon": np.repeat([1, 2], 10)})
    with pytest.raises(ProbeError, match="no fold leaves training samples of two classes"):
        make_scheme(table, "polygon")


def test_one_class_only_is_refused():
    with pytest.raises(ProbeError, match=r"one class only \[forest\]"):
        make_schemes(table_of([1] * 30))


def test_fewer_samples_than_folds_or_classes_are_refused():
    with pytest.raises(ProbeError, match="fewer samples than folds"):
        make_schemes(table_of([1, 2, 1]))
    with pytest.raises(ProbeError, match="fewer samples than classes"):
        make_schemes(table_of([1, 2]), FoldSettings(folds=2))


def test_no_samples_are_refused():
    with pytest.raises(ProbeError, match="no samples"):
        make_schemes(table_of(np.empty(0, np.int64)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_responses_that_are_not_finite_are_refused(bad):
    with pytest.raises(ProbeError, match="NaN or infinite"):
        make_schemes(table_of([1.0, 2.0, bad, 4.0, 5.0, 6.0], GPP))


def test_infinite_features_are_refused_and_missing_ones_are_not():
    values = np.zeros((10, 1), np.float32)
    values[3] = np.nan
    make_schemes(table_of([1, 2] * 5, blocks={"bands": Block(("b",), values)}))
    values[4] = np.inf
    with pytest.raises(ProbeError, match=r"features are infinite \[bands: 1 samples\]"):
        make_schemes(table_of([1, 2] * 5, blocks={"bands": Block(("b",), values)}))


def test_unknown_classes_and_schemes_are_refused():
    with pytest.raises(ProbeError, match="class table lacks"):
        make_schemes(table_of([1, 2, 9] * 5))
    with pytest.raises(ProbeError, match="no such validation scheme"):
        make_scheme(table_of([1, 2] * 5), "magic")
    with pytest.raises(ProbeError, match="at least 2 folds"):
        FoldSettings(folds=1)
