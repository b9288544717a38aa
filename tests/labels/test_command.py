"""`phenolens labels` at the terminal."""

import json

import geopandas
import numpy as np
import pytest
import shapely
from affine import Affine
from phenolens.engine.__main__ import main
from phenolens.engine.grid import Grid
from phenolens.engine.store_layout import StoreSpec
from phenolens.engine.store_writer import StoreWriter, TileData, TileKey

GRID = Grid("EPSG:32632", Affine(10, 0, 500_000, 0, -10, 5_000_200), (20, 30))


@pytest.fixture
def store(tmp_path):
    record = {"model": {"sha256": "a" * 64}, "scenes": {"s1": [], "s2": []}}
    spec = StoreSpec(grid=GRID, days=(18_400.5,), dims=2, modalities=("s1", "s2"), record=record)
    valid = np.ones((1, *GRID.shape), bool)
    layers = {name: np.ones((1, *GRID.shape), np.uint8) for name in spec.layers}
    stored = spec.encode(np.ones((1, 2, *GRID.shape), np.float32), valid)
    writer = StoreWriter.create(tmp_path / "area.zarr", spec)
    writer.write(TileKey(GRID.window, slice(0, 1)), TileData(stored, {"validity": valid} | layers))
    writer.finish()
    return tmp_path / "area.zarr"


@pytest.fixture
def fields(tmp_path):
    boxes = [
        shapely.box(500_000, 5_000_100, 500_050, 5_000_150),
        shapely.box(500_100, 5_000_100, 500_150, 5_000_150),
    ]
    columns = {"class": ["wheat", "maize"], "year": [2020, 2015]}
    geopandas.GeoDataFrame(columns, geometry=boxes, crs="EPSG:32632").to_crs("EPSG:4326").to_file(
        tmp_path / "fields.geojson"
    )
    return tmp_path / "fields.geojson"


def test_labels_prints_the_report_and_writes_the_pixels(store, fields, tmp_path, capsys):
    out = tmp_path / "pixels.gpkg"
    given = ["labels", str(fields), "--store", str(store), "--class-column", "class"]
    assert main([*given, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "read     2, accepted 2" in printed
    assert "wheat" in printed
    assert len(geopandas.read_file(out)) == 50
    assert main([*given, "--out", str(out)]) == 2  # it exists
    assert (
        main(["labels", "--config", f"{out}.run.toml", "--overwrite", str(fields), "--store", str(store)])
        == 0
    )


def test_labels_of_other_years_than_the_store_are_dropped(store, fields, capsys):
    dated = ["labels", str(fields), "--store", str(store), "--class-column", "class", "--date-column", "year"]
    assert main([*dated, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)["report"]
    assert report["dropped"] == {"outside the dates 2020-05-02 to 2020-06-03": 1}
    assert report["pixels"] == 25


def test_labels_without_a_column_say_what_is_missing(store, fields, capsys):
    assert main(["labels", str(fields), "--store", str(store), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "labels"
    assert main(["labels", str(fields), "--store", str(store), "--class-column", "kind", "--json"]) == 2
    assert "class, year" in json.loads(capsys.readouterr().out)["error"]["remedy"]


def test_columns_to_choose_from_are_named_where_none_was(store, fields, capsys):
    assert main(["labels", str(fields), "--store", str(store)]) == 2
    said = capsys.readouterr().err
    assert "class, year" in said
    assert "--class-column" in said


def test_flags_that_such_a_file_has_no_use_for_are_refused(store, fields, tmp_path, capsys):
    given = ["--store", str(store), "--class-column", "class"]
    assert main(["labels", str(tmp_path / "map.tif"), *given]) == 2
    assert "--class-column" in capsys.readouterr().err
    assert main(["labels", str(fields), *given, "--variable", "LC"]) == 2
    assert "--variable" in capsys.readouterr().err


def test_label_pixels_are_not_written_under_the_name_of_another_format(store, fields, tmp_path, capsys):
    given = ["labels", str(fields), "--store", str(store), "--class-column", "class"]
    assert main([*given, "--out", str(tmp_path / "pixels.tif")]) == 2
    assert "ends in .gpkg" in capsys.readouterr().err
    assert not (tmp_path / "pixels.tif").exists()
