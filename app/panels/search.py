"""Searching for what is like some places and unlike others."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..texts import QT_TRANSLATE_NOOP
from .choice_cells import ChoiceCells
from .map_pins import pin_icon
from .swatches import swatch

ROLES = (
    ("", "—"),
    ("like", QT_TRANSLATE_NOOP("SearchPanel", "like this")),
    ("unlike", QT_TRANSLATE_NOOP("SearchPanel", "unlike this")),
)
ROW_HEIGHT, MOST_ROWS = 32, 10


class SearchPanel(QWidget):
    """Each place, and the selection, may be sought or shunned."""

    asked = Signal()
    write_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("search")
        self._places: tuple[tuple[str, str, bool], ...] = ()
        self._names: list[str] = []
        self._roles: dict[str, str] = {}
        self._table = QTableWidget(0, 2)
        self._table.setAccessibleName(self.tr("Places to search by"))
        self._table.horizontalHeader().hide()
        self._table.verticalHeader().hide()
        self._table.setShowGrid(False)
        self._table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._table.horizontalHeader().resizeSection(1, 108)
        self._table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self._table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self._cells = ChoiceCells(
            self._table, 1, {role: self.tr(text) for role, text in ROLES}, self._take_role
        )
        self._empty = QLabel(
            self.tr(
                "Click places on the map (step Explore), or select pixels: they are what is searched by."
            ),
            wordWrap=True,
        )
        self._said = QLabel(wordWrap=True)
        for label in (self._empty, self._said):
            label.setProperty("faint", True)
        self._go, self._write = QPushButton(self.tr("Find what is alike")), QPushButton(self.tr("Write file"))
        self._go.setProperty("primary", True)
        self._go.setToolTip(
            self.tr("Draws how alike every pixel is, in percent of all pixels that are less so")
        )
        self._write.setToolTip(self.tr("The same for the date of the map, as GeoTIFF in the workspace"))
        self._go.clicked.connect(lambda _=False: self.asked.emit())
        self._write.clicked.connect(lambda _=False: self.write_asked.emit())
        buttons = QHBoxLayout()
        buttons.addWidget(self._go, 1)
        buttons.addWidget(self._write)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.addWidget(self._empty)
        column.addWidget(self._table)
        column.addLayout(buttons)
        column.addWidget(self._said)
        column.addStretch(1)
        self.set_places(())

    @property
    def roles(self) -> dict[str, str]:
        """`like` or `unlike` by the name of the place."""
        return {name: self._roles[name] for name in self._names if self._roles.get(name)}

    def set_places(self, places: Sequence[tuple[str, str, bool]]) -> None:
        """Names, colours, and whether they have a pin on the map; sought unless the user says otherwise."""
        before, self._places = self._places, tuple(places)
        self._names = [name for name, *_ in places]
        self._table.setRowCount(len(places))
        for row, place in enumerate(places):
            if place not in before[row : row + 1]:
                self._fill(row, *place)
        self._empty.setVisible(not places)
        self._table.setVisible(bool(places))
        self._table.setFixedHeight(min(len(places), MOST_ROWS) * ROW_HEIGHT + 4)
        self._check()

    def _fill(self, row: int, name: str, colour: str, pinned: bool) -> None:
        item = QTableWidgetItem(pin_icon(colour) if pinned else swatch(colour), name)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        self._table.setItem(row, 0, item)
        role = self._roles.setdefault(name, "like")
        self._table.setItem(row, 1, self._cells.cell(role, self.tr("{0} in the search").format(name)))

    def choose(self, name: str, role: str) -> None:
        self._roles[name] = role
        cell = self._table.item(self._names.index(name), 1) if name in self._names else None
        if cell is not None:
            self._cells.give(cell, role)
        self._check()

    def tell(self, text: str) -> None:
        self._said.setText(text)

    def _take_role(self, row: int, role: str) -> None:
        self._roles[self._names[row]] = role
        self._check()

    def _check(self) -> None:
        possible = "like" in self.roles.values()
        for button in (self._go, self._write):
            button.setEnabled(possible)
