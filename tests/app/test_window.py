"""The window over a real service: opening, stepping, layers."""

import numpy as np
from phenolens.engine.client.look import Look
from PySide6.QtCore import Qt


def test_an_opened_store_is_drawn_on_its_middle_date(opened, look):
    times = opened.model.now.store.times
    assert opened.model.now.date == len(times) // 2
    painted, window = opened.map.shown["base"]
    assert window[2:] == opened.model.now.store.grid.shape
    assert np.ptp(painted.rgba[..., :3]) > 50
    look(opened)


def test_keys_step_through_dates_and_pick_layers(opened, qtbot, until):
    before = opened.model.now.date
    qtbot.keyClick(opened, Qt.Key.Key_Right)
    assert opened.model.now.date == before + 1
    qtbot.keyClick(opened, Qt.Key.Key_2)
    assert opened.model.now.look == Look("dim", dim=1)
    until(lambda: opened.map.shown["base"][0].legend.scale is not None)


def test_the_legend_says_the_date_that_is_shown(opened, until):
    times = opened.model.now.store.times
    for date in (3, 4, 12):
        opened.model.change(date=date)
        until(lambda date=date: times[date][:10] in opened.map.shown["base"][0].legend.title)


def test_a_date_without_an_acquisition_says_why_the_map_is_empty(opened, until):
    opened.model.change(look=Look("probe:none.probe"))
    until(lambda: "base" not in opened.map.shown)
    assert "no such file" in opened.map.told
