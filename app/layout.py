"""Where the docks are: kept from one time to the next, out of the way of the start page, as tabs on small screens."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise

from PySide6.QtCore import (
    QByteArray,
    QChildEvent,
    QCoreApplication,
    QEvent,
    QObject,
    QPoint,
    QSettings,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QCursor, QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QTabBar

from .arrangement import Arrangement, Size
from .painting import SOON_MS, Painting
from .panels.dock import Dock
from .proportions import proportions_of

LOW = 800
"""Windows lower than this have no room for docks below each other."""
VERSION = 3
"""Of the layouts that are kept: those of another one (other docks, other sizes) are left alone. 1: the map had 27 %; 2:
every arrangement had places of its own for the docks."""
DOCKS = "docks"
"""Where docks lie, in the settings."""
SETTLED_MS = 100
NEAR = 4
"""Points between tabs and the dock below them."""
OUTSIDE = QPoint(-1, -1)
"""Of any tab."""
LEFT, RIGHT, BOTTOM = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)
START, WORK, PLAN = "start", "layout", "planning layout"
"""Arrangements: the start page has the window to itself, an area is chosen with other docks than results are seen."""


class Middle(QStackedWidget):
    """Needs as much room as the page that is shown; Qt's own as much as the largest of all."""

    def __init__(self) -> None:
        super().__init__()
        self.currentChanged.connect(lambda _: self.updateGeometry())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        shown = self.currentWidget()
        return super().minimumSizeHint() if shown is None else shown.minimumSizeHint()


