"""Area of interest → grid: UTM, 10 m, snapped to the Sentinel-2 grid."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely
from affine import Affine
from pyproj import CRS, Transformer
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from .errors import AreaError

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox

RESOLUTION_M = 10.0
STRAIGHT_DEGREES = 0.01
"""Edges are straight in degrees: longer parts of them get corners before they are projected."""
STRAIGHT_M = 2_000.0
"""The same for edges that are straight in a projected CRS; at most a few decimetres are lost."""
LARGEST_AREA_KM2 = 13_000.0  # one Sentinel-2 tile (109.8 km squared) and a little


@dataclass(frozen=True)
class Window:
    """A rectangle of pixels of a grid; it may reach beyond the grid on any side (a halo does)."""

    row: int
    col: int
    height: int
    width: int

    def grown(self, pixels: int) -> "Window":
        return Window(self.row - pixels, self.col - pixels, self.height + 2 * pixels, self.width + 2 * pixels)

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.row, self.row + self.height), slice(self.col, self.col + self.width)


@dataclass(frozen=True)
class Grid:
    """A north-up pixel grid: CRS, affine transform (pixel corner to metres) and (rows, columns)."""

    crs: str
    transform: Affine
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        if min(self.shape) < 1:
            raise AreaError("the grid has no pixels", value=self.shape, remedy="choose a larger area")

    @classmethod
    def from_bounds(
        cls, crs: str, bounds: tuple[float, float, float, float], resolution: float = RESOLUTION_M
    ) -> "Grid":
        """The smallest grid, snapped to multiples of `resolution`, that covers (left, bottom, right, top)."""
        if not all(map(math.isfinite, bounds)):
            raise AreaError(
                "the area's corners are no places in its coordinate system",
                value=", ".join(f"{edge:g}" for edge in bounds),
                remedy="check its coordinates, and their CRS",
            )
        left, bottom, right, top = bounds
        # 1e-6 px of slack: bounds that already lie on the grid must not gain a row from rounding
        col0, row0 = math.floor(left / resolution + 1e-6), math.ceil(top / resolution - 1e-6)
        cols = math.ceil(right / resolution - 1e-6) - col0
        rows = row0 - math.floor(bottom / resolution + 1e-6)
        transform = Affine(resolution, 0, col0 * resolution, 0, -resolution, row0 * resolution)
        return cls(crs, transform, (rows, cols))

    @property
    def resolution(self) -> float:
        return float(self.transform.a)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(left, bottom, right, top) in units of the CRS."""
        left, top = self.transform * (0, 0)
        right, bottom = self.transform * (self.shape[1], self.shape[0])
        return left, bottom, right, top

    @property
    def geobox(self) -> "GeoBox":
        from odc.geo.geobox import GeoBox  # noqa: PLC0415 - dask comes with it, which few need

        return GeoBox(self.shape, self.transform, self.crs)

    @property
    def x(self) -> npt.NDArray[np.float64]:
        """Easting of the pixel centres, [columns]."""
        return self.transform.c + self.transform.a * (np.arange(self.shape[1], dtype=np.float64) + 0.5)

    @property
    def y(self) -> npt.NDArray[np.float64]:
        """Northing of the pixel centres, [rows], descending."""
        return self.transform.f + self.transform.e * (np.arange(self.shape[0], dtype=np.float64) + 0.5)

    @property
    def window(self) -> Window:
        return Window(0, 0, *self.shape)

    @property
    def lonlat_bounds(self) -> tuple[float, float, float, float]:
        """(west, south, east, north) in degrees."""
        to_lonlat = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True)
        west, south, east, north = to_lonlat.transform_bounds(*self.bounds, densify_pts=21)
        return west, south, east, north

    def crop(self, window: Window) -> "Grid":
        """The grid of a window, also where it reaches beyond this grid."""
        transform = self.transform * Affine.translation(window.col, window.row)
        return Grid(self.crs, transform, (window.height, window.width))

    def tiles(self, size: int) -> Iterator[Window]:
        """Windows of at most size × size pixels that cover the grid, row by row."""
        rows, cols = self.shape
        for row in range(0, rows, size):
            for col in range(0, cols, size):
                yield Window(row, col, min(size, rows - row), min(size, cols - col))

    def pixel_at(self, lon: float, lat: float) -> tuple[int, int]:
        """(row, column) of the pixel that holds a WGS 84 position; `AreaError` outside."""
        x, y = Transformer.from_crs("EPSG:4326", self.crs, always_xy=True).transform(lon, lat)
        return self.pixel_at_xy(x, y)

    def pixel_at_xy(self, x: float, y: float) -> tuple[int, int]:
        """(row, column) of the pixel that holds a position in this grid's CRS; `AreaError` outside."""
        if not (math.isfinite(x) and math.isfinite(y)):
            raise AreaError("the position has no place in the grid's CRS", value=(x, y))
        col, row = (math.floor(v) for v in ~self.transform * (x, y))
        if not (0 <= row < self.shape[0] and 0 <= col < self.shape[1]):
            raise AreaError(
                "the position lies outside the area",
                value=f"x {x:.1f}, y {y:.1f}",
                remedy=f"choose one within {tuple(round(v, 1) for v in self.bounds)} ({self.crs})",
            )
        return row, col

    def to_dict(self) -> dict[str, Any]:
        return {"crs": self.crs, "transform": list(self.transform)[:6], "shape": list(self.shape)}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Grid":
        return cls(stored["crs"], Affine(*stored["transform"]), (stored["shape"][0], stored["shape"][1]))


