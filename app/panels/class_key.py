"""Classes and their colours, as many lines as they take."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from phenolens.engine.client.readings import LegendClass
from PySide6.QtWidgets import QLabel, QWidget

MOST, MOST_IN_FULL = 40, 6
"""Names of more classes are cut at what stands in brackets."""


class ClassKey(QLabel):
    """A square in each class's colour, and its name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setAccessibleName(self.tr("Classes that colour"))
        self.hide()

    def set_classes(self, classes: Sequence[LegendClass]) -> None:
        """Without any it isn't to be seen."""
        parts = [_told(one, len(classes) <= MOST_IN_FULL) for one in classes[:MOST]]
        if len(classes) > MOST:
            parts.append(self.tr("and {0} more").format(len(classes) - MOST))
        self.setText(" &nbsp; ".join(parts))
        self.setAccessibleDescription(", ".join(one.name for one in classes))
        self.setVisible(bool(classes))


def _told(one: LegendClass, in_full: bool) -> str:
    name = one.name if in_full else one.name.partition(" (")[0]
    kept = escape(name).replace(" ", "&nbsp;")  # a name isn't parted from its colour
    return f'<span style="color:{one.colour}">■</span>&nbsp;{kept}'
