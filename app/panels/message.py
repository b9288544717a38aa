"""What is told: as a warning or not, and in one line that ends in … where it is longer than its place."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QStyleOption


def tell(label: QLabel, text: str, warning: bool = False) -> None:
    """In the colour of warnings, or in the label's own."""
    label.setText(text)
    label.setProperty("warning", warning)
    label.style().polish(label)


class Message(QLabel):
    """Holds the whole text; shows what there is room for, and the rest in its tooltip."""

    def setText(self, text: str) -> None:  # noqa: N802 - Qt's name
        super().setText(" ".join(text.splitlines()))  # more lines than one would raise the whole status bar
        self.setToolTip(text)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self.fontMetrics().averageCharWidth() * 8, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter, option = QPainter(self), QStyleOption()
        option.initFrom(self)
        told = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        self.style().drawItemText(
            painter, self.rect(), flags.value, option.palette, self.isEnabled(), told, self.foregroundRole()
        )
