"""How requests reach a service: what a request and an answer are, and what every way of carrying them does.

Two carriers exist: `LoopbackTransport` (another process on this machine) and the in-process one of the service.
"""

from __future__ import annotations

import json
import os
import socket
import time
import urllib.parse
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import IO, Any, Protocol, Union

from .errors import BadAnswer, TooLarge, from_answer

QUICK_S = 10.0
"""Seconds that an answer may take unless a request says otherwise."""

MOST_BYTES = 256 * 1024 * 1024
"""The largest answer that is read into memory; larger ones are streamed to a file."""

CHUNK_BYTES = 65_536

Remaining = Callable[[], float]
"""Seconds that an answer may still take; raises `socket.timeout` once none are left."""

Value = Union[str, int, float, bool, None, Sequence[Union[str, int, float]]]


@dataclass(frozen=True)
class Request:
    """One request; `body` (bytes, or a file opened for reading) and `json` exclude each other.

    `timeout_s` bounds the whole answer, or the silence between two pieces of a streamed one. `repeatable` says that
    doing it twice is like doing it once: only then is it sent again after the connection broke.
    """

    method: str
    path: str
    query: Mapping[str, Value] = field(default_factory=dict)
    json: object = None
    body: bytes | IO[bytes] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = QUICK_S
    most_bytes: int = MOST_BYTES
    repeatable: bool | None = None

    @property
    def may_repeat(self) -> bool:
        if self.repeatable is not None:
            return self.repeatable
        return self.method in {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}

    def clock(self, *, whole: bool) -> Remaining:
        """The time for each wait: what is left for all of the answer, or the same for each silence in a stream."""
        if not whole:
            return lambda: self.timeout_s
        end = time.monotonic() + self.timeout_s  # nobody sets this clock

        def remaining() -> float:
            left = end - time.monotonic()
            if left <= 0:
                raise socket.timeout("timed out")
            return left

        return remaining

    @property
    def target(self) -> str:
        """Path and query as they go over the wire; `None` values are left out, sequences said one by one."""
        said = [(name, text) for name, value in self.query.items() for text in _query_texts(value)]
        quoted = urllib.parse.quote(self.path, safe="/%")
        return quoted + ("?" + urllib.parse.urlencode(said, quote_via=urllib.parse.quote) if said else "")

    def wire(self, token: str) -> tuple[dict[str, str], bytes | IO[bytes] | None]:
        """All headers but Host, and the content; its length is stated, so that a service can refuse it at once."""
        content: bytes | IO[bytes] | None = self.body
        kind = "application/octet-stream"
        if self.json is not None:
            content = json.dumps(self.json, ensure_ascii=False, allow_nan=False).encode("utf-8")
            kind = "application/json"
        headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
        if content is not None or self.method in {"POST", "PUT", "PATCH"}:
            headers.update({"Content-Type": kind, "Content-Length": str(_length(content))})
        return {**headers, **self.headers}, content


@dataclass(frozen=True)
class Response:
    """A whole answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def checked(self) -> Response:
        """This answer if it is a success, else the error that it stands for."""
        if not self.ok:
            raise from_answer(self.status, self.body)
        return self

    def parsed(self) -> Any:
        """The body as JSON; `BadAnswer` for anything else."""
        try:
            return json.loads(self.body.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise BadAnswer(
                "the service's answer isn't the JSON that was expected",
                value=f"{error}; it begins {self.body[:80]!r}",
            ) from None


@dataclass(frozen=True)
class Stream:
    """An answer that is read as it arrives: iterate over its pieces, once."""

    status: int
    headers: Mapping[str, str]
    pieces: Iterator[bytes] = field(repr=False)

    def whole(self, most_bytes: int) -> Response:
        """All pieces as one answer, decoded; `TooLarge` above `most_bytes` (before or after decoding)."""
        check_length(self.headers, most_bytes)
        parts, size = [], 0
        for piece in self.pieces:
            size += len(piece)
            if size > most_bytes:
                raise too_large(most_bytes)
            parts.append(piece)
        body = decoded(b"".join(parts), self.headers, most_bytes)
        return Response(self.status, self.headers, body)


class Transport(Protocol):
    """What carries requests to one service; safe to use from several threads."""

    def send(self, request: Request) -> Response:
        """The whole answer, whatever its status; `ServiceError` if there is none."""
        ...

    def stream(self, request: Request) -> AbstractContextManager[Stream]:
        """The answer piece by piece; leaving the context ends it on both sides."""
        ...

    def close(self) -> None:
        """Let go of connections; a later request opens new ones."""
        ...


def check_length(headers: Mapping[str, str], most_bytes: int) -> None:
    """Refuse an answer by the length that it announces, before any of it is read."""
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most_bytes:
        raise too_large(most_bytes, announced)


def too_large(most_bytes: int, announced: object = None) -> TooLarge:
    return TooLarge(
        f"the answer is larger than the {most_bytes:,} bytes that this request allows",
        value=announced,
        remedy="ask for a smaller window or a coarser step",
    )


def decoded(body: bytes, headers: Mapping[str, str], most_bytes: int) -> bytes:
    """`body` without its content encoding; gzip is undone up to `most_bytes`, so that a bomb stays small."""
    encoding = headers.get("content-encoding", "identity").lower()
    if encoding == "identity":
        return body
    if encoding != "gzip":
        raise BadAnswer("the answer is in an encoding that this client doesn't read", value=encoding)
    unpack = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = unpack.decompress(body, most_bytes + 1)
    except zlib.error as error:
        raise BadAnswer("the answer's gzip encoding is broken", value=error) from None
    if len(plain) > most_bytes:
        raise too_large(most_bytes)
    if not unpack.eof:
        raise BadAnswer("the answer's gzip encoding is cut off")
    return plain


def _query_texts(value: Value) -> list[str]:
    if value is None:
        return []
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, (list, tuple)):
        return [str(part) for part in value]
    return [str(value)]


def _length(content: bytes | IO[bytes] | None) -> int:
    if content is None or isinstance(content, bytes):
        return len(content or b"")
    size = content.seek(0, os.SEEK_END)
    content.seek(0)  # each sending starts over, also a repeated one
    return size
