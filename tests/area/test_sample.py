"""The draw: without replacement, the same for the same seed, every pixel of a stratum equally likely."""

from pathlib import Path

import numpy as np
import pytest
from phenolens.engine.area import classmap
from phenolens.engine.area.classmap import open_class_map
from phenolens.engine.area.sample import AreaSample, draw_sample, read_sample
from phenolens.engine.errors import InputError

UNITS = {1: 40, 2: 30, 3: 20}


def positions(sample: AreaSample) -> set[tuple[int, int]]:
    return set(zip(sample.rows.tolist(), sample.cols.tolist(), strict=True))


def test_each_stratum_gets_its_units_once_each_and_where_it_is(class_map_path: Path) -> None:
    opened = open_class_map(class_map_path)
    sample = draw_sample(opened, UNITS, seed=1)
    assert {code: int((sample.stratum == code).sum()) for code in UNITS} == UNITS
    assert len(positions(sample)) == 90
    np.testing.assert_array_equal(opened.at(sample.rows, sample.cols), sample.shown)
    np.testing.assert_array_equal(sample.shown, sample.stratum)


def test_the_seed_decides_and_strips_do_not(class_map_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_class_map(class_map_path)
    first = draw_sample(opened, UNITS, seed=1)
    assert positions(first) != positions(draw_sample(opened, UNITS, seed=2))
    monkeypatch.setattr(classmap, "STRIP_ROWS", 64)
    again = draw_sample(opened, UNITS, seed=1)
    np.testing.assert_array_equal(first.rows, again.rows)
    np.testing.assert_array_equal(first.cols, again.cols)


def test_one_stratum_is_drawn_alike_whatever_the_others_get(class_map_path: Path) -> None:
    opened = open_class_map(class_map_path)
    few, many = (draw_sample(opened, {**UNITS, 1: number}, seed=1) for number in (5, 500))
    rows = [np.sort(sample.rows[sample.stratum == 2]) for sample in (few, many)]
    np.testing.assert_array_equal(*rows)


def test_the_order_does_not_follow_the_strata_or_the_map(class_map_path: Path) -> None:
    sample = draw_sample(open_class_map(class_map_path), {1: 300, 2: 300, 3: 100})
    changes = (np.diff(sample.stratum) != 0).mean()
    assert changes > 0.5  # 0.61 expected of a random order, 0.003 of a sorted one
    assert abs(np.corrcoef(np.arange(len(sample)), sample.rows)[0, 1]) < 0.15


def test_every_pixel_of_a_stratum_is_equally_likely(make_map) -> None:
    opened = open_class_map(make_map(np.array([[1, 2, 1, 2], [1, 1, 2, 2]], np.uint8)))
    hits = np.zeros((2, 4))
    for seed in range(500):
        sample = draw_sample(opened, {1: 2, 2: 3}, seed=seed)
        np.add.at(hits, (sample.rows, sample.cols), 1)
    expected = np.where(opened.at(*np.indices((2, 4)).reshape(2, -1)).reshape(2, 4) == 1, 2 / 4, 3 / 4)
    assert np.abs(hits / 500 - expected).max() < 4.5 * np.sqrt(0.25 / 500)


def test_strata_of_another_map_are_drawn_from_and_the_map_class_is_noted(make_map) -> None:
    shown = np.tile(np.array([1, 2, 2, 0], np.uint8), (50, 25))
    zones = np.repeat(np.array([5, 6], np.uint8), 25)[:, None] * np.ones((1, 100), np.uint8)
    maps = [
        open_class_map(make_map(array, name)) for array, name in ((shown, "map.tif"), (zones, "zones.tif"))
    ]
    sample = draw_sample(maps[0], {5: 30, 6: 30}, strata=maps[1], seed=3)
    assert sample.own_strata
    assert sample.pixels == {5: 25 * 75, 6: 25 * 75}  # pixels without a map class are in no stratum
    assert sample.mapped == {1: 1_250, 2: 2_500}
    np.testing.assert_array_equal(zones[sample.rows, sample.cols], sample.stratum)
    np.testing.assert_array_equal(shown[sample.rows, sample.cols], sample.shown)


def test_strata_on_another_grid_are_refused(make_map, class_map_path: Path) -> None:
    zones = open_class_map(make_map(np.array([[1, 2]], np.uint8)))
    with pytest.raises(InputError, match="another grid"):
        draw_sample(open_class_map(class_map_path), {1: 2, 2: 2}, strata=zones)


@pytest.mark.parametrize(
    ("units", "said"), [({1: 10, 2: 10, 3: 1}, "fewer than two"), ({1: 10, 2: 10, 3: 201}, "201 of 200")]
)
def test_too_few_or_too_many_units_are_refused(
    class_map_path: Path, units: dict[int, int], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        draw_sample(open_class_map(class_map_path), units)


def test_a_file_that_is_no_design_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.design.json").write_text('{"kind": "something"}')
    with pytest.raises(InputError, match="no readable sample design"):
        read_sample(tmp_path / "x.design.json")
