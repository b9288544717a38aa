"""Pixels of a store ↔ positions on Earth."""

from __future__ import annotations

from functools import cached_property, lru_cache
from math import atan2, degrees
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from phenolens.engine.client.arrays import Grid
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

Floats = npt.NDArray[np.float64]
Numbers = TypeVar("Numbers", float, Floats)
NEAR_DEGREES = 1e-3


class Geography:
    """Columns and rows (fractions, from the upper left corner) ↔ x and y of the grid's CRS ↔ degrees (WGS 84)."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid

    @cached_property
    def _to_degrees(self) -> Transformer:
        rows, columns = self.grid.shape
        steps = _steps_to_degrees(self.grid.crs, *self.xy(columns / 2, rows / 2))
        return Transformer.from_pipeline(steps) if steps else _every_way_to_degrees(self.grid.crs)

    def look_up(self) -> None:
        """The way to degrees, which may take longer than a user interface may wait: for another thread than its own."""
        self.lonlat(0, 0)

    def xy(self, column: float, row: float) -> tuple[float, float]:
        a, b, c, d, e, f = self.grid.transform
        return a * column + b * row + c, d * column + e * row + f

    def pixel(self, x: float, y: float) -> tuple[float, float]:
        """(column, row) of x and y in the grid's CRS."""
        return self._from_xy(x, y)

    def lonlat(self, column: float, row: float) -> tuple[float, float]:
        longitude, latitude = self._to_degrees.transform(*self.xy(column, row))
        return float(longitude), float(latitude)

    def pixel_of_lonlat(self, longitude: float, latitude: float) -> tuple[float, float]:
        x, y = self._to_degrees.transform(longitude, latitude, direction="INVERSE")
        return self.pixel(float(x), float(y))

    def pixels_of_lonlat(self, longitude: Floats, latitude: Floats) -> tuple[Floats, Floats]:
        """[place] each: many at once; infinite where the grid's CRS doesn't reach."""
        return self._from_xy(*self._to_degrees.transform(longitude, latitude, direction="INVERSE"))

    def _from_xy(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        a, b, c, d, e, f = self.grid.transform
        determinant = a * e - b * d
        return (e * (x - c) - b * (y - f)) / determinant, (a * (y - f) - d * (x - c)) / determinant

    def north(self, column: float, row: float) -> float:
        """Where true north is on the map, in degrees clockwise from up: 9 to the left in EPSG:3035 at 22° E."""
        longitude, latitude = self.lonlat(column, row)
        towards = max(-90.0, min(90.0, latitude + NEAR_DEGREES))
        away_column, away_row = self.pixel_of_lonlat(longitude, towards)
        return degrees(atan2(away_column - column, row - away_row))

    def told(self, column: float, row: float) -> str:
        """`51.18012 N 3.37911 E   x 526 430 y 5 669 770`"""
        longitude, latitude = self.lonlat(column, row)
        x, y = self.xy(column, row)
        return (
            f"{abs(latitude):.5f} {'N' if latitude >= 0 else 'S'} "
            f"{abs(longitude):.5f} {'E' if longitude >= 0 else 'W'}   x {x:.0f}  y {y:.0f}"
        )


def _every_way_to_degrees(crs: str) -> Transformer:
    """Looks all of PROJ's database through, for every thread anew (pyproj 3.7): 30 ms for EPSG:3035."""
    return Transformer.from_crs(CRS.from_user_input(crs), "EPSG:4326", always_xy=True)


@lru_cache(maxsize=64)
def _steps_to_degrees(crs: str, x: float, y: float) -> str:
    """Of these ways the one that PROJ takes at x and y, as a pipeline of its own; none where it takes no steps."""
    ways = _every_way_to_degrees(crs)
    ways.transform(x, y)
    try:
        return str(ways.get_last_used_operation().definition)
    except ProjError:
        return ""
