"""Numbers of a map as they come over the wire, read without NumPy; where that is at hand, `data` suits it too:

np.frombuffer(raster.data, raster.dtype).reshape(raster.shape)
"""

from __future__ import annotations

import array
import json
import math
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .errors import BadAnswer
from .results import Told
from .transport import Response

_FORMATS = {
    "uint8": "B",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "float16": "e",
    "float32": "f",
    "float64": "d",
}


@dataclass(frozen=True)
class Grid(Told):
    """Where pixels lie: CRS (EPSG:… or WKT), affine transform (a, b, c, d, e, f), shape (rows, columns).

    `bounds` are in the CRS (left, bottom, right, top), `lonlat_bounds` in degrees (west, south, east, north).
    """

    crs: str
    transform: tuple[float, float, float, float, float, float]
    shape: tuple[int, int]
    bounds: Optional[tuple[float, float, float, float]] = None
    lonlat_bounds: Optional[tuple[float, float, float, float]] = None


@dataclass(frozen=True)
class Raster:
    """Bands of pixels: `data` little-endian in the order (band, row, column) of `shape`.

    `nodata` is the number that means none (often NaN); None: every number counts.
    """

    data: bytes = field(repr=False)
    shape: tuple[int, int, int]
    dtype: str
    bands: tuple[str, ...] = ()
    unit: str = ""
    nodata: Optional[float] = None
    grid: Optional[Grid] = None

    @classmethod
    def from_response(cls, response: Response) -> Raster:
        """`BadAnswer` where the headers lack something, or don't fit the bytes."""
        said = response.headers
        try:
            bands, rows, columns = (int(text) for text in said["x-shape"].split(","))
            dtype = said["x-dtype"]
            size = struct.calcsize("<" + _FORMATS[dtype])
            nodata = float(said["x-nodata"]) if "x-nodata" in said else None
            grid = Grid.from_json(json.loads(said["x-grid"])) if "x-grid" in said else None
        except (KeyError, ValueError) as error:
            raise BadAnswer("the map's headers don't say how to read it", value=repr(error)) from None
        if min(bands, rows, columns) < 0 or bands * rows * columns * size != len(response.body):
            shape = f"{bands}×{rows}×{columns} {dtype}, {len(response.body)} bytes"
            raise BadAnswer("the map's bytes don't fit its shape", value=shape)
        names = tuple(filter(None, said.get("x-bands", "").split("|")))
        return cls(response.body, (bands, rows, columns), dtype, names, said.get("x-unit", ""), nodata, grid)

    def values(self) -> array.array[Any]:
        """All numbers in one row, in this machine's byte order; float16 becomes float32, which `array` has."""
        if self.dtype == "float16":
            return array.array("f", struct.unpack(f"<{len(self.data) // 2}e", self.data))
        numbers = array.array(_FORMATS[self.dtype])
        numbers.frombytes(self.data)
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers

    def view(self) -> memoryview[Any]:
        """The same as `view[band, row, column]`."""
        form: Any = _FORMATS[self.dtype].replace("e", "f")
        shaped: memoryview[Any] = memoryview(self.values()).cast("B").cast(form, self.shape)
        return shaped

    def is_nodata(self, value: float) -> bool:
        """Whether a number of this raster stands for none."""
        if self.nodata is None:
            return False
        return math.isnan(value) if math.isnan(self.nodata) else value == self.nodata


def grid_of(headers: Mapping[str, str]) -> Grid | None:
    """Where a picture's pixels lie, if its answer says so."""
    try:
        return Grid.from_json(json.loads(headers["x-grid"])) if "x-grid" in headers else None
    except ValueError as error:
        raise BadAnswer("the answer's grid can't be read", value=error) from None
