"""One simulated landscape that several files of tests look at."""

from datetime import date

import numpy as np
import numpy.typing as npt
import pytest
from affine import Affine
from phenolens.engine.acquisitions.simulate import Climate, Landscape
from phenolens.engine.grid import Grid


@pytest.fixture(scope="session")
def landscape() -> Landscape:
    """All nine classes within 256 × 256 pixels, 2021, no snow."""
    place = Grid("EPSG:32632", Affine(10, 0, 600_000, 0, -10, 5_100_000), (256, 256))
    mild = Climate(temperature_c=16, temperature_range_c=8)
    return Landscape(place, seed=13, start=date(2021, 1, 1), end=date(2021, 12, 31), climate=mild)


@pytest.fixture(scope="session")
def land_cover(landscape: Landscape) -> npt.NDArray[np.uint8]:
    return landscape.land_cover(landscape.grid.window)
