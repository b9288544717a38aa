"""The dates of a store as bars: how clear each is, which one is shown; keys step, space plays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from ..curves import Floats, seconds
from ..theme import Theme
from .kept_picture import KeptBackground

PLAY_MS = 350
MARGIN, TICKED_MARGIN = 8, 26
HEIGHT = 52
"""Of bars, ticks and names; every point more would be one less for the map."""
TICK = 9
"""Height of a row of acquisitions."""


class DateBar(QWidget):
    """Steps and plays through dates."""

    chosen = Signal(int)
    """Index of a date."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dates")
        self.setAccessibleName(self.tr("Dates"))
        self._back = _button("◂", self.tr("Previous date (←)"), lambda: self.step(-1))
        self._on = _button("▸", self.tr("Next date (→)"), lambda: self.step(1))
        self._play = _button("▶", self.tr("Play (space)"), self.play)
        self._play.setCheckable(True)
        self._label = QLabel()
        self._label.setMinimumWidth(
            self._label.fontMetrics().horizontalAdvance("0000-00-00 (000 of 000)") + 4
        )
        self.strip = DateStrip(theme)
        self.strip.chosen.connect(self.chosen)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 1, 8, 1)
        layout.setSpacing(2)
        for widget in (self._back, self._on, self._play):
            layout.addWidget(widget)
        layout.addSpacing(6)
        layout.addWidget(self._label)
        layout.addWidget(self.strip, 1)
        self._timer = QTimer(self, interval=PLAY_MS)
        self._timer.timeout.connect(lambda: self.step(1, around=True))
        self.set_times(())

    def set_times(self, times: Sequence[str]) -> None:
        """ISO 8601, ascending."""
        self.strip.set_times(times)
        self.stop()
        for button in (self._back, self._on, self._play):
            button.setEnabled(len(times) > 1)
        self.set_date(0)

    def set_date(self, date: int) -> None:
        self.strip.set_date(date)
        times = self.strip.times
        shown = (
            self.tr("{:%Y-%m-%d}  ({} of {})").format(times[date], date + 1, len(times))
            if date < len(times)
            else ""
        )
        self._label.setText(shown)

    def set_clear_shares(self, shares: Sequence[float]) -> None:
        """How much of each date was seen by a clear acquisition, 0 to 1."""
        self.strip.set_clear_shares(shares)

    def set_acquisitions(self, times: Mapping[str, Sequence[str]]) -> None:
        """Times (ISO 8601) of the acquisitions behind the dates, by sensor."""
        self.strip.set_acquisitions(times)

    def step(self, by: int, around: bool = False) -> None:
        count = len(self.strip.times)
        if count:
            date = self.strip.date + by
            self.chosen.emit(date % count if around else max(0, min(count - 1, date)))

    def play(self) -> None:
        """Start, or stop."""
        if self._timer.isActive():
            self.stop()
        elif len(self.strip.times) > 1:
            self._timer.start()
            self._play.setChecked(True)

    def stop(self) -> None:
        self._timer.stop()
        self._play.setChecked(False)

    @property
    def playing(self) -> bool:
        return self._timer.isActive()


