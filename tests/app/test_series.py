"""Curves of places: clicked on the map, chosen, linked with the date, written as a table."""

import csv

import numpy as np
import pytest
from phenolens.app.curves import CLEAR, NO_DATA, Curve
from phenolens.app.panels.curves_item import CurvesItem
from phenolens.app.panels.series import SeriesPanel
from phenolens.app.panels.series_plot import CurveKey, SeriesPlot
from phenolens.app.session import Place, SeriesChoice
from phenolens.app.theme import theme_named
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QFileDialog

SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def panel(opened) -> SeriesPanel:
    return opened.findChild(SeriesPanel)


@pytest.fixture
def click(opened, qtbot):
    """Click on a pixel of the map."""

    def do(row, column, keys=Qt.KeyboardModifier.NoModifier):
        view, box = opened.map._view, opened.map._box
        place = view.mapFromScene(box.mapViewToScene(QPointF(column + 0.5, row + 0.5)))
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, keys, place)

    return do


def owners(panel):
    return [curve.owner for curve in panel.plot.curves]


def test_a_click_on_the_map_shows_what_the_pixel_did(opened, panel, click, until, look):
    click(10, 20)
    assert opened.model.now.work.places[0].pixel == (10, 20)
    until(lambda: bool(panel.plot.curves))
    assert [curve.name for curve in panel.plot.curves] == ["dimension 1", "dimension 2", "dimension 3"]
    first = panel.plot.curves[0]
    assert len(first.times) == len(opened.model.now.store.times)
    assert (np.isnan(first.values) == (first.quality == NO_DATA)).all()
    told = opened.link._client.views.series(opened.model.now.store.store, pixels=[(10, 20)])
    there = np.isfinite(first.values)
    expected = np.frombuffer(told.embedding.data, told.embedding.dtype).reshape(told.embedding.shape)
    np.testing.assert_allclose(first.values[there], expected[0, there, 0])
    look(opened)


def test_another_click_moves_the_place_and_one_with_shift_adds_one(opened, panel, click, until):
    click(10, 20)
    click(11, 21)
    assert [place.pixel for place in opened.model.now.work.places] == [(11, 21)]
    click(30, 5, SHIFT)
    assert [place.name for place in opened.model.now.work.places] == ["A", "B"]
    until(lambda: set(owners(panel)) == {"A", "B"})
    assert len({curve.colour for curve in panel.plot.curves}) == 2
    opened.model.undo()
    until(lambda: set(owners(panel)) == {"A"})
    panel.removed.emit(0)
    until(lambda: not panel.plot.curves)


def test_a_polygon_has_a_mean_within_its_band(opened, panel, until):
    panel._outline.click()
    assert opened.model.now.tool == "place"
    opened.map.drawn.emit(((5.0, 5.0), (15.0, 5.0), (15.0, 15.0), (5.0, 15.0)))
    assert opened.model.now.tool == "look"
    until(lambda: bool(panel.plot.curves))
    curve = panel.plot.curves[0]
    there = np.isfinite(curve.values)
    assert there.any()
    assert (curve.low[there] <= curve.high[there]).all()


def test_indices_are_computed_from_the_bands_of_acquisitions(opened, panel, click, until, look):
    click(10, 20)
    opened.model.change(series=SeriesChoice("index", ("NDVI", "kNDVI", "NIRv")))
    until(lambda: [one.name for one in panel.plot.curves][:1] == ["NDVI"])
    ndvi, kndvi, _ = (curve.values for curve in panel.plot.curves)
    assert 0.3 < np.nanmax(ndvi) <= 1
    np.testing.assert_allclose(kndvi, np.tanh(ndvi**2))
    assert (panel.plot.curves[0].quality == CLEAR).all()
    look(opened)


def test_a_click_on_the_curves_moves_the_map_to_that_date(opened, panel, click, until, qtbot):
    click(10, 20)
    until(lambda: bool(panel.plot.curves))
    plot, wanted = panel.plot, 2
    _, (low, high) = plot.plotItem.vb.viewRange()
    at = plot.plotItem.vb.mapViewToScene(QPointF(panel.plot._times[wanted], (low + high) / 2))
    qtbot.mouseClick(
        plot.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, plot.mapFromScene(at)
    )
    assert opened.model.now.date == wanted
    opened.model.change(date=5)
    assert plot._cursor.value() == plot._times[5]


