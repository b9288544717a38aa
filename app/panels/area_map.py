"""The map of the area panel: a page in a browser view, made when it is first seen, and what it is told."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QThreadPool, QTimer, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QStackedWidget

from ..painting import SOON_MS
from ..texts import QT_TRANSLATE_NOOP
from ..theme import Theme
from .area_page import write_page
from .browser_files import read_ahead

if TYPE_CHECKING:
    from .area_browser import AreaBrowser

NOT_AS_ROOT = QT_TRANSLATE_NOOP(
    "AreaMap",
    "The map can't be shown to the superuser: the browser that draws it refuses to run as root. Start Phenolens as "
    "another user. Coordinates, files and the extents of data work all the same.",
)
LOST = QT_TRANSLATE_NOOP(
    "AreaMap",
    "The browser that draws the map has ended several times. Another step and back to this one tries it again. "
    "Coordinates, files and the extents of data work all the same.",
)
MOST_LOST = 3


class AreaHost(QObject):
    """What the page calls."""

    heard = Signal(str, object)

    @Slot(str, str)
    def said(self, name: str, value: str) -> None:
        self.heard.emit(name, json.loads(value))


class AreaMap(QStackedWidget):
    """The page, or why it can't be seen. What it is told before it is there, or while it is gone, waits for it."""

    heard = Signal(str, object)
    """What the page says, and with what."""
    _prepared = Signal(object, str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.view: AreaBrowser | None = None
        self.loaded = False
        self.calls: dict[str, str] = {}
        """The newest one of each function."""
        self._folder = TemporaryDirectory(None, "phenolens-", ignore_cleanup_errors=True)
        self._page = ""
        self._begun = False
        self._lost = 0
        """How often the browser's process has ended since the map was last turned to."""
        self._host = AreaHost(self)
        self._host.heard.connect(self._hear)
        self._prepared.connect(self._open)
        self._waiting = QLabel(self.tr("Loading the map…"), wordWrap=True)
        self._waiting.setProperty("faint", True)
        self._waiting.setContentsMargins(24, 24, 24, 24)
        self.addWidget(self._waiting)

    @property
    def folder(self) -> Path:
        """Of the page, which may show pictures that lie there; it goes with the map."""
        return Path(self._folder.name)

    @property
    def waiting_text(self) -> str:
        return self._waiting.text()

    def call(self, function: str, *arguments: Any) -> None:
        """One of the page's, with arguments for JSON."""
        code = self._keep(function, arguments)
        if self.loaded and self.view is not None:
            self.view.run(code)

    def let_reach_web(self, allowed: bool) -> None:
        if self.view is not None:
            self.view.let_reach_web(allowed)

    def close_page(self) -> None:
        """Let go of the browser's process, and of the folder."""
        if self.view is not None:
            self.view.end()
            self.view = None
        self._folder.cleanup()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        if not self._begun and _would_end():
            self._waiting.setText(self.tr(NOT_AS_ROOT))
        elif not self._begun:
            self._begun = True
            QThreadPool.globalInstance().start(self._prepare)
        elif self._lost > MOST_LOST:
            self._lost = 0
            self._load()

    def _prepare(self) -> None:
        """In a thread: folium takes half a second to load, and the browser's libraries as long."""
        read_ahead()
        from .area_browser import AreaBrowser  # noqa: PLC0415 - QtWebEngine, only where the map is seen

        with suppress(RuntimeError, OSError):  # the window, or its folder, is gone meanwhile
            page = write_page(self.folder)
            self._prepared.emit(AreaBrowser, str(page))

    def _open(self, browser: type[AreaBrowser], page: str) -> None:
        """Qt starts the browser here, makes a view, and loads the page, which starts a process: in a turn each."""
        self._page = page
        browser.start()
        QTimer.singleShot(SOON_MS, self, lambda: self._view(browser))

    def _view(self, browser: type[AreaBrowser]) -> None:
        self.view = browser(self._host, self._theme.window, self)
        self.view.lost.connect(self._again)
        self.addWidget(self.view)
        self._load()

    def _load(self) -> None:
        view = self.view
        if view is not None:
            self.setCurrentWidget(view)  # before the page is there: a map without a size fits nothing
            QTimer.singleShot(SOON_MS, view, lambda: view.show_page(self._page))

    def _again(self) -> None:
        """The browser's process was lost: the page is loaded once more, and told what it was told before."""
        self.loaded = False
        self._lost += 1
        if self._lost > MOST_LOST:
            self._waiting.setText(self.tr(LOST))
            self.setCurrentWidget(self._waiting)
        else:
            self._load()

    def _hear(self, name: str, value: Any) -> None:
        if name == "ready":
            self._start()
        elif name == "looked":
            self._keep("look", value)
        else:
            self.heard.emit(name, value)

    def _start(self) -> None:
        """The page is there: say what was said before it was."""
        self.loaded = True
        if self.view is not None:
            self.view.run(";".join(self.calls.values()))

    def _keep(self, function: str, arguments: Sequence[Any]) -> str:
        code = f"areaMap.{function}({','.join(map(json.dumps, arguments))})"
        self.calls.pop(function, None)
        self.calls[function] = code
        return code


def _would_end() -> bool:
    """Chromium ends the whole program where root starts it with its sandbox on."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return root and not os.environ.get("QTWEBENGINE_DISABLE_SANDBOX")
