import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from phenolens.engine.__main__ import main
from phenolens.engine.classes import ClassTable
from phenolens.engine.errors import Cancelled, InputError
from phenolens.engine.progress import CancelToken, Progress
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.views.projection import Projection, ProjectionSpec, kept_projection
from phenolens.engine.views.projection_density import Colouring, density
from phenolens.engine.views.projection_fit import NetworkSettings, fit_projection, frozen_projection
from phenolens.engine.views.projection_lasso import Selection, enclosed, lasso, lasso_polygon
from phenolens.engine.views.projection_picture import write_density
from phenolens.engine.views.sampling import sample_store
from phenolens.engine.views.whitening import Whitening

PCA = ProjectionSpec("pca", pixels=1_200)
UMAP = ProjectionSpec("umap", pixels=1_500, neighbours=10)
QUICK = NetworkSettings(hidden=(48, 48), epochs=15, more_pixels=4_000)


@pytest.fixture(scope="module")
def pca(known):
    return fit_projection(known.store, PCA)


@pytest.fixture(scope="module")
def umap(known):
    return fit_projection(known.store, UMAP, network=QUICK)


def test_pca_components_have_no_correlation_and_fall_in_variance(known, pca):
    sample = sample_store(known.store)
    places = pca.apply(sample.values)
    assert abs(np.corrcoef(places.T)[0, 1]) < 0.05
    assert pca.explained[0] > pca.explained[1] > pca.explained[2] > 0


def test_pca_is_the_whitening_itself(known, pca):
    sample = sample_store(known.store, pixels=PCA.pixels, rounds=4)
    expected = Whitening.fit(sample.values)(sample.values)[:, :2]
    assert np.allclose(pca.apply(sample.values), expected, atol=1e-4)


def test_the_map_of_a_window_equals_the_map_of_its_pixels_and_is_nan_where_not_valid(known, pca):
    drawn = known.store.read_map(4)
    places = pca.apply_map(drawn.embedding, drawn.validity)
    assert np.isnan(places[:, ~drawn.validity]).all()
    assert np.array_equal(places[:, drawn.validity], pca.apply(drawn.embedding[:, drawn.validity].T).T)


def test_a_projection_keeps_more_than_chance_and_says_what(umap):
    told = umap.fidelity
    assert set(told.trust) == {"pca", "umap", "map"}
    assert told.trust["umap"] > told.trust["map"] > 0.5
    assert 0 < told.error_median <= told.error_p90
    assert told.error < 0.6
    assert "held-out pixels" in str(told)
    assert f"{told.pixels:,}" in str(told)


