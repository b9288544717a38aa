"""Plots of a validation: predicted against reference, and what more labels would bring."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QWidget

from ..report import METRICS, CurvePoint, Held, Report
from ..theme import Theme

MOST_POINTS = 20_000


class _Plot(pg.PlotWidget):
    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(name)
        self.setBackground(theme.base)
        self.setMinimumHeight(240)
        self.setMenuEnabled(False)
        self.hideButtons()
        for axis in ("left", "bottom"):
            self.getAxis(axis).setPen(pg.mkPen(theme.line))
            self.getAxis(axis).setTextPen(pg.mkPen(theme.faint))
            self.getAxis(axis).enableAutoSIPrefix(False)


class ScatterPlot(_Plot):
    """Held-out samples; the dashed line is where prediction and reference agree."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "Predicted against reference", parent)

    def set_samples(self, held: Sequence[Held], report: Report) -> None:
        self.clear()
        step = max(1, -(-len(held) // MOST_POINTS))
        x = np.array([one.reference for one in held[::step]])
        y = np.array([one.predicted for one in held[::step]])
        if not len(x):
            return
        low, high = float(min(x.min(), y.min())), float(max(x.max(), y.max()))
        dashes = pg.mkPen(self._theme.faint, width=1, dash=[4, 4])
        self.plot([low, high], [low, high], pen=dashes)
        colour = pg.mkColor(self._theme.accent)
        colour.setAlpha(110)
        self.plot(x, y, pen=None, symbol="o", symbolSize=5, symbolPen=None, symbolBrush=colour)
        name = str(report.response.get("name", "value"))
        unit = f", {report.unit}" if report.unit else ""
        self.setLabel("bottom", f"{name}, measured{unit}")
        self.setLabel("left", f"{name}, predicted{unit}")


class CurvePlot(_Plot):
    """The score by how much was trained on; bars are the spread over draws."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "Learning curve", parent)

    def set_points(self, points: Sequence[CurvePoint], metric: str) -> None:
        self.clear()
        if not points:
            return
        x = np.log10([point.amount for point in points])
        y, spread = np.array([p.score for p in points]), np.array([p.spread for p in points])
        bars = pg.ErrorBarItem(x=x, y=y, height=2 * spread, beam=0.02, pen=pg.mkPen(self._theme.accent))
        self.addItem(bars)
        pen = pg.mkPen(self._theme.accent, width=2)
        self.plot(x, y, pen=pen, symbol="o", symbolSize=7, symbolPen=None, symbolBrush=self._theme.accent)
        ticks = [(place, f"{point.amount:,}") for place, point in zip(x, points, strict=True)]
        self.getAxis("bottom").setTicks([ticks])
        self.setLabel("bottom", points[0].unit)
        self.setLabel("left", METRICS[metric])
