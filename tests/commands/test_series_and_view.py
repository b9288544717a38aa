"""`phenolens series` and `phenolens view`: tables of pixels and pictures of a store."""

import csv
import json
from pathlib import Path

import pytest
import rasterio
from phenolens.engine.__main__ import main
from phenolens.engine.store import EmbeddingStore
from rio_cogeo.cogeo import cog_validate

from .forest_area import names_in


def _rows(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def test_series_of_several_pixels_hold_position_quality_support_and_embedding(store, capsys):
    assert main(["series", str(store), "--pixel", "3,5", "--lonlat=22.151,45.2048", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    table = _rows(said["file"])
    assert len(table) == said["rows"] == 2 * 3
    rows = [row for row in table if row["point"] == "3,5"]
    opened = EmbeddingStore(store)
    values = [float(rows[1][f"e{d:02d}"]) for d in range(1, opened.dims + 1)]
    assert values == pytest.approx(opened.read_series(3, 5).embedding[1].tolist(), abs=1e-5)
    assert {row["date"][:10] for row in rows} == {"2019-07-01", "2019-07-21", "2019-08-30"}
    assert {row["quality"] for row in rows} <= {"clear", "gap-filled", "no-data"}
    assert float(rows[0]["x"]) == pytest.approx(opened.grid.x[5], abs=0.01)
    assert opened.grid.pixel_at(float(rows[0]["lon"]), float(rows[0]["lat"])) == (3, 5)
    assert rows[0]["nearest_days_s2"].isdigit()


def test_series_with_bands_add_all_acquisitions_and_ndvi(store, capsys):
    assert main(["series", str(store), "--pixel", "3,5", "--bands", "--json"]) == 0
    rows = _rows(json.loads(capsys.readouterr().out)["file"])
    observed = [row for row in rows if row["B08"] and row["B04"]]
    assert len(observed) > 20
    red, infrared, ndvi = (float(observed[0][name]) for name in ("B04", "B08", "NDVI"))
    assert ndvi == pytest.approx((infrared - red) / (infrared + red), abs=1e-4)
    assert [row["date"] for row in rows] == sorted(row["date"] for row in rows)
    assert sum(row["e01"] != "" for row in rows) == 3


@pytest.mark.parametrize(
    ("kind", "file", "bands"),
    [
        (["pca"], "pca-2019-07-21", 4),
        (["dim", "--dim", "4"], "dim4-2019-07-21", 1),
        (["support"], "support-s2-2019-07-21", 1),
        (["true-colour", "--date", "2019-07-01"], "true-colour-2019-07-01", 4),
        (["false-colour", "--date", "2019-07-01"], "false-colour-2019-07-01", 4),
    ],
)
def test_views_are_valid_cogs_with_pictures_beside_them(store, tmp_path, kind, file, bands):
    dated = kind if "--date" in kind else [*kind, "--date", "2019-07-21"]
    code = main(["view", dated[0], str(store), *dated[1:], "--out", str(tmp_path / "v")])
    assert code == 0
    path = tmp_path / f"v-{file}.tif"
    assert cog_validate(path, quiet=True)[0]
    with rasterio.open(path) as raster:
        assert raster.count == bands
        assert raster.crs.to_epsg() == 3035
        assert raster.shape == EmbeddingStore(store).grid.shape
        assert "PHENOLENS_TIME" in raster.tags()
    assert path.with_suffix(".png").exists()


def test_colours_are_fitted_once_and_kept_with_the_store(store, tmp_path):
    for date, name in (("2019-07-01", "a"), ("2019-08-30", "b")):
        assert main(["view", "pca", str(store), "--date", date, "--out", str(tmp_path / name)]) == 0
    kept = (store / "colours.json").read_bytes()
    tags = [rasterio.open(path).tags()["PHENOLENS_COLOURS"] for path in sorted(tmp_path.glob("?-pca-*.tif"))]
    assert len(tags) == 2
    assert tags[0] == tags[1]
    assert (store / "colours.json").read_bytes() == kept


def test_a_view_is_replayed_from_its_config(store, tmp_path):
    assert main(["view", "pca", str(store), "--date", "2019-07-01", "--out", str(tmp_path / "a")]) == 0
    first = (tmp_path / "a-pca-2019-07-01.png").read_bytes()
    assert main(["view", "--config", str(tmp_path / "a-pca.run.toml"), "--out", str(tmp_path / "b")]) == 0
    assert (tmp_path / "b-pca-2019-07-01.png").read_bytes() == first


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["--pixel", "300,0"], "outside the area"),
        (["--lonlat=4,51"], "outside the area"),
        (["--xy", "5,a"], "two numbers"),
        ([], "no pixel was named"),
    ],
)
def test_positions_that_are_none_are_refused(store, arguments, cause, capsys):
    before = names_in(store.parent)
    assert main(["series", str(store), *arguments]) == 2
    assert cause in capsys.readouterr().err
    assert names_in(store.parent) == before


def test_a_date_that_the_store_lacks_names_the_nearest(store, capsys):
    assert main(["view", "pca", str(store), "--date", "2019-07-10"]) == 2
    assert "2019-07-01 and 2019-07-21" in capsys.readouterr().err
