"""A text that may be long: as high as it needs, and scrolled beyond that."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QWidget

from .message import tell

HIGHEST = 150
"""Points; the rest is scrolled to."""


class ReportText(QScrollArea):
    """Text that can be marked and copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.label = QLabel(wordWrap=True)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.label.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setWidget(self.label)

    def text(self) -> str:
        return self.label.text()

    def set_text(self, text: str, warning: bool) -> None:
        tell(self.label, text, warning)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        width = self.width()
        needed = self.label.heightForWidth(width)
        if needed > HIGHEST:
            needed = self.label.heightForWidth(width - self.verticalScrollBar().sizeHint().width())
        self.setFixedHeight(min(needed + 2, HIGHEST))
