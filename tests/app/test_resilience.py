"""Work is never lost: full disks, broken projects, no network, an engine or a worker that dies."""

import errno
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from phenolens.app import project as files
from phenolens.app.engine_link import EngineLink
from phenolens.app.features.areas import Areas
from phenolens.app.main_window import MainWindow
from phenolens.app.project_disk import backup_of
from phenolens.app.session import Place, Work
from phenolens.app.theme import theme_named
from phenolens.engine.client.launch import stop
from PySide6.QtCore import QSettings
from PySide6.QtWebEngineCore import QWebEngineUrlRequestInterceptor
from PySide6.QtWidgets import QComboBox

STORE = "forest.zarr"
PLACES = (Place("oak", "#e69f00", pixel=(7, 9)),)
MORE = (*PLACES, Place("edge", "#56b4e9", pixel=(20, 20)))
EMBED = {
    "sources": {"s2": {"paths": ["forest.nc"], "stored_as": "s2-dn"}},
    "dates": "every:3",
    "out": "again.zarr",
}
ROOM = "12m"
FEW = ",".join(f"{year}-{month:02}-10" for year in (2019, 2020) for month in range(1, 13))
ENOUGH_ON_PAPER = 2_600_000
"""Bytes: what such an embedding takes at least, but not what the chunks at its rim take as well."""
INI = QSettings.Format.IniFormat


@pytest.fixture
def path(window, tmp_path: Path, until) -> Path:
    """The file of a window's project, which is saved by itself from now on."""
    path = tmp_path / "place" / "mine.phenolens"
    path.parent.mkdir()
    window.project.save_as(path)
    until(path.exists)
    return path


@pytest.fixture
def full(monkeypatch):
    """`full(folder)`: what is written there meets a full disk from now on, until `full(None)`."""
    real, where = os.replace, [None]

    def replace(source, target):
        if where[0] is not None and Path(target).parent == where[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(source, target)

    monkeypatch.setattr("phenolens.app.project.os.replace", replace)
    return lambda folder: where.__setitem__(0, folder)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A workspace on a disk of few megabytes, with the scenes and a store."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", disk]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no leave to mount a small disk")
    yield disk
    stop(disk)
    subprocess.run(["umount", "-l", disk], check=True)


@pytest.fixture
def again(qtbot, window):
    """`again(workspace)`: another window, as after a new start of the app."""
    windows: list[MainWindow] = []

    def open(workspace: Path) -> MainWindow:
        link = EngineLink(workspace)
        made = MainWindow(link, theme_named("light"), QSettings(window.settings.fileName(), INI))
        made.resize(1440, 900)
        made.show()
        windows.append(made)
        link.start()
        qtbot.waitUntil(lambda: link.state.name in ("ready", "busy"), timeout=60_000)
        return made

    yield open
    for one in windows:
        one.close()
        one.deleteLater()
    for workspace in {one.link.workspace for one in windows} - {window.link.workspace}:
        stop(workspace)


def test_work_that_its_disk_has_no_room_for_is_kept_elsewhere_and_taken_up_again(
    opened, path, full, again, workspace, until, look
):
    until(path.exists)
    opened.model.do(places=PLACES)
    until(lambda: files.read(path).stores[STORE].work.places == PLACES)
    full(path.parent)
    opened.model.do(places=MORE)
    until(lambda: "No space left" in opened._message.text())
    assert "Free some space" in opened._message.text()
    assert "until then it is kept in" in opened._message.text()
    assert files.read(path).stores[STORE].work.places == PLACES
    look(opened)
    opened.close()
    full(None)
    later = again(workspace)
    later.project.open(path)
    until(lambda: later.model.now.store is not None)
    assert later.model.now.work.places == MORE
    assert "could not be saved in its place the last time" in later._message.text()
    until(lambda: files.read(path).stores[STORE].work.places == MORE)
    later.close()
    assert list(Path(later.settings.fileName()).with_name("rescued").iterdir()) == []


def test_a_window_that_is_closed_on_a_full_disk_keeps_its_work(opened, path, full, again, workspace, until):
    full(path.parent)
    opened.model.do(places=MORE)
    opened.close()
    assert not path.exists() or files.read(path).stores[STORE].work == Work()
    full(None)
    later = again(workspace)
    later.project.open(path)
    until(lambda: later.model.now.store is not None)
    assert later.model.now.work.places == MORE


def test_a_broken_project_is_kept_and_its_backup_shown(opened, path, again, workspace, until, look):
    until(path.exists)
    opened.model.do(places=PLACES)
    until(lambda: files.read(path).stores[STORE].work.places == PLACES)
    opened.close()
    second = again(workspace)
    second.project.open(path)
    until(lambda: second.model.now.work.places == PLACES)
    backup_of(path).unlink(missing_ok=True)  # a new day: the last one is old
    second.model.do(places=MORE)
    until(lambda: files.read(path).stores[STORE].work.places == MORE)
    second.close()
    broken = path.read_bytes()[:200]
    path.write_bytes(broken)
    third = again(workspace)
    third.project.open(path)
    until(lambda: third.model.now.store is not None)
    assert third.model.now.work.places == PLACES
    assert "it is left as it is" in third._message.text()
    assert "Its backup of 2" in third._message.text()
    until(third.project.path.exists)
    assert third.project.path.name == "mine-2.phenolens"
    assert path.read_bytes() == broken
    assert files.read(third.project.path).stores[STORE].work.places == PLACES
    until(lambda: "base" in third.map.shown)
    look(third)


