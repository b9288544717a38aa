"""Axes of numbers, and one of values whose name can be read in a low plot too."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt

NUMBERS = 37
"""Points of the screen across that ticks and their numbers take, beside the name."""
TICK_LEVELS = 1
"""Finer ones than the second have no numbers, and the lines of a faint grid that nobody sees; these took longer to draw
than all else of the plot."""
NO_BREAK = "\u00a0"
SMALL = {"font-size": "8pt"}


class NumberAxis(pg.AxisItem):
    """In the unit that it names, not in thousands of it."""

    def __init__(self, side: str) -> None:
        super().__init__(side)
        self.enableAutoSIPrefix(False)
        self.setStyle(maxTickLevel=TICK_LEVELS)

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: N802 - pyqtgraph's name
        """With a true minus sign, as wherever a value is read."""
        return [text.replace("-", "−") for text in super().tickStrings(values, scale, spacing)]


class ValueAxis(NumberAxis):
    """At the left. Its name may reach down beside the axis below, and takes more lines where that isn't enough."""

    def __init__(self) -> None:
        super().__init__("left")
        option = self.label.document().defaultTextOption()
        option.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.label.document().setDefaultTextOption(option)

    def set_name(self, name: str, colour: str) -> None:
        """`quantity, unit`: what a line may not end in is the unit."""
        quantity, comma, unit = name.partition(", ")
        self.setLabel(f"{quantity}{comma}{unit.replace(' ', NO_BREAK)}", color=colour, **SMALL)

    def resizeEvent(self, event: object = None) -> None:  # noqa: N802 - Qt's name
        if self.label is None:  # it is going
            return
        room = self._room()
        self.label.setTextWidth(-1)
        if self.label.boundingRect().width() > room:
            self.label.setTextWidth(room)
        self.setWidth(NUMBERS + self.label.boundingRect().height())
        super().resizeEvent(event)
        self.label.setY(max(self.label.y(), self.label.boundingRect().width()))

    def _updateLabel(self) -> None:  # noqa: N802 - pyqtgraph's name
        """Another name has another length."""
        super()._updateLabel()
        self.resizeEvent()

    def _room(self) -> float:
        plot = self.parentItem()
        return float(self.size().height() if plot is None else plot.boundingRect().height() - self.y())