class Layout(QObject):
    """Of one window; made once all docks are there."""

    was_reset = Signal()
    """All docks have come to where they were first."""

    def __init__(
        self, window: QMainWindow, middle: QStackedWidget, docks: list[Dock], settings: QSettings
    ) -> None:
        super().__init__(window)
        self._window, self._middle, self._docks, self._settings = window, middle, docks, settings
        inner = window.layout()
        assert inner is not None  # every main window of Qt's has one
        self._inner = inner
        self._first = window.saveState(VERSION)
        self._usual = Arrangement.first(dock for dock in docks if not dock.isHidden())
        self._now, self._low = START, False
        """In which arrangement docks are; whether those at the left are tabs because the window is low."""
        self._kept = {WORK: self._usual}
        """Arrangements that are not in use."""
        self._sized: set[str] = set()
        """Arrangements whose docks have sizes of the user's, or have been given some."""
        self._planned: list[Dock] = []
        self._size = window.size()
        """Of the window, as docks were last fitted to it."""
        self._squeezed: dict[Qt.DockWidgetArea, int] = {}
        """What docks of an area had, across, before the window became too small for it."""
        self._tidied = QTimer(self, singleShot=True, interval=SETTLED_MS)
        self._tidied.timeout.connect(self._tidy)
        self._fitted = QTimer(self, singleShot=True, interval=SOON_MS)
        """Not at once: Qt may be arranging docks, and have found that the window is too small for them. Before it is
        painted."""
        self._fitted.timeout.connect(self._window_resized)
        self._painting = Painting(window, docks)
        self._restore()
        self._show(())
        for dock in docks:
            dock.resized.connect(self._dock_resized)
            dock.seen_or_hidden.connect(self._tidied.start)  # tabs come and go with it
        for bar in self._bars():
            bar.setMovable(False)
        middle.currentChanged.connect(self._middle_changed)
        window.installEventFilter(self)
        self._tidied.start()  # no tabs can be seen: keys mustn't go to them

    def save(self) -> None:
        self._settings.setValue("geometry", self._window.saveGeometry())
        kept = {**self._kept, self._now: self._here()}
        self._settings.setValue(DOCKS, self._window.saveState(VERSION))
        self._settings.setValue(f"{DOCKS} low", "yes" if self._low else "no")
        for name in self._sized:
            self._settings.setValue(name, kept[name].to_text())

    def reset(self) -> None:
        """As the window was first seen, in two turns of the event loop."""
        self._kept, self._sized = {WORK: self._usual}, set()
        QTimer.singleShot(SOON_MS, self, self._come_again)  # in a turn of its own, and before it is painted
        self._painting.put_off()
        self._arrange(self._first)
        self._low = False

    def _come_again(self) -> None:
        if self._now == START:
            self._show(())
        else:
            self._come(self._now)
        self.was_reset.emit()

    def plan(self, docks: list[Dock]) -> None:
        """Room for these docks alone, until `work`."""
        self._planned = docks
        self._go(PLAN)

    def work(self) -> None:
        """The docks that were there before `plan`."""
        if self._now == PLAN:
            self._go(WORK)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        kind = event.type()
        if isinstance(event, QChildEvent) and kind == QEvent.Type.ChildPolished:
            bar = event.child()  # Qt (6.11) crashes as tabs are moved of a bar that it has let go of
            if isinstance(bar, QTabBar):
                bar.setMovable(False)
        elif kind == QEvent.Type.Resize:
            self._fitted.start()
            self._painting.put_off()
        return False

    def _window_resized(self) -> None:
        if self._now != START:
            self._fit()
            self._widen()
        self._size = self._window.size()

    def _dock_resized(self, dock: Dock, old: QSize, new: QSize) -> None:
        """Qt leaves docks as narrow as a small window made them: what they had is noted, unless the user drags."""
        area = self._window.dockWidgetArea(dock)
        if dock.isFloating() or dock.isHidden() or not old.isValid():
            return
        before, now = _across(area, old), _across(area, new)
        if self._window.size() != self._size and now < before:
            self._squeezed.setdefault(area, before)
        elif QGuiApplication.mouseButtons() and now != before:
            self._squeezed.pop(area, None)

    def _widen(self) -> None:
        """Docks that the window was too small for, as far as there is room again."""
        for area, size in tuple(self._squeezed.items()):
            docks = self._seen(area)
            front = [_across(area, dock.size()) for dock in docks if not dock.visibleRegion().isEmpty()]
            if min(front, default=size) >= size:
                del self._squeezed[area]
                continue
            heights = self._tab_heights()
            tabs = max((heights.get(dock.windowTitle(), 0) for dock in docks), default=0)
            whole = size + (tabs if area == BOTTOM else 0)  # Qt counts them in
            self._window.resizeDocks(docks, [whole] * len(docks), _orientation(area))

    def _restore(self) -> None:
        """What was kept the last time."""
        geometry = self._settings.value("geometry")
        if not isinstance(geometry, QByteArray) or not self._window.restoreGeometry(geometry):
            screen = self._window.screen().availableSize()  # else the status bar may lie below it
            self._window.resize(QSize(1360, 860).boundedTo(screen))
        state = self._settings.value(DOCKS)
        if not isinstance(state, QByteArray) or not self._arrange(state):
            return
        self._low = self._settings.value(f"{DOCKS} low") == "yes"
        for name in (WORK, PLAN):
            kept = Arrangement.read(self._settings.value(name))
            if kept is not None:
                self._kept[name] = kept
                self._sized.add(name)

    def _middle_changed(self) -> None:
        """The start page has the window to itself."""
        at_start = self._middle.currentIndex() == 0
        if at_start and self._now != START:
            self._kept[self._now], self._now = self._here(), START
            self._show(())
        elif not at_start and self._now == START:
            raised = [
                dock for dock in self._docks if dock.isVisible()
            ]  # a step has asked for these meanwhile
            self._come(WORK)
            for dock in raised:
                dock.show()
                dock.raise_()

    def _go(self, name: str) -> None:
        if name == self._now:
            return
        if self._now != START:
            self._kept[self._now] = self._here()
        self._come(name)

    def _come(self, name: str) -> None:
        """Use an arrangement, as it was left or as it is at first."""
        first = self._usual if name == WORK else Arrangement.first(self._planned)
        self._now, kept = name, self._kept.pop(name, first)
        self._painting.put_off()
        self._squeezed.clear()
        self._drop()
        self._show(kept.shown)
        self._fit()
        front = [dock for dock in self._docks if dock.objectName() in kept.sizes and not dock.isFloating()]
        if name in self._sized:
            self._give_sizes(front, kept.sizes)
        else:
            self._share_out()  # before it is painted; some docks have their place in the next turn alone
            QTimer.singleShot(0, self, self._shared_out)
        self._inner.activate()  # before that no dock has a tab that could be raised
        for dock in front:
            dock.raise_()
        self._tidied.start()

    def _show(self, names: Collection[str]) -> None:
        """These docks alone."""
        with self._waiting():
            for dock in self._docks:
                dock.setVisible(dock.objectName() in names)

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """Qt would arrange all docks anew for each one that comes or goes."""
        self._inner.setEnabled(False)
        try:
            yield
        finally:
            self._inner.setEnabled(True)

    def _give_sizes(self, docks: Sequence[Dock], sizes: Mapping[str, Size]) -> None:
        across, down = zip(*(sizes[dock.objectName()] for dock in docks), strict=True) if docks else ((), ())
        self._window.resizeDocks(docks, across, Qt.Orientation.Horizontal)
        self._window.resizeDocks(docks, down, Qt.Orientation.Vertical)

    def _drop(self) -> None:
        """A dock that is being dragged, or the edge of one, as a job that ends or a key asks for another arrangement:
        Qt (6.11) crashes where docks are saved, restored or made tabs meanwhile."""
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        for one in (*self._docks, *self._bars(), self._window):
            released = QMouseEvent(
                QEvent.Type.MouseButtonRelease,
                OUTSIDE,
                QCursor.pos(),
                left,
                none,
                Qt.KeyboardModifier.NoModifier,
            )
            QCoreApplication.sendEvent(one, released)

    def _arrange(self, state: QByteArray) -> bool:
        """Whether Qt could. Tab bars that are left belong to it: it takes them up again, and crashed without them."""
        self._drop()
        with self._waiting():
            return self._window.restoreState(state, VERSION)

    def _bars(self) -> list[QTabBar]:
        return self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)

    def _tab_heights(self) -> dict[str, int]:
        """Of the tabs above docks, by the titles of these."""
        seen = [bar for bar in self._bars() if self._window.rect().intersects(bar.geometry())]
        return {title: bar.height() for bar in seen for title in _titles(bar)}

    def _here(self) -> Arrangement:
        self._drop()
        self._inner.activate()  # docks that came in this turn have no sizes before
        return Arrangement.of(self._docks, self._tab_heights())

    def _shared_out(self) -> None:
        if self._now != START and self._now not in self._sized:
            self._share_out()
            self._sized.add(self._now)

    def _share_out(self) -> None:
        """Room for the map."""
        room, across = proportions_of(self._window.size(), self._now == PLAN), Qt.Orientation.Horizontal
        for area, width in ((LEFT, room.left), (RIGHT, room.right)):
            docks = self._seen(area)
            self._window.resizeDocks(docks, [width] * len(docks), across)
        below, left = self._seen(BOTTOM), self._seen(LEFT)
        self._window.resizeDocks(below, [room.bottom] * len(below), Qt.Orientation.Vertical)
        if len(left) == 2 and not self._low:
            self._window.resizeDocks(left, [3, 2], Qt.Orientation.Vertical)

    def _at(self, area: Qt.DockWidgetArea) -> list[Dock]:
        """Also those that are hidden: they come up beside the others."""
        at = self._window.dockWidgetArea
        return [dock for dock in self._docks if at(dock) == area and not dock.isFloating()]

    def _seen(self, area: Qt.DockWidgetArea) -> list[Dock]:
        return [dock for dock in self._at(area) if not dock.isHidden()]

    def _tidy(self) -> None:
        """Out of sight with tabs that Qt has let go of, but left where they were, as it restored the layout. Not
        hidden: it may take them up again, puts them where they belong then, and doesn't show them."""
        shown = [dock for dock in self._docks if dock.isVisible()]
        tops, titles = [dock.geometry().topLeft() for dock in shown], {dock.windowTitle() for dock in shown}
        bars = self._bars()
        home = [bar for bar in bars if any(_near(top, bar.geometry().bottomLeft()) for top in tops)]
        kept = {_titles(bar) for bar in home}
        for bar in bars:
            stray = bar.count() < 2 or _titles(bar) in kept or titles.isdisjoint(_titles(bar))
            if bar not in home and stray:
                bar.move(-bar.width(), -bar.height())
            seen = self._window.rect().intersects(bar.geometry())
            bar.setFocusPolicy(Qt.FocusPolicy.TabFocus if seen else Qt.FocusPolicy.NoFocus)
            bar.setAccessibleName(", ".join(_titles(bar)))

    def _fit(self) -> None:
        """Side docks below each other where there is room, else as tabs."""
        low = self._window.height() < LOW
        if low == self._low:
            return
        self._low = low
        self._drop()
        left = self._at(LEFT)
        if low:
            for before, dock in pairwise(left):
                if dock not in self._window.tabifiedDockWidgets(before):
                    self._window.tabifyDockWidget(before, dock)
        elif left:
            together = self._window.tabifiedDockWidgets(left[0])
            self._part([dock for dock in left[1:] if dock in together or dock.isHidden()])
        seen = self._seen(LEFT)
        if seen:
            seen[0 if low else min(1, len(seen) - 1)].raise_()

    def _part(self, docks: list[Dock]) -> None:
        """From the first one at the left: these lie below it, as tabs."""
        seen = self._seen(LEFT)
        docks = sorted(docks, key=lambda dock: dock not in seen)
        for dock in docks:
            self._window.removeDockWidget(dock)  # what is split from a tab becomes a tab
        for number, dock in enumerate(docks):
            self._window.addDockWidget(LEFT, dock)
            if number:
                self._window.tabifyDockWidget(docks[0], dock)
            dock.setVisible(dock in seen)
        self._window.resizeDocks(seen[:2], [3, 2][: len(seen)], Qt.Orientation.Vertical)


def _orientation(area: Qt.DockWidgetArea) -> Qt.Orientation:
    """In which the docks of an area are wide or narrow."""
    return Qt.Orientation.Vertical if area == BOTTOM else Qt.Orientation.Horizontal


def _across(area: Qt.DockWidgetArea, size: QSize) -> int:
    return size.height() if area == BOTTOM else size.width()


def _near(one: QPoint, other: QPoint) -> bool:
    return (one - other).manhattanLength() <= NEAR


def _titles(bar: QTabBar) -> tuple[str, ...]:
    return tuple(bar.tabText(number) for number in range(bar.count()))
