"""Areas: typed, loaded from files, listed, and kept in projects."""

import json

import pytest
from phenolens.app.areas import Area, Plans, PlansModel, corners_of
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QListWidget


def test_typed_coordinates_become_an_area_and_wrong_ones_say_why(areas, qtbot):
    typed = areas.area.findChild(QLineEdit)
    for text, cause in (
        ("here", "Four numbers"),
        ("1, 2, 3", "Four numbers"),
        ("11, 46, 10, 47", "West must lie below east"),
        ("10, 47, 11, 46", "South must lie below north"),
        ("10, 46, 11, 460", "between -85 and 85"),
        ("nan, 46, 11, 47", "West"),
        ("10, 46, 10, 47", "West must lie below east"),
        ("179, 46, 181, 47", "between -180 and 180"),
    ):
        typed.setText(text)
        qtbot.keyClick(typed, Qt.Key.Key_Return)
        assert cause in areas.area.hint_text
        assert areas.plans.now.areas == ()
    typed.setText(" 10.30; 46.03, 10.31, 46.04 ")
    qtbot.keyClick(typed, Qt.Key.Key_Return)
    assert areas.plans.now.area.bounds == (10.30, 46.03, 10.31, 46.04)
    assert typed.text() == ""


def test_an_area_across_the_date_line_becomes_one_on_each_side_of_it(areas, qtbot):
    typed = areas.area.findChild(QLineEdit)
    typed.setText("179.9, -17, -179.8, -16.9")
    qtbot.keyClick(typed, Qt.Key.Key_Return)
    west, east = ((179.9, -17.0, 180.0, -16.9), (-180.0, -17.0, -179.8, -16.9))
    assert [area.bounds for area in areas.plans.now.areas] == [pytest.approx(west), pytest.approx(east)]
    assert areas.plans.now.chosen == 0
    assert "date line" in areas.area.hint_text
    areas.plans.begin(Plans())
    areas.area.drawn.emit(corners_of("-180, -17, -179.8, -16.9"), True)
    assert [area.bounds for area in areas.plans.now.areas] == [pytest.approx(east)]
    areas.plans.begin(Plans())
    for beyond in (0, 360, -360):  # where the map was turned once around
        areas.area.drawn.emit(tuple((x + beyond, y) for x, y in corners_of("-170, 0, -169, 1")), True)
    assert {area.bounds for area in areas.plans.now.areas} == {(-170.0, 0.0, -169.0, 1.0)}


def test_a_polygon_across_the_date_line_is_refused_with_the_way_out(areas):
    across = ((179.9, 0.0), (180.1, 0.0), (180.0, 1.0))
    areas.area.drawn.emit(across, False)
    assert areas.plans.now.areas == ()
    assert "0.1000° beyond it: draw one on each of its sides" in areas.area.hint_text
    near = ((179.8, 0.0), (179.9, 0.0), (179.9, 1.0))
    areas.area.drawn.emit(near, False)
    areas.area.edited.emit(0, across, ())
    assert areas.plans.now.area.corners == near
    assert "beyond it" in areas.area.hint_text


def test_polygons_of_a_file_become_areas(areas, until, tmp_path):
    ring = [[10.3, 46.03], [10.31, 46.03], [10.31, 46.04], [10.3, 46.03]]
    shapes = [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}},
        {
            "type": "Feature",
            "properties": {},
            "geometry": {"type": "Polygon", "coordinates": [_moved(ring, 1)]},
        },
    ]
    file = tmp_path / "fields.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": shapes}))
    areas.areas.load(file)
    until(lambda: len(areas.plans.now.areas) == 2)
    assert {area.name for area in areas.plans.now.areas} == {"fields", "fields 2"}
    assert len(areas.plans.now.areas[0].corners) == 3


def _moved(ring, by):
    return [[x + by, y] for x, y in ring]


def test_a_file_without_areas_says_so_and_changes_nothing(areas, until, tmp_path):
    file = tmp_path / "broken.geojson"
    file.write_text("no json")
    areas.areas.load(file)
    until(lambda: "can't be read" in areas.area.hint_text)
    assert areas.plans.now.areas == ()


def test_areas_come_back_with_the_project(areas, window, until):
    window.project.active = True
    areas.plans.add_area(corners_of("3, 51, 3.01, 51.01"), True, "polder")
    window.project.save()
    path = window.project.path
    until(path.exists)
    window.project.leave()
    assert areas.plans.now == Plans()
    window.project.open(path)
    until(lambda: areas.plans.now.area is not None)
    assert areas.plans.now.area.name == "polder"


def test_areas_are_renamed_chosen_and_removed_in_their_list(areas, window, until):
    for west in (3, 4):
        areas.plans.add_area(corners_of(f"{west}, 51, {west + 0.01}, 51.01"), True)
    shown = areas.compute.findChild(QListWidget)
    assert [shown.item(row).text() for row in range(2)] == ["area 1", "area 2"]
    shown.item(0).setText(" polder ")
    until(lambda: areas.plans.now.areas[0].name == "polder")
    shown.setCurrentRow(0)
    until(lambda: areas.plans.now.chosen == 0)
    assert areas.compute.wishes().out == "polder.zarr"
    shown.item(0).setText("")
    until(lambda: shown.item(0).text() == "polder")
    window.docks["Compute"].show()
    window.activateWindow()
    shown.setFocus()
    until(shown.hasFocus)
    QTest.keyClick(shown, Qt.Key.Key_Delete)
    assert [area.name for area in areas.plans.now.areas] == ["area 2"]


def test_areas_survive_in_a_project():
    model = PlansModel()
    model.add_area(corners_of("3, 51, 3.01, 51.01"), True)
    model.add_area(((3, 51), (3.01, 51), (3.01, 51.01)), False, "field")
    hole = ((3.006, 51.001), (3.009, 51.001), (3.009, 51.002))
    model.add_area(((3, 51), (3.01, 51), (3.01, 51.01)), False, "ring", [hole])
    stored = json.loads(json.dumps(model.now.to_json()))
    assert Plans.from_json(stored) == model.now
    for broken in (
        {},
        {"areas": 3},
        {"areas": [{}], "data": [], "chosen": 0},
        [],
        {"areas": [], "data": [], "chosen": "x"},
    ):
        with pytest.raises(ValueError, match=r".+"):
            Plans.from_json(broken)


def test_removing_an_area_keeps_the_choice_of_the_others():
    model = PlansModel()
    for number in range(3):
        model.add_area(corners_of(f"{number}, 51, {number + 0.5}, 51.5"), True)
    assert [area.name for area in model.now.areas] == ["area 1", "area 2", "area 3"]
    model.remove_area(0)
    assert model.now.area.name == "area 3"
    model.remove_area(1)
    assert model.now.area.name == "area 2"
    model.remove_area(0)
    assert model.now.area is None


def test_the_size_of_an_area_is_that_of_the_earth():
    assert Area("one degree", corners_of("0, 0, 1, 1")).km2 == pytest.approx(12_364, rel=0.01)
    assert Area("north", corners_of("0, 60, 1, 60.01")).km2 == pytest.approx(62, rel=0.01)
    triangle = Area("half", ((0, 0), (1, 0), (1, 1)), rectangle=False)
    assert triangle.km2 == pytest.approx(12_364 / 2, rel=0.01)
