"""The sheet of keys: everything that has a key is in it, wherever the key works."""

from phenolens.app.panels.shortcuts import ShortcutSheet
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QLabel


def test_every_key_of_every_panel_is_in_the_sheet(opened, look):
    next(one for one in opened.actions() if one.text() == "Keys and mouse").trigger()
    sheet = opened.findChild(ShortcutSheet)
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
