"""Files in and out of the workspace: labels and areas go up, maps and exports come down."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from .discovery import AnyPath
from .errors import ConnectionLost, InputError, OutputError
from .part import Part
from .readings import Upload
from .transport import Request, Stream

SILENCE_S = 60.0
UPLOAD_S = 600.0
Listener = Callable[[int, int], None]
"""Hears of bytes so far and of all (0 while nobody knows)."""


class Files(Part):
    """Files of one workspace, by their workspace-relative paths."""

    def upload(self, path: AnyPath, *, name: str | None = None) -> Upload:
        """Hand a file to the service, which keeps it among the workspace's uploads and says under which path.

        `TooLarge` or another `EngineFault` where the service won't have it.
        """
        source = Path(path)
        try:
            with source.open("rb") as file:
                request = Request(
                    "POST", "/v1/files", query={"name": name or source.name}, body=file, timeout_s=UPLOAD_S
                )
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
