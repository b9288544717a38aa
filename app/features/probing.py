"""Labels, probes, their scores, searches and exports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QKeySequence

from ..controllers.accuracy import AccuracyController
from ..controllers.dialogs import ask_file, ask_file_to_write, ask_files
from ..controllers.exports import ExportsController
from ..controllers.fits import FitsController
from ..controllers.label_import import LabelImportController
from ..controllers.labels import LabelsController
from ..controllers.probes import ProbesController
from ..controllers.searches import SearchesController
from ..controllers.tower_import import TowerImportController
from ..controllers.towers import TowersController
from ..panels.accuracy import AccuracyPanel
from ..panels.export import ExportPanel
from ..panels.labels import LabelsPanel
from ..panels.probe import ProbePanel
from ..panels.scores import ScoresPanel
from ..panels.search import SearchPanel
from ..texts import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from ..main_window import MainWindow

translate = QCoreApplication.translate  # by this name translators' tools find its texts

RIGHT = Qt.DockWidgetArea.RightDockWidgetArea


def install(window: MainWindow) -> None:
    """Add what this step needs to the window."""
    _labels(window)
    fits = _probes(window)
    exports = _exports(window)
    fits.listed.connect(exports.set_probes)
    exports.listed.connect(_accuracy(window).set_exports)
    _searches(window)


def _labels(window: MainWindow) -> None:
    panel = LabelsPanel()
    window.add_dock(QT_TRANSLATE_NOOP("MainWindow", "Labels"), panel, RIGHT, "Label")
    controller = LabelsController(window.model, window.link, window.map, panel, window.say)
    window.add_action("Labels", translate("Probing", "Point"), "P", lambda: controller.toggle("point"))
    window.add_action(
        "Labels", translate("Probing", "Polygon"), "Shift+P", lambda: controller.toggle("polygon")
    )
    window.add_action(
        "Labels", translate("Probing", "Label what is selected"), "Ctrl+L", controller.label_selection
    )
    window.add_action("Labels", translate("Probing", "Add a class"), None, controller.add_class)
    imports = LabelImportController(window.model, window.link, window.jobs, panel, window.say)
    panel.import_asked.connect(lambda: _choose_labels(window, imports))
    window.add_action(
        "Labels", translate("Probing", "Import…"), None, lambda: _choose_labels(window, imports)
    )
    panel.saving_asked.connect(lambda: _save_labels(window, controller))
    window.add_action("Labels", translate("Probing", "Save…"), None, lambda: _save_labels(window, controller))


def _choose_labels(window: MainWindow, imports: LabelImportController) -> None:
    title = window.tr("Import labels")
    kinds = window.tr("Labels (*.gpkg *.geojson *.json *.shp *.zip *.csv *.tif *.tiff *.nc)")

    def read(paths: list[Path]) -> None:
        for path in paths:
            imports.read(str(path))

    ask_files(window, title, Path.home(), kinds, read)


def _save_labels(window: MainWindow, controller: LabelsController) -> None:
    now = window.model.now
    if now.store is None or not now.work.labels:
        window.say(window.tr("There are no labels to save."), False)
        return
    name = Path.home() / f"{Path(now.store.store).stem}-labels.geojson"
    ask_file_to_write(window, window.tr("Save the labels"), name, "GeoJSON (*.geojson)", controller.save)


def _searches(window: MainWindow) -> None:
    panel = SearchPanel()
    left = Qt.DockWidgetArea.LeftDockWidgetArea  # at the right, names of seven tabs would be cut
    dock = window.add_dock(QT_TRANSLATE_NOOP("MainWindow", "Search"), panel, left, shown=False)
    window.tabifyDockWidget(window.docks["Change"], dock)
    SearchesController(window.model, window.link, window.jobs, panel, window.say, window.theme)

    def show() -> None:
        dock.show()
        dock.raise_()

    window.add_action(
        "Edit", translate("Probing", "Find what is alike…"), QKeySequence.StandardKey.Find, show
    )


def _exports(window: MainWindow) -> ExportsController:
    panel = ExportPanel()
    window.add_dock(QT_TRANSLATE_NOOP("MainWindow", "Export"), panel, RIGHT, "Export")
    return ExportsController(window.model, window.link, window.jobs, panel, window.say)


def _accuracy(window: MainWindow) -> AccuracyController:
    panel = AccuracyPanel(window.theme)
    window.add_dock(QT_TRANSLATE_NOOP("MainWindow", "Accuracy"), panel, RIGHT, "Export")
    controller = AccuracyController(window.model, window.link, window.jobs, panel, window.say)
    window.theme.changed.connect(panel.estimate.redraw)
    panel.sample.other_map_asked.connect(lambda: _choose_map(window, controller))
    panel.estimate.form_asked.connect(lambda: _choose_form(window, controller))
    return controller


def _choose_map(window: MainWindow, controller: AccuracyController) -> None:
    title, kinds = window.tr("Class map"), window.tr("Class maps (*.tif *.tiff)")
    ask_file(window, title, window.link.workspace, kinds, lambda path: controller.add_map(str(path)))


def _choose_form(window: MainWindow, controller: AccuracyController) -> None:
    title, kinds = window.tr("Filled form"), window.tr("Filled form (*.csv *.gpkg)")
    ask_file(window, title, window.link.workspace, kinds, lambda path: controller.choose_form(str(path)))


def _probes(window: MainWindow) -> FitsController:
    panel, scores = ProbePanel(), ScoresPanel(window.theme)
    window.add_dock(QT_TRANSLATE_NOOP("MainWindow", "Probe"), panel, RIGHT, "Probe")
    window.add_dock(QT_TRANSLATE_NOOP("MainWindow", "Scores"), scores, RIGHT, "Probe")
    ProbesController(window.model, window.link, panel, window.maps.forget)
    fits = FitsController(
        window.model, window.link, window.jobs, panel, scores, window.say, window.maps.forget
    )
    TowersController(window.model, window.link, window.map, window.theme, window.say, window.unsay)
    window.theme.changed.connect(scores.redraw)
    fits.judged.connect(window.docks["Scores"].raise_)
    imports = TowerImportController(window.model, window.link, panel, window.say)
    panel.towers_asked.connect(lambda: _choose_towers(window, imports))
    panel.sites_asked.connect(lambda: _choose_sites(window))
    return fits


def _choose_towers(window: MainWindow, imports: TowerImportController) -> None:
    title, kinds = window.tr("Files of flux towers"), window.tr("Tower files (*.csv *.zip)")
    ask_files(window, title, Path.home(), kinds, lambda paths: imports.choose(tuple(map(str, paths))))


def _choose_sites(window: MainWindow) -> None:
    title, kinds = window.tr("Table of sites"), window.tr("Table (*.csv)")
    ask_file(window, title, Path.home(), kinds, lambda path: _take_sites(window, str(path)))


def _take_sites(window: MainWindow, sites: str) -> None:
    recipe = window.model.now.recipe
    window.model.change(recipe=replace(recipe, towers=replace(recipe.towers, sites=sites)))
