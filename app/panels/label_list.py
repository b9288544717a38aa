"""The labels one by one: what they say, as point or polygon, and when they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QIcon, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from ..session import Label, LandClass, Work
from ..telling import numeral
from .swatches import swatch

Index = QModelIndex | QPersistentModelIndex


class LabelList(QTableView):
    """Thousands of labels scroll as quickly as three."""

    removed = Signal(object)
    """Numbers of labels."""
    reclassed = Signal(object, int)
    """Numbers of labels, and the code of the class that they are to be of."""
    shown = Signal(int)
    """The number of one that the map is to show."""
    marked = Signal(bool)
    """Whether any label is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Labels"))
        self.setToolTip(
            self.tr(
                "Double-click shows a label on the map; Delete removes the marked ones, "
                "a right click gives them another class."
            )
        )
        self._rows = _Rows()
        self.setModel(self._rows)
        self.setShowGrid(False)
        self.setWordWrap(False)  # a name that is too long is cut at a letter, not at its first blank
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(22)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(1, 60)
        header.resizeSection(2, 122)  # `until 2019-12-31`
        self.doubleClicked.connect(lambda index: self.shown.emit(index.row()))
        self.selectionModel().selectionChanged.connect(lambda *_: self.marked.emit(bool(self.chosen())))

    def set_work(self, work: Work) -> None:
        """Marked rows stay marked where nothing has changed; the label that was added last is to be seen."""
        before = self._rows.rowCount()
        told = work.labels, {one.code: one for one in work.classes}, work.quantity is None
        if not self._rows.set_labels(*told):
            return
        self.marked.emit(False)
        if before < self._rows.rowCount():
            self.scrollToBottom()

    def chosen(self) -> tuple[int, ...]:
        """Numbers of the marked labels."""
        return tuple(sorted(index.row() for index in self.selectionModel().selectedRows()))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802 - Qt's name
        if self.chosen() and self._rows.of_classes:
            self.class_menu().popup(event.globalPos())

    def class_menu(self) -> QMenu:
        """The classes that the marked labels could be of."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        numbers = self.chosen()
        for one in self._rows.classes.values():
            action = menu.addAction(swatch(one.colour), one.name.replace("&", "&&"))
            action.triggered.connect(lambda _=False, code=one.code: self.reclassed.emit(numbers, code))
        return menu

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.matches(QKeySequence.StandardKey.Delete) or event.key() == Qt.Key.Key_Backspace:
            self.removed.emit(self.chosen())
        else:
            super().keyPressEvent(event)


class _Rows(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self._labels: Sequence[Label] = ()
        self._classes: Mapping[int, LandClass] = {}
        self._icons: dict[str, QIcon] = {}
        self._of_classes = True

    def set_labels(self, labels: Sequence[Label], classes: Mapping[int, LandClass], of_classes: bool) -> bool:
        """Whether these are others than before."""
        if (labels, classes, of_classes) == (self._labels, self._classes, self._of_classes):
            return False
        self.beginResetModel()
        self._labels, self._classes, self._of_classes = labels, classes, of_classes
        self._icons = {one.colour: swatch(one.colour) for one in classes.values()}
        self.endResetModel()
        return True

    @property
    def classes(self) -> Mapping[int, LandClass]:
        """By code."""
        return self._classes

    @property
    def of_classes(self) -> bool:
        return self._of_classes

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's
        return 0 if parent.isValid() else len(self._labels)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's
        return 0 if parent.isValid() else 3

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: N802 - Qt's
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            first = self.tr("class") if self._of_classes else self.tr("value")
            return (first, self.tr("shape"), self.tr("holds"))[section]
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        label = self._labels[index.row()]
        one = self._classes.get(int(label.value)) if self._of_classes else None
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0 and one is not None:
            return self._icons[one.colour]
        if role == Qt.ItemDataRole.ToolTipRole and label.start and label.end:
            return f"{label.start} – {label.end}"
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        said = one.name if one is not None else numeral(label.value, "g")
        shape = self.tr("polygon") if len(label.corners) > 2 else self.tr("point")
        return (said, shape, self._held(label))[index.column()]

    def _held(self, label: Label) -> str:
        if not label.start:
            return self.tr("until {0}").format(label.end) if label.end else self.tr("always")
        if not label.end:
            return self.tr("from {0}").format(label.start)
        year = label.start[:4]
        if (label.start, label.end) == (f"{year}-01-01", f"{year}-12-31"):
            return year
        return label.start if label.start == label.end else f"{label.start} …"
