"""Cells of a table that hold one of a few values, drawn like combo boxes: too many for each to have a real one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QSize, Qt, QTimer
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QComboBox,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionComboBox,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

VALUE = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex


class ChoiceCells(QStyledItemDelegate):
    """Of one column; a click or F2 opens the box, and `chosen` is told the row and the value."""

    def __init__(
        self, table: QTableWidget, column: int, names: Mapping[str, str], chosen: Callable[[int, str], None]
    ) -> None:
        """`names` are those of the values."""
        super().__init__(table)
        self._names, self._chosen = dict(names), chosen
        self._like = QComboBox(table, visible=False)  # its style is what cells are drawn in
        table.setItemDelegateForColumn(column, self)
        table.setEditTriggers(QTableWidget.EditTrigger.EditKeyPressed)
        table.clicked.connect(lambda index: table.edit(index) if index.column() == column else None)

    def cell(self, value: str, told: str) -> QTableWidgetItem:
        """With a value; `told` is its accessible name."""
        cell = QTableWidgetItem()
        cell.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsEditable)
        cell.setData(Qt.ItemDataRole.AccessibleTextRole, told)
        self.give(cell, value)
        return cell

    def give(self, cell: QTableWidgetItem, value: str) -> None:
        cell.setText(self._names[value])
        cell.setData(VALUE, value)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        box = QStyleOptionComboBox()
        box.initFrom(self._like)
        box.rect = option.rect.adjusted(1, 2, -1, -2)
        box.currentText = str(index.data())
        box.state = QStyle.StateFlag.State_Enabled
        style = self._like.style()
        style.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, box, painter, self._like)
        style.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, box, painter, self._like)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 - Qt's name
        return self._like.sizeHint()

    def createEditor(  # noqa: N802 - Qt's name
        self, parent: QWidget, option: QStyleOptionViewItem, index: Index
    ) -> QWidget:
        box = QComboBox(parent)
        for value, name in self._names.items():
            box.addItem(name, value)
        box.setAccessibleName(str(index.data(Qt.ItemDataRole.AccessibleTextRole)))
        box.activated.connect(lambda _: self.commitData.emit(box))
        box.activated.connect(lambda _: self.closeEditor.emit(box))
        QTimer.singleShot(0, box, box.showPopup)
        return box

    def setEditorData(self, editor: QWidget, index: Index) -> None:  # noqa: N802 - Qt's name
        assert isinstance(editor, QComboBox)
        editor.setCurrentIndex(editor.findData(index.data(VALUE)))

    def setModelData(  # noqa: N802 - Qt's name
        self, editor: QWidget, model: QAbstractItemModel, index: Index
    ) -> None:
        assert isinstance(editor, QComboBox)
        value = str(editor.currentData())
        model.setData(index, self._names[value])
        model.setData(index, value, VALUE)
        self._chosen(index.row(), value)
