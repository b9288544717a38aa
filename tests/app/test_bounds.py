"""What is kept, and what is fetched ahead, stays within bounds."""

from threading import Event

import pytest
from phenolens.app.controllers import maps, selections
from phenolens.app.controllers.selections import SelectionsController
from phenolens.app.selection import MapPick
from phenolens.app.session import MadeLayer
from phenolens.engine.client.look import Look
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTabBar


@pytest.mark.parametrize("bound", ["MOST_KEPT", "MOST_KEPT_BYTES"])
def test_maps_are_forgotten_once_they_are_too_many_or_take_too_much_room(opened, until, monkeypatch, bound):
    shown, _ = opened.map.shown["base"]
    monkeypatch.setattr(maps, bound, 3 * (shown.nbytes if bound == "MOST_KEPT_BYTES" else 1))
    kept = opened.maps
    for date in range(len(opened.model.now.store.times)):
        opened.model.change(date=date)
        day = opened.model.now.time[:10]
        until(lambda day=day: day in opened.map.shown["base"][0].legend.title)
    assert 0 < sum(one.nbytes for one in kept._kept.values()) <= 3 * shown.nbytes
    assert kept._bytes == sum(one.nbytes for one in kept._kept.values())
    kept.forget()
    assert kept._bytes == 0


def test_a_large_area_is_drawn_by_every_second_pixel_and_in_full_where_there_is_room(
    window, until, monkeypatch
):
    monkeypatch.setattr(maps, "MOST_PIXELS", 1200)
    window.stores.open("forest.zarr")
    until(lambda: {"base", "base detail"} <= set(window.map.shown))
    (coarse, whole), (fine, part) = (window.map.shown[slot] for slot in ("base", "base detail"))
    assert whole == part == (0, 0, 48, 48)
    assert coarse.rgba.shape[:2] == (24, 24)
    assert fine.rgba.shape[:2] == (48, 48)
    assert (coarse.rgba == fine.rgba[::2, ::2]).all()


def test_selections_are_forgotten_once_they_take_too_much_room(opened, until, monkeypatch):
    controller = opened.findChild(SelectionsController)
    told = []
    controller.found.connect(told.append)
    for size in (5.0, 9.0, 14.0, 20.0):
        opened.model.change(pick=MapPick(((1.0, 1.0), (size, 1.0), (size, size), (1.0, size))))
        until(lambda size=size: bool(told) and told[-1].count == int(size - 1) ** 2)
        monkeypatch.setattr(selections, "MOST_KEPT_BYTES", 2 * told[-1].bits.nbytes)
    assert [one.count for one in controller._kept.values()] == [13**2, 19**2]


def test_maps_are_fetched_ahead_but_for_previews_that_the_next_label_replaces(opened, until, monkeypatch):
    asked, ask_ahead = [], opened.link.ask_ahead
    monkeypatch.setattr(
        opened.link, "ask_ahead", lambda channel, *rest: (asked.append(channel), ask_ahead(channel, *rest))
    )
    opened.model.change(look=Look("dim", dim=1))
    until(lambda: "map ahead" in asked)
    until(lambda: not opened.link._under_way and not opened.link._ahead)
    preview, before = Look("dim", dim=2), opened.map.shown["base"]
    asked.clear()
    opened.model.change(made=(MadeLayer("preview", preview),), live=True, look=preview)
    until(lambda: opened.map.shown["base"] is not before)
    assert "map ahead" not in asked


def test_what_is_fetched_ahead_waits_while_anything_else_is_asked(opened, until):
    link, come, answered = opened.link, [], Event()
    until(lambda: not link._under_way and not link._ahead)
    rests = []
    link._rest.timeout.connect(lambda: rests.append(link))
    link.ask("wanted", lambda _: answered.wait(), lambda _: come.append("wanted"))
    link.ask_ahead("next", lambda _: None, lambda _: come.append("next"))
    link.ask_ahead("not any more", lambda _: None, lambda _: come.append("not any more"))
    link.drop("not any more")
    until(lambda: len(rests) > 1)
    assert not come
    answered.set()
    until(lambda: come == ["wanted", "next"])
    until(lambda: not link._under_way)
    assert "not any more" not in come


def test_arrangements_leave_no_tab_bars_behind(opened, until):
    def bars() -> int:
        return len(opened.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly))

    def go(step):
        opened.show_step(step)
        until(lambda: not opened.layout_kept._tidied.isActive())

    go("Area")
    go("Explore")
    before = bars()
    for step in ("Area", "Explore") * 3:
        go(step)
    opened.layout_kept.reset()
    until(lambda: bars() <= before)
