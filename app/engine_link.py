"""The engine as the app sees it: asked in threads, answered on the user interface's, restarted when it dies."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, current_thread, main_thread
from typing import Any, TypeVar

from phenolens.engine.client import launch
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.errors import ConnectionLost, NotRunning, ServiceError, Timeout
from phenolens.engine.client.results import GpuUse, Hello, Status
from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance

log = logging.getLogger(__name__)
T = TypeVar("T")
THREADS = 6
_CAUSE = re.compile(r"(?:exit code -?\d+: )?error\s+(.+)")
"""As the engine's commands tell what hinders them."""
CHECKED_MS = 3_000
RESTED_MS = 150
"""Without a question; dates that play follow each other at more than twice that."""
IDLE_MINUTES = 30
"""After so long without a window, a job or QGIS the service ends by itself."""
MOST_LETTERS = 120
"""Of what an engine said as it gave up."""
RESTARTS, RESTARTS_WITHIN_S = 3, 60.0
"""An engine that dies again and again is not started again and again."""


@dataclass(frozen=True)
class EngineState:
    """`starting`, `ready`, `busy` (jobs run), `away` (it was lost and is not coming back by itself)."""

    name: str
    told: str = ""
    """In a sentence, for the status bar."""
    hello: Hello | None = None
    known: str = ""
    """All that is known of why it is away, for the report: many lines, maybe."""


@dataclass
class _Asked:
    channel: str
    generation: int
    work: Callable[[EngineClient], Any]
    then: Callable[[Any], object]
    failed: Callable[[ServiceError], object] | None
    late: bool
    workspace: Path
    ahead: bool = False
    client: EngineClient | None = None
    repeated: bool = False
    answer: Any = None
    error: Exception | None = None


