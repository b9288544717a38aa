"""Series, projection and selections: map, projection and curves linked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QGuiApplication

from ..control_keys import ControlKeys
from ..controllers.changes import ChangesController
from ..controllers.clear_dates import ClearDatesController
from ..controllers.cluster_labels import ClusterLabelsController
from ..controllers.dates import DatesController
from ..controllers.dialogs import ask_file_to_write
from ..controllers.hovering import HoverController
from ..controllers.named import NamedController
from ..controllers.projections import ProjectionsController
from ..controllers.selections import Found, SelectionsController
from ..controllers.series import SeriesController
from ..crossing import PIXEL, crossing_told
from ..panels.change import ChangePanel
from ..panels.projection import ProjectionPanel
from ..panels.selections import SelectionsPanel
from ..panels.series import SeriesPanel
from ..texts import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from ..main_window import MainWindow

translate = QCoreApplication.translate  # by this name translators' tools find its texts


def install(window: MainWindow) -> None:
    """Add what this step needs to the window."""
    DatesController(window.model, window.link, window.dates)
    ControlKeys(window)
    _clear_dates(window)
    curves, plane = SeriesPanel(window.theme), ProjectionPanel(window.theme)
    series = _series(window, curves)
    selections = _selections(window)
    projection = _projection(window, plane)
    _link(window, series, selections, projection)
    plane.replaced.connect(selections.forget)
    _changes(window)
    NamedController(window.model, window.link, window.map, plane)
    HoverController(window.model, window.link, window.map, curves, plane, window.theme)


def _clear_dates(window: MainWindow) -> None:
    clear = ClearDatesController(window.model, window.link, window.map, window.say)
    for name, keys, way in (
        (translate("Exploring", "Nearest clear date"), "N", 0),
        (translate("Exploring", "Previous clear date"), "Shift+Left", -1),
        (translate("Exploring", "Next clear date"), "Shift+Right", 1),
    ):
        window.add_action("Dates", name, keys, lambda way=way: clear.go(way))


def _series(window: MainWindow, panel: SeriesPanel) -> SeriesController:
    controller = SeriesController(window.model, window.link, panel, window.theme)
    window.add_dock(
        QT_TRANSLATE_NOOP("MainWindow", "Series"), panel, Qt.DockWidgetArea.BottomDockWidgetArea, "Explore"
    )
    panel.export_wanted.connect(lambda: _export(window, controller))
    return controller


def _selections(window: MainWindow) -> SelectionsController:
    panel = SelectionsPanel()
    controller = SelectionsController(window.model, window.link, panel)
    ClusterLabelsController(window.model, window.link, panel)
    window.add_dock(
        QT_TRANSLATE_NOOP("MainWindow", "Selections"), panel, Qt.DockWidgetArea.LeftDockWidgetArea, "Explore"
    )
    window.add_action(
        "Edit", translate("Exploring", "Lasso on the map"), "L", lambda: window.model.change(tool="select")
    )
    window.add_action(
        "Edit",
        translate("Exploring", "Select nothing"),
        "Ctrl+Shift+A",
        lambda: window.model.change(pick=None),
    )
    window.add_action(
        "Edit", translate("Exploring", "Stop drawing"), "Esc", lambda: window.model.change(tool="look")
    )
    return controller


def _projection(window: MainWindow, panel: ProjectionPanel) -> ProjectionsController:
    controller = ProjectionsController(window.model, window.link, panel, window.jobs, window.theme)
    window.add_dock(
        QT_TRANSLATE_NOOP("MainWindow", "Projection"), panel, Qt.DockWidgetArea.RightDockWidgetArea, "Explore"
    )
    return controller


def _changes(window: MainWindow) -> None:
    panel = ChangePanel()
    dock = window.add_dock(
        QT_TRANSLATE_NOOP("MainWindow", "Change"), panel, Qt.DockWidgetArea.LeftDockWidgetArea, shown=False
    )
    window.tabifyDockWidget(window.docks["Selections"], dock)
    ChangesController(window.model, window.link, window.jobs, panel, window.maps.forget)

    def show() -> None:
        dock.show()
        dock.raise_()
        window.resizeDocks([window.docks["Layers"], dock], [3, 2], Qt.Orientation.Vertical)

    window.add_action("Edit", window.tr("Find what changed…"), "Ctrl+Shift+F", show)
    window.layers.change_wanted.connect(show)


def _link(
    window: MainWindow,
    series: SeriesController,
    selections: SelectionsController,
    projection: ProjectionsController,
) -> None:
    """Map, curves and projection show the same selection."""

    def clicked(column: float, row: float) -> None:
        if window.model.now.tool == "look":
            shift = QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier
            series.pick(column, row, bool(shift))

    def drawn(corners: tuple[tuple[float, float], ...]) -> None:
        if crossing := crossing_told(corners, PIXEL):  # of labels as well, which hear of it themselves
            window.say(crossing, True)
        if window.model.now.tool == "select":
            selections.outline(corners)
        elif window.model.now.tool == "place":
            series.outline(corners)

    def found(selected: Found | None) -> None:
        window.map.set_selected(None if selected is None else selected.bits)
        series.select(selected)
        projection.select(selected)

    window.map.clicked.connect(clicked)
    window.map.drawn.connect(drawn)
    selections.found.connect(found)


def _export(window: MainWindow, series: SeriesController) -> None:
    title = window.tr("Save the curves as CSV")
    name = window.link.workspace / "series.csv"

    def written(path: Path) -> None:
        window.say(translate("Exploring", "The curves are in {}").format(path))

    ask_file_to_write(window, title, name, "CSV (*.csv)", lambda path: series.export(path, written))
