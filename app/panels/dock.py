"""Docks, with titles of the app's own."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QGuiApplication,
    QHideEvent,
    QIcon,
    QMouseEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QMainWindow, QToolButton, QWidget

from ..theme import icon_path
from .elided import ElidedLine

ICON = QSize(10, 10)


class Dock(QDockWidget):
    """Tells what becomes of it; a filter would be asked about each of its events, hundreds whenever docks change."""

    resized = Signal(QDockWidget, QSize, QSize)
    """This one, from, to; the first size is invalid as it is seen for the first time."""
    seen_or_hidden = Signal()

    def __init__(self, name: str, title: str, window: QMainWindow) -> None:
        super().__init__(title, window)
        self.setObjectName(f"dock {name}")
        self.setTitleBarWidget(DockTitle(self))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self.resized.emit(self, event.oldSize(), event.size())

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.seen_or_hidden.emit()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self.seen_or_hidden.emit()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        super().closeEvent(event)
        if self.isFloating():  # else it would come back wherever it floated, maybe on a screen that is gone
            QTimer.singleShot(0, self, lambda: self.setFloating(not self.isHidden()))


class DockTitle(QWidget):
    """Name, and buttons that float and close the dock; the dock itself is dragged by it.

    Qt (6.11) opens the files of its icons again whenever a dock with a title of its own is laid out or painted: more
    than a third of the time that another arrangement of docks took."""

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__(dock)
        self._dock = dock
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        name = ElidedLine()
        name.setText(dock.windowTitle())
        name.setProperty("heading", True)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 2, 4, 2)
        row.setSpacing(2)
        row.addWidget(name, 1)
        for kind, told, done in (
            ("float", self.tr("Float {}"), lambda: dock.setFloating(not dock.isFloating())),
            ("close", self.tr("Close {}"), dock.close),
        ):
            button = QToolButton(icon=QIcon(icon_path(f"dock-{kind}")), iconSize=ICON, autoRaise=True)
            button.setObjectName(f"{kind} {dock.objectName()}")
            button.setAccessibleName(told.format(dock.windowTitle()))
            button.setToolTip(told.format(dock.windowTitle()))
            button.setProperty("compact", True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(done)
            row.addWidget(button)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Windows of Wayland can't place themselves: its compositor moves a floating dock."""
        window = self.window().windowHandle()
        if self._dock.isFloating() and window is not None and QGuiApplication.platformName() == "wayland":
            window.startSystemMove()
        else:
            event.ignore()
