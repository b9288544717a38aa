from pathlib import Path

import pytest
from phenolens.engine.config import read_config, to_toml
from phenolens.engine.errors import InputError

FLAGS = ("s2", "s2-scale", "dates", "strict", "out")


def _file(folder: Path, text: str) -> Path:
    path = folder / "run.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_written_reads_back_the_same(tmp_path):
    values = {"s2": ['/data/a "b" ü.nc'], "s2-scale": 1e-4, "dates": "every:10", "strict": True}
    path = _file(tmp_path, to_toml("embed", values, "a note"))
    assert read_config(path, "embed", FLAGS) == values


def test_flags_that_are_not_set_are_left_out_and_paths_become_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = to_toml("embed", {"s2": [], "dates": None, "out": Path("here.zarr")})
    assert text == f'command = "embed"\nout = "{tmp_path / "here.zarr"}"\n'


def test_an_unknown_key_is_named_with_its_nearest_match(tmp_path):
    with pytest.raises(InputError, match="unknown key") as caught:
        read_config(_file(tmp_path, "s2-scales = 1.0"), "embed", FLAGS)
    assert "s2-scales" in caught.value.value
    assert caught.value.remedy == "did you mean s2-scale?"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("dates = [", "no valid TOML"),
        ('command = "series"', "of another command"),
        ("zzz = 1", "unknown key"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_and_a_remedy(tmp_path, text, cause):
    with pytest.raises(InputError, match=cause) as caught:
        read_config(_file(tmp_path, text), "embed", FLAGS)
    assert "run.toml" in str(caught.value.value)
    assert caught.value.remedy


def test_a_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="can't be read"):
        read_config(tmp_path / "none.toml", "embed", FLAGS)


def test_paths_of_a_config_that_was_moved_with_its_files_are_where_they_are_now(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    new.mkdir()
    (new / "a.nc").touch()
    (new / "area.zarr").mkdir()
    values = {"s2": [old / "a.nc", old / "gone.nc"], "dates": "every:10", "out": old / "area.zarr"}
    config = new / "area.run.toml"
    config.write_text(to_toml("embed", values))
    found = read_config(config, "embed", FLAGS)
    assert found == {
        "s2": [str(new / "a.nc"), str(old / "gone.nc")],
        "dates": "every:10",
        "out": str(new / "area.zarr"),
    }
    old.mkdir()
    (old / "a.nc").touch()
    assert read_config(config, "embed", FLAGS)["s2"][0] == str(
        old / "a.nc"
    )  # a copy: the first ones are there
    assert read_config(config, "embed", FLAGS)["out"] == str(new / "area.zarr")


def test_a_config_that_says_only_the_name_of_its_output_finds_files_by_the_end_of_their_paths(tmp_path):
    (tmp_path / "scenes").mkdir()
    for name in ("a.nc", "scenes/a.nc"):
        (tmp_path / name).touch()
    config = tmp_path / "area.run.toml"
    config.write_text(to_toml("embed", {"s2": ["/old/scenes/a.nc", "/old/b.nc"], "out": "area.zarr"}))
    found = read_config(config, "embed", FLAGS)
    assert found == {"s2": [str(tmp_path / "scenes" / "a.nc"), "/old/b.nc"], "out": "area.zarr"}


def test_a_config_that_never_lay_beside_its_output_is_taken_as_it_is(tmp_path):
    (tmp_path / "a.nc").touch()
    for name, out in (("recipe.toml", "/old/area.zarr"), ("area.run.toml", "s3://bucket/area.zarr")):
        config = tmp_path / name
        config.write_text(to_toml("embed", {"s2": ["/old/a.nc"], "out": out}))
        assert read_config(config, "embed", FLAGS) == {"s2": ["/old/a.nc"], "out": out}
