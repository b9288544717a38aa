"""A server whose answers a test scripts, and discovery files as a service writes them."""

import json
import os
import shutil
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from phenolens.engine.client.discovery import PROTOCOL, Discovery, discovery_path
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.launch import start, stop

from ..importing import importable

HERE = Path(__file__).parent


class Call(BaseHTTPRequestHandler):
    """One request; the script answers through `say` or writes to `wfile` what it likes."""

    protocol_version = "HTTP/1.1"
    server: "Stub"

    def _handle(self) -> None:
        self.content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.calls.append((self.command, self.path, self.client_address[1]))
        self.server.script(self)

    do_GET = do_POST = do_DELETE = _handle  # noqa: N815 - http.server's names

    def say(self, body: object, status: int = 200, **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def hang_up(self) -> None:
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing: pytest's output is for the tests."""


class Stub(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, script: Callable[[Call], None], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Call)
        self.script = script
        self.calls: list[tuple[str, str, int]] = []
        self.lines: list[socket.socket] = []

    def process_request(self, request, client_address) -> None:
        self.lines.append(request)
        super().process_request(request, client_address)

    def server_close(self) -> None:
        """Ends kept connections too, as a process that ends does."""
        super().server_close()
        for line in self.lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    @property
    def discovery(self) -> Discovery:
        return Discovery(self.server_address[1], "secret", os.getpid(), "0", PROTOCOL, "")

    def handle_error(self, *_: object) -> None:
        """Clients that hang up are what the tests are about."""


@contextmanager
def _serving(script: Callable[[Call], None], port: int = 0) -> Iterator[Stub]:
    with Stub(script, port) as stub:
        thread = threading.Thread(target=stub.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield stub
        finally:
            stub.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def serving() -> Callable:
    """`with serving(script) as stub:` answers requests by `script(call)`."""
    return _serving


@pytest.fixture
def announce(tmp_path: Path) -> Callable[..., Path]:
    """Writes a discovery file into a workspace; fields can be replaced."""

    def write(**fields: object) -> Path:
        values = {"port": 1, "token": "secret", "pid": os.getpid(), "version": "0", "protocol": PROTOCOL}
        path = discovery_path(tmp_path)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps({**values, "workspace": str(tmp_path), **fields}))
        return tmp_path

    return write


@contextmanager
def _in_process(workspace: Path) -> Iterator[EngineClient]:
    with importable(HERE):
        from counting import QUEUE
        from phenolens.engine.service.inprocess import InProcessTransport
        from phenolens.engine.service.workspace import Workspace

        with InProcessTransport(Workspace(workspace), QUEUE) as transport:
            yield EngineClient(transport)


@contextmanager
def _over_loopback(workspace: Path) -> Iterator[EngineClient]:
    start(workspace, command=[sys.executable, str(HERE / "counting.py")])
    try:
        with EngineClient.of_workspace(workspace) as client:
            yield client
    finally:
        stop(workspace)


@pytest.fixture(scope="session")
def known_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small store; the tests of views know how to make one."""
    spec = spec_from_file_location("known_scene", HERE.parent / "views" / "conftest.py")
    scene = module_from_spec(spec)
    sys.modules[spec.name] = scene  # its dataclasses look there for their annotations
    spec.loader.exec_module(scene)
    path = tmp_path_factory.mktemp("known") / "known.zarr"
    scene.write_store(path, *scene.scene(12)[:3])
    return path


@pytest.fixture(scope="session", params=["loopback", "in-process"])
def client(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, known_store: Path
) -> Iterator[EngineClient]:
    """A client of a real service with a store: one in a process of its own, then one in this process."""
    workspace = tmp_path_factory.mktemp(request.param)
    shutil.copytree(known_store, workspace / "area" / known_store.name)
    serving = {"loopback": _over_loopback, "in-process": _in_process}[request.param]
    with serving(workspace) as client:
        yield client
