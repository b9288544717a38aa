"""Pictures of what items of plots and widgets paint, kept until that or the view changes."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QPainter, QPixmap, QTransform
from PySide6.QtWidgets import QGraphicsObject, QWidget
from shiboken6 import isValid

LONG_S, SETTLED_MS = 0.002, 40
"""A picture that took so long is stretched while the view changes, and painted again once it has settled."""
TURN_S = 0.008
"""One that took so long is painted in a turn of its own, not with all the rest of the window."""
SPARE, LARGER = 32, 4
"""Points that a picture has to spare; it is used again for one of which it has at most so many times the pixels."""


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
        there, shown, fine = self._shown
        painter.setTransform(there.inverted()[0] * transform if there != transform else QTransform())
        painter.drawPixmap(shown.topLeft(), self._picture, _whole(shown.size(), fine))

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
        picture = _cleared(self._picture, frame.size(), scale)
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
        self._made_for = None
        self._widget.update()

    def draw(self, painter: QPainter) -> None:
        """A widget of another size, font or resolution has another one."""
        size, font, scale = self._widget.size(), self._widget.font(), self._widget.devicePixelRatioF()
        if self._picture is None or self._made_for != (size, font, scale):
            self._picture, self._made_for = _cleared(self._picture, size, scale), (size, font, scale)
            with QPainter(self._picture) as inner:
                inner.setFont(font)
                self._paint(inner)
        painter.drawPixmap(QPoint(), self._picture, _whole(size, scale))


def _cleared(old: QPixmap | None, size: QSize, scale: float) -> QPixmap:
    """With room for a picture at its upper left: the old one where that is neither too small nor far too large.

    To clear one of 900 × 700 takes 0.03 ms, to make one 1.4, as its memory is fresh; and sizes of one view differ by a
    point as it is moved."""
    room = size * scale
    if old is None or not (_holds(old.size(), room) and _pixels(old.size()) <= LARGER * _pixels(room)):
        old = QPixmap(room + QSize(SPARE, SPARE))
    old.setDevicePixelRatio(scale)
    old.fill(Qt.GlobalColor.transparent)
    return old


def _whole(size: QSize, scale: float) -> QRect:
    """Of a picture, without what is to spare."""
    return QRect(QPoint(), size * scale)


def _holds(one: QSize, other: QSize) -> bool:
    return one.expandedTo(other) == one


def _pixels(size: QSize) -> int:
    return size.width() * size.height()
