"""`phenolens embed` on real data: its store and config, areas, runs that are replayed, planned or stopped."""

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
from phenolens.engine.__main__ import main
from phenolens.engine.commands.sources import SourceFlags
from phenolens.engine.errors import CrsError, TargetError
from phenolens.engine.store import EmbeddingStore

from .forest_area import AREA, BOUNDS, DATES, SAMPLE, names_in


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
    assert names_in(tmp_path) == []


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
