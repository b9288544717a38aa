"""Labels and places on the map: crosses and filled outlines are labels, pins and dashed outlines are places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import count, islice, pairwise

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QRectF, Qt, QTimer
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen

from ..session import Label, LandClass, Place
from .kept_picture import KeptPicture, Part
from .map_pins import paint_pins
from .map_shapes import EDGE, corners_of, cosmetic_pen, crosses, outlines, path_of

MOST_SMOOTH = 1_000
"""Corners of labels or places; more of them are drawn coarsely: to smooth wide lines that cross each other takes ten
times as long as to draw them."""
MOST_WIDE = 8_000
"""Corners; more of them are drawn thinly as well."""
MOST_FILLED = 80_000
"""Corners of labels; more of them are drawn as outlines alone."""
EDGE_WIDTH = 4.5
NO_CLASS = "#fefefe"
"""Of labels that are measured values: bright within the dark edge."""
WIDE, THIN = 2.5, 1.0
FILL_ALPHA = 40
MOST_PINS = 30
"""Places with a pin, the last ones: a hundred pins hide the map."""
LINES = 250
"""Of marks, painted in one part."""
AT_ONCE = 4_000
"""Labels whose shapes are made in one turn of the event loop."""


@dataclass(frozen=True)
class _Stroke:
    """All marks of a kind that have the same colour."""

    path: QPainterPath
    colour: str
    dashed: bool
    filled: bool

    @cached_property
    def lines(self) -> _Lines:
        return _Lines(self.path)


class _Lines:
    """Of a path. Wide, they are drawn in a quarter of the time that it takes: Qt joins none of them."""

    def __init__(self, path: QPainterPath) -> None:
        polygons = path.toSubpathPolygons()
        self._ends = (ends for polygon in polygons for ends in pairwise(polygon.toList()))
        """Of those that weren't drawn yet."""
        self._made: list[list[QLineF]] = []

    def __iter__(self) -> Iterator[list[QLineF]]:
        """As many at once as are painted in one part; each is made as it is first drawn, on one map or the other."""
        for number in count():
            if number == len(self._made):
                self._made.append([QLineF(*ends) for ends in islice(self._ends, LINES)])
            if not self._made[number]:
                return
            yield self._made[number]


class WorkMarks:
    """What the user has made, over both maps that may lie side by side."""

    def __init__(self, boxes: Sequence[pg.ViewBox]) -> None:
        self._labels, self._places = ([MarksItem(z) for _ in boxes] for z in (20, 21))
        for items in (self._labels, self._places):
            for item, box in zip(items, boxes, strict=True):
                box.addItem(item, ignoreBounds=True)
        self._coming: Iterator[Sequence[_Stroke] | None] = iter(())
        self._on = QTimer(self._labels[0], singleShot=True, interval=0)
        self._on.timeout.connect(self._go_on)

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
        """In the colours of their classes; of very many once their shapes are made."""
        self._coming = _label_strokes(labels, {one.code: one.colour for one in classes})
        self._go_on()

    def _go_on(self) -> None:
        strokes = next(self._coming)
        if strokes is None:
            self._on.start()
            return
        self._on.stop()
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
        self._picture = KeptPicture(self, self._parts)

    def set_area(self, area: QRectF) -> None:
        self._area = area
        self._show_anew()

    def set_marks(self, strokes: Sequence[_Stroke], pins: Sequence[Place] = ()) -> None:
        self.strokes, self.pins = strokes, pins
        self._show_anew()

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        return QRectF(self.viewRect()) if self.strokes and self.getViewBox() is not None else QRectF()

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

    def _parts(self) -> Iterator[Part]:
        corners = sum(stroke.path.elementCount() for stroke in self.strokes)
        look = _Look(self._area, corners <= MOST_SMOOTH, corners <= MOST_WIDE, corners <= MOST_FILLED)
        if look.wide:
            for stroke in self.strokes:
                yield from look.edges(stroke)
        for stroke in self.strokes:
            yield from look.marks(stroke)
        yield partial(paint_pins, places=self.pins)


@dataclass(frozen=True)
class _Look:
    """Of marks: the more there are, the plainer."""

    area: QRectF
    """Where they end."""
    smooth: bool
    wide: bool
    filled: bool

    def edges(self, stroke: _Stroke) -> Iterator[Part]:
        """Below all else. Where they cross they replace each other, and are no darker."""
        for lines in stroke.lines:
            yield partial(self._paint_edge, lines=lines)

    def marks(self, stroke: _Stroke) -> Iterator[Part]:
        if not self.wide or stroke.dashed:  # dashes go on around corners
            yield partial(self._paint_path, stroke=stroke)
            return
        yield partial(self._fill, stroke=stroke)
        for lines in stroke.lines:
            yield partial(self._paint_lines, lines=lines, pen=_pen(stroke, WIDE))

    def _paint_edge(self, painter: QPainter, lines: Sequence[QLineF]) -> None:
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        self._paint_lines(painter, lines, cosmetic_pen(EDGE, EDGE_WIDTH))

    def _paint_lines(self, painter: QPainter, lines: Sequence[QLineF], pen: QPen) -> None:
        self._set_up(painter)
        painter.setPen(pen)
        painter.drawLines(lines)

    def _paint_path(self, painter: QPainter, stroke: _Stroke) -> None:
        self._set_up(painter)
        painter.setBrush(self._brush(stroke))
        painter.setPen(_pen(stroke, WIDE if self.wide else THIN))
        painter.drawPath(stroke.path)

    def _fill(self, painter: QPainter, stroke: _Stroke) -> None:
        self._set_up(painter)
        painter.fillPath(stroke.path, self._brush(stroke))

    def _set_up(self, painter: QPainter) -> None:
        painter.setClipRect(self.area)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self.smooth)

    def _brush(self, stroke: _Stroke) -> QBrush:
        colour = QColor(stroke.colour)
        colour.setAlpha(FILL_ALPHA)
        return QBrush(colour) if self.filled and stroke.filled else QBrush()


def _label_strokes(labels: Sequence[Label], colours: Mapping[int, str]) -> Iterator[Sequence[_Stroke] | None]:
    """None as long as there are labels left to do."""
    paths: dict[tuple[str, bool], QPainterPath] = {}
    for first in range(0, len(labels), AT_ONCE):
        if first:
            yield None
        for kind, path in _label_paths(labels[first : first + AT_ONCE], colours):
            paths.setdefault(kind, QPainterPath()).addPath(path)
    yield [_Stroke(path, colour, False, filled) for (colour, filled), path in paths.items()]


def _label_paths(
    labels: Sequence[Label], colours: Mapping[int, str]
) -> Iterator[tuple[tuple[str, bool], QPainterPath]]:
    """By colour, and whether it is to be filled."""
    points: dict[str, list[tuple[float, float]]] = {}
    rings: dict[str, list[tuple[tuple[float, float], ...]]] = {}
    for label in labels:
        colour = colours.get(int(label.value), NO_CLASS)
        if len(label.corners) > 2:
            rings.setdefault(colour, []).extend((label.corners, *label.holes))
        else:
            points.setdefault(colour, []).append(label.corners[0])
    for colour, centres in points.items():
        yield (colour, False), crosses(centres)
    for colour, corners in rings.items():
        yield (colour, True), outlines(corners)


def _pen(stroke: _Stroke, width: float) -> QPen:
    pen = cosmetic_pen(stroke.colour, width)
    if stroke.dashed:
        pen.setDashPattern([4, 2])
    return pen
