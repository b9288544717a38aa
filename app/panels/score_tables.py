"""Tables to read scores from: as high as their rows, text left and whole, numbers right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QIcon, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

ROW_HEIGHT, MOST_ROWS, HEAD_LINES = 25, 12, 3
BETWEEN = 8
"""Points between the lines of one row and of the next."""
NARROWEST, SIDE = 46, 104
"""Points: of a column, and of names of rows at most; both take more lines where they are longer."""
WRAPPED = Qt.TextFlag.TextWordWrap
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
        self.horizontalHeader().setMinimumSectionSize(NARROWEST)
        self.verticalHeader().setDefaultAlignment(LEFT | WRAPPED)
        self.verticalHeader().setMaximumWidth(SIDE)
        self.setShowGrid(False)
        self._settled = QTimer(self, singleShot=True, interval=0)
        self._settled.timeout.connect(self.fit_height)
        self.horizontalHeader().sectionResized.connect(lambda *_: self._settled.start())

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

    def head(self, names: Sequence[str], narrowest: int) -> None:
        """Names over columns that share the room, in a few lines; whole in their tooltips."""
        self.setHorizontalHeaderLabels(list(names))
        for column, name in enumerate(names):
            self.tip(-1, column, name)
        heads = self.horizontalHeader()
        heads.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        heads.setMinimumSectionSize(narrowest)
        heads.setDefaultAlignment(Qt.AlignmentFlag.AlignCenter | WRAPPED)
        heads.setFixedHeight(HEAD_LINES * heads.fontMetrics().height() + 8)

    def fit_height(self) -> None:
        """As high as its rows, up to a dozen."""
        for row in range(self.rowCount()):
            needed = max(self.sizeHintForRow(row), self._side_height(row))
            self.setRowHeight(row, max(ROW_HEIGHT, needed + BETWEEN))
        head, bar = self.horizontalHeader(), self.horizontalScrollBar()
        seen = sum(self.rowHeight(row) for row in range(min(self.rowCount(), MOST_ROWS)))
        across = bar.sizeHint().height() if head.length() > self.viewport().width() else 0
        top = max(head.sizeHint().height(), head.minimumHeight())
        self.setFixedHeight(top + seen + across + 2 * self.frameWidth())

    def _side_height(self, row: int) -> int:
        """Of the row's name, where it stands beside the row."""
        side, item = self.verticalHeader(), self.verticalHeaderItem(row)
        if side.isHidden() or item is None:
            return 0
        return side.fontMetrics().boundingRect(0, 0, SIDE - 14, 999, WRAPPED, item.text()).height()

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
