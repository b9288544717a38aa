"""What the pointer previews in the other views: a ring in the projection, pixels on the map, a faint curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainterPath
from PySide6.QtWidgets import QGraphicsPathItem

from ..colouring import Bytes
from ..curves import Curve, value_near
from ..masks import Bits
from ..session import Place
from ..theme import Theme
from .map import MapPanel
from .map_shapes import corners_of, cosmetic_pen, path_of
from .projection_plot import ProjectionPlot
from .series_plot import SeriesPlot

Points = npt.NDArray[np.float32]
RING, MAP_RING, DOT = 15, 26, 4
MAP_EDGE = "#fefefe"
"""Of rings on the map: its colours may be the ring's own, in any theme."""
ABOVE = 60
FAINTEST = 0.3
NEAR_PX = 14
"""Points of the screen between the pointer and the curve that it means."""


class Rings:
    """Circles of the same size at any zoom, with an edge that stands out from light and dark."""

    def __init__(self, theme: Theme, size: int, edge: str = "") -> None:
        self._theme, self._size, self._edge = theme, size, edge
        self.item = pg.ScatterPlotItem(pxMode=True)
        self.item.setZValue(ABOVE)
        self.item.setEnabled(False)  # clicks and drags go to what lies below
        self.item.hide()

    def show(self, points: Points) -> None:
        """[n, 2]"""
        size = self._size if len(points) < 3 else self._size * 0.6
        self.item.setData(
            np.tile(points[:, 0], 2),
            np.tile(points[:, 1], 2),
            symbol="o",
            size=size,
            brush=None,
            pen=[pg.mkPen(self._edge or self._theme.base, width=4.5)] * len(points)
            + [pg.mkPen(self._theme.selection, width=2.2)] * len(points),
        )
        self.item.show()

    @property
    def points(self) -> Points | None:
        """[n, 2], where any are shown."""
        if not self.item.isVisible():
            return None
        points = np.stack(self.item.getData(), axis=1)
        return points[: len(points) // 2]  # each has an edge

    def clear(self) -> None:
        self.item.hide()


class PlaneMarks:
    """In the projection: where pixels lie on the date of the map, and where one of them was on the others."""

    def __init__(self, plot: ProjectionPlot, theme: Theme) -> None:
        self._theme = theme
        self.rings = Rings(theme, RING)
        self._dots = pg.ScatterPlotItem(pxMode=True, size=DOT, pen=None)
        self._dots.setZValue(ABOVE - 1)
        self._dots.setEnabled(False)
        self._dots.hide()
        for item in (self._dots, self.rings.item):
            plot.addItem(item, ignoreBounds=True)

    @property
    def trail(self) -> Points | None:
        """[date, 2]"""
        return np.stack(self._dots.getData(), axis=1) if self._dots.isVisible() else None

    def show_trail(self, points: Points) -> None:
        colour = QColor(self._theme.selection)
        colour.setAlpha(170)
        self._dots.setData(points[:, 0], points[:, 1], brush=pg.mkBrush(colour))
        self._dots.show()

    def clear_trail(self) -> None:
        self._dots.hide()

    def clear(self) -> None:
        self.rings.clear()
        self.clear_trail()


class MapMarks:
    """On the map, on both where two lie side by side: pixels that lie near the pointer in the projection, or the place
    that a curve is of."""

    def __init__(self, panel: MapPanel, theme: Theme) -> None:
        self._theme = theme
        self._rings = (Rings(theme, MAP_RING, MAP_EDGE), Rings(theme, MAP_RING, MAP_EDGE))
        self._pixels = panel.add_overlays(lambda: pg.ImageItem(axisOrder="row-major"))
        self._shapes = panel.add_overlays(QGraphicsPathItem)
        rings = iter(self._rings)
        panel.add_overlays(lambda: next(rings).item)
        for z, items in ((11, self._pixels), (ABOVE - 1, self._shapes)):
            for item in items:
                item.setZValue(z)
                item.hide()

    @property
    def pixels(self) -> Bytes | None:
        """RGBA, where any are shown."""
        first = self._pixels[0]
        return np.asarray(first.image) if first.isVisible() else None

    @property
    def ringed(self) -> tuple[Points | None, ...]:
        """[n, 2] by map: what is ringed."""
        return tuple(ring.points for ring in self._rings)

    @property
    def outlined(self) -> bool:
        """Whether a polygon is."""
        return self._shapes[0].isVisible()

    def show_pixels(self, tint: Bytes, step: int) -> None:
        """RGBA of every `step`-th pixel."""
        for item in self._pixels:
            item.setImage(tint, autoLevels=False, levels=None)
            item.setRect(QRectF(0, 0, tint.shape[1] * step, tint.shape[0] * step))
            item.show()

    def show_place(self, place: Place) -> None:
        """A ring around a pixel; a polygon in full."""
        corners = corners_of(place)
        single = len(corners) == 1
        for ring, shape in zip(self._rings, self._shapes, strict=True):
            shape.setVisible(not single)
            if single:
                ring.show(np.array(corners, np.float32))
                continue
            ring.clear()
            shape.setPen(cosmetic_pen(self._theme.selection, 3))
            shape.setPath(path_of(corners))

    def clear_pixels(self) -> None:
        for item in self._pixels:
            item.hide()

    def clear(self) -> None:
        self.clear_pixels()
        for ring, shape in zip(self._rings, self._shapes, strict=True):
            ring.clear()
            shape.hide()
            shape.setPath(QPainterPath())


class CurveMarks:
    """Among the curves: faint ones of the pixel below the pointer."""

    def __init__(self, plot: SeriesPlot, theme: Theme) -> None:
        self._plot, self._theme = plot, theme
        self._lines: list[pg.PlotCurveItem] = []

    @property
    def shown(self) -> int:
        return sum(line.isVisible() for line in self._lines)

    def show(self, curves: Sequence[Curve]) -> None:
        """Lines are used again: adding one to a plot takes longer than drawing it."""
        while len(self._lines) < len(curves):
            line = pg.PlotCurveItem()
            line.setZValue(1)
            self._plot.plotItem.vb.addItem(line, ignoreBounds=True)
            self._lines.append(line)
        for line, curve in zip(self._lines, curves, strict=False):
            there = np.isfinite(curve.values)
            line.setData(
                curve.times[there], curve.values[there], pen=pg.mkPen(self._theme.selection, width=1)
            )
            line.setOpacity(max(FAINTEST, 0.9 - 0.25 * curve.order))  # dashes take four times as long to draw
            line.show()
        for line in self._lines[len(curves) :]:
            line.hide()

    def clear(self) -> None:
        for line in self._lines:
            line.hide()

    def owner_at(self, scene: QPointF) -> str:
        """The place or selection whose curve lies nearest to the pointer; empty where none is near."""
        box = self._plot.plotItem.vb
        if not self._plot.curves or not box.sceneBoundingRect().contains(scene):
            return ""
        time = box.mapSceneToView(scene).x()
        best, owner = float(NEAR_PX), ""
        for curve in self._plot.curves:
            if not len(curve.times):
                continue
            value, _, near = value_near(curve, time)
            if np.isnan(value):
                continue
            away = abs(box.mapViewToScene(QPointF(near, value)).y() - scene.y())
            if away < best:
                best, owner = away, curve.owner
        return owner


def haloed(mask: Bits, colour: QColor) -> Bytes:
    """RGBA: pixels in full with a dark edge around them, as single ones are lost on a map of many colours."""
    wide = np.pad(mask, 1)
    around = wide[:-2, 1:-1] | wide[2:, 1:-1] | wide[1:-1, :-2] | wide[1:-1, 2:]
    rgba = np.zeros((*mask.shape, 4), np.uint8)
    rgba[around] = (0, 0, 0, 150)
    rgba[mask] = (colour.red(), colour.green(), colour.blue(), 255)
    return rgba


def circle(centre: QPointF, radius_x: float, radius_y: float) -> tuple[tuple[float, float], ...]:
    """Corners of what lies so near."""
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    return tuple(
        (float(centre.x() + radius_x * np.cos(a)), float(centre.y() + radius_y * np.sin(a))) for a in angles
    )
