import json

import geopandas
import pytest
import shapely
from phenolens.engine.__main__ import main


@pytest.fixture
def squares(tmp_path, noise_store):
    """Twelve squares of three classes on one day."""
    left, _, _, top = noise_store.grid.bounds
    corners = [(left + 170 * (k % 4), top - 250 * (k // 4)) for k in range(12)]
    boxes = [shapely.box(x, y - 40, x + 40, y) for x, y in corners]
    crops = [("wheat", "maize", "grass")[k % 3] for k in range(12)]
    frame = geopandas.GeoDataFrame({"crop": crops, "day": "2020-01-08"}, geometry=boxes, crs="EPSG:32631")
    frame.to_file(tmp_path / "squares.gpkg")
    return tmp_path / "squares.gpkg"


def report(store, squares, out, *more):
    labels = ["--labels", str(squares), "--class-column", "crop", "--date-column", "day", "--no-baselines"]
    return main(["probe", "report", str(store.path), *labels, "--out", str(out), "--simulated", *more])


def test_a_report_says_what_to_expect_and_replays_from_its_config(noise_store, squares, tmp_path, capsys):
    out = tmp_path / "made" / "crops"
    assert report(noise_store, squares, out, "--schemes", "random,polygon", "--also", "knn", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["lead"].startswith("Expect macro-F1 0.")
    content = json.loads((tmp_path / "made" / "crops.json").read_text())
    assert content["lead"] == told["lead"]
    assert content["probes"] == ["embedding (linear)", "embedding (knn)"]
    assert [scheme["name"] for scheme in content["schemes"]] == ["random", "polygon"]
    assert content["origin"] == "simulated"
    assert content["facts"]["model"] == "noise (aaaaaaaaaaaa)"
    assert "<h1>land cover" in (tmp_path / "made" / "crops.html").read_text()
    again = ["probe", "report", "--config", told["config"], "--overwrite", "--json"]
    assert main(again) == 0
    assert json.loads(capsys.readouterr().out)["lead"] == told["lead"]


def test_a_report_that_exists_is_kept(noise_store, squares, tmp_path, capsys):
    (tmp_path / "crops.md").write_text("mine")
    assert report(noise_store, squares, tmp_path / "crops", "--json") == 2
    assert json.loads(capsys.readouterr().out)["error"]["cause"] == "the output exists"
    assert (tmp_path / "crops.md").read_text() == "mine"


def test_a_scheme_that_does_not_apply_is_refused_with_the_reason(noise_store, squares, tmp_path, capsys):
    assert report(noise_store, squares, tmp_path / "crops", "--schemes", "site", "--json") == 2
    assert json.loads(capsys.readouterr().out)["error"]["cause"] == "the samples have no site"
