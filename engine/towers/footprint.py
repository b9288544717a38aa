"""What a tower sees: the pixels around it and their weights."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from pyproj import Transformer
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.warp import reproject, transform_bounds

from ..errors import AreaError, TowerError
from ..grid import Grid, Window
from ..tablefile import read_table
from .sites import Site

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Footprint:
    """Pixels of a grid and how much each counts."""

    rows: Whole
    """[pixel]."""
    cols: Whole
    weights: npt.NDArray[np.float64]
    """[pixel] above 0, with a sum of 1."""
    covered: float
    """Share of the whole footprint that lies on the grid, 0 to 1."""


def stands_elsewhere(site: Site, grid: Grid) -> bool:
    """Whether a site's position is known, and not on the grid."""
    if site.lat is None or site.lon is None:
        return False
    try:
        grid.pixel_at_xy(*_xy(site.lon, site.lat, grid))
    except AreaError:
        return True
    return False


def _xy(lon: float, lat: float, grid: Grid) -> tuple[float, float]:
    x, y = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True).transform(lon, lat)
    return float(x), float(y)


def radius_footprint(site: Site, grid: Grid, radius_m: float) -> Footprint:
    """Equal weights for the pixels whose centre lies within a radius; at least the tower's own pixel.

    `TowerError` where the site has no position or lies outside the grid."""
    if not 0 < radius_m < 20_000:
        raise TowerError(
            "the radius is out of range", value=radius_m, remedy="give metres above 0, below 20,000"
        )
    if site.lat is None or site.lon is None:
        raise TowerError(
            "the site's position is not known",
            value=site.id,
            remedy="give a table of sites with columns site, lat, lon (--sites)",
        )
    x, y = _xy(site.lon, site.lat, grid)
    try:
        row, col = grid.pixel_at_xy(x, y)
    except AreaError as error:
        raise TowerError(
            "the tower lies outside the area",
            value=f"{site.id}: latitude {site.lat}, longitude {site.lon}",
            remedy="check its position in the site table, or leave the tower out",
        ) from error
    reach = int(np.ceil(radius_m / grid.resolution)) + 1
    rows, cols = np.mgrid[row - reach : row + reach + 1, col - reach : col + reach + 1].reshape(2, -1)
    left, _, _, top = grid.bounds
    centre_x, centre_y = left + (cols + 0.5) * grid.resolution, top - (rows + 0.5) * grid.resolution
    near = np.hypot(centre_x - x, centre_y - y) <= radius_m
    near |= ~near.any() & (rows == row) & (cols == col)
    return _on_grid(rows[near], cols[near], np.ones(int(near.sum())), grid, site.id)


def table_footprint(path: Path, grid: Grid, crs: str | None = None) -> Footprint:
    """Weights of a CSV with the columns lon, lat, weight, or x, y, weight in `crs`; those in one pixel add up."""
    frame = read_table(path, error=TowerError)
    named = {str(name).lower(): name for name in frame.columns}
    pair = next((p for p in (("lon", "lat"), ("x", "y")) if set(p) <= set(named)), None)
    if pair is None or "weight" not in named:
        value = ", ".join(map(str, frame.columns))
        raise TowerError(
            "the weights table lacks columns", value=value, remedy="lon, lat, weight or x, y, weight"
        )
    if pair == ("x", "y") and crs is None:
        raise TowerError(
            "a table of x and y states no CRS", value=path, remedy="state it, such as EPSG:32633"
        )
    x, y, weights = (frame[named[name]].to_numpy(np.float64) for name in (*pair, "weight"))
    east, north = Transformer.from_crs(crs or "EPSG:4326", grid.crs, always_xy=True).transform(x, y)
    cols, rows = ~grid.transform * (np.asarray(east), np.asarray(north))
    return _on_grid(
        np.floor(rows).astype(np.int64), np.floor(cols).astype(np.int64), weights, grid, str(path)
    )


def raster_footprint(path: Path, grid: Grid) -> Footprint:
    """Weights of a raster (such as a footprint climatology), summed into the pixels of the grid."""
    try:
        with rasterio.open(path) as file:
            stored = file.read(1, masked=True).filled(0).astype(np.float64)
            transform, crs, bounds = file.transform, file.crs, file.bounds
    except (OSError, RasterioError) as error:
        raise TowerError("the weights raster can't be read", value=path, remedy=str(error)) from error
    if crs is None:
        raise TowerError("the weights raster declares no CRS", value=path, remedy="save it with its CRS")
    around = _around(transform_bounds(crs, grid.crs, *bounds), grid)
    whole = grid.crop(around)
    out = np.zeros(whole.shape)
    density = np.where(np.isfinite(stored), stored, 0)  # weight per cell; averaging keeps its distribution
    reproject(
        density,
        out,
        src_transform=transform,
        src_crs=crs,
        dst_transform=whole.transform,
        dst_crs=grid.crs,
        resampling=Resampling.average if abs(transform.a) < grid.resolution else Resampling.bilinear,
    )
    rows, cols = np.nonzero(out)
    return _on_grid(rows + around.row, cols + around.col, out[rows, cols], grid, str(path))


def _around(bounds: tuple[float, float, float, float], grid: Grid) -> Window:
    """The pixels of the endless grid that cover (left, bottom, right, top)."""
    left, bottom, right, top = bounds
    (col0, row0), (col1, row1) = ~grid.transform * (left, top), ~grid.transform * (right, bottom)
    row, col = int(np.floor(row0)), int(np.floor(col0))
    return Window(row, col, int(np.ceil(row1)) - row, int(np.ceil(col1)) - col)


def _on_grid(rows: Whole, cols: Whole, weights: npt.NDArray[np.float64], grid: Grid, where: str) -> Footprint:
    """Weights by pixel, cut at the grid and brought to a sum of 1."""
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.sum() > 0:
        raise TowerError("footprint weights must be numbers from 0 on, and not all 0", value=where)
    inside = (rows >= 0) & (rows < grid.shape[0]) & (cols >= 0) & (cols < grid.shape[1]) & (weights > 0)
    if not inside.any():
        raise TowerError(
            "the footprint lies outside the area", value=where, remedy="choose another store or site"
        )
    flat, inverse = np.unique(rows[inside] * grid.shape[1] + cols[inside], return_inverse=True)
    sums = np.bincount(inverse, weights=weights[inside])
    found = np.divmod(flat, grid.shape[1])
    return Footprint(found[0], found[1], sums / sums.sum(), float(weights[inside].sum() / weights.sum()))
