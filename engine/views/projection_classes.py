"""Class maps from files, to colour a projection by."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import rasterio
from rasterio.errors import RasterioError

from ..classes import DISTINCT, LARGEST_CODE, NODATA, ClassTable, LandClass
from ..errors import InputError
from ..grid import Grid
from .colour import Bytes


def read_class_map(path: Path, grid: Grid) -> tuple[Bytes, ClassTable]:
    """Codes [y, x] of a one-band GeoTIFF on this very grid, and its classes with the file's colours and names.

    `InputError` where it is unreadable, on another grid, holds other numbers than 0 to 254, or no class."""
    try:
        with rasterio.open(path) as file:
            codes, same = (
                file.read(1),
                file.shape == grid.shape and file.transform.almost_equals(grid.transform),
            )
            same &= file.crs is not None and file.crs == rasterio.CRS.from_user_input(grid.crs)
            nodata = file.nodata
            colours = file.colormap(1) if file.colorinterp[0].name == "palette" else {}
    except RasterioError as error:
        raise InputError("the map of classes can't be read", value=path, remedy=str(error)) from error
    if not same:
        raise InputError(
            "the map of classes is on another grid", value=path, remedy="export it from this store"
        )
    codes = np.where(codes == nodata, NODATA, codes) if nodata is not None else codes
    found = [int(code) for code in np.unique(codes) if code != NODATA]
    if not found or min(found) < 0 or max(found) > LARGEST_CODE or codes.dtype.kind not in "ui":
        raise InputError("the map holds no class codes", value=path, remedy="use whole numbers, 1 to 254")
    return codes.astype(np.uint8), _table(found, colours, category_names(path))


def _table(
    codes: list[int], colours: dict[int, tuple[int, int, int, int]], names: dict[int, str]
) -> ClassTable:
    def colour(code: int) -> str:
        given = colours.get(code)
        return f"#{bytes(given[:3]).hex()}" if given else DISTINCT[(code - 1) % len(DISTINCT)]

    return ClassTable(tuple(LandClass(c, names.get(c) or f"class {c}", colour(c)) for c in codes))


def category_names(path: Path) -> dict[int, str]:
    """Category names beside the file, as GDAL keeps them; none where there are none."""
    sidecar = path.with_name(f"{path.name}.aux.xml")
    try:
        categories = ElementTree.parse(sidecar).findall(".//CategoryNames/Category")
    except (OSError, ElementTree.ParseError):
        return {}
    return {code: (entry.text or "").strip() for code, entry in enumerate(categories)}
