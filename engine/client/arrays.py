"""Arrays as they come over the wire, read without NumPy; where that is at hand, `data` suits it too:

np.frombuffer(array.data, array.dtype).reshape(array.shape)
"""

from __future__ import annotations

import array
import base64
import binascii
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
    "int64": "q",
    "float16": "e",
    "float32": "f",
    "float64": "d",
}


@dataclass(frozen=True)
class Array:
    """Numbers of a `shape`: `data` row by row, little-endian, of NumPy's `dtype`."""

    data: bytes = field(repr=False)
    shape: tuple[int, ...]
    dtype: str

    def __post_init__(self) -> None:
        """`BadAnswer` where the bytes don't fit the shape."""
        size = struct.calcsize("<" + _FORMATS[self.dtype]) if self.dtype in _FORMATS else 0
        if not size or min(self.shape, default=0) < 0 or math.prod(self.shape) * size != len(self.data):
            shape = f"{'×'.join(map(str, self.shape))} {self.dtype}, {len(self.data)} bytes"
            raise BadAnswer("an array's bytes don't fit its shape", value=shape)

    @classmethod
    def from_json(cls, values: object) -> Array:
        """Of an object with `dtype`, `shape`, and `data` in base64."""
        try:
            told: Any = values
            data = base64.b64decode(told["data"], validate=True)
            return cls(data, tuple(int(length) for length in told["shape"]), str(told["dtype"]))
        except (TypeError, KeyError, ValueError, binascii.Error) as error:
            raise BadAnswer("an array of the answer can't be read", value=repr(error)) from None

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
        """The same with an index for each axis: `view()[band, row, column]`."""
        flat = memoryview(self.values()).cast("B")
        form: Any = _FORMATS[self.dtype].replace("e", "f")
        if 0 in self.shape:
            return flat.cast(form)  # Python's views have no axis without length
        shaped: memoryview[Any] = flat.cast(form, self.shape)
        return shaped


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
class Raster(Array):
    """Bands of pixels, [band, row, column].

    `nodata` is the number that means none (often NaN); None: every number counts.
    """

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
            nodata = float(said["x-nodata"]) if "x-nodata" in said else None
            return cls(
                response.body,
                (bands, rows, columns),
                said["x-dtype"],
                tuple(filter(None, said.get("x-bands", "").split("|"))),
                said.get("x-unit", ""),
                nodata,
                grid_of(said),
            )
        except (KeyError, ValueError) as error:
            raise BadAnswer("the map's headers don't say how to read it", value=repr(error)) from None

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