class DateStrip(QWidget):
    """A bar for each date, at its place in time."""

    chosen = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.times: list[datetime] = []
        self.date = 0
        self._shares: Sequence[float] = ()
        self._ticks: dict[str, Floats] = {}
        self._seconds = seconds(())
        self._background = KeptBackground(self, self._paint_background)
        theme.changed.connect(self._background.forget)
        self.setMinimumHeight(HEIGHT)
        self.setMinimumWidth(160)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Dates, one bar each"))
        self.setToolTip(
            self.tr(
                "Click a date; ← and → step, space plays. High bars: seen by a clear acquisition within a few days. "
                "Ticks below: acquisitions of Sentinel-2 and Sentinel-1"
            )
        )

    def set_times(self, times: Sequence[str]) -> None:
        self.times = [datetime.fromisoformat(time) for time in times]
        self._seconds = seconds(times)
        self._shares, self._ticks = (), {}
        self._background.forget()

    def set_date(self, date: int) -> None:
        self.date = date
        self.update()

    def set_clear_shares(self, shares: Sequence[float]) -> None:
        self._shares = shares
        self._background.forget()

    def set_acquisitions(self, times: Mapping[str, Sequence[str]]) -> None:
        self._ticks = {sensor: seconds(times[sensor]) for sensor in ("s2", "s1") if times.get(sensor)}
        self._background.forget()

    def x_of(self, date: int) -> float:
        return float(self._x_at(self._seconds[date : date + 1])[0])

    def _x_at(self, times: Floats) -> Floats:
        first, last = self._seconds[0], self._seconds[-1]
        left = TICKED_MARGIN if self._ticks else MARGIN
        return left + (times - first) / ((last - first) or 1.0) * (self.width() - left - MARGIN)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        self._choose(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._choose(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        event.ignore()  # the window's shortcuts step

    def _choose(self, event: QMouseEvent) -> None:
        if self.times:
            x = event.position().x()
            self.chosen.emit(int(np.argmin(np.abs(self._x_at(self._seconds) - x))))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        if not self.times:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._background.draw(painter)
        if self.date < len(self.times):
            self._bar(painter, self.date, self.x_of(self.date), 4, QColor(self._theme.accent))

    def _paint_background(self, painter: QPainter) -> None:
        """All but the chosen date, which lies over its bar here."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        base, across = self._base, self._x_at(self._seconds).tolist()
        self._acquisitions(painter, base + 2)
        painter.setPen(QColor(self._theme.line))
        painter.drawLine(QPointF(8, base + 0.5), QPointF(self.width() - 8, base + 0.5))
        self._years(painter, across)
        for date, x in enumerate(across):
            colour = QColor(self._theme.faint)
            colour.setAlpha(90 + int(120 * self._share(date)))
            self._bar(painter, date, x, 2, colour)

    @property
    def _base(self) -> int:
        """What bars stand on."""
        return self.height() - 16 - (TICK + 1) * len(self._ticks)

    def _share(self, date: int) -> float:
        return self._shares[date] if date < len(self._shares) else 1.0

    def _bar(self, painter: QPainter, date: int, x: float, width: int, colour: QColor) -> None:
        height = 4 + (self._base - 6) * self._share(date)
        painter.fillRect(QRectF(x - width / 2, self._base - height, width, height), colour)

    def _acquisitions(self, painter: QPainter, top: float) -> None:
        """A row of ticks for each sensor."""
        font = painter.font()
        small = QFont(font)
        small.setPixelSize(TICK)
        painter.setFont(small)
        colour = QColor(self._theme.faint)
        for row, (sensor, times) in enumerate(self._ticks.items()):
            y = top + row * (TICK + 1)
            painter.setPen(colour)
            painter.drawText(QPointF(4, y + TICK - 1), sensor.upper())
            x = self._x_at(times)
            here = x[(x >= TICKED_MARGIN - 2) & (x <= self.width() - MARGIN + 2)]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawRects([QRectF(one - 0.5, y + 1, 1, TICK - 3) for one in here.tolist()])
        painter.setFont(font)

    def _years(self, painter: QPainter, across: Sequence[float]) -> None:
        """Months, or years where there are many."""
        painter.setPen(QColor(self._theme.faint))
        months = (self.times[-1] - self.times[0]).days / 30
        metrics = painter.fontMetrics()
        seen, edge, year = "", -100.0, 0
        for time, x in zip(self.times, across, strict=True):
            name = f"{time:%Y}" if months > 20 else f"{time:%b}"
            if name != seen and x > edge:
                seen = name
                if months <= 20 and time.year != year:
                    name = f"{time:%b %Y}"
                wide = metrics.horizontalAdvance(name)
                if x + wide > self.width():
                    return  # half a name says nothing
                painter.drawText(QPointF(x, self.height() - 3), name)
                edge, year = x + wide + 8, time.year


def _button(text: str, tip: str, done: object) -> QToolButton:
    button = QToolButton(text=text, toolTip=tip)
    button.setAccessibleName(tip)
    button.setAutoRaise(True)
    button.clicked.connect(done)
    return button
