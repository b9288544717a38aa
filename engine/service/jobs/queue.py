"""The queue: jobs in, workers out, and what becomes of each; the same after a crash or a reboot."""

import asyncio
import contextlib
import logging
import os
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import BaseModel

from ...errors import Cancelled, EngineError, OutputError, ResourceError
from ..faults import Conflict, NotFound, TooLarge, described, unforeseen
from ..workspace import Workspace, private_folder
from .context import Kind, kinds_at
from .database import Database
from .leftovers import discard_unfinished, sweep
from .order import KINDS, Order
from .process import Outcome, WorkerProcess, end_leftover
from .schedule import Task, choose
from .states import Job, JobProgress, State

log = logging.getLogger(__name__)

MOST_QUEUED = 10_000
SAVE_EVERY_S = 5.0  # of progress: what an interrupted job's history will say


def _cpu_slots() -> int:
    return max(1, min(4, (os.cpu_count() or 1) // 2))


@dataclass(frozen=True)
class QueueOptions:
    """How jobs are run."""

    cpu_slots: int = field(default_factory=_cpu_slots)
    """Jobs side by side that don't compute with the model; of those that do, one."""
    grace_s: float = 15.0
    """From the wish to stop a job to its end by force."""
    stop_s: float = 5.0
    """The same when the service itself stops."""
    history: int = 2_000
    """Ended jobs that are remembered; the oldest go, with their logs. What they have written stays."""
    kinds: str = KINDS
    environment: Mapping[str, str] = field(default_factory=dict)
    """More variables for worker processes."""


@dataclass
class _Run:
    """A job that runs."""

    task: Task
    job: Job
    worker: WorkerProcess
    saved_at: float = field(default_factory=time.monotonic)
    running: "asyncio.Task[None] | None" = None


class Queue:
    """All jobs of a workspace; lives in one event loop, which also calls it."""

    def __init__(self, workspace: Workspace, database: Database, options: QueueOptions | None = None) -> None:
        self.options = options or QueueOptions()
        self.kinds: Mapping[str, Kind] = kinds_at(self.options.kinds)
        self.database = database
        self.stopping = False
        self._workspace = workspace
        self._queued: dict[str, Task] = {}
        self._running: dict[str, _Run] = {}
        self._unsaved: dict[str, Job] = {}
        self._bell = asyncio.Event()
        self._scheduler: asyncio.Task[None] | None = None

    async def start(self, *, resume: bool = False) -> None:
        """Judge what an earlier service left behind, then run what is queued; `resume` queues interrupted jobs."""
        for job in self.database.jobs([State.RUNNING]):
            await asyncio.to_thread(self._clear_after, job)
            self._keep(job.left_behind())
        if resume:
            for job in self.database.jobs([State.INTERRUPTED]):
                self._keep(job.queued())
        for job in self.database.jobs([State.QUEUED]):
            self._queued[job.id] = Task.of(job, self.kinds)
        self._scheduler = asyncio.create_task(self._schedule())

    async def stop(self) -> None:
        """Start nothing more; what runs is interrupted, keeps what it has finished, and can be resumed."""
        self.stopping = True
        self._ring()
        runs = list(self._running.values())
        for run in runs:
            run.worker.grace_s = min(run.worker.grace_s, self.options.stop_s)
            run.worker.stop()
        await asyncio.gather(*(run.running for run in runs if run.running is not None))
        if self._scheduler is not None:
            await self._scheduler
        self._save_again()

    @property
    def active(self) -> bool:
        """Whether anything runs or waits."""
        return bool(self._queued or self._running)

    def submit(self, kind: str, params: BaseModel, priority: int = 0) -> Job:
        """Queue a new job; it is on the disk when this returns."""
        if kind not in self.kinds:
            raise NotFound("there is no such kind of job", value=kind, remedy=", ".join(sorted(self.kinds)))
        self._check_room()
        job = Job(secrets.token_hex(8), kind, params.model_dump(mode="json"), priority)
        return self._queue(self.database.add(job))

    def get(self, identity: str) -> Job:
        """A job as it stands; `NotFound` where there is none."""
        if identity in self._running:
            return self._running[identity].job
        if identity in self._queued:
            return self._queued[identity].job
        job = self._unsaved.get(identity) or self.database.get(identity)
        if job is None:
            raise NotFound("there is no such job", value=identity, remedy="list the jobs")
        return job

    def jobs(self, states: list[State], limit: int, before: int | None = None) -> list[Job]:
        """Newest first."""
        return [self.get(job.id) for job in self.database.jobs(states, limit=limit, before=before)]

    def cancel(self, identity: str, *, keep_partial: bool = False) -> Job:
        """Stop a job: at once where it waits, where it runs as soon as it listens; `Conflict` once it has ended."""
        run = self._running.get(identity)
        if run is not None:
            run.job = replace(run.job, cancelling=True, keep_partial=keep_partial)
            self._keep(run.job)
            run.worker.stop()
            return run.job
        error = described(Cancelled("cancelled before it was run"))
        job = self.get(identity).ended(State.CANCELLED, error=error)
        self._queued.pop(identity, None)
        self._keep(job)
        return job

    def resume(self, identity: str) -> Job:
        """Queue a job again that was interrupted, cancelled or failed; it goes on where its output allows it."""
        job = self.get(identity).queued()
        if job.kind not in self.kinds:
            raise Conflict("this engine has no such kind of job", value=job.kind, remedy="update the engine")
        self._check_room()
        self.database.save(job)
        self._unsaved.pop(identity, None)
        return self._queue(job)

    def delete(self, identity: str) -> None:
        """Forget a job that has ended, with its log; what it has written stays."""
        job = self.get(identity)
        if not job.state.ended:
            raise Conflict(f"the job is {job.state}", value=identity, remedy="cancel it first")
        self._forget(job)
        self._ring()

    def _forget(self, job: Job) -> None:
        """The folder first: a kill in between leaves a job without a log, and nothing that nobody knows of."""
        shutil.rmtree(self._folder(job), ignore_errors=True)
        self.database.delete(job)
        self._unsaved.pop(job.id, None)

    def _forget_oldest(self) -> None:
        with contextlib.suppress(OutputError):  # a full disk: another time
            for job in self.database.oldest_ended(self.options.history):
                self._forget(job)

    async def changed(self, seconds: float) -> None:
        """Wait until some job has changed, for `seconds` at most."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._bell.wait(), seconds)

    def log_of(self, identity: str) -> Path:
        return self._folder(self.get(identity)) / "log.txt"

    def _folder(self, job: Job) -> Path:
        return self._workspace.state / "jobs" / job.id

    def _check_room(self) -> None:
        if self.stopping:
            raise ResourceError("the service is stopping", remedy="start it again")
        if len(self._queued) >= MOST_QUEUED:
            raise TooLarge("the queue is full", value=len(self._queued), remedy="wait, or cancel some jobs")

    def _queue(self, job: Job) -> Job:
        self._queued[job.id] = Task.of(job, self.kinds)
        self._ring()
        return job

    def _ring(self) -> None:
        self._bell.set()
        self._bell = asyncio.Event()

    def _keep(self, job: Job) -> None:
        """Save what became of a job; where the disk refuses, it is remembered and tried again."""
        try:
            self.database.save(job)
            self._unsaved.pop(job.id, None)
        except OutputError as error:
            log.warning("job %s: %s", job.id, error)
            self._unsaved[job.id] = job
        if job.state.ended:
            self._forget_oldest()
        self._ring()

    def _save_again(self) -> None:
        for job in list(self._unsaved.values()):
            self._keep(job)

    async def _schedule(self) -> None:
        while not self.stopping:
            bell = self._bell
            while (task := self._next()) is not None:
                self._begin(task)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), SAVE_EVERY_S if self._unsaved else None)
                continue
            self._save_again()

    def _next(self) -> Task | None:
        running = [run.task for run in self._running.values()]
        return choose(self._queued.values(), running, self.options.cpu_slots)

    def _begin(self, task: Task) -> None:
        del self._queued[task.job.id]
        job = task.job.running()
        if task.kind is None:  # queued by a newer engine, or an older one
            fault = EngineError(
                "this engine has no such kind of job", value=job.kind, remedy="update the engine"
            )
            self._keep(job.ended(State.FAILED, error=described(fault)))
            return
        run = _Run(task, job, self._worker(job))
        self._running[job.id] = run
        self._keep(job)
        run.running = asyncio.create_task(self._run(run))

    def _worker(self, job: Job) -> WorkerProcess:
        order = Order(
            workspace=str(self._workspace.root),
            folder=str(self._folder(job)),
            kind=job.kind,
            params=job.params,
            attempt=job.attempts,
            kinds=self.options.kinds,
        )
        return WorkerProcess(
            job.id,
            order,
            lambda progress: self._progressed(job.id, progress),
            self.options.grace_s,
            self.options.environment,
        )

    async def _run(self, run: _Run) -> None:
        log.info("job %s, %s: attempt %d", run.job.id, run.job.kind, run.job.attempts)
        try:
            private_folder(self._folder(run.job))
            outcome = await run.worker.run(lambda pid: self._started(run, pid))
        except (OSError, EngineError) as error:
            outcome = Outcome(State.FAILED, error=described(_not_started(error)))
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends this job and not the queue
            outcome = Outcome(State.FAILED, error=unforeseen(error))
        await asyncio.to_thread(self._clear, run, outcome)
        job = _judged(run.job, outcome)
        log.info("job %s, %s: %s", job.id, job.kind, job.state)
        del self._running[job.id]
        self._keep(job)

    def _started(self, run: _Run, pid: int) -> None:
        run.job = replace(run.job, pid=pid)
        self._keep(run.job)

    def _progressed(self, identity: str, progress: JobProgress) -> None:
        run = self._running[identity]
        run.job = replace(run.job, progress=progress)
        if time.monotonic() - run.saved_at > SAVE_EVERY_S:
            run.saved_at = time.monotonic()
            self._keep(run.job)
        self._ring()

    def _clear(self, run: _Run, outcome: Outcome) -> None:
        """Take away what nobody wants; runs in a thread."""
        sweep(self._workspace, map(str, run.task.outputs), run.job.pid)
        if outcome.state is State.CANCELLED and run.job.given_up:
            discard_unfinished(self._workspace, self._folder(run.job))

    def _clear_after(self, job: Job) -> None:
        """The same of a job whose service is gone; its worker may not have noticed yet."""
        end_leftover(job.pid, job.id)
        sweep(self._workspace, map(str, Task.of(job, self.kinds).outputs), job.pid)
        if job.given_up:
            discard_unfinished(self._workspace, self._folder(job))


def _judged(job: Job, outcome: Outcome) -> Job:
    if outcome.state is State.CANCELLED and not job.cancelling:  # it was stopped, but not by the user's wish
        return job.interrupted("the service was stopped while it ran")
    return job.ended(outcome.state, result=outcome.result, error=outcome.error)


def _not_started(error: Exception) -> ResourceError:
    remedy = "free memory and disk space, then resume it"
    return ResourceError("the worker process can't be started", value=error, remedy=remedy)
