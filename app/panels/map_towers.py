"""Flux towers on the map: a mast for each, and its name below the pointer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainterPath

from ..theme import Theme
from ..tower_sites import Tower
from .map import MapPanel

SIZE, ABOVE = 17, 55
MAST = "#fefefe"
"""Of no theme, so that it stays when the theme changes."""
NEAR = 12
"""Points of the screen between the pointer and the tower that it means."""


class TowerMarks:
    """Over both maps, where there are two side by side."""

    def __init__(self, panel: MapPanel, theme: Theme) -> None:
        self._panel, self._theme = panel, theme
        self._towers: Sequence[Tower] = ()
        self._masts = panel.add_overlays(lambda: pg.ScatterPlotItem(pxMode=True, size=SIZE, symbol=_mast()))
        self._names = panel.add_overlays(lambda: pg.TextItem(anchor=(0.5, 1.45)))
        for mast in self._masts:
            mast.setZValue(ABOVE)
            mast.setEnabled(False)  # clicks go to what lies below
        for name in self._names:
            name.setZValue(ABOVE + 20)
            name.hide()

    @property
    def shown(self) -> tuple[str, ...]:
        """Names of the towers."""
        return tuple(tower.name for tower in self._towers)

    @property
    def named(self) -> str:
        """The name that is shown."""
        return str(self._names[0].toPlainText()) if self._names[0].isVisible() else ""

    def set_towers(self, towers: Sequence[Tower]) -> None:
        self._towers = towers
        self.point_at(None)
        x, y = np.array([(one.column, one.row) for one in towers]).reshape(-1, 2).T
        for mast in self._masts:
            mast.setData(x, y, pen=pg.mkPen("#101010", width=1.2), brush=pg.mkBrush(MAST))

    def point_at(self, place: tuple[float, float] | None) -> None:
        """Name the tower that lies near a place (column, row) of the map."""
        tower = None if place is None else self._near(*place)
        for name in self._names:
            if tower is not None:
                name.setColor(self._theme.text)
                back = QColor(self._theme.window)
                back.setAlpha(230)
                name.fill = pg.mkBrush(back)
                name.setText(tower.told)
                name.setPos(tower.column, tower.row)
            name.setVisible(tower is not None)

    def _near(self, column: float, row: float) -> Tower | None:
        reach = NEAR * self._panel.pixels_per_point
        away = {one: np.hypot(one.column - column, one.row - row) for one in self._towers}
        tower = min(away, key=lambda one: float(away[one]), default=None)
        return tower if tower is not None and away[tower] <= reach else None


def _mast() -> QPainterPath:
    """A tower with the arms of its instruments, of size 1 around its middle."""
    path = QPainterPath()
    for points in (
        ((-0.32, 0.5), (-0.06, -0.5), (0.06, -0.5), (0.32, 0.5), (0.16, 0.5), (0.0, -0.1), (-0.16, 0.5)),
        ((-0.4, -0.38), (0.4, -0.38), (0.4, -0.24), (-0.4, -0.24)),
    ):
        path.moveTo(QPointF(*points[0]))
        for x, y in points[1:]:
            path.lineTo(x, y)
        path.closeSubpath()
    path.setFillRule(path.fillRule().WindingFill)
    return path.simplified()
