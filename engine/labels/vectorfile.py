"""GeoPackage, GeoJSON, Shapefile and CSV → a table and its geometries, whatever their CRS."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from ..errors import LabelError
from ..tablefile import need_columns, read_table

LONLAT = (("lon", "lat"), ("longitude", "latitude"), ("long", "lat"), ("lng", "lat"))
XY = (("x", "y"), ("easting", "northing"))
WKT = ("wkt", "geometry", "geom", "geom_text", "the_geom")
TABLES = (".csv", ".tsv", ".txt")


@dataclass(frozen=True)
class Place:
    """Which columns of a CSV say where; None: those with the usual names."""

    x: str | None = None
    y: str | None = None
    wkt: str | None = None


@dataclass(frozen=True, eq=False)
class VectorFile:
    """What a file holds, unjudged."""

    table: pd.DataFrame
    geometries: npt.NDArray[Any]
    """[feature]; None where missing."""
    crs: str
    notes: tuple[str, ...] = ()


def read_vector(
    path: Path, *, layer: str | None = None, crs: str | None = None, place: Place | None = None
) -> VectorFile:
    """Read features; `crs` replaces what the file says. `LabelError` where there is none, or nothing to read."""
    if not path.is_file():
        raise LabelError("there is no such file", value=path, remedy="check the path")
    known = None if crs is None else _crs(crs)
    if path.suffix.lower() in TABLES:
        return _of_table(path, known, place or Place())
    frame = _frame(path, layer)
    if not isinstance(frame, geopandas.GeoDataFrame):
        raise LabelError("the layer holds no geometries", value=path, remedy="name another layer")
    if known is None and frame.crs is None:
        raise LabelError("the file declares no CRS", value=path, remedy="state it, such as --crs EPSG:32631")
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    geometries = np.asarray(frame.geometry.array, object)
    return VectorFile(table, geometries, known or frame.crs.to_string(), _overruled(known, frame.crs))


def _overruled(known: str | None, declared: CRS | None) -> tuple[str, ...]:
    """A note where the CRS that was stated isn't the file's own."""
    if known is None or declared is None or CRS.from_user_input(known) == declared:
        return ()
    return (f"the file declares {declared.to_string()}; it was read as {known}, as stated",)


def column_names(path: Path, layer: str | None = None) -> list[str]:
    """The columns of a file, to choose from. `LabelError` where it can't be read."""
    if not path.is_file():
        raise LabelError("there is no such file", value=path, remedy="check the path")
    if path.suffix.lower() in TABLES:
        return [str(name) for name in _table(path).columns]
    frame = _frame(path, layer)
    return [str(name) for name in frame.columns if name != "geometry"]


def columns_of(path: Path, layer: str | None = None) -> tuple[pd.DataFrame, str | None]:
    """(the table without geometries, the CRS that the file states). `LabelError` where it can't be read."""
    if not path.is_file():
        raise LabelError("there is no such file", value=path, remedy="check the path")
    if path.suffix.lower() in TABLES:
        table = _table(path)
        known = {str(name).lower() for name in table.columns}
        return table, "EPSG:4326" if any(set(pair) <= known for pair in LONLAT) else None
    frame = _frame(path, layer)
    if not isinstance(frame, geopandas.GeoDataFrame):
        raise LabelError("the layer holds no geometries", value=path, remedy="name another layer")
    return pd.DataFrame(frame.drop(columns=frame.geometry.name)), frame.crs.to_string() if frame.crs else None


def layers_of(path: Path) -> list[str]:
    """The layers of a file that have geometries: QGIS keeps tables of styles beside them. None of a table."""
    if not path.is_file():
        raise LabelError("there is no such file", value=path, remedy="check the path")
    if path.suffix.lower() in TABLES:
        return []
    try:
        return _with_geometries(path)
    except Exception as error:  # as below
        raise _unreadable(path, error) from error


def _table(path: Path) -> pd.DataFrame:
    """Columns without the blanks that some programs put around their names."""
    table = read_table(path, error=LabelError)
    return table.rename(columns=lambda name: str(name).strip())


