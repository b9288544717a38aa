"""Curves of what acquisitions saw of one pixel, of several, of a polygon; and their table."""

import csv

import numpy as np
import pytest
from phenolens.app.curve_table import write_table
from phenolens.app.curves import IN_PART, OBSERVED, Subject, curves_of
from phenolens.app.geography import Geography
from phenolens.app.panels.series import SeriesPanel
from phenolens.app.panels.series_plot import SeriesPlot
from phenolens.app.theme import theme_named
from phenolens.engine.client.arrays import Array, Grid
from phenolens.engine.client.readings import BandsAt, Series


def acquired(sensor, *pixels):
    """What the engine tells of acquisitions: of each pixel (or of one polygon) `(time, bands, seen)`."""
    bands = tuple({sensor: tuple(BandsAt(*frame) for frame in frames)} for frames in pixels)
    return Series((), (), Array(b"", (0, 0), "uint8"), bands=bands)


def test_an_acquisition_that_saw_less_than_half_of_a_polygon_is_hollow_and_the_table_says_how_much(
    qtbot, look, tmp_path
):
    polygon = Subject("A", "#a04020", corners=((0.0, 0.0), (9.0, 0.0), (9.0, 9.0)))
    bands = {"B04": 0.02, "B08": 0.3}
    told = acquired("s2", (("2020-06-01T00:00:00Z", bands, 1.0), ("2020-06-06T00:00:00Z", bands, 0.18)))
    (curve,) = curves_of(polygon, told, "index", ("NDVI",))
    assert curve.quality.tolist() == [OBSERVED, IN_PART]
    grid = Grid("EPSG:32631", (10.0, 0.0, 600_000.0, 0.0, -10.0, 5_600_000.0), (20, 20))
    write_table(tmp_path / "curves.csv", (polygon,), (curve,), Geography(grid))
    with (tmp_path / "curves.csv").open(newline="") as file:
        assert [row["seen"] for row in csv.DictReader(file)] == ["1.0", "0.18"]
    panel = SeriesPanel(theme_named("light"))
    qtbot.addWidget(panel)
    panel.set_curves((curve,), "index")
    panel.resize(700, 200)
    assert panel.key.marks == (OBSERVED, IN_PART)
    look(panel)


def test_the_mean_backscatter_of_a_selection_is_that_of_its_power():
    selection = Subject("selection", "#a04020", ((0, 0), (0, 1)), sampled=True)
    pixels = [(("2020-06-01T00:00:00Z", {"VV": level}),) for level in (-20.0, -10.0)]
    (curve,) = curves_of(selection, acquired("s1", *pixels), "s1", ("VV",))
    np.testing.assert_allclose(curve.values, 10 * np.log10((0.01 + 0.1) / 2))
    np.testing.assert_allclose((curve.low, curve.high), ([-19], [-11]))
    assert curve.seen.tolist() == [1.0]


def test_a_polygon_lies_at_its_centre_of_gravity_however_its_corners_are_spread():
    corners = ((0.0, 0.0), (4.0, 0.0), (6.0, 0.0), (8.0, 0.0), (8.0, 4.0), (0.0, 4.0))
    assert Subject("A", "#a04020", corners=corners).centre == pytest.approx((4, 2))
    crossing = ((0.0, 0.0), (8.0, 4.0), (8.0, 0.0), (0.0, 4.0))
    assert Subject("A", "#a04020", corners=crossing).centre == (4, 2)


def test_the_read_out_says_of_which_day_the_value_of_each_curve_is(qtbot):
    plot = SeriesPlot(theme_named("light"))
    qtbot.addWidget(plot)
    clear = (("2020-06-01T00:00:00Z", {"B08": 0.3}), ("2020-06-06T00:00:00Z", {"B08": 0.4}))
    curves = []
    for name, frames in (("A", clear), ("B", clear), ("C", clear[:1])):
        place = Subject(name, "#a04020", ((0, 0),))
        curves += curves_of(place, acquired("s2", frames), "s2", ("B08",))
    plot.set_curves(curves, "reflectance")
    first, last = curves[0].times
    assert plot._told(first).count("2020-06-01") == 1
    told = plot._told(last)
    assert told.index("2020-06-06") < told.index("A B08") < told.index("B B08") < told.index("2020-06-01")
    assert told.endswith("2020-06-01   C B08 0.3 (observed)")
