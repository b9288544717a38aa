"""Acquisitions as the rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from phenolens.engine.client.sources import Acquisition
from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics

from ..texts import QT_TRANSLATE_NOOP

translate = QCoreApplication.translate  # by this name translators' tools find its texts
COLUMNS = (
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Sensor"),
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Time (UTC)"),
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Clear"),
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Platform"),
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Orbit"),
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Track"),
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Baseline"),
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Provider"),
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "File"),
)
TIPS = (
    QT_TRANSLATE_NOOP(
        "AcquisitionsPanel",
        "Untick an acquisition to leave it out; rows that are chosen together go together",
    ),
    "",
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Share of the area that was seen, by a few windows of it"),
    "",
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Direction of flight"),
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Number of the relative orbit"),
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Processing baseline: from 04.00 on numbers are shifted by 1000"),
    QT_TRANSLATE_NOOP("AcquisitionsPanel", "Which of the data at hand it is from"),
    "",
)
NAMES_FROM = 7
"""Columns from here on may have no room for the whole of their names."""
FILE, MOST_NAMED = 8, 12
"""The column of files, and how many of them are named where the mouse rests."""
DIRECTIONS = {
    "ascending": QT_TRANSLATE_NOOP("AcquisitionsPanel", "↑ ascending"),
    "descending": QT_TRANSLATE_NOOP("AcquisitionsPanel", "↓ descending"),
}
UNSORTED = -1
"""In place of a column: the order in which they were given."""

Cells = list[tuple[str, Any]]
"""Of a row: text and what it is sorted by; numbers and times as such."""
Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()


@dataclass(frozen=True)
class Row:
    """One acquisition; `clear` 0 to 1, None where it isn't known or doesn't apply."""

    sensor: str
    acquisition: Acquisition
    clear: float | None = None
    provider: str = ""
    """What the data are called that it is from."""

    @property
    def keys(self) -> tuple[str, ...]:
        """As the engine names it, of a pass that was merged by each of its scenes: any of them leaves all of it out."""
        times = (self.acquisition.time, *self.acquisition.times)
        return tuple(dict.fromkeys(f"{self.sensor}:{time}" for time in times))


class AcquisitionTable(QAbstractTableModel):
    """Says a cell only when it is drawn: hundreds of rows of items took longer than a user waits. Sorts its rows by
    itself: Qt's sorting model asks for two cells in each comparison, which took 50 ms."""

    ticked = Signal(int, bool)
    """Row, and whether its acquisition is used."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[Row, ...] = ()
        self._cells: list[Cells] = []
        self._left_out: frozenset[str] = frozenset()
        self._by, self._descending = UNSORTED, False
        self._order: list[int] = []
        """Of each row of the table, the number of its acquisition."""

    def set_rows(self, rows: Sequence[Row]) -> None:
        before, rows = self._rows, tuple(rows)
        if rows == before:
            return
        if [row.keys for row in before] == [row.keys for row in rows]:  # more is known of them
            shown = self._cells
            self._keep(rows)
            differing = _differing(shown, self._cells)
            if self._by in differing:
                self._sort_anew()
            self._tell(differing)
            return
        self.beginResetModel()
        self._keep(rows)
        self._order = self._sorted()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._by, self._descending = column, order == Qt.SortOrder.DescendingOrder
        self._sort_anew()

    def _keep(self, rows: tuple[Row, ...]) -> None:
        self._rows, self._cells = rows, [_cells(row) for row in rows]

    def _sorted(self) -> list[int]:
        numbers = range(len(self._rows))
        if self._by == UNSORTED:
            return list(numbers)
        return sorted(numbers, key=lambda number: self._cells[number][self._by][1], reverse=self._descending)

    def _sort_anew(self) -> None:
        """What is chosen goes with its acquisition."""
        self.layoutAboutToBeChanged.emit()
        before, self._order = self._order, self._sorted()
        rows = {number: row for row, number in enumerate(self._order)}
        old = self.persistentIndexList()
        new = [self.index(rows[before[index.row()]], index.column()) for index in old]
        self.changePersistentIndexList(old, new)
        self.layoutChanged.emit()

    def set_left_out(self, keys: frozenset[str]) -> None:
        if keys != self._left_out:
            self._left_out = keys
            self._tell([0])

    def keys(self, row: int) -> tuple[str, ...]:
        """Of the acquisition of a row, as the engine names it."""
        return self._rows[self._order[row]].keys

    def row_of(self, number: int) -> int:
        """Where an acquisition is, of those that were given."""
        return self._order.index(number)

    def longest(self, column: int, rows: int, metrics: QFontMetrics) -> int:
        """Points that the cells of a column need, by its first rows."""
        return max((metrics.horizontalAdvance(cells[column][0]) for cells in self._cells[:rows]), default=0)

    def some_left_out(self) -> bool:
        return not all(self._left_out.isdisjoint(row.keys) for row in self._rows)

    def rowCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(COLUMNS)

    def flags(self, index: Index) -> Qt.ItemFlag:
        usual = super().flags(index)
        return usual | Qt.ItemFlag.ItemIsUserCheckable if index.column() == 0 else usual

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> object:  # noqa: N802 - Qt's name
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return translate("AcquisitionsPanel", COLUMNS[section])
        if role == Qt.ItemDataRole.ToolTipRole and TIPS[section]:
            return translate("AcquisitionsPanel", TIPS[section])
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        number = self._order[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._cells[number][index.column()][0]
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == FILE:
            return _files(self._rows[number].acquisition)
        if role == Qt.ItemDataRole.ToolTipRole and index.column() >= NAMES_FROM:
            return self._cells[number][index.column()][0]
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == 0:
            used = self._left_out.isdisjoint(self._rows[number].keys)
            return Qt.CheckState.Checked if used else Qt.CheckState.Unchecked
        return None

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802 - Qt's name
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != 0:
            return False
        self.ticked.emit(index.row(), Qt.CheckState(value) == Qt.CheckState.Checked)
        return True

    def _tell(self, columns: Sequence[int]) -> None:
        """Cells of these are others."""
        if self._rows and columns:
            self.dataChanged.emit(self.index(0, min(columns)), self.index(len(self._rows) - 1, max(columns)))


def _differing(before: list[Cells], after: list[Cells]) -> list[int]:
    """Columns."""
    return [
        column
        for column in range(len(COLUMNS))
        if any(one[column] != other[column] for one, other in zip(before, after, strict=True))
    ]


def _files(one: Acquisition) -> str:
    """All that it was merged of, a line for each."""
    lines = [*one.sources[:MOST_NAMED], *(["…"] if len(one.sources) > MOST_NAMED else [])]
    if len(one.sources) > 1:
        lines.insert(0, translate("AcquisitionsPanel", "Scenes of one pass, used or left out together:"))
    return "\n".join(lines)


def _cells(row: Row) -> Cells:
    one = row.acquisition
    clear = "" if row.clear is None else f"{row.clear:.0%}"
    direction = translate("AcquisitionsPanel", DIRECTIONS.get(one.orbit_direction or "", ""))
    file = one.sources[0].rpartition("/")[2] if one.sources else ""
    if len(one.sources) > 1:
        file = translate("AcquisitionsPanel", "{} and {} more").format(file, len(one.sources) - 1)
    return [
        (row.sensor.upper(), row.sensor),
        (one.time[:16].replace("T", " ").removesuffix(" 00:00"), one.time),
        (clear, -1.0 if row.clear is None else row.clear),
        (one.platform or "", one.platform or ""),
        (direction, direction),
        ("" if one.relative_orbit is None else str(one.relative_orbit), one.relative_orbit or 0),
        (one.processing_baseline or "", one.processing_baseline or ""),
        (row.provider, row.provider),
        (file, file),
    ]
