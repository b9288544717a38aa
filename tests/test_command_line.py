import csv
import json
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from phenolens.engine.__main__ import main
from phenolens.engine.acquisitions.samples import open_sample
from phenolens.engine.commands.sources import SourceFlags
from phenolens.engine.errors import CrsError, TargetError
from phenolens.engine.representation.checkpoint import save_checkpoint
from phenolens.engine.representation.config import DenseConfig
from phenolens.engine.representation.fusion import DenseModel
from phenolens.engine.store import EmbeddingStore
from rio_cogeo.cogeo import cog_validate

SAMPLE = Path(__file__).parents[1] / "resources" / "samples" / "romania" / "romania_10m_2019_2021.nc"
BOUNDS = "22.150,45.204,22.1525,45.2055"
AREA = ["--s2", str(SAMPLE), "--s2-as", "s2-dn", f"--bounds={BOUNDS}", "--crs", "EPSG:3035"]
DATES = ["--dates", "2019-07-01,2019-07-21,2019-08-30"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with random weights: commands are tested here, not skill."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "random.safetensors"
    save_checkpoint(DenseModel(DenseConfig()).eval(), path)
    return path


@pytest.fixture(scope="module")
def made(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small store of real data, as `embed` wrote it, with its config beside it."""
    path = tmp_path_factory.mktemp("store") / "area.zarr"
    assert main(["embed", *AREA, *DATES, "--model", str(model), "--out", str(path), "--json"]) == 0
    return path


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Path:
    """A copy of that store, to write beside."""
    shutil.copy(made.with_name("area.run.toml"), tmp_path)
    return Path(shutil.copytree(made, tmp_path / "area.zarr"))


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _rows(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def test_embed_prints_one_json_object_and_writes_a_store_and_its_config(model, tmp_path, capsys):
    out = tmp_path / "area.zarr"
    code = main(["embed", *AREA, *DATES, "--model", str(model), "--dims", "7", "--out", str(out), "--json"])
    said = json.loads(capsys.readouterr().out)
    assert code == 0
    assert said["dates"] == ["2019-07-01", "2019-07-21", "2019-08-30"]
    assert said["shape"]["dims"] == EmbeddingStore(out).dims == 7
    assert EmbeddingStore(out).read_map(0).validity.any()
    assert Path(said["config"]) == tmp_path / "area.run.toml"


def test_files_without_a_date_are_of_the_day_that_is_stated():
    flags = SourceFlags(s2_day="2018-07-04", s1_day="2018-07-06")
    assert flags.options("s2").time == datetime(2018, 7, 4, tzinfo=UTC)
    assert flags.options("s1").time == datetime(2018, 7, 6, tzinfo=UTC)
    assert SourceFlags().options("s2").time is None
    with pytest.raises(TargetError, match="write it as 2018-05-01"):
        SourceFlags(s2_day="in May").options("s2")


def test_files_without_a_crs_are_in_the_one_that_is_stated():
    flags = SourceFlags(s2_crs="32631", s1_crs="EPSG:32632")
    assert flags.options("s2").crs == "EPSG:32631"
    assert flags.options("s1").crs == "EPSG:32632"
    assert SourceFlags().options("s2").crs is None
    with pytest.raises(CrsError, match=r"no such CRS.*write it as EPSG:32631"):
        SourceFlags(s2_crs="somewhere").options("s2")


def test_an_area_is_its_polygons_from_a_file_or_as_corners(model, tmp_path, capsys):
    west, south, east, north = map(float, BOUNDS.split(","))
    ring = [(west, south), (east, south), (east, north)]
    shares = ((0.7, 0.1), (0.9, 0.1), (0.9, 0.5))
    hole = [(west + x * (east - west), south + y * (north - south)) for x, y in shares]
    corners = "; ".join(", ".join(f"{lon} {lat}" for lon, lat in one) for one in (ring, hole))
    shape = {"type": "Polygon", "coordinates": [[*ring, ring[0]], [*hole, hole[0]]]}
    feature = {"type": "Feature", "properties": {}, "geometry": shape}
    file = tmp_path / "field.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    given = ["embed", *AREA[:4], *AREA[5:], *DATES, "--model", str(model), "--json"]
    maps = []
    for name, area in (("file", ["--area", str(file)]), ("corners", ["--polygon", corners])):
        assert main([*given, *area, "--plan"]) == 0
        planned = json.loads(capsys.readouterr().out)["plan"]["pixel_dates"]
        assert main([*given, *area, "--out", str(tmp_path / f"{name}.zarr")]) == 0
        capsys.readouterr()
        store = EmbeddingStore(tmp_path / f"{name}.zarr")
        maps.append(store.read_map(0))
        inside = planned // 3
        assert maps[-1].validity.sum() <= inside < 0.55 * np.prod(store.grid.shape)
    assert np.array_equal(maps[0].embedding, maps[1].embedding)


def test_polygons_that_cross_themselves_are_said_to_be_mended(model, tmp_path, capsys):
    west, south, east, north = map(float, BOUNDS.split(","))
    bow = [(west, south), (east, north), (east, south), (west, north), (west, south)]
    shape = {"type": "Polygon", "coordinates": [bow]}
    file = tmp_path / "bow.geojson"
    file.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": shape}))
    corners = ", ".join(f"{lon} {lat}" for lon, lat in bow)
    given = ["embed", *AREA[:4], *AREA[5:], *DATES, "--model", str(model), "--plan"]
    for area in (["--area", str(file)], ["--polygon", corners]):
        assert main([*given, *area]) == 0
        assert "cross themselves: 1" in capsys.readouterr().err
    assert main([*given, AREA[4]]) == 0
    assert "cross themselves" not in capsys.readouterr().err


def test_a_config_file_replays_its_run_to_the_byte(made, tmp_path):
    config = made.with_name("area.run.toml")
    assert main(["embed", "--config", str(config), "--out", str(tmp_path / "again.zarr")]) == 0
    first, again = (
        {p.relative_to(root): p.read_bytes() for p in root.rglob("c/*") if p.is_file()}
        for root in (made, tmp_path / "again.zarr")
    )
    assert first
    assert first == again
    one, two = (tomllib.loads(path.read_text()) for path in (config, tmp_path / "again.run.toml"))
    assert one.pop("out") != two.pop("out")
    assert one == two


def test_a_run_replays_in_a_folder_that_was_moved(model, tmp_path):
    first = tmp_path / "first"
    first.mkdir()
    shutil.copy(SAMPLE, first / "scenes.nc")
    for part in (model, model.with_suffix(".json")):
        shutil.copy(part, first)
    given = ["--s2", str(first / "scenes.nc"), *AREA[2:], *DATES, "--model", str(first / model.name)]
    assert main(["embed", *given, "--out", str(first / "area.zarr")]) == 0
    moved = Path(shutil.move(first, tmp_path / "moved"))
    before = EmbeddingStore(moved / "area.zarr").read_map(0).embedding
    assert main(["embed", "--config", str(moved / "area.run.toml"), "--overwrite"]) == 0
    assert not first.exists()
    np.testing.assert_array_equal(EmbeddingStore(moved / "area.zarr").read_map(0).embedding, before)
    assert tomllib.loads((moved / "area.run.toml").read_text())["s2"] == [str(moved / "scenes.nc")]
    assert main(["series", str(moved / "area.zarr"), "--pixel", "3,5", "--bands"]) == 0


def test_flags_win_over_the_config_file(made, model, tmp_path, capsys):
    config = tmp_path / "run.toml"
    config.write_text(
        f's2 = ["{SAMPLE}"]\ns2-as = "s2-dn"\nbounds = "{BOUNDS}"\ncrs = "EPSG:3035"\ndates = "every:1"\n'
    )
    given = ["--config", str(config), "--model", str(model), "--dates", "2019-07-01", "--json", "--plan"]
    assert main(["embed", *given]) == 0
    planned = json.loads(capsys.readouterr().out)["plan"]["pixel_dates"]
    assert planned == np.prod(EmbeddingStore(made).grid.shape)  # one date, not one a day


def test_a_plan_writes_nothing(model, tmp_path, capsys):
    assert (
        main(["embed", *AREA, *DATES, "--model", str(model), "--out", str(tmp_path / "x.zarr"), "--plan"])
        == 0
    )
    assert "pixel-dates" in capsys.readouterr().out
    assert _files(tmp_path) == []


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


def _bad(*arguments: str, cause: str) -> pytest.param:
    return pytest.param(arguments, cause, id=cause)


BAD_INPUTS = [
    _bad("embed", cause="no acquisitions were given"),
    _bad("embed", "--sample", "atlantis", cause="there is no such sample"),
    _bad("embed", "--sample", "romania", "--s2", "x.nc", cause="a sample and files were given"),
    _bad("embed", "--sample", "romania", "--bounds=1,2,1.1,2.1", cause="the area lies outside the sample"),
    _bad(
        "embed", "--sample", "romania", "--leave-out", "s2:1999-01-01", cause="is to be left out isn't there"
    ),
    _bad("embed", "--s2", "none.nc", "--s2-as", "s2-dn", cause="none.nc"),
    _bad("embed", *AREA[:4], "--bounds=1,2,3", cause="the bounds are not four numbers"),
    _bad("embed", *AREA[:4], "--polygon=1 2, 3 4, 5", cause="these are no corners of a polygon"),
    _bad("embed", *AREA, "--polygon=1 2, 3 4, 5 6", cause="several areas were given"),
    _bad("embed", *AREA[:4], "--bounds=3,46,2,47", cause="the area of interest has no extent"),
    _bad("embed", *AREA[:4], "--bounds=3,46,9,50", cause="the area is too large for one run"),
    _bad("embed", *AREA[:4], "--bounds=3,46,3.01,46.01", cause="the files don't overlap the area"),
    _bad("embed", "--s2", str(SAMPLE), "--s2-as", "s9", cause="no such preset"),
    _bad("embed", *AREA, "--dates", "every:soon", cause="this is no number of days"),
    _bad("embed", *AREA, "--dates", "2019-13-01", cause="this is no date"),
    _bad("embed", *AREA, "--dates", "2035-01-01", cause="lie outside the acquisitions"),
    _bad("embed", *AREA, "--start", "2031-01-01", cause="no target date lies in the date range"),
    _bad("embed", *AREA, *DATES, "--memory", "-1", cause="the memory must be above 0"),
    _bad("embed", *AREA, *DATES, "--memory", "0.1", cause="the memory does not suffice"),
    _bad("embed", *AREA, *DATES, "--device", "tpu", cause="no such device"),
    _bad("embed", *AREA, *DATES, "--dtype", "float64", cause="no such storage type"),
    _bad("series", "none.zarr", "--pixel", "0,0", cause="none.zarr"),
    _bad("view", "pca", "none.zarr", cause="none.zarr"),
    _bad("view", "pca", cause="no store was given"),
    _bad("view", "s1", *AREA, cause="needs another sensor"),
    _bad("train", "none.toml", "--data", ".", "--out", "o", cause="recipe can't be read"),
    _bad("evaluate", "--data", "nowhere", cause="there is no such data folder"),
]


@pytest.mark.parametrize(("arguments", "cause"), BAD_INPUTS)
def test_bad_input_is_said_with_value_and_remedy_and_leaves_nothing(
    arguments, cause, model, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    more = ["--model", str(model)] if arguments[0] == "embed" else []
    assert main([*arguments, *more]) == 2
    said = capsys.readouterr()
    assert cause in said.err
    assert "remedy" in said.err or "value" in said.err
    assert "Traceback" not in said.err
    assert said.out == ""
    assert _files(tmp_path) == []


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
    before = _files(store.parent)
    assert main(["series", str(store), *arguments]) == 2
    assert cause in capsys.readouterr().err
    assert _files(store.parent) == before


def test_a_date_that_the_store_lacks_names_the_nearest(store, capsys):
    assert main(["view", "pca", str(store), "--date", "2019-07-10"]) == 2
    assert "2019-07-01 and 2019-07-21" in capsys.readouterr().err


def test_errors_are_one_json_object_for_scripts(store, capsys):
    assert main(["view", "dim", str(store), "--date", "2019-07-01", "--dim", "99", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "input"
    assert error["value"] == "99"
    assert error["remedy"] == f"choose 1 to {EmbeddingStore(store).dims}"


def test_a_table_given_as_area_is_refused(tmp_path, capsys):
    (tmp_path / "area.csv").write_text("lon,lat\n22.15,45.2\n")
    given = [*AREA[:4], "--area", str(tmp_path / "area.csv"), "--out", str(tmp_path / "x.zarr")]
    assert main(["embed", *given]) == 2
    assert "the area file holds no geometries" in capsys.readouterr().err


def test_a_checkpoint_that_was_altered_is_refused(model, tmp_path, capsys):
    copy = tmp_path / "altered.safetensors"
    copy.write_bytes(model.read_bytes()[:-1] + b"x")
    shutil.copy(model.with_suffix(".json"), copy.with_suffix(".json"))
    assert main(["embed", *AREA, *DATES, "--model", str(copy), "--out", str(tmp_path / "x.zarr")]) == 2
    assert "does not match its hash" in capsys.readouterr().err
    assert not (tmp_path / "x.zarr").exists()


def test_an_unknown_key_of_a_config_file_is_named_with_its_nearest_match(tmp_path, capsys):
    config = tmp_path / "run.toml"
    config.write_text('sampel = "romania"\n')
    assert main(["embed", "--config", str(config)]) == 2
    said = capsys.readouterr().err
    assert "sampel" in said
    assert "did you mean sample?" in said


def test_a_wrong_flag_is_a_user_error_too():
    assert main(["embed", "--no-such-flag"]) == 2


@pytest.mark.parametrize("verbose", [False, True])
def test_a_fault_of_ours_exits_with_1_and_shows_its_traceback_only_when_asked(verbose, monkeypatch, capsys):
    def broken(name: str) -> None:
        raise RuntimeError(f"boom {name}")

    monkeypatch.setattr("phenolens.engine.acquisitions.choice.open_sample", broken)
    arguments = ["view", "true-colour", "--sample", "romania"] + ["--verbose"] * verbose
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert "internal fault: RuntimeError: boom romania" in said
    assert ("Traceback" in said) == verbose


def test_help_and_version_load_none_of_the_heavy_libraries():
    program = (
        "import sys; from phenolens.engine.__main__ import main; "
        "codes = [main(['embed', '--help']), main(['--version'])]; "
        "print(codes, {'torch', 'rasterio', 'xarray', 'zarr', 'geopandas', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[0, 0] set()"


def test_doctor_says_what_is_installed_and_what_files_hold(capsys):
    main(["doctor", "--s2", str(SAMPLE), "--s2-as", "s2-dn", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert {"phenolens", "device", "memory", "disk", "workspace", "model"} == {
        f["name"] for f in said["findings"]
    }
    # whether the version of a package names its build is up to the index that it comes from
    assert said["libraries"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert said["data"]["s2"]["bands"] == ["B02", "B03", "B04", "B08"]
    assert len(said["data"]["s2"]["times"]) == len(set(said["data"]["s2"]["times"])) > 40


def test_doctor_exits_with_2_where_results_could_not_be_written(capsys):
    assert main(["doctor", "--workspace", "/proc"]) == 2
    assert "choose a folder that you may write to" in capsys.readouterr().out


def test_ctrl_c_stops_after_a_tile_keeps_it_and_a_second_run_goes_on(model, tmp_path):
    out = tmp_path / "area.zarr"
    # little memory makes several tiles of one small area
    arguments = [
        "embed",
        *AREA,
        "--dates",
        "clear",
        "--memory",
        "0.55",
        "--no-screen",
        "--model",
        str(model),
        "--out",
        str(out),
    ]
    command = [sys.executable, "-m", "phenolens.engine", *arguments]
    run = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    journal = out / "finished_tiles"
    while run.poll() is None and not (journal.exists() and journal.read_text()):
        time.sleep(0.02)  # no way to be told: the other side is a process of its own
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=120)
    assert run.returncode == 130, said
    assert "Traceback" not in said
    kept = journal.read_text().splitlines()
    assert kept
    assert not EmbeddingStore(out).complete
    assert main(arguments) == 0
    assert EmbeddingStore(out).complete
    assert np.isfinite(EmbeddingStore(out).read_map(0).embedding).all()


def test_the_samples_are_named_as_the_help_names_them():
    assert open_sample("romania").name == "romania"
    assert open_sample("landscape").name == "landscape"
