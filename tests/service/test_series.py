"""What is told of the acquisitions of a polygon: means, and how much of it they rest on."""

from datetime import datetime
from types import SimpleNamespace

import numpy as np
import pytest
from phenolens.engine.acquisitions.modality import SENTINEL1, SENTINEL2
from phenolens.engine.service.reading.series import mean_bands


def frames(modality, values, valid):
    """Acquisitions of one row of pixels; values and valid are [frame, band, pixel]."""
    acquisitions = [SimpleNamespace(time=datetime(2021, 1, 1 + n)) for n in range(len(values))]
    cube = SimpleNamespace(values=values[:, :, None], validity=valid[:, :, None], acquisitions=acquisitions)
    return SimpleNamespace(modality=modality, acquisitions=acquisitions, read=lambda window, frames: cube)


def test_the_mean_of_backscatter_is_that_of_its_power():
    values = np.array([[[-20.0, -10.0], [-25.0, -25.0]]], np.float32)
    valid = np.array([[[True, True], [True, False]]])
    (told,) = mean_bands({"s1": frames(SENTINEL1, values, valid)}, np.array([[0, 0], [0, 1]]))["s1"]
    assert told["bands"]["VV"] == pytest.approx(10 * np.log10((0.01 + 0.1) / 2), abs=1e-4)
    assert told["bands"]["VH"] == pytest.approx(-25)


def test_means_of_a_polygon_say_how_much_of_it_was_seen():
    values = np.full((3, 10, 4), 0.2, np.float32)
    valid = np.ones((3, 10, 4), bool)
    valid[1, :, 1:] = False
    valid[2] = False
    pixels = np.array([[0, column] for column in range(4)])
    told = mean_bands({"s2": frames(SENTINEL2, values, valid)}, pixels)["s2"]
    assert [one["seen"] for one in told] == [1.0, 0.25]
    assert told[1]["bands"]["B08"] == pytest.approx(0.2)
