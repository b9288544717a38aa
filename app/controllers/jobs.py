"""Jobs: polled while any goes on, and whoever handed one in hears of its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.errors import ServiceError
from phenolens.engine.client.results import Job, JobList
from PySide6.QtCore import QObject, QTimer

from ..engine_link import EngineLink, EngineState
from ..panels.job_words import done_told, is_paused, title_of
from ..panels.jobs import JobLine, JobsPanel
from ..telling import plain, sentences

BUSY_MS, IDLE_MS = 500, 4_000
LISTED = 100

Ended = Callable[[Job], None]


class JobsController(QObject):
    """Hands jobs in, shows how they go."""

    def __init__(
        self, link: EngineLink, panel: JobsPanel, line: JobLine, say: Callable[[str, bool], None]
    ) -> None:
        super().__init__(panel)
        self._link, self._panel, self._line, self._say = link, panel, line, say
        self._listeners: dict[str, Ended] = {}
        self._going: set[str] = set()
        self._timer = QTimer(self, interval=IDLE_MS)
        self._timer.timeout.connect(self.refresh)
        link.state_changed.connect(self._engine_changed)
        for signal, work in (
            (panel.cancelled, lambda client, id: client.jobs.cancel(id)),
            (line.cancelled, lambda client, id: client.jobs.cancel(id)),
            (panel.paused, lambda client, id: client.jobs.cancel(id, keep_partial=True)),
            (panel.deleted, lambda client, id: client.jobs.delete(id)),
        ):
            signal.connect(lambda id, work=work: self._do(work, id))
        panel.resumed.connect(self._resume)
        panel.chosen.connect(self._show_log)

    def submit(
        self,
        kind: str,
        params: Mapping[str, Any],
        ended: Ended,
        failed: Callable[[ServiceError], None] | None = None,
    ) -> None:
        """Queue a job; `ended` hears of it when it is over, however it ended."""
        self._say("", False)  # what went wrong before is of the past

        def queued(job: Job) -> None:
            self.follow(job, ended)

        self._link.ask(f"submit {kind}", lambda client: client.jobs.submit(kind, params), queued, failed)

    def follow(self, job: Job, ended: Ended) -> None:
        self._listeners[job.id] = ended
        self.refresh()

    @property
    def going(self) -> frozenset[str]:
        """Jobs that run or wait, as far as is known."""
        return frozenset(self._going)

    def refresh(self) -> None:
        self._link.ask("jobs", lambda client: client.jobs.list(limit=LISTED), self._listed, lambda _: None)

    def _listed(self, told: JobList) -> None:
        self._panel.set_jobs(told.jobs)
        running = next((job for job in told.jobs if job.state == "running"), None)
        going = [job for job in told.jobs if not job.ended]  # the newest first
        self._line.show_job(running or (going[-1] if going else None), len(going) - 1)
        self._timer.setInterval(BUSY_MS if going else IDLE_MS)
        if running and self._panel.current and self._panel.current.id == running.id:
            self._show_log(running.id)
        for job in told.jobs:
            if (job.ended and job.id in self._going) or (job.ended and job.id in self._listeners):
                self._over(job)
        self._going = {job.id for job in told.jobs if not job.ended}

    def _over(self, job: Job) -> None:
        ended = self._listeners.pop(job.id, None)
        fault = job.fault
        if fault is not None and job.state != "cancelled":
            self._say(f"{title_of(job)}: {plain(fault)}", True)
        elif is_paused(job):
            self._say(
                self.tr("{} is paused: Resume goes on from what is finished.").format(title_of(job)), False
            )
        elif job.state == "cancelled" and job.started is None:
            self._say(self.tr("The job was cancelled before it began."), False)
        elif job.state == "cancelled":
            self._say(self.tr("The job was cancelled; what it had written is gone."), False)
        elif ended is None:  # taken up again, or handed in by another window: nobody else says so
            self._say(done_told(job), False)
        if self._panel.current == job:
            self._show_log(job.id)
        if ended is not None:
            ended(job)

    def _resume(self, id: str) -> None:
        self._say("", False)  # what ended it is of the past
        self._do(lambda client, id: client.jobs.resume(id), id)

    def _do(self, work: Callable[[EngineClient, str], object], id: str) -> None:
        self._link.ask(f"job {id}", lambda client: work(client, id), lambda _: self.refresh())

    def _show_log(self, id: str) -> None:
        self._link.ask(
            "job log", lambda client: client.jobs.log(id), lambda piece: self._take_log(id, piece.text)
        )

    def _take_log(self, id: str, text: str) -> None:
        """With what ended the job, which it may not have lived to say."""
        job = self._panel.current
        if job is not None and job.id == id:
            fault = f"\n{sentences(job.fault)}" if job.fault is not None else ""
            self._panel.set_log(f"{text.rstrip()}{fault}")

    def _engine_changed(self, state: EngineState) -> None:
        if state.name == "ready":
            self.refresh()
            self._timer.start()
