"""The stores of a workspace, to open one."""

from __future__ import annotations

from collections.abc import Sequence

from phenolens.engine.client.readings import Store
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

Found = tuple[str, Store | None]
"""A store's path, and what it holds where that can be read."""
LETTERS = 32
"""Of a store's name that there is room for; longer ones are whole in their tooltip."""


class StoreList(QDialog):
    """Double click, or Enter, opens."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("stores")
        self.setWindowTitle(self.tr("Open a store"))
        self._stores: tuple[str, ...] = ()
        self._told = QLabel(self.tr("Looking for stores…"), wordWrap=True)
        self._told.setProperty("faint", True)
        self._table = _table((self.tr("Store"), self.tr("Size"), self.tr("Dates"), self.tr("Dimensions")))
        self._table.setAccessibleName(self.tr("Stores of the workspace"))
        self._table.cellActivated.connect(lambda _row, _column: self._choose())
        self._table.itemSelectionChanged.connect(self._enable)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel
        )
        self._buttons.accepted.connect(self._choose)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (self._told, self._table, self._buttons):
            layout.addWidget(widget)
        self.resize(620, 320)
        self._enable()

    def set_stores(self, found: Sequence[Found], shown: str | None) -> None:
        self._stores = tuple(name for name, _ in found)
        self._told.setText(
            "" if found else self.tr("This workspace has no stores yet: open a sample, or compute some.")
        )
        self._told.setVisible(not found)
        self._table.setRowCount(len(found))
        for row, (name, store) in enumerate(found):
            for column, text in enumerate((name, *_described(store))):
                item = QTableWidgetItem(text)
                item.setToolTip("\n".join(part for part in (name, store.title if store else "") if part))
                self._table.setItem(row, column, item)
        self._widen()
        if found:
            self._table.selectRow(self._stores.index(shown) if shown in self._stores else 0)
            self._table.setFocus()

    def say(self, text: str) -> None:
        self._told.setText(text)
        self._told.show()

    def _widen(self) -> None:
        """As all columns need in this font, as far as the screen goes."""
        header = self._table.horizontalHeader()
        needed = [
            max(self._table.sizeHintForColumn(column), header.sectionSizeHint(column))
            for column in range(header.count())
        ]
        needed[0] = min(needed[0], self.fontMetrics().averageCharWidth() * LETTERS)
        layout, bar = self.layout(), self._table.verticalScrollBar().sizeHint().width()
        assert layout is not None
        margins = layout.contentsMargins()
        around = margins.left() + margins.right() + 2 * self._table.frameWidth() + bar
        width = min(sum(needed) + around, self.screen().availableSize().width())
        self.resize(max(self.width(), width), self.height())

    def _choose(self) -> None:
        row = self._table.currentRow()
        if 0 <= row < len(self._stores):
            self.accept()
            self.chosen.emit(self._stores[row])

    def _enable(self) -> None:
        open_button = self._buttons.button(QDialogButtonBox.StandardButton.Open)
        open_button.setEnabled(bool(self._table.selectedItems()))


def _described(store: Store | None) -> tuple[str, str, str]:
    if store is None:
        return "", "", ""
    rows, columns = store.grid.shape
    metres = abs(store.grid.transform[0])
    days = f"{store.times[0][:10]} – {store.times[-1][:10]} ({len(store.times)})" if store.times else ""
    size = f"{columns * metres / 1000:.3g} × {rows * metres / 1000:.3g} km"
    return size + ("" if store.complete else "  (unfinished)"), days, str(store.dims)


def _table(columns: Sequence[str]) -> QTableWidget:
    table = QTableWidget(0, len(columns))
    table.setHorizontalHeaderLabels(columns)
    table.verticalHeader().hide()
    table.setShowGrid(False)
    table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
    table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    table.setTabKeyNavigation(False)
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return table
