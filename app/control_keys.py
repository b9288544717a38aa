"""Keys that the window has given a meaning of its own, for controls that were reached with the keyboard.

Space plays dates and arrows step through them, also after a click on a layer; but who goes from control to control
with Tab presses buttons with Space, and moves sliders with arrows, as everywhere."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QTabBar,
    QWidget,
)

TABS = (Qt.Key.Key_Tab, Qt.Key.Key_Backtab)
PRESSED = (QAbstractButton, QAbstractItemView, QComboBox)
"""With Space."""
MOVED = (QAbstractButton, QAbstractItemView, QAbstractSlider, QComboBox, QTabBar)
"""With arrows; buttons from one to the next of their group."""
KEYS = {Qt.Key.Key_Space: PRESSED, Qt.Key.Key_Left: MOVED, Qt.Key.Key_Right: MOVED}


class ControlKeys(QObject):
    """Hears of keys before the shortcuts of a window do."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._tabbed = self._by_keys = False
        window.installEventFilter(self)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._focus_changed)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)
            self._tabbed = event.key() in TABS
            plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
            if self._by_keys and plain and isinstance(QApplication.focusWidget(), KEYS.get(event.key(), ())):
                event.accept()
                return True
        return False

    def _focus_changed(self) -> None:
        self._by_keys, self._tabbed = self._tabbed, False
