"""Outlines that cross themselves: it is said, and the same is taken of areas, places, selections and labels."""

import json
from math import cos, pi, sin

import numpy as np
import pytest
import shapely
from affine import Affine
from phenolens.app.crossing import PIXEL, crosses_itself
from phenolens.app.features.areas import Areas
from phenolens.app.masks import inside
from phenolens.engine.grid import AreaOfInterest, Grid
from phenolens.engine.labels.read import _mended
from phenolens.engine.outline import Outline
from phenolens.engine.service.reading.places import inside as placed
from phenolens.engine.service.reading.places import polygons_of
from pyproj import Transformer
from PySide6.QtWidgets import QLabel

BOW = ((5.0, 5.0), (15.0, 15.0), (15.0, 5.0), (5.0, 15.0))
SQUARE = ((5.0, 5.0), (15.0, 5.0), (15.0, 15.0), (5.0, 15.0))
STAR = tuple((24 + 22 * sin(turn * 4 * pi / 5), 24 - 22 * cos(turn * 4 * pi / 5)) for turn in range(5))
"""Drawn in one line, which goes around its middle twice."""
GRID = Grid("EPSG:32632", Affine(10, 0, 600_000, 0, -10, 5_100_000), (48, 48))


def test_outlines_that_cross_themselves_are_those_that_shapely_finds():
    random = np.random.default_rng(0)
    outlines = [random.random((corners, 2)) for corners in range(3, 9) for _ in range(60)]
    crossing = [crosses_itself(corners) for corners in outlines]
    assert crossing == [not shapely.Polygon(corners).is_valid for corners in outlines]
    assert 60 < sum(crossing) < 300


def test_a_loop_that_meets_its_beginning_a_little_late_doesn_t_count():
    late = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0), (0.2, -0.5))
    assert crosses_itself(late)
    assert not crosses_itself(late, PIXEL)
    assert crosses_itself(BOW, PIXEL)


def test_corners_that_a_hand_that_rests_leaves_twice_count_once():
    assert crosses_itself((*BOW, BOW[-1], BOW[-1]), PIXEL)
    assert not crosses_itself((*SQUARE, SQUARE[-1], SQUARE[-1]))


def test_of_a_star_all_take_its_points_and_not_its_middle():
    metres = [GRID.transform * corner for corner in STAR]
    to_degrees = Transformer.from_crs(GRID.crs, "EPSG:4326", always_xy=True)
    area = AreaOfInterest.from_corners([to_degrees.transform(*corner) for corner in metres])
    whole = next(GRID.tiles(48))
    place = np.zeros(GRID.shape, bool)
    place[tuple(placed(polygons_of([[metres]], GRID.crs), GRID.crs, GRID).pixels.T)] = True
    label = Outline(_mended(np.array([shapely.Polygon(metres)]))[0][0])
    masks = {
        "selection": inside(STAR, GRID.shape),
        "area": Outline.of(area, GRID.crs).mask(GRID, whole),
        "place": place,
        "label": label.mask(GRID, whole),
    }
    for mask in masks.values():
        assert mask[6, 24]
        assert not mask[24, 24]
        assert np.count_nonzero(mask != masks["selection"]) < 0.03 * mask.sum()  # pixels on the very edge


@pytest.mark.parametrize("tool", ["select", "place", "polygon"])
def test_an_outline_drawn_on_the_map_says_that_it_crosses_itself_and_is_taken(opened, tool, until, look):
    said = opened.findChild(QLabel, "message")
    opened.model.change(tool=tool, label_class=1)
    opened.map.drawn.emit(SQUARE)
    assert "crosses itself" not in said.text()
    opened.model.change(tool=tool)
    opened.map.drawn.emit(BOW)
    assert "crosses itself" in said.text()
    now = opened.model.now
    taken = {
        "select": lambda: now.pick.corners,
        "place": lambda: now.work.places[-1].corners,
        "polygon": lambda: now.work.labels[-1].corners,
    }
    assert taken[tool]() == BOW
    look(opened)


def test_an_area_that_crosses_itself_is_said_to_and_so_is_one_whose_corners_were_dragged(window, until, look):
    areas = window.findChild(Areas)
    window.show_step("Area")
    bow, square = ([(10.3 + x / 1e3, 46.03 + y / 1e3) for x, y in ring] for ring in (BOW, SQUARE))
    areas.area.drawn.emit(tuple(bow), False)
    assert "crosses itself" in areas.area.hint_text
    look(window)
    areas.area.edited.emit(0, tuple(square), ())
    assert areas.area.hint_text == ""
    areas.area.edited.emit(0, tuple(bow), ())
    assert "crosses itself" in areas.area.hint_text


def test_areas_of_a_file_that_cross_themselves_are_mended_and_said_to_be(window, until, tmp_path):
    areas = window.findChild(Areas)
    rings = [[(10.3 + (x + by) / 1e3, 46.03 + y / 1e3) for x, y in (*BOW, BOW[0])] for by in (0, 30)]
    shapes = [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for ring in rings
    ]
    file = tmp_path / "bows.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": shapes}))
    areas.areas.load(file)
    until(lambda: len(areas.plans.now.areas) == 4)
    assert "cross themselves or are broken otherwise: 2." in areas.area.hint_text
    assert not any(crosses_itself(area.corners) for area in areas.plans.now.areas)
