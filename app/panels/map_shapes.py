"""Selections, labels and places as the map draws them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import floor

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainterPath, QPen, QPolygonF

from ..colouring import Bytes
from ..masks import Bits
from ..session import Place

MOST_KEPT = 8192


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


def corners_of(place: Place) -> Sequence[tuple[float, float]]:
    if place.pixel is None:
        return place.corners
    row, column = place.pixel
    return ((column + 0.5, row + 0.5),)


def path_of(corners: Sequence[tuple[float, float]]) -> QPainterPath:
    """A polygon; of one corner, the outline of its pixel with a cross through it."""
    path = QPainterPath()
    if len(corners) > 2:
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
        path.closeSubpath()
    elif len(corners) == 2:
        path.moveTo(*corners[0])
        path.lineTo(*corners[1])
    else:
        x, y = floor(corners[0][0]), floor(corners[0][1])
        path.addRect(QRectF(x, y, 1, 1))
        path.moveTo(x + 0.5, y - 2)
        path.lineTo(x + 0.5, y)
        path.moveTo(x + 0.5, y + 1)
        path.lineTo(x + 0.5, y + 3)
        path.moveTo(x - 2, y + 0.5)
        path.lineTo(x, y + 0.5)
        path.moveTo(x + 1, y + 0.5)
        path.lineTo(x + 3, y + 0.5)
    return path


@lru_cache(MOST_KEPT)
def kept_path_of(corners: tuple[tuple[float, float], ...]) -> QPainterPath:
    """Of labels: where there are thousands, one of them changes at a time."""
    return path_of(corners)


def cosmetic_pen(colour: str, width: float) -> QPen:
    pen = QPen(QColor(colour), width)
    pen.setCosmetic(True)
    return pen
