"""The window: the map in the middle, everything else in docks around it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from phenolens.engine.client.results import Job
from PySide6.QtCore import QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QKeySequence
from PySide6.QtWidgets import (
    QMainWindow,
    QMenu,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from .controllers.jobs import JobsController
from .controllers.maps import MapsController
from .controllers.projects import ProjectController
from .controllers.stores import StoresController
from .engine_link import EngineLink, EngineState
from .features import FEATURES
from .layout import Layout, Middle
from .panels.dates import DateBar
from .panels.dock import Dock
from .panels.job_words import done_told
from .panels.jobs import JobLine, JobsPanel
from .panels.layers import LayersPanel
from .panels.map import MapPanel
from .panels.message import Message
from .panels.scrolled import scrolled
from .panels.start import StartPanel
from .panels.steps import STEPS, StepBar
from .session import Session, SessionModel
from .telling import sentences
from .texts import QT_TRANSLATE_NOOP
from .theme import Theme

MESSAGE_MS = 12_000
LIGHTS = {"starting": "◌", "ready": "●", "busy": "◉", "away": "○"}
PLANNING = ("Area", "Compute")
"""Steps that need no store."""
MENUS = (
    QT_TRANSLATE_NOOP("MainWindow", "&File"),
    QT_TRANSLATE_NOOP("MainWindow", "&Edit"),
    QT_TRANSLATE_NOOP("MainWindow", "&View"),
    QT_TRANSLATE_NOOP("MainWindow", "&Dates"),
    QT_TRANSLATE_NOOP("MainWindow", "&Labels"),
    QT_TRANSLATE_NOOP("MainWindow", "&Help"),
)
LEFT, RIGHT, BOTTOM = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)


class MainWindow(QMainWindow):
    """Makes what every step needs, lets the features add theirs, and joins them."""

    closing = Signal()
    start_chosen = Signal(str)
    """A card of the start page: `sample`, `romania`, `area`, `project`."""
    step_shown = Signal(str)
    """Before its docks are raised."""

    def __init__(self, link: EngineLink, theme: Theme, settings: QSettings) -> None:
        super().__init__()
        self.link, self.theme, self.settings = link, theme, settings
        link.setParent(self)  # who listens to link and theme is freed with the window
        theme.belong_to(self)
        self.model = SessionModel()
        self._away = ""
        """What was said of an engine that is."""
        self._arrived = QTimer(self, singleShot=True, interval=0)
        """At a store: docks are arranged in a turn after that in which panels took it up."""
        self._arrived.timeout.connect(lambda: self.show_step("Explore"))
        self.docks: dict[str, Dock] = {}
        self._steps_of: dict[str, list[Dock]] = {step: [] for step in STEPS}
        self.setWindowTitle(self.tr("Phenolens"))
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        # projection and labels need height more than series need width
        self.setCorner(Qt.Corner.BottomRightCorner, RIGHT)
        self.setCorner(Qt.Corner.BottomLeftCorner, LEFT)
        self.setDockOptions(self.dockOptions() | QMainWindow.DockOption.AllowNestedDocks)
        # Qt (6.11) crashes where the edge of a dock is dragged while one that was dropped still slides to its place
        self.setAnimated(False)
        self._make_menus()
        self._make_middle()
        self._make_status()
        self._make_controllers()
        self._make_actions()
        for install in FEATURES:
            install(self)
        self._list_docks()
        self.model.listen(self._changed)
        link.state_changed.connect(self._show_engine)
        link.failed.connect(lambda error: self.say(sentences(error), True))
        self._show_engine(link.state)
        self.layout_kept = Layout(self, self._middle, list(self.docks.values()), settings)
        self.layout_kept.was_reset.connect(self._show_step_again)
        self.start.setFocus()

    def say(self, text: str, warning: bool = False) -> None:
        """A message that goes away by itself; warnings stay until the next one."""
        self._message.setText(text)
        self._message.setProperty("warning", warning)
        self._message.style().polish(self._message)
        self._message_timer.stop()
        if not warning:
            self._message_timer.start()

    def unsay(self, text: str) -> None:
        """Take a message back that no longer holds, if it is still there."""
        if text and self._message.text() == text:
            self.say("")

    def add_dock(
        self,
        title: str,
        panel: QWidget,
        area: Qt.DockWidgetArea,
        step: str | tuple[str, ...] = (),
        *,
        shown: bool = True,
    ) -> Dock:
        """A panel beside the map; `step` is the one (or ones) that raises it. Docks of an area share it as tabs.

        `title` is marked for translation in this window's context, and names the dock in `docks` as it is."""
        dock = Dock(title, self.tr(title), self)
        inner = panel if area == BOTTOM else scrolled(panel)
        if inner is not panel:
            inner.setAccessibleName(self.tr(title))
        dock.setWidget(inner)
        before = [other for other in self.docks.values() if self.dockWidgetArea(other) == area]
        self.addDockWidget(area, dock)
        if before and area != LEFT:
            self.tabifyDockWidget(before[-1], dock)
        self.docks[title] = dock
        for one in (step,) if isinstance(step, str) else step:
            self._steps_of[one].append(dock)
        dock.setVisible(shown)
        return dock

    def add_action(
        self,
        menu: str | None,
        name: str,
        keys: QKeySequence.StandardKey | str | None,
        done: Callable[[], object],
    ) -> QAction:
        """An action of a menu (one of `MENUS`, without its &), or of its key alone."""
        action = QAction(name, self)
        if keys is not None:
            action.setShortcut(keys)
        action.triggered.connect(lambda _=False: done())
        self.addAction(action)
        if menu is not None:
            self.menus[menu].addAction(action)
        return action

    def add_to_middle(self, widget: QWidget) -> None:
        """A page that `show_in_middle` may show; it is freed with the window."""
        self._middle.addWidget(widget)

    def show_in_middle(self, widget: QWidget | None) -> None:
        """Something else in place of the map (the area map); None: the map, or the start page."""
        if widget is None:
            self._middle.setCurrentIndex(1 if self.model.now.store else 0)
            return
        self._middle.setCurrentWidget(widget)

    def show_start(self) -> None:
        """The start page, or the map where a store is open; the area map is left."""
        self.steps.set_step(None)
        self.step_shown.emit("Explore")
        self.show_in_middle(None)

    def show_step(self, step: str) -> None:
        """Raise what a step of the work needs; without a store most need one first, which the start page offers."""
        self._arrived.stop()
        premature = step not in PLANNING and self.model.now.store is None
        self.steps.set_step(None if premature else step)
        self.step_shown.emit(step)
        if premature:
            self.say(self.tr("There is nothing to look at yet: open a sample or compute embeddings first."))
            return
        for dock in reversed(self._steps_of[step]):  # of docks that share a place, the first comes on top
            dock.show()
            if dock is not self.docks["Jobs"] or self.jobs.going:  # an empty list hides what there is to see
                dock.raise_()

    def open_sample(self, name: str = "landscape") -> None:
        """Show a bundled sample, embedding it first where that hasn't been done."""
        self.say(self.tr("Opening the sample…"))
        if self.link.state.name == "away":
            self.link.start()  # says so again where it can't
        computed = self.tr("The sample is computed once, which takes minutes; it opens by itself.")

        def queued(job: Job) -> None:
            self.start.set_waiting(computed)
            self.jobs.follow(job, self._sample_embedded)

        self.stores.open_sample(name, queued)

    def _sample_embedded(self, job: Job) -> None:
        """Opened unless the user has gone on to something else meanwhile, an area that is half drawn for instance."""
        if self.start.isVisible():
            self.open_embedded(job)
            return
        self.start.set_waiting("")
        if job.state == "done":
            self.say(done_told(job))

    def open_embedded(self, job: Job) -> None:
        """Show the store that a job has written."""
        self.start.set_waiting("")
        if job.state == "done" and job.result is not None:
            self.stores.open(str(job.result["store"]))

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        self.dates.stop()
        self.closing.emit()
        self.layout_kept.save()
        self.link.close()
        super().closeEvent(event)

    def _make_menus(self) -> None:
        self.menus: dict[str, QMenu] = {}
        for name in MENUS:
            self.menus[name.replace("&", "")] = self.menuBar().addMenu(self.tr(name))
        self.steps = StepBar()
        self.steps.chosen.connect(self.show_step)
        self.addToolBar(self.steps)

    def _make_middle(self) -> None:
        self.start, self.map, self.dates = StartPanel(), MapPanel(self.theme), DateBar(self.theme)
        self.layers, self.jobs_panel = LayersPanel(), JobsPanel()
        shown = QWidget()
        column = QVBoxLayout(shown)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.map, 1)
        column.addWidget(self.dates)
        self._middle = Middle()
        self._middle.addWidget(self.start)
        self._middle.addWidget(shown)
        self.setCentralWidget(self._middle)
        self.start.chosen.connect(self._start)
        self.add_dock(QT_TRANSLATE_NOOP("MainWindow", "Layers"), self.layers, LEFT, "Explore")
        self.add_dock(
            QT_TRANSLATE_NOOP("MainWindow", "Jobs"), self.jobs_panel, BOTTOM, "Compute", shown=False
        )

    def _make_status(self) -> None:
        self._message, self.job_line = Message(), JobLine()
        self.engine_light = QToolButton(autoRaise=True)
        self._message_timer = QTimer(self, singleShot=True, interval=MESSAGE_MS)
        self._message_timer.timeout.connect(lambda: self.say(""))
        self._message.setMinimumWidth(80)
        self._message.setAccessibleName(self.tr("Message"))
        self._message.setObjectName("message")
        self.engine_light.setAccessibleName(self.tr("State of the engine"))
        bar = self.statusBar()
        bar.addWidget(self.job_line)
        bar.addWidget(self._message, 1)
        bar.addPermanentWidget(self.engine_light)

    def _make_controllers(self) -> None:
        self.stores = StoresController(self.model, self.link, self.dates, self.layers)
        rescue = Path(self.settings.fileName()).with_name("rescued")
        self.project = ProjectController(self.model, self.link, self.stores, rescue, self)
        self.maps = MapsController(self.model, self.link, self.map)
        self.jobs = JobsController(self.link, self.jobs_panel, self.job_line, self.say)

    def _make_actions(self) -> None:
        add = self.add_action
        self._undo = add("Edit", self.tr("Undo"), QKeySequence.StandardKey.Undo, self.model.undo)
        self._redo = add("Edit", self.tr("Redo"), None, self.model.redo)
        self._redo.setShortcuts([QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y")])  # either is usual
        add("View", self.tr("Whole area"), "F", self.map.fit)
        add("View", self.tr("Closer"), QKeySequence.StandardKey.ZoomIn, lambda: self.map.zoom(1.5))
        add("View", self.tr("Further away"), QKeySequence.StandardKey.ZoomOut, lambda: self.map.zoom(1 / 1.5))
        add("View", self.tr("Reset layout"), None, self._reset_layout)
        add("Dates", self.tr("Previous date"), "Left", lambda: self.dates.step(-1))
        add("Dates", self.tr("Next date"), "Right", lambda: self.dates.step(1))
        add("Dates", self.tr("Play"), "Space", self.dates.play)
        for number in range(9):
            add(
                None,
                self.tr("Layer {}").format(number + 1),
                str(number + 1),
                lambda number=number: self.layers.pick(number),
            )

    def _list_docks(self) -> None:
        self.menus["View"].addSeparator()
        for dock in self.docks.values():
            self.menus["View"].addAction(dock.toggleViewAction())

    def _start(self, name: str) -> None:
        if name in ("sample", "romania"):
            self.open_sample("landscape" if name == "sample" else name)
        self.start_chosen.emit(name)

    def _changed(self, old: Session, new: Session) -> None:
        if old.store != new.store:
            if new.store:
                self._arrived.start()
            else:
                self._arrived.stop()
                self.show_start()
            title = new.store.store.removesuffix(".zarr") if new.store else ""
            simulated = self.tr(" (simulated)") if new.store and new.store.simulated else ""
            self.setWindowTitle(
                self.tr("{}{} — Phenolens").format(title, simulated) if title else self.tr("Phenolens")
            )
            self.unsay(self.stores.missing)
            if not self._message.property("warning"):  # of the project that was just opened, maybe
                self.say("")
            if new.store and not new.store.complete:
                self.say(
                    self.tr(
                        "{} is unfinished: maps, curves and probes see a part of it. Resume its job in Jobs, or "
                        "compute it again"
                    ).format(title),
                    True,
                )
        self._undo.setEnabled(self.model.can_undo)
        self._redo.setEnabled(self.model.can_redo)

    def _show_engine(self, state: EngineState) -> None:
        self.engine_light.setText(f"{LIGHTS[state.name]} {state.told.partition('. ')[0]}")
        away = state.name == "away"
        tip = self.tr("{}. Click to start it again") if away else self.tr("{}. Click for a report")
        self.engine_light.setToolTip(tip.format(state.told))
        self.start.set_engine(state.told, away)
        if away:
            why = state.told.partition(". ")[2]
            self._away = self.tr(
                "The engine is away; click the light at the right to start it again: {}"
            ).format(why)
            self.say(self._away, True)
        elif state.name == "ready":
            self.unsay(self._away)

    def _reset_layout(self) -> None:
        self.layout_kept.reset()

    def _show_step_again(self) -> None:
        """Its docks come to the front."""
        if self.steps.step is not None:
            self.show_step(self.steps.step)
