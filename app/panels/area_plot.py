"""Estimated areas with their intervals, beside what counting pixels would say."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from phenolens.engine.client.sampling import AreaEstimate
from PySide6.QtWidgets import QWidget

from ..sampling import UNITS
from ..theme import Theme

HEIGHT = 200
ASIDE = 0.2
"""Of a count, so that it hides no estimate."""
LONGEST = 10
"""Letters of a class's name below its bar."""


class AreaPlot(pg.PlotWidget):
    """A point with its 95 % interval for each class; the hollow diamond is the map's own count."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(self.tr("Estimated area of each class with its 95 % interval"))
        self.setFixedHeight(HEIGHT)
        self.setMenuEnabled(False)
        self.setMouseEnabled(False, False)
        self.hideButtons()

    def set_estimate(self, found: AreaEstimate) -> None:
        self.clear()
        self._colour()
        known = [one for one in found.classes if one.area.value is not None]
        x = np.arange(len(known), dtype=np.float64)
        area = np.array([one.area.value for one in known], np.float64)
        margin = np.array([one.area.margin95 or 0.0 for one in known])
        low = np.maximum(area - margin, 0)
        high = np.minimum(area + margin, found.whole_area)
        pen = pg.mkPen(self._theme.text, width=1.5)
        self.addItem(pg.ErrorBarItem(x=x, y=area, top=high - area, bottom=area - low, beam=0.18, pen=pen))
        colours = [one.colour or self._theme.accent for one in known]
        dots = {"symbol": "o", "symbolSize": 9, "symbolPen": pen, "pen": None}
        self.plot(x, area, symbolBrush=[pg.mkBrush(c) for c in colours], **dots)
        counted = [one.pixel_count_area for one in known]
        hollow = {"symbol": "d", "symbolSize": 11, "symbolBrush": None, "pen": None}
        ring = pg.mkPen(self._theme.warning, width=2)
        self.plot(x + ASIDE, counted, symbolPen=ring, **hollow)
        names = [one.name if len(one.name) <= LONGEST else f"{one.name[: LONGEST - 1]}…" for one in known]
        self.getAxis("bottom").setTicks([list(zip(x.tolist(), names, strict=True))])
        self.setXRange(-0.6, len(known) - 0.4, padding=0)
        self.setYRange(0, 1.12 * float(max(high.max(initial=0), max(counted, default=0))), padding=0)
        self.setLabel("left", self.tr("area, {0}").format(UNITS.get(found.unit, found.unit)))

    def _colour(self) -> None:
        self.setBackground(self._theme.base)
        self.getAxis("left").setWidth(64)
        for name in ("left", "bottom"):
            axis = self.getAxis(name)
            axis.setPen(pg.mkPen(self._theme.line))
            axis.setTextPen(pg.mkPen(self._theme.faint))
            axis.enableAutoSIPrefix(False)
