"""Acquisitions as a strip: a lane for each sensor, a bar for each date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

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
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        number = self._at(event.position())
        if number is not None:
            self.chosen.emit(number)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        number = self._at(event.position())
        if number is not None:
            row = self._rows[number]
            seen = "" if row.clear is None else f", {row.clear:.0%} clear"
            out = self.tr(", left out") if row.key in self._left_out else ""
            told = f"{row.sensor.upper()} {row.acquisition.time[:10]}{seen}{out}"
            QToolTip.showText(event.globalPosition().toPoint(), told)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        self._places = []
        if not self._rows:
            return
        painter = QPainter(self)
        times = self._times
        first, span = min(times), (max(times) - min(times)).total_seconds() or 1.0
        lanes = {
            sensor: number
            for number, sensor in enumerate(sorted({row.sensor for row in self._rows}, reverse=True))
        }
        high = (self.height() - 14) / max(1, len(lanes))
        wide = self.width() - MARGIN - 10
        for sensor, lane in lanes.items():
            painter.setPen(QColor(self._theme.faint))
            painter.drawText(QPointF(2, (lane + 1) * high - 3), sensor.upper())
        for row, time in zip(self._rows, times, strict=True):
            x = MARGIN + (time - first).total_seconds() / span * wide
            self._places.append(QRectF(x - 1, lanes[row.sensor] * high, 2, high - 2))
            self._bar(painter, row, self._places[-1])
        self._ends(painter, first, max(times))

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

    def _ends(self, painter: QPainter, first: datetime, last: datetime) -> None:
        painter.setPen(QColor(self._theme.faint))
        painter.drawText(QPointF(MARGIN, self.height() - 2), f"{first:%Y-%m-%d}")
        text = f"{last:%Y-%m-%d}"
        wide = painter.fontMetrics().horizontalAdvance(text)
        painter.drawText(QPointF(self.width() - wide - 4, self.height() - 2), text)

    def _at(self, point: QPointF) -> int | None:
        """The nearest bar of the lane under the mouse, within a few pixels."""
        near = [
            (abs(place.center().x() - point.x()), number)
            for number, place in enumerate(self._places)
            if place.top() <= point.y() <= place.bottom() + 2
        ]
        distance, number = min(near, default=(99.0, -1))
        return number if distance <= 5 else None
