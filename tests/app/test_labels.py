"""Labels: drawn with the mouse, changed in their lists, imported from files in any CRS."""

import json

import geopandas
import numpy as np
import pytest
import shapely
from phenolens.app.controllers.handing_over import hand_over_labels
from phenolens.app.controllers.labels import thinned
from phenolens.app.label_file import label_json, read_labels
from phenolens.app.panels.labels import LabelsPanel
from phenolens.app.panels.map_marks import NO_CLASS
from phenolens.app.panels.map_shapes import crosses, outlines
from phenolens.app.recipe import Quantity
from phenolens.app.selection import MapPick, PixelPick
from phenolens.app.session import Label, LandClass, Work
from phenolens.engine.client.arrays import Grid
from phenolens.engine.client.readings import Store
from phenolens.engine.labels.read import LabelColumns
from phenolens.engine.labels.read import read_labels as read_label_set
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


STORE = Store(
    "some.zarr",
    8,
    Grid("EPSG:32635", (10, 0, 500_000, 0, -10, 5_000_000), (48, 48)),
    ("2019-05-01T00:00:00Z",),
)


def spot(window, column, row):
    """Where a place of the map lies on the screen."""
    view = window.map._view
    return view.mapFromScene(window.map._box.mapViewToScene(QPointF(column, row)))


def click(window, column, row):
    QTest.mouseClick(window.map._view.viewport(), LEFT, PLAIN, spot(window, column, row))


def labels_panel(window):
    return window.findChild(LabelsPanel)


def test_pixels_are_labelled_by_clicks_and_taken_back_with_the_keys(opened, qtbot, look):
    opened.show_step("Label")
    qtbot.keyClick(opened, Qt.Key.Key_P)
    click(opened, 10.5, 5.5)
    labels_panel(opened).class_added.emit()
    click(opened, 30.5, 40.5)
    work = opened.model.now.work
    assert [(one.value, one.corners) for one in work.labels] == [(1, ((10.5, 5.5),)), (2, ((30.5, 40.5),))]
    assert len({one.colour for one in work.classes}) == 2
    look(opened)
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    for again in ((Qt.Key.Key_Z, control | shift), (Qt.Key.Key_Y, control)):
        qtbot.keyClick(opened, Qt.Key.Key_Z, control)
        assert opened.model.now.work.labels == work.labels[:1]
        qtbot.keyClick(opened, *again)
        assert opened.model.now.work == work
    qtbot.keyClick(opened, Qt.Key.Key_P)
    click(opened, 20.5, 20.5)
    assert opened.model.now.work.labels == work.labels  # the tool was put back


def test_a_pixel_labelled_again_changes_its_class(opened):
    opened.model.do(classes=(LandClass(1, "a", "#e69f00"), LandClass(2, "b", "#56b4e9")))
    opened.model.change(tool="point", label_class=1)
    click(opened, 10.5, 5.5)
    opened.model.change(label_class=2)
    click(opened, 10.5, 5.5)
    assert [one.value for one in opened.model.now.work.labels] == [2]


def test_a_polygon_that_is_clicked_round_is_one_label_of_the_day(opened):
    opened.model.do(classes=(LandClass(7, "field", "#e69f00"),))
    opened.model.change(tool="polygon", label_class=7, label_span=("", ""))
    for place in ((10, 10), (20, 10), (20, 20)):
        click(opened, *place)
    click(opened, 10, 20)
    QTest.mouseDClick(opened.map._view.viewport(), LEFT, PLAIN, spot(opened, 10, 20))
    QTest.mouseRelease(opened.map._view.viewport(), LEFT, PLAIN, spot(opened, 10, 20))
    (label,) = opened.model.now.work.labels
    day = opened.model.now.time[:10]
    assert (label.value, label.start, label.end) == (7, day, day)
    assert np.allclose(np.array(label.corners)[:3], [(10, 10), (20, 10), (20, 20)], atol=0.2)


def test_a_click_on_the_first_corner_ends_a_polygon(opened):
    opened.model.do(classes=(LandClass(7, "field", "#e69f00"),))
    opened.model.change(tool="polygon", label_class=7)
    for place in ((10, 10), (20, 10), (20, 20), (10, 20), (10, 10)):
        click(opened, *place)
    (label,) = opened.model.now.work.labels
    assert np.allclose(label.corners, [(10, 10), (20, 10), (20, 20), (10, 20)], atol=0.2)


