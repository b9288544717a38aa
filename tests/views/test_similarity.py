import numpy as np
import pytest
import shapely
from geopandas import GeoDataFrame
from phenolens.engine.__main__ import main
from phenolens.engine.errors import AreaError, InputError
from phenolens.engine.views.percentile import Ranking, scaled
from phenolens.engine.views.sampling import sample_store
from phenolens.engine.views.similarity import Similarity, prototypes, seed_embeddings, similarity_layer
from phenolens.engine.views.similarity_seeds import polygon_pixels
from phenolens.engine.views.whitening import Whitening


@pytest.fixture(scope="module")
def search(known):
    return Similarity.fit(known.store, seed_embeddings(known.store, [(30, 10), (5, 5)], 4))


def test_whitened_directions_have_unit_variance_except_where_the_floor_holds_them():
    random = np.random.default_rng(0)
    sample = (random.normal(size=(20_000, 5)) * [9, 3, 1, 0.1, 0]) @ np.linalg.qr(random.normal(size=(5, 5)))[
        0
    ]
    free = Whitening.fit(sample, floor=1e-4)(sample).std(axis=0)
    assert free[:3] == pytest.approx([1, 1, 1], abs=0.02)
    held = Whitening.fit(sample, floor=0.5)(sample).std(axis=0)
    assert held[0] == pytest.approx(1, abs=0.02)
    assert (held[2:] < 0.5).all()
    assert np.isfinite(held).all()


def test_whitening_a_map_equals_whitening_its_pixels():
    random = np.random.default_rng(0)
    whitening = Whitening.fit(random.normal(size=(500, 4)))
    values = random.normal(size=(4, 3, 5)).astype(np.float32)
    assert np.allclose(whitening.map(values).reshape(4, -1).T, whitening(values.reshape(4, -1).T), atol=1e-5)


def test_a_seed_is_at_100_percent_and_its_class_above_the_others(known, search):
    drawn = known.store.read_map(4)
    seed = drawn.embedding[:, 30, 10][None]
    assert search.score(seed) == pytest.approx(0, abs=1e-2)
    assert search.percent(seed) == pytest.approx(100, abs=0.1)
    percent = search.percent(drawn.embedding[:, drawn.validity].T)
    same = (known.classes == 1)[drawn.validity]
    assert np.median(percent[same]) > np.percentile(percent[~same], 95)


def test_percentiles_are_even_over_the_sample_that_they_come_from(known, search):
    percent = search.percent(sample_store(known.store).values)
    assert np.percentile(percent, (10, 50, 90)) == pytest.approx([10, 50, 90], abs=0.5)


def test_a_negative_seed_pushes_its_own_class_down_and_leaves_the_rest(known):
    drawn = known.store.read_map(4)
    like = seed_embeddings(known.store, [(30, 10)], 4)
    unlike = seed_embeddings(known.store, [(30, 30), (40, 35)], 4)
    alone, both = Similarity.fit(known.store, like), Similarity.fit(known.store, like, unlike)
    second = drawn.embedding[:, drawn.validity & (known.classes == 2)].T
    first = drawn.embedding[:, drawn.validity & (known.classes == 1)].T
    assert (both.score(second) > 1.3 * alone.score(second)).mean() > 0.95
    assert (both.score(first) == alone.score(first)).mean() > 0.95


def test_the_layer_is_transparent_exactly_where_nothing_is_valid(known, search):
    layer = similarity_layer(known.store, search, 4)
    drawn = layer.render(known.store.grid.window)[0]
    assert np.array_equal(drawn == 0, ~known.store.read_map(4).validity)
    assert layer.palette.unit == "%"


def test_a_ranking_counts_ties_half_and_keeps_unknown_values_unknown():
    ranking = Ranking.fit(np.array([1.0, 2, 2, 3, np.nan]))
    assert ranking.below(np.array([0.0, 2, 9])) == pytest.approx([0, 50, 100])
    assert np.isnan(ranking.below(np.array([np.nan]))).all()
    assert scaled(np.array([np.nan, 0, 50, 100, 120]), 0, 100).tolist() == [0, 1, 128, 255, 255]
    with pytest.raises(InputError, match="no value"):
        Ranking.fit(np.array([np.nan]))


def test_many_seeds_are_summed_up_by_centres():
    seeds = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    assert prototypes(seeds).shape == (16, 4)
    assert prototypes(seeds[:9]).shape == (9, 4)


def test_seeds_outside_or_without_an_embedding_are_refused(known):
    with pytest.raises(AreaError, match="reaches beyond"):
        seed_embeddings(known.store, [(400, 3)], 4)
    row, col = np.argwhere(~known.store.read_map(4).validity)[0].tolist()
    with pytest.raises(InputError, match="none of the seeds has an embedding"):
        seed_embeddings(known.store, [(row, col)], 4)
    assert len(seed_embeddings(known.store, [(row, col), (30, 10)], 4)) == 1
    with pytest.raises(InputError, match="needs a positive seed"):
        Similarity.fit(known.store, np.zeros((0, 6), np.float32))


@pytest.fixture
def polygons(known, tmp_path):
    left, top = known.store.grid.transform * (0, 0)

    def write(x: float, name: str) -> str:
        box = shapely.box(left + x, top - 100, left + x + 60, top - 20)
        path = tmp_path / name
        GeoDataFrame(geometry=[box], crs=known.store.grid.crs).to_crs("EPSG:3035").to_file(path)
        return str(path)

    return write


def test_polygons_in_another_crs_name_the_pixels_whose_centres_they_hold(known, polygons, tmp_path):
    found = polygon_pixels(tmp_path / polygons(20, "in.gpkg"), known.store.grid)
    assert {row for row, _ in found} == set(range(2, 10))
    assert {col for _, col in found} == set(range(2, 8))
    with pytest.raises(AreaError, match="cover no pixel"):
        polygon_pixels(tmp_path / polygons(9_000, "out.gpkg"), known.store.grid)


def test_the_command_maps_similarity_to_points_and_polygons(known, polygons, tmp_path, capsys):
    common = ["similar", str(known.store.path), "--date", "2020-03-01", "--out", str(tmp_path / "s")]
    seeds = ["--like-file", polygons(20, "like.gpkg"), "--unlike-pixel", "30,50"]
    assert main([*common, *seeds]) == 0
    assert "48 seed pixels, 1 to keep away from" in capsys.readouterr().out
    assert (tmp_path / "s-similar-2020-03-01.tif").exists()
    assert (tmp_path / "s-similar-2020-03-01.qml").exists()


@pytest.mark.parametrize(
    ("flags", "cause"),
    [
        ([], "no seed was named"),
        (["--like-pixel", "400,2"], "outside the area"),
        (["--like", "0,0"], "outside the area"),
        (["--like-pixel", "4,2", "--trajectory"], "a date was given"),
        (["--like-pixel", "4,2", "--seed-date", "2033-01-01"], "not among the dates"),
        (["--like-pixel", "4,2", "--dims", "99"], "that many dimensions"),
    ],
)
def test_seeds_that_can_not_be_used_are_said(known, tmp_path, flags, cause, capsys):
    common = ["similar", str(known.store.path), "--date", "2020-03-01", "--out", str(tmp_path / "s")]
    assert main([*common, *flags]) == 2
    assert cause in capsys.readouterr().err
    assert not list(tmp_path.glob("s*"))
