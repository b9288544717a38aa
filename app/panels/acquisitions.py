"""Acquisitions over the chosen area: a strip by date and cloud, and a table."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import QCoreApplication, QEvent, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QLabel, QTableView, QToolButton, QVBoxLayout, QWidget

from ..theme import Theme
from .acquisition_strip import AcquisitionStrip
from .acquisition_table import COLUMNS, AcquisitionTable, Row

MEASURED = 20
"""Rows that the widths of columns are taken from."""
AROUND, BESIDE, BOX, WIDEST = 20, 14, 22, 130
"""Points of a column: beside its head, beside a cell's text, for a box to tick, and at most."""


class _Ticks(QTableView):
    """Keeps the space bar, which plays the dates elsewhere, for its boxes."""

    def event(self, event: QEvent) -> bool:
        key = event.key() if isinstance(event, QKeyEvent) else None
        if event.type() == QEvent.Type.ShortcutOverride and key == Qt.Key.Key_Space:
            event.accept()
            return True
        return super().event(event)


class AcquisitionsPanel(QWidget):
    """Sortable by any column; what is unticked isn't used."""

    ticked = Signal(object, bool)
    """Keys of acquisitions, and whether they are used."""
    all_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("acquisitions")
        self.strip = AcquisitionStrip(theme)
        self.strip.chosen.connect(self._reveal)
        self._model = AcquisitionTable(self)
        self._model.ticked.connect(self._tick)
        self.table = self._make_table()
        self._all = QToolButton(text=self.tr("Use all"), toolTip=self.tr("Tick every acquisition again"))
        self._all.clicked.connect(self.all_wanted)
        self._told = QLabel(wordWrap=True)
        self._told.setProperty("faint", True)
        self._told.setAlignment(Qt.AlignmentFlag.AlignTop)
        top = QHBoxLayout()
        top.addWidget(self._told, 1)
        top.addWidget(self._all, alignment=Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addLayout(top)
        layout.addWidget(self.strip)
        layout.addWidget(self.table, 1)
        self.set_rows((), "")

    def set_left_out(self, keys: Collection[str]) -> None:
        """Those that aren't used."""
        self.strip.set_left_out(frozenset(keys))
        self._model.set_left_out(frozenset(keys))
        self._all.setVisible(self._model.some_left_out())

    def set_rows(self, rows: Sequence[Row], told: str) -> None:
        """All of them, and a line above that says what they are."""
        empty = self.tr("Choose an area that data at hand cover: its acquisitions are listed here.")
        self._told.setText(told or empty)
        for widget in (self.strip, self.table):
            widget.setVisible(bool(rows))
        self.strip.set_rows(rows)
        self._model.set_rows(rows)
        self._all.setVisible(self._model.some_left_out())
        self._share_width()

    def _share_width(self) -> None:
        """Each column what it needs, but names no more than their share; Qt keeps room for an arrow in each head.

        By the texts alone: Qt would ask the table for every role of a cell."""
        metrics, cells = QFontMetrics(self.table.horizontalHeader().font()), QFontMetrics(self.table.font())
        for column, name in enumerate(COLUMNS[:-1]):
            head = metrics.horizontalAdvance(QCoreApplication.translate("AcquisitionsPanel", name))
            longest = self._model.longest(column, MEASURED, cells) + (BOX if column == 0 else 0)
            needed = max(head + AROUND, longest + BESIDE)
            self.table.setColumnWidth(column, min(needed, WIDEST))

    def _make_table(self) -> QTableView:
        table = _Ticks()
        table.setModel(self._model)
        table.setAccessibleName(self.tr("Acquisitions"))
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.setSectionResizeMode(len(COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        table.setSortingEnabled(True)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setAlternatingRowColors(True)
        table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        table.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
        return table

    def _tick(self, row: int, used: bool) -> None:
        """One alone, or all chosen rows where it is one of them."""
        places = self.table.selectionModel().selectedRows()
        chosen = {place.row() for place in places}
        rows = sorted(chosen) if row in chosen else [row]
        self.ticked.emit([key for one in rows for key in self._model.keys(one)], used)

    def _reveal(self, number: int) -> None:
        place = self._model.index(self._model.row_of(number), 0)
        self.table.selectRow(place.row())
        self.table.scrollTo(place)
