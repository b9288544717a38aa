"""The titles of docks."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QMouseEvent
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QToolButton, QWidget

from ..theme import icon_path
from .elided import ElidedLine

ICON = QSize(10, 10)


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
