"""What can go wrong while a window is open: stalls, a dying engine, closing in the middle, widgets that stay."""

import gc
import os
import signal
import weakref
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from phenolens.app.engine_link import EngineLink
from phenolens.app.heartbeat import Heartbeat
from phenolens.app.main_window import MainWindow
from phenolens.app.panels.steps import STEPS
from phenolens.app.session import Place
from phenolens.app.theme import theme_named
from phenolens.engine.client.look import Look
from PySide6.QtCore import QEvent, QPoint, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDockWidget, QWidget
from shiboken6 import isValid

LONGEST_STALL_S = 0.5
"""In the suite, on machines that do other things as well; tests/benchmarks/app_monkey.py measures."""
SCENES = {"s2": {"paths": ["forest.nc"], "stored_as": "s2-dn"}}
EMBED = {"sources": SCENES, "dates": "every:3", "out": "again.zarr", "overwrite": True}


@pytest.fixture
def heartbeat(qapp) -> Iterator[Heartbeat]:
    """Measures how long the user interface doesn't answer during a test."""
    with Heartbeat() as beat:
        yield beat
    print(f"longest stall {beat.longest * 1000:.0f} ms\n{beat.told(2)}")


def test_nothing_reachable_stalls_the_window(opened, qtbot, until):
    opened.show_step("Area")  # starts a browser for the area map, once: PySide's and Chromium's own time
    opened.show_in_middle(None)
    QTest.qWait(1000)
    with Heartbeat() as heartbeat:
        _drive_everything(opened, qtbot)
    print(f"longest stall {heartbeat.longest * 1000:.0f} ms\n{heartbeat.told()}")
    assert heartbeat.longest < LONGEST_STALL_S, heartbeat.told()


def _drive_everything(opened, qtbot) -> None:
    opened.model.do(places=(Place("a", "#e69f00", pixel=(8, 9)), Place("b", "#56b4e9", pixel=(30, 31))))
    for number in range(len(opened.layers.choices)):
        qtbot.keyClick(opened, Qt.Key.Key_1 + number)
        QTest.qWait(20)
    opened.model.change(look=Look(), beside=Look("s1"))
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Left) * 5:
        qtbot.keyClick(opened, key)
        QTest.qWait(10)
    for x in range(200, 500, 30):
        qtbot.mouseMove(opened.map._view.viewport(), QPoint(x, 200))
    opened.dates.play()
    for step in STEPS:
        opened.show_step(step)
        QTest.qWait(50)
    opened.show_in_middle(None)
    for dock in opened.docks.values():
        dock.hide()
        dock.show()
        QTest.qWait(10)
    for size in ((1280, 720), (1600, 1000), (1440, 900)):
        opened.resize(*size)
        QTest.qWait(20)
    opened.dates.stop()
    opened.model.undo()


def test_an_engine_killed_while_it_reads_comes_back_and_the_map_with_it(opened, until, heartbeat):
    pid = opened.link.state.hello.pid
    states: list[str] = []
    opened.link.state_changed.connect(lambda state: states.append(state.name))
    opened.model.do(places=(Place("a", "#e69f00", pixel=(8, 9)),))
    work, date = opened.model.now.work, opened.model.now.date
    opened.maps.forget()
    opened.model.change(date=date + 3)
    os.kill(pid, signal.SIGKILL)
    opened.model.change(look=Look("dim", dim=2))
    until(lambda: opened.link.state.name == "ready" and opened.link.state.hello.pid != pid)
    until(lambda: "base" in opened.map.shown and opened.map.shown["base"][0].legend.scale is not None)
    assert states[0] == "starting"
    assert opened.model.now.work == work
    assert opened.model.now.date == date + 3
    assert heartbeat.longest < LONGEST_STALL_S, heartbeat.told()


def test_an_engine_killed_in_mid_job_lists_it_as_interrupted_and_resumes_it(opened, until, workspace):
    ended: list[object] = []
    opened.jobs.submit("embed", EMBED, ended.append)
    until(lambda: _states(opened) == ["running"])
    os.kill(opened.link.state.hello.pid, signal.SIGKILL)
    until(lambda: _states(opened) == ["interrupted"])
    assert [job.state for job in ended] == ["interrupted"]
    assert "resume it" in opened._message.text()
    opened.jobs_panel._table.selectRow(0)
    opened.jobs_panel._resume.click()
    until(lambda: _states(opened) == ["done"])
    assert (workspace / "again.zarr").is_dir()


def test_a_job_that_is_paused_keeps_what_is_finished_and_goes_on_from_there(opened, until, workspace):
    out = workspace / "paused.zarr"
    opened.jobs.submit("embed", {**EMBED, "out": out.name}, lambda _: None)
    until(out.exists)
    opened.jobs_panel._table.selectRow(0)
    opened.jobs_panel._pause.click()
    until(lambda: _states(opened)[0] == "cancelled")
    assert "paused.zarr is paused: Resume goes on" in opened._message.text()
    assert opened.jobs_panel._table.model().index(0, 1).data() == "paused"
    assert opened.jobs_panel._resume.text() == "Resume"
    opened.jobs_panel._resume.click()
    until(lambda: _states(opened)[0] == "done")


def test_a_window_closed_in_mid_job_leaves_it_going_and_the_next_one_tells(opened, qtbot, until, workspace):
    params = EMBED | {"out": "behind.zarr", "dates": "every:5"}
    opened.jobs.submit("embed", params, lambda _: None)
    until(lambda: _states(opened)[:1] == ["running"])
    opened.close()
    link = EngineLink(workspace)
    again = MainWindow(link, theme_named("light"), QSettings(opened.settings.fileName(), INI))
    qtbot.addWidget(again)
    link.start()
    until(lambda: "behind.zarr" in again._message.text())
    assert "While the window was closed" in again._message.text()
    until(lambda: _states(again)[:1] == ["done"])
    again.close()


def test_closing_while_everything_is_asked_for_raises_nothing(opened, heartbeat):
    for date in range(len(opened.model.now.store.times)):
        opened.model.change(date=date)
    opened.dates.play()
    opened.project.save_as(Path(opened.settings.fileName()).with_name("last.phenolens"))
    opened.close()
    QTest.qWait(200)
    assert heartbeat.longest < LONGEST_STALL_S, heartbeat.told()


def test_a_closed_window_is_freed_with_all_its_widgets(qtbot, workspace, tmp_path, until):
    link = EngineLink(workspace)
    window = MainWindow(link, theme_named("light"), QSettings(str(tmp_path / "app.ini"), INI))
    window.show()
    link.start()
    window.stores.open("forest.zarr")
    drawn = window.map.shown
    until(partial(drawn.__contains__, "base"))  # a lambda would keep the window
    widgets = [window, *window.findChildren(QWidget)]
    panels = [weakref.ref(dock.widget()) for dock in window.findChildren(QDockWidget)]
    window.close()
    window.deleteLater()
    _let_go()
    assert [type(one).__name__ for one in widgets if isValid(one)] == []
    del widgets, window, link, drawn
    until(lambda: _let_go() and all(panel() is None for panel in panels))  # threads end what they were doing


INI = QSettings.Format.IniFormat


def _states(window) -> list[str]:
    return [job.state for job in window.jobs_panel._model.jobs[:1]]


def _let_go() -> bool:
    for _ in range(3):
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()
        gc.collect()
    return True
