"""Projects, settings, help and diagnostics."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.errors import EngineFault, NotFound, ServiceError
from phenolens.engine.client.results import Job
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QActionGroup, QDragEnterEvent, QDropEvent, QKeySequence
from PySide6.QtWidgets import QGraphicsView, QLabel, QMenu

from .. import settings
from ..appearance import Appearance
from ..controllers.dialogs import ask_file, ask_file_to_write, ask_folder
from ..controllers.helping import HelpController
from ..controllers.opening import OpeningController
from ..engine_link import EngineState
from ..panels.job_words import state_of, title_of
from ..panels.stores import Found, StoreList
from ..project import SUFFIX
from ..telling import sentences

if TYPE_CHECKING:
    from ..main_window import MainWindow

translate = QCoreApplication.translate  # by this name translators' tools find its texts
_PATTERN = f"Phenolens (*{SUFFIX})"
_DELETE = Qt.WidgetAttribute.WA_DeleteOnClose
MOST_DESCRIBED = 30
"""Stores whose dates and size are read for the list."""
MOST_OFFERED = 4
"""On the start page; File → Open store lists all."""


def install(window: MainWindow) -> None:
    """Add what this step needs to the window."""
    Projects(window)
    _add_help(window)
    _add_appearance(window)
    _LeftJobs(window)


class Projects(QObject):
    """The File menu, what is dropped, and what is said of saving."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._opening = OpeningController(window.link, window.project, window.stores, self._failed)
        self._add_actions()
        self._saved = QLabel()
        self._saved.setProperty("faint", True)
        self._saved.setAccessibleName(self.tr("When the project was saved"))
        for widget in (self._saved, window.engine_light):  # the light stays last
            window.statusBar().addPermanentWidget(widget)
        window.project.saved.connect(self._saved.setText)
        window.project.failed.connect(self._failed)
        window.project.opened.connect(self._opened)
        window.start_chosen.connect(lambda card: self._ask_project() if card == "project" else None)
        window.start.dropped.connect(lambda path: self._open(Path(path)))
        window.start.recent_chosen.connect(self._open)
        window.start.store_chosen.connect(window.stores.open)
        window.link.state_changed.connect(lambda _: self._list_here())
        window.model.listen(lambda *_: self._list_here())
        window.closing.connect(window.project.close)
        window.closing.connect(self._opening.close)
        window.setAcceptDrops(True)
        window.installEventFilter(self)
        QTimer.singleShot(0, self, self._leave_drops)
        self._list_recent()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Files dropped anywhere on the window."""
        if event.type() == QEvent.Type.DragEnter:
            assert isinstance(event, QDragEnterEvent)
            if _dropped(event) is not None:
                event.acceptProposedAction()
                return True
        elif event.type() == QEvent.Type.Drop:
            assert isinstance(event, QDropEvent)
            path = _dropped(event)
            if path is not None:
                event.acceptProposedAction()
                self._open(path)
                return True
        return False

    def _leave_drops(self) -> None:
        """Plots take drops and do nothing with them: the window is to get them."""
        for view in self._window.findChildren(QGraphicsView):
            view.setAcceptDrops(False)

    def _add_actions(self) -> None:
        window, keys = self._window, QKeySequence.StandardKey
        menu = window.menus["File"]
        for name, key, done in (
            (self.tr("New project…"), keys.New, self._ask_new),
            (self.tr("Open project…"), keys.Open, self._ask_project),
            (self.tr("Open folder…"), None, self._ask_folder),
        ):
            window.add_action("File", name, key, done)
        self._recent = QMenu(self.tr("Open recent"), window)
        menu.addMenu(self._recent)
        menu.aboutToShow.connect(self._list_recent)
        window.add_action("File", self.tr("Open store…"), "Ctrl+Shift+O", self._list_stores)
        menu.addSeparator()
        window.add_action("File", self.tr("Save now"), keys.Save, self._save_now)
        window.add_action("File", self.tr("Save project as…"), "Ctrl+Shift+S", self._ask_save_as)
        config = window.add_action("File", self.tr("Save this run as config…"), None, self._ask_config)
        config.setToolTip(self.tr("The settings that the open store was computed with, for the command line"))
        config.setEnabled(False)
        window.model.listen(lambda _, now: config.setEnabled(now.store is not None))
        menu.addSeparator()
        window.add_action("File", self.tr("Close project"), keys.Close, self._close_project)
        window.add_action("File", self.tr("Quit"), "Ctrl+Q", window.close)

    def _open(self, path: Path) -> None:
        self._window.say("")  # what was wrong with the one before is of the past
        self._opening.open(path)

    def _failed(self, error: ServiceError) -> None:
        self._window.say(sentences(error), True)

    def _opened(self, path: Path | None) -> None:
        self._saved.setToolTip(str(path or ""))
        self._saved.setText("")
        if path is not None:
            settings.remember(self._window.settings, path)
        self._list_recent()

    def _list_recent(self) -> None:
        paths = settings.recent(self._window.settings)
        self._recent.clear()
        for path in paths:
            action = self._recent.addAction(f"{path.stem}  ({path.parent})")
            action.triggered.connect(partial(self._open_recent, path))
        self._recent.setEnabled(bool(paths))
        self._window.start.set_recent(paths[:4])

    def _list_here(self) -> None:
        """Stores of the workspace, on the start page."""
        if self._window.model.now.store is not None or self._window.link.state.name != "ready":
            return
        self._window.link.ask(
            "stores here",
            _finished_stores,
            self._window.start.set_stores,
            lambda _: None,
        )

    def _open_recent(self, path: Path, _checked: bool = False) -> None:
        self._open(path)

    def _ask_new(self) -> None:
        name = self._window.link.workspace / f"project{SUFFIX}"
        ask_file_to_write(
            self._window,
            self.tr("New project: its folder gets the stores"),
            name,
            _PATTERN,
            self._window.project.begin,
        )

    def _ask_project(self) -> None:
        ask_file(self._window, self.tr("Open a project"), self._window.link.workspace, _PATTERN, self._open)

    def _ask_folder(self) -> None:
        ask_folder(
            self._window,
            self.tr("Open a store, or a folder with stores"),
            self._window.link.workspace,
            self._open,
        )

    def _ask_save_as(self) -> None:
        window = self._window
        name = window.project.path or window.link.workspace / f"{window.link.workspace.name}{SUFFIX}"
        ask_file_to_write(window, self.tr("Save the project as"), name, _PATTERN, window.project.save_as)

    def _save_now(self) -> None:
        project = self._window.project
        if project.path is None and self._window.model.now.store is None:
            self._window.say(self.tr("There is nothing to save yet: open a store or draw an area."))
            return
        project.active = True
        project.touch()
        project.save()

    def _close_project(self) -> None:
        """Back to the start page."""
        self._window.project.leave()
        self._window.show_start()

    def _ask_config(self) -> None:
        store = self._window.model.now.store
        if store is None:
            return
        config = f"{store.store.removesuffix('.zarr')}.run.toml"
        name = Path.home() / Path(config).name
        ask_file_to_write(
            self._window,
            self.tr("Save this run as config"),
            name,
            "*.toml",
            partial(self._save_config, config, self._window.link.workspace / store.store),
        )

    def _save_config(self, config: str, store: Path, path: Path) -> None:
        def failed(error: ServiceError) -> None:
            if isinstance(error, NotFound):
                self._window.say(
                    self.tr("Nothing tells how this store was computed: there is no {} beside it").format(
                        config
                    ),
                    True,
                )
            else:
                self._failed(error)

        done = self.tr("Replay it with: phenolens embed --config {} --overwrite").format(path)
        self._window.link.ask(
            "run config",
            lambda client: _fetch_config(client, config, store, path),
            lambda _: self._window.say(done),
            failed,
        )

    def _list_stores(self) -> None:
        shown = StoreList(self._window)
        shown.setAttribute(_DELETE)
        alive = [shown]
        shown.finished.connect(lambda _: alive.clear())
        shown.chosen.connect(self._window.stores.open)
        now = self._window.model.now.store

        def found(stores: list[Found]) -> None:
            for one in alive:
                one.set_stores(stores, now.store if now else None)

        def failed(error: ServiceError) -> None:
            for one in alive:
                one.say(sentences(error))

        self._window.link.ask("stores", _described_stores, found, failed)
        shown.open()


def _finished_stores(client: EngineClient) -> list[str]:
    """In a thread. The first ones; what a job hasn't finished is no result."""
    found = (name for name, store in _described(client) if store is not None and store.complete)
    return list(islice(found, MOST_OFFERED))


