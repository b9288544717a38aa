"""Projects of the window: saved by themselves, opened again, closed, never lost."""

import errno
import json
import os
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from phenolens.app import project as files
from phenolens.app.project import Looked, Project
from phenolens.app.selection import Combined, LassoPick, MapPick, Selection
from phenolens.app.session import Place, ProjectionChoice, SeriesChoice, Session, Work
from phenolens.engine.client.look import Look

from .of_projects import STORE, WORK, drop

BAD = {
    b'{"phenolens-project": 1, "stores": {': "broken",
    b'{"phenolens-project": 1, "stores": {"a.zarr": {"work": 3}}}': "broken",
    b'{"phenolens-project": 99}': "newer version",
    b'{"type": "FeatureCollection"}': "no project file",
    bytes(range(256)): "broken",
    b"": "broken",
}


@pytest.fixture
def path(window, tmp_path: Path, until) -> Path:
    """The file of a window's project, which is saved by itself from now on."""
    path = tmp_path / "mine.phenolens"
    window.project.save_as(path)
    until(path.exists)
    return path


@pytest.fixture
def said(window) -> list[str]:
    """What the window warned of."""
    warnings: list[str] = []
    window.project.failed.connect(lambda error: warnings.append(str(error)))
    return warnings


def test_what_was_made_comes_back_with_its_project(opened, path, until):
    model = opened.model
    model.do(places=WORK.places, selections=WORK.selections, classes=WORK.classes, labels=WORK.labels)
    model.change(date=3, look=Look("dim", dim=2), beside=Look("s1"), opacity=0.5)
    until(lambda: files.read(path).store == STORE and files.read(path).stores[STORE].opacity == 0.5)
    model.begin(Session())
    model.do(places=(Place("of nothing", "#000000", pixel=(0, 0)),))
    opened.project.open(path)
    until(lambda: model.now.store is not None)
    assert model.now.work == WORK
    assert (model.now.date, model.now.look, model.now.beside) == (3, Look("dim", dim=2), Look("s1"))
    assert not model.can_undo


def test_choices_are_saved_by_themselves_and_come_back(opened, path, until):
    model = opened.model
    chosen = {
        "recipe": replace(model.now.recipe, learns="towers", features="window"),
        "series": SeriesChoice("index", ("NDVI",)),
        "projection": ProjectionChoice("dimension", dim=3, axes=(2, 3), every_date=False),
        "label_span": ("2019-04-01", "2019-09-30"),
    }
    for name, choice in chosen.items():
        model.change(**{name: choice})
        until(lambda name=name, choice=choice: getattr(files.read(path).stores.get(STORE), name, 0) == choice)
    model.begin(Session())
    opened.project.open(path)
    until(lambda: model.now.store is not None)
    assert {name: getattr(model.now, name) for name in chosen} == chosen


def test_the_status_bar_says_when_it_was_saved(opened, path, until, look):
    told: list[str] = []
    opened.project.saved.connect(told.append)
    opened.model.do(places=WORK.places)
    until(lambda: bool(told))
    assert told[-1].startswith("saved ")
    look(opened)


def test_features_keep_their_part_and_get_it_back(window, path, until):
    handed: list[object] = []
    window.project.keep("notes", lambda: ["a", 1], handed.append)
    window.project.touch()
    until(lambda: "notes" in files.read(path).kept)
    window.project.open(path)
    until(lambda: bool(handed))
    assert handed == [["a", 1]]


def test_parts_that_no_feature_claims_stay_in_the_file(window, path, until):
    files.write(path, Project(kept={"of a plugin": {"x": 1}}))
    window.project.open(path)
    told: list[str] = []
    window.project.opened.connect(told.append)
    until(lambda: bool(told))
    window.project.touch()
    window.project.save()
    saved: list[str] = []
    window.project.saved.connect(saved.append)
    until(lambda: bool(saved))
    assert files.read(path).kept["of a plugin"] == {"x": 1}


def test_each_store_of_a_project_keeps_its_own_work(opened, path, workspace, until):
    shutil.copytree(workspace / STORE, workspace / "second.zarr")
    opened.model.do(places=WORK.places)
    opened.stores.open("second.zarr")
    until(lambda: opened.model.now.store.store == "second.zarr")
    assert opened.model.now.work == Work()
    opened.stores.open(STORE)
    until(lambda: opened.model.now.store.store == STORE)
    assert opened.model.now.work.places == WORK.places
    shutil.rmtree(workspace / "second.zarr")


def test_files_that_are_no_good_are_said_and_left_as_they_are(opened, path, said, tmp_path, until):
    opened.model.do(places=WORK.places)
    bad = tmp_path / "bad.phenolens"
    for content, said_of_it in BAD.items():
        bad.write_bytes(content)
        said.clear()
        opened.project.open(bad)
        until(lambda: bool(said))
        assert said_of_it in said[0], content
        assert bad.read_bytes() == content
    assert opened.model.now.work.places == WORK.places
    assert opened.project.path == path


def test_what_another_program_has_written_is_not_overwritten(opened, path, said, until):
    until(path.exists)
    theirs = json.dumps({"phenolens-project": 1, "kept": {"theirs": 1}}) + "\n"
    path.write_text(theirs)
    opened.model.do(places=WORK.places)
    until(lambda: opened.project.path != path)
    assert path.read_text() == theirs
    assert "another program" in said[0]
    assert files.read(opened.project.path).stores[STORE].work.places == WORK.places


def test_a_full_disk_leaves_the_project_before_and_is_tried_again(opened, path, said, until, monkeypatch):
    until(path.exists)
    before = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("phenolens.app.project.os.fsync", full)
        opened.model.do(places=WORK.places)
        until(lambda: bool(said))
    assert "No space left" in said[0]
    assert "free some space" in said[0]
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.glob(".*")] == []
    opened.model.do(labels=WORK.labels)
    until(lambda: path.read_bytes() != before)
    assert files.read(path).stores[STORE].work.labels == WORK.labels


