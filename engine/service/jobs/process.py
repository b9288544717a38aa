"""A worker process from the service's side: started, listened to, asked to stop, ended, and judged."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psutil

from ...errors import Cancelled, EngineError, ResourceError
from ..faults import described
from ..workspace import private
from .order import CANCEL, LONGEST_LINE, Order
from .states import JobProgress, State

WORKER = "phenolens.engine.service.jobs.worker"
LEAVE_S = 10.0  # for a process that has told its result to end; libraries take their time to leave


@dataclass(frozen=True)
class Outcome:
    """How a worker's work ended."""

    state: State
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


@dataclass
class WorkerProcess:
    """One attempt at one job."""

    name: str
    """The job's id, which the process carries in its command line."""
    order: Order
    on_progress: Callable[[JobProgress], None]
    grace_s: float
    """From the wish to stop to the end by force."""
    environment: Mapping[str, str] = field(default_factory=dict)
    pid: int | None = None
    _message: dict[str, Any] = field(default_factory=dict)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _forced: bool = False

    def stop(self) -> None:
        """Ask it to stop; it is killed after the grace period."""
        self._stop.set()

    async def run(self, started: Callable[[int], None]) -> Outcome:
        """Run it to its end; `started` is told its number."""
        with open(self.order.log, "ab", opener=private) as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # modules come from the installation alone, whatever files lie where it runs
                "-m",
                WORKER,
                self.name,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                cwd=self.order.folder,
                env={**os.environ, **self.environment},
                limit=LONGEST_LINE,
                start_new_session=True,  # Ctrl-C at the service's terminal is for the service
            )
        self.pid = process.pid
        started(process.pid)
        stopper = asyncio.create_task(self._stopper(process))
        try:
            _write(process, self.order.line)
            await self._listen(process)
            await self._left(process)
        finally:
            stopper.cancel()
            end_group(process.pid)
        return outcome(await process.wait(), self._message, stopped=self._stop.is_set(), forced=self._forced)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            message: dict[str, Any] = json.loads(line)
            if "progress" in message:
                self.on_progress(JobProgress(**message["progress"]))
            else:
                self._message = message
                return  # the last one; what keeps the process from leaving is its own affair

    async def _stopper(self, process: asyncio.subprocess.Process) -> None:
        await self._stop.wait()
        _write(process, CANCEL)
        await asyncio.sleep(self.grace_s)
        self._forced = True
        end_group(process.pid)

    async def _left(self, process: asyncio.subprocess.Process) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), LEAVE_S)


def _write(process: asyncio.subprocess.Process, line: bytes) -> None:
    assert process.stdin is not None
    with suppress(OSError):  # it has ended before it could be told
        process.stdin.write(line)


def end_group(pid: int) -> None:
    """End a worker, and what it has started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        return
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in [*process.children(recursive=True), process]:
            with suppress(psutil.Error):
                one.kill()


def end_leftover(pid: int | None, name: str) -> None:
    """End the worker of a job whose service is gone, if it hasn't noticed; no other process of that number."""
    if pid is None:
        return
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        if {WORKER, name} <= set(process.cmdline()):
            end_group(pid)
            process.wait(LEAVE_S)


def outcome(code: int, message: Mapping[str, Any], *, stopped: bool, forced: bool) -> Outcome:
    """What became of a job, by its last message and the exit code of its process."""
    if "result" in message:
        return Outcome(State.DONE, result=message["result"])
    if "error" in message:
        cancelled = stopped and message["error"]["code"] == "cancelled"
        return Outcome(State.CANCELLED if cancelled else State.FAILED, error=message["error"])
    if stopped:
        cause = "stopped on request" + (", by force: it didn't stop by itself in time" if forced else "")
        return Outcome(State.CANCELLED, error=described(Cancelled(cause)))
    return _lost(code)


_FROM_OUTSIDE = {"SIGKILL", "SIGTERM", "SIGHUP", "SIGINT"}


def _lost(code: int) -> Outcome:
    """The process ended without a word: killed from outside, or it crashed."""
    number = -code
    name = signal.Signals(number).name if number in set(signal.Signals) else ""
    if name in _FROM_OUTSIDE:
        remedy = "resume it; if memory ran out, give it less memory or a smaller area"
        error = ResourceError("the worker process was killed from outside", value=name, remedy=remedy)
        return Outcome(State.INTERRUPTED, error=described(error) | {"code": "interrupted"})
    how = name or f"exit code {code}"
    crash = EngineError("the worker process crashed", value=how, remedy="look at its log, and report it")
    return Outcome(State.FAILED, error=described(crash) | {"code": "crash"})
