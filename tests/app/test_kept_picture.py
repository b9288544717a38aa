"""Pictures of items of plots: painted when they must be, and not all at once."""

import pyqtgraph as pg
import pytest
from phenolens.app.panels import kept_picture
from phenolens.app.panels.kept_picture import KeptPicture
from PySide6.QtCore import QRectF, QSize, QTimer
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap
from shiboken6 import delete


def test_pictures_that_were_stretched_are_painted_again_one_at_a_time(qtbot, monkeypatch):
    monkeypatch.setattr(kept_picture, "LONG_S", -1.0)
    done, items = [], [pg.GraphicsObject(), pg.GraphicsObject()]
    pictures = [KeptPicture(item, lambda: [lambda _: done.append("painted")]) for item in items]
    device = QPixmap(20, 20)
    with QPainter(device) as painter:
        for picture in pictures:
            picture.draw(painter, QRectF(0, 0, 5, 10))
        assert done == ["painted"] * 2
        done.clear()
        for picture in pictures:
            painter.resetTransform()
            painter.scale(2, 2)
            picture.draw(painter, QRectF(0, 0, 5, 10))
    assert done == []
    turns = QTimer(interval=0)
    turns.timeout.connect(lambda: done.append("turn"))
    turns.start()
    qtbot.waitUntil(lambda: done.count("painted") == 2)
    first, second = (number for number, one in enumerate(done) if one == "painted")
    assert "turn" in done[first:second]


def test_a_picture_of_an_item_that_went_is_painted_no_more(qtbot, monkeypatch):
    monkeypatch.setattr(kept_picture, "LONG_S", -1.0)
    done, item = [], pg.GraphicsObject()
    picture = KeptPicture(item, lambda: [lambda _: done.append("painted")])
    device = QPixmap(20, 20)
    with QPainter(device) as painter:
        picture.draw(painter, QRectF(0, 0, 5, 10))
        painter.scale(2, 2)
        picture.draw(painter, QRectF(0, 0, 5, 10))
    kept_picture._TURNS.take(picture)
    delete(item)
    qtbot.waitUntil(lambda: not kept_picture._TURNS._waiting)
    assert done == ["painted"]


class Item(pg.GraphicsObject):
    room = QRectF(0, 0, 5, 10)

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        return self.room


def test_what_takes_long_and_has_changed_is_painted_in_a_turn_of_its_own(qtbot, monkeypatch):
    done: list[str] = []
    picture = KeptPicture(Item(), lambda: [lambda _: done.append("painted")])
    device, view = QPixmap(20, 20), Item.room
    with QPainter(device) as painter:
        picture.draw(painter, view)
        picture.forget()
        picture.draw(painter, view)
        assert done == ["painted"] * 2  # it takes little
        monkeypatch.setattr(kept_picture, "TURN_S", -1.0)
        picture.forget()
        picture.draw(painter, view)
        assert done == ["painted"] * 2
        qtbot.waitUntil(lambda: done == ["painted"] * 3)
        picture.draw(painter, view)
        assert done == ["painted"] * 3


def test_a_picture_of_many_parts_is_shared_out_among_turns_and_seen_once_it_is_whole(qtbot, monkeypatch):
    monkeypatch.setattr(kept_picture, "TURN_S", -1.0)
    done, item = [], Item()
    colours = ["red", "blue", "red", "green"]

    def parts():
        for colour in colours:
            done.append(colour)
            yield lambda painter, colour=colour: painter.fillRect(item.room, QColor(colour))

    picture = KeptPicture(item, parts)
    assert _colour(item, picture) == "#ffffff"
    turns = QTimer(interval=0)
    turns.timeout.connect(lambda: done.append("turn"))
    turns.start()
    qtbot.waitUntil(lambda: not kept_picture._TURNS._waiting)
    assert [one for one in done if one != "turn"] == colours
    assert all("turn" in done[done.index(one) : done.index("green")] for one in ("red", "blue"))
    assert _colour(item, picture) == QColor("green").name()
    done.clear()
    colours[-1] = "yellow"
    picture.forget()
    assert _colour(item, picture) == QColor("green").name()
    qtbot.waitUntil(lambda: "yellow" in done)
    colours[-1] = "black"
    picture.forget()  # what has begun is made whole all the same: else it might never be
    qtbot.waitUntil(lambda: not kept_picture._TURNS._waiting)
    assert _colour(item, picture) == QColor("yellow").name()
    qtbot.waitUntil(lambda: not kept_picture._TURNS._waiting)
    assert _colour(item, picture) == QColor("black").name()


def _colour(item: Item, picture: KeptPicture) -> str:
    return _drawn(item, picture, (5, 10), 1.0).pixelColor(2, 5).name()


def test_nothing_is_shown_of_what_was_there_before_all_was_gone(qtbot, monkeypatch):
    monkeypatch.setattr(kept_picture, "TURN_S", -1.0)
    done, item = [], Item()
    picture = KeptPicture(item, lambda: [lambda _: done.append("painted")])
    device = QPixmap(20, 20)
    with QPainter(device) as painter:
        picture.draw(painter, item.room)
        item.room = QRectF()
        picture.forget()
        item.room = QRectF(0, 0, 5, 10)
        picture.forget()
        picture.draw(painter, item.room)
    assert done == ["painted"] * 2
    assert picture._picture is None  # not yet whole
    qtbot.waitUntil(lambda: picture._picture is not None)


@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_a_picture_that_is_used_again_looks_like_a_new_one(qtbot, monkeypatch, scale):
    monkeypatch.setattr(kept_picture, "LONG_S", 60.0)  # none is stretched where the machine is slow
    sizes, item = [(300, 200), (299, 201), (200, 120), (320, 220), (60, 40), (300, 200)], Ellipse()
    new = [_drawn(item, KeptPicture(item, lambda: [item.paint_all]), size, scale) for size in sizes]
    made: list[QSize] = []
    monkeypatch.setattr(kept_picture, "QPixmap", lambda size: made.append(size) or QPixmap(size))
    kept = KeptPicture(item, lambda: [item.paint_all])
    assert [_drawn(item, kept, size, scale) for size in sizes] == new
    spare = QSize(32, 32)  # two in turn: the others fit into them, but for one that is far smaller
    assert made == [QSize(*size) * scale + spare for size in [(300, 200), (299, 201), (60, 40)]]


class Ellipse(Item):
    """Larger than what is in view."""

    def paint_all(self, painter: QPainter) -> None:
        painter.setPen(QColor("red"))
        painter.drawEllipse(self.room.adjusted(-3, 5, 3, -5))


def _drawn(item: Item, picture: KeptPicture, size: tuple[int, int], scale: float) -> QImage:
    wide, high = size
    item.room = QRectF(-wide / 2, -high / 2, wide, high)
    image = QImage(QSize(*size) * scale, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(scale)
    image.fill(QColor("white"))
    with QPainter(image) as painter:
        painter.translate(wide / 2, high / 2)
        picture.draw(painter, item.room)
    return image
