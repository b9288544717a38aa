import json

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
import xarray
from phenolens.engine.__main__ import main
from phenolens.engine.probes.files import load_probe


@pytest.fixture
def fields(tmp_path, noise_store):
    """Twelve squares of three classes, with a date each."""
    left, _, _, top = noise_store.grid.bounds
    boxes = [
        shapely.box(
            left + 170 * (i % 4), top - 250 * (i // 4) - 150, left + 170 * (i % 4) + 150, top - 250 * (i // 4)
        )
        for i in range(12)
    ]
    frame = geopandas.GeoDataFrame(
        {"crop": [("wheat", "maize", "grass")[i % 3] for i in range(12)], "day": "2020-01-08"},
        geometry=boxes,
        crs="EPSG:32631",
    )
    frame.to_file(tmp_path / "fields.gpkg")
    return tmp_path / "fields.gpkg"


def told(capsys):
    return json.loads(capsys.readouterr().out)


def fit(store, fields, out, *more):
    labels = ["--labels", str(fields), "--class-column", "crop", "--date-column", "day"]
    return main(["probe", "fit", str(store.path), *labels, "--out", str(out), *more])


def test_labels_become_a_probe_and_a_probe_becomes_maps(noise_store, fields, tmp_path, capsys):
    out = tmp_path / "crops"
    assert fit(noise_store, fields, out, "--setting", "regularisation=2", "--json") == 0
    values = told(capsys)
    assert values["samples"] == sum(values["training"]["per_class"].values()) > 2000
    assert sum(values["dropped"].values()) + values["samples"] == values["imported"]["pixels"]
    assert list(values["training"]["score"]) == ["training overall accuracy"]
    probe = load_probe(tmp_path / "crops.probe")
    assert probe.response.classes.names == ("grass", "maize", "wheat")
    assert probe.origin.store == "noise.zarr"
    assert "held out by" in values["trust"]
    maps = ["probe", "apply", str(tmp_path / "crops.probe"), str(noise_store.path), "--date", "2020-01-08"]
    assert main([*maps, "--out", str(tmp_path / "map"), "--maps", "class", "--json"]) == 0
    (file,) = told(capsys)["files"]
    with rasterio.open(file) as opened:
        drawn = opened.read(1)
        assert opened.nodata == 0
    assert set(np.unique(drawn)) == {0, 1, 2, 3}


def test_a_run_can_be_replayed_from_its_config(noise_store, fields, tmp_path, capsys):
    assert fit(noise_store, fields, tmp_path / "a.probe", "--no-trust", "--seed", "3", "--json") == 0
    first = told(capsys)
    assert main(["probe", "fit", "--config", first["config"], "--overwrite", "--json"]) == 0
    assert told(capsys)["sha256"] == first["sha256"]


def test_the_score_is_called_that_of_the_training_samples(noise_store, fields, tmp_path, capsys):
    assert fit(noise_store, fields, tmp_path / "a.probe", "--no-trust") == 0
    out = capsys.readouterr().out
    assert "training overall accuracy" in out
    assert "says nothing about other places" in out


def test_towers_become_a_probe(noise_store, tmp_path, capsys):
    days = [f"2020-0{month}-{day:02d}" for month in (1, 2, 3) for day in range(1, 29)]
    rows = [f"AA-One,{day},{1 + i / 50:.3f},gC m-2 d-1" for i, day in enumerate(days)]
    (tmp_path / "gpp.csv").write_text("\n".join(["site,date,gpp,unit", *rows]))
    x, y = noise_store.grid.x[30], noise_store.grid.y[30]
    point = geopandas.GeoSeries([shapely.Point(x, y)], crs="EPSG:32631").to_crs(4326)[0]
    (tmp_path / "sites.csv").write_text(f"site,lat,lon,igbp\nAA-One,{point.y},{point.x},ENF\n")
    flags = ["--towers", str(tmp_path / "gpp.csv"), "--sites", str(tmp_path / "sites.csv"), "--radius", "40"]
    window = ["--features", "window", "--window-days", "20", "--out", str(tmp_path / "gpp.probe"), "--json"]
    assert main(["probe", "fit", str(noise_store.path), *flags, *window]) == 0
    values = told(capsys)
    assert values["training"]["per_site"] == {"AA-One": values["samples"]}
    assert list(values["training"]["score"]) == ["training R2", "training RMSE"]
    assert "no intervals" in values["trust"]  # one site can't be held out from itself
    apply = [
        "probe",
        "apply",
        str(tmp_path / "gpp.probe"),
        str(noise_store.path),
        "--out",
        str(tmp_path / "gpp"),
    ]
    assert main([*apply, "--as", "netcdf", "--date", "2020-03-01", "--date", "2020-03-06", "--json"]) == 0
    (file,) = told(capsys)["files"]
    with xarray.open_dataset(file) as opened:
        assert opened.sizes["time"] == 2
    assert main([*apply, "--as", "sum", "--date", "2020-02-01/2020-03-01", "--json"]) == 0
    files = told(capsys)["files"]
    with rasterio.open(files[0]) as opened:
        total = opened.read(1, masked=True) * opened.scales[0] + opened.offsets[0]
    assert 30 * 1 < total.mean() < 30 * 3  # GPP of the tower rises from 1 to 2.7
    assert main([*apply, "--as", "sum", "--date", "all", "--json"]) == 2
    assert "over one period" in told(capsys)["error"]["cause"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "--labels FILE or --towers FILE"),
        (["--labels", "absent.gpkg", "--class-column", "crop"], "absent.gpkg"),
        (["--labels", "FIELDS", "--class-column", "crop"], "without a date"),
        (["--labels", "FIELDS", "--class-column", "crop", "--when", "2031-05-01"], "without a target date"),
        (["--labels", "FIELDS", "--class-column", "crop", "--features", "tea"], "no such features"),
        (["--labels", "FIELDS", "--class-column", "crop", "--estimator", "oracle"], "no such estimator"),
        (["--labels", "FIELDS", "--class-column", "crop", "--setting", "trees"], "setting needs a value"),
    ],
)
def test_what_a_probe_can_not_be_fitted_on_is_said_at_the_terminal(
    noise_store, fields, tmp_path, capsys, flags, message
):
    given = [str(fields) if flag == "FIELDS" else flag for flag in flags]
    assert (
        main(["probe", "fit", str(noise_store.path), *given, "--out", str(tmp_path / "a.probe"), "--json"])
        == 2
    )
    error = told(capsys)["error"]
    assert message in " ".join(str(part) for part in error.values())
    assert not (tmp_path / "a.probe").exists()


