"""What the pointer is on in one view is previewed in the others."""

from dataclasses import replace

import numpy as np
import pyqtgraph as pg
import pytest
from phenolens.app.controllers.hovering import HoverController
from phenolens.app.curves import CLEAR, GAP_FILLED, NO_FRAME
from phenolens.app.panels.projection import ProjectionPanel
from phenolens.app.panels.series import SeriesPanel
from phenolens.app.pixel_facts import told_interval
from phenolens.app.session import Place, SeriesChoice
from phenolens.engine.client.arrays import Array
from phenolens.engine.client.look import Look
from phenolens.engine.client.projections import Scope
from phenolens.engine.client.readings import ProbeSeries
from PySide6.QtCore import QEvent, QPoint, QPointF
from PySide6.QtWidgets import QApplication

PIXEL = (20, 30)
CORNERS = ((4.0, 6.0), (14.0, 6.0), (14.0, 26.0), (4.0, 26.0))


@pytest.fixture
def hover(opened, until, monkeypatch) -> HoverController:
    monkeypatch.setitem(pg.CONFIG_OPTIONS, "mouseRateLimit", 0)
    panel = opened.findChild(ProjectionPanel)
    until(lambda: panel.plot.picture is not None)
    return opened.findChild(HoverController)


@pytest.fixture
def move(qtbot):
    """Puts the pointer at a place of a plot, in its own coordinates."""

    def to(view, box, x: float, y: float) -> None:
        place = view.mapFromScene(box.mapViewToScene(QPointF(x, y)))
        qtbot.mouseMove(view.viewport(), place + QPoint(1, 1))
        qtbot.mouseMove(view.viewport(), place)

    return to


@pytest.fixture
def over(opened, move):
    """Puts the pointer onto a pixel of the map."""
    return lambda row, column: move(opened.map._view, opened.map._box, column + 0.5, row + 0.5)


@pytest.fixture
def expected(opened):
    """[pixel, date, 2] of pixels as the engine tells them."""

    def get(*pixels, dates=None):
        now = opened.model.now
        scope = Scope(now.method, dates=dates)
        told = opened.link._client.projections.positions(now.store.store, pixels, scope).points
        return np.frombuffer(told.data, np.float32).reshape(told.shape)

    return get


def _rings(marks) -> np.ndarray | None:
    return marks.rings.points if hasattr(marks, "rings") else marks.ringed[0]


def _leave(widget) -> None:
    QApplication.sendEvent(widget, QEvent(QEvent.Type.Leave))


def test_a_pixel_under_the_pointer_is_ringed_in_the_projection(opened, hover, over, expected, until, look):
    over(*PIXEL)
    until(lambda: _rings(hover.on_plane) is not None)
    np.testing.assert_allclose(_rings(hover.on_plane), expected(PIXEL, dates=(opened.model.now.time,))[0])
    until(lambda: hover.on_plane.trail is not None)  # once the pointer rests: the other dates
    np.testing.assert_allclose(hover.on_plane.trail, expected(PIXEL)[0])
    look(opened)
    _leave(opened.map)
    until(lambda: _rings(hover.on_plane) is None)
    assert hover.on_plane.trail is None


def test_the_curve_of_a_pixel_under_the_pointer_is_faint_among_the_others(opened, hover, over, until, look):
    series = opened.findChild(SeriesPanel)
    opened.model.do(places=(Place("A", "#0072b2", (5, 5)),))
    until(lambda: len(series.plot.curves) == 3)
    over(*PIXEL)
    until(lambda: hover.on_curves.shown == 3)
    look(opened)
    assert len(series.plot.curves) == 3  # it is no place, and nothing that is saved as CSV
    opened.model.change(series=SeriesChoice("support"))
    until(lambda: not hover.on_curves.shown)


def test_the_read_out_says_what_the_pixel_under_the_pointer_rests_on(opened, hover, over, until, look):
    store = opened.model.now.store
    told = opened.link._client.views.series(store.store, pixels=(PIXEL,), dims=1)
    quality = np.frombuffer(told.quality.data, told.quality.dtype).tolist()
    days = np.frombuffer(told.support["nearest_days_s2"].data, told.support["nearest_days_s2"].dtype)
    filled = next(date for date, code in enumerate(quality) if code == GAP_FILLED and days[date] != NO_FRAME)
    for date, fact in (
        (quality.index(CLEAR), "✓ clear"),
        (filled, f"gap-filled (S2 {days[filled]} d away)"),
    ):
        opened.model.change(date=date)
        over(*PIXEL)
        until(lambda fact=fact: opened.map.told.endswith(fact))
        look(opened)
        opened.map._hover(opened.map._box.mapViewToScene(QPointF(PIXEL[1] + 1.5, PIXEL[0] + 0.5)))
        assert fact not in opened.map.told


def test_the_interval_of_a_prediction_stands_in_the_read_out():
    def of(kind: str, *values: float) -> Array:
        return Array(np.array([values], kind).tobytes(), (1, len(values)), kind)

    told = ProbeSeries(("a", "b"), (PIXEL,), (), of("uint8", 0, 0), {}, of("float32", 8.4, np.nan))
    quantity = replace(told, low=of("float32", 6.9, np.nan), high=of("float32", 10.1, np.nan), coverage=0.9)
    assert [told_interval(quantity, date) for date in (0, 1)] == ["[6.9, 10.1] (90%)", ""]
    few = replace(quantity, groups=3, group="site")
    assert told_interval(few, 0) == "[6.9, 10.1] (90%, 3 sites)"
    assert told_interval(replace(told, confidence=of("float32", 0.87, np.nan)), 0) == "probability 87%"
    assert told_interval(told, 0) == ""


