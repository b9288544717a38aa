"""Which pixels a label stands for, and what becomes of pixels that several labels claim."""

import numpy as np
import pytest
import shapely
import shapely.affinity
from phenolens.engine.classes import ClassTable
from phenolens.engine.errors import LabelError
from phenolens.engine.labels.pixels import PixelRule, label_pixels
from phenolens.engine.response import Response
from pyproj import Transformer

COVER = Response("land cover", "classification", classes=ClassTable.of_names(("field", "forest")))
GPP = Response("GPP", "regression", "gC m-2 d-1")
TWO_YEARS = [("2020-01-01", "2020-12-31"), ("2021-01-01", "2021-12-31")]


def _places(pixels):
    return sorted(zip(pixels.rows.tolist(), pixels.cols.tolist(), strict=True))


def test_a_polygon_of_whole_pixels_labels_exactly_these(grid, square, labelset):
    pixels = label_pixels(labelset([square(2, 3, 4, 5)], [1], COVER), grid)
    assert _places(pixels) == [(row, col) for row in range(2, 6) for col in range(3, 8)]
    assert pixels.report.pixels == 20


def test_the_centre_rule_takes_what_shapely_calls_inside(grid, labelset):
    ellipse = shapely.affinity.scale(shapely.Point(500_147, 5_000_101).buffer(1), 96, 63)
    pixels = label_pixels(labelset([ellipse], [1], COVER), grid)
    x, y = np.meshgrid(grid.x, grid.y)
    rows, cols = np.nonzero(shapely.contains_xy(ellipse, x, y))
    assert _places(pixels) == sorted(zip(rows.tolist(), cols.tolist(), strict=True))


def test_all_touched_takes_pixels_that_the_centre_rule_leaves(grid, square, labelset):
    labels = labelset([square(2.7, 3.7, 2.6, 2.6)], [1], COVER)
    assert len(label_pixels(labels, grid)) == 4
    assert len(label_pixels(labels, grid, PixelRule("all-touched"))) == 16


def test_an_inner_buffer_leaves_a_margin_out(grid, square, labelset):
    pixels = label_pixels(labelset([square(2, 3, 6, 6)], [1], COVER), grid, PixelRule(buffer_m=10))
    assert _places(pixels) == [(row, col) for row in range(3, 7) for col in range(4, 8)]
    assert "inner buffer of 10 m" in pixels.report.rule


def test_a_hole_in_a_polygon_is_no_label(grid, square, labelset):
    ring = square(2, 2, 6, 6).difference(square(4, 4, 2, 2))
    assert len(label_pixels(labelset([ring], [1], COVER), grid)) == 32


def test_points_and_their_multiples_label_the_pixel_that_holds_them(grid, labelset):
    lone = shapely.Point(500_000, 5_000_200)  # the grid's own corner belongs to its first pixel
    many = shapely.MultiPoint([(500_015, 5_000_185), (500_016, 5_000_184), (500_299, 5_000_001)])
    pixels = label_pixels(labelset([lone, many], [1, 2], COVER), grid, PixelRule(buffer_m=30))
    assert _places(pixels) == [(0, 0), (1, 1), (19, 29)]
    assert pixels.group.tolist() == [0, 1, 1]


def test_labels_in_degrees_fall_on_the_same_pixels(grid, square, labelset):
    labels = labelset([square(2, 3, 7, 9), square(12, 3, 5, 20)], [1, 2], COVER)
    inner = PixelRule(buffer_m=2)  # edges through pixel centres could fall either way after the detour
    to_lonlat = Transformer.from_crs("EPSG:32632", "EPSG:4326", always_xy=True)
    degrees = shapely.transform(labels.geometries, lambda xy: np.column_stack(to_lonlat.transform(*xy.T)))
    moved = type(labels)(**{**vars(labels), "geometries": degrees, "crs": "EPSG:4326"})
    assert _places(label_pixels(moved, grid, inner)) == _places(label_pixels(labels, grid, inner))


def test_a_pixel_of_two_classes_is_dropped_and_counted(grid, square, labelset):
    labels = labelset([square(2, 2, 4, 4), square(4, 4, 4, 4)], [1, 2], COVER)
    pixels = label_pixels(labels, grid)
    assert len(pixels) == 32 - 8
    assert (4, 4) not in _places(pixels)
    assert pixels.report.left_out == {"with different answers for the same time (overlaps)": 8}
    first = label_pixels(labels, grid, PixelRule(overlaps="first"))
    assert len(first) == 32 - 4
    assert set(first.y[(first.rows == 4) & (first.cols == 4)]) == {1}


def test_a_pixel_given_twice_with_one_class_is_kept_once(grid, square, labelset):
    pixels = label_pixels(labelset([square(2, 2, 4, 4), square(4, 4, 4, 4)], [1, 1], COVER), grid)
    assert len(pixels) == len(set(_places(pixels))) == 28
    assert pixels.report.left_out == {"given twice with the same answer (kept once)": 4}


def test_three_claims_on_a_pixel_are_settled_together(grid, square, labelset):
    stack = [square(2, 2, 1, 1)] * 3
    pixels = label_pixels(labelset([*stack, square(9, 9, 1, 1)], [1, 1, 2, 2], COVER), grid)
    assert _places(pixels) == [(9, 9)]


