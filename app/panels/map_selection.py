"""The selection on the map: a faint tint and an outline of three lines, which no colours of a map can hide.

It is made of points of the screen, not of pixels of the store: it is as wide at any zoom, and takes as long for a
million selected pixels as for ten.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QTransform
from PySide6.QtWidgets import QGraphicsObject, QStyleOptionGraphicsItem, QWidget

from ..masks import Bits
from ..theme import Theme

TINT = 50
"""Opacity of 255: the map must still be read."""
LIGHT, DARK = "#f2ffffff", "#e6101010"
WIDE, NARROW = 2, 1
"""Points of the line in the selection's colour, and of the light and the dark one around it."""
Codes = npt.NDArray[np.uint8]


class SelectionItem(QGraphicsObject):
    """Over one map; coordinates are (column, row)."""

    def __init__(self, box: pg.ViewBox, theme: Theme) -> None:
        super().__init__()
        self._box, self._theme = box, theme
        self._mask: Bits | None = None
        self._drawn: tuple[object, QImage] | None = None
        self.setZValue(10)
        self.hide()
        box.addItem(self, ignoreBounds=True)

    @property
    def mask(self) -> Bits | None:
        """[row, column], where it is shown."""
        return self._mask if self.isVisible() else None

    def set_mask(self, mask: Bits | None) -> None:
        self.prepareGeometryChange()
        self._mask, self._drawn = mask, None
        self.setVisible(mask is not None)
        self.update()

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        if self._mask is None:
            return QRectF()
        rows, columns = self._mask.shape
        edge = 0.02 * max(rows, columns)  # lines around what lies at the edge
        return QRectF(-edge, -edge, columns + 2 * edge, rows + 2 * edge)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        if self._mask is None:
            return
        there = painter.deviceTransform()
        shown = self._shown(there)
        if shown.isEmpty():
            return
        key = (*_numbers(there), shown.getRect(), self._theme.selection)
        if self._drawn is None or self._drawn[0] != key:
            scale = max(1, round(painter.device().devicePixelRatioF()))
            codes = _lines(_sampled(self._mask, there, shown), scale)
            self._drawn = key, _picture(codes, QColor(self._theme.selection))
        back, _ = there.inverted()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(back.mapRect(QRectF(shown)), self._drawn[1])

    def _shown(self, there: QTransform) -> QRect:
        """Points of the device that the map and this selection share."""
        back, _ = self.sceneTransform().inverted()
        box = (back * there).mapRect(self._box.sceneBoundingRect())
        return box.intersected(there.mapRect(self.boundingRect())).toAlignedRect()


def _sampled(mask: Bits, there: QTransform, shown: QRect) -> Bits:
    """[y, x]: whether the pixel below each point is selected."""
    back, _ = there.inverted()
    columns = np.floor((shown.x() + 0.5 + np.arange(shown.width())) * back.m11() + back.dx()).astype(np.int64)
    rows = np.floor((shown.y() + 0.5 + np.arange(shown.height())) * back.m22() + back.dy()).astype(np.int64)
    high, wide = mask.shape
    sampled = mask.take(rows.clip(0, high - 1), axis=0).take(columns.clip(0, wide - 1), axis=1)
    sampled[(rows < 0) | (rows >= high)] = False
    sampled[:, (columns < 0) | (columns >= wide)] = False
    return sampled


def _lines(mask: Bits, scale: int) -> Codes:
    """[y, x]: 0 nothing, 1 the dark line, 2 the light one within it, 3 the selection's own, 4 the tint within all."""
    light = _grown(mask, NARROW * scale)
    dark, inner = _grown(light, NARROW * scale), ~_grown(~mask, WIDE * scale)
    codes = np.zeros(mask.shape, np.uint8)
    for one in (dark, light, mask, inner):  # each lies in the one before
        codes += one.view(np.uint8)
    return codes


def _grown(mask: Bits, by: int) -> Bits:
    """What lies so near to it, too."""
    grown = mask
    for _ in range(by):
        before, grown = grown, grown.copy()
        grown[1:] |= before[:-1]
        grown[:-1] |= before[1:]
        grown[:, 1:] |= before[:, :-1]
        grown[:, :-1] |= before[:, 1:]
    return grown


def _picture(codes: Codes, colour: QColor) -> QImage:
    faint = QColor(colour)
    faint.setAlpha(TINT)
    high, wide = codes.shape
    image = QImage(codes.data, wide, high, wide, QImage.Format.Format_Indexed8)
    image.setColorTable(
        [shade.rgba() for shade in (QColor(0, 0, 0, 0), QColor(DARK), QColor(LIGHT), colour, faint)]
    )
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)  # a copy: the array goes away


def _numbers(there: QTransform) -> tuple[float, ...]:
    return there.m11(), there.m12(), there.m21(), there.m22(), there.dx(), there.dy()
