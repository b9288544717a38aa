"""What lies over the map: labels end with the area, places are pins; and what a change of theme must not lose."""

from threading import Thread

import pyqtgraph as pg
import pytest
from phenolens.app.appearance import Appearance
from phenolens.app.geography import Geography
from phenolens.app.panels.labels import LabelsPanel
from phenolens.app.panels.map_marks import MOST_PINS
from phenolens.app.panels.report_text import HIGHEST
from phenolens.app.panels.series import SeriesPanel
from phenolens.app.panels.stores import StoreList
from phenolens.app.session import Label, LandClass, Place
from phenolens.app.theme import theme_named
from phenolens.engine.client.arrays import Grid
from phenolens.engine.client.look import Look
from pyproj import Proj, Transformer
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

CLASSES = (LandClass(1, "beech", "#0072b2"), LandClass(2, "spruce", "#d55e00"))


@pytest.fixture
def seen(opened):
    """The colour of the map at a place (column, row)."""

    def at(column: float, row: float, beside: bool = False) -> str:
        box, view = opened.map._side_box if beside else opened.map._box, opened.map._view
        place = view.mapTo(opened.map, view.mapFromScene(box.mapViewToScene(QPointF(column, row))))
        return opened.map.grab().toImage().pixelColor(place).name()

    return at


def test_marks_of_labels_are_cut_off_where_the_area_ends(opened, seen, look):
    opened.model.do(classes=CLASSES)
    before = [seen(49.0, 20.5), seen(47.5, 20.5)]
    opened.model.do(labels=(Label(1.0, ((47.5, 20.5),)), Label(2.0, ((40, 30), (60, 30), (60, 40)))))
    look(opened.map)
    assert seen(49.0, 20.5) == before[0]  # an arm of the cross would lie here
    assert _apart(seen(46.5, 20.5), CLASSES[0].colour) < 20  # its line is smoothed
    assert opened.map.marks.shapes == 2


def _apart(one: str, other: str) -> int:
    """How much the most different of red, green and blue differs."""
    return max(abs(a - b) for a, b in zip(QColor(one).getRgb(), QColor(other).getRgb(), strict=True))


def test_places_are_pins_with_their_names_and_so_no_labels(opened, seen, until, look):
    opened.model.do(
        classes=CLASSES,
        labels=(Label(1.0, ((10.5, 10.5),)),),
        places=(
            Place("A", "#0072b2", (30, 20)),
            Place("B", "#d55e00", None, ((30.0, 30.0), (40.0, 30.0), (40.0, 40.0))),
        ),
    )
    assert opened.map.marks.pins == ("A", "B")

    def heads(*beside: bool) -> set[str]:
        """Colours where the pin's head is."""
        head = opened.map._box.viewPixelSize()[1] * 24
        return {seen(20.5, 30.5 - head, one) for one in beside}

    until(lambda: heads(False) == {"#0072b2"})
    opened.model.change(beside=Look("dim", dim=1), compare="side")
    until(lambda: "beside" in opened.map.shown)
    look(opened.map, "-side")
    until(lambda: heads(False, True) == {"#0072b2"})
    opened.model.do(places=())
    assert opened.map.marks.pins == ()


