"""The area map: where the data at hand lie, and areas drawn, loaded or typed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt, QTemporaryDir, QThreadPool, QTimer, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..areas import Area, Bounds, Corner, bounds_of, corners_of
from ..texts import QT_TRANSLATE_NOOP
from ..theme import Theme
from .area_page import write_page
from .elided import NarrowCombo
from .message import Message

if TYPE_CHECKING:
    from .area_browser import AreaBrowser

BACKGROUNDS = (
    ("", QT_TRANSLATE_NOOP("AreaPanel", "Coastlines (offline)")),
    ("osm", QT_TRANSLATE_NOOP("AreaPanel", "OpenStreetMap (online)")),
    ("s2cloudless", QT_TRANSLATE_NOOP("AreaPanel", "Sentinel-2 cloudless (online)")),
)
NOT_AS_ROOT = QT_TRANSLATE_NOOP(
    "AreaPanel",
    "The map can't be shown to the superuser: the browser that draws it refuses to run as root. Start Phenolens as "
    "another user. Coordinates, files and the extents of data work all the same.",
)
OFFLINE = QT_TRANSLATE_NOOP(
    "AreaPanel", "The background can't be fetched: this machine may be offline. Coastlines are always there."
)


class AreaHost(QObject):
    """What the page calls."""

    heard = Signal(str, object)

    @Slot(str, str)
    def said(self, name: str, value: str) -> None:
        self.heard.emit(name, json.loads(value))


class AreaPanel(QWidget):
    """A map in a browser view, which is made when it is first seen, and tools above it."""

    drawn = Signal(object, bool)
    """Corners (longitude, latitude), and whether they are a rectangle."""
    edited = Signal(int, object, object)
    """Number of an area, its corners, and those of each of its holes."""
    chosen = Signal(int)
    footprint_clicked = Signal(str)
    file_wanted = Signal()
    dropped = Signal(str)
    """A path: areas or data."""
    ready = Signal()
    _prepared = Signal(object, str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("area")
        self.setAcceptDrops(True)
        self._theme = theme
        self.view: AreaBrowser | None = None
        self._folder = QTemporaryDir()
        self._calls: dict[str, str] = {}
        self.loaded = False
        self._host = AreaHost(self)
        self._host.heard.connect(self._hear)
        self._prepared.connect(self._open)
        self._begun = False
        self._make_tools()
        self._lay_out()
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        names = ("window", "base", "line", "text", "faint", "accent", "selection")
        self._call("setColours", {name: getattr(theme, name) for name in names})

    def set_footprints(self, footprints: Sequence[dict[str, Any]]) -> None:
        """`id`, `ring` of (longitude, latitude), `weight` and `dash` of each line; its `name`, near and `far`."""
        self._call("setFootprints", list(footprints))

    def set_quicklooks(self, tiles: Sequence[dict[str, Any]]) -> None:
        """`url` and west, south, east, north of each picture."""
        self._call("setQuicklooks", list(tiles))

    def set_areas(self, areas: Sequence[Area], chosen: int) -> None:
        told = [
            {"name": a.name, "corners": a.corners, "holes": a.holes, "rectangle": a.rectangle} for a in areas
        ]
        self._call("setAreas", told, chosen)

    def fit(self, bounds: Bounds) -> None:
        """Show west, south, east, north."""
        self._call("fit", *bounds)

    def draw(self, kind: str | None) -> None:
        """Begin to draw a `rectangle` or `polygon`; None: leave it."""
        for name, button in self._tools.items():
            button.setChecked(name == kind)
        self.hint(self.tr(_HINTS[kind]) if kind else "")
        self._call("draw", kind)

    def hint(self, text: str, warning: bool = False) -> None:
        """A line under the map."""
        self._hint.setText(text)
        self._hint.setProperty("warning", warning)
        self._hint.style().polish(self._hint)

    @property
    def folder(self) -> Path:
        """Of the page, which may show pictures that lie there; it goes with the panel."""
        return Path(self._folder.path())

    @property
    def hint_text(self) -> str:
        return self._hint.text()

    @property
    def size_text(self) -> str:
        """Of what is being drawn."""
        return self._size.text()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        if not self._begun and _would_end():
            self._waiting.setText(self.tr(NOT_AS_ROOT))
        elif not self._begun:
            self._begun = True
            QThreadPool.globalInstance().start(self._prepare)

    def event(self, event: QEvent) -> bool:
        """While something is drawn, Esc is this panel's, also where the page hasn't the keyboard."""
        if event.type() == QEvent.Type.ShortcutOverride and self._leaves(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if self._leaves(event):
            self.draw(None)
        else:
            super().keyPressEvent(event)

    def _leaves(self, event: QEvent) -> bool:
        escape = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        return escape and any(button.isChecked() for button in self._tools.values())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.dropped.emit(url.toLocalFile())

    def close_page(self) -> None:
        """Let go of the browser's process."""
        if self.view is not None:
            self.view.end()
            self.view = None

    def _make_tools(self) -> None:
        self._tools: dict[str, QToolButton] = {}
        for kind, text, tip in (
            ("rectangle", self.tr("▭ Rectangle"), self.tr("Draw a rectangle: press, drag, let go")),
            ("polygon", self.tr("⬠ Polygon"), self.tr("Draw a polygon: click its corners, the first one again to end")),
        ):  # fmt: skip
            button = QToolButton(text=text, toolTip=tip, checkable=True)
            button.setObjectName(f"draw {kind}")
            button.setAccessibleName(tip)
            button.clicked.connect(lambda on, kind=kind: self.draw(kind if on else None))
            self._tools[kind] = button
        self._load_file = QToolButton(text=self.tr("Load file…"))
        self._load_file.setToolTip(self.tr("Areas of a GeoPackage, GeoJSON or Shapefile, in any CRS"))
        self._load_file.clicked.connect(self.file_wanted)
        self._typed = QLineEdit(placeholderText=self.tr("west, south, east, north"))
        self._typed.setAccessibleName(self.tr("Area by coordinates: west, south, east, north in degrees"))
        self._typed.setToolTip(self.tr("Degrees, such as 10.29, 46.02, 10.32, 46.04; Enter adds the area"))
        self._typed.setMinimumWidth(110)
        self._typed.returnPressed.connect(self._take_typed)
        self._background = NarrowCombo(6)
        self._background.setAccessibleName(self.tr("Background of the map"))
        self._background.setToolTip(self.tr("Online backgrounds are fetched from their makers' servers"))
        for name, text in BACKGROUNDS:
            self._background.addItem(self.tr(text), name)
        self._background.currentIndexChanged.connect(self._change_background)

    def _lay_out(self) -> None:
        tools = QHBoxLayout()
        tools.setContentsMargins(8, 4, 8, 4)
        for button in (*self._tools.values(), self._load_file):
            tools.addWidget(button)
        tools.addWidget(self._typed, 1)
        tools.addWidget(self._background)
        self._waiting = waiting = QLabel(self.tr("Loading the map…"), wordWrap=True)
        waiting.setProperty("faint", True)
        waiting.setContentsMargins(24, 24, 24, 24)
        self._place = QStackedWidget()
        self._place.addWidget(waiting)
        self._hint, self._size, self._at = Message(), QLabel(), QLabel()
        self._size.setAccessibleName(self.tr("Size of what is being drawn"))
        self._hint.setAccessibleName(self.tr("Hint"))
        self._at.setProperty("faint", True)
        self._at.setAccessibleName(self.tr("Position of the mouse"))
        below = QHBoxLayout()
        below.setContentsMargins(10, 4, 10, 4)
        below.setSpacing(14)
        below.addWidget(self._hint, 1)
        below.addWidget(self._size)
        below.addWidget(self._at)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(tools)
        column.addWidget(self._place, 1)
        column.addLayout(below)

    def _prepare(self) -> None:
        """In a thread: folium takes half a second to load, and the browser's libraries as long."""
        from .area_browser import AreaBrowser  # noqa: PLC0415 - QtWebEngine, only where the map is seen

        with suppress(RuntimeError):  # the window was closed and freed meanwhile
            page = write_page(self.folder)
            self._prepared.emit(AreaBrowser, str(page))

    def _open(self, browser: type[AreaBrowser], page: str) -> None:
        """Qt starts the browser here, and its process once the page is loaded: in two turns."""
        self.view = view = browser(self._host, self._theme.window, self)
        self._place.addWidget(view)  # before the page is there: a map without a size fits nothing
        self._place.setCurrentWidget(view)
        QTimer.singleShot(0, view, lambda: view.show_page(page))

    def _hear(self, name: str, value: Any) -> None:
        hearers: dict[str, Callable[[], object]] = {
            "ready": self._start,
            "drawn": lambda: self._take_drawn(_corners(value["corners"]), bool(value["rectangle"])),
            "edited": lambda: self.edited.emit(
                int(value["area"]), _corners(value["corners"]), tuple(map(_corners, value["holes"]))
            ),
            "chosen": lambda: self.chosen.emit(int(value)),
            "footprint": lambda: self.footprint_clicked.emit(str(value)),
            "stopped": lambda: self.draw(None),
            "at": lambda: self._at.setText(_told(value)),
            "size": lambda: self._size.setText("" if value is None else self.tr("{:,.2f} km²").format(value)),
            "offline": lambda: self.hint(self.tr(OFFLINE), True),
        }
        if name in hearers:
            hearers[name]()

    def _start(self) -> None:
        """The page is there: say what was said before it was."""
        self.loaded = True
        calls = self._calls.values()
        self._run(";".join(calls))
        self.ready.emit()

    def _call(self, function: str, *arguments: Any) -> None:
        """The newest call of each function is kept for a page that isn't there yet."""
        code = f"areaMap.{function}({','.join(map(json.dumps, arguments))})"
        self._calls.pop(function, None)
        self._calls[function] = code
        self._run(code)

    def _run(self, code: str) -> None:
        if self.loaded and self.view is not None:
            self.view.run(code)

    def _take_drawn(self, corners: tuple[Corner, ...], rectangle: bool) -> None:
        self.draw(None)
        self.drawn.emit(corners, rectangle)

    def _take_typed(self) -> None:
        try:
            corners = corners_of(self._typed.text())
        except ValueError as error:
            self.hint(str(error), True)
            return
        self._typed.clear()
        self.drawn.emit(corners, True)
        self.fit(bounds_of(corners))

    def _change_background(self) -> None:
        name = str(self._background.currentData())
        if self.view is not None:
            self.view.let_reach_web(bool(name))
        self.hint("")
        self._call("setBackground", name)


_HINTS = {
    "rectangle": QT_TRANSLATE_NOOP("AreaPanel", "Press, drag and let go. Esc leaves it."),
    "polygon": QT_TRANSLATE_NOOP(
        "AreaPanel", "Click the corners, and the first one again to end. Esc leaves it."
    ),
}


def _would_end() -> bool:
    """Chromium ends the whole program where root starts it with its sandbox on."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return root and not os.environ.get("QTWEBENGINE_DISABLE_SANDBOX")


def _corners(told: Sequence[Sequence[float]]) -> tuple[Corner, ...]:
    return tuple((float(x), float(y)) for x, y in told)


def _told(at: Sequence[float] | None) -> str:
    if at is None:
        return ""
    longitude, latitude = (at[0] + 180) % 360 - 180, at[1]
    east, north = "E" if longitude >= 0 else "W", "N" if latitude >= 0 else "S"
    return f"{abs(latitude):.4f} {north}  {abs(longitude):.4f} {east}"
