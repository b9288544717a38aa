"""The area map: where the data at hand lie, and areas drawn, loaded or typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from ..areas import Area, Bounds, Corner, bounds_of, corners_of
from ..telling import surface
from ..texts import QT_TRANSLATE_NOOP
from ..theme import Theme
from .area_map import AreaMap
from .elided import NarrowCombo
from .message import Message

BACKGROUNDS = (
    ("", QT_TRANSLATE_NOOP("AreaPanel", "Coastlines (offline)")),
    ("osm", QT_TRANSLATE_NOOP("AreaPanel", "OpenStreetMap (online)")),
    ("s2cloudless", QT_TRANSLATE_NOOP("AreaPanel", "Sentinel-2 cloudless (online)")),
)
OFFLINE = QT_TRANSLATE_NOOP(
    "AreaPanel", "The background can't be fetched: this machine may be offline. Coastlines are always there."
)


class AreaPanel(QWidget):
    """A map, tools above it, and what is said of it below."""

    drawn = Signal(object, bool)
    """Corners (longitude, latitude), and whether they are a rectangle."""
    edited = Signal(int, object, object)
    """Number of an area, its corners, and those of each of its holes."""
    chosen = Signal(int)
    footprint_clicked = Signal(str)
    file_wanted = Signal()
    dropped = Signal(str)
    """A path: areas or data."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("area")
        self.setAcceptDrops(True)
        self.map = AreaMap(theme)
        self.map.heard.connect(self._hear)
        self._make_tools()
        self._lay_out()
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        names = ("window", "base", "line", "text", "faint", "accent", "selection")
        self.map.call("setColours", {name: getattr(theme, name) for name in names})

    def set_footprints(self, footprints: Sequence[dict[str, Any]]) -> None:
        """`id`, `ring` of (longitude, latitude), `weight` and `dash` of each line; its `name`, near and `far`."""
        self.map.call("setFootprints", list(footprints))

    def set_quicklooks(self, tiles: Sequence[dict[str, Any]]) -> None:
        """`url` and west, south, east, north of each picture."""
        self.map.call("setQuicklooks", list(tiles))

    def set_areas(self, areas: Sequence[Area], chosen: int) -> None:
        told = [
            {"name": a.name, "corners": a.corners, "holes": a.holes, "rectangle": a.rectangle} for a in areas
        ]
        self.map.call("setAreas", told, chosen)

    def fit(self, bounds: Bounds) -> None:
        """Show west, south, east, north."""
        self.map.call("fit", *bounds)

    def draw(self, kind: str | None) -> None:
        """Begin to draw a `rectangle` or `polygon`; None: leave it."""
        for name, button in self._tools.items():
            button.setChecked(name == kind)
        self.hint(self.tr(_HINTS[kind]) if kind else "")
        self.map.call("draw", kind)

    def hint(self, text: str, warning: bool = False) -> None:
        """A line under the map."""
        self._hint.setText(text)
        self._hint.setProperty("warning", warning)
        self._hint.style().polish(self._hint)

    @property
    def hint_text(self) -> str:
        return self._hint.text()

    @property
    def size_text(self) -> str:
        """Of what is being drawn."""
        return self._size.text()

    @property
    def drawing(self) -> bool:
        """Whether an outline is begun, or about to be."""
        return any(button.isChecked() for button in self._tools.values())

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
        return escape and self.drawing

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        event.acceptProposedAction()
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.dropped.emit(url.toLocalFile())

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
        column.addWidget(self.map, 1)
        column.addLayout(below)

    def _hear(self, name: str, value: Any) -> None:
        hearers: dict[str, Callable[[], object]] = {
            "drawn": lambda: self._take_drawn(_corners(value["corners"]), bool(value["rectangle"])),
            "edited": lambda: self.edited.emit(
                int(value["area"]), _corners(value["corners"]), tuple(map(_corners, value["holes"]))
            ),
            "chosen": lambda: self.chosen.emit(int(value)),
            "footprint": lambda: self.footprint_clicked.emit(str(value)),
            "stopped": lambda: self.draw(None),
            "at": lambda: self._at.setText(_told(value)),
            "size": lambda: self._size.setText("" if value is None else surface(value)),
            "offline": lambda: self.hint(self.tr(OFFLINE), True),
        }
        if name in hearers:
            hearers[name]()

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
        self.fit(bounds_of(corners))
        self.drawn.emit(corners, True)

    def _change_background(self) -> None:
        name = str(self._background.currentData())
        self.map.let_reach_web(bool(name))
        self.hint("")
        self.map.call("setBackground", name)


_HINTS = {
    "rectangle": QT_TRANSLATE_NOOP("AreaPanel", "Press, drag and let go. Esc leaves it."),
    "polygon": QT_TRANSLATE_NOOP(
        "AreaPanel", "Click the corners, and the first one again to end. Esc leaves it."
    ),
}


def _corners(told: Sequence[Sequence[float]]) -> tuple[Corner, ...]:
    return tuple((float(x), float(y)) for x, y in told)


def _told(at: Sequence[float] | None) -> str:
    if at is None:
        return ""
    longitude, latitude = (at[0] + 180) % 360 - 180, at[1]
    east, north = "E" if longitude >= 0 else "W", "N" if latitude >= 0 else "S"
    return f"{abs(latitude):.4f} {north}  {abs(longitude):.4f} {east}"
