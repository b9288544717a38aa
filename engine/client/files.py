"""Files in and out of the workspace: labels and areas go up, maps and exports come down."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO

from .discovery import AnyPath
from .errors import ConnectionLost, InputError, OutputError
from .look import Look
from .part import Part
from .readings import Qgis, Upload
from .results import Export, ExportList
from .transport import Request, Stream
from .views import PCA

SILENCE_S = 60.0
UPLOAD_S = 600.0
Listener = Callable[[int, int], None]
"""Hears of bytes so far and of all (0 while nobody knows)."""


class Files(Part):
    """Files of one workspace, by their workspace-relative paths."""

    def upload(self, path: AnyPath, *, name: str | None = None, overwrite: bool = False) -> Upload:
        """Hand a file to the service, which keeps it among the workspace's uploads and says under which path.

        `Conflict` where one of this name is there, `TooLarge` or another `EngineFault` where it won't have it.
        """
        source = Path(path)
        query = {"name": name or source.name, "overwrite": overwrite or None}
        try:
            with source.open("rb") as file:
                request = Request("POST", "/v1/files", query=query, body=file, timeout_s=UPLOAD_S)
                return Upload.from_json(self._transport.send(request).checked().parsed())
        except OSError as error:
            raise InputError(f"the file can't be read: {error.strerror}", value=source) from error

    def download(self, path: str, to: AnyPath, *, listener: Listener | None = None) -> Path:
        """Fetch a file of the workspace; `to` appears once it is whole, and replaces what was there.

        `OutputError` where it can't be written, `ConnectionLost` where it breaks off; both leave nothing behind.
        """
        target = Path(to)
        request = Request("GET", "/v1/files", query={"path": path}, timeout_s=SILENCE_S)
        with self._transport.stream(request) as stream:
            if stream.status != 200:
                stream.whole(request.most_bytes).checked()
            with _whole_or_nothing(target) as file:
                _fill(file, stream, listener)
        return target

    def exports(self, store: str | None = None, date: str | None = None) -> tuple[Export, ...]:
        """The maps that were written into the workspace; of one store, and of one day (2018-05-01), where named."""
        told = self._get("/v1/exports", {"store": store, "date": date}).parsed()
        return ExportList.from_json(told).exports

    def qgis(self, store: str, look: Look = PCA) -> Qgis:
        """What QGIS needs to show a layer of a store: its files, or tiles, and what the colours mean."""
        return Qgis.from_json(self._get("/v1/qgis", {"store": store, **asdict(look)}).parsed())


def _fill(file: IO[bytes], stream: Stream, listener: Listener | None) -> None:
    announced = stream.headers.get("content-length", "")
    total, done = int(announced) if announced.isdigit() else 0, 0
    for piece in stream.pieces:
        file.write(piece)
        done += len(piece)
        if listener is not None:
            listener(done, total)
    if total and done != total:
        raise ConnectionLost("the file is cut off", value=f"{done:,} of {total:,} bytes")


@contextmanager
def _whole_or_nothing(target: Path) -> Iterator[IO[bytes]]:
    """A file beside `target` that takes its place once everything is in it."""
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        with partial.open("xb") as file:
            yield file
        os.replace(partial, target)
    except OSError as error:
        raise OutputError(
            f"the file can't be written: {error.strerror or error}",
            value=target,
            remedy="free some space, or choose another folder",
        ) from error
    finally:
        with suppress(OSError):  # it has taken its place, or was never made
            partial.unlink()
