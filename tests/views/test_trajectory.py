from dataclasses import replace

import numpy as np
import pytest
from phenolens.engine.__main__ import main
from phenolens.engine.errors import InputError
from phenolens.engine.grid import Window
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.views.trajectory import TrajectorySearch, trajectory_layer

WHOLE = Window(0, 0, 48, 64)


@pytest.fixture(scope="module")
def search(known):
    return TrajectorySearch.fit(known.store, [(30, 10), (35, 12)])


def test_pixels_of_the_seeds_class_rank_above_all_others(known, search):
    percent = search.percent(known.store, WHOLE)
    same = known.classes == 1
    assert np.median(percent[same]) > np.percentile(percent[~same], 99)


def test_the_distance_is_the_root_mean_square_over_common_valid_dates(known):
    search = TrajectorySearch.fit(known.store, [(30, 10)])
    found = search.score(known.store, Window(3, 4, 1, 2))[0, 1]
    pair = known.store.read_series_many([(30, 10), (3, 5)])
    common = pair.validity.all(axis=0)
    one, other = (search.whitening(pair.embedding[n][common]) for n in (0, 1))
    assert found == pytest.approx(float(np.sqrt(((one - other) ** 2).sum(axis=1).mean())), rel=1e-3)


def test_the_same_pixel_is_at_distance_0_and_windows_do_not_matter(known, search):
    whole = search.score(known.store, WHOLE)
    assert whole[30, 10] == pytest.approx(0, abs=2e-2)
    assert np.allclose(search.score(known.store, Window(20, 5, 15, 40)), whole[20:35, 5:45], atol=1e-3)


def test_a_series_that_runs_late_is_found_only_with_a_shift(known):
    plain = TrajectorySearch.fit(known.store, [(30, 10)])
    series = plain.positive
    late = replace(
        series, values=np.roll(series.values, 3, axis=1), validity=np.roll(series.validity, 3, axis=1)
    )
    place = Window(33, 8, 4, 4)
    distances = [
        np.nanmedian(replace(plain, positive=late, shift=shift).score(known.store, place))
        for shift in (0, 2, 3)
    ]
    assert distances[2] < 0.8 * distances[0]
    assert distances[2] <= distances[1] <= distances[0]


def test_a_negative_seed_pushes_its_class_down(known):
    alone = TrajectorySearch.fit(known.store, [(30, 10)])
    both = TrajectorySearch.fit(known.store, [(30, 10)], [(30, 30)])
    second = known.classes == 2
    assert (
        both.score(known.store, WHOLE)[second] > 1.3 * alone.score(known.store, WHOLE)[second]
    ).mean() > 0.95


def test_a_pixel_that_shares_too_few_dates_is_transparent(known, search):
    valid = np.zeros_like(search.positive.validity)
    valid[:, :2] = True
    few = replace(search, positive=replace(search.positive, validity=valid))
    assert np.isnan(few.score(known.store, WHOLE)).all()


def test_the_layer_covers_the_area(known, search):
    drawn = trajectory_layer(known.store, search).render(WHOLE)[0]
    assert (drawn > 0).all()
    assert drawn[30, 10] == 255


def test_searches_that_can_not_be_made_are_refused(known, empty, single):
    with pytest.raises(InputError, match="positive seed"):
        TrajectorySearch.fit(known.store, [])
    with pytest.raises(InputError, match="too few dates"):
        TrajectorySearch.fit(single, [(3, 3)])
    with pytest.raises(InputError, match="shift can't be used"):
        TrajectorySearch.fit(known.store, [(3, 3)], shift=400)


def test_a_seed_without_enough_valid_dates_is_refused(known, monkeypatch):
    read = EmbeddingStore.read_series_many

    def mostly_cloud(self, *arguments, **named):
        series = read(self, *arguments, **named)
        series.validity[:, 2:] = False
        return series

    monkeypatch.setattr(EmbeddingStore, "read_series_many", mostly_cloud)
    with pytest.raises(InputError, match="enough valid dates"):
        TrajectorySearch.fit(known.store, [(3, 3)])


def test_the_command_compares_whole_series(known, tmp_path):
    flags = ["--like-pixel", "30,10", "--trajectory", "--shift", "1", "--out", str(tmp_path / "t")]
    assert main(["similar", str(known.store.path), *flags]) == 0
    assert (tmp_path / "t-similar-trajectory.tif").exists()