@dataclass(frozen=True)
class AreaOfInterest:
    """What the user wants embedded: a geometry in WGS 84 longitude and latitude, and a name."""

    geometry: BaseGeometry
    name: str = "area"
    mended: int = 0
    """How many of its polygons crossed themselves: what each encloses is taken."""

    def __post_init__(self) -> None:
        if self.geometry.is_empty or self.geometry.area == 0:
            raise AreaError(
                "the area of interest is empty",
                value=shapely.to_wkt(self.geometry, rounding_precision=5),
                remedy="draw a polygon or give west,south,east,north with west < east and south < north",
            )
        west, south, east, north = self.geometry.bounds
        if west < -180 or east > 180 or south < -90 or north > 90:
            raise AreaError(
                "the area of interest is not in longitude and latitude",
                value=self.geometry.bounds,
                remedy="give degrees (WGS 84), or a file that declares its CRS",
            )

    @classmethod
    def from_bounds(
        cls, west: float, south: float, east: float, north: float, name: str = "area"
    ) -> "AreaOfInterest":
        if not (west < east and south < north):
            raise AreaError(
                "the area of interest has no extent",
                value=f"west {west}, south {south}, east {east}, north {north}",
                remedy="west must be below east and south below north; across the date line, embed each side of it",
            )
        return cls(shapely.box(west, south, east, north), name)

    @classmethod
    def from_corners(
        cls,
        corners: Sequence[Sequence[float]],
        name: str = "area",
        holes: Sequence[Sequence[Sequence[float]]] = (),
    ) -> "AreaOfInterest":
        """A polygon of (longitude, latitude) without its holes; where an edge crosses itself, all that it encloses."""
        edges = [_polygon(ring) for ring in (corners, *holes)]
        mended = sum(not edge.is_valid for edge in edges)
        outer, *inner = (_mended(edge) for edge in edges)
        return cls(shapely.difference(outer, shapely.union_all(inner)), name, mended)

    @classmethod
    def from_file(cls, path: Path) -> "AreaOfInterest":
        """The union of all polygons of a GeoPackage, GeoJSON or Shapefile; those that cross themselves are mended."""
        import geopandas  # noqa: PLC0415 - pandas comes with it, 80 MB that reading a store needn't load

        try:
            frame = geopandas.read_file(path)
        except Exception as error:  # pyogrio, GDAL and fiona raise many kinds; all mean one thing here
            raise AreaError(
                "the area file can't be read",
                value=path if not Path(path).exists() else f"{path}: {error}",
                remedy="give a GeoPackage, GeoJSON or Shapefile; check the path",
            ) from error
        if not isinstance(frame, geopandas.GeoDataFrame):
            raise AreaError(
                "the area file holds no geometries",
                value=path,
                remedy="give a GeoPackage, GeoJSON or Shapefile",
            )
        if frame.crs is None:
            raise AreaError("the area file declares no CRS", value=path, remedy="save it with its CRS")
        polygons = frame.geometry[frame.geometry.type.isin(["Polygon", "MultiPolygon"])]
        if polygons.empty:
            raise AreaError("the area file holds no polygon", value=path, remedy="give polygons")
        broken = ~polygons.is_valid
        polygons = polygons.where(~broken, polygons[broken].map(_mended))
        if frame.crs.is_projected:
            polygons = polygons.segmentize(STRAIGHT_M / frame.crs.axis_info[0].unit_conversion_factor)
        try:
            united = polygons.to_crs("EPSG:4326").union_all()
        except GEOSException as error:
            raise AreaError(
                "the area's polygons cross themselves", value=path, remedy="mend them: Fix geometries in QGIS"
            ) from error
        return cls(united, path.stem, int(broken.sum()))

    @property
    def utm(self) -> str:
        """The UTM zone of the area's centre, as `EPSG:326NN` or `EPSG:327NN`."""
        centre = self.geometry.centroid
        zone = min(int((centre.x + 180) // 6) + 1, 60)
        return f"EPSG:{(32600 if centre.y >= 0 else 32700) + zone}"

    def grid(self, crs: str | None = None, resolution: float = RESOLUTION_M) -> Grid:
        """The 10 m UTM grid that covers the area; `AreaError` where it would be absurdly large."""
        crs = crs or self.utm
        if CRS.from_user_input(crs).is_geographic:
            raise AreaError("the grid needs metres", value=crs, remedy="choose a projected CRS, such as UTM")
        project = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
        bounds = shapely.transform(
            shapely.segmentize(self.geometry, STRAIGHT_DEGREES),
            lambda xy: np.column_stack(project.transform(*xy.T)),
        ).bounds
        km2 = (bounds[2] - bounds[0]) * (bounds[3] - bounds[1]) / 1e6
        if km2 > LARGEST_AREA_KM2:
            pixels = km2 * 1e6 / resolution**2
            raise AreaError(
                "the area is too large for one run",
                value=f"{km2:,.0f} km², {pixels:,.0f} pixels, {pixels * 70 * 32 / 1e9:,.0f} GB a year",
                remedy=f"stay below {LARGEST_AREA_KM2:,.0f} km² and run several areas",
            )
        return Grid.from_bounds(crs, bounds, resolution)


def _polygon(corners: Sequence[Sequence[float]]) -> shapely.Polygon:
    """Within an edge; a line has no area."""
    if len(corners) < 3:
        raise AreaError("a polygon has three corners or more", value=len(corners), remedy="add corners")
    return shapely.Polygon([(lon, lat) for lon, lat in corners])


def _mended(polygon: BaseGeometry) -> BaseGeometry:
    """What its edges enclose, but for parts that they go around twice."""
    valid = shapely.get_parts(shapely.make_valid(polygon))
    parts = [part for part in valid if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts)
