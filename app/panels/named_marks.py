"""Named selections in their colours, over map and projection, below the selection of the moment."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor

from ..colouring import Bytes
from ..masks import Bits
from .map import MapPanel
from .map_shapes import tinted
from .projection_plot import ProjectionPlot

FILL = 110
"""Opacity of 255 within an edge."""
Extent = tuple[float, float, float, float]


class NamedMarks:
    """A picture over the map (over both, where two lie side by side), and one over the projection."""

    def __init__(self, map: MapPanel, plot: ProjectionPlot) -> None:
        self._maps = map.add_overlays(lambda: pg.ImageItem(axisOrder="row-major"))
        self._plane = pg.ImageItem(axisOrder="row-major")
        for z, item in ((9.0, self._maps[0]), (9.0, self._maps[1]), (0.5, self._plane)):
            item.setZValue(z)
            item.hide()
        plot.addItem(self._plane, ignoreBounds=True)

    @property
    def on_map(self) -> Bytes | None:
        return np.asarray(self._maps[0].image) if self._maps[0].isVisible() else None

    @property
    def on_plane(self) -> Bytes | None:
        return np.asarray(self._plane.image) if self._plane.isVisible() else None

    def show_on_map(self, tint: Bytes | None, step: int = 1) -> None:
        """RGBA of every `step`-th pixel."""
        for item in self._maps:
            if tint is None:
                item.hide()
            else:
                _show(item, tint, QRectF(0, 0, tint.shape[1] * step, tint.shape[0] * step))

    def show_on_plane(self, tint: Bytes | None, extent: Extent = (0, 1, 0, 1)) -> None:
        """RGBA of bins."""
        if tint is None:
            self._plane.hide()
        else:
            left, right, bottom, top = extent
            _show(self._plane, tint, QRectF(left, bottom, right - left, top - bottom))


def _show(image: pg.ImageItem, tint: Bytes, place: QRectF) -> None:
    image.setImage(tint, autoLevels=False, levels=None)
    image.setRect(place)
    image.show()


def tint_of(bits: Bits, colour: str) -> Bytes:
    """RGBA: the edge of a selection in full, its inside so that the map can still be read."""
    tint = tinted(bits, QColor(colour))
    inner = (tint[..., 3] > 0) & (tint[..., 3] < 200)
    tint[inner, 3] = FILL
    return tint


def stacked(tints: Iterable[Bytes]) -> Bytes | None:
    """Where several lie, the fullest is seen, and of equal ones the last; None of none."""
    whole: Bytes | None = None
    for tint in tints:
        if whole is None:
            whole = tint.copy()
            continue
        over = (tint[..., 3] > 0) & (tint[..., 3] >= whole[..., 3])
        whole[over] = tint[over]
    return whole
