"""Serve a workspace on 127.0.0.1 until somebody ends it, or nobody has asked for anything for long enough."""

import asyncio
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

import uvicorn

from ..errors import InputError
from .app import create_app
from .discovery import Discovery, announced, sole_service
from .jobs.queue import QueueOptions
from .service import Service
from .workspace import Workspace, private

HOST = "127.0.0.1"
LOG = "service.log"
_LOOK_S = 1.0
_LOG_BYTES = 4 * 2**20
_LEAVE_S = 3  # for open answers, such as streams of events, when the service ends


@dataclass(frozen=True)
class ServeOptions:
    """How a workspace is served."""

    port: int = 0
    """0 = any free one."""
    idle_s: float | None = None
    """End after so long without a request or a job; None = never."""
    resume: bool = False
    """Queue interrupted jobs again."""
    queue: QueueOptions = field(default_factory=QueueOptions)


def serve(root: Path, options: ServeOptions, ready: Callable[[Discovery], None]) -> None:
    """Serve until the end; `ready` is told once requests are answered.

    Raises `InputError`, `OutputError`, and `WorkspaceBusy` where another service serves the workspace."""
    workspace = Workspace(root)
    with sole_service(workspace), _logging_to(workspace.state / LOG), _listening(options.port) as listener:
        discovery = Discovery(listener.getsockname()[1], os.getpid(), str(workspace.root))
        service = Service(workspace, discovery.token, options.queue, options.resume)
        asyncio.run(_serve(service, discovery, listener, options, ready))


class _Server(uvicorn.Server):
    """Ends work before connections, so that whoever watches a job sees what becomes of it; signals are ours."""

    def __init__(self, service: Service) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(service),
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                ws="none",
                lifespan="on",
                timeout_graceful_shutdown=_LEAVE_S,
            )
        )
        self._service = service

    def end(self) -> None:
        """Ask it to end; asked twice, it doesn't wait for open answers."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._service.queue.stop()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn raises a caught signal again once it has ended, which would cut short what we clear away."""
        yield


async def _serve(
    service: Service,
    discovery: Discovery,
    listener: socket.socket,
    options: ServeOptions,
    ready: Callable[[Discovery], None],
) -> None:
    server = _Server(service)
    service.shutdown = server.end
    with _ended_by_signals(server):
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not (server.started or serving.done()):
            await asyncio.sleep(0.02)
        if server.started:
            try:
                with announced(service.workspace, discovery):
                    ready(discovery)
                    await _idle(service, options.idle_s, serving)
                    await serving
            finally:  # one that can't be announced ends as well: cut off, it would log a traceback
                server.end()
                await serving
        await serving
    if service.failure is not None:
        raise service.failure


async def _idle(service: Service, idle_s: float | None, serving: "asyncio.Task[None]") -> None:
    """Return once the server ends; end it where nobody needs it any more."""
    while not serving.done():
        await asyncio.wait([serving], timeout=None if idle_s is None else min(_LOOK_S, idle_s))
        if idle_s is not None and service.idle_s() >= idle_s:
            service.shutdown()
            return


@contextmanager
def _ended_by_signals(server: _Server) -> Iterator[None]:
    """Ctrl-C and a polite kill end the service; the process goes on to clear up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: server.end()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    # asyncio spares only sockets that say TCP from Nagle's algorithm: without it, every answer waited 40 ms
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise InputError(
                "the service can't listen there", value=f"{HOST}:{port}", remedy=f"leave out --port: {error}"
            ) from error
        yield listener


class _PrivateLog(RotatingFileHandler):
    """For this user alone, also the file that is begun when one is full."""

    def _open(self) -> TextIOWrapper:
        return TextIOWrapper(open(self.baseFilename, "ab", opener=private), self.encoding)


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    """What happens goes to a file of bounded size; requests and their headers are not in it."""
    handler = _PrivateLog(path, maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    loggers = [logging.getLogger(name) for name in ("phenolens", "uvicorn", "asyncio")]
    for logger in loggers:
        logger.addHandler(handler)
    logging.getLogger("phenolens").setLevel(logging.INFO)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        handler.close()
