"""Curves over time: what was seen is filled, what was filled in between is hollow; a cursor shows the map's date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ..curves import CLEAR, NO_DATA, OBSERVED, Curve, Floats, quality_name, value_near
from ..telling import numeral
from ..theme import Theme
from .curves_item import DASHES, CurvesItem
from .date_axis import date_axis
from .value_axis import ValueAxis

MOST_TOLD = 4
"""Curves in the read-out."""


class SeriesPlot(pg.PlotWidget):
    """Time along x, one unit along y."""

    date_chosen = Signal(int)
    told = Signal(str)
    """What lies under the mouse."""

    def __init__(self, theme: Theme) -> None:
        self._values = ValueAxis()
        super().__init__(axisItems={"bottom": date_axis(), "left": self._values})
        self.setAccessibleName(self.tr("Curves over time"))
        self._theme = theme
        self._times: Floats = np.zeros(0)
        self._date = 0
        self._curves: tuple[Curve, ...] = ()
        self.setBackground(theme.base)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.showGrid(x=True, y=True, alpha=0.12)
        for axis in ("bottom", "left"):
            self.getAxis(axis).setPen(pg.mkPen(theme.line))
            self.getAxis(axis).setTextPen(pg.mkPen(theme.faint))
        self.setMouseEnabled(x=True, y=False)
        self.plotItem.vb.setAutoVisible(y=True)
        self._cursor = pg.InfiniteLine(
            angle=90,
            movable=True,
            pen=pg.mkPen(theme.text, width=1.5),
            hoverPen=pg.mkPen(theme.accent, width=3),
        )
        self._cursor.setZValue(50)
        self._cursor.setCursor(Qt.CursorShape.SizeHorCursor)
        self._cursor.sigDragged.connect(lambda: self._choose(self._cursor.value()))
        self._cursor.sigPositionChangeFinished.connect(lambda: self.set_date(self._date))
        self._cursor.hide()
        self.addItem(self._cursor, ignoreBounds=True)
        self._axis = ""
        self._item = CurvesItem(theme)
        self.addItem(self._item)
        theme.changed.connect(self._item.recolour)
        self.scene().sigMouseClicked.connect(self._clicked)
        self.scene().sigMouseMoved.connect(self._hover)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(360, 130)

    @property
    def curves(self) -> tuple[Curve, ...]:
        return self._curves

    def set_times(self, times: Floats) -> None:
        """Dates of the store, in seconds since 1970: what the cursor can stand on."""
        self._times = times
        self._cursor.setVisible(len(times) > 0)
        if len(times):
            margin = max(86_400.0, 0.02 * (times[-1] - times[0]))
            # the limits first: those of the store before would cut the range off
            self.setLimits(xMin=times[0] - 90 * 86_400, xMax=times[-1] + 90 * 86_400)
            self.setXRange(times[0] - margin, times[-1] + margin, padding=0)

    def set_date(self, date: int) -> None:
        self._date = date
        if date < len(self._times):
            self._cursor.setValue(self._times[date])

    def set_curves(self, curves: Sequence[Curve], axis: str) -> None:
        self._curves = tuple(curves)
        if axis != self._axis:
            self._axis = axis
            self._values.set_name(axis, self._theme.faint)
        self._item.set_curves(self._curves)
        self.enableAutoRange(axis="y")

    def _clicked(self, event: object) -> None:
        if event.button() == Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            self._choose(self._x_of(event.scenePos()))  # type: ignore[attr-defined]

    def _choose(self, time: float) -> None:
        if len(self._times):
            self.date_chosen.emit(int(np.abs(self._times - time).argmin()))

    def _hover(self, position: QPointF) -> None:
        inside = self.plotItem.vb.sceneBoundingRect().contains(position)
        self.told.emit(self._told(self._x_of(position)) if inside and self._curves else "")

    def _x_of(self, scene: QPointF) -> float:
        return float(self.plotItem.vb.mapSceneToView(scene).x())

    def _told(self, time: float) -> str:
        """Of each curve its point nearest to a time; curves of acquisitions don't all have one on the same day."""
        parts, said = [], ""
        for curve in self._curves[:MOST_TOLD]:
            value, quality, nearest = value_near(curve, time)
            shown = quality_name(NO_DATA) if np.isnan(value) else f"{numeral(value, '.3g')} ({quality})"
            day = datetime.fromtimestamp(nearest, UTC).strftime("%Y-%m-%d")
            parts += [day] if day != said else []
            parts.append(f"{curve.owner} {curve.name} {shown}")
            said = day
        more = len(self._curves) - MOST_TOLD
        return "   ".join([*parts, self.tr("and {} more").format(more)] if more > 0 else parts)