def _with_geometries(path: Path) -> list[str]:
    layers = [(str(name), kind) for name, kind in pyogrio.list_layers(path)]
    return [name for name, kind in layers if kind is not None] or [name for name, _ in layers]


def _crs(text: str) -> str:
    try:
        return str(CRS.from_user_input(text).to_string())
    except CRSError as error:
        raise LabelError("there is no such CRS", value=text, remedy="name it as EPSG:32631") from error


def _frame(path: Path, layer: str | None) -> Any:
    try:
        layers = _with_geometries(path)
        if layer is None and len(layers) > 1:
            raise LabelError(
                "the file has several layers", value=path, remedy=f"choose one of {', '.join(layers)}"
            )
        if layer is not None and layer not in layers:
            raise LabelError("there is no such layer", value=layer, remedy=f"layers are {', '.join(layers)}")
        return geopandas.read_file(path, layer=layer or layers[0])
    except LabelError:
        raise
    except Exception as error:  # pyogrio and GDAL raise many kinds; all mean one thing here
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> LabelError:
    known = "give a GeoPackage, GeoJSON, Shapefile or CSV, or a class raster (GeoTIFF, NetCDF)"
    said = str(error).replace(f"'{path}' ", "").split("; ")
    why = next(
        (one for one in said[::-1] if "driver" not in one), said[-1]
    )  # the plain one comes last, or a hint
    return LabelError("the label file can't be read", value=f"{path.name}: {why}", remedy=known)


def _of_table(path: Path, crs: str | None, place: Place) -> VectorFile:
    table = _table(path)
    named = {str(name).lower(): str(name) for name in table.columns}
    need_columns(table, [name for name in (place.x, place.y, place.wkt) if name], LabelError)
    wkt = place.wkt or next((named[name] for name in WKT if name in named), None)
    if wkt is not None and place.x is None:
        return VectorFile(table.drop(columns=wkt), _of_wkt(table[wkt]), crs or _no_crs(path))
    x, y = _xy_columns(table, named, place)
    degrees = (x.lower(), y.lower()) in LONLAT
    points = _of_numbers(table, x, y)
    if crs is not None:
        return VectorFile(table, points, crs)
    if not degrees:
        _no_crs(path)
    _check_degrees(points, x, y)
    return VectorFile(table, points, "EPSG:4326", (f"{x} and {y} were taken as degrees, WGS 84",))


def _no_crs(path: Path) -> str:
    raise LabelError(
        "a CSV of coordinates states no CRS", value=path, remedy="state it, such as --crs EPSG:32631"
    )


def _xy_columns(table: pd.DataFrame, named: dict[str, str], place: Place) -> tuple[str, str]:
    if place.x and place.y:
        return place.x, place.y
    for x, y in (*LONLAT, *XY):
        if x in named and y in named:
            return named[x], named[y]
    raise LabelError(
        "the table doesn't say where its labels lie",
        value=", ".join(map(str, table.columns)),
        remedy="name columns lon and lat, x and y, or wkt, or say which they are",
    )


def _of_wkt(texts: pd.Series) -> npt.NDArray[Any]:
    shapes: npt.NDArray[Any] = shapely.from_wkt(
        texts.astype("string").to_numpy(object, na_value=None), on_invalid="ignore"
    )
    return shapes


def _of_numbers(table: pd.DataFrame, x: str, y: str) -> npt.NDArray[Any]:
    xy = np.stack(
        [pd.to_numeric(table[name], errors="coerce").to_numpy(np.float64) for name in (x, y)], axis=1
    )
    points = np.full(len(xy), None, object)
    known = np.isfinite(xy).all(axis=1)
    points[known] = shapely.points(xy[known])
    return points


def _check_degrees(points: npt.NDArray[Any], x: str, y: str) -> None:
    if all(point is None for point in points):
        return
    west, south, east, north = shapely.total_bounds(points)
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise LabelError(
            f"{x} and {y} hold no degrees",
            value=f"{west:.1f}..{east:.1f}, {south:.1f}..{north:.1f}",
            remedy="state their CRS, such as --crs EPSG:32631",
        )
