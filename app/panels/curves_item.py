"""All curves of a plot as one item: with an item for each line, dozens of places made the mouse stall."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF, QTransform

from ..curves import CLEAR, GAP_FILLED, IN_PART, NO_DATA, OBSERVED, Curve, Floats
from ..theme import Theme
from .kept_picture import KeptPicture, Part

DASHES = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DotLine,
    Qt.PenStyle.DashDotLine,
    Qt.PenStyle.DashDotDotLine,
)
MOST_WIDE = 12
"""Curves; more of them are drawn thin and their marks small, which is faster by far and clearer too. So are those whose
marks would hide each other."""
MOST_MARKED = 60
"""Curves with marks; more of them hide each other's, and the read-out says the same."""
MOST_NAMED, MOST_LETTERS = 8, 2
"""Places whose names stand where their curves end, and letters of such a name."""
DENSE = 1.5
"""Marks as long as so many times the plot hide each other."""
WIDE, THIN = 1.6, 1.0
MARK, SMALL_MARK, CROSS = 6.5, 4.0, 3.5
WIDER = 2.5
"""Points more for marks whose colours mean something."""
BAND_ALPHA = 45
PADDING = 6
"""Points of the screen that marks reach beyond the values."""


class CurvesItem(pg.GraphicsObject):
    """Bands, lines and marks; a picture of them is kept until they or the view change."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._curves: tuple[Curve, ...] = ()
        self._lines: Sequence[tuple[Floats, Floats]] = ()
        """Of each curve, times and values where there are some."""
        self._times: Floats = np.zeros(0)
        self._lows: Floats = np.zeros(0)
        self._highs: Floats = np.zeros(0)
        self._picture = KeptPicture(self, self._parts)

    def set_curves(self, curves: Sequence[Curve]) -> None:
        self._curves = tuple(curves)
        finite = [(curve, np.isfinite(curve.values)) for curve in self._curves]
        self._lines = [(curve.times[there], curve.values[there]) for curve, there in finite]
        self._times = _joined([curve.times for curve in self._curves])
        self._lows = _joined([curve.values if curve.low is None else curve.low for curve in self._curves])
        self._highs = _joined([curve.values if curve.high is None else curve.high for curve in self._curves])
        self.prepareGeometryChange()
        self.informViewBoundsChanged()
        self.recolour()

    def dataBounds(  # noqa: N802 - pyqtgraph's name
        self,
        axis: int,
        frac: float = 1.0,
        orthoRange: tuple[float, float] | None = None,
    ) -> tuple[float, float] | tuple[None, None]:
        """Least and greatest time or value, the latter among the times in view."""
        there = np.isfinite(self._lows) & np.isfinite(self._highs)
        if orthoRange is not None and orthoRange[0] is not None and axis == 1:
            there &= (self._times >= orthoRange[0]) & (self._times <= orthoRange[1])
        if not there.any():
            return None, None
        low, high = (self._times, self._times) if axis == 0 else (self._lows, self._highs)
        return float(low[there].min()), float(high[there].max())

    def pixelPadding(self) -> float:  # noqa: N802 - pyqtgraph's name
        return PADDING

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        return QRectF(self.viewRect()) if self._lines and self.getViewBox() is not None else QRectF()

    def viewTransformChanged(self) -> None:  # noqa: N802 - pyqtgraph's name
        super().viewTransformChanged()
        self.prepareGeometryChange()

    def recolour(self) -> None:
        """Those of the theme have changed."""
        self._picture.forget()

    def paint(self, painter: QPainter, *_: object) -> None:
        self._picture.draw(painter, self.boundingRect())

    def _parts(self) -> Iterator[Part]:
        view, box = self.boundingRect(), self.getViewBox()
        seen = [_in_view(times, view) for times, _ in self._lines]
        most = max((there.stop - there.start for there in seen), default=0)
        curves, many = self._curves, len(self._curves) > MOST_WIDE
        crowded = many or most * MARK > DENSE * box.width()
        for curve in curves:
            # the edges of many bands are too faint to tell, and took longer to smooth than all lines
            yield partial(_paint_band, curve=curve, smooth=not many)
        for curve, (times, values), there in zip(curves, self._lines, seen, strict=True):
            pen = _line_pen(curve, THIN if crowded else WIDE)
            yield partial(_paint_line, pen=pen, times=times[there], values=values[there])
        for curve in curves if len(curves) <= MOST_MARKED else ():
            yield partial(_paint_marks, curve=curve, crowded=crowded, hollow=self._theme.base)
        yield from self._crosses()
        yield partial(self._paint_names, curves=curves)

    def _crosses(self) -> Iterator[Part]:
        """Where a place has no data, at the foot; it holds for all its curves: once."""
        values = self._lows[np.isfinite(self._lows)]
        foot = float(values.min()) if len(values) else 0.0
        along, across = self.pixelVectors()
        if along is None or across is None:
            return
        size = QSizeF(CROSS * along.x(), CROSS * across.y())
        for curve in self._curves:
            if not curve.order:
                yield partial(_paint_crosses, curve=curve, foot=foot, size=size)

    def _paint_names(self, painter: QPainter, curves: Sequence[Curve]) -> None:
        """Of places, where their first curves end: letters tell them apart where colours don't."""
        names = {curve.owner: curve for curve in curves if not curve.order}
        if not 1 < len(names) <= MOST_NAMED:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setBold(True)
        painter.setFont(font)
        there = painter.transform()
        frame = there.mapRect(self.boundingRect())
        ends = sorted(self._ends(names.values(), there), key=lambda one: one[0].y())
        high = painter.fontMetrics().height() - 2
        middles = _apart([end.y() for end, _ in ends], high, frame.bottom() - high / 2)
        painter.resetTransform()
        for (end, curve), middle in zip(ends, middles, strict=True):
            wide = painter.fontMetrics().horizontalAdvance(curve.owner) + 4
            left = min(end.x() + MARK, frame.right() - wide)
            self._paint_name(painter, QRectF(left, middle - high / 2, wide, high), curve)

    def _ends(self, curves: Iterable[Curve], there: QTransform) -> Iterator[tuple[QPointF, Curve]]:
        """The last points in view, as points of the screen."""
        view = self.boundingRect()
        for curve in curves:
            seen = np.isfinite(curve.values) & (curve.times >= view.left()) & (curve.times <= view.right())
            if seen.any() and len(curve.owner) <= MOST_LETTERS:
                yield there.map(QPointF(curve.times[seen][-1], curve.values[seen][-1])), curve

    def _paint_name(self, painter: QPainter, box: QRectF, curve: Curve) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.base))
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(QColor(curve.colour))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, curve.owner)


