from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from affine import Affine
from phenolens.engine.acquisitions.cube import Acquisition, Cube
from phenolens.engine.acquisitions.modality import SENTINEL1, SENTINEL2
from phenolens.engine.errors import BandError
from phenolens.engine.grid import Grid
from phenolens.engine.views.composite import FALSE_COLOUR, SENTINEL1_COMPOSITE, TRUE_COLOUR, compose

GRID = Grid("EPSG:32631", Affine(10, 0, 500_000, 0, -10, 5_600_000), (2, 3))
DAY = (Acquisition(datetime(2020, 6, 1, tzinfo=UTC)),)


def _cube(modality, **bands: float) -> Cube:
    values = np.zeros((1, len(modality.bands), 2, 3), np.float32)
    for name, value in bands.items():
        values[0, modality.bands.index(name)] = value
    return Cube(modality, GRID, DAY, values, np.ones_like(values, bool))


def test_true_colour_puts_red_green_and_blue_where_they_belong():
    picture = compose(_cube(SENTINEL2, B04=0.3, B03=0.15, B02=0.0), TRUE_COLOUR)
    assert picture[:, 0, 0].tolist() == [255, round(255 * 0.5 ** (1 / 1.8)), 0, 255]


def test_vegetation_is_red_in_false_colour():
    red, green, blue, _ = compose(_cube(SENTINEL2, B08=0.45, B04=0.03, B03=0.05), FALSE_COLOUR)[:, 0, 0]
    assert red > 200
    assert max(green, blue) < 120


def test_the_radar_composite_shows_the_difference_of_its_polarisations_in_decibel():
    picture = compose(_cube(SENTINEL1, VV=-11.0, VH=-18.0), SENTINEL1_COMPOSITE)
    assert picture[:, 1, 2].tolist() == [round(255 * 11 / 20), round(255 * 10 / 20), round(255 * 7 / 14), 255]


def test_a_pixel_is_transparent_where_one_channel_is_not_valid():
    cube = _cube(SENTINEL2, B04=0.1, B03=0.1, B02=0.1)
    cube.validity[0, SENTINEL2.bands.index("B03"), 0, 1] = False
    cube.validity[0, SENTINEL2.bands.index("B11"), 1, 1] = False  # no channel of this composite
    assert compose(cube, TRUE_COLOUR)[3].tolist() == [[255, 0, 255], [255, 255, 255]]


def test_unmasked_composites_show_clouds_but_not_missing_pixels():
    cube = _cube(SENTINEL2, B04=0.9, B03=0.9, B02=0.9)
    cube.validity[:] = False
    cube.values[..., 0, 0] = 0
    assert compose(cube, TRUE_COLOUR, masked=False)[3].tolist() == [[0, 255, 255], [255, 255, 255]]


def test_a_composite_of_the_other_sensor_names_the_missing_bands():
    with pytest.raises(BandError, match="needs bands that s1 lacks") as caught:
        compose(_cube(SENTINEL1), replace(TRUE_COLOUR))
    assert caught.value.value == "B02, B03, B04"
