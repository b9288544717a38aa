import json
from pathlib import Path

import numpy as np
import pystac
import pytest
import rasterio
import xarray
from affine import Affine
from phenolens.engine.__main__ import main
from phenolens.engine.grid import Grid
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.store_layout import StoreSpec
from phenolens.engine.store_writer import StoreWriter, TileData, TileKey

GRID = Grid("EPSG:32631", Affine(10, 0, 500_000, 0, -10, 5_600_000), (40, 60))
DAYS = (18_262.0, 18_272.0)  # 2020-01-01 and 11
RECORD = {
    "model": {"name": "dense-test", "sha256": "ab" * 32, "family": "dense", "config": {}},
    "scenes": {"s1": [], "s2": [{"time": "2020-01-03T10:00:00+00:00", "sources": ["S2A_X"]}]},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("store") / "area.zarr"
    spec = StoreSpec(GRID, DAYS, 3, ("s1", "s2"), record=RECORD)
    values = np.random.default_rng(0).normal(size=(2, 3, *GRID.shape)).astype(np.float32)
    validity = np.ones((2, *GRID.shape), bool)
    validity[:, :5] = False
    layers = {"validity": validity, **{name: validity.astype(np.uint8) for name in spec.layers}}
    writer = StoreWriter.create(path, spec)
    writer.write(TileKey(GRID.window, slice(0, 2)), TileData(spec.encode(values, validity), layers))
    writer.finish()
    return path


def _run(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict:
    assert main([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_embeddings_are_exported_as_they_are(store, tmp_path, capsys):
    done = _run(
        capsys, "export", "embedding", store, "--date", "2020-01-11", "--dims", 2, "--out", tmp_path / "a"
    )
    names = [Path(file).name for file in done["files"]]
    assert names == [f"a-embedding-2020-01-11.{end}" for end in ("tif", "qml", "tif.aux.xml", "json")]
    stored = EmbeddingStore(store).read_map(1, dims=2)
    with rasterio.open(done["files"][0]) as raster:
        assert raster.descriptions == ("dimension 1", "dimension 2")
        values = raster.read()
    assert np.isnan(values[:, :5]).all()
    np.testing.assert_array_equal(values[:, 5:], stored.embedding[:, 5:])
    item = pystac.Item.from_file(done["files"][3])
    assert item.properties["phenolens:scenes"]["s2"] == [
        {"time": "2020-01-03T10:00:00+00:00", "sources": ["S2A_X"]}
    ]
    assert (tmp_path / "a-embedding.run.toml").exists()


def test_all_dates_become_one_netcdf(store, tmp_path, capsys):
    done = _run(
        capsys, "export", "embedding", store, "--date", "all", "--format", "netcdf", "--out", tmp_path / "a"
    )
    with xarray.open_dataset(done["files"][0], engine="h5netcdf") as found:
        assert found["dimension_3"].shape == (2, *GRID.shape)
        assert found.attrs["PHENOLENS_MODEL"] == "dense-test"


@pytest.mark.parametrize(("kind", "label"), [("pca", "pca"), ("dim", "dim1"), ("support", "support-s2")])
def test_pictures_come_with_style_and_item(store, tmp_path, capsys, kind, label):
    done = _run(capsys, "export", kind, store, "--date", "2020-01-01", "--out", tmp_path / "a")
    style = (tmp_path / f"a-{label}-2020-01-01.qml").read_text()
    assert ("multibandcolor" in style) == (kind == "pca")
    assert len(done["files"]) == 4


def test_what_cannot_be_exported_is_said_before_anything_is_written(store, tmp_path, capsys):
    (tmp_path / "a-pca-2020-01-11.qml").write_text("precious")
    arguments = ["export", "pca", str(store), "--date", "all", "--out", str(tmp_path / "a"), "--json"]
    assert main(arguments) == 2
    assert "exists" in json.loads(capsys.readouterr().out)["error"]["cause"]
    assert main([*arguments, "--format", "netcdf"]) == 2
    assert "NetCDF" in json.loads(capsys.readouterr().out)["error"]["cause"]
    assert main(["export", "embedding", str(store), "--date", "all", "--dims", "9", "--json"]) == 2
    assert "dimensions" in json.loads(capsys.readouterr().out)["error"]["cause"]
    assert [path.name for path in tmp_path.iterdir()] == ["a-pca-2020-01-11.qml"]
