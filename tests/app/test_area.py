"""Areas: drawn with the mouse, edited, typed, loaded from files; what they cost, and their embeddings."""

import json
import re
from itertools import cycle

import pytest
from phenolens.app.areas import Area, Plans, PlansModel, corners_of
from phenolens.app.features.areas import Areas
from phenolens.app.geography import Geography
from phenolens.engine.client.results import Job
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QListWidget, QToolButton

LANDSCAPE = (10.300, 46.030, 10.304, 46.033)
"""A corner of the simulated sample: 30 by 33 pixels."""
WRITTEN = """JSON.stringify([...document.querySelectorAll(".degree")].map(label => {
  const mine = label.getBoundingClientRect();
  return [label.textContent, [...document.querySelectorAll(".leaflet-control")].some(control => {
    const its = control.getBoundingClientRect();
    return mine.left < its.right && mine.right > its.left && mine.top < its.bottom && mine.bottom > its.top;
  })];
}))"""
"""Each label of the map, and whether it lies under one of its buttons."""


@pytest.fixture
def areas(window, until) -> Areas:
    """What there is of the first two steps, not shown yet, with the samples known."""
    found = window.findChild(Areas)
    until(lambda: len(found.data_at_hand.at_hand) >= 2)
    return found


def in_front(window, name: str) -> bool:
    """Whether a dock is to be seen, and not a tab behind others."""
    return not window.docks[name].visibleRegion().isEmpty()


@pytest.fixture
def mapped(areas, window, until, ask_page) -> Areas:
    """The same with the map drawn, at the simulated sample."""
    window.start_chosen.emit("area")
    until(lambda: areas.area.map.loaded)
    until(lambda: json.loads(ask_page(areas, "areaMap.counts()"))["lines"] > 0)
    areas.area.fit((10.28, 46.02, 10.34, 46.05))
    until(lambda: json.loads(ask_page(areas, "areaMap.view()"))[0] > 10)
    return areas


@pytest.fixture
def ask_page(qtbot):
    def ask(areas, code: str) -> str:
        """What the page answers."""
        answers = []
        areas.area.map.view.page().runJavaScript(code, 0, answers.append)
        qtbot.waitUntil(lambda: bool(answers), timeout=30_000)
        return answers[0]

    return ask


@pytest.fixture
def drag(qtbot, ask_page):
    def drag(areas, *places: tuple[float, float]) -> None:
        """Press at the first (longitude, latitude), let go at the last."""
        target = areas.area.map.view.focusProxy()
        points = [
            QPointF(*json.loads(ask_page(areas, f"areaMap.pointOf({x},{y})"))).toPoint() for x, y in places
        ]
        left = Qt.MouseButton.LeftButton
        QTest.mouseMove(target, points[0])
        QTest.mousePress(target, left, Qt.KeyboardModifier.NoModifier, points[0])
        for share in range(1, 6):
            QTest.mouseMove(target, points[0] + (points[-1] - points[0]) * (share / 5))
        QTest.mouseRelease(target, left, Qt.KeyboardModifier.NoModifier, points[-1])

    return drag


@pytest.fixture
def click(qtbot, ask_page):
    def click(areas, *places: tuple[float, float]) -> None:
        """Click at (longitude, latitude) after (longitude, latitude)."""
        target = areas.area.map.view.focusProxy()
        for x, y in places:
            point = QPointF(*json.loads(ask_page(areas, f"areaMap.pointOf({x},{y})"))).toPoint()
            QTest.mouseMove(target, point)
            QTest.mouseClick(target, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)
            clock = float(ask_page(areas, "String(performance.now())"))
            # the page takes clicks that follow each other at once for one
            qtbot.waitUntil(
                lambda clock=clock: float(ask_page(areas, "String(performance.now())")) > clock + 200,
                timeout=30_000,
            )

    return click


