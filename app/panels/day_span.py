"""A first and a last day to choose."""

from __future__ import annotations

from PySide6.QtCore import QDate, QSignalBlocker, Signal
from PySide6.QtWidgets import QDateEdit, QHBoxLayout, QWidget

DAY = "yyyy-MM-dd"


class DaySpan(QWidget):
    """Two days beside each other, in whichever order they were chosen."""

    changed = Signal()

    def __init__(self, first: str, last: str) -> None:
        """Names of the two, for screen readers."""
        super().__init__()
        self.ends = QDateEdit(), QDateEdit()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for end, name in zip(self.ends, (first, last), strict=True):
            end.setDisplayFormat(DAY)
            end.setCalendarPopup(True)
            end.setKeyboardTracking(False)  # half a date that is being typed is no choice
            end.setAccessibleName(name)
            end.dateChanged.connect(lambda _: self.changed.emit())
            row.addWidget(end, 1)

    @property
    def days(self) -> tuple[str, str]:
        """ISO days, the earlier one first."""
        one, other = (end.date().toString(DAY) for end in self.ends)
        return min(one, other), max(one, other)

    def set_days(self, first: str, last: str) -> None:
        """ISO days; nothing is emitted for them."""
        for end, day in zip(self.ends, (first, last), strict=True):
            with QSignalBlocker(end):
                end.setDate(QDate.fromString(day, DAY))
