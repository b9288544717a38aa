"""What holds of every command: help, errors and their exit codes; `phenolens doctor` and the samples."""

import json
import subprocess
import sys

import pytest
import torch
from phenolens.engine.__main__ import main
from phenolens.engine.acquisitions.samples import open_sample
from phenolens.engine.store import EmbeddingStore

from .forest_area import AREA, DATES, SAMPLE, names_in


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
    assert names_in(tmp_path) == []


def test_errors_are_one_json_object_for_scripts(store, capsys):
    assert main(["view", "dim", str(store), "--date", "2019-07-01", "--dim", "99", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "input"
    assert error["value"] == "99"
    assert error["remedy"] == f"choose 1 to {EmbeddingStore(store).dims}"


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


def test_the_samples_are_named_as_the_help_names_them():
    assert open_sample("romania").name == "romania"
    assert open_sample("landscape").name == "landscape"
