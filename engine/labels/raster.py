"""A class raster (GeoTIFF or NetCDF) → label pixels; touching pixels of a class form one group."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import rasterio
import xarray as xr
from affine import Affine
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.features import shapes
from rasterio.warp import reproject, transform_bounds
from rasterio.windows import Window
from scipy import ndimage
from shapely.geometry import shape

from ..acquisitions.cubefile import cube_grid, open_cube
from ..acquisitions.options import ReadOptions
from ..acquisitions.warp import parse_crs
from ..errors import AcquisitionError, LabelError
from ..grid import Grid
from ..response import Response
from .labelset import Days, LabelSet
from .legend import Entry, classify, read_class_file
from .pixels import LabelPixels, counted
from .report import ImportReport
from .suffixes import NETCDF

Codes = npt.NDArray[np.int64]
_Stored = tuple[Codes, Grid, tuple[Entry, ...], tuple[str, ...]]
BESIDE = 2
"""Pixels around what is asked for, since edges of pixels don't lie on each other."""
_UNREADABLE = (OSError, ValueError, RasterioError, AcquisitionError)


def variables_of(path: Path) -> list[str]:
    """The label layers of a NetCDF to choose from; none of a GeoTIFF. `LabelError` where it can't be read."""
    if path.suffix.lower() not in NETCDF:
        return []
    _check_there(path)
    try:
        with open_cube(path) as dataset:
            return _planes(dataset)
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error


def read_label_raster(
    path: Path,
    *,
    variable: str | None = None,
    band: int = 1,
    grid: Grid | None = None,
    class_file: Path | None = None,
    name: str = "land cover",
    period: tuple[np.datetime64, np.datetime64] | None = None,
) -> LabelPixels:
    """Every classified pixel of a raster, on `grid` (by nearest neighbour) or on the raster's own grid.

    0 and nodata are no class; codes above 254 are numbered anew, which the report says. A group is a set of pixels
    of one class that touch by their sides: what is left of a field's polygon. `period` holds for all labels."""
    values, own, entries, of_file = _stored(Path(path), variable, band, grid)
    place = grid or own
    if place != own:
        values = _onto(values, own, place)
    rows, cols = np.nonzero(values)
    if not len(rows):
        raise _nothing_there(path)
    if class_file:
        entries = read_class_file(class_file)
    found = classify(pd.Series(values[rows, cols]), entries=entries)
    first, last = period or (np.datetime64("NaT", "D"), np.datetime64("NaT", "D"))
    kept = found.why == ""
    grid_note = () if place == own else ("brought onto the store's grid by nearest neighbour",)
    unlabelled = {
        "nodata": int((values == 0).sum()),
        "of a class that the class table lacks": int((~kept).sum()),
    }
    report = ImportReport(
        source=f"{path}:{variable}" if variable else str(path),
        read=values.size,
        dropped={reason: count for reason, count in unlabelled.items() if count},
        notes=(*of_file, *found.notes, *grid_note, "groups are touching pixels of one class"),
        rule="pixels of the raster",
    )
    return counted(
        LabelPixels(
            place,
            Response(name, "classification", classes=found.table),
            rows[kept],
            cols[kept],
            found.y[kept],
            _patches(values)[rows[kept], cols[kept]],
            _everywhere(first, int(kept.sum())),
            _everywhere(last, int(kept.sum())),
            report,
        )
    )


def patches(pixels: LabelPixels) -> LabelSet:
    """Label pixels of a raster as one polygon a group, along the edges of its pixels, in the grid's CRS."""
    groups, first = np.unique(pixels.group, return_index=True)
    plane = np.zeros(pixels.grid.shape, np.int32)
    plane[pixels.rows, pixels.cols] = 1 + np.searchsorted(groups, pixels.group)
    geometries = np.empty(len(groups), object)
    for outline, number in shapes(plane, mask=plane > 0, transform=pixels.grid.transform):
        geometries[int(number) - 1] = shape(outline)
    columns = {name: getattr(pixels, name)[first] for name in ("y", "group", "start", "end")}
    return LabelSet(geometries, pixels.grid.crs, pixels.response, report=pixels.report, **columns)


def _everywhere(day: np.datetime64, count: int) -> Days:
    return np.full(count, day, "datetime64[D]")


def _patches(values: Codes) -> Codes:
    """[y, x] number of the patch of equal codes that a pixel is in, from 1; 0 where unlabelled."""
    out = np.zeros(values.shape, np.int64)
    for code in np.unique(values[values != 0]):
        patches = ndimage.label(values == code)[0]
        out = np.where(patches > 0, patches + out.max(), out)
    return out


def _onto(values: Codes, own: Grid, place: Grid) -> Codes:
    out = np.zeros(place.shape, np.int32)
    reproject(
        values.astype(np.int32),
        out,
        src_transform=own.transform,
        src_crs=own.crs,
        dst_transform=place.transform,
        dst_crs=place.crs,
        src_nodata=0,
        dst_nodata=0,
        resampling=Resampling.nearest,
    )
    return out.astype(np.int64)


