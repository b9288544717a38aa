"""Keys: none does two things, and the sheet has every one of them, wherever it works."""

from itertools import combinations

from phenolens.app.panels.shortcuts import ShortcutSheet
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QLabel

EVERYWHERE = (Qt.ShortcutContext.WindowShortcut, Qt.ShortcutContext.ApplicationShortcut)


def test_every_key_of_every_panel_is_in_the_sheet(opened, qtbot, look):
    qtbot.keyClick(opened, Qt.Key.Key_F1)
    sheet = opened.findChild(ShortcutSheet)
    shown = {label.text() for label in sheet.findChildren(QLabel)}
    named = [one.text().removesuffix("…") for one in opened.actions() if not one.shortcut().isEmpty()]
    assert [text for text in named if text not in shown and not text.startswith("Layer ")] == []
    told = " ".join(label.text() for label in sheet.findChildren(QLabel) if label.property("keys"))
    for dock in opened.docks.values():
        dock.show()
    keys = [key for one in opened.findChildren(QAction) for key in one.shortcuts()[:2]]
    keys += [shortcut.key() for shortcut in opened.findChildren(QShortcut)]
    assert len(keys) > 25
    missing = {
        key.toString() for key in keys if key.toString(QKeySequence.SequenceFormat.NativeText) not in told
    }
    assert {key for key in missing if not key.isdigit()} == set()
    assert "1 … 9" in told
    look(sheet)
    sheet.reject()
    assert sheet.isHidden()


def test_no_key_does_two_things(window):
    actions = [one for one in window.findChildren(QAction) if one.shortcutContext() in EVERYWHERE]
    assert len(actions) > 20
    keys = [
        (key.toString(), action.text(), other.text())
        for action, other in combinations(actions, 2)
        for key in action.shortcuts()
        if key in other.shortcuts()
    ]
    assert keys == []
