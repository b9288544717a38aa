"""Grids of areas."""

import math

import pytest
from phenolens.engine.errors import AreaError
from phenolens.engine.grid import Grid


def test_a_grid_covers_the_bounds_and_is_snapped():
    grid = Grid.from_bounds("EPSG:32631", (500_003, 5_600_001, 500_031, 5_600_019))
    assert grid.shape == (2, 4)
    assert grid.bounds == (500_000, 5_600_000, 500_040, 5_600_020)


@pytest.mark.parametrize("edge", [math.nan, math.inf, -math.inf])
def test_bounds_that_are_no_numbers_are_no_area(edge):
    with pytest.raises(AreaError, match="no places"):
        Grid.from_bounds("EPSG:32631", (edge, 0, 10, 10))
