from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
from affine import Affine
from phenolens.engine.acquisitions.cube import Acquisition, Cube
from phenolens.engine.acquisitions.modality import SENTINEL2
from phenolens.engine.grid import Grid
from phenolens.engine.views.vegetation import ndvi_layer, ndvi_of

GRID = Grid("EPSG:32631", Affine(10, 0, 500_000, 0, -10, 5_600_000), (1, 4))
DAY = (Acquisition(datetime(2020, 6, 1, tzinfo=UTC)),)


def _cube(red, near) -> Cube:
    values = np.zeros((1, len(SENTINEL2.bands), 1, len(red)), np.float32)
    values[0, SENTINEL2.bands.index("B04"), 0] = red
    values[0, SENTINEL2.bands.index("B08"), 0] = near
    return Cube(SENTINEL2, GRID, DAY, values, np.ones_like(values, bool))


def test_ndvi_is_nothing_where_a_band_is_missing_or_nothing_is_reflected():
    cube = _cube([0.05, 0.05, 0.0, 0.3], [0.45, 0.45, 0.0, 0.1])
    cube.validity[0, SENTINEL2.bands.index("B08"), 0, 1] = False
    np.testing.assert_allclose(ndvi_of(cube), [[0.8, np.nan, np.nan, -0.5]], rtol=1e-6)


def test_ndvi_has_the_same_colours_on_every_date():
    cube = _cube([0.05, 0.0, 0.3, 0.0], [0.05, 0.4, 0.1, 0.0])
    source = SimpleNamespace(acquisitions=DAY, grid=GRID, read=lambda window, frames: cube)
    layer = ndvi_layer(source, 0)
    assert layer.render(GRID.window)[0, 0].tolist() == [1 + round(254 * 0.2 / 1.2), 255, 1, 0]
    assert layer.title == "Sentinel-2 NDVI, 2020-06-01"
    assert layer.tags["PHENOLENS_TIME"].startswith("2020-06-01")
