"""The plot of curves by itself: its lines, heights, names and keys, drawn without an engine."""

import numpy as np
from phenolens.app.curves import CLEAR, NO_DATA, Curve
from phenolens.app.panels.curves_item import CurvesItem
from phenolens.app.panels.series_plot import CurveKey, SeriesPlot
from phenolens.app.theme import theme_named
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QPicture
from PySide6.QtWidgets import QApplication


def test_no_lines_are_drawn_that_are_too_faint_to_be_seen(qtbot):
    plot = SeriesPlot(theme_named("light"))
    qtbot.addWidget(plot)
    plot.resize(900, 260)
    plot.show()
    plot.setYRange(0, 7)
    picture = QPicture()
    with QPainter(picture) as painter:
        _, lines, texts = plot.getAxis("left").generateDrawSpecs(painter)
    assert [text for _, _, text in texts]
    assert min(pen.color().alpha() for pen, _, _ in lines) > 5


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


def test_the_name_of_the_values_can_be_read_in_a_low_plot(qtbot):
    plot = SeriesPlot(theme_named("light"))
    qtbot.addWidget(plot)
    plot.resize(600, 96)
    plot.show()
    axis, lines = plot.getAxis("left"), []
    for name in ("reflectance", "value (no unit)", "share of the commonest class", "GPP, gC m⁻² d⁻¹"):
        plot.set_curves((), name)
        QApplication.processEvents()
        written = axis.mapRectToScene(axis.mapRectFromItem(axis.label, axis.label.boundingRect()))
        assert written.top() >= 0
        assert written.bottom() <= plot.height()
        assert axis.label.toPlainText().replace("\u00a0", " ").strip() == name
        lines.append(round(written.width()))
    assert lines[0] == lines[1] < lines[2]  # in one line where there is room


def test_places_have_their_names_where_their_curves_end(qtbot):
    theme = theme_named("light")
    plot = SeriesPlot(theme)
    qtbot.addWidget(plot)
    plot.resize(600, 200)
    plot.show()
    times, quality = np.arange(4) * 1e7, np.full(4, CLEAR, np.uint8)
    plot.set_times(times)
    one = Curve("A", "#d0101c", "one", times, np.array([1.0, 1, 1, 0]), quality)
    other = Curve("B", "#5484f0", "one", times, np.array([0.0, 1, 0, 0]), quality)

    def beyond(colour: str) -> bool:
        """Whether something of this colour lies right of the last point."""
        picture, box = plot.grab().toImage(), plot.plotItem.vb
        end = box.mapViewToScene(QPointF(times[-1], 0.5)).x()
        places = [(x, y) for x in range(round(end) + 5, plot.width()) for y in range(plot.height())]
        return any(picture.pixelColor(*place).name() == colour for place in places)

    plot.set_curves((one,), "value")
    assert not beyond(one.colour)  # one needs no name
    plot.set_curves((one, other), "value")
    assert beyond(one.colour)
    assert beyond(other.colour)


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
