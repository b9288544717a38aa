"""The map of a date: layers, selection, labels and places, with read-out, scale bar and legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

import numpy as np
import pyqtgraph as pg
from phenolens.engine.client.readings import Store
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsPathItem, QGraphicsRectItem, QVBoxLayout, QWidget

from ..colouring import Painted
from ..geography import Geography
from ..masks import Bits
from ..session import Label, LandClass, Place
from ..theme import Theme
from .map_overlays import LegendBox, ReadOut, ScaleBar

SLOTS = ("base", "base detail", "beside", "beside detail")
SETTLED_MS = 120


@dataclass(frozen=True)
class View:
    """What of the area is in view, in pixels of the store, and how many of them share a point of the screen."""

    left: float
    top: float
    right: float
    bottom: float
    pixels_per_point: float


class MapPanel(QWidget):
    """Shows parts of layers where they lie; x is the column, y the row."""

    view_changed = Signal(object)
    """`View`, once it has settled."""
    clicked = Signal(float, float)
    """Column, row."""
    hovered = Signal(object)
    """(column, row), or None outside the area."""
    drawn = Signal(object)
    """Corners (column, row) of a polygon that was drawn with a tool."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("map")
        self.setAccessibleName("Map")
        self._theme = theme
        self._store: Store | None = None
        self._geography: Geography | None = None
        self._painted: dict[str, tuple[Painted, tuple[int, int, int, int]]] = {}
        self._view = pg.GraphicsView(background=theme.window)
        self._box = _MapBox()
        self._view.setCentralItem(self._box)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._view)
        self._make_items()
        self._read_out, self._legend = ReadOut(theme, self._view), LegendBox(theme, self._view)
        self._scale = ScaleBar(theme, self._view)
        self._settled = QTimer(self, singleShot=True, interval=SETTLED_MS)
        self._settled.timeout.connect(self._tell_view)
        self._box.sigRangeChanged.connect(self._moved)
        self._box.picked.connect(self._pick)
        self._box.outlined.connect(self.drawn)
        self._box.outlining.connect(self._show_outline)
        self._view.scene().sigMouseMoved.connect(self._hover)
        self._swipe = 0.5

    def _make_items(self) -> None:
        self._images: dict[str, pg.ImageItem] = {}
        self._clip = QGraphicsRectItem()
        self._clip.setPen(QPen(Qt.PenStyle.NoPen))
        self._clip.setFlag(QGraphicsRectItem.GraphicsItemFlag.ItemClipsChildrenToShape)
        self._box.addItem(self._clip, ignoreBounds=True)
        for z, slot in enumerate(SLOTS):
            image = pg.ImageItem(axisOrder="row-major")
            image.setZValue(z)
            if slot.startswith("beside"):
                image.setParentItem(self._clip)
            else:
                self._box.addItem(image, ignoreBounds=True)
            self._images[slot] = image
        self._clip.setZValue(5)
        self._selected = pg.ImageItem(axisOrder="row-major")
        self._selected.setZValue(10)
        self._box.addItem(self._selected, ignoreBounds=True)
        self._marks: list[QGraphicsPathItem] = []
        self._handle = pg.InfiniteLine(
            angle=90,
            movable=True,
            pen=pg.mkPen(self._theme.accent, width=3),
            hoverPen=pg.mkPen(self._theme.accent, width=5),
        )
        self._handle.setZValue(30)
        self._handle.hide()
        self._handle.sigPositionChanged.connect(self._clip_beside)
        self._box.addItem(self._handle, ignoreBounds=True)
        self._outline = QGraphicsPathItem()
        self._outline.setPen(_pen(self._theme.selection, 2))
        self._outline.setZValue(40)
        self._box.addItem(self._outline, ignoreBounds=True)

    @property
    def shown(self) -> dict[str, tuple[Painted, tuple[int, int, int, int]]]:
        """What is drawn: colours and window (row, column, height, width) by slot."""
        return self._painted

    @property
    def told(self) -> str:
        """What the read-out says."""
        return self._read_out.text

    def set_store(self, store: Store | None) -> None:
        """Another area: nothing of the one before is left."""
        self._store = store
        for slot in SLOTS:
            self.clear(slot)
        self.set_selected(None)
        self._geography = Geography(store.grid) if store else None
        self._scale.metres_per_pixel = abs(store.grid.transform[0]) if store else 0.0
        if store is not None:
            rows, columns = store.grid.shape
            self._box.setLimits(
                xMin=-columns, xMax=2 * columns, yMin=-rows, yMax=2 * rows, minXRange=4, minYRange=4
            )
            self.fit()

    def fit(self) -> None:
        """All of the area in view."""
        if self._store is not None:
            rows, columns = self._store.grid.shape
            self._box.setRange(QRectF(0, 0, columns, rows), padding=0.03)

    def zoom(self, factor: float) -> None:
        """Above 1: closer."""
        self._box.scaleBy((1 / factor, 1 / factor))

    def centre_on(self, column: float, row: float) -> None:
        (left, right), (top, bottom) = self._box.viewRange()
        half_x, half_y = (right - left) / 2, (bottom - top) / 2
        self._box.setRange(QRectF(column - half_x, row - half_y, 2 * half_x, 2 * half_y), padding=0)

    def show_part(self, slot: str, painted: Painted, window: tuple[int, int, int, int]) -> None:
        """Colours of a window (row, column, height, width)."""
        self._painted[slot] = painted, window
        row, column, height, _ = window
        image = self._images[slot]
        image.setImage(painted.rgba, autoLevels=False, levels=None)
        shown_rows, shown_columns = painted.rgba.shape[:2]
        step = max(1, round(height / shown_rows))
        image.setRect(QRectF(column, row, shown_columns * step, shown_rows * step))
        image.show()
        self._legend.show_legend(slot, painted.legend)
        self.say(slot, "")

    def clear(self, slot: str) -> None:
        """Nothing is known of a part."""
        if self._painted.pop(slot, None) is not None or self._images[slot].isVisible():
            self._images[slot].hide()
        if not slot.endswith("detail"):
            self._legend.show_legend(slot, None)

    def say(self, slot: str, text: str) -> None:
        """Why there is nothing to be seen; empty once there is."""
        if not slot.endswith("detail"):
            self._read_out.say(text)

    def set_opacity(self, opacity: float) -> None:
        for slot in SLOTS[:2]:
            self._images[slot].setOpacity(opacity)

    def set_compare(self, how: str | None) -> None:
        """`swipe`: the second layer right of a handle; None: no second layer."""
        if how is None:
            for slot in SLOTS[2:]:
                self.clear(slot)
        self._handle.setVisible(how is not None)
        if how is not None and self._store is not None:
            (left, right), _ = self._box.viewRange()
            self._handle.setValue((max(left, 0) + min(right, self._store.grid.shape[1])) / 2)
        self._clip_beside()

    def set_selected(self, mask: Bits | None) -> None:
        """Outline and tint of the selected pixels, [row, column] of the store."""
        if mask is None or not mask.any():
            self._selected.hide()
            return
        self._selected.setImage(_tinted(mask, QColor(self._theme.selection)), autoLevels=False, levels=None)
        rows, columns = mask.shape
        self._selected.setRect(QRectF(0, 0, columns, rows))
        self._selected.show()

    def set_labels(self, labels: Sequence[Label], classes: Sequence[LandClass]) -> None:
        colours = {one.code: one.colour for one in classes}
        shown = [(label.corners, colours.get(int(label.value), self._theme.accent)) for label in labels]
        self._mark("label", shown)

    def set_places(self, places: Sequence[Place]) -> None:
        self._mark("place", [(_corners(place), place.colour) for place in places])

    def set_tool(self, tool: str) -> None:
        """`look`, `select` (a lasso), `point`, `polygon`."""
        self._box.tool = tool
        cursor = Qt.CursorShape.ArrowCursor if tool == "look" else Qt.CursorShape.CrossCursor
        self._view.setCursor(cursor)
        self._show_outline(())

    def _mark(self, kind: str, shapes: Sequence[tuple[Sequence[tuple[float, float]], str]]) -> None:
        for item in [item for item in self._marks if item.data(0) == kind]:
            self._box.removeItem(item)
            self._marks.remove(item)
        for corners, colour in shapes:
            item = QGraphicsPathItem(_path(corners))
            item.setData(0, kind)
            item.setPen(_pen(colour, 2.5))
            if len(corners) > 2:
                fill = QColor(colour)
                fill.setAlpha(40)
                item.setBrush(fill)
            item.setZValue(20)
            self._box.addItem(item, ignoreBounds=True)
            self._marks.append(item)

    def _clip_beside(self) -> None:
        if self._store is None:
            return
        rows, columns = self._store.grid.shape
        left = self._handle.value()
        self._clip.setRect(QRectF(left, -rows, 3 * columns - left, 3 * rows))

    def _moved(self) -> None:
        self._settled.start()
        (left, right), _ = self._box.viewRange()
        self._scale.set_scale((right - left) / max(1, self._box.width()))

    def _tell_view(self) -> None:
        (left, right), (top, bottom) = self._box.viewRange()
        points = max(1.0, self._box.width() * self.devicePixelRatioF())
        self.view_changed.emit(View(left, top, right, bottom, (right - left) / points))

    def _pick(self, column: float, row: float) -> None:
        if self._inside(column, row):
            self.clicked.emit(column, row)

    def _hover(self, position: QPointF) -> None:
        place = self._box.mapSceneToView(position)
        column, row = place.x(), place.y()
        inside = self._inside(column, row)
        self.hovered.emit((column, row) if inside else None)
        self._read_out.tell(self._told(column, row) if inside else "")

    def _told(self, column: float, row: float) -> str:
        assert self._geography is not None
        parts = [self._geography.told(column, row)]
        for slot in ("base", "beside"):
            value = self._value(slot, column, row)
            if value:
                parts.append(value)
        return "   ".join(parts)

    def _value(self, slot: str, column: float, row: float) -> str:
        for name in (f"{slot} detail", slot):
            if name in self._painted:
                painted, (top, left, height, width) = self._painted[name]
                rows, columns = painted.rgba.shape[:2]
                y, x = floor((row - top) * rows / height), floor((column - left) * columns / width)
                if 0 <= y < rows and 0 <= x < columns:
                    return painted.told_at(y, x)
        return ""

    def _inside(self, column: float, row: float) -> bool:
        if self._store is None:
            return False
        rows, columns = self._store.grid.shape
        return 0 <= column < columns and 0 <= row < rows

    def _show_outline(self, corners: Sequence[tuple[float, float]]) -> None:
        self._outline.setPath(_path(corners) if corners else QPainterPath())


