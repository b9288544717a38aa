"""Light or dark while the window is open: palette, style, and what plots were drawn with before."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QObject, QSettings, QTimer
from PySide6.QtGui import QBrush, QColor, QPen
from PySide6.QtWidgets import QApplication, QGraphicsItem, QWidget
from shiboken6 import isValid

from .settings import appearance
from .theme import Theme, set_colours, theme_named

AT_ONCE = 100
"""Widgets that aren't to be seen, before the user interface answers again."""


class Appearance(QObject):
    """Switches a window between appearances; `auto` follows the desktop."""

    def __init__(self, window: QWidget, theme: Theme, settings: QSettings) -> None:
        super().__init__(window)
        self._window, self._theme, self._settings = window, theme, settings
        self._waiting: list[QWidget] = []
        self._turns = QTimer(self, interval=0)
        self._turns.timeout.connect(self._go_on)
        QApplication.styleHints().colorSchemeChanged.connect(self._desktop_changed)

    def choose(self, name: str) -> None:
        """`auto`, `light` or `dark`, from now on."""
        self._settings.setValue("theme", name)
        self._become(theme_named(name))

    def _desktop_changed(self) -> None:
        if appearance(self._settings) == "auto":
            self._become(theme_named("auto"))

    def _become(self, wanted: Theme) -> None:
        if wanted.name == self._theme.name:
            return
        before = self._theme.colours()
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        set_colours(application, wanted)
        widgets = [self._window, *self._window.findChildren(QWidget)]  # not those of windows that are going
        for widget in widgets:  # one may go while another is polished
            if isValid(widget) and widget.isVisible():
                _polish(widget)
        self._waiting = [widget for widget in widgets if isValid(widget) and not widget.isVisible()]
        self._turns.start()
        changes = {before[name]: colour for name, colour in reversed(wanted.colours().items())}
        for view in self._window.findChildren(pg.GraphicsView):
            _restyle(view, changes)
        self._theme.become(wanted)
        for widget in self._window.findChildren(QWidget):
            widget.update()

    def _go_on(self) -> None:
        """What isn't to be seen comes afterwards, a few at a time: there are five times as many of them."""
        now, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
        for widget in now:
            if isValid(widget):
                _polish(widget)
        if not self._waiting:
            self._turns.stop()


def _polish(widget: QWidget) -> None:
    """The style sheet takes colours from the palette, but keeps what it took."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def _restyle(view: pg.GraphicsView, changes: dict[str, str]) -> None:
    """Theme colours of a plot become those of the other theme; colours of data stay."""
    back = _other(view.backgroundBrush().color(), changes)
    if back is not None:
        view.setBackground(back)
    for item in view.scene().items():
        if isinstance(item, pg.AxisItem):
            item.setPen(_colour(item.pen(), changes))
            item.setTextPen(_colour(item.textPen(), changes))
        elif isinstance(item, pg.InfiniteLine):
            item.setPen(_pen(item.pen, changes))
            item.setHoverPen(_pen(item.hoverPen, changes))
        elif isinstance(item, pg.TextItem):
            item.setColor(_other(item.color, changes) or item.color)
        elif isinstance(item, pg.LabelItem):
            _relabel(item, changes)
        elif isinstance(item, pg.ScatterPlotItem):
            _refill(item, changes)
        elif type(item).__module__.startswith("PySide6"):
            _repaint(item, changes)


def _repaint(item: QGraphicsItem, changes: dict[str, str]) -> None:
    """Shapes of Qt's own."""
    shape: Any = item
    if hasattr(shape, "setPen"):
        shape.setPen(_pen(shape.pen(), changes))
    if hasattr(shape, "setBrush"):
        brush = _other(shape.brush().color(), changes)
        if brush is not None:
            shape.setBrush(QBrush(brush, shape.brush().style()))


def _refill(item: pg.ScatterPlotItem, changes: dict[str, str]) -> None:
    """Marks that are hollow have the colour of the ground."""
    shared = _other(QColor(item.opts["brush"].color()), changes) if item.opts["brush"] is not None else None
    if shared is not None:
        item.setBrush(shared)
    brushes = [brush for brush in item.data["brush"] if brush is not None]
    others = [_other(brush.color(), changes) for brush in brushes]
    if any(others) and len(brushes) == len(item.data):
        item.setBrush(
            [QBrush(other) if other else brush for other, brush in zip(others, brushes, strict=True)]
        )


def _relabel(item: pg.LabelItem, changes: dict[str, str]) -> None:
    colour = item.opts.get("color")
    other = _other(QColor(colour), changes) if isinstance(colour, str) else None
    if other is not None:
        item.setText(item.text, color=other.name())


def _colour(pen: QPen, changes: dict[str, str]) -> QColor:
    return _other(pen.color(), changes) or pen.color()


def _pen(pen: QPen, changes: dict[str, str]) -> QPen:
    changed = QPen(pen)
    changed.setColor(_colour(pen, changes))
    return changed


def _other(colour: QColor, changes: dict[str, str]) -> QColor | None:
    """The same colour of the other theme, as opaque as it was; None for colours that aren't the theme's."""
    other = changes.get(colour.name())
    if other is None:
        return None
    found = QColor(other)
    found.setAlpha(colour.alpha())
    return found
