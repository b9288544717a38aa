"""The whole way with mouse and keys: look, lasso, label, fit, read the scores, export; QGIS opens what comes out."""

from pathlib import Path

import pytest
from phenolens.app.panels.export import ExportPanel
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLineEdit, QPushButton, QToolButton, QWidget

LEFT = Qt.MouseButton.LeftButton
MOVED_MS = 20  # pyqtgraph takes 100 moves a second
FOREST, CLEARING = [(8, 8), (30, 12), (20, 30), (40, 38)], [(14, 20), (36, 24), (10, 40), (44, 6)]


def named(window, name: str, kind: type[QWidget] = QWidget) -> QWidget:
    """The control that a user knows by its text or accessible name."""
    found = [one for one in window.findChildren(kind) if name in (one.accessibleName(), _text(one))]
    assert found, name
    return next((one for one in found if one.isVisible()), found[0])


def _text(widget: QWidget) -> str:
    return widget.text() if isinstance(widget, (QPushButton, QToolButton)) else ""


def whole(folder: Path, pattern: str) -> list[Path]:
    """Files that are written; those that are being written begin with a dot."""
    return [path for path in folder.glob(pattern) if not path.name.startswith(".")]


def press(qtbot, widget: QWidget) -> None:
    assert widget.isVisible(), widget
    assert widget.isEnabled(), widget
    qtbot.mouseClick(widget, LEFT)


def at(plot, box, x: float, y: float):
    """Where a place of a plot lies on its viewport."""
    return plot.mapFromScene(box.mapViewToScene(QPointF(x, y)))


def drag(plot, box, corners) -> None:
    """With the left button along corners in the plot's coordinates."""
    points = [at(plot, box, x, y) for x, y in corners]
    QTest.mousePress(plot.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, points[0])
    for point in points:
        QTest.mouseMove(plot.viewport(), point)
        QTest.qWait(MOVED_MS)
    QTest.mouseRelease(plot.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, points[-1], 5)


@pytest.fixture
def map_click(opened, qtbot):
    """`map_click(column, row)`"""
    view, box = opened.map._view, opened.map._box

    def click(column: float, row: float) -> None:
        qtbot.mouseClick(view.viewport(), LEFT, pos=at(view, box, column, row))

    return click


def test_from_the_map_to_a_geotiff_that_qgis_opens(
    opened, qtbot, until, look, map_click, workspace, qgis_look
):
    window = opened
    # look: click a pixel, its curves appear
    map_click(20.5, 20.5)
    assert [place.pixel for place in window.model.now.work.places] == [(20, 20)]

    # lasso: pixels of the map are selected, and undone by choosing nothing
    qtbot.keyClick(window, Qt.Key.Key_L)
    drag(window.map._view, window.map._box, [(5, 5), (25, 5), (25, 25), (5, 25), (5, 5)])
    until(lambda: window.map.selected is not None)
    selected = window.map.selected
    assert 300 < selected.sum() < 500
    assert selected[6:24, 6:24].all()
    look(window, "-selected")
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.model.now.tool == "look"

    # label: two classes, four points each
    press(qtbot, named(window.steps, "Label", QToolButton))
    for places in (FOREST, CLEARING):
        press(qtbot, named(window, "Add a class", QToolButton))
        qtbot.keyClick(QWidget.keyboardGrabber() or window.focusWidget() or window, Qt.Key.Key_Return)
        if window.model.now.tool != "point":
            press(qtbot, named(window, "Label single pixels (P)", QToolButton))
        for column, row in places:
            map_click(column + 0.5, row + 0.5)
    assert len(window.model.now.work.classes) == 2
    assert [label.value for label in window.model.now.work.labels] == [1] * 4 + [2] * 4
    look(window, "-labelled")

    # probe: fit, judge, read
    press(qtbot, named(window.steps, "Probe", QToolButton))
    window.docks["Probe"].raise_()
    press(qtbot, named(window, "Fit and validate", QPushButton))
    until(lambda: bool(whole(workspace, "*.probe")))
    (fitted,) = whole(workspace, "*.probe")
    until(lambda: window.docks["Scores"].widget().isVisible())
    look(window, "-judged")

    # export: the class map of the probe
    press(qtbot, named(window.steps, "Export", QToolButton))
    what = named(window, "What to write", QComboBox)
    what.setCurrentIndex(next(n for n in range(what.count()) if what.itemData(n) == "probe"))
    probes = window.findChild(ExportPanel)._probe
    until(lambda: probes.findData(fitted.name) >= 0)
    probes.setCurrentIndex(probes.findData(fitted.name))
    named(window, "Beginning of the file names", QLineEdit).setText("maps/cover")
    until(lambda: named(window, "Export", QPushButton).isEnabled())
    look(window, "-export")
    press(qtbot, named(window, "Export", QPushButton))
    until(lambda: bool(whole(workspace, "maps/*class*.tif")))

    (raster,) = whole(workspace, "maps/*class*.tif")
    (seen,) = qgis_look([{"path": raster}])
    assert seen["valid"]
