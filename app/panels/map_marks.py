"""Labels and places on the map: crosses and filled outlines are labels, pins and dashed outlines are places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import (
    QGraphicsItem,
    QGraphicsPathItem,
    QGraphicsRectItem,
    QStyleOptionGraphicsItem,
    QWidget,
)

from ..session import Label, LandClass, Place
from ..theme import Theme
from .map_shapes import corners_of, cosmetic_pen, crosses, outlines, path_of

MOST_WIDE = 8_000
"""Corners of labels or places; more of them are drawn thinly and coarsely, which takes a twentieth of the time."""
MOST_FILLED = 80_000
"""Corners of labels; more of them are drawn as outlines alone."""
EDGE = "#90000000"
HEAD, STEM = 9.0, 10.0
"""Points of the screen: radius of a pin's head, and what is below it."""
MOST_LETTERS = 2
ICON = 24
"""Points of the screen: side of the picture of a pin in lists."""
MOST_PINS = 30
"""Places with a pin, the last ones: a hundred pins hide the map, and took longer to draw than all else of it."""
Paths = Mapping[tuple[str, bool], QPainterPath]


class WorkMarks:
    """What the user has made, over both maps that may lie side by side; cut off where the area ends."""

    def __init__(self, boxes: Sequence[pg.ViewBox], theme: Theme) -> None:
        self._theme = theme
        self._boxes = boxes
        self._grounds = [QGraphicsRectItem() for _ in boxes]
        for ground, box in zip(self._grounds, boxes, strict=True):
            ground.setPen(QPen(Qt.PenStyle.NoPen))
            ground.setFlag(QGraphicsItem.GraphicsItemFlag.ItemClipsChildrenToShape)
            ground.setZValue(20)
            box.addItem(ground, ignoreBounds=True)
        self._shapes: dict[str, list[QGraphicsPathItem]] = {"label": [], "place": []}
        self._pins: list[list[Pin]] = [[] for _ in boxes]

    @property
    def shapes(self) -> int:
        """How many are drawn on the first map."""
        return sum(len(items) for items in self._shapes.values()) // len(self._grounds)

    @property
    def colours(self) -> set[str]:
        """Of labels."""
        return {shape.pen().color().name() for shape in self._shapes["label"]} - {QColor(EDGE).name()}

    @property
    def pins(self) -> tuple[str, ...]:
        """Names of the places that have one."""
        return tuple(pin.name for pin in self._pins[0])

    def set_area(self, rows: int, columns: int) -> None:
        for ground in self._grounds:
            ground.setRect(QRectF(0, 0, columns, rows))

    def set_labels(self, labels: Sequence[Label], classes: Sequence[LandClass]) -> None:
        """In the colours of their classes; those of one colour are drawn as one shape."""
        colours = {one.code: one.colour for one in classes}
        points: dict[str, list[tuple[float, float]]] = {}
        rings: dict[str, list[tuple[tuple[float, float], ...]]] = {}
        for label in labels:
            colour = colours.get(int(label.value), self._theme.accent)
            if len(label.corners) > 2:
                rings.setdefault(colour, []).extend((label.corners, *label.holes))
            else:
                points.setdefault(colour, []).append(label.corners[0])
        paths = {(colour, False): crosses(found) for colour, found in points.items()}
        paths |= {(colour, True): outlines(found) for colour, found in rings.items()}
        self._draw("label", paths)

    def set_places(self, places: Sequence[Place]) -> None:
        paths: dict[tuple[str, bool], QPainterPath] = {}
        for place in places:
            path = paths.setdefault((place.colour, bool(place.corners)), QPainterPath())
            if place.pixel is None:
                path.addPath(path_of(corners_of(place)))
            else:
                row, column = place.pixel
                path.addRect(QRectF(column, row, 1, 1))
        self._draw("place", paths)
        for box, pins in zip(self._boxes, self._pins, strict=True):
            for pin in pins:
                box.removeItem(pin)
            pins[:] = [Pin(place) for place in places[-MOST_PINS:]]
            for pin in pins:
                box.addItem(pin, ignoreBounds=True)

    def _draw(self, kind: str, paths: Paths) -> None:
        """By colour and whether they are areas, over a dark edge that stands out from any map; thinly where many."""
        for item in self._shapes[kind]:
            item.setParentItem(None)  # type: ignore[arg-type]
            if item.scene() is not None:
                item.scene().removeItem(item)
        corners = sum(path.elementCount() for path in paths.values())
        crowded = corners > MOST_WIDE
        shapes = self._shapes[kind] = []
        for ground in self._grounds:
            for (colour, area), path in paths.items():
                if not crowded:
                    shapes.append(_Shape(path, ground, cosmetic_pen(EDGE, 4.5), coarse=False))
                pen = cosmetic_pen(colour, 1.0 if crowded else 2.5)
                if kind == "place" and area:
                    pen.setDashPattern([4, 2])
                shapes.append(_Shape(path, ground, pen, crowded))
                shapes[-1].setZValue(1)
                if area and kind == "label" and corners <= MOST_FILLED:
                    fill = QColor(colour)
                    fill.setAlpha(40)
                    shapes[-1].setBrush(fill)


class Pin(QGraphicsItem):
    """Stands on a place, with its name on its head; of the same size at any zoom."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.name, self._colour = place.name, QColor(place.colour)
        corners = corners_of(place)
        self.setPos(
            sum(x for x, _ in corners) / len(corners),
            sum(y for _, y in corners) / len(corners),
        )
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.setZValue(22)

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        return QRectF(-HEAD - 2, -STEM - 2 * HEAD - 2, 2 * HEAD + 4, STEM + 2 * HEAD + 3)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(EDGE), 3.5))
        painter.drawPath(_PIN)
        painter.setPen(QPen(QColor("#fefefe"), 1.5))
        painter.setBrush(self._colour)
        painter.drawPath(_PIN)
        font = QFont(painter.font())
        font.setPixelSize(11)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor("#101010" if self._colour.lightnessF() > 0.6 else "#fefefe"))
        head = QRectF(-HEAD, -STEM - 2 * HEAD, 2 * HEAD, 2 * HEAD)
        painter.drawText(head, Qt.AlignmentFlag.AlignCenter, self.name[:MOST_LETTERS])


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


class _Shape(QGraphicsPathItem):
    """Is only to be seen: where the pointer is on it is never asked, which takes as long as to draw it."""

    def __init__(self, path: QPainterPath, ground: QGraphicsRectItem, pen: QPen, coarse: bool) -> None:
        super().__init__(path, ground)
        self._bounds, self._coarse = path.controlPointRect().adjusted(-1, -1, 1, 1), coarse
        self.setPen(pen)

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        return self._bounds

    def shape(self) -> QPainterPath:
        return QPainterPath()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Coarsely: to smooth a filled shape of many parts takes ten times as long as to draw it."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not self._coarse)
        super().paint(painter, option, widget)


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
