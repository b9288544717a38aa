"""The way out of a blank map: a button over it that leads to the nearest date with something to be seen."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QPushButton, QWidget

from .map_overlays import MARGIN

LEAST_SEEN = 0.02
"""Of a layer: with less, the map is as good as blank."""
ABOVE = 62
"""Points from below: the read-out, which says what is missing, lies there."""


class ClearOffer(QPushButton):
    """There while a layer is as good as blank and something else can be offered."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._blank: set[str] = set()
        self._refused: set[str] = set()
        self._aside = self._wanted = False
        self.setObjectName("clear offer")
        self.setAccessibleName(self.tr("Nearest clear date"))
        self.setProperty("primary", True)
        parent.installEventFilter(self)
        self.hide()

    def set_blank(self, slot: str, blank: bool) -> None:
        """Whether a layer has nothing to show on this date."""
        self._refused.discard(slot)
        (self._blank.add if blank else self._blank.discard)(slot)
        self._update()

    def set_refused(self, slot: str) -> None:
        """A layer can't be drawn for another reason, which another date won't mend."""
        self._blank.discard(slot)
        self._refused.add(slot)
        self._update()

    def set_offer(self, text: str, tip: str = "", wanted: bool = False) -> None:
        """What can be done about it, empty: nothing; `wanted`: also where something is drawn (clouds, mostly)."""
        self._wanted = wanted
        self.setText(text)
        if text:
            self.setAccessibleName(text)
        self.setToolTip(tip)
        self._update()

    def set_aside(self, aside: bool) -> None:
        """Whether the second layer has a map of its own."""
        self._aside = aside
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _update(self) -> None:
        wanted = self._blank or (self._wanted and not self._refused)
        self.setVisible(bool(self.text()) and bool(wanted))
        self._place()

    def _place(self) -> None:
        holder = self.parentWidget()
        if holder is None or self.isHidden():
            return
        wanted = self.sizeHint()
        left = MARGIN + (holder.width() // 2 if self._aside and "base" not in self._blank else 0)
        width = min(wanted.width(), holder.width() - left - MARGIN)
        top = max(MARGIN, holder.height() - ABOVE - wanted.height())
        self.setGeometry(left, top, width, wanted.height())
