"""Who is let in: this machine's own names, the user's token, bodies of a bearable size."""

import hmac
import time
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import EngineError
from .answers import answer, internal
from .faults import Forbidden, TooLarge
from .service import Service

NAMES = ("127.0.0.1", "localhost", "[::1]")
OPEN = ("/v1/openapi.json", "/v1/docs")
"""What a browser may see without the token: the description of the interface, which is no secret."""
MOST_BODY = 2 * 2**20
LARGER_BODIES: Mapping[str, int] = {"/v1/files": 512 * 2**20}
"""Paths that take more, such as uploads, which have limits of their own."""


class Guard:
    """Checks every request before a route sees it; answers errors that no route has foreseen."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._counted(scope, receive, send)
        # nothing else is spoken here: a WebSocket is left without an answer, which refuses it

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._service.open_requests += 1
        try:
            await self._answered(scope, receive, send)
        finally:
            self._service.open_requests -= 1
            self._service.last_asked = time.monotonic()

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        answering = _Answering(send)
        body = _Body(receive, _most(scope))
        try:
            self._check(scope)
            await self._app(scope, body, answering.unless(body))
            if body.excess is not None:  # whoever read it has made another error of it
                raise body.excess
        except Exception as error:
            if answering.begun:  # the connection must break, so that nobody takes half an answer for whole
                raise
            fault = answer(error) if isinstance(error, EngineError) else internal(error)
            await fault(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        _check_host([value for name, value in headers if name == b"host"], scope)
        if scope["path"] not in OPEN:
            self._check_token([value for name, value in headers if name == b"authorization"])
        for name, value in headers:
            if name == b"content-length" and (not value.isdigit() or int(value) > _most(scope)):
                raise _too_large(_most(scope))

    def _check_token(self, given: list[bytes]) -> None:
        wanted = b"Bearer " + self._service.token.encode()
        if len(given) != 1 or not hmac.compare_digest(given[0], wanted):
            raise Forbidden(
                "the token is missing or wrong",
                remedy="send the one of the discovery file as Authorization: Bearer",
            )


def _check_host(given: list[bytes], scope: Scope) -> None:
    """A web page that resolves its own name to 127.0.0.1 still sends that name."""
    name, port = _host(given[0].decode("latin-1")) if len(given) == 1 else ("", "")
    server = scope.get("server") or ("", None)
    if name not in NAMES or (port and server[1] and port != str(server[1])):
        raise Forbidden("the request is meant for another host", value=name, remedy="ask 127.0.0.1")


def _host(text: str) -> tuple[str, str]:
    name, colon, port = text.rpartition(":")
    return (name, port) if colon and port.isdigit() else (text, "")


def _most(scope: Scope) -> int:
    return LARGER_BODIES.get(scope["path"], MOST_BODY)


class _Body:
    """Counts what comes, as a body needn't say its length beforehand."""

    def __init__(self, receive: Receive, most: int) -> None:
        self.excess: TooLarge | None = None
        self._receive = receive
        self._most = most
        self._read = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._read += len(message.get("body", b""))
        if self._read > self._most:
            self.excess = _too_large(self._most)
            raise self.excess
        return message


class _Answering:
    """Knows whether an answer is on its way."""

    def __init__(self, send: Send) -> None:
        self.begun = False
        self._send = send

    def unless(self, body: _Body) -> Send:
        """Sends what comes, but nothing any more once the body has turned out too large."""

        async def send(message: Message) -> None:
            if body.excess is None or self.begun:
                self.begun = True
                await self._send(message)

        return send


def _too_large(most: int) -> TooLarge:
    return TooLarge("the request is too large", value=f"more than {most:,} bytes", remedy="send less at once")
