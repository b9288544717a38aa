"""The page of the area map stays, whatever is clicked, dropped or ended."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest
from phenolens.app.panels.area import AreaPanel
from phenolens.app.panels.browser_files import read_ahead
from phenolens.app.theme import LIGHT
from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, QPointF, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

WAIT_MS = 120_000
MIDDLE = """(() => {
  const box = document.querySelector("SELECTOR").getBoundingClientRect();
  return JSON.stringify([box.x + box.width / 2, box.y + box.height / 2]);
})()"""
"""Of an element of the page."""


class UsersBrowser(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.opened.append(url.toString())


@pytest.fixture
def browser():
    """Takes what the app opens in the user's browser."""
    found = UsersBrowser()
    for scheme in ("http", "https"):
        QDesktopServices.setUrlHandler(scheme, found, "open")
    yield found
    for scheme in ("http", "https"):
        QDesktopServices.unsetUrlHandler(scheme)


@pytest.fixture
def panel(qtbot):
    """The area map by itself, drawn."""
    shown = AreaPanel(LIGHT)
    qtbot.addWidget(shown)
    shown.resize(900, 600)
    shown.show()
    qtbot.waitUntil(lambda: shown.map.loaded, timeout=WAIT_MS)
    yield shown
    shown.map.close_page()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # a page must go before the profile


@pytest.fixture
def ask(qtbot, panel):
    def ask(code: str) -> object:
        """What the page answers, from JSON."""
        answers: list[str] = []
        panel.map.view.page().runJavaScript(code, 0, answers.append)
        qtbot.waitUntil(lambda: bool(answers), timeout=WAIT_MS)
        return json.loads(answers[0])

    return ask


@pytest.mark.parametrize(
    ("button", "key"),
    [
        (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier),
        (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier),
        (Qt.MouseButton.MiddleButton, Qt.KeyboardModifier.NoModifier),
    ],
)
def test_a_link_of_the_map_opens_in_the_user_s_browser_and_the_map_stays(
    panel, qtbot, ask, browser, button, key
):
    panel.map.call("setBackground", "osm")
    link = ".leaflet-control-attribution a"
    point = QPointF(*ask(MIDDLE.replace("SELECTOR", link))).toPoint()
    target = panel.map.view.focusProxy()
    QTest.mouseMove(target, point)
    QTest.mouseClick(target, button, key, point)
    qtbot.waitUntil(lambda: bool(browser.opened), timeout=WAIT_MS)
    assert browser.opened == ["https://www.openstreetmap.org/copyright"]
    assert ask("areaMap.counts()")["lines"] > 0


def test_the_page_isn_t_left_by_itself_and_its_buttons_open_nothing(panel, qtbot, ask, browser):
    ask("(document.body.dataset.same = '1', JSON.stringify(1))")
    page = panel.map.view.page()
    for leave in (
        "location.reload()",
        "window.open('file:///')",
        "document.querySelector('.leaflet-control-zoom-in').click()",
    ):
        page.runJavaScript(leave)
        assert ask("areaMap.counts()")["lines"] > 0
    page.triggerAction(page.WebAction.Reload)
    assert ask("JSON.stringify(document.body.dataset.same)") == "1"
    assert browser.opened == []


def test_a_map_whose_process_ended_comes_back_as_it_was(panel, qtbot, ask):
    panel.fit((10.28, 46.02, 10.34, 46.05))
    panel.map.call("look", 46.5, 10.5, 9)  # as the mouse does
    qtbot.waitUntil(lambda: "look" in panel.map.calls, timeout=WAIT_MS)
    before = ask("areaMap.view()")
    os.kill(panel.map.view.page().renderProcessPid(), signal.SIGTERM)
    qtbot.waitUntil(lambda: not panel.map.loaded, timeout=WAIT_MS)
    panel.map.call("setQuicklooks", [{"url": "", "west": 10, "south": 46, "east": 11, "north": 47}])
    qtbot.waitUntil(lambda: panel.map.loaded, timeout=WAIT_MS)
    assert ask("areaMap.view()") == pytest.approx(before, abs=0.01)
    assert ask("areaMap.counts()")["quicklooks"] == 1


def test_a_map_that_ends_again_and_again_says_so_and_is_tried_when_it_is_turned_to(panel, qtbot, ask):
    for _ in range(3):
        panel.map.view.lost.emit()
        qtbot.waitUntil(lambda: panel.map.loaded, timeout=WAIT_MS)
    panel.map.view.lost.emit()
    assert "ended several times" in panel.map.waiting_text
    assert panel.map.currentWidget() is not panel.map.view
    panel.hide()
    panel.show()
    qtbot.waitUntil(lambda: panel.map.loaded, timeout=WAIT_MS)
    assert panel.map.currentWidget() is panel.map.view
    assert ask("areaMap.counts()")["lines"] > 0


def test_files_dropped_on_the_page_are_taken_and_addresses_aren_t(panel, ask, tmp_path):
    taken: list[str] = []
    panel.dropped.connect(taken.append)
    page, at = panel.map.view.focusProxy(), QPoint(50, 50)
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier

    def drop(url: QUrl) -> None:
        dragged = QMimeData()
        dragged.setUrls([url])
        entered = QDragEnterEvent(at, copy, dragged, left, none)
        QApplication.sendEvent(page, entered)
        if entered.isAccepted():
            QApplication.sendEvent(page, QDropEvent(QPointF(at), copy, dragged, left, none))

    drop(QUrl("https://example.org/"))
    assert taken == []
    drop(QUrl.fromLocalFile(str(tmp_path / "fields.geojson")))
    assert taken == [str(tmp_path / "fields.geojson")]
    assert ask("areaMap.counts()")["lines"] > 0


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux where the library lies")
def test_the_browser_s_files_are_read_before_it_starts(panel):
    """Its library, which is by far the largest of them, among them: else the user interface waits for the disk."""
    library = next(
        Path(line.split()[-1])
        for line in Path("/proc/self/maps").read_text().splitlines()
        if "Qt6WebEngineCore.so" in line
    )

    assert read_ahead() > library.stat().st_size
