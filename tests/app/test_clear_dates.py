"""A blank map leads to a date with something to be seen."""

import numpy as np
import pytest
from phenolens.app.controllers.clear_dates import LEAST, clear_frames, nearest_clear
from phenolens.app.controllers.maps import dated_look
from phenolens.app.panels.map_offer import LEAST_SEEN
from phenolens.engine.client.arrays import Grid
from phenolens.engine.client.errors import NotFound
from phenolens.engine.client.look import Look
from phenolens.engine.client.readings import Store
from PySide6.QtCore import Qt

COLOUR = Look("true-colour")


@pytest.fixture
def shares(opened):
    """Clear shares by date."""
    return clear_frames(opened.link._client, opened.model.now.store, "s2")


def _drawn(window, date: int) -> float:
    """Share of the map that has a colour on a date."""
    store = window.model.now.store
    raster = window.link._client.views.map_raw(store.store, dated_look(store, COLOUR, date))
    return float((np.frombuffer(raster.data, np.uint8).reshape(raster.shape)[3] > 0).mean())


def _ten_days(count: int) -> Store:
    times = tuple(f"2020-01-{day:02}T12:00:00Z" for day in range(1, count + 1))
    return Store("a.zarr", 16, Grid("EPSG:32631", (10, 0, 0, 0, -10, 0), (4, 4)), times)


def test_a_frame_that_is_told_to_be_clear_shows_at_least_so_much(opened, shares):
    for date in (0, 5, 11, int(np.argmin(shares)), int(np.argmax(shares))):
        assert _drawn(opened, date) > shares[date] - 0.15  # clouds that only the embedding screens are drawn


def test_a_blank_map_leads_to_the_nearest_clear_date(opened, shares, until, qtbot, look):
    store = opened.model.now.store
    blank = next(date for date in range(len(shares)) if _drawn(opened, date) == 0)
    expected = nearest_clear(store, shares, blank)
    opened.model.change(look=COLOUR, date=blank)
    until(lambda: "base" in opened.map.shown and opened.map.shown["base"][0].seen < LEAST_SEEN)
    until(opened.map.offer.isVisible)  # the one or the other comes first
    assert "Nothing clear was seen" in opened.map.told
    assert store.times[expected][:4] in opened.map.offer.text()
    look(opened)
    qtbot.mouseClick(opened.map.offer, Qt.MouseButton.LeftButton)
    assert opened.model.now.date == expected
    until(lambda: not opened.map.offer.isVisible())
    assert opened.map.shown["base"][0].seen > LEAST


def test_another_date_is_no_offer_where_the_files_are_gone(opened, shares, until, monkeypatch):
    cloudy = next(date for date, share in enumerate(shares) if share < LEAST)

    def gone(*_: object, **__: object) -> None:
        raise NotFound("no such file", value="forest.nc", remedy="add its folder")

    monkeypatch.setattr(type(opened.link._client.views), "map_raw", gone)
    opened.maps.forget()
    opened.model.change(look=COLOUR, date=cloudy)
    until(lambda: "forest.nc" in opened.map.told and bool(opened.map.offer.text()))
    assert not opened.map.offer.isVisible()


def test_what_is_drawn_in_full_has_no_offer(opened, until, shares):
    blank = next(date for date in range(len(shares)) if _drawn(opened, date) == 0)
    opened.model.change(look=COLOUR, date=blank)
    until(opened.map.offer.isVisible)
    opened.model.change(look=Look("pca"))
    until(lambda: opened.map.shown["base"][0].seen > 0.9)
    assert not opened.map.offer.isVisible()
    opened.model.change(look=COLOUR, date=int(np.argmax(shares)))
    until(lambda: "true colour" in opened.map.shown["base"][0].legend.title)
    until(lambda: opened.map.shown["base"][0].seen > LEAST)
    assert not opened.map.offer.isVisible()


def test_the_offer_stays_while_stepping_through_cloudy_dates(opened, shares, until):
    cloudy = [date for date, share in enumerate(shares) if share < LEAST]
    assert len(cloudy) > 1
    opened.model.change(look=COLOUR)
    for date in cloudy:
        opened.model.change(date=date)
        day = dated_look(opened.model.now.store, COLOUR, date).date[:10]
        until(lambda day=day: day in opened.map.shown["base"][0].legend.title)
        until(opened.map.offer.isVisible)


def test_keys_go_from_one_clear_date_to_the_next(opened, shares, until, qtbot):
    store = opened.model.now.store
    opened.model.change(date=0)
    qtbot.keyClick(opened, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    following = nearest_clear(store, shares, 0, 1)
    until(lambda: opened.model.now.date == following)
    qtbot.keyClick(opened, Qt.Key.Key_N)
    until(lambda: "clear one" in opened._message.text())
    opened.model.change(date=len(store.times) - 1)
    qtbot.keyClick(opened, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    previous = nearest_clear(store, shares, len(store.times) - 1, -1)
    until(lambda: opened.model.now.date == previous)


def test_where_no_date_is_clear_the_clearest_will_do_unless_it_shows_nothing():
    store = _ten_days(5)
    assert nearest_clear(store, (0.9, 0.0, 0.0, 0.7, 0.0), 2) == 3
    assert nearest_clear(store, (0.9, 0.0, 0.0, 0.7, 0.0), 2, -1) == 0
    assert nearest_clear(store, (0.9, 0.0, 0.0, 0.7, 0.0), 3, 1) is None
    assert nearest_clear(store, (0.3, 0.0, 0.0, 0.1, 0.0), 2) == 0
    assert nearest_clear(store, (0.01, 0.0, 0.0), 2) is None
    assert nearest_clear(store, (), 2) is None