def test_many_labels_are_made_in_turns_and_none_is_left_of_those_that_others_came_after(
    opened, until, monkeypatch
):
    monkeypatch.setattr("phenolens.app.panels.map_marks.AT_ONCE", 3)
    corner = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    classes = (*CLASSES, LandClass(3, "larch", "#009e73"))
    labels = [Label(1.0 + n // 5, tuple((n + x, n + y) for x, y in corner)) for n in range(10)]
    marks = opened.map.marks
    marks.set_labels([Label(3.0, corner)] * 7, classes)
    marks.set_labels(labels, classes)
    assert marks.shapes == 0  # the window answers in between
    until(lambda: marks.shapes > 0)
    assert marks.colours == {one.colour for one in CLASSES}
    assert [stroke.path.boundingRect().getRect() for stroke in marks._labels[0].strokes] == [
        (0.0, 0.0, 5.0, 5.0),
        (5.0, 5.0, 5.0, 5.0),
    ]
    marks.set_labels((), classes)
    assert marks.shapes == 0


def test_only_the_last_of_many_places_have_pins(opened):
    many = tuple(Place(f"P{n}", "#0072b2", (n % 48, n // 48)) for n in range(MOST_PINS + 9))
    opened.model.do(places=many)
    assert opened.map.marks.pins == tuple(place.name for place in many[9:])


def test_the_report_of_an_import_is_as_high_as_its_text(opened, look):
    opened.show_step("Label")
    panel = opened.findChild(LabelsPanel)
    panel.tell("3 labels were read.")
    QApplication.processEvents()
    assert panel._report.height() < 3 * panel.fontMetrics().height()
    look(panel)
    panel.tell("A label was left out. " * 60, True)
    QApplication.processEvents()
    assert panel._report.height() == HIGHEST
    assert panel._report.verticalScrollBar().maximum() > 0


def test_the_list_of_stores_is_as_wide_as_its_columns_need_in_a_large_font(opened, qtbot):
    dialog = StoreList()
    qtbot.addWidget(dialog)
    dialog.setStyleSheet("* { font-size: 13pt; }")
    dialog.set_stores((("a_name_of_a_store_that_is_long_" * 3 + ".zarr", opened.model.now.store),), None)
    dialog.show()
    assert dialog._table.horizontalScrollBar().maximum() == 0
    assert dialog._table.columnWidth(0) > dialog.fontMetrics().averageCharWidth() * 20


def test_the_current_cell_of_a_row_that_is_chosen_looks_like_the_others(opened, qtbot, until):
    dialog = StoreList()
    qtbot.addWidget(dialog)
    store = opened.model.now.store
    dialog.set_stores((("a.zarr", store), ("b.zarr", store)), "b.zarr")
    dialog.show()
    dialog.activateWindow()
    dialog._table.setFocus()
    until(dialog._table.hasFocus)
    dialog._table.setCurrentCell(1, 2)
    cells = [dialog._table.visualItemRect(dialog._table.item(1, column)) for column in (1, 2)]
    picture = dialog._table.viewport().grab().toImage()
    backs = {picture.pixelColor(cell.right() - 2, cell.top() + 3).name() for cell in cells}
    assert len(backs) == 1
    assert QColor(backs.pop()) == QColor(opened.theme.accent)


def test_axes_keep_their_names_when_the_theme_changes(opened, until, look):
    plot = opened.findChild(SeriesPanel).plot
    opened.model.do(places=(Place("A", "#0072b2", (30, 20)),))
    until(lambda: bool(plot.curves))
    axis: pg.AxisItem = plot.getAxis("left")
    for name in ("dark", "light"):
        opened.findChild(Appearance).choose(name)
        assert axis.label.isVisible()
        assert "value" in axis.label.toPlainText()
        assert theme_named(name).faint in axis.label.toHtml()
        look(opened, f"-{name}")


@pytest.mark.parametrize(
    ("crs", "left", "top"),
    [("EPSG:3035", 5_271_982, 2_533_004), ("EPSG:32635", 700_000, 5_000_000), ("EPSG:32735", 300_000, 7e6)],
)
def test_the_arrow_points_to_true_north_where_the_grid_leans(crs, left, top):
    geography = Geography(Grid(crs, (10.0, 0.0, left, 0.0, -10.0, top), (100, 100)))
    convergence = Proj(crs).get_factors(*geography.lonlat(50, 50)).meridian_convergence
    assert geography.north(50, 50) == pytest.approx(-convergence, abs=0.01)


@pytest.mark.parametrize(
    ("crs", "size", "left", "top"),
    [
        ("EPSG:3035", 10.0, 5_271_982, 2_533_004),
        ("EPSG:31370", 10.0, 150_000, 170_000),
        ("EPSG:32635", 10.0, 700_000, 5_000_000),
        ("EPSG:4326", 1e-4, 4.5, 50.8),
    ],
)
def test_degrees_are_those_of_the_one_way_that_fits_the_area(crs, size, left, top):
    geography = Geography(Grid(crs, (size, 0.0, left, 0.0, -size, top), (100, 100)))
    known = Thread(target=geography.look_up)
    known.start()
    known.join()
    expected = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(*geography.xy(30, 70))
    assert geography.lonlat(30, 70) == pytest.approx(expected, abs=1e-9)
    assert geography.pixel_of_lonlat(*expected) == pytest.approx((30, 70), abs=1e-3)


def test_the_arrow_is_that_of_the_area_that_is_shown(opened, look):
    store = opened.model.now.store
    rows, columns = store.grid.shape
    expected = Geography(store.grid).north(columns / 2, rows / 2)
    assert opened.map._scale.north == expected
    assert -9.5 < expected < -8
    look(opened.map)
