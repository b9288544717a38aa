"""A picture of what an item of a plot paints, kept until that or the view changes."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap, QTransform


class KeptPicture:
    """Of what is in view. Qt's own cache of items isn't for those that change while they are painted, as axes make
    some do."""

    def __init__(self, paint: Callable[[QPainter], None]) -> None:
        """`paint` is given a painter in the item's coordinates."""
        self._paint = paint
        self._picture: QPixmap | None = None
        self._pictured: tuple[object, ...] = ()
        """What the picture is of: transform, corner and resolution."""

    def forget(self) -> None:
        """What is painted has changed."""
        self._picture = None

    def draw(self, painter: QPainter, view: QRectF) -> None:
        """`view` is what is to be seen, in the item's coordinates."""
        transform, scale = painter.transform(), painter.device().devicePixelRatioF()
        frame = transform.mapRect(view).toAlignedRect()
        pictured = (transform, frame, scale)
        if self._picture is None or pictured != self._pictured:
            self._picture, self._pictured = self._painted(transform, frame, scale), pictured
        painter.resetTransform()
        painter.drawPixmap(frame.topLeft(), self._picture)

    def _painted(self, transform: QTransform, frame: QRect, scale: float) -> QPixmap:
        picture = QPixmap(frame.size() * scale)
        picture.setDevicePixelRatio(scale)
        picture.fill(Qt.GlobalColor.transparent)
        with QPainter(picture) as painter:
            painter.setTransform(transform * QTransform.fromTranslate(-frame.x(), -frame.y()))
            self._paint(painter)
        return picture
