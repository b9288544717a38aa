"""Labels and places on the map: crosses and filled outlines are labels, pins and dashed outlines are places."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QIcon, QPainter, QPainterPath, QPen, QPixmap, QTransform

from ..session import Label, LandClass, Place
from .kept_picture import KeptPicture
from .map_shapes import corners_of, cosmetic_pen, crosses, outlines, path_of

MOST_SMOOTH = 1_000
"""Corners of labels or places; more of them are drawn coarsely: to smooth wide lines that cross each other takes ten
times as long as to draw them."""
MOST_WIDE = 8_000
"""Corners; more of them are drawn thinly as well."""
MOST_FILLED = 80_000
"""Corners of labels; more of them are drawn as outlines alone."""
EDGE, EDGE_WIDTH = "#90000000", 4.5
"""A dark edge, which stands out from any map."""
NO_CLASS = "#fefefe"
"""Of labels that are measured values: bright within the dark edge."""
WIDE, THIN = 2.5, 1.0
FILL_ALPHA = 40
HEAD, STEM = 9.0, 10.0
"""Points of the screen: radius of a pin's head, and what is below it."""
MOST_LETTERS = 2
ICON = 24
"""Points of the screen: side of the picture of a pin in lists."""
MOST_PINS = 30
"""Places with a pin, the last ones: a hundred pins hide the map."""


@dataclass(frozen=True)
class _Stroke:
    """All marks of a kind that have the same colour."""

    path: QPainterPath
    colour: str
    dashed: bool
    filled: bool


class WorkMarks:
    """What the user has made, over both maps that may lie side by side."""

    def __init__(self, boxes: Sequence[pg.ViewBox]) -> None:
        self._labels, self._places = ([MarksItem(z) for _ in boxes] for z in (20, 21))
        for items in (self._labels, self._places):
            for item, box in zip(items, boxes, strict=True):
                box.addItem(item, ignoreBounds=True)

    @property
    def shapes(self) -> int:
        """How many are drawn on a map."""
        return len(self._labels[0].strokes) + len(self._places[0].strokes)

    @property
    def colours(self) -> set[str]:
        """Of labels."""
        return {stroke.colour for stroke in self._labels[0].strokes}

    @property
    def pins(self) -> tuple[str, ...]:
        """Names of the places that have one."""
        return tuple(place.name for place in self._places[0].pins)

    def set_area(self, rows: int, columns: int) -> None:
        for item in (*self._labels, *self._places):
            item.set_area(QRectF(0, 0, columns, rows))

    def set_labels(self, labels: Sequence[Label], classes: Sequence[LandClass]) -> None:
        """In the colours of their classes."""
        colours = {one.code: one.colour for one in classes}
        points: dict[str, list[tuple[float, float]]] = {}
        rings: dict[str, list[tuple[tuple[float, float], ...]]] = {}
        for label in labels:
            colour = colours.get(int(label.value), NO_CLASS)
            if len(label.corners) > 2:
                rings.setdefault(colour, []).extend((label.corners, *label.holes))
            else:
                points.setdefault(colour, []).append(label.corners[0])
        strokes = [_Stroke(crosses(found), colour, False, False) for colour, found in points.items()]
        strokes += [_Stroke(outlines(found), colour, False, True) for colour, found in rings.items()]
        for item in self._labels:
            item.set_marks(strokes)

    def set_places(self, places: Sequence[Place]) -> None:
        paths: dict[tuple[str, bool], QPainterPath] = {}
        for place in places:
            path = paths.setdefault((place.colour, bool(place.corners)), QPainterPath())
            if place.pixel is None:
                path.addPath(path_of(corners_of(place)))
            else:
                row, column = place.pixel
                path.addRect(QRectF(column, row, 1, 1))
        strokes = [_Stroke(path, colour, area, False) for (colour, area), path in paths.items()]
        for item in self._places:
            item.set_marks(strokes, places[-MOST_PINS:])


