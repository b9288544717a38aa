"""Where the files lie: their own grid, and which of them touch the area."""

from affine import Affine
from pyproj import CRS

from ..errors import AcquisitionError
from ..grid import RESOLUTION_M, AreaOfInterest, Grid
from .scenes import Scene
from .warp import RasterGrid


class BeyondError(AcquisitionError):
    """Files that lie elsewhere: of one sensor alone they stop, beside those of another they are left out."""


def own_grid(scenes: list[Scene]) -> Grid:
    """The 10 m grid of the files themselves: on their own pixels where 10 m nest in them, else snapped."""
    grids = {(g.crs, g.transform, g.shape): g for s in scenes for g in s.grids}.values()
    finest = min(grids, key=lambda g: abs(g.transform.a))
    target = (
        finest.crs
        if _in_metres(finest.crs)
        else AreaOfInterest.from_bounds(*finest.bounds_in("EPSG:4326")).utm
    )
    boxes = [g.bounds_in(target) for g in grids]
    shift_x, shift_y = _lattice(finest) if target == finest.crs else (0.0, 0.0)
    left, bottom, right, top = (
        pick(side) for pick, side in zip((min, min, max, max), zip(*boxes, strict=True), strict=True)
    )
    grid = Grid.from_bounds(target, (left - shift_x, bottom - shift_y, right - shift_x, top - shift_y))
    return Grid(target, Affine.translation(shift_x, shift_y) * grid.transform, grid.shape)


def _in_metres(crs: str) -> bool:
    parsed = CRS.from_user_input(crs)
    return parsed.is_projected and all(axis.unit_conversion_factor == 1 for axis in parsed.axis_info)


def _lattice(file: RasterGrid) -> tuple[float, float]:
    """How far the file's pixel corners are off multiples of 10 m, if 10 m pixels nest in its own."""
    transform = file.transform
    square = transform.is_rectilinear and abs(transform.a) == abs(transform.e)
    if not square or transform.a % RESOLUTION_M:
        return 0.0, 0.0
    return transform.c % RESOLUTION_M, transform.f % RESOLUTION_M


def overlapping(scenes: list[Scene], grid: Grid) -> list[Scene]:
    """The scenes that touch the grid; `BeyondError` with both bounds where none does."""
    kept = [s for s in scenes if any(_touch(g, grid) for g in s.grids)]
    if not any(s.bands for s in kept):
        file = next(g for s in scenes for g in s.grids)
        files = f"files {_rounded(file.bounds_in(grid.crs))}"
        raise BeyondError(
            "the files don't overlap the area",
            value=f"{files}, area {_rounded(grid.bounds)}, left bottom right top in {grid.crs[:40]}",
            remedy="choose an area within the files, or other files",
        )
    return kept


def _touch(file: RasterGrid, grid: Grid) -> bool:
    left, bottom, right, top = file.bounds_in(grid.crs)
    west, south, east, north = grid.bounds
    return left < east and right > west and bottom < north and top > south


def _rounded(bounds: tuple[float, ...]) -> str:
    return " ".join(f"{v:.0f}" for v in bounds)
