"""The part of a grid that is wanted: polygons, and the rule by which pixels belong to them."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from .errors import AreaError
from .grid import STRAIGHT_DEGREES, AreaOfInterest, Grid, Window

Mask = npt.NDArray[np.bool_]
FINEST = 32
"""Pixels: windows that an edge crosses are halved down to this side before single pixels are asked about."""
DECIMALS = 3
"""Of coordinates, metres: what is kept as text is just what was used."""


@dataclass(frozen=True)
class Outline:
    """Polygons in a grid's CRS. A pixel belongs to them where its centre lies inside."""

    geometry: BaseGeometry
    _counted: dict[tuple[Grid, Window], int] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, area: AreaOfInterest, crs: str) -> "Outline":
        """The area's polygons in a CRS; `AreaError` where they have no place there."""
        project = Transformer.from_crs("EPSG:4326", crs, always_xy=True)

        def placed(corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
            return np.round(np.column_stack(project.transform(*corners.T)), DECIMALS)

        geometry = shapely.transform(shapely.segmentize(area.geometry, STRAIGHT_DEGREES), placed)
        if not np.isfinite(geometry.bounds).all():
            raise AreaError(
                "the area has no place in the grid's CRS", value=crs, remedy="check its coordinates"
            )
        return cls(geometry)

    @property
    def text(self) -> str:
        """The polygons as WKT, in the grid's CRS."""
        return str(shapely.to_wkt(self.geometry, rounding_precision=DECIMALS))

    def mask(self, grid: Grid, window: Window) -> Mask:
        """Which pixels of a window of the grid belong to the outline, [row, column].

        A pixel's answer depends on its centre alone: the same in every window."""
        inside = np.zeros((window.height, window.width), np.bool_)
        rows, cols = window.slices
        shapely.prepare(self.geometry)
        self._fill(inside, grid.x[cols], grid.y[rows], grid.resolution / 2)
        return inside

    def pixels(self, grid: Grid, window: Window) -> int:
        """How many pixels of a window belong to it."""
        key = grid, window
        if key not in self._counted:
            self._counted[key] = int(self.mask(grid, window).sum())
        return self._counted[key]

    def check_on(self, grid: Grid) -> None:
        """`AreaError` where no pixel of the grid belongs to it."""
        if not any(self.pixels(grid, window) for window in grid.tiles(256)):
            raise AreaError(
                "no pixel's centre lies in the area",
                value=", ".join(f"{edge:.0f}" for edge in self.geometry.bounds) + " m",
                remedy="choose a larger area, or one that the data cover",
            )

    def _fill(
        self, inside: Mask, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], margin: float
    ) -> None:
        """`inside` is written to: x of its columns' centres, y of its rows' centres, half a pixel."""
        box = shapely.box(x[0] - margin, y[-1] - margin, x[-1] + margin, y[0] + margin)
        if shapely.disjoint(self.geometry, box):
            return
        if shapely.contains_properly(self.geometry, box):
            inside[...] = True
            return
        if max(inside.shape) <= FINEST:
            inside[...] = shapely.contains_xy(self.geometry, x[None, :], y[:, None])
            return
        row, col = (-(-size // 2) for size in inside.shape)
        for rows in (slice(0, row), slice(row, None)):
            for cols in (slice(0, col), slice(col, None)):
                if inside[rows, cols].size:
                    self._fill(inside[rows, cols], x[cols], y[rows], margin)


def around(mask: Mask, side: int) -> int:
    """Pixels of the squares of a side, counted from the first row and column, that hold any of a mask's."""
    down, right = (range(0, size, side) for size in mask.shape)
    held = np.logical_or.reduceat(np.logical_or.reduceat(mask, down, axis=0), right, axis=1)
    heights, widths = (
        np.diff([*starts, size]) for starts, size in zip((down, right), mask.shape, strict=True)
    )
    return int(heights @ held.astype(np.int64) @ widths)
