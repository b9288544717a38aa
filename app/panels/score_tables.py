"""Tables to read scores from: as high as their rows, text left and whole, numbers right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

ROW_HEIGHT, MOST_ROWS = 25, 12
BETWEEN = 8
"""Points between the lines of one row and of the next."""
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ScoreTable(QTableWidget):
    """One to read from; texts that are longer than their column take more lines."""

    def __init__(self) -> None:
        super().__init__()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.horizontalHeader().setMinimumSectionSize(38)
        self.setShowGrid(False)

    def fill(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Text left in the first column, numbers right in the others."""
        self.clear()
        self.verticalHeader().hide()
        self.setColumnCount(len(header))
        self.setRowCount(len(rows))
        for column, text in enumerate(header):
            self.setHorizontalHeaderItem(column, cell(text, RIGHT if column else LEFT))
        for row, cells in enumerate(rows):
            for column, text in enumerate(cells):
                self.setItem(row, column, cell(text, RIGHT if column else LEFT))
        resize = self.horizontalHeader()
        resize.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        resize.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.fit_height()

    def fit_height(self) -> None:
        """As high as its rows, up to a dozen."""
        for row in range(self.rowCount()):
            self.setRowHeight(row, max(ROW_HEIGHT, self.sizeHintForRow(row) + BETWEEN))
        head, bar = self.horizontalHeader(), self.horizontalScrollBar()
        seen = sum(self.rowHeight(row) for row in range(min(self.rowCount(), MOST_ROWS)))
        across = bar.sizeHint().height() if head.length() > self.viewport().width() else 0
        top = max(head.sizeHint().height(), head.minimumHeight())
        self.setFixedHeight(top + seen + across + 2 * self.frameWidth())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.fit_height()

    def tip(self, row: int, column: int, text: str) -> None:
        """Of a cell; row -1: of the column's header."""
        item = self.horizontalHeaderItem(column) if row < 0 else self.item(row, column)
        if item is not None:
            item.setToolTip(text)

    def put(self, row: int, column: int, text: str | None = None, icon: QIcon | None = None) -> None:
        """Another text or icon of a cell that is there."""
        item = self.item(row, column)
        if item is not None and text is not None:
            item.setText(text)
        if item is not None and icon is not None:
            item.setIcon(icon)

    def embolden(self, row: int, columns: Iterable[int]) -> None:
        """The cells that matter most."""
        for column in columns:
            item = self.item(row, column)
            if item is not None:
                font = item.font()
                font.setBold(True)
                item.setFont(font)
        self.fit_height()


def cell(text: str, alignment: Qt.AlignmentFlag = RIGHT) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    item.setTextAlignment(alignment)
    return item
