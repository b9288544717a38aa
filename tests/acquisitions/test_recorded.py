"""Acquisitions behind a store, found by the config beside it: also in a folder that was moved or copied."""

import shutil
from pathlib import Path

import pytest
from phenolens.engine.acquisitions.recorded import recorded_choice
from phenolens.engine.commands.sources import recorded_sources
from phenolens.engine.config import to_toml
from phenolens.engine.errors import InputError
from phenolens.engine.service.jobs.kinds.params import locate
from phenolens.engine.service.workspace import PathError, Workspace


@pytest.fixture
def folder(tmp_path) -> Path:
    """A workspace with a store in it, scenes of its own and scenes beside it."""
    made = tmp_path / "work" / "field"
    for place in (
        made / "scenes" / "a.nc",
        made / "stores" / "area.zarr",
        tmp_path / "work" / "archive" / "b.nc",
    ):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"")
    values = {
        "s2": [made / "scenes" / "a.nc"],
        "s1": [made.parent / "archive" / "b.nc"],
        "s2-as": "s2-dn",
        "out": made / "stores" / "area.zarr",
    }
    (made / "stores" / "area.run.toml").write_text(to_toml("embed", values))
    return made


def test_files_of_a_folder_that_was_moved_are_found_where_they_are_now(folder, tmp_path):
    there = Path(shutil.move(folder, tmp_path / "elsewhere"))
    choice = recorded_choice(there / "stores" / "area.zarr")
    assert choice.files["s2"] == [there / "scenes" / "a.nc"]
    assert choice.files["s1"] == [tmp_path / "work" / "archive" / "b.nc"]  # which was not moved
    assert recorded_sources(there / "stores" / "area.zarr").s2 == choice.files["s2"]
    whole = Path(shutil.move(tmp_path / "work", tmp_path / "renamed"))
    shutil.move(there, whole / "field")
    choice = recorded_choice(whole / "field" / "stores" / "area.zarr")
    assert choice.files == {"s2": [whole / "field/scenes/a.nc"], "s1": [whole / "archive/b.nc"]}


def test_a_service_reads_the_files_of_a_copy_where_those_of_the_first_folder_lie_outside(folder, tmp_path):
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    workspace = Workspace(copy)
    with pytest.raises(PathError):  # archive/b.nc is in no data folder
        recorded_choice(copy / "stores" / "area.zarr", locate(workspace))
    workspace.add_data_folder(tmp_path / "work" / "archive")
    choice = recorded_choice(copy / "stores" / "area.zarr", locate(workspace))
    assert choice.files == {"s2": [copy / "scenes/a.nc"], "s1": [tmp_path / "work/archive/b.nc"]}
    workspace.add_data_folder(folder)
    choice = recorded_choice(copy / "stores" / "area.zarr", locate(workspace))
    assert choice.files["s2"] == [folder / "scenes/a.nc"]  # what was recorded, where it may be read


def test_a_config_of_a_run_with_a_relative_output_is_followed_as_well(folder, tmp_path):
    config = folder / "stores" / "area.run.toml"
    lines = [line for line in config.read_text().splitlines() if not line.startswith("out")]
    config.write_text("\n".join([*lines, 'out = "area.zarr"']).replace("/scenes/", "/stores/"))
    (folder / "scenes" / "a.nc").rename(folder / "stores" / "a.nc")
    there = Path(shutil.move(folder, tmp_path / "elsewhere"))
    assert recorded_choice(there / "stores" / "area.zarr").files["s2"] == [there / "stores" / "a.nc"]


def test_a_file_that_is_nowhere_is_named_as_it_was_recorded(folder, tmp_path):
    there = Path(shutil.move(folder, tmp_path / "elsewhere"))
    (there / "scenes" / "a.nc").unlink()
    with pytest.raises(InputError) as refused:
        recorded_choice(there / "stores" / "area.zarr", locate(Workspace(there)))
    assert refused.value.value == str(folder / "scenes" / "a.nc")
