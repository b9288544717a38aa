"""The classes of labels: colour, name, how many there are; renamed and recoloured in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QColorDialog,
    QHeaderView,
    QMenu,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from ..session import CLASS_COLOURS, LandClass
from .swatches import swatch

COLOUR, NAME, COUNT = range(3)


class ClassTable(QTableWidget):
    """One row a class; the current row is the class that new labels get."""

    picked = Signal(int)
    """Code."""
    renamed = Signal(int, str)
    recoloured = Signal(int, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self.setAccessibleName(self.tr("Classes"))
        self.setToolTip(self.tr("New labels get the marked class. Double-click a name to change it."))
        self.setHorizontalHeaderLabels(["", self.tr("class"), self.tr("labels")])
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(26)
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column in (COLOUR, COUNT):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self._codes: list[int] = []
        self._filled: dict[int, tuple[LandClass, int]] = {}
        """What rows say: most stay as they are while labels are added."""
        self.itemChanged.connect(self._named)
        self.currentCellChanged.connect(lambda row, *_: self._pick(row))
        self.cellClicked.connect(self._clicked)

    def set_classes(self, classes: Sequence[LandClass], counts: Mapping[int, int], current: int) -> None:
        """The rows; nothing is emitted for them."""
        self.blockSignals(True)
        self._codes = [one.code for one in classes]
        before = self.rowCount()
        self.setRowCount(len(classes))
        for row, one in enumerate(classes):
            wanted = one, counts.get(one.code, 0)
            if self._filled.get(row) != wanted or row >= before:
                self._fill(row, *wanted)
                self._filled[row] = wanted
        if current in self._codes:
            self.setCurrentCell(self._codes.index(current), NAME)
        self.blockSignals(False)

    def rename(self, code: int) -> None:
        """Let the user type the name of a class."""
        if code in self._codes:
            row = self._codes.index(code)
            self.setCurrentCell(row, NAME)
            self.edit(self.model().index(row, NAME))

    @property
    def current_code(self) -> int | None:
        row = self.currentRow()
        return self._codes[row] if 0 <= row < len(self._codes) else None

    def _fill(self, row: int, one: LandClass, count: int) -> None:
        """Cells are kept: one of them may be the one whose change is being told."""
        still = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        colour, name, number = (self._cell(row, column) for column in (COLOUR, NAME, COUNT))
        colour.setFlags(still)
        colour.setIcon(swatch(one.colour))
        colour.setToolTip(self.tr("Change the colour of {0}").format(one.name))
        name.setText(one.name)
        name.setToolTip(self.tr("Code {0} in maps and files").format(one.code))
        number.setFlags(still)
        number.setText(f"{count:,}")
        number.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def _cell(self, row: int, column: int) -> QTableWidgetItem:
        item = self.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            self.setItem(row, column, item)
        return item

    def _pick(self, row: int) -> None:
        if 0 <= row < len(self._codes):
            self.picked.emit(self._codes[row])

    def _named(self, item: QTableWidgetItem) -> None:
        if item.column() == NAME:
            self._filled.pop(item.row(), None)  # a name that is refused is written over
            self.renamed.emit(self._codes[item.row()], item.text().strip())

    def _clicked(self, row: int, column: int) -> None:
        if column == COLOUR:
            self.colour_menu(self._codes[row]).popup(self.viewport().mapToGlobal(self._below(row)))

    def _below(self, row: int) -> QPoint:
        return self.visualRect(self.model().index(row, COLOUR)).bottomLeft()

    def colour_menu(self, code: int) -> QMenu:
        """Colours that any eye tells apart, and any other."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for colour in CLASS_COLOURS:
            action = menu.addAction(swatch(colour), colour)
            action.triggered.connect(lambda _=False, colour=colour: self.recoloured.emit(code, colour))
        menu.addAction(self.tr("Another colour…")).triggered.connect(lambda _=False: self._any_colour(code))
        return menu

    def _any_colour(self, code: int) -> None:
        dialog = QColorDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.colorSelected.connect(lambda colour: self.recoloured.emit(code, colour.name()))
        dialog.open()
