"""Choosing areas, adding data, computing embeddings."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phenolens.engine.client.results import Job
from PySide6.QtCore import QObject, Qt, QTimer

from ..areas import Plans, PlansModel
from ..controllers.areas import AreasController
from ..controllers.computing import ComputeController
from ..controllers.data import DataController
from ..controllers.dialogs import ask_file, ask_files, ask_folder
from ..panels.acquisitions import AcquisitionsPanel
from ..panels.area import AreaPanel
from ..panels.compute import ComputePanel
from ..panels.data import DataPanel
from ..texts import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from ..main_window import MainWindow

log = logging.getLogger(__name__)
STEPS = ("Area", "Compute")
AREA_FILES = "Areas (*.gpkg *.geojson *.json *.shp)"
DATA_FILES = "Sentinel data (*.nc *.nc4 *.tif *.tiff);;All files (*)"


def install(window: MainWindow) -> None:
    """Add what this step needs to the window."""
    Areas(window)


class Areas(QObject):
    """The area map in the middle, and the docks around it while an area is chosen."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.plans = PlansModel()
        self._planning = False
        self.area, self.data = AreaPanel(window.theme), DataPanel()
        window.add_to_middle(self.area)
        self.compute, self.acquisitions = ComputePanel(), AcquisitionsPanel(window.theme)
        self._add_docks()
        link = window.link
        self.data_at_hand = DataController(self.plans, link, self.data, window.say)
        self.areas = AreasController(self.plans, link, self.area, self.data_at_hand, window.stores.open)
        self.computing = ComputeController(
            self.plans,
            link,
            self.data_at_hand,
            self.compute,
            self.acquisitions,
            window.jobs,
            self._embedded,
            window.say,
        )
        self._join()

    def _add_docks(self) -> None:
        window, area = self._window, Qt.DockWidgetArea
        self._docks = [
            window.add_dock(
                QT_TRANSLATE_NOOP("MainWindow", "Data"),
                self.data,
                area.LeftDockWidgetArea,
                "Area",
                shown=False,
            ),
            window.add_dock(
                QT_TRANSLATE_NOOP("MainWindow", "Compute"),
                self.compute,
                area.RightDockWidgetArea,
                STEPS,
                shown=False,
            ),
            window.add_dock(
                QT_TRANSLATE_NOOP("MainWindow", "Acquisitions"),
                self.acquisitions,
                area.BottomDockWidgetArea,
                STEPS,
                shown=False,
            ),
        ]

    def _join(self) -> None:
        window = self._window
        window.start_chosen.connect(lambda card: window.show_step("Area") if card == "area" else None)
        window.step_shown.connect(self._step)
        window.theme.changed.connect(lambda: self.area.set_theme(window.theme))
        window.closing.connect(self.area.map.close_page)
        window.project.keep("areas", self._stored, self._restore)
        self.plans.listen(lambda *_: window.project.touch())
        window.add_action("File", self.tr("Add data…"), None, self._ask_folder)
        window.add_action("File", self.tr("Load areas…"), None, self._ask_areas)
        self.compute.area_chosen.connect(lambda _: self.areas.show_chosen())
        self.computing.handed_in.connect(window.docks["Jobs"].raise_)
        self.data.picked.connect(self.areas.show_data)
        self.data.folder_wanted.connect(self._ask_folder)
        self.data.files_wanted.connect(self._ask_files)
        self.area.file_wanted.connect(self._ask_areas)

    def _step(self, step: str) -> None:
        """The area map belongs to the first two steps; the others show the map of embeddings."""
        self._planning = step in STEPS
        if self._planning:
            self._window.layout_kept.plan(self._docks)
            self._window.show_in_middle(self.area)
        else:
            self._window.show_in_middle(None)
            self._window.layout_kept.work()

    def _embedded(self, job: Job) -> None:
        """Shown at once, unless the user looks at another result or draws the next area meanwhile."""
        self.areas.refresh()
        looking = not self._planning and self._window.model.now.store is not None
        drawing = self._planning and self.area.drawing
        if job.state != "done" or not (looking or drawing):
            self._window.open_embedded(job)
            return
        out = str(job.params.get("out", ""))
        self._window.say(self.tr("{} is computed: File → Open store shows it.").format(out))

    def _stored(self) -> dict[str, Any]:
        return self.plans.now.to_json()

    def _restore(self, stored: Any) -> None:
        try:
            self.plans.begin(Plans() if stored is None else Plans.from_json(stored))
        except ValueError as error:
            log.warning("the project's areas are left out: %s", error)
            self.plans.begin(Plans())

    def _ask_folder(self) -> None:
        title, look = self.tr("A folder of Sentinel data"), lambda path: self._look([path])
        self._ask(lambda: ask_folder(self._window, title, Path.home(), look))

    def _ask_files(self) -> None:
        ask_files(self._window, self.tr("Sentinel data"), Path.home(), DATA_FILES, self._look)

    def _look(self, paths: list[Path]) -> None:
        self.data_at_hand.add([str(path) for path in paths])

    def _ask_areas(self) -> None:
        title, load = self.tr("Areas of a file"), self.areas.load
        self._ask(lambda: ask_file(self._window, title, Path.home(), AREA_FILES, load))

    def _ask(self, ask: Callable[[], object]) -> None:
        """Both take their time: each has a turn of its own."""
        self._window.show_step("Area")
        QTimer.singleShot(0, self, ask)
