"""A class raster (GeoTIFF or NetCDF) → label pixels; touching pixels of a class form one group."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import rasterio
from affine import Affine
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.warp import reproject
from scipy import ndimage

from ..acquisitions.cubefile import cube_grid, open_cube
from ..acquisitions.options import ReadOptions
from ..acquisitions.warp import parse_crs
from ..errors import AcquisitionError, LabelError
from ..grid import Grid
from ..response import Response
from .labelset import Days
from .legend import classify, read_class_file
from .pixels import LabelPixels, counted
from .report import ImportReport

Codes = npt.NDArray[np.int64]
NETCDF = (".nc", ".nc4", ".h5", ".cdf")
GEOTIFF = (".tif", ".tiff", ".vrt", ".jp2")


def is_raster(path: Path) -> bool:
    """Whether a file is read by `read_label_raster` rather than by `read_labels`."""
    return path.suffix.lower() in NETCDF + GEOTIFF


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
    values, own = _stored(Path(path), variable, band)
    place = grid or own
    if place != own:
        values = _onto(values, own, place)
    rows, cols = np.nonzero(values)
    if not len(rows):
        raise LabelError("no pixel of the raster labels the area", value=path, remedy="check where both lie")
    entries = read_class_file(class_file) if class_file else ()
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
        notes=(*found.notes, *grid_note, "groups are touching pixels of one class"),
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


def _stored(path: Path, variable: str | None, band: int) -> tuple[Codes, Grid]:
    """([y, x] codes with 0 for nodata, grid) of a file."""
    if not path.is_file():
        raise LabelError("there is no such file", value=path, remedy="check the path")
    try:
        return _netcdf(path, variable) if path.suffix.lower() in NETCDF else _geotiff(path, band)
    except (OSError, ValueError, RasterioError, AcquisitionError) as error:
        raise LabelError("the label raster can't be read", value=path, remedy=str(error)) from error


def _geotiff(path: Path, band: int) -> tuple[Codes, Grid]:
    with rasterio.open(path) as file:
        if not 1 <= band <= file.count:
            raise LabelError("the raster has no such band", value=band, remedy=f"1 to {file.count}")
        crs = parse_crs(file.crs.to_wkt()) if file.crs else None
        if crs is None:
            raise LabelError("the raster declares no CRS", value=path, remedy="save it with its CRS")
        return _north_up(_codes(file.read(band), file.nodata, path), crs, file.transform)


def _netcdf(path: Path, variable: str | None) -> tuple[Codes, Grid]:
    with open_cube(path) as dataset:
        planes = [str(name) for name, array in dataset.data_vars.items() if array.ndim == 2]
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
        return _north_up(codes, place.crs, place.transform)


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
