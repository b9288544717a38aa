"""Tables to read scores from: as high as their rows, text left, numbers right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

ROW_HEIGHT, MOST_ROWS = 25, 12


def table() -> QTableWidget:
    """One to read from."""
    made = QTableWidget()
    made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    made.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    made.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
    made.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    made.horizontalHeader().setMinimumSectionSize(38)
    made.setShowGrid(False)
    return made


def fill(made: QTableWidget, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Text left in the first column, numbers right in the others."""
    made.clear()
    made.verticalHeader().hide()
    made.setColumnCount(len(header))
    made.setRowCount(len(rows))
    made.setHorizontalHeaderLabels(list(header))
    for row, cells in enumerate(rows):
        for column, text in enumerate(cells):
            item = QTableWidgetItem(text)
            if column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            made.setItem(row, column, item)
    resize = made.horizontalHeader()
    resize.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    resize.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    fit_height(made)


def fit_height(made: QTableWidget) -> None:
    """As high as its rows, up to a dozen."""
    rows = min(made.rowCount(), MOST_ROWS)
    head = made.horizontalHeader()
    made.setFixedHeight(max(head.sizeHint().height(), head.minimumHeight()) + rows * ROW_HEIGHT + 18)


def tip(made: QTableWidget, row: int, column: int, text: str) -> None:
    """Of a cell; row -1: of the column's header."""
    item = made.horizontalHeaderItem(column) if row < 0 else made.item(row, column)
    if item is not None:
        item.setToolTip(text)


def put(
    made: QTableWidget, row: int, column: int, text: str | None = None, icon: QIcon | None = None
) -> None:
    """Another text or icon of a cell that is there."""
    item = made.item(row, column)
    if item is not None and text is not None:
        item.setText(text)
    if item is not None and icon is not None:
        item.setIcon(icon)


def embolden(made: QTableWidget, row: int, columns: Iterable[int]) -> None:
    """The cells that matter most."""
    for column in columns:
        item = made.item(row, column)
        if item is not None:
            font = item.font()
            font.setBold(True)
            item.setFont(font)