class EngineLink(QObject):
    """Asks the service of one workspace; nothing here waits.

    Of each channel one question is under way and the newest one waits: those between are dropped, and so are
    answers that a newer question has made stale, unless they are wanted `late` (while a slider is dragged).
    """

    state_changed = Signal(object)
    """`EngineState`"""
    failed = Signal(object)
    """`ServiceError` of a question without a listener of its own for that."""
    _returned = Signal(object)
    _called = Signal(object)

    def __init__(self, workspace: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.state = EngineState("starting", self.tr("engine: starting"))
        self._client: EngineClient | None = None
        self._pool = ThreadPoolExecutor(THREADS, "engine")
        self._generations: dict[str, int] = {}
        self._under_way: dict[str, _Asked] = {}
        self._waiting: dict[str, _Asked] = {}
        self._held: list[_Asked] = []
        self._ahead: dict[str, _Asked] = {}
        """Wait until nobody has asked anything else for a while."""
        self._restarts: list[float] = []
        self._closed = False
        self._telling = Lock()
        self._returned.connect(self._take)
        self._called.connect(lambda call: call())
        self._checks = QTimer(self, interval=CHECKED_MS)
        self._checks.timeout.connect(self._check)
        self._rest = QTimer(self, singleShot=True, interval=RESTED_MS)
        self._rest.timeout.connect(self._go_ahead)

    def start(self) -> None:
        """Start the workspace's service, or find the one that runs; `state_changed` says when it is ready."""
        self._say(EngineState("starting", self.tr("engine: starting")))
        self._pool.submit(self._connect, self.workspace)

    def move(self, workspace: Path) -> None:
        """Another workspace: what was asked of the one before is dropped, its service goes on by itself."""
        client, self._client = self._client, None
        self._checks.stop()
        for channel in tuple(self._generations):
            self.drop(channel)
        self._under_way.clear()
        self._ahead.clear()
        if client is not None:
            self._pool.submit(client.close)
        self.workspace = workspace
        self.start()

    def close(self, stop_engine: bool = False) -> None:
        """Let go of the service; it goes on with its jobs unless told to stop."""
        with self._telling:
            self._closed = True
        self._checks.stop()
        client, self._client = self._client, None
        if client is not None and stop_engine:
            self._pool.submit(_shut_down, client)
        elif client is not None:
            self._pool.submit(client.close)
        self._pool.shutdown(wait=stop_engine, cancel_futures=False)

    def ask(
        self,
        channel: str,
        work: Callable[[EngineClient], T],
        then: Callable[[T], object],
        failed: Callable[[ServiceError], object] | None = None,
        *,
        late: bool = False,
    ) -> None:
        """Do `work` in a thread and hand its result to `then`, on the user interface's thread."""
        self._rest.start()
        self._ask(_Asked(channel, self._next(channel), work, then, failed, late, self.workspace))

    def ask_ahead(self, channel: str, work: Callable[[EngineClient], T], then: Callable[[T], object]) -> None:
        """As `ask`, for what may be wanted next: it would hold up what is wanted now, so it waits until nothing is.
        Nobody hears that it failed."""
        self._ahead[channel] = _Asked(channel, 0, work, then, lambda _: None, True, self.workspace, True)
        if not self._rest.isActive():
            self._go_ahead()

    def _next(self, channel: str) -> int:
        self._generations[channel] = self._generations.get(channel, 0) + 1
        return self._generations[channel]

    def _ask(self, asked: _Asked) -> None:
        if self._client is None:
            self._held = [one for one in self._held if one.channel != asked.channel] + [asked]
        elif asked.channel in self._under_way:
            self._waiting[asked.channel] = asked
        else:
            self._send(asked)

    def _go_ahead(self) -> None:
        if any(not one.ahead for one in self._under_way.values()):
            if self._ahead:
                self._rest.start()
            return
        ahead, self._ahead = self._ahead, {}
        for asked in ahead.values():
            asked.generation = self._next(asked.channel)
            self._ask(asked)

    def drop(self, channel: str) -> None:
        """What was asked on a channel is no longer wanted."""
        self._next(channel)
        self._waiting.pop(channel, None)
        self._ahead.pop(channel, None)
        self._held = [one for one in self._held if one.channel != channel]

    def background(self, work: Callable[[EngineClient], None]) -> bool:
        """Work that goes on by itself (follows a job) and calls back with `call`; False without an engine."""
        client = self._client
        if client is None or self._closed:
            return False
        self._pool.submit(work, client)
        return True

    def call(self, done: Callable[[], None]) -> None:
        """From any thread: run this on the user interface's."""
        if current_thread() is main_thread():
            if not self._closed:
                self._called.emit(done)
        else:
            self._tell(self._called, done)

    def _tell(self, signal: SignalInstance, what: object) -> None:
        """From a thread. Whoever closes this waits for it: a signal of an object that goes meanwhile ends the app."""
        with self._telling:
            if not self._closed:
                signal.emit(what)

    def _send(self, asked: _Asked) -> None:
        if self._closed:
            return
        if self._client is None:  # lost since: it waits for the next one
            self._held.append(asked)
            return
        self._under_way[asked.channel] = asked
        asked.client = self._client
        self._pool.submit(self._do, asked, self._client)

    def _do(self, asked: _Asked, client: EngineClient) -> None:
        try:
            asked.answer = asked.work(client)
        except Exception as error:  # noqa: BLE001 - reported on the other thread, whatever it is
            asked.error = error
        self._tell(self._returned, asked)

    def _take(self, asked: _Asked) -> None:
        if self._closed or asked.workspace != self.workspace:
            return
        self._under_way.pop(asked.channel, None)
        waiting = self._waiting.pop(asked.channel, None)
        if waiting is not None:
            self._send(waiting)
        stale = asked.generation != self._generations.get(asked.channel)
        if asked.error is not None:
            self._report(asked, stale)
        elif not stale or (asked.late and waiting is not None):
            asked.then(asked.answer)

    def _report(self, asked: _Asked, stale: bool) -> None:
        error = asked.error
        if not isinstance(error, ServiceError):
            log.error("in %s", asked.channel, exc_info=error)
            error = ServiceError(
                self.tr("the app made a mistake"), value=repr(error), remedy=self.tr("see the log")
            )
        if isinstance(error, (NotRunning, ConnectionLost)):
            self._lost(asked.client, error)
            if not stale and self._again(asked, error):
                return
        if stale:
            return
        if asked.failed is not None:
            asked.failed(error)
        elif not isinstance(error, (NotRunning, ConnectionLost)):
            self.failed.emit(error)  # the status light says that the engine is away

    def _again(self, asked: _Asked, error: ServiceError) -> bool:
        """What the engine took with it is asked once more of the next one; but no job is handed in twice."""
        if asked.repeated or (asked.channel.startswith("submit") and getattr(error, "sent", False)):
            return False
        asked.repeated, asked.error = True, None
        self._send(asked)
        return True

    def _connect(self, workspace: Path) -> None:
        """In a thread."""
        try:
            launch.start(workspace, options=("--idle", str(IDLE_MINUTES)))
            client = EngineClient.of_workspace(workspace)
            hello = client.hello()
        except ServiceError as error:
            log.warning("the engine can't be started: %s", error)
            state = self._away(f"{error.cause}{_last_line(error)}", error)
            self.call(lambda: self._say(state) if workspace == self.workspace else None)
            return
        self.call(lambda: self._ready(workspace, client, hello))

    def _ready(self, workspace: Path, client: EngineClient, hello: Hello) -> None:
        if workspace != self.workspace:  # it was left while its engine started
            self._pool.submit(client.close)
            return
        self._client = client
        self._say(EngineState("ready", self._told(hello), hello))
        self._checks.start()
        held, self._held = self._held, []
        for asked in held:
            self._send(asked)

    def _check(self) -> None:
        if self._client is not None and "status" not in self._under_way:
            self.ask("status", lambda client: client.status(), self._checked, self._unchecked)

    def _unchecked(self, error: ServiceError) -> None:
        """It hangs, or the machine is short of memory: it isn't ready, whatever it was before."""
        hello = self.state.hello
        if isinstance(error, Timeout) and hello is not None:
            self._say(EngineState("busy", self.tr("engine: doesn't answer"), hello))

    def _checked(self, status: Status) -> None:
        running = int(status.jobs.get("running", 0))
        hello = self.state.hello
        if hello is not None and (running or self.state.name == "busy"):
            self._say(
                EngineState("busy" if running else "ready", self._told(hello, running, status.gpu), hello)
            )

    def _told(self, hello: Hello, running: int = 0, gpu: GpuUse | None = None) -> str:
        """A GPU's use is told while jobs run: without them the engine uses none."""
        device = {"cuda": "GPU", "cpu": "CPU"}.get(hello.device, hello.device)
        if not running:
            return self.tr("engine: ready, on the {}").format(device)
        jobs = self.tr("1 job") if running == 1 else self.tr("{} jobs").format(running)
        if hello.device != "cuda" or gpu is None:
            return self.tr("engine: {}, on the {}").format(jobs, device)
        if gpu.percent is not None:
            device = self.tr("GPU {} %").format(gpu.percent)
        return self.tr("engine: {}, {}. Of its memory {:.1f} of {:.1f} GB are taken").format(
            jobs, device, gpu.memory_used_mb / 1e3, gpu.memory_total_mb / 1e3
        )

    def _lost(self, gone: EngineClient | None, error: ServiceError) -> None:
        if self._client is None or gone is not self._client:
            return
        client, self._client = self._client, None
        self._checks.stop()
        self._pool.submit(client.close)
        self._restarts = [at for at in self._restarts if time.monotonic() - at < RESTARTS_WITHIN_S]
        if len(self._restarts) < RESTARTS:
            log.warning("the engine was lost: %s", error)
            self._restarts.append(time.monotonic())
            self.start()
        else:
            self._say(self._away(error.cause, error))

    def _away(self, cause: str, error: ServiceError) -> EngineState:
        return EngineState("away", self.tr("engine: away. {}").format(cause), known=str(error))

    def _say(self, state: EngineState) -> None:
        if state != self.state:
            self.state = state
            self.state_changed.emit(state)


def _last_line(error: ServiceError) -> str:
    """Of what an engine said as it gave up: the one with the cause, or else the last one, names the fault."""
    lines = [line.strip() for line in str(error.value or "").splitlines() if line.strip()]
    told = next((found[1] for line in lines if (found := _CAUSE.match(line))), lines[-1] if lines else "")
    return f" ({told[:MOST_LETTERS]})" if told else ""


def _shut_down(client: EngineClient) -> None:
    try:
        client.shutdown()
    except ServiceError as error:
        log.info("the engine had gone: %s", error)
    finally:
        client.close()
