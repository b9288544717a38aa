"""Files: handed over, fetched; exports and what QGIS needs to show them."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse

from ...errors import InputError
from ...output import output_error
from ..faults import Conflict, TooLarge
from ..schema import Day, Told, WorkspacePath
from ..service import Here
from ..workspace import Workspace, private
from .at_once import AtOnce
from .reads import LegendTold, Looked

router = APIRouter(tags=["files"])
_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_UPLOAD = {"requestBody": {"required": True, "content": {"application/octet-stream": _BINARY}}}
_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}


class UploadTold(Told):
    """A file that was handed over."""

    path: str
    """Workspace-relative; jobs take it as such."""
    bytes: int


class ExportTold(Told):
    """A map that was written into the workspace, and the files beside it; paths are workspace-relative."""

    raster: str
    """GeoTIFF (COG)."""
    style: str | None
    """QML, which QGIS loads by itself."""
    attributes: str | None
    """Attribute table and statistics (GDAL)."""
    item: str | None
    """STAC."""
    title: str
    store: str | None
    """Name of the store that it was made of."""
    dates: list[str]
    bytes: int
    modified: float
    """Seconds since 1970."""
    classes: int
    """Number of land classes that its pixels are; 0 for any other map."""


class ExportList(Told):
    exports: list[ExportTold]


class QgisTold(Told):
    """What QGIS needs to show a store: files that are there, and tiles of what isn't written."""

    folder: str
    """Absolute path of the workspace, before which the files' paths belong."""
    crs: str
    bounds: list[float]
    """Left, bottom, right, top in the CRS."""
    lonlat_bounds: list[float]
    raster: ExportTold | None
    """The newest file of this very layer and day; null where it wasn't exported."""
    files: list[ExportTold]
    """All of this store and, where one was asked for, this day."""
    tiles: str
    """Path of XYZ tiles on this service, with {z}, {x} and {y}; each request needs the token."""
    deepest_zoom: int
    """From which on tiles show nothing more."""
    title: str
    legend: LegendTold


@router.post("/files", status_code=201, openapi_extra=_UPLOAD)
async def upload(
    request: Request,
    service: Here,
    name: Annotated[str, Query(min_length=1, max_length=128)],
    overwrite: bool = False,
) -> UploadTold:
    """Hand over a file (the body as it is); it lies in `uploads` from then on."""
    return await _taken(request, service.workspace, name, overwrite=overwrite)


async def _taken(request: Request, workspace: Workspace, name: str, *, overwrite: bool) -> UploadTold:
    from ..reading.uploads import check_content, check_name, largest  # noqa: PLC0415 - numpy comes with it

    checked = check_name(name)
    path = workspace.uploads() / checked
    _check_free(path, overwrite=overwrite)
    partial = path.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        size = await _written(request, partial, largest(name))
        await to_thread.run_sync(check_content, partial, name)
        # another upload of this name may have ended before this one
        _check_free(path, overwrite=overwrite)
        os.replace(partial, path)
    except OSError as error:
        raise output_error(error, Path(name)) from error
    finally:
        with suppress(OSError):  # the next start of the service takes it away
            partial.unlink(missing_ok=True)
    return UploadTold(path=workspace.relative(path), bytes=size)


def _check_free(path: Path, *, overwrite: bool) -> None:
    there = os.path.lexists(path)
    if path.is_dir() or (there and not overwrite):
        raise Conflict(
            "a file of this name is there already", value=path.name, remedy="rename it, or pass overwrite"
        )


async def _written(request: Request, partial: Path, most: int) -> int:
    _check_size(int(request.headers.get("content-length", 0)), most)
    size = 0
    with open(partial, "xb", opener=private) as file:
        async for piece in request.stream():
            size += len(piece)
            _check_size(size, most)
            await to_thread.run_sync(file.write, piece)
    return size


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise TooLarge(
            "the file is too large", value=f"more than {most:,} bytes", remedy="send a smaller one"
        )


@router.get("/files", response_class=FileResponse, responses=_FILE)
async def download(service: Here, path: Annotated[WorkspacePath, Query()]) -> FileResponse:
    """A file of the workspace."""
    found = service.workspace.existing(path)
    if not found.is_file():
        raise InputError("this is no file", value=path, remedy="name a file; folders are not sent")
    headers = {"X-Content-Type-Options": "nosniff"}
    return FileResponse(found, media_type="application/octet-stream", filename=found.name, headers=headers)


@router.get("/exports")
async def exports(
    reads: AtOnce,
    store: Annotated[WorkspacePath | None, Query()] = None,
    date: Annotated[Day | None, Query()] = None,
) -> ExportList:
    """The maps that were written into the workspace, of one store and day alone where they are named."""
    return ExportList(
        exports=[ExportTold(**one) for one in await reads(lambda desk: desk.exports(store, date))]
    )


@router.get("/qgis")
async def qgis(reads: AtOnce, service: Here, asked: Annotated[Looked, Query()]) -> QgisTold:
    """What QGIS needs to show a layer of a store: files where they were exported, tiles in any case."""
    found, legend = await reads(
        lambda desk: (desk.qgis(asked.store, asked.look), desk.legend(asked.store, asked.look))
    )
    files = [ExportTold(**one) for one in found.pop("files")]
    query = urlencode(asked.model_dump(exclude_defaults=True))
    return QgisTold(
        folder=str(service.workspace.root),
        tiles=f"/v1/tiles/{{z}}/{{x}}/{{y}}.png?{query}",
        # files and layers are titled alike, with what they show and the day
        raster=max((one for one in files if one.title == found["title"]), key=_modified, default=None),
        files=files,
        legend=LegendTold.model_validate(legend),
        **found,
    )


def _modified(one: ExportTold) -> float:
    return one.modified
