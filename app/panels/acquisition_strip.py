"""Acquisitions as a strip: a lane for each sensor, a bar for each date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from PySide6.QtCore import QPointF, QRectF, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from ..theme import Theme
from .acquisition_table import Row

MARGIN = 34


class AcquisitionStrip(QWidget):
    """A lane for each sensor, a bar for each date: the clearer, the higher and the stronger."""

    chosen = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._rows: tuple[Row, ...] = ()
        self._times: list[datetime] = []
        self._span = datetime.min, datetime.min
        self._left_out: frozenset[str] = frozenset()
        self._places: list[QRectF] = []
        self.setFixedHeight(64)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Dates by sensor; high bars are clear"))
        theme.changed.connect(self.update)

    def set_left_out(self, keys: frozenset[str]) -> None:
        self._left_out = keys
        self.update()

    def set_rows(self, rows: Sequence[Row]) -> None:
        self._rows = tuple(rows)
        self._times = [datetime.fromisoformat(row.acquisition.time) for row in self._rows]
        if self._times:
            self._span = min(self._times), max(self._times)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        number = self._at(event.position())
        if number is not None:
            self.chosen.emit(number)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        number = self._at(event.position())
        if number is not None:
            row = self._rows[number]
            seen = "" if row.clear is None else self.tr(", {:.0%} clear").format(row.clear)
            out = self.tr(", left out") if row.key in self._left_out else ""
            told = f"{row.sensor.upper()} {row.acquisition.time[:10]}{seen}{out}"
            QToolTip.showText(event.globalPosition().toPoint(), told)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        self._places = []
        if not self._rows:
            return
        painter = QPainter(self)
        lanes = {
            sensor: number
            for number, sensor in enumerate(sorted({row.sensor for row in self._rows}, reverse=True))
        }
        high = (self.height() - 14) / max(1, len(lanes))
        self._calendar(painter)
        for sensor, lane in lanes.items():
            painter.setPen(QColor(self._theme.faint))
            painter.drawText(QPointF(2, (lane + 1) * high - 3), sensor.upper())
        for row, time in zip(self._rows, self._times, strict=True):
            x = self._x_at(time)
            self._places.append(QRectF(x - 1, lanes[row.sensor] * high, 2, high - 2))
            self._bar(painter, row, self._places[-1])

    def _x_at(self, time: datetime) -> float:
        first, last = self._span
        share = (time - first) / ((last - first) or timedelta(seconds=1))
        return MARGIN + share * (self.width() - MARGIN - 10)

    def _bar(self, painter: QPainter, row: Row, place: QRectF) -> None:
        share = 0.6 if row.clear is None else row.clear
        colour = QColor(self._theme.accent if row.clear is None or row.clear >= 0.1 else self._theme.faint)
        colour.setAlphaF(0.35 + 0.65 * share if row.clear is not None else 0.8)
        if row.key in self._left_out:
            painter.setPen(QColor(self._theme.warning))
            x = place.center().x()
            painter.drawLine(QPointF(x, place.bottom() - 4), QPointF(x, place.bottom()))
            return
        height = 3 + (place.height() - 3) * share
        painter.fillRect(QRectF(place.left(), place.bottom() - height, place.width(), height), colour)

    def _calendar(self, painter: QPainter) -> None:
        """The first and the last day, and between them months or years, as many as have room."""
        metrics = painter.fontMetrics()
        low = self.height() - metrics.descent()
        start, end = (f"{time:%Y-%m-%d}" for time in self._span)
        free = float(MARGIN + metrics.horizontalAdvance(start) + 8)
        limit = self.width() - 4 - metrics.horizontalAdvance(end)
        faint, line = QColor(self._theme.faint), QColor(self._theme.line)
        painter.setPen(faint)
        painter.drawText(QPointF(MARGIN, low), start)
        if end != start:
            painter.drawText(QPointF(limit, low), end)
        for time in _months(*self._span):
            x, name = self._x_at(time), f"{time:%Y}" if time.month == 1 else f"{time:%b}"
            painter.setPen(line)
            painter.drawLine(QPointF(x, 0), QPointF(x, low - metrics.ascent()))
            if free <= x and x + metrics.horizontalAdvance(name) + 8 <= limit:
                painter.setPen(faint)
                painter.drawText(QPointF(x, low), name)
                free = x + metrics.horizontalAdvance(name) + 8

    def _at(self, point: QPointF) -> int | None:
        """The nearest bar of the lane under the mouse, within a few pixels."""
        near = [
            (abs(place.center().x() - point.x()), number)
            for number, place in enumerate(self._places)
            if place.top() <= point.y() <= place.bottom() + 2
        ]
        distance, number = min(near, default=(99.0, -1))
        return number if distance <= 5 else None


def _months(first: datetime, last: datetime) -> Iterator[datetime]:
    """First days of months, of quarters where there are many, or of years."""
    count = (last - first).days // 30
    step = 1 if count <= 18 else 3 if count <= 60 else 12
    for number in range(first.year * 12 // step, (last.year * 12 + last.month) // step + 1):
        start = datetime(number * step // 12, number * step % 12 + 1, 1, tzinfo=first.tzinfo)
        if first < start < last:
            yield start