def test_held_out_squares_and_dates_are_not_among_the_others(known):
    sample = sample_store(known.store, pixels=6_000)
    held = sample.in_tiles(0.3, seed=1)
    tiles = [set(zip(sample.rows[m] // 16, sample.cols[m] // 16, strict=True)) for m in (held, ~held)]
    assert tiles[0]
    assert not tiles[0] & tiles[1]


def test_the_same_seed_gives_the_same_projection(known, umap):
    again = fit_projection(known.store, UMAP, network=QUICK)
    assert all(np.array_equal(a, b) for a, b in zip(umap.weights, again.weights, strict=True))


def test_a_projection_survives_the_disk_bit_for_bit(umap, tmp_path):
    umap.save(tmp_path / "p.safetensors")
    back = Projection.load(tmp_path / "p.safetensors")
    points = np.random.default_rng(0).normal(size=(100, 6)).astype(np.float32)
    assert np.array_equal(back.apply(points), umap.apply(points))
    assert back.spec == umap.spec
    assert back.fidelity == umap.fidelity


@pytest.fixture
def copied(known, tmp_path):
    return EmbeddingStore(Path(shutil.copytree(known.store.path, tmp_path / "copy.zarr")))


def test_a_projection_is_fitted_once_kept_with_the_store_and_refitted_on_request(copied):
    first = frozen_projection(copied, PCA)
    assert (copied.path / PCA.file).exists()
    assert kept_projection(copied, PCA).limits.tolist() == first.limits.tolist()
    other = replace(PCA, seed=5)
    with pytest.raises(InputError, match="other settings"):
        frozen_projection(copied, other)
    assert frozen_projection(copied, other, refit=True).spec.seed == 5
    assert kept_projection(copied, other) is not None


@pytest.mark.parametrize(
    ("change", "cause"),
    [({"model": "b" * 64}, "another model"), ({"weights": (np.zeros((9, 2), np.float32),)}, "another size")],
)
def test_a_projection_of_other_embeddings_is_refused(copied, pca, change, cause):
    replace(pca, **change).save(copied.path / PCA.file)
    with pytest.raises(InputError, match=cause) as caught:
        frozen_projection(copied, PCA)
    assert "--refit" in caught.value.remedy


def test_a_damaged_projection_file_is_said_with_its_name(copied):
    (copied.path / PCA.file).write_bytes(b"no safetensors")
    with pytest.raises(InputError, match="can't be read") as caught:
        frozen_projection(copied, PCA)
    assert PCA.file in str(caught.value.value)


@pytest.mark.parametrize(
    "wrong", [{"method": "tsne"}, {"components": 5}, {"pixels": 3}, {"neighbours": 1}, {"min_dist": 2.0}]
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InputError):
        ProjectionSpec(**wrong)


def test_a_store_without_a_valid_pixel_can_not_be_projected(empty):
    with pytest.raises(InputError, match="no valid embedding"):
        fit_projection(empty, PCA)


def test_cancelling_stops_between_the_stages(known):
    token = CancelToken()
    with pytest.raises(Cancelled):
        fit_projection(known.store, UMAP, progress=Progress("fit", 4, lambda _: token.cancel()), cancel=token)


def test_a_fit_of_stages_as_unlike_as_these_promises_no_time(known):
    told = []
    fit_projection(known.store, PCA, progress=Progress("fit", 4, told.append))
    assert told
    assert {event.eta_s for event in told} == {None}


def test_a_density_counts_every_valid_pixel_of_its_dates(known, pca):
    drawn = density(known.store, pca, [0, 5, 9])
    valid = sum(int(known.store.read_map(date).validity.sum()) for date in (0, 5, 9))
    assert drawn.pixels == valid
    assert drawn.count.sum() + drawn.outside == valid
    assert drawn.outside < 0.02 * valid


def test_a_bin_shows_the_commonest_class_the_mean_date_or_the_mean_dimension(known, pca):
    table = ClassTable.of_names(["a", "b", "c"])
    by_class = density(
        known.store, pca, [0], colouring=Colouring("class", classes=table, codes=known.classes.astype("u1"))
    )
    drawn = known.store.read_map(0)
    row, col = np.argwhere(drawn.validity & (known.classes == 2))[40]
    (x,), (y,) = pca.apply(drawn.embedding[:, row, col][None]).T
    left, right, bottom, top = by_class.extent
    bins = len(by_class.count)
    at = int((y - bottom) / (top - bottom) * bins), int((x - left) / (right - left) * bins)
    assert by_class.value[at] == 2
    asked = []

    def codes_of(date):
        asked.append(date)
        return known.classes.astype("u1")

    dated_classes = Colouring("class", classes=table, codes_of=codes_of)
    np.testing.assert_array_equal(
        density(known.store, pca, [0], colouring=dated_classes).value, by_class.value
    )
    assert set(asked) == {0}
    dated = density(known.store, pca, [3, 4], colouring=Colouring("date")).value
    assert np.nanmin(dated) == pytest.approx(known.store.days[3])
    assert np.nanmax(dated) == pytest.approx(known.store.days[4])
    season = density(known.store, pca, [3], colouring=Colouring("season")).value
    assert np.nanmedian(season) == pytest.approx(46, abs=2)
    dimension = density(known.store, pca, [0], colouring=Colouring("dimension", 2)).value
    assert np.nanmax(dimension) == pytest.approx(drawn.embedding[2][drawn.validity].max(), abs=0.5)


def test_a_density_becomes_a_picture_that_is_not_blank(known, pca, tmp_path):
    path = write_density(density(known.store, pca), tmp_path / "density.png")
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning), rasterio.open(path) as picture:
        assert picture.read(1).std() > 20


def test_colouring_by_what_is_not_there_is_refused(known, pca):
    for colouring, cause in (
        (Colouring("dimension", 40), "no such dimension"),
        (Colouring("class"), "needs a map of classes"),
        (Colouring("class", classes=ClassTable.of_names("a"), codes=np.ones((3, 3), "u1")), "another grid"),
    ):
        with pytest.raises(InputError, match=cause):
            density(known.store, pca, [0], colouring=colouring)
    with pytest.raises(InputError, match="no such components"):
        density(known.store, pca, [0], axes=(0, 2))


@pytest.mark.parametrize("corners", [9, 40])
def test_the_lasso_encloses_the_points_that_geometry_says(corners):
    random = np.random.default_rng(corners)
    polygon = lasso_polygon(random.normal(size=(corners, 2)))  # crosses itself many times
    points = random.normal(size=(60_000, 2)).astype(np.float32)
    points[::977] = np.nan
    expected = shapely.contains_xy(polygon, *points.T.astype(float))
    assert 0.05 < expected.mean() < 0.95
    assert np.array_equal(enclosed(points, polygon), expected)


def test_a_needle_of_a_lasso_loses_no_point():
    polygon = lasso_polygon([(0, 0), (1, 0.501), (1, 0.502)])
    points = np.random.default_rng(0).random((300_000, 2))
    assert np.array_equal(enclosed(points, polygon), shapely.contains_xy(polygon, *points.T))


@pytest.mark.parametrize(
    ("corners", "cause"),
    [
        ([(0, 0), (1, 1)], "three corners"),
        ([(0, 0), (1, 1), (2, 2)], "no area"),
        ([(0, 0), (np.nan, 1), (2, 2)], "no number"),
        ([(0, 0), (1e40, 1), (2, 2)], "beyond any projection"),
    ],
)
def test_a_lasso_that_encloses_nothing_is_refused(corners, cause):
    with pytest.raises(InputError, match=cause):
        lasso_polygon(corners)


def test_a_lasso_selects_pixels_and_dates_and_selections_combine(known, pca):
    left, right, _, _ = density(known.store, pca, [0]).extent
    middle = (left + right) / 2
    halves = [
        lasso(known.store, pca, [(a, -99), (b, -99), (b, 99), (a, 99)], [0, 4])
        for a, b in ((-99, middle), (middle, 99))
    ]
    everything = halves[0] | halves[1]
    assert len(everything) == sum(int(known.store.read_map(d).validity.sum()) for d in (0, 4))
    assert len(halves[0] & halves[1]) == 0
    assert np.array_equal(everything.without(halves[0]).mask(4), halves[1].mask(4))
    rows, cols, dates = halves[0].places()
    assert len(rows) == len(halves[0])
    drawn = known.store.read_map(int(dates[0]))
    assert pca.apply(drawn.embedding[:, rows[0], cols[0]][None])[0, 0] < middle
    with pytest.raises(InputError, match="different grids or dates"):
        halves[0] & Selection.of(known.store.grid, [0], halves[0].mask(0)[None])


def test_the_command_draws_maps_and_lists_a_lasso(copied, tmp_path, capsys):
    stem = str(tmp_path / "out")
    lassoed = ["--lasso=-9,-9 0,-9 0,9 -9,9", "--date", "2020-01-01", "--date", "2020-03-01"]
    assert main(["project", str(copied.path), "--method", "pca", *lassoed, "--out", stem]) == 0
    table = Path(f"{stem}-pca-selected.csv").read_text().splitlines()
    assert table[0] == "date,row,col,x,y"
    with rasterio.open(f"{stem}-pca-selected.tif") as raster:
        share = raster.offsets[0] + raster.scales[0] * raster.read(1)[raster.read(1) > 0]
        assert round(float((share / 50).sum())) == len(table) - 1
    assert "trustworthiness" in capsys.readouterr().out
    again = [
        main(["project", str(copied.path), "--method", "pca", "--out", stem, *more])
        for more in ([], ["--overwrite"])
    ]
    assert again == [2, 0]


@pytest.mark.parametrize(
    ("flags", "cause"),
    [
        (["--lasso=0,0 1,1"], "three corners"),
        (["--lasso=0,0 1,x 2,2"], "made of numbers"),
        (["--axes=1"], "not two components"),
        (["--colour=class"], "needs a map of classes"),
        (["--date=1999-01-01"], "not among the dates"),
    ],
)
def test_what_the_command_can_not_use_is_said_before_anything_is_fitted(copied, flags, cause, capsys):
    assert main(["project", str(copied.path), *flags]) == 2
    assert cause in capsys.readouterr().err
    assert not list(copied.path.glob("projection*"))
