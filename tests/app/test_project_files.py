"""The file of a project, without a window: what is written comes back, and paths in it hold when it moves."""

import json
import shutil
from dataclasses import replace

import pytest
from phenolens.app import project as files
from phenolens.app.frozen_json import from_json, to_json
from phenolens.app.project import Looked, Project
from phenolens.app.recipe import Recipe, Towers
from phenolens.app.session import (
    Work,
)
from phenolens.engine.client.errors import OutputError
from phenolens.engine.client.look import Look

from .of_projects import STORE, WORK


def test_work_survives_its_way_through_json():
    assert from_json(Work, json.loads(json.dumps(to_json(WORK)))) == WORK
    looked = Looked("2019-03-15T12:00:00Z", Look("dim", dim=3), Look("s1"), opacity=0.5, work=WORK)
    project = Project(STORE, {STORE: looked}, {"areas": [1, {"a": None}]})
    assert from_json(Project, json.loads(json.dumps(to_json(project)))) == project


@pytest.mark.parametrize(
    "values", [{"places": 3}, {"labels": [{"value": "one"}]}, {"selections": [{"name": "a"}]}, [], "text"]
)
def test_values_of_other_types_are_named(values):
    with pytest.raises(ValueError, match=r"Work|Label|Selection"):
        from_json(Work, values)


def test_a_folder_that_is_read_only_is_said(tmp_path):
    with pytest.raises(OutputError, match=r"can't be saved.*see that its folder is there"):
        files.write(tmp_path / "missing" / "a.phenolens", Project())


def test_a_project_names_its_workspace_relative_to_itself(tmp_path):
    workspace = tmp_path / "stores"
    workspace.mkdir()
    path = tmp_path / "projects" / "a.phenolens"
    path.parent.mkdir()
    files.write(path, files.with_workspace(Project(STORE), path, workspace))
    assert files.read(path).workspace == "../stores"
    shutil.move(tmp_path / "projects", tmp_path / "stores" / "projects")
    moved = workspace / "projects" / "a.phenolens"
    assert files.workspace_of(moved, replace(files.read(moved), workspace="..")) == workspace
    assert files.workspace_of(moved, replace(files.read(moved), workspace="../gone")) == moved.parent


def test_tower_files_beside_a_project_move_with_it(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    inside, elsewhere = here / "towers" / "a.csv", tmp_path / "b.zip"
    towers = Towers((str(inside), str(elsewhere)), str(here / "sites.csv"))
    kept = Project(STORE, {STORE: Looked(recipe=Recipe(learns="towers", towers=towers))})
    files.write(here / "a.phenolens", kept)
    assert files.read(here / "a.phenolens").stores == kept.stores
    shutil.move(here, there)
    moved = files.read(there / "a.phenolens").stores[STORE].recipe.towers
    assert moved.files == (str(there / "towers" / "a.csv"), str(elsewhere))
    assert moved.sites == str(there / "sites.csv")
