"""Who is let in: this machine's own names, the user's token, bodies of a bearable size."""

import hmac
import time
from collections.abc import Mapping

import anyio
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import EngineError
from .answers import answer, internal
from .faults import Forbidden, TooLarge, TooSlow
from .service import Service

NAMES = ("127.0.0.1", "localhost", "[::1]")
OPEN = ("/v1/openapi.json", "/v1/docs")
"""What a browser may see without the token: the description of the interface, which is no secret."""
MOST_BODY = 2 * 2**20
LARGER_BODIES: Mapping[str, int] = {"/v1/files": 512 * 2**20, "/v1/density": 24 * 2**20}
"""Paths that take more: uploads, which have limits of their own, and selections, a bit for each pixel."""
SILENCE_S = 30.0
"""Between two pieces of a body: who sends half of one and then nothing isn't waited for."""


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
        body = _Body(scope, receive)
        answering = _Answering(send, body)
        try:
            self._check(scope)
            await self._app(scope, body, answering)
            if body.refused is not None:  # whoever read it has made another error of it
                raise body.refused
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception as error:
            if answering.begun:  # the connection must break, so that nobody takes half an answer for whole
                raise
            fault = answer(error) if isinstance(error, EngineError) else internal(error)
            await fault(scope, receive, answering.say)

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
    """Counts what comes, as a body needn't say its length beforehand, and waits for each piece only so long."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.refused: EngineError | None = None
        self.awaited = any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])
        """Some of it is still to come."""
        self._receive = receive
        self._most = _most(scope)
        self._read = 0

    async def __call__(self) -> Message:
        message = await (self._soon() if self.awaited else self._receive())
        self.awaited = self.awaited and bool(message.get("more_body", False))
        self._read += len(message.get("body", b""))
        if self._read > self._most:
            self.refused = _too_large(self._most)
            raise self.refused
        return message

    async def _soon(self) -> Message:
        try:
            with anyio.fail_after(SILENCE_S):
                return await self._receive()
        except TimeoutError:
            self.refused = TooSlow(
                "the rest of the request didn't come", value=f"{SILENCE_S:g} s", remedy="send it again"
            )
            raise self.refused from None


class _Answering:
    """Knows whether an answer is on its way, and what may follow it on the connection."""

    def __init__(self, send: Send, body: _Body) -> None:
        self.begun = False
        self._send = send
        self._body = body

    async def __call__(self, message: Message) -> None:
        """What the application says; nothing any more once the body has been refused."""
        if self._body.refused is None or self.begun:
            await self.say(message)

    async def say(self, message: Message) -> None:
        """Hang up after an answer to a request that hasn't come whole: its rest would be read for nothing."""
        self.begun = True
        if self._body.awaited and message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        await self._send(message)


def _too_large(most: int) -> TooLarge:
    return TooLarge("the request is too large", value=f"more than {most:,} bytes", remedy="send less at once")
