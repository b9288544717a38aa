"""Pictures of what items of plots and widgets paint, kept until that or the view changes."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QPainter, QPixmap, QTransform
from PySide6.QtWidgets import QGraphicsObject, QWidget
from shiboken6 import isValid

LONG_S, SETTLED_MS = 0.002, 40
"""A picture that took so long is stretched while the view changes, and painted again once it has settled."""
TURN_S = 0.008
"""One that took so long is painted in a turn of its own, not with all the rest of the window."""


class KeptPicture:
    """Of what is in view. Qt's own cache of items isn't for those that change while they are painted, as axes make
    some do."""

    def __init__(self, item: QGraphicsObject, paint: Callable[[QPainter], None]) -> None:
        """`paint` is given a painter in the item's coordinates."""
        self._item, self._paint = item, paint
        self._picture: QPixmap | None = None
        self._shown = self._wanted = (QTransform(), QRect(), 1.0)
        """What the picture is of, and should be: from the item to the screen, where there, and its resolution."""
        self._took_s = 0.0
        self._old = False
        """What is painted has changed since."""
        self._settled = QTimer(item, singleShot=True, interval=SETTLED_MS)
        self._settled.timeout.connect(lambda: _TURNS.take(self))

    def forget(self) -> None:
        """What is painted has changed. Of what is gone nothing is left to be seen as something else comes."""
        self._old = True
        if self._item.boundingRect().isEmpty():
            self._picture = None
        self._item.update()

    def draw(self, painter: QPainter, view: QRectF) -> None:
        """`view` is what is to be seen, in the item's coordinates."""
        transform, scale = painter.transform(), painter.device().devicePixelRatioF()
        frame = transform.mapRect(view).toAlignedRect()
        if frame.isEmpty():
            return  # a pane without room
        self._wanted = (transform, frame, scale)
        if self._picture is None or (self._due and self._took_s <= (TURN_S if self._old else LONG_S)):
            self._picture = self._painted()
        elif self._old:
            _TURNS.take(self)
        elif self._due:
            self._settled.start()
        there, shown, _ = self._shown
        painter.setTransform(there.inverted()[0] * transform if there != transform else QTransform())
        painter.drawPixmap(shown.topLeft(), self._picture)

    @property
    def _due(self) -> bool:
        return self._old or self._shown != self._wanted

    def renew(self) -> None:
        """Paint what is stretched or old again."""
        if isValid(self._item) and self._picture is not None and self._due:
            self._picture = self._painted()
            self._item.update()

    def _painted(self) -> QPixmap:
        began = time.thread_time()
        self._old = False
        self._shown = transform, frame, scale = self._wanted
        picture = _empty(frame.size(), scale)
        with QPainter(picture) as painter:
            painter.setTransform(transform * QTransform.fromTranslate(-frame.x(), -frame.y()))
            self._paint(painter)
        self._took_s = time.thread_time() - began
        return picture


class _Turns(QObject):
    """Of pictures that are painted again: one at a time, as the user interface answers between them."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[KeptPicture] = []
        self._turns = QTimer(self, interval=0)
        self._turns.timeout.connect(self._next)

    def take(self, picture: KeptPicture) -> None:
        self._waiting.append(picture)
        self._turns.start()

    def _next(self) -> None:
        self._waiting.pop(0).renew()
        if not self._waiting:
            self._turns.stop()


_TURNS = _Turns()


class KeptBackground:
    """Of a widget: what lies below that which changes more often."""

    def __init__(self, widget: QWidget, paint: Callable[[QPainter], None]) -> None:
        self._widget, self._paint = widget, paint
        self._picture: QPixmap | None = None
        self._made_for: object = None

    def forget(self) -> None:
        """What is painted has changed."""
        self._picture = None
        self._widget.update()

    def draw(self, painter: QPainter) -> None:
        """A widget of another size, font or resolution has another one."""
        size, font, scale = self._widget.size(), self._widget.font(), self._widget.devicePixelRatioF()
        if self._picture is None or self._made_for != (size, font, scale):
            self._picture, self._made_for = _empty(size, scale), (size, font, scale)
            with QPainter(self._picture) as inner:
                inner.setFont(font)
                self._paint(inner)
        painter.drawPixmap(0, 0, self._picture)


def _empty(size: QSize, scale: float) -> QPixmap:
    picture = QPixmap(size * scale)
    picture.setDevicePixelRatio(scale)
    picture.fill(Qt.GlobalColor.transparent)
    return picture
