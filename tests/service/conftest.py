"""A service in this process, one in a process of its own, and how tests ask them; job kinds that only tests have."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from queue import Queue
from threading import Thread

import httpx
import pytest
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.service.jobs.queue import QueueOptions
from phenolens.engine.service.serve import ServeOptions
from phenolens.engine.service.serve import serve as serve_workspace
from phenolens.engine.service.workspace import Workspace

from ..importing import importable
from .handed import Handed

HERE = Path(__file__).parent
KINDS = "service_kinds:KINDS"
ENVIRONMENT = {"PYTHONPATH": str(HERE)}


class Asker:
    """Asks a service, and waits for its jobs."""

    def __init__(self, client):
        self.client = client

    def get(self, path, **more):
        return self._told(self.client.get(f"/v1{path}", **more))

    def post(self, path, content=None):
        return self._told(self.client.post(f"/v1{path}", json=content))

    def submit(self, kind, priority=0, **params):
        """The id of a new job."""
        return self.post("/jobs", {"kind": kind, "params": params, "priority": priority})["id"]

    def ended(self, identity):
        """The job once it has ended, as the stream of its events says."""
        job = None
        with self.client.stream("GET", f"/v1/jobs/{identity}/events", timeout=120) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: ") and '"state"' in line:
                    job = json.loads(line.removeprefix("data: "))
        return job

    def run(self, kind, **params):
        return self.ended(self.submit(kind, **params))

    def _told(self, answer):
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture
def workspace(tmp_path):
    folder = tmp_path / "workspace"
    folder.mkdir()
    return Workspace(folder)


@pytest.fixture
def kinds():
    """Makes the tests' own kinds of jobs known to this process."""
    with importable(HERE):
        yield


@pytest.fixture(scope="session")
def own_modules():
    """The same for fixtures that live longer than a test, and for other modules that only tests have."""
    with importable(HERE):
        yield


@pytest.fixture
def options():
    return QueueOptions(cpu_slots=2, grace_s=10, kinds=KINDS, environment=ENVIRONMENT)


def client_of(discovery):
    return httpx.Client(
        base_url=f"http://127.0.0.1:{discovery['port']}",
        headers={"Authorization": f"Bearer {discovery['token']}"},
        trust_env=False,
        timeout=60,
    )


@contextmanager
def threaded(workspace, options):
    """Serve a workspace from a thread of this process."""
    found = Queue()
    how = ServeOptions(queue=options)
    thread = Thread(target=serve_workspace, args=(workspace.root, how, lambda d: found.put(asdict(d))))
    thread.start()
    discovery = found.get(timeout=60)
    try:
        with client_of(discovery) as client:
            yield Asker(client)
    finally:
        with client_of(discovery) as client:
            client.post("/v1/shutdown")
        thread.join()


@pytest.fixture
def serving(workspace, kinds, options):
    """`with serving() as ask:` serves the workspace in this process, with other options where they are named."""
    return lambda **changes: threaded(workspace, replace(options, **changes))


@pytest.fixture(scope="session")
def threads():
    """`with threads(workspace, options) as ask:`, for fixtures that live longer than a test."""
    return threaded


@pytest.fixture(scope="module")
def hand(tmp_path_factory, threads, own_modules):
    """`hand("labels.csv", content)` uploads a file to a service that the tests of one file share."""
    root = tmp_path_factory.mktemp("handed")
    with threads(Workspace(root), QueueOptions(kinds=KINDS)) as asker:
        yield Handed(asker, root)


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """The folder around the workspace of `client`."""
    return tmp_path_factory.mktemp("at-hand")


@pytest.fixture(scope="module")
def client(root, threads):
    """A client of one service for all tests of a file."""
    (root / "workspace").mkdir()
    with (
        threads(Workspace(root / "workspace"), QueueOptions()),
        EngineClient.of_workspace(root / "workspace") as made,
    ):
        yield made


@pytest.fixture
def ask(serving):
    """A service in this process."""
    with serving() as asker:
        yield asker


@pytest.fixture
def fifo(tmp_path):
    """Where a job says that it has begun; `wait_for` reads it."""
    path = tmp_path / "begun"
    os.mkfifo(path)
    return path


class Served:
    """`phenolens serve` in a process of its own."""

    def __init__(self, root, arguments):
        self.root = root
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "served.py"), str(root), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **ENVIRONMENT},
        )
        self.said = self.process.stdout.readline()
        assert self.said, self.process.stderr.read()
        self.discovery = json.loads((root / ".phenolens" / "service.json").read_text())
        self.client = client_of(self.discovery)
        self.ask = Asker(self.client)

    def close(self):
        self.client.close()
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def serve(tmp_path):
    """Starts services on a folder; what still runs at the end is killed."""
    started = []
    root = tmp_path / "served"
    root.mkdir()

    def start(*arguments):
        started.append(Served(root, arguments))
        return started[-1]

    yield start
    for served in started:
        served.close()