class CurveKey(QWidget):
    """How curves are dashed and marked."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._names: tuple[str, ...] = ()
        self.marks: tuple[int, ...] = ()
        """Qualities that points have."""
        self.setAccessibleName(self.tr("Key of the curves"))
        self._time = self.tr("date (UTC)")  # the axis above has no room for a name of its own
        self.setFixedHeight(self.fontMetrics().height() + 4)
        self.setToolTip(
            self.tr(
                "Filled: a clear acquisition saw it that very day. Hollow: told from other days; "
                "the curves of Support say how near the nearest one is. Of acquisitions, hollow: clouds or the "
                "swath's edge left less than half of the polygon's or selection's pixels"
            )
        )

    def set_curves(self, curves: Sequence[Curve]) -> None:
        """Names of their lines, in the order of their dashes, and the marks that occur."""
        names = list(dict.fromkeys(curve.name for curve in curves))
        self._names = tuple(names)
        self.marks = tuple(sorted({int(code) for curve in curves for code in np.unique(curve.quality)}))
        self.setAccessibleDescription(", ".join(names))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(260, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        dash, gap = (26, 14) if self._wide(26, 14) <= self.width() else (16, 7)
        x = 4.0
        for order, name in enumerate(self._names):
            painter.setPen(QPen(QColor(self._theme.text), 1.6, DASHES[order % len(DASHES)]))
            painter.drawLine(QPointF(x, self.height() / 2), QPointF(x + dash, self.height() / 2))
            x = self._text(painter, x + dash + 5, name) + gap
        for code in self.marks:
            self._mark(painter, x + 5, code)
            x = self._text(painter, x + 13, quality_name(code)) + gap
        painter.setPen(QColor(self._theme.faint))
        room = QRectF(x, 0, self.width() - x - 4, self.height())
        if self._names and room.width() > self.fontMetrics().horizontalAdvance(self._time):
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self._time)
        painter.end()

    def _wide(self, dash: int, gap: int) -> int:
        """Points that all of it takes."""
        width = self.fontMetrics().horizontalAdvance
        lines = sum(dash + 5 + width(name) + gap for name in self._names)
        return 4 + lines + sum(13 + width(quality_name(code)) + gap for code in self.marks)

    def _mark(self, painter: QPainter, x: float, code: int) -> None:
        y = self.height() / 2
        painter.setPen(QPen(QColor(self._theme.text), 1.2))
        if code == NO_DATA:
            painter.drawLine(QPointF(x - 3, y - 3), QPointF(x + 3, y + 3))
            painter.drawLine(QPointF(x - 3, y + 3), QPointF(x + 3, y - 3))
            return
        painter.setBrush(QColor(self._theme.text if code in (CLEAR, OBSERVED) else self._theme.base))
        painter.drawEllipse(QPointF(x, y), 3, 3)

    def _text(self, painter: QPainter, x: float, text: str) -> float:
        painter.setPen(QColor(self._theme.faint))
        room = max(0, int(self.width() - x) - 2)
        text = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
        width = self.fontMetrics().horizontalAdvance(text)
        painter.drawText(QRectF(x, 0, width + 2, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
        return x + width
