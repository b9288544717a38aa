"""The selection of the moment, and the ones that have a name."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QColor
from PySide6.QtWidgets import (
    QColorDialog,
    QGridLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ..selection import Selection
from ..texts import QT_TRANSLATE_NOOP
from .swatches import swatch

EMPTY = QT_TRANSLATE_NOOP(
    "SelectionsPanel", "Nothing is selected. Draw a lasso on the map (L) or in the projection."
)
SHOWN = int(Qt.ItemDataRole.UserRole) + 1
HOWS = (
    (
        "and",
        QT_TRANSLATE_NOOP("SelectionsPanel", "Only where both are"),
        QT_TRANSLATE_NOOP("SelectionsPanel", "Pixels that are in the selection and in this one"),
    ),
    (
        "or",
        QT_TRANSLATE_NOOP("SelectionsPanel", "Add this one"),
        QT_TRANSLATE_NOOP("SelectionsPanel", "Pixels that are in the selection or in this one"),
    ),
    (
        "not",
        QT_TRANSLATE_NOOP("SelectionsPanel", "Take this one away"),
        QT_TRANSLATE_NOOP("SelectionsPanel", "Pixels of the selection that aren't in this one"),
    ),
)


class SelectionsPanel(QWidget):
    """Says what the user wants of selections."""

    lasso_wanted = Signal(bool)
    cleared = Signal()
    saved = Signal()
    shown = Signal(int)
    renamed = Signal(int, str)
    recoloured = Signal(int, str)
    ticked = Signal(int, bool)
    """Number of a named one, and whether it is to be drawn."""
    deleted = Signal(int)
    combined = Signal(int, str)
    """Number of a named one, and how: `and`, `or`, `not`."""
    classes_wanted = Signal()
    labels_wanted = Signal()
    """From the clusters of the map."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("selections")
        self._told = QLabel(self.tr(EMPTY), wordWrap=True)
        self._told.setProperty("faint", True)
        self._told.setAccessibleName(self.tr("Selection"))
        self._list = QListWidget()
        self._list.setAccessibleName(self.tr("Named selections"))
        self._list.setToolTip(self.tr("Double click: select it again. F2: rename. Right click: more"))
        self._list.setEditTriggers(QListWidget.EditTrigger.EditKeyPressed)
        self._list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._list.itemDoubleClicked.connect(lambda item: self.shown.emit(self._list.row(item)))
        self._list.itemChanged.connect(self._item_changed)
        self._list.currentRowChanged.connect(lambda _: self._enable())
        self._list.customContextMenuRequested.connect(self._open_menu)
        self._selected = False
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 8)
        column.setSpacing(5)
        column.addWidget(self._told)
        column.addLayout(self._buttons())
        column.addWidget(self._list, 1)
        self._classes = QPushButton(self.tr("Use clusters as classes"))
        self._classes.setToolTip(
            self.tr("The clusters on the map become the classes that labels and probes use")
        )
        self._classes.clicked.connect(self.classes_wanted)
        self._labels = QPushButton(self.tr("Label by clusters…"))
        self._labels.setToolTip(
            self.tr("Some pixels of each cluster become labels of the class you say it is")
        )
        self._labels.clicked.connect(lambda _=False: self.labels_wanted.emit())
        for button in (self._classes, self._labels):
            button.hide()
            column.addWidget(button)
        self._add_actions()
        self.set_selections(())
        self._enable()

    def _buttons(self) -> QGridLayout:
        self._lasso = QPushButton(self.tr("Lasso"))
        self._lasso.setCheckable(True)
        self._lasso.setToolTip(
            self.tr(
                "Draw around pixels on the map (L): drag, or click corners and end with a double click; Esc stops"
            )
        )
        self._lasso.clicked.connect(self.lasso_wanted)
        self._clear = QPushButton(self.tr("Clear"))
        self._clear.setToolTip(self.tr("Select nothing"))
        self._clear.clicked.connect(self.cleared)
        self._save = QPushButton(self.tr("Save"))
        self._save.setToolTip(self.tr("Give the selection a name and keep it in the list"))
        self._save.clicked.connect(self.saved)
        self._more = QPushButton(self.tr("More"))
        self._more.setToolTip(self.tr("What can be done with the chosen one of the list"))
        grid = QGridLayout()
        grid.setSpacing(4)
        for number, button in enumerate((self._lasso, self._clear, self._save, self._more)):
            button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().verticalPolicy())
            grid.addWidget(button, number // 2, number % 2)
        return grid

    def _add_actions(self) -> None:
        self._menu = QMenu(self)
        self._more.setMenu(self._menu)
        self._act(self.tr("Select it again"), None, self.shown.emit)
        for how, name, tip in HOWS:
            act = self._act(self.tr(name), None, lambda row, how=how: self.combined.emit(row, how))
            act.setToolTip(self.tr(tip))
        self._menu.addSeparator()
        self._act(self.tr("Rename"), "F2", lambda row: self._list.editItem(self._list.item(row)))
        self._act(self.tr("Colour…"), None, self._choose_colour)
        self._act(self.tr("Delete"), "Del", self.deleted.emit)
        self._menu.setToolTipsVisible(True)

    def _act(self, name: str, key: str | None, done: object) -> QAction:
        action = self._menu.addAction(name)
        if key is not None:
            action.setShortcut(key)
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            self._list.addAction(action)
        action.triggered.connect(lambda _=False: self._chosen >= 0 and done(self._chosen))  # type: ignore[operator]
        return action

    @property
    def _chosen(self) -> int:
        return self._list.currentRow()

    @property
    def told(self) -> str:
        return self._told.text()

    def set_count(self, pixels: int | None, hectares: float, follows: bool = False) -> None:
        """Of the selection, on the date shown; None: nothing is selected. `follows`: other dates have other pixels."""
        self._selected = pixels is not None
        if pixels is None:
            self.say(self.tr(EMPTY))
        elif not pixels and follows:
            self.say(self.tr("No pixel is selected on this date; another date may have some."))
        elif not pixels:
            self.say(self.tr("No pixel is selected: an outline takes those whose centres lie in it."))
        else:
            one = self.tr("1 pixel selected on this date, {:,.2f} ha.")
            several = self.tr("{:,} pixels selected on this date, {:,.2f} ha.")
            self.say(one.format(hectares) if pixels == 1 else several.format(pixels, hectares))
        self._enable()

    def say(self, text: str) -> None:
        self._told.setText(text)

    def set_selections(self, selections: Sequence[Selection]) -> None:
        added = len(selections) > self._list.count()
        row = len(selections) - 1 if added else self._chosen
        self._list.blockSignals(True)
        self._list.clear()
        for selection in selections:
            item = QListWidgetItem(swatch(selection.colour), selection.name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if selection.shown else Qt.CheckState.Unchecked)
            item.setData(SHOWN, selection.shown)
            item.setToolTip(self.tr("Ticked: drawn in its colour on map and projection"))
            item.setData(Qt.ItemDataRole.UserRole, selection.colour)
            self._list.addItem(item)
        self._list.setCurrentRow(min(max(row, 0), len(selections) - 1))
        self._list.blockSignals(False)
        self._enable()

    def _item_changed(self, item: QListWidgetItem) -> None:
        """A name, or a tick; who hears of it fills the list anew, which Qt survives only once it is done here."""
        row, shown = self._list.row(item), item.checkState() == Qt.CheckState.Checked
        if shown != item.data(SHOWN):
            QTimer.singleShot(0, self, lambda: self.ticked.emit(row, shown))
        else:
            self.renamed.emit(row, item.text())

    def set_outlining(self, outlining: bool) -> None:
        self._lasso.setChecked(outlining)

    def set_clusters(self, shown: bool) -> None:
        """Whether the map shows clusters."""
        self._classes.setVisible(shown)
        self._labels.setVisible(shown)

    def _enable(self) -> None:
        self._clear.setEnabled(self._selected)
        self._save.setEnabled(self._selected)
        self._more.setEnabled(self._chosen >= 0)
        for action in self._menu.actions()[1 : 1 + len(HOWS)]:
            action.setEnabled(self._selected)

    def _open_menu(self, place: QPoint) -> None:
        if self._list.itemAt(place) is not None:
            self._menu.popup(self._list.viewport().mapToGlobal(place))

    def _choose_colour(self, row: int) -> None:
        before = QColor(self._list.item(row).data(Qt.ItemDataRole.UserRole))
        colour = QColorDialog.getColor(before, self, self.tr("Colour of the selection"))
        if colour.isValid():
            self.recoloured.emit(row, colour.name())