def test_a_rectangle_drawn_on_the_sample_is_counted_computed_and_opened(mapped, window, until, drag, look):
    mapped.area.findChild(QToolButton, "draw rectangle").click()
    west, south, east, north = LANDSCAPE
    drag(mapped, (west, north), (east, south))
    until(lambda: mapped.plans.now.area is not None)
    assert mapped.plans.now.area.bounds == pytest.approx(LANDSCAPE, abs=3e-4)
    mapped.compute.days.setValue(180)
    until(mapped.compute.compute.isEnabled)
    told = {name: label.text() for name, label in mapped.compute.costs.items()}
    assert told["Acquisitions"] == "122 S1, 146 S2"
    assert told["Dates"] == "5, 2020-01-03 to 2021-12-23"
    assert "km²" in told["Size"]
    look(window)
    mapped.compute.out.setText("drawn")
    mapped.compute.compute.click()
    until(lambda: window.model.now.store is not None)
    assert window.model.now.store.store == "drawn.zarr"
    assert len(window.model.now.store.times) == 5
    until(lambda: "base" in window.map.shown)
    look(window, "-opened")


def test_a_handle_that_is_dragged_changes_the_area(mapped, until, drag):
    west, south, east, north = LANDSCAPE
    mapped.plans.add_area(corners_of(", ".join(map(str, LANDSCAPE))), True)
    drag(mapped, (east, south), (east + 0.006, south - 0.004))
    until(lambda: mapped.plans.now.area.bounds[2] > east + 0.004)
    assert mapped.plans.now.area.bounds == pytest.approx((west, south - 0.004, east + 0.006, north), abs=4e-4)


def test_what_is_being_drawn_says_its_size_until_it_is_done(mapped, until, ask_page):
    mapped.area.findChild(QToolButton, "draw rectangle").click()
    target, west, north = mapped.area.map.view.focusProxy(), LANDSCAPE[0], LANDSCAPE[3]
    start, end = (
        QPointF(*json.loads(ask_page(mapped, f"areaMap.pointOf({x},{y})"))).toPoint()
        for x, y in ((west, north), (west + 0.01, north - 0.01))
    )
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mouseMove(target, start)
    QTest.mousePress(target, left, none, start)
    size = Area("drawn", corners_of(f"{west}, {north - 0.01}, {west + 0.01}, {north}")).km2
    steps = cycle((0.5, 1))

    def told() -> bool:  # a busy page leaves moves out
        QTest.mouseMove(target, start + (end - start) * next(steps))
        return float(mapped.area.size_text.removesuffix(" km²") or 0) == pytest.approx(size, rel=0.1)

    until(told)
    assert mapped.plans.now.areas == ()
    QTest.mouseRelease(target, left, none, end)
    until(lambda: mapped.plans.now.area is not None)
    until(lambda: mapped.area.size_text == "")


def test_escape_leaves_drawing_where_the_page_has_no_keyboard(mapped, window, until):
    tool = mapped.area.findChild(QToolButton, "draw polygon")
    window.activateWindow()
    tool.setFocus()
    until(tool.hasFocus)
    tool.click()
    assert tool.isChecked()
    assert "Esc leaves it" in mapped.area.hint_text
    QTest.keyClick(tool, Qt.Key.Key_Escape)
    assert not tool.isChecked()
    assert mapped.area.hint_text == ""


def test_no_degree_on_the_map_is_written_under_its_scale_or_buttons(mapped, until, ask_page):
    def seen() -> list[float]:
        return json.loads(ask_page(mapped, "areaMap.view()"))

    mapped.area.fit((10.3, 45.999, 10.302, 46.001))
    until(lambda: seen()[1] < 46 < seen()[3])
    _, south, _, north = seen()
    height = json.loads(ask_page(mapped, f"areaMap.pointOf(10.3,{south})"))[1]
    degrees = (north - south) / height  # of a pixel; 46° N goes 20 pixels above the lower edge
    middle = 46 - 20 * degrees + (north - south) / 2
    mapped.area.fit((10.3, middle - 0.001, 10.302, middle + 0.001))
    until(lambda: seen()[1] > south)
    assert seen()[1] < 46
    written = json.loads(ask_page(mapped, WRITTEN))
    assert len(written) > 3
    assert "46.00°N" not in {text[:8] for text, _ in written}
    assert not [text for text, under in written if under]


def test_a_click_on_a_footprint_makes_an_area_of_it(mapped, until, drag):
    drag(mapped, (10.294, 46.0445))
    until(lambda: mapped.plans.now.area is not None)
    assert mapped.plans.now.area.name == "landscape"
    assert mapped.plans.now.area.bounds == pytest.approx((10.292, 46.023, 10.3256, 46.0463), abs=1e-3)


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


