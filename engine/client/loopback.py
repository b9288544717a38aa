"""Requests to a service in another process of this machine, over 127.0.0.1, on the standard library alone.

Sockets are opened directly, so proxy settings (http_proxy, HTTPS_PROXY, the system's) play no part. Each thread keeps
one connection. A request is repeated after a broken connection only where that does no harm, and goes to wherever the
discovery file says the service is by then.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable, TypeVar

from .connection import Connection
from .discovery import AnyPath, Discovery, find
from .errors import ConnectionLost, NotRunning
from .transport import Request, Response, Stream

_ATTEMPTS = 3
_Answer = TypeVar("_Answer", Response, Stream)


class LoopbackTransport:
    """Carries requests to the service that `locate` tells of; it is asked again when that one doesn't answer."""

    def __init__(self, locate: Callable[[], Discovery]) -> None:
        self._locate = locate
        self._lock = threading.Lock()
        self._found: Discovery | None = None
        self._mine = threading.local()
        self._opened: weakref.WeakSet[Connection] = weakref.WeakSet()

    @classmethod
    def of_workspace(cls, workspace: AnyPath) -> LoopbackTransport:
        """The transport to whatever service runs in `workspace`, now and after it was started anew."""
        return cls(lambda: find(workspace))

    def send(self, request: Request) -> Response:
        return self._persistent(request, self._exchange)

    @contextmanager
    def stream(self, request: Request) -> Iterator[Stream]:
        connection = Connection()  # its own: it may be left in the middle
        with self._lock:
            self._opened.add(connection)

        def ask(where: Discovery, asked: Request) -> Stream:
            connection.drop()
            return connection.ask(where.port, where.token, asked, whole=False)

        try:
            yield self._persistent(request, ask)
        finally:
            connection.drop()

    def close(self) -> None:
        with self._lock:
            opened, self._opened, self._found = list(self._opened), weakref.WeakSet(), None
            self._mine = threading.local()
        for connection in opened:
            connection.hang_up()

    def _persistent(self, request: Request, exchange: Callable[[Discovery, Request], _Answer]) -> _Answer:
        where = self._where()
        for left in reversed(range(_ATTEMPTS)):
            try:
                answer = exchange(where, request)
            except ConnectionLost as lost:
                where = self._next(where, request, lost, left)
                continue
            moved = self._moved(where) if answer.status == 403 and left else None
            if moved is None:  # done, or refused by the very service that the file tells of
                return answer
            where = moved
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _next(self, where: Discovery, request: Request, lost: ConnectionLost, left: int) -> Discovery:
        """Where to try again after a lost connection; raises if that is useless or might do the work twice."""
        if lost.sent and (not request.may_repeat or not left):
            raise lost
        moved = self._moved(where) if left else None
        if moved is None and not lost.sent:
            raise NotRunning(
                "no service listens at the port that the discovery file names",
                value=f"port {where.port}, pid {where.pid}",
                remedy="if it is being started, try again in a moment; else start it: phenolens serve",
            ) from lost
        return moved or where

    def _where(self) -> Discovery:
        with self._lock:
            known = self._found
        if known is None:
            known = self._locate()
            with self._lock:
                self._found = known
        return known

    def _moved(self, old: Discovery) -> Discovery | None:
        """Where the service is by now, if that isn't `old` any more; raises if there is none."""
        with self._lock:
            self._found = None
        new = self._where()
        return None if new == old else new

    def _exchange(self, where: Discovery, request: Request) -> Response:
        connection = self._connection()
        try:
            response = connection.ask(where.port, where.token, request, whole=True).whole(request.most_bytes)
        except BaseException:  # also Ctrl-C
            connection.drop()  # what is left of this answer must not be read as the next one
            raise
        connection.rest()
        return response

    def _connection(self) -> Connection:
        kept: Connection | None = getattr(self._mine, "connection", None)
        if kept is None:
            kept = self._mine.connection = Connection()
            with self._lock:
                self._opened.add(kept)
        return kept
