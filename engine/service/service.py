"""What one running service holds, and what its routes ask for it."""

import asyncio
import os
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import psutil
from fastapi import Depends, Request

from .. import __version__
from . import PROTOCOL
from .gpu import GpuWatch
from .jobs.database import Database
from .jobs.order import Order
from .jobs.process import WorkerProcess
from .jobs.queue import Queue, QueueOptions
from .workspace import Workspace, private_folder

DATABASE = "jobs.sqlite"
DIAGNOSE_GRACE_S = 2.0


@dataclass
class Service:
    """One workspace, its token and its queue."""

    workspace: Workspace
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    options: QueueOptions = field(default_factory=QueueOptions)
    resume: bool = False
    """Queue interrupted jobs again at the start."""
    shutdown: Callable[[], None] = lambda: None
    """Ends the server; does nothing where another program runs the application."""
    queue: Queue = field(init=False)
    last_asked: float = field(default_factory=time.monotonic)
    """When the last request came, or ended."""
    open_requests: int = 0
    failure: Exception | None = None
    """What kept it from starting."""
    _started: float = field(default_factory=time.monotonic)
    _gpu: GpuWatch = field(default_factory=GpuWatch)
    _diagnosing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.queue = Queue(self.workspace, Database(self.workspace.state / DATABASE), self.options)

    async def start(self) -> None:
        self.workspace.forget_partial_uploads()
        try:
            await self.queue.start(resume=self.resume)
        except Exception as error:
            self.failure = error  # the server only says that something was wrong
            raise

    async def stop(self) -> None:
        await self.queue.stop()
        self.queue.database.close()

    def hello(self) -> dict[str, Any]:
        return {
            "version": __version__,
            "protocol": PROTOCOL,
            "workspace": str(self.workspace.root),
            "pid": os.getpid(),
            "device": device(),
        }

    def status(self) -> dict[str, Any]:
        gpu = self._gpu.use()
        return {
            "uptime_s": round(time.monotonic() - self._started, 3),
            "jobs": self.queue.database.counts(),
            "memory_mb": memory_mb(),
            "gpu": None if gpu is None else vars(gpu),
        }

    def idle_s(self) -> float:
        """Seconds without a request or a job."""
        busy = self.open_requests or self.queue.active
        return 0.0 if busy else time.monotonic() - self.last_asked

    async def diagnostics(self) -> dict[str, Any]:
        """The findings of `phenolens doctor`, made in a process of its own as they load PyTorch; and this one's."""
        async with self._diagnosing:
            folder = private_folder(self.workspace.state / "diagnostics")
            order = Order(str(self.workspace.root), str(folder), "diagnose", {}, kinds=_DIAGNOSE)
            worker = WorkerProcess(
                "diagnose", order, lambda _: None, DIAGNOSE_GRACE_S, self.options.environment
            )
            outcome = await worker.run(lambda _: None)
        found = outcome.result or {"ok": False, "findings": [_not_diagnosed(outcome.error)], "libraries": {}}
        return {**found, "service": self._own()}

    def _own(self) -> dict[str, Any]:
        aside = self.queue.database.set_aside
        return {
            **self.hello(),
            **self.status(),
            "python": sys.version.split()[0],
            "heavy_modules": sorted({"torch", "sklearn", "umap", "geopandas"} & sys.modules.keys()),
            "damaged_history": None if aside is None else Path(aside).name,
            "data_folders": [str(folder) for folder in self.workspace.data_folders],
        }


_DIAGNOSE = "phenolens.engine.service.jobs.diagnose:KINDS"


def _not_diagnosed(error: dict[str, Any] | None) -> dict[str, Any]:
    cause = (error or {}).get("cause", "no answer")
    return {"name": "worker", "ok": False, "text": cause, "remedy": (error or {}).get("remedy", "")}


def memory_mb() -> float:
    """Resident memory of this process."""
    return round(psutil.Process().memory_info().rss / 1e6, 1)


def device() -> str:
    """`cuda` where the machine's driver shows an NVIDIA GPU; PyTorch itself isn't asked, as it would be loaded."""
    listed = Path("/proc/driver/nvidia/gpus")
    windows = Path(os.environ.get("SYSTEMROOT", "/nonexistent")) / "System32" / "nvcuda.dll"
    there = (listed.is_dir() and any(listed.iterdir())) or windows.is_file()
    return "cuda" if there else "cpu"


def _current(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Here = Annotated[Service, Depends(_current)]
"""As a route's argument: the service that it belongs to."""