def test_the_map_begins_where_results_lie_that_are_at_hand(areas, until):
    until(lambda: areas.areas._stores != ())
    west, south, east, north = zip(*(store.bounds for store in areas.areas._stores), strict=True)
    place = f"({min(west)},{min(south)},{max(east)},{max(north)})"
    until(lambda: areas.area.map.calls.get("fit") == f"areaMap.fit{place}")


def test_results_at_hand_are_seen_on_the_map_as_pictures(mapped, until, ask_page):
    wide = "JSON.stringify([...document.querySelectorAll('.quicklook')].map(image => image.naturalWidth))"

    def drawn() -> bool:
        found = json.loads(ask_page(mapped, wide))
        return bool(found) and all(found)

    until(drawn)


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


def test_a_file_without_areas_says_so_and_changes_nothing(areas, until, tmp_path):
    file = tmp_path / "broken.geojson"
    file.write_text("no json")
    areas.areas.load(file)
    until(lambda: "can't be read" in areas.area.hint_text)
    assert areas.plans.now.areas == ()


def test_an_area_without_data_says_what_to_do(areas, until, look, window):
    areas.plans.add_area(corners_of("3, 51, 3.01, 51.01"), True)
    until(lambda: "No data at hand" in areas.compute.problem)
    assert "Add a folder" in areas.compute.problem
    assert not areas.compute.compute.isEnabled()
    assert areas.compute.costs["Size"].text() == "0.78 km²"
    assert areas.compute.costs["Time"].text() == "–"
    window.show_step("Area")
    look(window)


def test_an_area_that_data_cover_in_part_says_how_much_lies_beyond_them(areas, until):
    (_, south, _, north), width = LANDSCAPE, 0.004
    areas.plans.add_area(corners_of(", ".join(map(str, LANDSCAPE))), True)
    until(
        lambda: areas.compute.data_told == "Data: Simulated landscape, Sentinel-1 and Sentinel-2, 2020-2021"
    )
    edge = max(x for x, _ in areas.data_at_hand.for_area(areas.plans.now.area).told[0].footprint)
    areas.plans.replace_area(0, corners=corners_of(f"{edge - width}, {south}, {edge + 3 * width}, {north}"))
    until(lambda: "of the area lies beyond them" in areas.compute.data_told)
    share = int(re.search(r"About (\d+) %", areas.compute.data_told).group(1))
    assert 73 <= share <= 85  # the edge is slanting


def test_all_areas_become_jobs_but_those_without_data(areas, window, until):
    for west in (10.300, 10.308):
        areas.plans.add_area(corners_of(f"{west}, 46.030, {west + 0.0015}, 46.031"), True, "plot")
    areas.plans.add_area(corners_of("3, 51, 3.01, 51.01"), True, "far")
    areas.plans.change(chosen=0)
    areas.compute.days.setValue(365)
    until(areas.compute.compute.isEnabled)
    window.show_step("Compute")
    until(lambda: in_front(window, "Acquisitions"))
    assert not in_front(window, "Jobs")
    areas.compute.all_started.emit()
    until(lambda: in_front(window, "Jobs"))
    assert "far" in window.findChild(QLabel, "message").text()
    jobs = []

    def handed_in() -> bool:
        window.link.ask("handed in", lambda client: client.jobs.list(limit=5).jobs, jobs.extend)
        return {"plot.zarr", "plot-2.zarr"} <= {job.params.get("out") for job in jobs}

    until(handed_in)
    assert "far.zarr" not in {job.params.get("out") for job in jobs}
    mine = {job.id for job in jobs if str(job.params.get("out")).startswith("plot")}
    window.link.ask("stop", lambda client: [client.jobs.cancel(id) for id in mine], lambda _: None)
    until(lambda: not window.jobs.going & mine)


def test_a_result_isn_t_opened_over_what_is_looked_at(opened):
    areas = opened.findChild(Areas)
    areas.computing.done(Job("0" * 16, "embed", "done", params={"out": "b.zarr"}, result={"store": "b.zarr"}))
    assert "b.zarr is computed" in opened.findChild(QLabel, "message").text()
    assert opened.model.now.store.store == "forest.zarr"