def test_the_table_says_of_each_date_where_and_how_good_it_is(
    opened, panel, click, until, tmp_path, monkeypatch
):
    click(10, 20)
    until(lambda: bool(panel.plot.curves))
    path = tmp_path / "curves.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path.with_suffix("")), ""))
    panel._export.click()
    until(path.exists)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(opened.model.now.store.times)
    assert {"place", "x", "y", "lon", "lat", "date", "quality", "dimension 1"} <= rows[0].keys()
    left, bottom, right, top = opened.model.now.store.grid.bounds
    assert left < float(rows[0]["x"]) < right
    assert bottom < float(rows[0]["y"]) < top
    assert {row["quality"] for row in rows} <= {"clear", "gap-filled", "no data"}


def test_a_table_that_cannot_be_written_says_so(opened, panel, click, until, tmp_path, monkeypatch):
    click(10, 20)
    until(lambda: bool(panel.plot.curves))
    nowhere = tmp_path / "missing" / "curves.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(nowhere), ""))
    panel._export.click()
    until(lambda: "can't be written" in opened._message.text())


def test_the_strip_says_how_clear_dates_are(opened, until):
    strip = opened.dates.strip
    until(lambda: len(strip._shares) == len(opened.model.now.store.times))
    assert 0 <= min(strip._shares) < max(strip._shares) <= 1
    assert strip._ticks["s2"]


def test_dozens_of_places_are_one_item_of_the_plot(opened, panel, until):
    items = len(panel.plot.scene().items())
    places = tuple(Place(f"P{n}", "#0072b2", pixel=(n, n)) for n in range(30))
    opened.model.do(places=places)
    until(lambda: len(panel.plot.curves) >= len(places))
    assert len(panel.plot.scene().items()) == items
    assert len(opened.map._marks) == 2  # of one colour: one shape, and its dark edge
    drawn = panel.plot.grab().toImage()
    opened.model.do(places=())
    until(lambda: not panel.plot.curves)
    assert panel.plot.grab().toImage() != drawn


def test_the_plot_is_as_high_as_what_is_in_view_needs(qtbot):
    times = np.arange(4) * 1e7
    values = np.array([0.0, 1.0, 5.0, np.nan])
    item = CurvesItem(theme_named("light"))
    assert item.dataBounds(1) == (None, None)
    quality = np.array([CLEAR, CLEAR, CLEAR, NO_DATA], np.uint8)
    item.set_curves([Curve("A", "#0072b2", "one", times, values, quality, values - 1, values + 1)])
    assert item.dataBounds(0) == (0, 2e7)
    assert item.dataBounds(1) == (-1, 6)
    assert item.dataBounds(1, orthoRange=(5e6, 1.5e7)) == (0, 2)


def test_the_key_tells_marks_that_occur(qtbot):
    key = CurveKey(theme_named("light"))
    qtbot.addWidget(key)
    times, values = np.arange(3.0), np.ones(3)
    seen, told = np.array([CLEAR] * 3, np.uint8), np.array([CLEAR, CLEAR, NO_DATA], np.uint8)
    curves = [
        Curve("A", "#0072b2", name, times, values, quality)
        for name, quality in (("B04", seen), ("B08", seen))
    ]
    key.set_curves(curves)
    assert key.marks == (CLEAR,)
    key.set_curves([*curves, Curve("B", "#d55e00", "B04", times, values, told)])
    assert key.marks == (CLEAR, NO_DATA)
    assert key.accessibleDescription() == "B04, B08"


def test_another_store_has_all_its_dates_in_view(qtbot):
    plot = SeriesPlot(theme_named("light"))
    qtbot.addWidget(plot)
    day = 86_400.0
    for first in (0.0, 900.0, 300.0):  # neither within what the store before allowed
        times = day * (first + np.arange(0, 700, 10))
        plot.set_times(times)
        left, right = plot.plotItem.vb.viewRange()[0]
        assert left <= times[0] < times[-1] <= right
