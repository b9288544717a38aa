"""The pixels that a tower sees, by radius or by weights."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from phenolens.engine.errors import TowerError
from phenolens.engine.grid import Grid
from phenolens.engine.towers.footprint import radius_footprint, raster_footprint, table_footprint
from phenolens.engine.towers.sites import Site
from pyproj import Transformer

GRID = Grid("EPSG:32632", Affine(10, 0, 500_000, 0, -10, 5_000_400), (40, 40))


def _site(x, y):
    lon, lat = Transformer.from_crs("EPSG:32632", "EPSG:4326", always_xy=True).transform(x, y)
    return Site("XX-Tst", lat, lon)


def test_a_radius_takes_the_pixels_whose_centre_lies_within():
    seen = radius_footprint(_site(500_205, 5_000_195), GRID, 50.5)
    away = np.hypot(GRID.x[seen.cols] - 500_205, GRID.y[seen.rows] - 5_000_195)
    assert away.max() <= 50.5
    assert len(seen.rows) == 81  # lattice points within 5 of the origin
    assert seen.weights.sum() == pytest.approx(1)
    assert seen.covered == 1


def test_a_radius_below_a_pixel_takes_the_towers_own_pixel():
    seen = radius_footprint(_site(500_202, 5_000_198), GRID, 1)
    assert (seen.rows.tolist(), seen.cols.tolist()) == ([20], [20])


def test_a_footprint_over_the_edge_says_how_much_of_it_is_seen():
    seen = radius_footprint(_site(500_005, 5_000_195), GRID, 50)
    assert 0.55 < seen.covered < 0.65
    assert seen.weights.sum() == pytest.approx(1)


def test_a_tower_elsewhere_or_without_a_position_is_refused():
    with pytest.raises(TowerError, match="outside the area"):
        radius_footprint(_site(600_000, 5_000_195), GRID, 50)
    with pytest.raises(TowerError, match="position is not known"):
        radius_footprint(Site("XX-Tst"), GRID, 50)
    with pytest.raises(TowerError, match="out of range"):
        radius_footprint(_site(500_205, 5_000_195), GRID, 0)


def test_weights_of_a_table_add_up_by_pixel(tmp_path):
    path = tmp_path / "weights.csv"
    path.write_text("x,y,weight\n500201,5000199,1\n500209,5000191,2\n500305,5000195,1\n100,100,4\n")
    with pytest.raises(TowerError, match="no CRS"):
        table_footprint(path, GRID)
    seen = table_footprint(path, GRID, "EPSG:32632")
    assert dict(zip(seen.cols.tolist(), seen.weights.tolist(), strict=True)) == {20: 0.75, 30: 0.25}
    assert seen.covered == 0.5


def test_weights_that_are_none_are_refused(tmp_path):
    path = tmp_path / "weights.csv"
    path.write_text("lon,lat,weight\n9,45,-1\n")
    with pytest.raises(TowerError, match="from 0 on"):
        table_footprint(path, GRID)
    path.write_text("lon,lat\n9,45\n")
    with pytest.raises(TowerError, match="lacks columns"):
        table_footprint(path, GRID)


@pytest.mark.parametrize(("cell", "size"), [(2, 60), (10, 12), (20, 6)])
def test_weights_of_a_raster_keep_their_centre_whatever_their_cells(tmp_path, cell, size):
    path = tmp_path / "weights.tif"
    transform = Affine(cell, 0, 500_100, 0, -cell, 5_000_300)
    offsets = (np.arange(size) + 0.5) * cell
    x, y = np.meshgrid(500_100 + offsets, 5_000_300 - offsets)
    weights = np.exp(-(((x - 500_165) / 25) ** 2) - ((y - 5_000_235) / 25) ** 2)
    about = {"count": 1, "height": size, "width": size, "dtype": "float64", "crs": "EPSG:32632"}
    with rasterio.open(path, "w", driver="GTiff", transform=transform, **about) as file:
        file.write(weights, 1)
    seen = raster_footprint(path, GRID)
    assert (seen.weights * GRID.x[seen.cols]).sum() == pytest.approx(
        (weights * x).sum() / weights.sum(), abs=1.5
    )
    assert (seen.weights * GRID.y[seen.rows]).sum() == pytest.approx(
        (weights * y).sum() / weights.sum(), abs=1.5
    )
    assert seen.covered == pytest.approx(1)


def test_a_broken_weights_raster_is_refused(tmp_path):
    (tmp_path / "w.tif").write_bytes(b"no raster")
    with pytest.raises(TowerError, match="can't be read"):
        raster_footprint(tmp_path / "w.tif", GRID)
