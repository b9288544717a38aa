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
