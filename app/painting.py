"""How the app paints: in the user interface's own thread, and in a turn of its event loop that does little else.

Qt paints a window as soon as it has done what else there was to do, in the same turn; and at once, where an item of a
graphics view changed. A turn that arranged docks or took up an answer then takes twice as long, and keys and clicks
have to wait for both."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from weakref import ref

from PySide6.QtCore import QAbstractEventDispatcher, QCoreApplication, QEvent, QObject, QTimer
from PySide6.QtWidgets import QAbstractItemView, QAbstractScrollArea, QGraphicsView, QWidget
from shiboken6 import isValid

WORKED_S = 0.006
"""A turn that has computed for less is painted in."""
SOON_MS = 1
"""Not 0: such timers wait until there is nothing else to do, which may be long."""
LONGEST_S = 0.04
"""No painting is put off for longer, whatever else there is to do."""


def paint_alone() -> None:
    """Let Qt share out none of its painting among threads; before there is an application.

    It waits for each of them, though other programs may have the processors: up to 52 ms for what takes one (two
    cores, the engine at work)."""
    os.environ.setdefault("QT_NO_GUI_THREADPOOL", "1")


class Painting(QObject):
    """Of one window."""

    def __init__(self, window: QWidget, panes: Sequence[QWidget]) -> None:
        """`panes` are those that may be painted some turns later, their tables and plots last; not what lies in the
        middle: a browser was there maybe, which leaves a black hole."""
        super().__init__(window)
        self._window = window
        self._computed = time.thread_time()
        """Seconds, as the turn began."""
        self._sending = False
        self._since = 0.0
        """Seconds, as painting was put off first."""
        areas = [area for pane in panes for area in pane.findChildren(QAbstractScrollArea)]
        views = [one for one in areas if isinstance(one, QGraphicsView | QAbstractItemView)]
        self._later_ones = [ref(one) for one in (*views, *panes)]
        """Take most of the time, where a window is painted whole; views that are made later are few. Nobody is kept
        from going with the window."""
        self._left: list[ref[QWidget]] = []
        """Of them, those that aren't painted yet, the last one first."""
        self._left_since = 0.0
        self._put_off = QTimer(self, singleShot=True, interval=SOON_MS)
        self._put_off.timeout.connect(self._paint)
        window.installEventFilter(self)
        QAbstractEventDispatcher.instance().awake.connect(self._turn_over)

    def put_off(self) -> None:
        """Paint nothing in this turn, not even what Qt paints at once, as where the window changes its size."""
        self._window.setUpdatesEnabled(False)
        self._later()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() != QEvent.Type.UpdateRequest or self._sending or not self._window.updatesEnabled():
            return False
        if not self._put_off.isActive():
            if not self._has_worked():
                return False
            self._later()
        return True

    def _later(self) -> None:
        if not self._put_off.isActive():
            self._since = time.monotonic()
        self._put_off.start()

    def _has_worked(self) -> bool:
        """Long enough, in this turn, for another one to paint."""
        return time.thread_time() - self._computed > WORKED_S

    def _turn_over(self) -> None:
        self._computed = time.thread_time()

    def _paint(self) -> None:
        if self._has_worked() and time.monotonic() - self._since < LONGEST_S:
            self._put_off.start()
            return
        if not self._window.updatesEnabled():
            self._begin_whole()
        self._paint_what_is_due()
        while self._left and not self._has_worked():
            _let_paint(self._left.pop(), True)
            self._paint_what_is_due()
        if self._left:
            self._put_off.start()

    def _begin_whole(self) -> None:
        """All but the panes, which come after it, in further turns if need be; unless some have waited for long, as
        the window goes on to change."""
        now, waiting = time.monotonic(), bool(self._left)
        if not waiting:
            self._left_since = now
        while self._left:
            _let_paint(self._left.pop(), True)
        if not waiting or now - self._left_since < LONGEST_S:
            self._left = [one for one in self._later_ones if self._can_wait(one())]
        for one in self._left:
            _let_paint(one, False)
        self._window.setUpdatesEnabled(True)

    def _can_wait(self, one: QWidget | None) -> bool:
        return one is not None and isValid(one) and one.isVisible() and one.window() is self._window

    def _paint_what_is_due(self) -> None:
        """Qt (6.11) asks no second time for what came meanwhile and was put off."""
        self._sending = True
        QCoreApplication.sendEvent(self._window, QEvent(QEvent.Type.UpdateRequest))
        self._sending = False


def _let_paint(one: ref[QWidget], may: bool) -> None:
    widget = one()
    if widget is not None and isValid(widget):
        widget.setUpdatesEnabled(may)