def _stored(path: Path, variable: str | None, band: int, around: Grid | None) -> _Stored:
    """([y, x] codes with 0 for nodata, grid, classes as they are drawn, notes) of a file; of a GeoTIFF only what lies
    `around` a grid, as tiles of global maps have a billion pixels."""
    _check_there(path)
    try:
        return _netcdf(path, variable) if path.suffix.lower() in NETCDF else _geotiff(path, band, around)
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error


def _check_there(path: Path) -> None:
    if not path.is_file():
        raise LabelError("there is no such file", value=path, remedy="check the path")


def _unreadable(path: Path, error: Exception) -> LabelError:
    return LabelError("the label raster can't be read", value=path, remedy=str(error))


def _geotiff(path: Path, band: int, around: Grid | None) -> _Stored:
    with rasterio.open(path) as file:
        if not 1 <= band <= file.count:
            raise LabelError("the raster has no such band", value=band, remedy=f"1 to {file.count}")
        crs = parse_crs(file.crs.to_wkt()) if file.crs else None
        if crs is None:
            raise LabelError("the raster declares no CRS", value=path, remedy="save it with its CRS")
        part = _part(file, crs, around, path) if around else Window(0, 0, file.width, file.height)
        stored = file.read(band, window=part)
        codes, grid = _north_up(_codes(stored, file.nodata, path), crs, file.window_transform(part))
        notes = (f"band {band} of {file.count} was read",) if file.count > 1 else ()
        return codes, grid, _drawn(file, band, codes), notes


def _part(file: Any, crs: str, around: Grid, path: Path) -> Window:
    """The pixels of a file that lie on a grid, and some beside them."""
    left, bottom, right, top = transform_bounds(around.crs, crs, *around.bounds)
    corners = [~file.transform * (x, y) for x in (left, right) for y in (bottom, top)]
    first_col, first_row = (int(min(axis)) - BESIDE for axis in zip(*corners, strict=True))
    last_col, last_row = (int(max(axis)) + BESIDE for axis in zip(*corners, strict=True))
    cols = max(0, first_col), min(file.width, last_col)
    rows = max(0, first_row), min(file.height, last_row)
    if cols[0] >= cols[1] or rows[0] >= rows[1]:
        raise _nothing_there(path)
    return Window(cols[0], rows[0], cols[1] - cols[0], rows[1] - rows[0])


def _nothing_there(path: Path) -> LabelError:
    return LabelError("no pixel of the raster labels the area", value=path, remedy="check where both lie")


def _drawn(file: Any, band: int, codes: Codes) -> tuple[Entry, ...]:
    """The classes in the colours of the file's own table; none where it has no table, or it draws some alike."""
    try:
        colours = file.colormap(band)
    except ValueError:  # there is none
        return ()
    drawn = {int(code): colours.get(int(code)) for code in np.unique(codes[codes != 0])}
    if None in drawn.values() or len(set(drawn.values())) < len(drawn):
        return ()
    return tuple(
        Entry(str(code), code, str(code), "#" + "".join(f"{part:02x}" for part in colour[:3]))
        for code, colour in drawn.items()
    )


def _planes(dataset: xr.Dataset) -> list[str]:
    return [str(name) for name, array in dataset.data_vars.items() if array.ndim == 2]


def _netcdf(path: Path, variable: str | None) -> _Stored:
    with open_cube(path) as dataset:
        planes = _planes(dataset)
        if variable is None and len(planes) != 1:
            remedy = f"choose one of {', '.join(planes)}"
            raise LabelError("the file holds several label layers, or none", value=path, remedy=remedy)
        chosen = variable or planes[0]
        if chosen not in planes:
            raise LabelError(
                "there is no such variable", value=chosen, remedy=f"choose one of {', '.join(planes)}"
            )
        place = cube_grid(dataset, dataset[chosen], path, ReadOptions())
        codes = _codes(dataset[chosen].to_numpy(), dataset[chosen].attrs.get("_FillValue"), path)
        return *_north_up(codes, place.crs, place.transform), (), ()


def _north_up(codes: Codes, crs: str, transform: Affine) -> tuple[Codes, Grid]:
    """The same pixels with the northern row first."""
    if transform.e < 0:
        return codes, Grid(crs, transform, (codes.shape[0], codes.shape[1]))
    turned = transform * Affine.translation(0, codes.shape[0]) * Affine.scale(1, -1)
    return codes[::-1], Grid(crs, turned, (codes.shape[0], codes.shape[1]))


def _codes(values: npt.NDArray[Any], nodata: float | None, path: Path) -> Codes:
    present = np.isfinite(values) if values.dtype.kind == "f" else np.ones(values.shape, bool)
    if nodata is not None:
        present &= values != nodata
    if values.dtype.kind not in "iuf" or (values[present] != np.floor(values[present])).any():
        raise LabelError(
            "the raster holds no class codes", value=path, remedy="give a raster of whole numbers"
        )
    return np.where(present, values, 0).astype(np.int64)
