"""The map of areas: what is drawn and dragged on it with the mouse, and what of that is embedded."""

import json
import re
from itertools import cycle

import pytest
from phenolens.app.areas import Area, Plans, corners_of
from phenolens.app.features.areas import Areas
from phenolens.app.geography import Geography
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton

WRITTEN = """JSON.stringify([...document.querySelectorAll(".degree")].map(label => {
  const mine = label.getBoundingClientRect();
  return [label.textContent, [...document.querySelectorAll(".leaflet-control")].some(control => {
    const its = control.getBoundingClientRect();
    return mine.left < its.right && mine.right > its.left && mine.top < its.bottom && mine.bottom > its.top;
  })];
}))"""
"""Each label of the map, and whether it lies under one of its buttons."""


@pytest.fixture
def mapped(areas, window, until, ask_page) -> Areas:
    """`areas` with their map drawn, at the simulated sample."""
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


def test_a_rectangle_drawn_on_the_sample_is_counted_computed_and_opened(
    mapped, window, until, drag, look, landscape
):
    mapped.area.findChild(QToolButton, "draw rectangle").click()
    west, south, east, north = landscape
    drag(mapped, (west, north), (east, south))
    until(lambda: mapped.plans.now.area is not None)
    assert mapped.plans.now.area.bounds == pytest.approx(landscape, abs=3e-4)
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


def test_a_handle_that_is_dragged_changes_the_area(mapped, until, drag, landscape):
    west, south, east, north = landscape
    mapped.plans.add_area(corners_of(", ".join(map(str, landscape))), True)
    drag(mapped, (east, south), (east + 0.006, south - 0.004))
    until(lambda: mapped.plans.now.area.bounds[2] > east + 0.004)
    assert mapped.plans.now.area.bounds == pytest.approx((west, south - 0.004, east + 0.006, north), abs=4e-4)


def test_what_is_being_drawn_says_its_size_until_it_is_done(mapped, until, ask_page, landscape):
    mapped.area.findChild(QToolButton, "draw rectangle").click()
    target, west, north = mapped.area.map.view.focusProxy(), landscape[0], landscape[3]
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


def test_the_map_leaves_for_the_next_steps_and_comes_back(areas, window):
    window.show_step("Area")
    assert areas.area.isVisible()
    window.show_step("Explore")
    assert not areas.area.isVisible()
    assert not window.docks["Compute"].isVisible()
    window.show_step("Compute")
    assert areas.area.isVisible()
    assert window.docks["Compute"].isVisible()


def test_a_polygon_is_computed_as_such(areas, until):
    areas.area.drawn.emit(((10.30, 46.03), (10.304, 46.03), (10.304, 46.033)), False)
    until(areas.compute.compute.isEnabled)
    assert "centre lies inside the polygon" in areas.compute.data_told
    assert areas.compute.wishes().out == "area-1.zarr"
    pixels, whole = _pixels(areas)
    assert pixels == pytest.approx(whole / 2, rel=0.15)


def test_a_polygon_drawn_with_the_mouse_is_embedded_inside_alone(
    mapped, window, until, click, look, landscape
):
    mapped.area.findChild(QToolButton, "draw polygon").click()
    west, south, east, north = landscape
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


def test_holes_of_a_file_are_drawn_and_not_embedded(
    mapped, window, until, ask_page, drag, look, tmp_path, landscape
):
    west, south, east, north = landscape
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
