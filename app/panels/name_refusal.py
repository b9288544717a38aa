"""Why a class can't be called as was typed, and what can be done about it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget


class NameRefusal(QWidget):
    """A line below the classes that is there while it is needed."""

    joined = Signal(int, int)
    """A code whose labels are to be of the other one's class."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._codes: tuple[int, int] | None = None
        self.why = QLabel(wordWrap=True)
        self.why.setProperty("warning", True)
        self.join = QPushButton(self.tr("Make them one"))
        self.join.setToolTip(
            self.tr("Labels of both become labels of the class that was called so; Undo parts them")
        )
        self.join.clicked.connect(lambda _=False: self._joined())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.why, 1)
        row.addWidget(self.join)
        self.hide()

    def say(self, why: str, codes: tuple[int, int] | None = None) -> None:
        """Nothing, where it is empty; `codes` of two classes that would be called alike: they can be made one."""
        self._codes = codes
        self.why.setText(why)
        self.join.setVisible(codes is not None)
        self.setVisible(bool(why))

    def _joined(self) -> None:
        if self._codes is not None:
            self.joined.emit(*self._codes)
