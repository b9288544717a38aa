"""One connection to 127.0.0.1: kept while it lasts, every wait bounded, every break told apart from a late answer."""

from __future__ import annotations

import http.client
import selectors
import socket
import time
import weakref
from collections.abc import Iterator
from contextlib import suppress

from .errors import BadAnswer, ConnectionLost, Timeout
from .transport import CHUNK_BYTES, Remaining, Request, Stream

HOST = "127.0.0.1"
CONNECT_S = 2.0
KEEP_S = 4.0  # uvicorn hangs up after five idle seconds: a request sent at that moment would be lost


class Connection:
    """Asks the service at one port at a time; for one thread."""

    def __init__(self) -> None:
        self._http: _Http | None = None
        self._rested_at = 0.0
        self._closing: weakref.finalize | None = None  # type: ignore[type-arg,unused-ignore]

    def ask(self, port: int, token: str, request: Request, *, whole: bool) -> Stream:
        """The service's answer; `whole` bounds all of it by the request's time, else each silence in it.

        `ConnectionLost` (with `sent`), `Timeout`, or `BadAnswer` from something that doesn't speak HTTP.
        """
        remaining = request.clock(whole=whole)
        connection = self._ready(port)
        try:
            answer = _answered(connection, remaining, token, request)
        except (OSError, http.client.HTTPException) as error:
            raise _told(error, request.timeout_s) from error
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Stream(answer.status, headers, _pieces(answer, request.timeout_s))

    def rest(self) -> None:
        """Keep the connection for the next request: the answer was read to its end."""
        self._rested_at = time.monotonic()

    def drop(self) -> None:
        if self._closing is not None:
            self._closing()  # closes once, here or when this object is collected with its thread
        self._http = self._closing = None

    def hang_up(self) -> None:
        """End a request that another thread waits for; that thread sees a lost connection."""
        connection = self._http
        sock = connection.sock if connection is not None else None
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # gone already

    def _ready(self, port: int) -> _Http:
        if self._http is not None and not self._usable(self._http, port):
            self.drop()
        if self._http is None:
            connection = _Http(HOST, port, blocksize=CHUNK_BYTES)
            _connect(connection)
            self._http, self._closing = connection, weakref.finalize(self, connection.close)
        return self._http

    def _usable(self, connection: _Http, port: int) -> bool:
        fresh = time.monotonic() - self._rested_at < KEEP_S
        return fresh and connection.port == port and connection.sock is not None and _silent(connection.sock)


class _Socket(socket.socket):
    """Arms each wait with the time that is left: http.client alone would start it anew with every byte."""

    remaining: Remaining = staticmethod(lambda: CONNECT_S)

    def recv_into(self, *args: object) -> int:
        self.settimeout(self.remaining())
        return super().recv_into(*args)  # type: ignore[arg-type]

    def sendall(self, *args: object) -> None:
        self.settimeout(self.remaining())
        super().sendall(*args)  # type: ignore[arg-type]


class _Http(http.client.HTTPConnection):
    """A direct connection, whatever proxies the environment names."""

    sock: _Socket

    def connect(self) -> None:
        sock = _Socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.settimeout(CONNECT_S)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect((self.host, self.port))
        except BaseException:
            sock.close()
            raise
        self.sock = sock


def _connect(connection: _Http) -> None:
    try:
        connection.connect()
    except socket.timeout:
        raise Timeout("the service doesn't take connections", value=f"{CONNECT_S:g} s") from None
    except OSError as error:
        raise ConnectionLost(
            "nothing listens where the service should", value=f"port {connection.port}", sent=False
        ) from error


def _answered(
    connection: _Http, remaining: Remaining, token: str, request: Request
) -> http.client.HTTPResponse:
    headers, content = request.wire(token)
    connection.sock.remaining = remaining
    # a service that refuses a large body answers, and hangs up before it has all of it
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.request(request.method, request.target, content, headers)
    return connection.getresponse()


def _pieces(answer: http.client.HTTPResponse, seconds: float) -> Iterator[bytes]:
    try:
        while True:
            piece = answer.read1(CHUNK_BYTES)
            if not piece:
                break
            yield piece
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise _told(error, seconds) from error
    missing = answer.length
    answer.close()  # lets the connection take the next request
    if missing:  # read1 takes the end of the connection for the end of the answer
        raise ConnectionLost("the answer is cut off", value=f"{missing} bytes are missing")


def _told(error: Exception, seconds: float) -> Exception:
    if isinstance(error, socket.timeout):
        return Timeout(
            "the service didn't answer in time", value=f"{seconds:g} s", remedy="try again, or wait longer"
        )
    foreign = (http.client.BadStatusLine, http.client.LineTooLong, http.client.UnknownProtocol)
    if isinstance(error, foreign) and not isinstance(error, ConnectionError):
        return BadAnswer("what answers at the service's port doesn't speak HTTP", value=repr(error)[:120])
    return ConnectionLost("the connection to the service broke", value=error or type(error).__name__)


def _silent(sock: socket.socket) -> bool:
    """Whether an idle connection is still open: one that has something to say has been closed."""
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        return not selector.select(timeout=0)
