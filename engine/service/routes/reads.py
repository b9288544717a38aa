"""Stores and what is seen of them: maps, tiles, series."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from ...errors import InputError
from ..schema import Asked, Dims, Told, WorkspacePath
from .at_once import AtOnce
from .forms import Date, Numbers, Pixel, Polygon, Position, Step, part_of, times_told

if TYPE_CHECKING:
    from ..reading.desk import Desk
    from ..reading.maps import Answer

router = APIRouter(tags=["reads"])
_LONG = frozenset({"cluster", "probe", "true-colour", "false-colour", "ndvi", "s1"})
"""Layers that may take seconds: what is fitted first, what trees predict, what is read from acquisitions."""
_WINDOW = r"^\d{1,9},\d{1,9},\d{1,9},\d{1,9}$"


class Looked(BaseModel):
    """Query parameters that say what is to be seen of a store."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    store: WorkspacePath
    layer: Annotated[str, Field(max_length=1100)] = "pca"
    """`pca`, `dim`, `support`, `embedding` (raw alone), `cluster`; acquisitions: `true-colour`, `false-colour`, `ndvi`,
    `s1`; `similarity:ID`; `probe:ID` of a preview or `probe:FILE.probe`; `map:FILE.tif`, a map with a colour table
    that a job wrote, whatever the date."""
    date: Date | None = None
    """Day (2018-05-01) or UTC time of a target date, or of an acquisition."""
    dim: Annotated[int, Field(ge=1, le=1024)] = 1
    """Of `dim`, from 1; of `embedding`, how many leading dimensions."""
    sensor: Annotated[str, Field(max_length=8)] = "s2"
    """Of `support`."""
    palette: Annotated[str, Field(max_length=32)] = "cividis"
    """Of `dim` and `support`."""
    clusters: Annotated[int, Field(ge=2, le=254)] = 8
    """Of `cluster`: how many."""
    output: Annotated[str, Field(max_length=32)] | None = None
    """Of `probe`: `class`, `confidence`, `value`, …; the first that there is, where left out."""

    @property
    def long(self) -> bool:
        """Whether others shouldn't wait behind it."""
        return self.layer.partition(":")[0] in _LONG

    @property
    def look(self) -> Any:
        from ..reading.layers import Look  # noqa: PLC0415 - zarr and matplotlib come with it

        return Look(self.layer, self.date, self.dim, self.sensor, self.palette, self.clusters, self.output)


class MapAsked(Looked):
    window: Annotated[str, Field(pattern=_WINDOW)] | None = None
    """row,col,height,width in pixels of the store; all of it, where left out."""
    step: Step = 1
    """Every n-th pixel along both axes: the overview level."""
    format: Literal["png", "raw"] = "png"


class StoreList(Told):
    stores: list[str]
    """Workspace-relative paths."""


class StoreTold(Told):
    """A store; times are UTC, ISO 8601."""

    store: str
    title: str
    complete: bool
    simulated: bool
    """No satellite observed what it shows."""
    dims: int
    dtype: str
    grid: dict[str, Any]
    """`crs`, `transform` (affine, six numbers), `shape` (rows, columns), `bounds` in the CRS (left, bottom, right,
    top), `lonlat_bounds` (west, south, east, north)."""
    times: list[str]
    modalities: list[str]
    model: dict[str, Any]
    scenes: dict[str, list[str]]
    """Times of the acquisitions behind it, by sensor."""
    attribution: str
    licence: str


_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {}, "application/octet-stream": {}}, "description": "PNG, or numbers"}
}


@router.get("/stores")
async def stores(reads: AtOnce) -> StoreList:
    """The embedding stores of the workspace, finished or not."""
    return StoreList(stores=await reads(lambda desk: desk.stores.names()))


@router.get("/store")
async def store(reads: AtOnce, store: Annotated[WorkspacePath, Query()]) -> StoreTold:
    """What a store holds."""
    return StoreTold.model_validate(await reads(lambda desk: desk.stores.described(store)))


@router.get("/map", response_class=Response, responses=_BYTES)
async def map_of(reads: AtOnce, asked: Annotated[MapAsked, Query()]) -> Response:
    """A window of one date, as PNG or as little-endian numbers.

    Headers of both: `X-Grid` (JSON: CRS, transform, shape). Of `raw`: `X-Shape` (band,row,column), `X-Dtype`
    (uint8, float16, float32), `X-Bands` (separated by |), `X-Unit`, `X-Nodata` (absent: every number counts)."""

    def work(desk: "Desk") -> "Answer":
        return desk.map(asked.store, asked.look, _part(asked), asked.format)

    return sent(await reads(work, long=asked.long))


def sent(answer: "Answer") -> Response:
    return Response(answer.body, media_type=answer.media, headers=dict(answer.headers))


def _part(asked: MapAsked) -> Any:
    return part_of([int(number) for number in asked.window.split(",")] if asked.window else None, asked.step)


_PNG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/png": {}}, "description": "PNG, 256 px"}}
_Zoom = Annotated[int, PathParameter(ge=0, le=24)]
_Number = Annotated[int, PathParameter(ge=0, lt=2**24)]


