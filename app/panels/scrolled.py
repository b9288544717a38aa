"""Panels that need much height scroll where the window is low."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea, QWidget

TALL = 200
"""Points of height; what needs more scrolls."""


def scrolled(panel: QWidget) -> QWidget:
    """The panel, in a scroll area where it is tall."""
    if panel.minimumSizeHint().height() <= TALL:
        return panel
    return _Scroll(panel)


class _Scroll(QScrollArea):
    """Never narrower than the panel and its scroll bar, also once the panel shows more than at first."""

    def __init__(self, panel: QWidget) -> None:
        super().__init__(widgetResizable=True, frameShape=QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._room = _Room(panel)
        self.setWidget(self._room)
        self._room.widened.connect(self.updateGeometry)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self._room.minimumSizeHint().width() + bar, super().minimumSizeHint().height())


class _Room(QWidget):
    """As small as the panel can be; a scroll area by itself gives texts that wrap the height that they'd like."""

    widened = Signal()
    """Or narrowed: what the panel needs across."""

    def __init__(self, panel: QWidget) -> None:
        super().__init__()
        self._panel, self._width = panel, -1
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
        """Any text that changes asks for another layout; docks get one only where the panel needs another width."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
            before, self._width = self._width, self._panel.minimumSizeHint().width()
            if self._width != before:
                self.widened.emit()
        return False
