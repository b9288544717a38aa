"""Stores and what is seen of them: maps, tiles, series."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from ..schema import Told, WorkspacePath
from .at_once import AtOnce

if TYPE_CHECKING:
    from ..reading.desk import Desk
    from ..reading.maps import Answer

router = APIRouter(tags=["reads"])
Date = Annotated[str, Field(min_length=10, max_length=40)]
_WINDOW = r"^\d{1,9},\d{1,9},\d{1,9},\d{1,9}$"


class Looked(BaseModel):
    """Query parameters that say what is to be seen of a store."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    store: WorkspacePath
    layer: Annotated[str, Field(max_length=1100)] = "pca"
    """`pca`, `dim`, `support`, `embedding` (raw alone), `cluster`; acquisitions: `true-colour`, `false-colour`, `s1`;
    `similarity:ID`; `probe:ID` of a preview or `probe:FILE.probe`."""
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
    def look(self) -> Any:
        from ..reading.layers import Look  # noqa: PLC0415 - zarr and matplotlib come with it

        return Look(self.layer, self.date, self.dim, self.sensor, self.palette, self.clusters, self.output)


class MapAsked(Looked):
    window: Annotated[str, Field(pattern=_WINDOW)] | None = None
    """row,col,height,width in pixels of the store; all of it, where left out."""
    step: Annotated[int, Field(ge=1, le=4096)] = 1
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

    return sent(await reads(work))


def sent(answer: "Answer") -> Response:
    return Response(answer.body, media_type=answer.media, headers=dict(answer.headers))


def _part(asked: MapAsked) -> Any:
    from ...grid import Window  # noqa: PLC0415 - as above
    from ..reading.maps import Part  # noqa: PLC0415

    return Part(Window(*map(int, asked.window.split(","))) if asked.window else None, asked.step)
