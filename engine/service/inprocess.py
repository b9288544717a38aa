"""Requests to a service in this very process, without sockets: for tests and for programs that hold the engine anyway.

The client's transport over plain ASGI on an event loop in a thread of its own. httpx's ASGI transport would do for
whole answers, but hands out no piece of a stream before its end, which a stream of events doesn't have.
"""

import io
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, MutableMapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager, suppress
from typing import IO, Any
from urllib.parse import unquote

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.applications import Starlette

from ..client.errors import ConnectionLost, NotRunning, Timeout
from ..client.transport import CHUNK_BYTES, Remaining, Request, Response, Stream
from .app import create_app
from .discovery import sole_service
from .jobs.queue import QueueOptions
from .service import Service
from .workspace import Workspace

HOST = "127.0.0.1"
log = logging.getLogger(__name__)

Message = MutableMapping[str, Any]


class InProcessTransport:
    """Carries requests to a service of `workspace`, which runs within `with` and ends with it or with `close`.

    Thread-safe. `WorkspaceBusy` on entering, where another service serves the workspace."""

    def __init__(self, workspace: Workspace, options: QueueOptions | None = None) -> None:
        self._workspace = workspace
        self._options = options or QueueOptions()
        self._portal: BlockingPortal | None = None
        self._running = ExitStack()

    def __enter__(self) -> "InProcessTransport":
        with ExitStack() as starting:
            portal = starting.enter_context(start_blocking_portal())
            running = portal.wrap_async_context_manager(_running(self._workspace, self._options))
            self._app, self._token = starting.enter_context(running)
            self._running = starting.pop_all()
        self._portal = portal
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._portal = None
        self._running.close()

    def send(self, request: Request) -> Response:
        with self._streamed(request, whole=True) as stream:
            return stream.whole(request.most_bytes)

    def stream(self, request: Request) -> AbstractContextManager[Stream]:
        return self._streamed(request, whole=False)

    @contextmanager
    def _streamed(self, request: Request, *, whole: bool) -> Iterator[Stream]:
        if self._portal is None:
            raise NotRunning(
                "the in-process service isn't started", remedy="use the transport in a with block"
            )
        headers, content = request.wire(self._token)
        scope = _scope(request, {"Host": HOST, **headers})
        exchange = _Exchange(self._portal, self._app, scope, _pieces(content))
        try:
            yield exchange.answer(request.clock(whole=whole))
        finally:
            exchange.leave()


@asynccontextmanager
async def _running(workspace: Workspace, options: QueueOptions) -> AsyncIterator[tuple[Starlette, str]]:
    """The application and its token; made on the loop, as SQLite's connections stay with their thread."""
    with sole_service(workspace):
        service = Service(workspace, options=options)
        app = create_app(service)
        async with app.router.lifespan_context(app):
            yield app, service.token


class _Exchange:
    """One request and its answer, between the caller's thread and the loop's."""

    def __init__(self, portal: BlockingPortal, app: Starlette, scope: Message, body: Iterator[bytes]) -> None:
        self._portal = portal
        self._app = app
        self._scope = scope
        self._body = body
        # a few pieces ahead and no more: a slow reader holds the writer up, as a socket would
        self._told, self._heard = portal.call(lambda: anyio.create_memory_object_stream[Message](8))
        self._asked_all, self._left = False, portal.call(anyio.Event)
        self._done: Future[None] = portal.start_task_soon(self._run)

    def answer(self, remaining: Remaining) -> Stream:
        """As soon as it has begun; its pieces follow while they are asked for."""
        first = self._next(remaining)
        if first is None:
            raise ConnectionLost(
                "the service ended the request without an answer"
            ) from self._done.exception()
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in first["headers"]
        }
        return Stream(first["status"], headers, self._pieces(remaining))

    def leave(self) -> None:
        """Tell the service that nobody listens any more."""
        self._done.add_done_callback(_logged)
        self._portal.call(self._leave)

    def _pieces(self, remaining: Remaining) -> Iterator[bytes]:
        while (message := self._next(remaining)) is not None:
            if message.get("body"):
                yield bytes(message["body"])
            if not message.get("more_body", False):
                return
        raise ConnectionLost("the answer is cut off") from self._done.exception()

    def _next(self, remaining: Remaining) -> Message | None:
        try:
            return self._portal.call(self._hear, remaining())
        except TimeoutError:
            raise Timeout("the service didn't answer in time", remedy="try again, or wait longer") from None

    async def _hear(self, seconds: float) -> Message | None:
        with anyio.fail_after(seconds):
            try:
                return await self._heard.receive()
            except anyio.EndOfStream:
                return None

    async def _leave(self) -> None:
        self._left.set()
        self._heard.close()

    async def _run(self) -> None:
        with self._told:
            await self._app(self._scope, self._receive, self._send)

    async def _receive(self) -> Message:
        if not self._asked_all:
            piece = next(self._body, b"")
            self._asked_all = not piece
            return {"type": "http.request", "body": piece, "more_body": bool(piece)}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        with suppress(anyio.BrokenResourceError):  # nobody listens: the service learns that by `_receive`
            await self._told.send(message)


def _scope(request: Request, headers: Mapping[str, str]) -> dict[str, Any]:
    path, _, query = request.target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},  # as uvicorn says: `_receive` tells who has left
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "root_path": "",
        "headers": [
            (name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()
        ],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
        "state": {},
    }


def _pieces(content: bytes | IO[bytes] | None) -> Iterator[bytes]:
    file = content if content is not None and not isinstance(content, bytes) else io.BytesIO(content or b"")
    return iter(lambda: file.read(CHUNK_BYTES), b"")


def _logged(done: Future[None]) -> None:
    error = None if done.cancelled() else done.exception()
    if error is not None:
        log.debug("a request ended in an error, of which its answer has told", exc_info=error)