@router.get("/tiles/{z}/{x}/{y}.png", response_class=Response, responses=_PNG)
async def tile(
    reads: AtOnce, z: _Zoom, x: _Number, y: _Number, asked: Annotated[Looked, Query()]
) -> Response:
    """A tile for a slippy map (web mercator), transparent outside the store."""
    return sent(await reads(lambda desk: desk.tile(asked.store, asked.look, z, x, y), long=asked.long))


class ScaleTold(Told):
    """Colours from `low` to `high`, evenly spaced."""

    low: float
    high: float
    unit: str
    colours: list[str]


class ClassTold(Told):
    code: int
    name: str
    colour: str


class LegendTold(Told):
    """What the colours of a layer mean: `channels` of a picture, a scale, or classes."""

    title: str
    channels: list[str]
    scale: ScaleTold | None
    classes: list[ClassTold] | None
    simulated: bool
    notes: list[str]
    """What one must know who reads the map."""


@router.get("/legend")
async def legend(reads: AtOnce, asked: Annotated[Looked, Query()]) -> LegendTold:
    """What the colours of a layer mean."""
    return LegendTold.model_validate(
        await reads(lambda desk: desk.legend(asked.store, asked.look), long=asked.long)
    )


class SeriesAsked(Asked):
    """Pixels, each with a series of its own, or a polygon with one of all its pixels."""

    store: WorkspacePath
    pixels: Annotated[list[Pixel], Field(max_length=400)] = Field(default_factory=list)
    lonlat: Annotated[list[Position], Field(max_length=400)] = Field(default_factory=list)
    polygon: Polygon | None = None
    dims: Dims | None = None
    """Leading dimensions; all, where left out."""
    bands: bool = False
    """Also of the acquisitions behind the store: pixels (at most 8), or the mean of a polygon's."""


class BandsTold(Told):
    """One acquisition."""

    time: str
    bands: dict[str, float]
    """The valid ones, in the sensor's unit (reflectance; dB), and NDVI of single pixels."""
    seen: float = 1.0
    """Share of a polygon's pixels that the acquisition saw clearly: the means are of those."""


class SeriesTold(Told):
    """Series; `quality` numbers stand for `clear`, `gap-filled`, `no-data`."""

    times: list[str]
    qualities: list[str]
    pixels: list[list[int]]
    """Rows and columns; of a polygon, those that its series rests on."""
    inside: int | None = None
    """Of a polygon: all of its pixels, of which `pixels` may be a sample."""
    embedding: Numbers | None = None
    """[pixel, time, dim], 0 where there is no data."""
    quality: Numbers
    """[pixel, time], or of a polygon [quality, time] the number of pixels."""
    support: dict[str, Numbers]
    """Of pixels, [pixel, time] each: clear frames within reach, and days to the nearest (255: none)."""
    mean: Numbers | None = None
    """Of a polygon: [time, dim] over valid pixels, NaN where there is none."""
    percentiles: Numbers | None = None
    """Of a polygon: [percentile, time, dim], the 10th, 50th and 90th."""
    bands: list[dict[str, list[BandsTold]]] | None = None
    """By sensor, of each pixel; of a polygon one entry."""


@router.post("/series")
async def series(reads: AtOnce, asked: SeriesAsked) -> SeriesTold:
    """What pixels or a polygon did over all dates, and how far to trust each date."""
    return await reads(lambda desk: _series(desk, asked), long=asked.bands)


def _series(desk: "Desk", asked: SeriesAsked) -> SeriesTold:
    if asked.polygon is not None and (asked.pixels or asked.lonlat):
        raise InputError("pixels and a polygon were given", remedy="give one or the other")
    if asked.polygon is not None:
        return _of_polygon(desk, asked, asked.polygon)
    found = desk.pixel_series(asked.store, asked.pixels, asked.lonlat, asked.dims, asked.bands)
    told = found.told
    return SeriesTold(
        times=times_told(told.series.times),
        qualities=list(found.qualities),
        pixels=[list(pixel) for pixel in found.pixels],
        embedding=Numbers.of(told.series.embedding),
        quality=Numbers.of(told.quality),
        support={name: Numbers.of(layer) for name, layer in told.series.support.items()},
        bands=None if found.bands is None else _bands(found.bands),
    )


def _of_polygon(desk: "Desk", asked: SeriesAsked, polygon: Polygon) -> SeriesTold:
    found = desk.polygon_series(asked.store, polygon.rings, polygon.crs, asked.dims, asked.bands)
    told = found.told
    return SeriesTold(
        times=times_told(told.times),
        qualities=list(found.qualities),
        pixels=told.pixels.tolist(),
        inside=told.inside,
        quality=Numbers.of(told.quality),
        support={},
        mean=Numbers.of(told.mean),
        percentiles=Numbers.of(told.percentiles),
        bands=None if found.bands is None else _bands(found.bands),
    )


def _bands(found: Any) -> list[dict[str, list[BandsTold]]]:
    return [{name: [BandsTold(**one) for one in rows] for name, rows in each.items()} for each in found]