def _described_stores(client: EngineClient) -> list[Found]:
    """In a thread."""
    return list(_described(client))


def _described(client: EngineClient) -> Iterator[Found]:
    for number, name in enumerate(client.views.stores()):
        try:
            yield name, client.views.store(name) if number < MOST_DESCRIBED else None
        except EngineFault:  # one that is broken, or goes this very moment, is listed all the same
            yield name, None


def _fetch_config(client: EngineClient, config: str, store: Path, path: Path) -> None:
    """With the place where the store is now: one that was copied or moved has a config that names another,
    which a replay would overwrite."""
    part = client.files.download(config, path.with_name(f".{path.name}"))
    out = f"out = {json.dumps(str(store), ensure_ascii=False)}"
    part.write_text(re.sub("^out = .*$", lambda _: out, part.read_text("utf-8"), flags=re.MULTILINE), "utf-8")
    part.replace(path)


class _LeftJobs(QObject):
    """Jobs go on without a window; the next one says what has become of them."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        window.closing.connect(self._leave)
        window.link.state_changed.connect(self._engine_changed)

    def _leave(self) -> None:
        settings.leave_jobs(self._window.settings, self._window.link.workspace, self._window.jobs.going)

    def _engine_changed(self, state: EngineState) -> None:
        if state.name != "ready":
            return
        left = settings.left_jobs(self._window.settings, self._window.link.workspace)
        if left:
            self._window.link.ask(
                "left jobs",
                lambda client: [job for job in client.jobs.list(limit=1000).jobs if job.id in left],
                self._tell,
                lambda _: None,
            )

    def _tell(self, jobs: list[Job]) -> None:
        told = "; ".join(f"{title_of(job)}: {state_of(job)}" for job in jobs)
        if told:
            self._window.say(self.tr("While the window was closed: {}").format(told))


def _add_help(window: MainWindow) -> None:
    help = HelpController(window)
    window.add_action("Help", translate("Projects", "Guide"), "Ctrl+F1", help.show_guide)
    window.add_action("Help", translate("Projects", "Keys and mouse"), "F1", help.show_keys)
    window.menus["Help"].addSeparator()
    window.add_action("Help", translate("Projects", "Diagnostics report…"), None, help.show_diagnostics)
    window.add_action("Help", translate("Projects", "About Phenolens"), None, help.show_about)
    window.jobs_panel.diagnosed.connect(help.show_diagnostics)
    window.engine_light.clicked.connect(help.engine_clicked)


def _add_appearance(window: MainWindow) -> None:
    appearance = Appearance(window, window.theme, window.settings)
    menu = window.menus["View"].addMenu(translate("Projects", "Appearance"))
    group = QActionGroup(menu)
    for name, text in (
        ("auto", translate("Projects", "As the desktop")),
        ("light", translate("Projects", "Light")),
        ("dark", translate("Projects", "Dark")),
    ):
        action = menu.addAction(text)
        action.setCheckable(True)
        action.setChecked(settings.appearance(window.settings) == name)
        action.triggered.connect(partial(_choose, appearance, name))
        group.addAction(action)


def _choose(appearance: Appearance, name: str, _checked: bool = False) -> None:
    appearance.choose(name)


def _dropped(event: QDropEvent) -> Path | None:
    """The first file or folder of this machine."""
    urls = [url for url in event.mimeData().urls() if url.isLocalFile()]
    return Path(urls[0].toLocalFile()) if urls else None