def test_a_broken_project_without_a_backup_is_said_and_work_goes_into_another_file(
    window, again, tmp_path, workspace, until
):
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copytree(workspace / STORE, alone / STORE)
    broken = alone / "alone.phenolens"
    broken.write_text("{")
    window.close()
    later = again(alone)
    later.project.start()
    until(lambda: "project file is broken" in later._message.text())
    later.stores.open(STORE)
    until(lambda: later.model.now.store is not None)
    later.model.do(places=PLACES)
    until((alone / "alone-2.phenolens").exists)
    assert broken.read_text() == "{"


def test_docks_that_the_area_map_put_aside_are_there_the_next_time(opened, again, workspace, until):
    before = {name for name, dock in opened.docks.items() if not dock.isHidden()}
    opened.show_step("Area")
    until(opened.docks["Projection"].isHidden)
    opened.close()
    later = again(workspace)
    later.stores.open(STORE)
    until(lambda: "base" in later.map.shown)
    assert {"Projection", "Series", "Layers"} <= before
    assert before <= {name for name, dock in later.docks.items() if not dock.isHidden()}


def test_a_disk_that_fills_up_under_a_job_says_so_and_the_job_is_resumed(
    window, again, small_disk, workspace, until, look
):
    shutil.copy(workspace / "forest.nc", small_disk)
    shutil.copytree(workspace / STORE, small_disk / STORE)
    window.close()
    shown = again(small_disk)
    shown.project.start()
    shown.stores.open(STORE)
    until(lambda: "base" in shown.map.shown)
    shown.model.do(places=PLACES)
    until(lambda: shown.project.path is not None and shown.project.path.exists())
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(small_disk).free - ENOUGH_ON_PAPER))
    shown.show_step("Compute")
    shown.docks["Jobs"].show()
    shown.jobs.submit("embed", EMBED | {"dates": FEW}, lambda _: None)
    until(lambda: _states(shown)[:1] == ["failed"])
    until(lambda: bool(shown._message.text()))
    assert "the disk is full" in shown._message.text()
    assert "free some space" in shown._message.text()
    assert shown.model.now.work.places == PLACES
    look(shown, "-job")
    _fill(ballast)
    shown.model.do(places=MORE)
    until(lambda: "until then it is kept in" in shown._message.text())
    look(shown, "-project")
    ballast.unlink()
    shown.project.save_as(shown.project.path)
    until(lambda: files.read(shown.project.path).stores[STORE].work.places == MORE)
    shown.jobs_panel._table.selectRow(0)
    shown.jobs_panel._resume.click()
    until(lambda: _states(shown)[:1] == ["done"])
    assert (small_disk / "again.zarr").is_dir()


def test_a_worker_killed_in_mid_job_is_told_and_its_job_resumed(opened, until, workspace, look):
    opened.model.do(places=PLACES)
    opened.show_step("Compute")
    opened.docks["Jobs"].show()
    opened.jobs.submit("embed", EMBED | {"out": "killed.zarr"}, lambda _: None)
    until(lambda: _states(opened)[:1] == ["running"] and bool(_workers(opened)))
    for worker in _workers(opened):
        worker.send_signal(signal.SIGKILL)
    until(lambda: _states(opened)[:1] == ["interrupted"])
    opened.jobs_panel._table.selectRow(0)
    until(lambda: bool(opened._message.text()))
    assert opened._message.property("warning")
    assert opened.model.now.work == Work(places=PLACES)
    look(opened)
    opened.jobs_panel._resume.click()
    until(lambda: _states(opened)[:1] == ["done"])
    assert (workspace / "killed.zarr").is_dir()


class _Offline(QWebEngineUrlRequestInterceptor):
    """A machine without a network: what isn't on it is refused."""

    def interceptRequest(self, asked) -> None:  # noqa: N802 - Qt's name
        if asked.requestUrl().scheme().startswith("http") and asked.requestUrl().host() != "127.0.0.1":
            asked.block(True)


def test_offline_the_area_map_shows_coastlines_and_says_so_once(window, until, look, qtlog):
    areas = window.findChild(Areas)
    window.start_chosen.emit("area")
    until(lambda: areas.area.map.loaded)
    offline = _Offline(areas.area)
    areas.area.map.view.page().setUrlRequestInterceptor(offline)
    background = next(one for one in areas.area.findChildren(QComboBox) if one.findData("osm") >= 0)
    background.setCurrentIndex(background.findData("osm"))
    until(lambda: "may be offline" in areas.area.hint_text)
    look(window)
    areas.area.draw("rectangle")
    assert "drag" in areas.area.hint_text
    areas.area.draw(None)
    background.setCurrentIndex(0)
    assert areas.area.hint_text == ""
    assert [line.message for line in qtlog.records if "js" in (line.context.category or "")] == []


def _fill(ballast: Path) -> None:
    """To the last byte."""
    handle = os.open(ballast, os.O_WRONLY | os.O_APPEND)
    with suppress(OSError):
        while True:
            os.write(handle, bytes(4096))
    os.close(handle)


def _states(window) -> list[str]:
    return [job.state for job in window.jobs_panel._model.jobs[:1]]


def _workers(window) -> list[psutil.Process]:
    """Of the service's jobs."""
    service = psutil.Process(window.link.state.hello.pid)
    return [one for one in service.children(recursive=True) if one.status() != psutil.STATUS_ZOMBIE]
