"""Plots of a validation: predicted against reference, and what more labels would bring."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QCoreApplication, QSize
from PySide6.QtWidgets import QWidget

from ..report import METRICS, CurvePoint, Held, Report
from ..texts import QT_TRANSLATE_NOOP
from ..theme import Theme
from .date_axis import date_axis
from .value_axis import NumberAxis

translate = QCoreApplication.translate  # by this name translators' tools find its texts

MOST_POINTS = 20_000
HEIGHT = 250
BASELINES = {
    "mean seasonal cycle": (
        QT_TRANSLATE_NOOP("ScorePlots", "mean seasonal cycle"),
        "#d55e00",
    ),
    "NIRv regression": ("NIRv", "#009e73"),
    "kNDVI regression": ("kNDVI", "#cc79a7"),
}
"""Beside a probe's series: what they are called there, and a colour that any colour vision tells apart."""


class _Plot(pg.PlotWidget):
    def __init__(
        self, theme: Theme, name: str, parent: QWidget | None = None, bottom: pg.AxisItem | None = None
    ) -> None:
        axes = {"left": NumberAxis("left"), "bottom": bottom or NumberAxis("bottom")}
        super().__init__(parent, axisItems=axes)
        self._theme = theme
        self.setAccessibleName(name)
        self.setBackground(theme.base)
        self.setMinimumHeight(HEIGHT)
        self.setMenuEnabled(False)
        self.hideButtons()
        for axis in ("left", "bottom"):
            self.getAxis(axis).setPen(pg.mkPen(theme.line))
            self.getAxis(axis).setTextPen(pg.mkPen(theme.faint))

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(320, HEIGHT)


class ScatterPlot(_Plot):
    """Held-out samples; the dashed line is where prediction and reference agree."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, translate("ScatterPlot", "Predicted against reference"), parent)

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
        self.setLabel("bottom", self.tr("{}, measured{}").format(name, unit))
        self.setLabel("left", self.tr("{}, predicted{}").format(name, unit))


class CurvePlot(_Plot):
    """The score by how much was trained on; bars are the spread over draws."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, translate("CurvePlot", "Learning curve"), parent)

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


class SitePlot(_Plot):
    """What was measured at one site, what a probe that had not seen the site said, and what baselines said."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, translate("SitePlot", "Series of a site"), parent, date_axis())
        self.key = ""
        """Which line is which, as rich text."""

    def set_samples(self, held: Sequence[Held], report: Report) -> None:
        """Of one site, under one scheme; samples without a date are left out."""
        self.clear()
        dated = sorted((one for one in held if one.date), key=lambda one: one.date)
        self.setVisible(bool(dated))
        self.key = ""
        if not dated:
            return
        x = np.array([one.date for one in dated], "datetime64[s]").astype(np.int64)
        measured = {"pen": None, "symbol": "o", "symbolSize": 5, "symbolPen": None, "name": "measured"}
        self.plot(x, [one.reference for one in dated], symbolBrush=self._theme.faint, **measured)
        keys = [
            _key("●", self._theme.faint, self.tr("measured")),
            _key("━", self._theme.accent, self.tr("probe")),
        ]
        for name, (called, colour) in BASELINES.items():
            told = translate("ScorePlots", called)
            said = np.array([one.others.get(name, np.nan) for one in dated])
            if np.isfinite(said).any():
                dashed = pg.mkPen(colour, width=1.4, dash=[4, 3])
                self.plot(x, said, pen=dashed, connect="finite", name=told)
                keys.append(_key("┅", colour, told))
        pen = pg.mkPen(self._theme.accent, width=2)
        self.plot(x, [one.predicted for one in dated], pen=pen, name="probe")
        self.key = " &nbsp; ".join(keys)
        unit = f", {report.unit}" if report.unit else ""
        self.setLabel("left", f"{report.response.get('name', 'value')}{unit}")
        self.setLabel("bottom", self.tr("{}, date").format(dated[0].site))


def _key(sign: str, colour: str, name: str) -> str:
    return f'<span style="color:{colour}">{sign}</span>&nbsp;{name.replace(" ", "&nbsp;")}'
