"""How a window's room is shared out: the map has the largest part, docks what they need."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtWidgets import QWidget


@dataclass(frozen=True)
class Proportions:
    """Points: widths of the docks at the sides, height of those below."""

    left: int
    right: int
    bottom: int


def proportions_of(window: QSize, planning: bool = False) -> Proportions:
    """Docks grow with the window, but less than the map does; `planning`: a table of acquisitions lies below."""
    right = _between(320, window.width() * 17 // 100, 420)
    if planning:
        return Proportions(_between(250, window.width() * 18 // 100, 290), right, window.height() * 28 // 100)
    return Proportions(
        left=_between(226, window.width() * 14 // 100, 270),
        right=right,
        bottom=_between(172, window.height() * 205 // 1000, 290),
    )


def share_of(pane: QWidget) -> float:
    """Of its window's area, as far as the pane lies in it; none for docks behind another one."""
    if not pane.isVisible():
        return 0.0
    window = pane.window()
    seen = QRect(pane.mapTo(window, QPoint(0, 0)), pane.size()).intersected(window.rect())
    return seen.width() * seen.height() / max(1, window.width() * window.height())


def _between(low: int, value: int, high: int) -> int:
    return max(low, min(value, high))
