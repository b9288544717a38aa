"""The pictures of a map's layers: the first one, and a second one right of a handle or in a pane of its own."""

from __future__ import annotations

from math import floor

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPen
from PySide6.QtWidgets import QGraphicsRectItem

from ..colouring import Painted
from ..theme import Theme
from .map_box import MapBox

SLOTS = ("base", "base detail", "beside", "beside detail")
HANDLE_EDGE = 0.01
"""Of the map's width: so near to its edges the handle may come."""
Window = tuple[int, int, int, int]
"""Row, column, height, width."""


class MapLayers:
    """Of each layer two: all of the area, and finer over it the part that is in view."""

    def __init__(self, box: MapBox, side_box: MapBox, theme: Theme) -> None:
        self._box, self._shape = box, (0, 0)
        self.painted: dict[str, tuple[Painted, Window]] = {}
        """What is drawn, by slot."""
        self.compare: str | None = None
        """`swipe`: the second layer right of the handle; `side`: in a pane of its own; None: there is none."""
        self._across = 0.5
        """Of the map's width: where the handle is."""
        self.left, self.right = _cut_off(0, box), _cut_off(5, box)
        """Where the first and the second layer are seen."""
        self._first = {slot: _image(z, self.left) for z, slot in enumerate(SLOTS[:2])}
        self._swiped = {slot: _image(z, self.right) for z, slot in enumerate(SLOTS[2:])}
        self._side = {slot: _image(z, side_box) for z, slot in enumerate(SLOTS[2:])}
        self.handle = pg.InfiniteLine(
            angle=90,
            movable=True,
            pen=pg.mkPen(theme.accent, width=3),
            hoverPen=pg.mkPen(theme.accent, width=5),
        )
        self.handle.setZValue(30)
        self.handle.hide()
        self.handle.sigPositionChanged.connect(self._clip)
        self.handle.sigDragged.connect(self._dragged)
        box.addItem(self.handle, ignoreBounds=True)

    def set_area(self, rows: int, columns: int) -> None:
        self._shape = rows, columns
        self._clip()

    def show(self, slot: str, painted: Painted, window: Window) -> None:
        """Colours of a window."""
        self.painted[slot] = painted, window
        row, column, height, _ = window
        image = self._image_of(slot)
        image.setImage(painted.rgba, autoLevels=False, levels=None)
        shown_rows, shown_columns = painted.rgba.shape[:2]
        step = max(1, round(height / shown_rows))
        image.setRect(QRectF(column, row, shown_columns * step, shown_rows * step))
        image.show()

    def hide(self, slot: str) -> None:
        """Nothing is known of a part."""
        self.painted.pop(slot, None)
        self._image_of(slot).hide()

    def set_opacity(self, opacity: float) -> None:
        """Of the first layer."""
        for image in self._first.values():
            image.setOpacity(opacity)

    def value_at(self, slot: str, column: float, row: float) -> str:
        """What a layer says of a pixel, from its finest part; empty where nothing is known."""
        for name in (f"{slot} detail", slot):
            if name in self.painted:
                painted, (top, left, height, width) = self.painted[name]
                rows, columns = painted.rgba.shape[:2]
                y, x = floor((row - top) * rows / height), floor((column - left) * columns / width)
                if 0 <= y < rows and 0 <= x < columns:
                    return painted.told_at(y, x)
        return ""

    def place_handle(self) -> None:
        """Where layers are swiped: in the middle of what is in view of the area."""
        self.handle.setVisible(self.compare == "swipe")
        if self.compare == "swipe" and any(self._shape):
            (left, right), _ = self._box.viewRange()
            self.handle.setValue((max(left, 0) + min(right, self._shape[1])) / 2)
            self._dragged()
        self._clip()

    def keep_handle(self) -> None:
        """The map was moved: the handle stays where it is across it, and so in view."""
        (left, right), _ = self._box.viewRange()
        self.handle.setValue(left + self._across * (right - left))

    def _dragged(self) -> None:
        (left, right), _ = self._box.viewRange()
        self._across = min(1 - HANDLE_EDGE, max(HANDLE_EDGE, (self.handle.value() - left) / (right - left)))
        self.keep_handle()

    def _clip(self) -> None:
        """Each layer at the handle: one mustn't be seen where the other has no pixels."""
        rows, columns = self._shape
        if columns:
            at = self.handle.value()
            end = at if self.compare == "swipe" else 3 * columns
            self.left.setRect(QRectF(-columns, -rows, end + columns, 3 * rows))
            self.right.setRect(QRectF(at, -rows, 3 * columns - at, 3 * rows))

    def _image_of(self, slot: str) -> pg.ImageItem:
        """The second layer lies over the first one, or in a pane of its own."""
        if not slot.startswith("beside"):
            return self._first[slot]
        return (self._side if self.compare == "side" else self._swiped)[slot]


def _cut_off(z: float, box: MapBox) -> QGraphicsRectItem:
    """Of what is in it, what lies beyond its edges."""
    clip = QGraphicsRectItem()
    clip.setPen(QPen(Qt.PenStyle.NoPen))
    clip.setFlag(QGraphicsRectItem.GraphicsItemFlag.ItemClipsChildrenToShape)
    clip.setZValue(z)
    box.addItem(clip, ignoreBounds=True)
    return clip


def _image(z: int, home: MapBox | QGraphicsRectItem) -> pg.ImageItem:
    image = pg.ImageItem(axisOrder="row-major")
    image.setZValue(z)
    image.hide()
    if isinstance(home, MapBox):
        home.addItem(image, ignoreBounds=True)
    else:
        image.setParentItem(home)
    return image
