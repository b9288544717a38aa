"""Pins of places: on the map with their names, and in lists."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QImage, QPainter, QPainterPath, QPen, QPixmap

from ..session import Place
from .map_shapes import EDGE, corners_of

HEAD, STEM = 9.0, 10.0
"""Points of the screen: radius of a pin's head, and what is below it."""
FOOT = QPoint(12, 31)
"""Where in its picture a pin stands."""
MOST_LETTERS = 2
ICON = 24
"""Points of the screen: side of the picture of a pin in lists."""
MOST_KEPT = 128
"""Pictures of pins."""


def paint_pins(painter: QPainter, places: Iterable[Place]) -> None:
    """Each with its name on its head, of the same size at any zoom."""
    there, scale = painter.transform(), painter.device().devicePixelRatioF()
    painter.resetTransform()
    for place in places:
        corners = corners_of(place)
        foot = there.map(QPointF(*(sum(along) / len(corners) for along in zip(*corners, strict=True))))
        point = QPointF(round(foot.x() * scale), round(foot.y() * scale)) / scale  # crisp
        painter.drawImage(point - FOOT, _pin_picture(place.colour, place.name[:MOST_LETTERS], scale))
    painter.setTransform(there)


@lru_cache(MOST_KEPT)
def _pin_picture(colour: str, letters: str, scale: float) -> QImage:
    picture = QImage(QSize(2 * FOOT.x(), FOOT.y() + 3) * scale, QImage.Format.Format_ARGB32_Premultiplied)
    picture.setDevicePixelRatio(scale)
    picture.fill(Qt.GlobalColor.transparent)
    with QPainter(picture) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(painter.font())
        font.setPixelSize(11)
        font.setBold(True)
        painter.setFont(font)
        painter.translate(FOOT)
        _paint_pin(painter, QColor(colour), letters)
    return picture


def _paint_pin(painter: QPainter, colour: QColor, letters: str) -> None:
    painter.strokePath(_PIN, QPen(QColor(EDGE), 3.5))
    painter.setPen(QPen(QColor("#fefefe"), 1.5))
    painter.setBrush(colour)
    painter.drawPath(_PIN)
    painter.setPen(QColor("#101010" if colour.lightnessF() > 0.6 else "#fefefe"))
    head = QRectF(-HEAD, -STEM - 2 * HEAD, 2 * HEAD, 2 * HEAD)
    painter.drawText(head, Qt.AlignmentFlag.AlignCenter, letters)


def pin_icon(colour: str) -> QIcon:
    """A pin without a name, for lists of places: squares are of classes and selections."""
    picture = QPixmap(ICON, ICON)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(ICON / 2, ICON - 1)
    painter.scale(ICON / 32, ICON / 32)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawPath(_PIN)
    painter.end()
    icon = QIcon(picture)
    icon.addPixmap(picture, QIcon.Mode.Selected)  # the same in a chosen row
    return icon


def _pin() -> QPainterPath:
    """A drop whose tip is at 0, 0."""
    head, stem = QPainterPath(), QPainterPath()
    head.addEllipse(QPointF(0, -STEM - HEAD), HEAD, HEAD)
    stem.moveTo(0, 0)
    stem.lineTo(-HEAD * 0.75, -STEM - HEAD * 0.35)
    stem.lineTo(HEAD * 0.75, -STEM - HEAD * 0.35)
    stem.closeSubpath()
    return head.united(stem)


_PIN = _pin()