def test_a_slow_hand_draws_no_more_corners_than_a_quick_one():
    side = [(x / 10, 0.0) for x in range(100)]
    corners = thinned((*side, (10.0, 10.0), (0.1, 10.0), (0.1, 0.1)))
    assert len(corners) < 30
    assert shapely.Polygon(corners).area == pytest.approx(99.5, abs=1)


def test_classes_are_renamed_recoloured_and_removed_with_their_labels(opened):
    table = labels_panel(opened).classes
    labels = (Label(1.0, ((1.5, 1.5),)), Label(2.0, ((2.5, 2.5),)))
    opened.model.do(classes=(LandClass(1, "a", "#e69f00"), LandClass(2, "b", "#56b4e9")), labels=labels)
    assert [table.item(row, 2).text() for row in (0, 1)] == ["1", "1"]
    table.item(0, 1).setText("wheat")
    assert opened.model.now.work.classes[0].name == "wheat"
    table.item(1, 1).setText("wheat")  # taken
    assert opened.model.now.work.classes[1].name == "b"
    assert table.item(1, 1).text() == "b"
    table.colour_menu(1).actions()[2].trigger()
    assert opened.model.now.work.classes[0].colour == "#009e73"
    labels_panel(opened).class_removed.emit(1)
    assert [one.value for one in opened.model.now.work.labels] == [2]
    opened.model.undo()
    assert opened.model.now.work.labels == labels


def test_rows_of_classes_stay_as_they_are_while_labels_are_added(opened):
    table = opened.findChild(LabelsPanel).classes
    classes = (LandClass(1, "one", "#e69f00"), LandClass(2, "two", "#56b4e9"))
    opened.model.do(classes=classes)
    icons = [table.item(row, 0).icon().cacheKey() for row in range(2)]
    opened.model.do(labels=(Label(2, ((1.5, 1.5),)),))
    assert [table.item(row, 2).text() for row in range(2)] == ["0", "1"]
    assert table.item(0, 0).icon().cacheKey() == icons[0]
    opened.model.do(classes=classes[1:])
    assert [table.item(row, 1).text() for row in range(table.rowCount())] == ["two"]
    opened.model.undo()
    assert [table.item(row, 1).text() for row in range(table.rowCount())] == ["one", "two"]


def test_what_is_selected_is_labelled_as_outline_or_pixel_by_pixel(opened, until):
    corners = ((2.0, 2.0), (12.0, 2.0), (12.0, 12.0))
    opened.model.change(pick=MapPick(corners))
    labels_panel(opened).selection_asked.emit()
    opened.model.change(pick=PixelPick(((20, 21), (30, 31))))
    labels_panel(opened)._selected.click()
    until(lambda: len(opened.model.now.work.labels) == 3)
    work = opened.model.now.work
    assert [one.corners for one in work.labels] == [corners, ((21.5, 20.5),), ((31.5, 30.5),)]
    assert [one.code for one in work.classes] == [1]
    opened.model.undo()
    assert len(opened.model.now.work.labels) == 1


def test_marked_labels_are_deleted_with_the_key(opened, qtbot):
    labels = tuple(Label(1.0, ((x + 0.5, 1.5),)) for x in range(5))
    opened.model.do(classes=(LandClass(1, "a", "#e69f00"),), labels=labels)
    shown = labels_panel(opened).list
    shown.selectRow(1)
    qtbot.keyClick(shown, Qt.Key.Key_Delete)
    assert opened.model.now.work.labels == (labels[0], *labels[2:])


def test_marked_labels_get_another_class(opened, look):
    labels = tuple(Label(1.0, ((x + 0.5, 1.5),)) for x in range(4))
    opened.model.do(classes=(LandClass(1, "a", "#e69f00"), LandClass(2, "b & c", "#56b4e9")), labels=labels)
    shown = labels_panel(opened).list
    shown.selectRow(1)
    menu = shown.class_menu()
    assert [action.text() for action in menu.actions()] == ["a", "b && c"]
    look(menu)
    menu.actions()[1].trigger()
    assert [one.value for one in opened.model.now.work.labels] == [1, 2, 1, 1]
    opened.model.undo()
    assert opened.model.now.work.labels == labels
    menu.close()


def test_what_is_marked_stays_marked_until_the_labels_change(opened):
    panel = labels_panel(opened)
    opened.model.do(
        classes=(LandClass(1, "a", "#e69f00"),),
        labels=tuple(Label(1.0, ((n + 0.5, 3.5),)) for n in range(40)),
    )
    assert not panel._remove.isEnabled()
    panel.list.selectRow(3)
    assert panel._remove.isEnabled()
    opened.model.change(tool="point")  # the panel shows another tool, and the same labels
    assert panel.list.chosen() == (3,)
    panel._remove.click()
    assert len(opened.model.now.work.labels) == 39
    assert not panel._remove.isEnabled()