class _MapBox(pg.ViewBox):
    """Pans and zooms; with a tool, drags and clicks outline a polygon instead."""

    picked = Signal(float, float)
    outlined = Signal(object)
    outlining = Signal(object)

    def __init__(self) -> None:
        super().__init__(lockAspect=True, invertY=True, enableMenu=False, defaultPadding=0)
        self.tool = "look"
        self._corners: list[tuple[float, float]] = []

    def mouseDragEvent(self, event: object, axis: int | None = None) -> None:  # noqa: N802 - pyqtgraph's name
        left = event.button() == Qt.MouseButton.LeftButton  # type: ignore[attr-defined]
        if not left or self.tool in ("look", "point"):
            super().mouseDragEvent(event, axis)
            return
        event.accept()  # type: ignore[attr-defined]
        if event.isStart():  # type: ignore[attr-defined]
            self._corners = [self._at(event.buttonDownScenePos())]  # type: ignore[attr-defined]
        self._corners.append(self._at(event.scenePos()))  # type: ignore[attr-defined]
        if event.isFinish():  # type: ignore[attr-defined]
            self._finish()
        else:
            self.outlining.emit(tuple(self._corners))

    def mouseClickEvent(self, event: object) -> None:  # noqa: N802 - pyqtgraph's name
        if event.button() != Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            self._corners = []
            self.outlining.emit(())
            return
        event.accept()  # type: ignore[attr-defined]
        place = self._at(event.scenePos())  # type: ignore[attr-defined]
        if self.tool in ("look", "point"):
            self.picked.emit(*place)
        elif event.double():  # type: ignore[attr-defined]
            self._finish()
        else:
            self._corners.append(place)
            self.outlining.emit(tuple(self._corners))

    def _at(self, scene: QPointF) -> tuple[float, float]:
        place = self.mapSceneToView(scene)
        return place.x(), place.y()

    def _finish(self) -> None:
        corners, self._corners = tuple(self._corners), []
        self.outlining.emit(())
        if len(corners) > 2:
            self.outlined.emit(corners)