def test_a_name_that_is_taken_or_none_is_said_in_place(areas, until):
    areas.plans.add_area(corners_of(", ".join(map(str, LANDSCAPE))), True)
    until(areas.compute.compute.isEnabled)
    for name, cause in (
        ("forest", "called forest.zarr already"),
        ("", "name"),
        ("a/b", "can't hold"),
        (".x", "dot"),
    ):
        areas.compute.out.setText(name)
        areas.compute.out.editingFinished.emit()
        until(lambda cause=cause: cause in areas.compute.problem)
        assert not areas.compute.compute.isEnabled()
    areas.compute.out.setText("fine")
    areas.compute.out.editingFinished.emit()
    until(areas.compute.compute.isEnabled)


def test_dates_that_can_t_be_meant_are_refused_in_words(areas, until):
    areas.plans.add_area(corners_of(", ".join(map(str, LANDSCAPE))), True)
    until(areas.compute.compute.isEnabled)
    areas.compute.which.setCurrentIndex(areas.compute.which.findData("listed"))
    until(lambda: "List the days" in areas.compute.problem)
    areas.compute.listed.setText("2020-05-01, someday")
    areas.compute.listed.editingFinished.emit()
    until(lambda: "no date" in areas.compute.problem)
    areas.compute.listed.setText("2020-05-01, 2020-06-01")
    areas.compute.listed.editingFinished.emit()
    until(areas.compute.compute.isEnabled)
    assert areas.compute.costs["Dates"].text() == "2, 2020-05-01 to 2020-06-01"
    areas.compute.which.setCurrentIndex(areas.compute.which.findData("every"))
    first = next(one for one in areas.compute.findChildren(QLineEdit) if one.accessibleName() == "first day")
    first.setText("in May")
    first.editingFinished.emit()
    until(lambda: "in May is no day: write it as 2018-05-01" in areas.compute.problem)
    first.setText("2020-05-01")
    first.editingFinished.emit()
    until(areas.compute.compute.isEnabled)


def test_acquisitions_are_listed_with_how_clear_they_are(areas, window, until, look):
    areas.plans.add_area(corners_of(", ".join(map(str, LANDSCAPE))), True)
    rows = areas.acquisitions.table.model()

    def column(number):
        return [rows.index(row, number).data() for row in range(rows.rowCount())]

    until(lambda: rows.rowCount() == 268 and any(column(2)))
    assert set(column(0)) == {"S1", "S2"}
    assert set(column(7)) == {"Simulated landscape"}
    areas.acquisitions.table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    shares = [float(share.rstrip("%") or -1) for share in column(2)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 90
    box, use = rows.index(0, 0), Qt.ItemDataRole.CheckStateRole
    rows.setData(box, Qt.CheckState.Unchecked.value, use)
    until(lambda: areas.compute.costs["Acquisitions"].text() == "122 S1, 145 S2")
    assert len(areas.plans.now.left_out) == 1
    assert Qt.CheckState(box.data(use)) == Qt.CheckState.Unchecked
    look(areas.acquisitions)
    areas.acquisitions.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)  # Sentinel-2 first
    areas.acquisitions.all_wanted.emit()
    window.docks["Acquisitions"].show()
    window.docks["Acquisitions"].raise_()
    until(areas.acquisitions.table.isVisible)
    areas.acquisitions.table.selectRow(3)
    chosen = areas.acquisitions.table.selectionModel()
    chosen.select(rows.index(5, 0), chosen.SelectionFlag.Select | chosen.SelectionFlag.Rows)
    QTest.keyClick(areas.acquisitions.table, Qt.Key.Key_Space)
    until(lambda: areas.compute.costs["Acquisitions"].text() == "122 S1, 144 S2")
    areas.acquisitions.all_wanted.emit()
    until(lambda: areas.compute.costs["Acquisitions"].text() == "122 S1, 146 S2")
    assert Qt.CheckState(box.data(use)) == Qt.CheckState.Checked


def test_the_map_leaves_for_the_next_steps_and_comes_back(areas, window):
    window.show_step("Area")
    assert areas.area.isVisible()
    window.show_step("Explore")
    assert not areas.area.isVisible()
    assert not window.docks["Compute"].isVisible()
    window.show_step("Compute")
    assert areas.area.isVisible()
    assert window.docks["Compute"].isVisible()


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