def test_measured_values_are_not_drawn_in_colours_of_classes(opened):
    classes = (LandClass(1, "a", "#e69f00"), LandClass(2, "b", "#56b4e9"))
    labels = (Label(1.2, ((3.5, 3.5),)), Label(2.7, ((9.5, 9.5),)))
    opened.model.do(classes=classes, labels=labels)
    assert opened.map.marks.colours == {"#e69f00", "#56b4e9"}
    opened.model.do(quantity=Quantity("LAI", "m2 m-2"))
    assert opened.map.marks.colours == {NO_CLASS}


def test_thousands_of_labels_are_a_few_shapes_that_nobody_asks_for_the_pointer(opened):
    square = ((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0))
    classes = (LandClass(1, "a", "#e69f00"), LandClass(2, "b", "#56b4e9"))
    many = tuple(
        Label(float(1 + n % 2), tuple((x + n % 46, y + n // 46 % 46) for x, y in square))
        for n in range(3_000)
    )
    opened.model.do(classes=classes, labels=(*many, Label(1.0, ((5.5, 5.5),))))
    for marks in opened.map.marks._labels:  # on both maps that may lie side by side
        drawn = [(stroke.colour, stroke.filled) for stroke in marks.strokes]
        assert sorted(drawn) == [("#56b4e9", True), ("#e69f00", False), ("#e69f00", True)]
        assert marks.shape().isEmpty()


def test_outlines_are_closed_and_kept_apart_and_crosses_lie_on_their_pixels():
    square, hole = ((1.0, 1.0), (5.0, 1.0), (5.0, 5.0), (1.0, 5.0)), ((2.0, 2.0), (3.0, 2.0), (3.0, 3.0))
    path = outlines([square, hole])
    drawn = [path.elementAt(number) for number in range(path.elementCount())]
    assert [(one.x, one.y) for one in drawn] == [*square, square[0], *hole, hole[0]]
    assert [number for number, one in enumerate(drawn) if one.isMoveTo()] == [0, 5]
    assert path.contains(QPointF(1.5, 1.5))
    assert not path.contains(QPointF(2.7, 2.3))
    bounds = crosses([(7.5, 9.5)]).boundingRect()
    assert (bounds.left(), bounds.right(), bounds.top(), bounds.bottom()) == (5, 10, 7, 12)


def test_measured_values_replace_classes_and_undo_brings_them_back(opened):
    panel = labels_panel(opened)
    opened.model.do(classes=(LandClass(1, "a", "#e69f00"),), labels=(Label(1.0, ((1.5, 1.5),)),))
    panel._answers.setCurrentIndex(1)
    panel._answers.activated.emit(1)
    assert opened.model.now.work.labels == ()
    opened.model.change(tool="point", label_value=4.25)
    click(opened, 3.5, 3.5)
    assert opened.model.now.work.labels[0].value == 4.25
    opened.model.undo()
    opened.model.undo()
    assert (opened.model.now.work.quantity, len(opened.model.now.work.labels)) == (None, 1)


def test_labels_written_in_degrees_lie_where_they_were():
    ring = ((10.0, 10.0), (20.0, 10.0), (20.0, 20.0), (10.0, 20.0))
    hole = ((12.0, 12.0), (14.0, 12.0), (14.0, 14.0))
    work = Work(
        classes=(LandClass(3, "a", "#e69f00"),),
        labels=(
            Label(3.0, ((5.5, 7.5),), "2019-05-01", "2019-05-31"),
            Label(3.0, ring, holes=(hole,), group=4),
        ),
    )
    written = geopandas.GeoDataFrame.from_features(label_json(STORE, work)["features"], crs=4326)
    shapes = written.to_crs(STORE.grid.crs).geometry
    a, _, c, _, e, f = STORE.grid.transform
    assert (shapes[0].x, shapes[0].y) == pytest.approx((c + 5.5 * a, f + 7.5 * e), abs=0.01)
    assert shapes[1].area == pytest.approx((100 - 2) * a * -e, rel=1e-4)
    assert written["class"].tolist() == ["a", "a"]
    assert written["group"].tolist() == [5, 4]
    assert written["start"].tolist()[0] == "2019-05-01"


def test_multiple_geometries_of_a_file_stay_one_group(tmp_path):
    a, _, c, _, e, f = STORE.grid.transform
    place = lambda x, y: [c + a * x, f + e * y]  # noqa: E731
    parts = [[[place(x, 1), place(x + 2, 1), place(x + 2, 3), place(x, 1)]] for x in (1, 5)]
    feature = {
        "properties": {"y": 2, "group": 3, "start": None, "end": None},
        "geometry": {"type": "MultiPolygon", "coordinates": parts},
    }
    path = tmp_path / "parts.geojson"
    path.write_text(json.dumps({"features": [feature]}))
    found = read_labels(path, STORE)
    assert [one.group for one in found] == [3, 3]
    assert np.allclose(found[1].corners, [(5, 1), (7, 1), (7, 3)])


def test_classes_whose_names_are_numbers_are_not_taken_for_their_codes(opened, until):
    classes = (LandClass(1, "class 1", "#e69f00"), LandClass(2, "1", "#56b4e9"), LandClass(3, "2", "#009e73"))
    work = Work(classes=classes, labels=(Label(2.0, ((5.5, 5.5),)), Label(3.0, ((9.5, 9.5),))))
    store, answers = opened.model.now.store, []
    ask = lambda client: hand_over_labels(client, "numbers", store, work, "")  # noqa: E731
    opened.link.ask("hand over", ask, answers.append)
    until(lambda: bool(answers))
    asked, folder = answers[0]["labels"], opened.link.workspace
    columns = LabelColumns(asked["class_column"], group=asked["group_column"])
    found = read_label_set(folder / asked["file"], columns, class_file=folder / asked["classes"])
    assert found.y.tolist() == [2, 3]
    assert [(one.code, one.name) for one in found.response.classes][:2] == [(1, "class 1"), (2, "1")]


def test_labels_that_make_way_for_those_of_another_kind_are_told(opened, look):
    opened.show_step("Label")
    panel = labels_panel(opened)
    labels = (Label(1.0, ((1.5, 1.5),)), Label(1.0, ((2.5, 2.5),)))
    opened.model.do(classes=(LandClass(1, "a", "#e69f00"),), labels=labels)
    panel._answers.setCurrentIndex(1)
    panel._answers.activated.emit(1)
    assert panel._report.text() == "2 labels of classes were put aside: Undo brings them back."
    look(panel)


def test_a_class_is_not_called_as_another_one_nor_nothing_which_is_said_where_it_was_typed(opened, look):
    opened.show_step("Label")
    panel = labels_panel(opened)
    labels = (Label(1.0, ((1.5, 1.5),)), Label(2.0, ((2.5, 2.5),)), Label(2.0, ((1.5, 1.5),)))
    classes = (LandClass(1, "Wald", "#e69f00"), LandClass(2, "wald", "#56b4e9"))
    opened.model.do(classes=classes, labels=labels)
    opened.model.change(label_class=2)
    panel.classes.item(1, 1).setText("  ")
    assert "needs a name" in panel.refusal.why.text()
    assert not panel.refusal.join.isVisibleTo(panel)
    panel.classes.item(1, 1).setText("Wald")
    assert panel.refusal.why.text() == "Another class is called Wald already."
    assert panel.classes.item(1, 1).text() == "wald"
    look(panel)
    panel.refusal.join.click()
    work = opened.model.now.work
    assert [one.name for one in work.classes] == ["Wald"]
    assert [(one.value, one.corners) for one in work.labels] == [(1, ((1.5, 1.5),)), (1, ((2.5, 2.5),))]
    assert opened.model.now.label_class == 1
    assert not panel.refusal.isVisibleTo(panel)
    opened.model.undo()
    assert (opened.model.now.work.classes, opened.model.now.work.labels) == (classes, labels)


def test_a_label_with_one_day_alone_holds_until_or_from_it(opened, look):
    opened.show_step("Label")
    shown = labels_panel(opened).list
    days = ((None, "2019-12-31"), ("2019-05-01", None), (None, None), ("2019-05-01", "2019-06-30"))
    labels = tuple(Label(1.0, ((n + 0.5, 3.5),), *span) for n, span in enumerate(days))
    opened.model.do(classes=(LandClass(1, "a", "#e69f00"),), labels=labels)
    said = [shown.model().index(row, 2).data() for row in range(4)]
    assert said == ["until 2019-12-31", "from 2019-05-01", "always", "2019-05-01 …"]
    look(shown)