class MarksItem(pg.GraphicsObject):
    """Marks over one map, cut off where the area ends, and pins that stand on them."""

    def __init__(self, z: float) -> None:
        super().__init__()
        self.setZValue(z)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.strokes: Sequence[_Stroke] = ()
        self.pins: Sequence[Place] = ()
        self._area = QRectF()
        self._picture = KeptPicture(self, self._paint_marks)

    def set_area(self, area: QRectF) -> None:
        self._area = area
        self._show_anew()

    def set_marks(self, strokes: Sequence[_Stroke], pins: Sequence[Place] = ()) -> None:
        self.strokes, self.pins = strokes, pins
        self._show_anew()

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        return QRectF(self.viewRect()) if self.strokes else QRectF()

    def shape(self) -> QPainterPath:
        """Is only to be seen: nobody points at it."""
        return QPainterPath()

    def viewTransformChanged(self) -> None:  # noqa: N802 - pyqtgraph's name
        super().viewTransformChanged()
        self.prepareGeometryChange()

    def paint(self, painter: QPainter, *_: object) -> None:
        self._picture.draw(painter, self.boundingRect())

    def _show_anew(self) -> None:
        self.prepareGeometryChange()
        self._picture.forget()

    def _paint_marks(self, painter: QPainter) -> None:
        corners = sum(stroke.path.elementCount() for stroke in self.strokes)
        painter.setClipRect(self._area)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, corners <= MOST_SMOOTH)
        if corners <= MOST_WIDE:
            painter.setPen(cosmetic_pen(EDGE, EDGE_WIDTH))
            for stroke in self.strokes:
                painter.drawPath(stroke.path)
        for stroke in self.strokes:
            painter.setPen(_pen(stroke, THIN if corners > MOST_WIDE else WIDE))
            painter.setBrush(_fill(stroke) if corners <= MOST_FILLED else QBrush())
            painter.drawPath(stroke.path)
        painter.setClipping(False)
        _paint_pins(painter, self.pins)


def _pen(stroke: _Stroke, width: float) -> QPen:
    pen = cosmetic_pen(stroke.colour, width)
    if stroke.dashed:
        pen.setDashPattern([4, 2])
    return pen


def _fill(stroke: _Stroke) -> QBrush:
    colour = QColor(stroke.colour)
    colour.setAlpha(FILL_ALPHA)
    return QBrush(colour) if stroke.filled else QBrush()


def _paint_pins(painter: QPainter, places: Iterable[Place]) -> None:
    """Each with its name on its head, of the same size at any zoom."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    font = QFont(painter.font())
    font.setPixelSize(11)
    font.setBold(True)
    painter.setFont(font)
    there = painter.transform()
    for place in places:
        corners = corners_of(place)
        foot = QPointF(*(sum(along) / len(corners) for along in zip(*corners, strict=True)))
        painter.setTransform(QTransform.fromTranslate(*there.map(foot).toTuple()))
        _paint_pin(painter, QColor(place.colour), place.name[:MOST_LETTERS])
    painter.setTransform(there)


def _paint_pin(painter: QPainter, colour: QColor, letters: str) -> None:
    painter.strokePath(_PIN, QPen(QColor(EDGE), 3.5))
    painter.setPen(QPen(QColor("#fefefe"), 1.5))
    painter.setBrush(colour)
    painter.drawPath(_PIN)
    painter.setPen(QColor("#101010" if colour.lightnessF() > 0.6 else "#fefefe"))
    head = QRectF(-HEAD, -STEM - 2 * HEAD, 2 * HEAD, 2 * HEAD)
    painter.drawText(head, Qt.AlignmentFlag.AlignCenter, letters)


def pin_icon(colour: str) -> QIcon:
    """A pin without a name, for lists of places: squares are of classes and selections."""
    picture = QPixmap(ICON, ICON)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(ICON / 2, ICON - 1)
    painter.scale(ICON / 32, ICON / 32)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawPath(_PIN)
    painter.end()
    icon = QIcon(picture)
    icon.addPixmap(picture, QIcon.Mode.Selected)  # the same in a chosen row
    return icon


def _pin() -> QPainterPath:
    """A drop whose tip is at 0, 0."""
    head, stem = QPainterPath(), QPainterPath()
    head.addEllipse(QPointF(0, -STEM - HEAD), HEAD, HEAD)
    stem.moveTo(0, 0)
    stem.lineTo(-HEAD * 0.75, -STEM - HEAD * 0.35)
    stem.lineTo(HEAD * 0.75, -STEM - HEAD * 0.35)
    stem.closeSubpath()
    return head.united(stem)


_PIN = _pin()