def _tinted(mask: Bits, colour: QColor) -> np.ndarray:
    """RGBA: selected pixels faint, those at the edge of the selection in full."""
    core = mask.copy()
    core[1:] &= mask[:-1]
    core[:-1] &= mask[1:]
    core[:, 1:] &= mask[:, :-1]
    core[:, :-1] &= mask[:, 1:]
    tint = np.zeros((*mask.shape, 4), np.uint8)
    tint[mask] = (colour.red(), colour.green(), colour.blue(), 230)
    tint[core, 3] = 60
    return tint


def _corners(place: Place) -> Sequence[tuple[float, float]]:
    if place.pixel is None:
        return place.corners
    row, column = place.pixel
    return ((column + 0.5, row + 0.5),)


def _path(corners: Sequence[tuple[float, float]]) -> QPainterPath:
    """A polygon; of one corner, the outline of its pixel with a cross through it."""
    path = QPainterPath()
    if len(corners) > 2:
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
        path.closeSubpath()
    elif len(corners) == 2:
        path.moveTo(*corners[0])
        path.lineTo(*corners[1])
    else:
        x, y = floor(corners[0][0]), floor(corners[0][1])
        path.addRect(QRectF(x, y, 1, 1))
        path.moveTo(x + 0.5, y - 2)
        path.lineTo(x + 0.5, y)
        path.moveTo(x + 0.5, y + 1)
        path.lineTo(x + 0.5, y + 3)
        path.moveTo(x - 2, y + 0.5)
        path.lineTo(x, y + 0.5)
        path.moveTo(x + 1, y + 0.5)
        path.lineTo(x + 3, y + 0.5)
    return path


def _pen(colour: str, width: float) -> QPen:
    pen = QPen(QColor(colour), width)
    pen.setCosmetic(True)
    return pen