def test_an_existing_probe_is_kept(noise_store, fields, tmp_path, capsys):
    (tmp_path / "a.probe").write_text("precious")
    assert fit(noise_store, fields, tmp_path / "a.probe", "--json") == 2
    assert told(capsys)["error"]["code"] == "output"
    assert (tmp_path / "a.probe").read_text() == "precious"


def test_a_season_map_of_a_day_says_that_it_is_of_the_whole_year(noise_store, fields, tmp_path, capsys):
    season = ["--features", "season", "--parts", "1", "--no-trust"]
    assert fit(noise_store, fields, tmp_path / "crops", *season) == 0
    maps = ["probe", "apply", str(tmp_path / "crops.probe"), str(noise_store.path), "--maps", "class"]
    capsys.readouterr()
    assert main([*maps, "--date", "2020-01-08", "--out", str(tmp_path / "day")]) == 0
    assert "those of its calendar year" in capsys.readouterr().err
    assert main([*maps, "--date", "2020-01-01/2020-12-31", "--out", str(tmp_path / "year")]) == 0
    assert "calendar year" not in capsys.readouterr().err


def test_a_probe_file_that_is_not_there_is_said_so(noise_store, tmp_path, capsys):
    absent = ["probe", "apply", str(tmp_path / "none.probe"), str(noise_store.path), "--date", "all"]
    assert main([*absent, "--out", str(tmp_path / "map")]) == 2
    said = capsys.readouterr().err
    assert "there is no such probe" in said
    assert "check the path" in said


def test_a_sum_without_an_interval_says_why(noise_store, fields, tmp_path, capsys):
    frame = geopandas.read_file(fields).assign(mass=np.arange(12.0))
    frame.to_file(tmp_path / "mass.gpkg")
    learnt = ["--labels", str(tmp_path / "mass.gpkg"), "--value-column", "mass", "--unit", "gC m-2 d-1"]
    given = [*learnt, "--date-column", "day", "--no-trust", "--out", str(tmp_path / "mass")]
    assert main(["probe", "fit", str(noise_store.path), *given]) == 0
    total = ["--as", "sum", "--date", "2020-01-03/2020-02-20", "--out", str(tmp_path / "total")]
    capsys.readouterr()
    assert main(["probe", "apply", str(tmp_path / "mass.probe"), str(noise_store.path), *total]) == 0
    said = capsys.readouterr()
    assert "no interval of the sum" in said.err
    assert len(said.out.split()) == 1