def test_pixels_near_the_pointer_in_the_projection_are_shown_on_the_map(
    opened, hover, move, expected, until, look
):
    now = opened.model.now
    plot = opened.findChild(ProjectionPanel).plot
    x, y = map(float, expected(PIXEL, dates=(now.time,))[0, 0])
    move(plot, plot.box, x, y)
    until(lambda: hover.on_map.pixels is not None)
    assert hover.on_map.pixels.shape == (*now.store.grid.shape, 4)
    assert tuple(hover.on_map.pixels[PIXEL]) == (*bytes.fromhex(opened.theme.selection[1:]), 255)
    assert now.pick is None
    look(opened)
    _leave(plot)
    until(lambda: hover.on_map.pixels is None)


def test_a_place_of_the_list_is_shown_on_the_map_and_in_the_projection(opened, hover, expected, until, look):
    series = opened.findChild(SeriesPanel)
    opened.model.do(places=(Place("A", "#0072b2", PIXEL), Place("B", "#d55e00", None, CORNERS)))
    series.place_hovered.emit(0)
    until(lambda: _rings(hover.on_plane) is not None)
    assert _rings(hover.on_map).tolist() == [[30.5, 20.5]]
    np.testing.assert_allclose(_rings(hover.on_plane), expected(PIXEL, dates=(opened.model.now.time,))[0])
    series.place_hovered.emit(1)
    until(lambda: len(_rings(hover.on_plane)) > 10)
    assert _rings(hover.on_map) is None
    assert hover.on_map.outlined
    look(opened)
    series.place_hovered.emit(-1)
    until(lambda: not hover.on_map.outlined)
    assert _rings(hover.on_plane) is None


def test_a_curve_under_the_pointer_shows_its_place(opened, hover, move, until):
    plot = opened.findChild(SeriesPanel).plot
    opened.model.do(places=(Place("A", "#0072b2", PIXEL),))
    until(lambda: len(plot.curves) == 3)
    curve = plot.curves[1]

    def there() -> bool:  # the axes move once more after the curves have come
        move(plot, plot.plotItem.vb, curve.times[4], curve.values[4])
        return _rings(hover.on_map) is not None

    until(there)
    assert _rings(hover.on_map).tolist() == [[30.5, 20.5]]


def test_another_date_moves_what_is_previewed(opened, hover, over, expected, until):
    opened.model.change(date=3)
    over(*PIXEL)
    until(lambda: _rings(hover.on_plane) is not None)
    opened.model.change(date=9)
    there = expected(PIXEL, dates=(opened.model.now.time,))[0]
    until(lambda: _rings(hover.on_plane) is not None and np.allclose(_rings(hover.on_plane), there))


def test_a_pixel_without_data_has_no_ring(opened, hover, over, until):
    over(*PIXEL)
    until(lambda: _rings(hover.on_plane) is not None)
    hover._show_in_plane(np.full((1, 2), np.nan, np.float32))
    assert _rings(hover.on_plane) is None


def test_without_a_projection_the_pointer_asks_nothing_of_it(opened, hover, over, until):
    opened.model.change(method="umap")  # there is none yet
    panel = opened.findChild(ProjectionPanel)
    until(lambda: panel.plot.picture is None)
    over(*PIXEL)
    until(lambda: hover._shown is not None)
    assert "hover place" not in opened.link._under_way
    assert _rings(hover.on_plane) is None


def test_answers_of_another_store_are_not_shown(opened, hover, over, until):
    over(*PIXEL)
    until(lambda: hover._shown is not None)
    opened.model.begin(type(opened.model.now)())  # no store
    assert _rings(hover.on_plane) is None
    opened.stores.open("forest.zarr")
    until(lambda: opened.model.now.store is not None and "base" in opened.map.shown)
    assert hover.on_plane.trail is None


@pytest.mark.parametrize("compare", ["side", "swipe"])
def test_both_maps_show_where_the_pointer_is_and_which_place_a_curve_is_of(
    opened, hover, over, until, look, compare
):
    opened.model.change(beside=Look("dim", dim=1), compare=compare)
    until(lambda: "beside" in opened.map.shown)
    opened.model.do(places=(Place("A", "#0072b2", PIXEL), Place("B", "#d55e00", None, CORNERS)))
    over(5, 6)
    until(lambda: hover._shown is not None)
    wanted = [[[6.5, 5.5]]] * 2 if compare == "side" else [None, None]  # swiped, it is the same map
    assert [None if one is None else one.tolist() for one in hover.on_map.ringed] == wanted
    look(opened)
    opened.findChild(SeriesPanel).place_hovered.emit(0)
    until(lambda: hover.on_map.ringed[0] is not None and hover.on_map.ringed[0].tolist() == [[30.5, 20.5]])
    assert hover.on_map.ringed[1].tolist() == [[30.5, 20.5]]
    opened.findChild(SeriesPanel).place_hovered.emit(1)
    until(lambda: hover.on_map.outlined)
    look(opened, "-polygon")
    opened.model.change(beside=None)
    until(lambda: not hover.on_map.outlined)
