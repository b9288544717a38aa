"""Acquisitions over the chosen area: a strip by date and cloud, and a table."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from phenolens.engine.client.sources import Acquisition
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from ..texts import QT_TRANSLATE_NOOP
from ..theme import Theme

COLUMNS = (
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Sensor"),
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Time (UTC)"),
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Clear"),
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Platform"),
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Orbit"),
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Track"),
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Baseline"),
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "File"),
)
TIPS = (
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Untick an acquisition to leave it out"),
    "",
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Share of the area that was seen, by a few windows of it"),
    "",
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Direction of flight"),
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Number of the relative orbit"),
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Processing baseline: from 04.00 on numbers are shifted by 1000"),
    "",
)
CLEAR = 2
"""Of the columns, the one that is filled in later."""
MARGIN = 34
KEY = Qt.ItemDataRole.UserRole + 2


@dataclass(frozen=True)
class Row:
    """One acquisition; `clear` 0 to 1, None where it isn't known or doesn't apply."""

    sensor: str
    acquisition: Acquisition
    clear: float | None = None

    @property
    def key(self) -> str:
        """As the engine names it."""
        return f"{self.sensor}:{self.acquisition.time}"


class AcquisitionsPanel(QWidget):
    """Sortable by any column; what is unticked isn't used."""

    ticked = Signal(str, bool)
    """Key of an acquisition, and whether it is used."""
    all_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("acquisitions")
        self._left_out: frozenset[str] = frozenset()
        self.strip = AcquisitionStrip(theme)
        self.strip.chosen.connect(self._reveal)
        self.table = QTableWidget(0, len(COLUMNS))
        self.table.setAccessibleName(self.tr("Acquisitions"))
        for column, tip in enumerate(TIPS):
            header = QTableWidgetItem(self.tr(COLUMNS[column]))
            header.setToolTip(self.tr(tip) if tip else "")
            self.table.setHorizontalHeaderItem(column, header)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        self.table.setShowGrid(False)
        self.table.setAlternatingRowColors(True)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.horizontalHeader().setSectionResizeMode(len(COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)
        self.table.itemChanged.connect(self._tick)
        self._all = QToolButton(text=self.tr("Use all"), toolTip=self.tr("Tick every acquisition again"))
        self._all.clicked.connect(self.all_wanted)
        self._told = QLabel(wordWrap=True)
        self._told.setProperty("faint", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        self._told.setAlignment(Qt.AlignmentFlag.AlignTop)
        top = QHBoxLayout()
        top.addWidget(self._told, 1)
        top.addWidget(self._all, alignment=Qt.AlignmentFlag.AlignTop)
        layout.addLayout(top)
        layout.addWidget(self.strip)
        layout.addWidget(self.table, 1)
        self._rows: tuple[Row, ...] = ()
        self.set_rows((), "")

    def set_left_out(self, keys: Collection[str]) -> None:
        """Those that aren't used."""
        self._left_out = frozenset(keys)
        self.strip.set_left_out(self._left_out)
        self.table.blockSignals(True)
        here = False
        for place in range(self.table.rowCount()):
            item = self.table.item(place, 0)
            if item is not None:
                out = item.data(KEY) in self._left_out
                here = here or out
                item.setCheckState(Qt.CheckState.Unchecked if out else Qt.CheckState.Checked)
        self.table.blockSignals(False)
        self._all.setVisible(here)

    def set_rows(self, rows: Sequence[Row], told: str) -> None:
        """All of them, and a line above that says what they are."""
        empty = self.tr("Choose an area that data at hand cover: its acquisitions are listed here.")
        self._told.setText(told or empty)
        for widget in (self.strip, self.table):
            widget.setVisible(bool(rows))
        self.strip.set_rows(rows)
        before, self._rows = self._rows, tuple(rows)
        self.table.blockSignals(True)
        self.table.setSortingEnabled(False)
        if [row.key for row in before] == [row.key for row in rows]:
            self._fill_clear()
        else:
            self._fill()
        self.table.setSortingEnabled(True)
        self.table.blockSignals(False)
        self.set_left_out(self._left_out)
        for column in range(len(COLUMNS) - 1):
            self.table.resizeColumnToContents(column)

    def _fill(self) -> None:
        self.table.setRowCount(len(self._rows))
        for number, row in enumerate(self._rows):
            for column, (text, key) in enumerate(_cells(row)):
                item = _Cell(text)
                item.setData(Qt.ItemDataRole.UserRole, key)
                item.setData(Qt.ItemDataRole.UserRole + 1, number)
                item.setData(KEY, row.key)
                self.table.setItem(number, column, item)

    def _fill_clear(self) -> None:
        """The same acquisitions, of which more is known: hundreds of rows take long to make."""
        for place in range(self.table.rowCount()):
            item = self.table.item(place, CLEAR)
            if item is not None:
                text, key = _cells(self._rows[item.data(Qt.ItemDataRole.UserRole + 1)])[CLEAR]
                item.setText(text)
                item.setData(Qt.ItemDataRole.UserRole, key)

    def _tick(self, item: QTableWidgetItem) -> None:
        if item.column() == 0:
            self.ticked.emit(str(item.data(KEY)), item.checkState() == Qt.CheckState.Checked)

    def _reveal(self, number: int) -> None:
        for place in range(self.table.rowCount()):
            item = self.table.item(place, 0)
            if item is not None and item.data(Qt.ItemDataRole.UserRole + 1) == number:
                self.table.selectRow(place)
                self.table.scrollToItem(item)


class _Cell(QTableWidgetItem):
    """Sorted by its number or time, not by its text."""

    def __lt__(self, other: QTableWidgetItem) -> bool:
        role = Qt.ItemDataRole.UserRole
        return bool(self.data(role) < other.data(role))


class AcquisitionStrip(QWidget):
    """A lane for each sensor, a bar for each date: the clearer, the higher and the stronger."""

    chosen = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._rows: tuple[Row, ...] = ()
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
        times = [datetime.fromisoformat(row.acquisition.time) for row in self._rows]
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


def _cells(row: Row) -> list[tuple[str, object]]:
    """Text and what it is sorted by."""
    one = row.acquisition
    clear = "" if row.clear is None else f"{row.clear:.0%}"
    direction = {"ascending": "↑ ascending", "descending": "↓ descending"}.get(one.orbit_direction or "", "")
    file = one.sources[0].rpartition("/")[2] if one.sources else ""
    more = f" and {len(one.sources) - 1} more" if len(one.sources) > 1 else ""
    return [
        (row.sensor.upper(), row.sensor),
        (one.time[:16].replace("T", " ").removesuffix(" 00:00"), one.time),
        (clear, -1.0 if row.clear is None else row.clear),
        (one.platform or "", one.platform or ""),
        (direction, direction),
        ("" if one.relative_orbit is None else str(one.relative_orbit), one.relative_orbit or 0),
        (one.processing_baseline or "", one.processing_baseline or ""),
        (file + more, file),
    ]
