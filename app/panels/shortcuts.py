"""The sheet of keys: made of the window's own actions, so that it can't be out of date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

translate = QCoreApplication.translate  # by this name translators' tools find its texts
_NATIVE = QKeySequence.SequenceFormat.NativeText
Rows = Sequence[tuple[str, str]]


def sheet_of(menus: Mapping[str, Sequence[QAction]], others: Sequence[QAction]) -> dict[str, Rows]:
    """(keys, what they do) by menu; keys of no menu, and what the mouse does, come last."""
    sheet: dict[str, Rows] = {}
    for menu, actions in menus.items():
        rows = [(_keys(action), _name(action)) for action in actions if not action.shortcut().isEmpty()]
        if rows:
            sheet[menu] = rows
    rest = [(_keys(action), _name(action)) for action in others if not action.shortcut().isEmpty()]
    sheet[translate("ShortcutSheet", "Without a menu")] = _digits_together(rest)
    sheet[translate("ShortcutSheet", "In lists")] = (
        ("F2", translate("ShortcutSheet", "rename what is chosen")),
        ("Del", translate("ShortcutSheet", "remove what is chosen")),
    )
    sheet[translate("ShortcutSheet", "Mouse on the map")] = (
        (translate("ShortcutSheet", "Drag"), translate("ShortcutSheet", "move the map")),
        (translate("ShortcutSheet", "Wheel"), translate("ShortcutSheet", "closer, further away")),
        (
            translate("ShortcutSheet", "Click"),
            translate("ShortcutSheet", "with Look: read a pixel and its series; with a tool: set a corner"),
        ),
        (
            translate("ShortcutSheet", "Double click"),
            translate("ShortcutSheet", "close an outline, as a click on its first corner does"),
        ),
        (translate("ShortcutSheet", "Right click"), translate("ShortcutSheet", "give up an outline")),
    )
    return {name: rows for name, rows in sheet.items() if rows}


class ShortcutSheet(QDialog):
    """Stays beside the window until it is closed."""

    def __init__(self, sheet: Mapping[str, Rows], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shortcuts")
        self.setWindowTitle(self.tr("Keys and mouse"))
        self.setAccessibleName(self.tr("Keys and mouse"))
        scroll = QScrollArea(widgetResizable=True, frameShape=QScrollArea.Shape.NoFrame)
        scroll.setAccessibleName(self.windowTitle())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(scroll)
        inner = QWidget()
        scroll.setWidget(inner)  # while it is empty: whatever gets another parent gets its style anew
        grid = QGridLayout(inner)
        grid.setColumnStretch(1, 1)
        grid.setHorizontalSpacing(24)
        for heading, rows in sheet.items():
            self._add(grid, heading, rows)
        grid.setRowStretch(grid.rowCount(), 1)
        self.resize(560, 640)

    def _add(self, grid: QGridLayout, heading: str, rows: Rows) -> None:
        title = QLabel(heading)
        title.setProperty("heading", True)
        title.setContentsMargins(0, 10, 0, 2)
        grid.addWidget(title, grid.rowCount(), 0, 1, 2)
        for keys, done in rows:
            row = grid.rowCount()
            shown = QLabel(keys)
            shown.setProperty("keys", True)
            grid.addWidget(shown, row, 0)
            grid.addWidget(QLabel(done, wordWrap=True), row, 1)


def _keys(action: QAction) -> str:
    return ",  ".join(keys.toString(_NATIVE) for keys in action.shortcuts()[:2])


def _name(action: QAction) -> str:
    return action.text().replace("&", "").removesuffix("…")


def _digits_together(rows: list[tuple[str, str]]) -> Rows:
    """`1 … 9  the layer of that number` instead of nine rows."""
    digits = [row for row in rows if row[0].isdigit()]
    others = [row for row in rows if not row[0].isdigit()]
    if len(digits) < 3:
        return rows
    return [
        (f"{digits[0][0]} … {digits[-1][0]}", translate("ShortcutSheet", "show the layer of that number")),
        *others,
    ]
