"""Polygons on a grid."""

import json

import geopandas
import numpy as np
import pytest
import shapely
from phenolens.engine.errors import AreaError
from phenolens.engine.grid import AreaOfInterest, Grid, Window
from phenolens.engine.outline import Outline, around
from pyproj import Transformer
from rasterio.features import geometry_mask

GRID = Grid.from_bounds("EPSG:32631", (600_000, 5_600_000, 602_000, 5_601_500))
RING = shapely.Polygon(
    [(600_100, 5_600_100), (601_930, 5_600_400), (601_500, 5_601_444), (600_333, 5_601_200)],
    [[(600_700, 5_600_500), (601_001, 5_600_500), (600_900, 5_600_800)]],
)


def test_a_pixel_belongs_where_its_centre_lies_inside():
    mask = Outline(RING).mask(GRID, GRID.window)
    x, y = np.meshgrid(GRID.x, GRID.y)
    assert np.array_equal(mask, shapely.contains(RING, shapely.points(x, y)))
    burnt = geometry_mask([RING], GRID.shape, GRID.transform, invert=True)
    assert (mask != burnt).sum() <= 2  # centres just on an edge are up to whoever draws
    assert abs(mask.sum() * 100 - RING.area) < 0.01 * RING.area


def test_an_edge_through_centres_gives_each_to_neither_side():
    left = Outline(shapely.box(600_000, 5_600_000, 600_105, 5_600_100))
    right = Outline(shapely.box(600_105, 5_600_000, 600_200, 5_600_100))
    corner = Window(140, 0, 10, 20)
    assert left.mask(GRID, corner).sum(axis=1).tolist() == [10] * 10
    assert right.mask(GRID, corner).sum(axis=1).tolist() == [9] * 10


@pytest.mark.parametrize("side", [1, 7, 32, 64, 100])
def test_every_window_says_the_same(side):
    outline = Outline(RING)
    whole, total = outline.mask(GRID, GRID.window), 0
    for window in GRID.tiles(side):
        assert np.array_equal(outline.mask(GRID, window), whole[window.slices])
        total += outline.pixels(GRID, window)
    assert total == whole.sum()


def test_squares_that_hold_any_are_counted_whole():
    mask = np.zeros((10, 7), bool)
    mask[4, 1] = mask[9, 6] = True
    assert around(mask, 4) == 16 + 2 * 3
    assert around(mask, 1) == 2
    assert around(np.zeros((5, 5), bool), 2) == 0


def test_a_polygon_in_metres_keeps_its_edges_straight_there(tmp_path):
    polygon = shapely.box(600_000, 5_600_000, 690_000, 5_690_000)
    geopandas.GeoSeries([polygon], crs="EPSG:32631").to_file(tmp_path / "a.gpkg")
    area = AreaOfInterest.from_file(tmp_path / "a.gpkg")
    found = Outline.of(area, "EPSG:32631").geometry
    assert shapely.hausdorff_distance(found, shapely.segmentize(polygon, 100)) < 60
    assert found.symmetric_difference(polygon).area < 4 * 90_000 * 0.5
    assert max(area.grid("EPSG:32631").shape) <= 9_001  # straight in degrees, its edges reached 20 px further


def test_corners_in_degrees_become_a_polygon_also_where_they_cross():
    to_degrees = Transformer.from_crs("EPSG:32631", "EPSG:4326", always_xy=True)
    bow = [(600_000, 5_600_000), (601_000, 5_601_000), (601_000, 5_600_000), (600_000, 5_601_000)]
    area = AreaOfInterest.from_corners([to_degrees.transform(*corner) for corner in bow])
    outline = Outline.of(area, "EPSG:32631")
    assert outline.geometry.area == pytest.approx(500_000, rel=1e-3)
    assert json.dumps(outline.text).count("EMPTY") == 0
    assert shapely.from_wkt(outline.text).equals(outline.geometry)
    with pytest.raises(AreaError, match="three corners"):
        AreaOfInterest.from_corners([(3.0, 50.0), (3.1, 50.0)])
    with pytest.raises(AreaError, match="empty"):
        AreaOfInterest.from_corners([(3.0, 50.0), (3.1, 50.0), (3.2, 50.0)])


def test_an_outline_without_a_pixel_is_refused():
    sliver = Outline(shapely.box(600_006, 5_600_000, 600_014, 5_601_000))
    with pytest.raises(AreaError, match="no pixel's centre"):
        sliver.check_on(GRID)
    Outline(RING).check_on(GRID)
