"""Acquisitions as a strip: a lane for each sensor, a bar for each date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from ..curves import Floats
from ..theme import Theme
from .acquisition_table import Row
from .kept_picture import KeptBackground

MARGIN = 34
NEAR = 5
"""Points from a bar that are still on it."""
SHADES = 20
"""Strengths of bars: as many as the eye can tell apart."""
UNKNOWN = 0.6
"""Height of bars of what can't be clear or cloudy, as a share."""


class AcquisitionStrip(QWidget):
    """A lane for each sensor, a bar for each date: the clearer, the higher and the stronger."""

    chosen = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._rows: tuple[Row, ...] = ()
        self._lanes: dict[str, int] = {}
        """Of sensors, from above."""
        self._times, self._lane = np.zeros(0), np.zeros(0, np.intp)
        """Of each acquisition, in seconds since 1970, and which lane it is in."""
        self._span = datetime.min, datetime.min
        self._left_out: frozenset[str] = frozenset()
        self.setFixedHeight(64)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Dates by sensor; high bars are clear"))
        self._picture = KeptBackground(self, self._paint)
        theme.changed.connect(self._picture.forget)

    def set_left_out(self, keys: frozenset[str]) -> None:
        self._left_out = keys
        self._picture.forget()

    def set_rows(self, rows: Sequence[Row]) -> None:
        self._rows = tuple(rows)
        sensors = sorted({row.sensor for row in self._rows}, reverse=True)
        self._lanes = {sensor: lane for lane, sensor in enumerate(sensors)}
        self._lane = np.array([self._lanes[row.sensor] for row in self._rows], np.intp)
        times = [datetime.fromisoformat(row.acquisition.time) for row in self._rows]
        self._times = np.array([time.timestamp() for time in times])
        if times:
            self._span = min(times), max(times)
        self._picture.forget()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        number = self._at(event.position())
        if number is not None:
            self.chosen.emit(number)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        number = self._at(event.position())
        if number is not None:
            row = self._rows[number]
            seen = "" if row.clear is None else self.tr(", {:.0%} clear").format(row.clear)
            out = "" if self._left_out.isdisjoint(row.keys) else self.tr(", left out")
            told = f"{row.sensor.upper()} {row.acquisition.time[:10]}{seen}{out}"
            QToolTip.showText(event.globalPosition().toPoint(), told)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        if self._rows:
            self._picture.draw(QPainter(self))

    def _paint(self, painter: QPainter) -> None:
        self._calendar(painter)
        painter.setPen(QColor(self._theme.faint))
        for sensor, lane in self._lanes.items():
            painter.drawText(QPointF(2, (lane + 1) * self._high - 3), sensor.upper())
        self._bars(painter)

    @property
    def _high(self) -> float:
        """Points of height of a lane."""
        return (self.height() - 14) / max(1, len(self._lanes))

    def _x_at(self, times: Floats) -> Floats:
        first, last = (time.timestamp() for time in self._span)
        return MARGIN + (times - first) / ((last - first) or 1.0) * (self.width() - MARGIN - 10)

    def _bars(self, painter: QPainter) -> None:
        """Those of a colour at once: there may be thousands."""
        bars: dict[float | None, list[QRectF]] = {}
        left_out: list[QLineF] = []
        feet = (self._lane + 1) * self._high - 2
        for row, x, foot in zip(self._rows, self._x_at(self._times).tolist(), feet.tolist(), strict=True):
            if not self._left_out.isdisjoint(row.keys):
                left_out.append(QLineF(x, foot - 4, x, foot))
                continue
            height = 3 + (self._high - 5) * (UNKNOWN if row.clear is None else row.clear)
            shade = None if row.clear is None else int(row.clear * SHADES) / SHADES
            bars.setdefault(shade, []).append(QRectF(x - 1, foot - height, 2, height))
        painter.setPen(QColor(self._theme.warning))
        painter.drawLines(left_out)
        painter.setPen(Qt.PenStyle.NoPen)
        for shade, places in bars.items():
            painter.setBrush(self._colour(shade))
            painter.drawRects(places)

    def _colour(self, clear: float | None) -> QColor:
        colour = QColor(self._theme.accent if clear is None or clear >= 0.1 else self._theme.faint)
        colour.setAlphaF(0.8 if clear is None else 0.35 + 0.65 * clear)
        return colour

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
        months = list(_months(*self._span))
        starts = self._x_at(np.array([time.timestamp() for time in months])).tolist()
        for time, x in zip(months, starts, strict=True):
            name = f"{time:%Y}" if time.month == 1 else f"{time:%b}"
            painter.setPen(line)
            painter.drawLine(QPointF(x, 0), QPointF(x, low - metrics.ascent()))
            if free <= x and x + metrics.horizontalAdvance(name) + 8 <= limit:
                painter.setPen(faint)
                painter.drawText(QPointF(x, low), name)
                free = x + metrics.horizontalAdvance(name) + 8

    def _at(self, point: QPointF) -> int | None:
        """The nearest bar of the lane under the mouse, within a few pixels."""
        tops = self._lane * self._high
        here = (tops <= point.y()) & (point.y() <= tops + self._high)
        away = np.where(here, np.abs(self._x_at(self._times) - point.x()), np.inf)
        return int(away.argmin()) if away.min(initial=np.inf) <= NEAR else None


def _months(first: datetime, last: datetime) -> Iterator[datetime]:
    """First days of months, of quarters where there are many, or of years."""
    count = (last - first).days // 30
    step = 1 if count <= 18 else 3 if count <= 60 else 12
    for number in range(first.year * 12 // step, (last.year * 12 + last.month) // step + 1):
        start = datetime(number * step // 12, number * step % 12 + 1, 1, tzinfo=first.tzinfo)
        if first < start < last:
            yield start
