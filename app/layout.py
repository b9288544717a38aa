"""Where the docks are: kept from one time to the next, out of the way of the start page, as tabs on small screens."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QByteArray, QEvent, QObject, QPoint, QSettings, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow, QStackedWidget, QTabBar

LOW = 800
"""Windows lower than this have no room for docks below each other."""
VERSION = 1
SETTLED_MS = 100
NEAR = 4
"""Points between tabs and the dock below them."""
LEFT = Qt.DockWidgetArea.LeftDockWidgetArea


class Layout(QObject):
    """Of one window; made once all docks are there."""

    def __init__(
        self, window: QMainWindow, middle: QStackedWidget, docks: list[QDockWidget], settings: QSettings
    ) -> None:
        super().__init__(window)
        self._window, self._middle, self._docks, self._settings = window, middle, docks, settings
        self._first = window.saveState(VERSION)
        self._aside: QByteArray | None = None
        """The layout that comes back when the start page goes."""
        self._low = False
        """Whether the docks at the left are tabs because the window is low."""
        self._tidied = QTimer(self, singleShot=True, interval=SETTLED_MS)
        self._tidied.timeout.connect(self._tidy)
        self._restore()
        middle.currentChanged.connect(self._middle_changed)
        window.installEventFilter(self)
        self._middle_changed()

    def save(self) -> None:
        self._settings.setValue("geometry", self._window.saveGeometry())
        self._settings.setValue("layout", self._aside or self._window.saveState(VERSION))
        self._settings.setValue("low", "yes" if self._low else "no")

    def reset(self) -> None:
        """As the window was first seen."""
        self._low = False
        if self._aside is not None:
            self._aside = self._first
        else:
            self._window.restoreState(self._first, VERSION)
            self._fit()
            self._tidied.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Resize and self._aside is None:
            self._fit()
        return False

    def _restore(self) -> None:
        geometry, layout = self._settings.value("geometry"), self._settings.value("layout")
        if geometry is not None:
            self._window.restoreGeometry(geometry)
        else:
            self._window.resize(1360, 860)
        if layout is not None:
            self._window.restoreState(layout, VERSION)
            self._low = self._settings.value("low") == "yes"

    def _middle_changed(self) -> None:
        """The start page has the window to itself."""
        at_start = self._middle.currentIndex() == 0
        if at_start and self._aside is None:
            self._aside = self._window.saveState(VERSION)
            for dock in self._docks:
                dock.hide()
        elif not at_start and self._aside is not None:
            self._come_back()

    def _come_back(self) -> None:
        raised = [dock for dock in self._docks if dock.isVisible()]  # a step has asked for these meanwhile
        layout, self._aside = self._aside, None
        if layout is not None:
            self._window.restoreState(layout, VERSION)
        for dock in raised:
            dock.show()
            dock.raise_()
        self._fit()
        self._tidied.start()

    def _tidy(self) -> None:
        """Hide tabs that Qt has let go of, but left where they were, as it restored the layout."""
        shown = [dock for dock in self._docks if dock.isVisible()]
        tops, titles = [dock.geometry().topLeft() for dock in shown], {dock.windowTitle() for dock in shown}
        bars = self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        home = [bar for bar in bars if any(_near(top, bar.geometry().bottomLeft()) for top in tops)]
        kept = {_titles(bar) for bar in home}
        for bar in bars:
            stray = bar.count() < 2 or _titles(bar) in kept or titles.isdisjoint(_titles(bar))
            if bar not in home and stray:
                bar.hide()

    def _fit(self) -> None:
        """Side docks below each other where there is room, else as tabs."""
        low = self._window.height() < LOW
        if low == self._low:
            return
        self._low = low
        left = [dock for dock in self._docks if self._side_by_side(dock)]
        for before, dock in pairwise(left):
            together = dock in self._window.tabifiedDockWidgets(before)
            if low and not together:
                self._window.tabifyDockWidget(before, dock)
            elif not low and together:
                self._window.removeDockWidget(dock)  # what is split from a tab becomes a tab
                self._window.addDockWidget(LEFT, dock)
                dock.show()
        if low and left:
            left[0].raise_()

    def _side_by_side(self, dock: QDockWidget) -> bool:
        return self._window.dockWidgetArea(dock) == LEFT and not dock.isFloating() and not dock.isHidden()


def _near(one: QPoint, other: QPoint) -> bool:
    return (one - other).manhattanLength() <= NEAR


def _titles(bar: QTabBar) -> tuple[str, ...]:
    return tuple(bar.tabText(number) for number in range(bar.count()))