def test_a_store_over_another_area_begins_afresh_and_the_work_is_kept_aside(opened, path, said, until):
    opened.model.do(places=WORK.places)
    opened.project.snapshot()
    store = opened.model.now.store
    moved = replace(store, grid=replace(store.grid, shape=(40, 48)))
    session = opened.project._session_of(moved)
    assert session.work == Work()
    assert "another area" in said[0]
    kept = [looked.work.places for looked in opened.project.snapshot().stores.values()]
    assert WORK.places in kept


def test_selections_in_the_projection_of_a_store_embedded_anew_are_kept_aside_and_the_others_hold(
    opened, path, said
):
    on_map = Selection("edge", "#ff0000", MapPick(((0.0, 0.0), (4.0, 0.0), (4.0, 4.0))))
    lasso = LassoPick("pca", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)), dates=(0,))
    drawn = Selection("cloud", "#00ff00", Combined("not", on_map.pick, lasso))
    opened.model.do(places=WORK.places, selections=(on_map, drawn))
    opened.project.snapshot()
    store = opened.model.now.store
    assert opened.project._session_of(store).work.selections == (on_map, drawn)
    assert said == []
    session = opened.project._session_of(replace(store, times=store.times[1:]))
    assert (session.work.places, session.work.selections) == (WORK.places, (on_map,))
    assert "drawn in its projection" in said[0]
    kept = [looked.work.selections for looked in opened.project.snapshot().stores.values()]
    assert (on_map, drawn) in kept


def test_searches_that_ended_with_the_engine_are_not_shown_again(opened):
    looked = Looked(look=Look("similarity:7"), beside=Look("probe:crops.probe"))
    session = looked.session(opened.model.now.store)
    assert (session.look, session.beside) == (Look(), Look("probe:crops.probe"))


def test_a_run_is_saved_as_the_config_that_replays_it(opened, workspace, tmp_path, until, trigger, choose):
    trigger(opened, "Save this run as config…")
    target = tmp_path / "again.run.toml"
    choose(opened, target)
    until(target.exists)
    saved, kept = (tomllib.loads(file.read_text()) for file in (target, workspace / "forest.run.toml"))
    assert Path(kept["out"]) != workspace / STORE  # where it was before this copy was made: another's
    assert saved == {**kept, "out": str(workspace / STORE)}
    until(lambda: "phenolens embed --config" in opened._message.text())


def test_recent_projects_are_offered(window, path, tmp_path, until):
    menu = window.menus["File"]
    recent = next(action.menu() for action in menu.actions() if action.text() == "Open recent")
    window.project.keep("notes", lambda: "something", lambda _: None)
    window.project.touch()
    until(path.exists)
    window.project.leave()
    assert [action.text().split()[0] for action in recent.actions()] == ["mine"]
    recent.actions()[0].trigger()
    until(lambda: window.project.path == path)


def test_closing_the_project_saves_and_leads_to_the_start_page(opened, path, until, trigger):
    opened.model.do(places=WORK.places)
    trigger(opened, "Close project")
    assert opened.model.now == Session()
    assert opened.start.isVisible()
    until(lambda: path.exists() and files.read(path).stores[STORE].work.places == WORK.places)


@pytest.mark.parametrize(
    "way", ["another is opened", "it is closed", "it gets another name", "a new one begins"]
)
def test_who_leaves_a_project_in_the_midst_of_its_saving_leaves_its_file_to_it(
    opened, path, workspace, said, until, way
):
    other = workspace / "other.phenolens"
    files.write(other, Project())
    opened.model.do(places=WORK.places)  # not saved yet
    told, project = [], opened.project
    project.saved.connect(told.append)
    {
        "another is opened": lambda: project.open(other),
        "it is closed": project.leave,
        "it gets another name": lambda: (project.save(), project.save_as(other)),
        "a new one begins": lambda: project.begin(other),
    }[way]()
    until(lambda: project.path != path and files.read(path).stores[STORE].work.places == WORK.places)
    left = path.read_bytes()
    opened.stores.open(STORE)
    until(lambda: opened.model.now.store is not None)
    opened.model.do(labels=WORK.labels)
    project.save()
    until(lambda: bool(told) and "saved" in told[-1])
    assert project.path not in (path, None)
    until(lambda: files.read(project.path).stores[STORE].work.labels == WORK.labels)
    assert path.read_bytes() == left
    assert said == []
    project.path.unlink()


def test_closing_the_project_leaves_the_area_map(window, areas, trigger, look):
    window.show_step("Area")
    assert not window.start.isVisible()
    trigger(window, "Close project")
    assert window.start.isVisible()
    assert window.steps.step is None
    look(window)


def test_what_was_wrong_with_one_file_is_not_said_of_the_next(window, path, tmp_path, until):
    drop(window, tmp_path / "nothing.phenolens")
    until(lambda: "Nothing is there" in window._message.text())
    drop(window, path)
    assert "Nothing is there" not in window._message.text()
    until(lambda: window.project.path == path)


def test_a_new_project_begins_empty_in_its_folder(opened, workspace, until):
    opened.model.do(places=WORK.places)
    path = workspace / "fresh.phenolens"
    opened.project.begin(path)
    assert opened.model.now == Session()
    until(path.exists)
    assert (files.read(path).store, files.read(path).stores) == (None, {})
    path.unlink()


def test_closing_the_window_saves_at_once(opened, path):
    opened.model.do(places=WORK.places)
    opened.close()
    assert files.read(path).stores[STORE].work.places == WORK.places
