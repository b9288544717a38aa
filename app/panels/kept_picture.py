"""Pictures of what items of plots and widgets paint, kept until that or the view changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from PySide6.QtCore import QObject, QPoint, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QPainter, QPixmap, QTransform
from PySide6.QtWidgets import QGraphicsObject, QWidget
from shiboken6 import isValid

LONG_S, SETTLED_MS = 0.002, 40
"""A picture that took so long is stretched while the view changes, and painted again once it has settled."""
TURN_S = 0.008
"""One that took so long is painted in turns of its own, for so long in each, not with all the rest of the window."""
Part = Callable[[QPainter], None]
SPARE, LARGER = 32, 4
"""Points that a picture has to spare; it is used again for one of which it has at most so many times the pixels."""


class KeptPicture:
    """Of what is in view. Qt's own cache of items isn't for those that change while they are painted, as axes make
    some do."""

    def __init__(self, item: QGraphicsObject, parts: Callable[[], Iterable[Part]]) -> None:
        """`parts` make the picture, one upon the other, each given a painter as new in the item's coordinates. They may
        be shared out among turns of the event loop, and hold what they paint."""
        self._item, self._make = item, parts
        self._picture: QPixmap | None = None
        self._spare: QPixmap | None = None
        """What was shown before, or is being painted."""
        self._parts: Iterator[Part] | None = None
        """Of the one that is being painted, those to come."""
        self._shown = self._coming = self._wanted = (QTransform(), QRect(), 1.0)
        """What the picture is of, the next one will be of, and should be: from the item to the screen, where there, and
        its resolution."""
        self._took_s = 0.0
        self._old = False
        """What is painted has changed since."""
        self._settled = QTimer(item, singleShot=True, interval=SETTLED_MS)
        self._settled.timeout.connect(lambda: _TURNS.take(self))

    def forget(self) -> None:
        """What is painted has changed. Of what is gone nothing is left to be seen as something else comes."""
        self._old = True
        if self._item.boundingRect().isEmpty():
            self._picture = self._parts = None
        self._item.update()

    def draw(self, painter: QPainter, view: QRectF) -> None:
        """`view` is what is to be seen, in the item's coordinates."""
        transform, scale = painter.transform(), painter.device().devicePixelRatioF()
        frame = transform.mapRect(view).toAlignedRect()
        if frame.isEmpty():
            return  # a pane without room
        self._wanted = (transform, frame, scale)
        if self._parts is None and self._due:
            self._begin_or_wait()
        if self._picture is None:
            return  # its first parts alone
        there, shown, fine = self._shown
        painter.setTransform(there.inverted()[0] * transform if there != transform else QTransform())
        painter.drawPixmap(shown.topLeft(), self._picture, _whole(shown.size(), fine))

    @property
    def _due(self) -> bool:
        return self._old or self._shown != self._wanted

    def _begin_or_wait(self) -> None:
        if self._picture is None or self._took_s <= (TURN_S if self._old else LONG_S):
            self._begin()
            self._go_on()
        elif self._old:
            _TURNS.take(self)
        else:
            self._settled.start()

    def take_turn(self) -> None:
        """Paint what is stretched, old or unfinished."""
        if not isValid(self._item):
            return
        if self._parts is None and self._picture is not None and self._due:
            self._begin()
        if self._parts is not None:
            self._go_on()
            if self._parts is None:
                self._item.update()

    def _begin(self) -> None:
        self._old, self._took_s = False, 0.0
        self._coming = _, frame, scale = self._wanted
        self._spare = _cleared(self._spare, frame.size(), scale)
        self._parts = iter(self._make())

    def _go_on(self) -> None:
        """For a turn at most. What is whole is shown."""
        assert self._spare is not None
        assert self._parts is not None  # begun
        began = time.thread_time()
        transform, frame, _ = self._coming
        with QPainter(self._spare) as painter:
            for part in self._parts:
                painter.save()
                painter.setTransform(transform * QTransform.fromTranslate(-frame.x(), -frame.y()))
                part(painter)
                painter.restore()
                if time.thread_time() - began > TURN_S:
                    break
            else:
                self._parts = None
        self._took_s += time.thread_time() - began
        if self._parts is not None:
            _TURNS.take(self)
            return
        self._picture, self._spare, self._shown = self._spare, self._picture, self._coming


class _Turns(QObject):
    """Of pictures that are painted again: one at a time, as the user interface answers between them."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[KeptPicture] = []
        self._turns = QTimer(self, interval=0)
        self._turns.timeout.connect(self._next)

    def take(self, picture: KeptPicture) -> None:
        if picture not in self._waiting:
            self._waiting.append(picture)
        self._turns.start()

    def _next(self) -> None:
        picture = self._waiting.pop(0)
        if not self._waiting:
            self._turns.stop()
        picture.take_turn()


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
