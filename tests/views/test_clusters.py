import shutil
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from phenolens.engine.__main__ import main
from phenolens.engine.errors import InputError, OutputError
from phenolens.engine.export.files import write_product
from phenolens.engine.grid import Window
from phenolens.engine.views.clusters import Clusters, ClusterSpec, cluster_maps
from phenolens.engine.views.periods import season_groups
from sklearn.metrics import adjusted_rand_score

SEASONS = ClusterSpec(of="seasons", count=3, pixels=3_000)


@pytest.mark.parametrize(
    ("method", "of"), [("kmeans", "seasons"), ("kmeans", "mean"), ("hdbscan", "seasons")]
)
def test_clusters_find_the_classes_that_are_there(known, method, of):
    spec = ClusterSpec(method, of, 3, least_share=0.1, components=4, pixels=2_000)
    codes = Clusters.fit(known.store, spec).map(known.store, known.store.grid.window)
    apart = np.ones(codes.shape, bool)
    apart[10:22, 46:60] = False  # the block that changes is neither
    apart &= codes > 0
    assert apart.mean() > 0.6
    assert adjusted_rand_score(known.classes[apart], codes[apart]) > 0.95


def test_codes_run_by_falling_size_and_the_table_names_every_one(known):
    clusters = Clusters.fit(known.store, ClusterSpec(count=5, pixels=3_000))
    assert list(clusters.shares) == sorted(clusters.shares, reverse=True)
    assert sum(clusters.shares) == pytest.approx(1)
    assert clusters.classes.codes == (1, 2, 3, 4, 5)
    assert f"{clusters.shares[0]:.1%}" in clusters.classes.names[0]


def test_more_clusters_than_hues_still_have_different_colours(known):
    classes = Clusters.fit(known.store, ClusterSpec(count=24, pixels=3_000)).classes
    assert len({c.colour for c in classes}) == 24


def test_a_window_has_the_codes_of_the_whole_and_the_same_seed_the_same_clusters(known):
    clusters = Clusters.fit(known.store, SEASONS)
    whole = clusters.map(known.store, known.store.grid.window)
    assert np.array_equal(clusters.map(known.store, Window(7, 11, 20, 30)), whole[7:27, 11:41])
    again = Clusters.fit(known.store, SEASONS)
    assert np.array_equal(again.map(known.store, known.store.grid.window), whole)


def test_a_pixel_without_an_embedding_and_noise_are_class_0(known):
    clusters = Clusters.fit(known.store, ClusterSpec("hdbscan", least_share=0.02, components=3, pixels=1_500))
    codes = clusters.map(known.store, known.store.grid.window, 3)
    assert (codes[~known.store.read_map(3).validity] == 0).all()
    far = np.full((1, known.store.dims), 1e4, np.float32)
    assert clusters.apply(far) == 0


def test_the_product_carries_class_names_and_codes(known, tmp_path):
    product, layer = cluster_maps(known.store, Clusters.fit(known.store, SEASONS))
    path = write_product(product, tmp_path / "clusters.tif").raster
    with rasterio.open(path) as raster:
        assert raster.nodata == 0
        assert set(np.unique(raster.read(1))) <= {0, 1, 2, 3}
        assert raster.colormap(1)[1][:3] == product.bands[0].classes[1].rgb
    assert (
        layer.colours(known.store.grid.window)[3] == 255 * (layer.render(known.store.grid.window)[0] > 0)
    ).all()
    with pytest.raises(OutputError, match="exists"):
        write_product(product, path)


def test_seasons_gather_the_months_of_all_years(known):
    groups = season_groups(known.store)
    assert list(groups) == ["winter", "spring", "summer", "autumn"]
    assert sorted(sum(groups.values(), ())) == list(range(len(known.store.times)))


def test_fewer_valid_pixels_than_clusters_are_refused(known, empty):
    with pytest.raises(InputError, match="fewer valid pixels than clusters"):
        Clusters.fit(known.store, ClusterSpec(of="mean", count=200, pixels=100))
    with pytest.raises(InputError, match="no valid embedding"):
        Clusters.fit(empty, ClusterSpec())


@pytest.mark.parametrize(
    "wrong",
    [{"method": "x"}, {"of": "x"}, {"count": 1}, {"count": 300}, {"least_share": 0}, {"components": 0}],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InputError):
        replace(ClusterSpec(), **wrong)


def test_the_command_writes_a_class_map_that_colours_a_projection(known, tmp_path, capsys):
    # a copy, because the projection is kept with its store
    store, stem = str(shutil.copytree(known.store.path, tmp_path / "copy.zarr")), str(tmp_path / "c")
    assert main(["cluster", store, "--count", "3", "--out", stem]) == 0
    assert "3 clusters" in capsys.readouterr().out
    pca = ["project", store, "--method", "pca", "--pixels", "1200", "--date", "2020-01-01", "--refit"]
    coloured = ["--colour", "class", "--class-map", f"{stem}-clusters.tif", "--out", stem]
    assert main([*pca, *coloured]) == 0
    assert main(["cluster", store, "--date", "2020-01-01", "--out", stem]) == 2
    assert main(["cluster", store, "--out", stem]) == 2