def _apart(heights: Sequence[float], line: float, foot: float) -> Sequence[float]:
    """Ascending heights, so far from each other that lines of text can be read, and none below the foot."""
    apart = list(heights)
    for number in range(1, len(apart)):
        apart[number] = max(apart[number], apart[number - 1] + line)
    for number in reversed(range(len(apart))):
        foot = min(apart[number], foot)
        apart[number], foot = foot, foot - line
    return apart


def _shades(curve: Curve) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Colours of marks, and which marks have them."""
    if not curve.shades:
        yield curve.colour, np.ones(len(curve.times), bool)
        return
    shades = np.array(curve.shades)
    for colour in dict.fromkeys(curve.shades):
        yield colour, shades == colour


def _joined(parts: Sequence[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.zeros(0)


def _polygon(curve: Curve, there: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> QPolygonF:
    return _points(curve.times[there], curve.values[there])


def _in_view(times: Floats, view: QRectF) -> slice:
    """What is in view and a neighbour on either side: dashes of what is far outside take long to count."""
    first, last = times.searchsorted((view.left(), view.right())).tolist()
    return slice(max(0, first - 1), last + 1)


def _points(times: Floats, values: Floats) -> QPolygonF:
    polygon: QPolygonF = pg.functions.arrayToQPolygonF(times, values) if len(times) else QPolygonF()
    return polygon


def _paint_band(painter: QPainter, curve: Curve, smooth: bool) -> None:
    """Between the percentiles, faint; of the first curve of a subject alone, or they'd hide each other."""
    if curve.low is None or curve.high is None or curve.order:
        return
    there = np.isfinite(curve.low) & np.isfinite(curve.high)
    times = np.concatenate([curve.times[there], curve.times[there][::-1]])
    edge = np.concatenate([curve.low[there], curve.high[there][::-1]])
    colour = QColor(curve.colour)
    colour.setAlpha(BAND_ALPHA)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, smooth)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(_points(times, edge))


def _paint_line(painter: QPainter, pen: QPen, times: Floats, values: Floats) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen)
    painter.drawPolyline(_points(times, values))


def _paint_marks(painter: QPainter, curve: Curve, crowded: bool, hollow: str) -> None:
    """What was seen is filled, what was filled in between or seen in part is hollow, in that colour."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, not crowded)
    size, there = SMALL_MARK if crowded else MARK, np.isfinite(curve.values)
    for colour, mine in _shades(curve):
        for codes, inner in (((CLEAR, OBSERVED), ""), ((GAP_FILLED, IN_PART), hollow)):
            points = _polygon(curve, there & mine & np.isin(curve.quality, codes))
            painter.setPen(_dot_pen(colour, size + (WIDER if curve.shades else 0)))
            painter.drawPoints(points)
            if inner:
                painter.setPen(_dot_pen(inner, size - 2))
                painter.drawPoints(points)


def _paint_crosses(painter: QPainter, curve: Curve, foot: float, size: QSizeF) -> None:
    pen = QPen(QColor(curve.colour), THIN)
    pen.setCosmetic(True)
    painter.setPen(pen)
    times = curve.times[curve.quality == NO_DATA]
    painter.drawLines(list(_crosses(times, foot, size.width(), size.height())))


def _line_pen(curve: Curve, width: float) -> QPen:
    pen = QPen(QColor(curve.colour), width, DASHES[curve.order % len(DASHES)])
    pen.setCosmetic(True)
    return pen


def _dot_pen(colour: str, size: float) -> QPen:
    pen = QPen(QColor(colour), size)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setCosmetic(True)
    return pen


def _crosses(times: Floats, foot: float, width: float, height: float) -> Iterator[QLineF]:
    for time in times.tolist():
        yield QLineF(time - width, foot - height, time + width, foot + height)
        yield QLineF(time - width, foot + height, time + width, foot - height)
