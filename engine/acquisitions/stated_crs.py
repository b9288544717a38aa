"""The CRS of files that declare none, as the user states it."""

from pathlib import Path

from affine import Affine
from pyproj import CRS

from ..errors import CrsError
from .warp import RasterGrid, parse_crs

SLACK_DEGREES = 1.0
"""By which files of the whole Earth may stick out."""


def checked_crs(text: str) -> str:
    """A stated CRS as `EPSG:N`, or WKT where it has no code; `CrsError` where it is none, or none of maps."""
    crs = parse_crs(text)
    if crs is None:
        raise CrsError("there is no such CRS", value=text, remedy="write it as EPSG:32631")
    parsed = CRS.from_user_input(crs)
    if not (parsed.is_projected or parsed.is_geographic):
        raise CrsError(
            "a CRS has no map coordinates",
            value=f"{text}: {parsed.name}",
            remedy="state one that has, such as EPSG:32631",
        )
    return crs


def grid_by(stated: str | None, transform: Affine, shape: tuple[int, int], path: Path) -> RasterGrid:
    """The pixels of a file that declares no CRS; `CrsError` where none was stated, or one that can't be its own."""
    if stated is None:
        raise CrsError(
            "a file declares no CRS",
            value=path,
            remedy="write it in, or state crs=EPSG:32631 (--s2-crs, --s1-crs in commands)",
        )
    grid = RasterGrid(stated, transform, shape)
    west, south, east, north = grid.bounds_in("EPSG:4326")
    on_earth = all(abs(lon) <= 180 + SLACK_DEGREES for lon in (west, east)) and all(
        abs(lat) <= 90 + SLACK_DEGREES for lat in (south, north)
    )
    if not on_earth:  # infinity neither, where a projection ends
        left, bottom, right, top = grid.bounds
        raise CrsError(
            "in the CRS that was stated, a file lies beyond the Earth",
            value=f"{stated[:40]}; x {left:.8g} to {right:.8g}, y {bottom:.8g} to {top:.8g} in {path.name}",
            remedy="state the CRS that its coordinates are in",
        )
    return grid
