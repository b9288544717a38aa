"""What the window opens: projects, stores and folders, chosen or dropped, and what it says of those it can't."""

import json
import shutil

import pytest
from phenolens.app import project as files
from phenolens.app.controllers.opening import openable
from phenolens.app.panels.stores import StoreList
from phenolens.app.project import Looked, Project
from phenolens.engine.client.errors import InputError
from PySide6.QtCore import Qt

from .of_projects import STORE, WORK, drop


def test_a_project_of_another_folder_moves_to_that_workspace(opened, workspace, tmp_path, until):
    other = tmp_path / "other"
    other.mkdir()
    shutil.copytree(workspace / STORE, other / "moved.zarr")
    path = other / "there.phenolens"
    files.write(path, Project("moved.zarr", {"moved.zarr": Looked(work=WORK)}))
    before = opened.link.state.hello.pid
    opened.project.open(path)
    until(lambda: opened.model.now.store is not None and opened.model.now.store.store == "moved.zarr")
    assert opened.link.workspace == other
    assert opened.link.state.hello.pid != before
    assert opened.model.now.work == WORK
    until(lambda: "base" in opened.map.shown)


def test_what_can_be_opened_is_told_apart(workspace, tmp_path):
    files.write(tmp_path / "a.phenolens", Project())
    assert openable(tmp_path / "a.phenolens").kind == "project"
    assert openable(workspace / STORE).kind == "store"
    assert openable(workspace).kind == openable(tmp_path).kind == "workspace"
    empty = tmp_path / "empty"
    empty.mkdir()
    for path in (empty, workspace / "forest.nc", tmp_path / "nothing"):
        with pytest.raises(InputError):
            openable(path)


def test_a_folder_that_the_engine_cannot_write_to_is_refused_and_the_one_before_stays(
    opened, workspace, tmp_path, until, monkeypatch
):
    theirs = tmp_path / "theirs"
    shutil.copytree(workspace / STORE, theirs / STORE)
    files.write(theirs / "shared.phenolens", Project(STORE))
    monkeypatch.setattr("phenolens.app.project.os.access", lambda path, _mode: path != theirs)
    for path in (theirs, theirs / STORE, theirs / "shared.phenolens"):
        opened.say("")
        drop(opened, path)
        until(lambda: "can't be written to" in opened._message.text())
        assert "Use a folder of your own" in opened._message.text()
    opened.say("")
    opened.project.begin(theirs / "new.phenolens")
    assert "can't be written to" in opened._message.text()
    assert opened.link.workspace == workspace
    assert opened.model.now.store is not None


def test_a_project_that_was_moved_without_its_results_says_what_is_missing_and_where(window, tmp_path, until):
    path = tmp_path / "alone" / "mine.phenolens"
    path.parent.mkdir()
    files.write(path, Project("gone.zarr", {"gone.zarr": Looked(work=WORK)}))
    window.project.open(path)
    until(lambda: "gone.zarr" in window._message.text())
    assert str(path.parent) in window._message.text()
    assert "stays in the project" in window._message.text()
    assert "/v1/" not in window._message.text()
    window.project.touch()
    window.project.save()
    until(lambda: files.read(path).stores["gone.zarr"].work == WORK)


def test_what_was_said_of_a_store_that_is_missing_goes_as_another_one_is_opened(window, until):
    window.stores.open("gone.zarr")
    until(lambda: "gone.zarr" in window._message.text())
    window.stores.open(STORE)
    until(lambda: window.model.now.store is not None)
    assert not window._message.text()


def test_a_store_that_is_not_finished_is_no_result_and_says_so_when_it_is_opened(
    window, workspace, until, look
):
    partial = workspace / "partial.zarr"
    shutil.copytree(workspace / STORE, partial)
    about = json.loads((partial / "zarr.json").read_text())
    about["attributes"]["status"] = "running"
    (partial / "zarr.json").write_text(json.dumps(about))
    try:
        offered = []
        window.start.set_stores = offered.append
        window.link.state_changed.emit(window.link.state)
        until(lambda: bool(offered))
        assert offered == [[STORE]]
        window.stores.open(partial.name)
        until(lambda: window.model.now.store is not None)
        assert "partial is unfinished" in window._message.text()
        assert window._message.property("warning")
        look(window)
    finally:
        shutil.rmtree(partial)


def test_a_store_dropped_on_the_window_is_opened(window, workspace, until):
    drop(window, workspace / STORE)
    until(lambda: window.model.now.store is not None)
    assert window.model.now.store.store == STORE


def test_something_else_dropped_is_refused_in_words(window, tmp_path, until):
    (tmp_path / "photo.jpg").write_bytes(b"")
    told = window._message
    drop(window, tmp_path / "photo.jpg")
    until(lambda: "no project, store or folder" in told.text())


def test_stores_of_the_workspace_are_listed_and_opened(window, qtbot, until, look, trigger):
    trigger(window, "Open store…")
    shown = window.findChild(StoreList)
    until(lambda: shown._table.rowCount() > 0)
    names = [shown._table.item(row, 0).text() for row in range(shown._table.rowCount())]
    row = names.index(STORE)  # other tests compute stores beside it
    assert "(16)" in shown._table.item(row, 2).text()
    shown._table.selectRow(row)
    look(shown)
    qtbot.keyClick(shown._table, Qt.Key.Key_Return)
    until(lambda: window.model.now.store is not None)
    assert window.model.now.store.store == STORE