def test_a_polygon_is_computed_as_such(areas, until):
    areas.area.drawn.emit(((10.30, 46.03), (10.304, 46.03), (10.304, 46.033)), False)
    until(areas.compute.compute.isEnabled)
    assert "centre lies inside the polygon" in areas.compute.data_told
    assert areas.compute.wishes().out == "area-1.zarr"
    pixels, whole = _pixels(areas)
    assert pixels == pytest.approx(whole / 2, rel=0.15)


def test_a_polygon_drawn_with_the_mouse_is_embedded_inside_alone(mapped, window, until, click, look):
    mapped.area.findChild(QToolButton, "draw polygon").click()
    west, south, east, north = LANDSCAPE
    click(mapped, (west, south), (east, south), (east, north), (west, south))
    until(lambda: mapped.plans.now.area is not None)
    assert len(mapped.plans.now.area.corners) == 3
    mapped.compute.days.setValue(365)
    until(mapped.compute.compute.isEnabled)
    pixels, whole = _pixels(mapped)
    assert 0 < pixels < 0.7 * whole
    look(window)
    mapped.compute.out.setText("corner")
    mapped.compute.compute.click()
    until(lambda: window.model.now.store is not None)
    until(lambda: "base" in window.map.shown)
    look(window, "-opened")
    shown = window.map.shown["base"][0].rgba[..., 3]
    assert (shown > 0).sum() == pixels
    assert shown.size == whole


def test_holes_of_a_file_are_drawn_and_not_embedded(mapped, window, until, ask_page, drag, look, tmp_path):
    west, south, east, north = LANDSCAPE
    outer = [[west, south], [east, south], [east, north], [west, south]]
    hole = [[10.3025, 46.0305], [10.3037, 46.0305], [10.3037, 46.0315], [10.3025, 46.0305]]
    file = tmp_path / "ring.geojson"
    geometry = {"type": "Polygon", "coordinates": [outer, hole]}
    file.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": geometry}))
    mapped.areas.load(file)
    until(lambda: "Holes" in mapped.area.hint_text)
    (area,) = mapped.plans.now.areas
    assert [len(ring) for ring in (area.corners, *area.holes)] == [3, 3]
    until(lambda: json.loads(ask_page(mapped, "areaMap.counts()"))["areas"] == 1)
    assert json.loads(ask_page(mapped, "areaMap.counts()"))["rings"] == [2]
    stored = Plans.from_json(json.loads(json.dumps(mapped.plans.now.to_json())))
    assert stored.area == area
    full = Area("full", area.corners, False)
    assert 0 < area.km2 < full.km2
    look(window)
    drag(mapped, (west, south), (west - 0.0002, south))
    until(lambda: mapped.plans.now.area.bounds[0] < west)
    assert mapped.plans.now.area.holes == area.holes
    drag(mapped, hole[2], (10.3039, 46.0317))
    until(lambda: mapped.plans.now.area.holes != area.holes)
    assert mapped.plans.now.area.holes[0][:2] == area.holes[0][:2]
    assert mapped.plans.now.area.holes[0][2] == pytest.approx((10.3039, 46.0317), abs=1e-4)
    mapped.compute.days.setValue(365)
    until(lambda: not mapped.computing._soon.isActive())  # else the cost may be that of before
    until(mapped.compute.compute.isEnabled)
    pixels, whole = _pixels(mapped)
    mapped.compute.out.setText("ring")
    mapped.compute.compute.click()
    until(lambda: window.model.now.store is not None and window.model.now.store.store == "ring.zarr")
    until(lambda: "base" in window.map.shown)
    look(window, "-opened")
    shown = window.map.shown["base"][0].rgba[..., 3] > 0
    assert shown.sum() == pixels
    assert shown.size == whole
    column, row = map(int, Geography(window.model.now.store.grid).pixel_of_lonlat(10.3033, 46.0308))
    assert not shown[row - 1 : row + 2, column - 1 : column + 2].any()
    assert shown[row, -3:].any()


def _pixels(areas) -> tuple[int, int]:
    """Of the area, as the cost says, and of the rectangle around it."""
    inside = re.search(r"([\d,]+) px", areas.compute.costs["Size"].text()).group(1)
    rows, columns = areas.computing._plan.grid.shape
    return int(inside.replace(",", "")), columns * rows


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


def _moved(ring, by):
    return [[x + by, y] for x, y in ring]