def test_another_class_in_another_year_is_no_conflict(grid, square, labelset):
    labels = labelset([square(2, 2, 4, 4), square(2, 2, 4, 4)], [1, 2], COVER, TWO_YEARS)
    pixels = label_pixels(labels, grid)
    assert len(pixels) == 32
    assert not pixels.report.left_out


def test_a_label_without_a_date_is_in_conflict_with_every_year(grid, square, labelset):
    labels = labelset([square(2, 2, 2, 2)] * 2, [1, 2], COVER, [("NaT", "NaT"), TWO_YEARS[1]])
    with pytest.raises(LabelError, match="contradict each other"):
        label_pixels(labels, grid)


def test_different_values_of_one_pixel_and_day_are_dropped(grid, labelset):
    point, other = shapely.Point(500_015, 5_000_185), shapely.Point(500_045, 5_000_185)
    day = ("2020-06-01", "2020-06-01")
    labels = labelset([point, point, other], [3.0, 4.0, 5.0], GPP, [day] * 3)
    pixels = label_pixels(labels, grid)
    assert pixels.y.tolist() == [5.0]
    assert pixels.report.values == {"smallest": 5.0, "mean": 5.0, "largest": 5.0}


def test_what_lies_outside_or_holds_no_centre_is_dropped_with_the_reason(grid, square, labelset):
    labels = labelset(
        [square(2, 2, 2, 2), square(50, 2, 2, 2), square(5.6, 5.6, 0.3, 0.3), square(-3, 0, 5, 1)],
        [1, 1, 2, 2],
        COVER,
    )
    pixels = label_pixels(labels, grid)
    assert pixels.report.dropped == {"outside the area": 1, "that hold no pixel by the rule": 1}
    assert pixels.report.accepted == 2
    assert "1 feature reaches beyond the area: cut at its edge" in pixels.report.notes
    assert len(pixels) == 4 + 2


def test_labels_of_other_dates_are_dropped(grid, square, labelset):
    labels = labelset([square(2, 2, 2, 2), square(8, 8, 2, 2)], [1, 2], COVER, TWO_YEARS)
    period = (np.datetime64("2021-06-01"), np.datetime64("2022-06-01"))
    pixels = label_pixels(labels, grid, period=period)
    assert set(pixels.y) == {2}
    assert pixels.report.dropped == {"outside the dates 2021-06-01 to 2022-06-01": 1}


def test_labels_that_all_lie_elsewhere_are_refused_with_both_places(grid, square, labelset):
    with pytest.raises(LabelError, match=r"all labels lie outside the area.*labels 9\..*area 9\.") as error:
        label_pixels(labelset([square(9000, 2, 2, 2)], [1], COVER), grid)
    assert "EPSG:32632" in error.value.remedy


@pytest.mark.parametrize(
    ("crs", "turned", "stated", "said"),
    [
        ("EPSG:4326", True, "EPSG:4326", "longitude and latitude seem to be swapped"),
        ("EPSG:4326", False, "EPSG:32632", "look like degrees, not EPSG:32632: state EPSG:4326"),
        ("EPSG:32632", False, "EPSG:32633", "not EPSG:32633: state EPSG:32632"),
    ],
)
def test_usual_mistakes_of_place_are_named(grid, square, labelset, crs, turned, stated, said):
    labels = labelset([square(2, 3, 7, 9)], [1], COVER)
    moved = Transformer.from_crs("EPSG:32632", crs, always_xy=True)
    shapes = shapely.transform(
        labels.geometries, lambda xy: np.column_stack(moved.transform(*xy.T))[:, :: -1 if turned else 1]
    )
    wrong = type(labels)(**{**vars(labels), "geometries": shapes, "crs": stated})
    with pytest.raises(LabelError, match="all labels lie outside the area") as error:
        label_pixels(wrong, grid)
    assert said in error.value.remedy


def test_one_class_only_is_warned_of(grid, square, labelset):
    pixels = label_pixels(labelset([square(2, 2, 2, 2)], [1], COVER), grid)
    assert any("one class (field)" in note for note in pixels.report.notes)


def test_a_class_of_one_polygon_is_warned_of(grid, square, labelset):
    labels = labelset([square(2, 2, 2, 2), square(8, 8, 2, 2), square(12, 8, 2, 2)], [1, 2, 2], COVER)
    assert any(
        "one group only" in note and "field" in note for note in label_pixels(labels, grid).report.notes
    )


def test_taking_some_pixels_takes_all_that_belongs_to_them(grid, square, labelset):
    pixels = label_pixels(labelset([square(2, 2, 2, 2), square(8, 8, 2, 2)], [1, 2], COVER, TWO_YEARS), grid)
    some = pixels.take(pixels.y == 2)
    assert len(some) == 4
    assert set(some.group) == {1}
    assert set(some.start) == {np.datetime64("2021-01-01")}


@pytest.mark.parametrize("wrong", [{"polygons": "all"}, {"buffer_m": -1.0}, {"buffer_m": float("nan")}])
def test_a_rule_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(LabelError):
        PixelRule(**wrong)
