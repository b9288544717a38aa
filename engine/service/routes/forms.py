"""What several reads are asked with and answered in: places, polygons, arrays as text."""

import base64
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from ..schema import Asked, Number, Told

Pixel = Annotated[list[Annotated[int, Field(ge=0, lt=10**9)]], Field(min_length=2, max_length=2)]
"""Row and column, from 0,0 at the upper left."""
Position = Annotated[list[Number], Field(min_length=2, max_length=3)]
"""Longitude and latitude (WGS 84), or x and y; a third number is ignored."""
Ring = Annotated[list[Position], Field(min_length=3, max_length=20_000)]
Rings = Annotated[list[Ring], Field(min_length=1, max_length=1_000)]
WindowAsked = Annotated[list[Annotated[int, Field(ge=0, lt=10**9)]], Field(min_length=4, max_length=4)]
"""Row, column, height, width."""
Step = Annotated[int, Field(ge=1, le=4096)]
Date = Annotated[str, Field(min_length=10, max_length=40)]
"""A day (2018-05-01) or a UTC time (2018-05-01T10:30:00Z)."""


class _Outline(Asked):
    crs: Literal["lonlat", "grid"] = "lonlat"
    """Longitude and latitude, or x and y of the store's grid."""


class OnePolygon(_Outline):
    """A GeoJSON polygon: its outer ring, then holes."""

    type: Literal["Polygon"]
    coordinates: Rings

    @property
    def rings(self) -> list[Any]:
        """[polygon][ring][vertex]"""
        return [self.coordinates]


class SeveralPolygons(_Outline):
    """A GeoJSON multipolygon."""

    type: Literal["MultiPolygon"]
    coordinates: Annotated[list[Rings], Field(min_length=1, max_length=1_000)]

    @property
    def rings(self) -> list[Any]:
        """[polygon][ring][vertex]"""
        return list(self.coordinates)


Polygon = Annotated[OnePolygon | SeveralPolygons, Field(discriminator="type")]


class Numbers(Told):
    """An array: little-endian numbers row by row, as base64."""

    dtype: Literal["uint8", "int32", "int64", "float16", "float32", "float64"]
    shape: list[int]
    data: str

    @classmethod
    def of(cls, array: Any) -> Self:
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        data = base64.b64encode(little.tobytes()).decode("ascii")
        return cls(dtype=array.dtype.name, shape=list(array.shape), data=data)


def times_told(times: Any) -> list[str]:
    """[time] datetime64 → ISO 8601, UTC."""
    return [f"{text}Z" for text in times.astype("datetime64[s]").astype(str)]


def part_of(window: list[int] | None, step: int) -> Any:
    """As the reading side takes it."""
    from ...grid import Window  # noqa: PLC0415 - the libraries of reads are loaded with the first of them
    from ..reading.maps import Part  # noqa: PLC0415

    return Part(None if window is None else Window(*window), step)
