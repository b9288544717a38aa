"""Panels that need much height scroll where the window is low."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea, QWidget

TALL = 200
"""Points of height; what needs more scrolls."""


def scrolled(panel: QWidget) -> QWidget:
    """The panel, in a scroll area where it is tall."""
    if panel.minimumSizeHint().height() <= TALL:
        return panel
    scroll = QScrollArea(widgetResizable=True, frameShape=QScrollArea.Shape.NoFrame)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setMinimumWidth(panel.minimumSizeHint().width())
    scroll.setWidget(_Room(panel))
    return scroll


class _Room(QWidget):
    """As small as the panel can be; a scroll area by itself gives texts that wrap the height that they'd like."""

    def __init__(self, panel: QWidget) -> None:
        super().__init__()
        self._panel = panel
        panel.setParent(self)
        panel.installEventFilter(self)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return self._panel.sizeHint()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        smallest, layout = self._panel.minimumSizeHint(), self._panel.layout()
        if layout is None or not layout.hasHeightForWidth():
            return smallest
        height = layout.minimumHeightForWidth(max(self.width(), smallest.width()))
        return QSize(smallest.width(), max(smallest.height(), height))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        self._panel.resize(self.size())
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return False
