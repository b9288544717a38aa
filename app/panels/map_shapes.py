"""Selections, labels and places as the map draws them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor, QPainterPath, QPen

from ..colouring import Bytes
from ..masks import Bits
from ..session import Place

EDGE = "#90000000"
"""A dark edge, which stands out from any map."""
Corners = Sequence[tuple[float, float]]
CROSS = np.array(
    [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0), (0.5, -2), (0.5, 0), (0.5, 1), (0.5, 3), (-2, 0.5), (0, 0.5), (1, 0.5),
     (3, 0.5)]
)  # fmt: skip
"""Of a pixel: its outline, and the four arms of a cross around it."""
CROSS_JOINED = np.array([1, 1, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0], np.int32)
"""Which of these points a line leads on from."""


def tinted(mask: Bits, colour: QColor) -> Bytes:
    """RGBA: selected pixels faint, those at the edge of the selection in full."""
    core = mask.copy()
    core[1:] &= mask[:-1]
    core[:-1] &= mask[1:]
    core[:, 1:] &= mask[:, :-1]
    core[:, :-1] &= mask[:, 1:]
    tint = np.zeros((*mask.shape, 4), np.uint8)
    tint[mask] = (colour.red(), colour.green(), colour.blue(), 230)
    tint[core, 3] = 60
    return tint


def corners_of(place: Place) -> Corners:
    if place.pixel is None:
        return place.corners
    row, column = place.pixel
    return ((column + 0.5, row + 0.5),)


def path_of(corners: Corners) -> QPainterPath:
    """A polygon; of one corner, the outline of its pixel with a cross through it."""
    return outlines([corners]) if len(corners) > 1 else crosses([corners[0]])


def outlines(rings: Sequence[Corners]) -> QPainterPath:
    """Polygons as one shape: thousands take no longer than a few dozen would one by one."""
    sizes = np.fromiter(map(len, rings), np.intp, len(rings))
    ends = np.cumsum(sizes)
    flat = np.fromiter(chain.from_iterable(chain.from_iterable(rings)), np.float64).reshape(-1, 2)
    closed = np.insert(flat, ends, flat[ends - sizes], axis=0)
    joined = np.ones(len(closed), np.int32)
    joined[ends + np.arange(len(ends))] = 0
    return pg.arrayToQPath(closed[:, 0], closed[:, 1], joined)


def crosses(points: Sequence[tuple[float, float]]) -> QPainterPath:
    """Outlines of pixels with crosses through them, as one shape."""
    corners = np.floor(np.array(points, np.float64))
    lines = (corners[:, None] + CROSS).reshape(-1, 2)
    return pg.arrayToQPath(lines[:, 0], lines[:, 1], np.tile(CROSS_JOINED, len(corners)))


def cosmetic_pen(colour: str, width: float) -> QPen:
    pen = QPen(QColor(colour), width)
    pen.setCosmetic(True)
    return pen
