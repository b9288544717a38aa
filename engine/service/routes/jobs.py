"""Jobs: queue, watch, stop, resume, forget."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Field, create_model

from .. import answers
from ..faults import NotFound
from ..jobs.context import Kind
from ..jobs.states import Job, State
from ..schema import Asked, CancelAsked, JobList, JobTold, LogTold
from ..service import Here

LOG_PIECE = 256 * 1024
LOOK_S = 1.0  # the log is looked at this often while nothing else changes

Priority = Annotated[int, Field(ge=-100, le=100)]
Id = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
_OFFSET = re.compile(r"[0-9]{1,18}")


def router(kinds: Mapping[str, Kind]) -> APIRouter:
    """The routes for jobs of these kinds."""
    routes = APIRouter(tags=["jobs"])
    asked: Any = _asked(kinds)

    @routes.post("/jobs", status_code=201)
    async def submit(asked: asked, service: Here) -> JobTold:
        """Queue a job; of those that wait, the highest priority runs first, then the oldest."""
        return _told(service.queue.submit(asked.kind, asked.params, asked.priority))

    routes.include_router(_of_any_kind)
    return routes


def _asked(kinds: Mapping[str, Kind]) -> Any:
    """The request to run a job: one model for each kind, told apart by `kind`."""
    models: list[Any] = [
        create_model(
            f"{name.title().replace('-', '')}Job",
            __base__=Asked,
            kind=(Literal[name], ...),  # type: ignore[arg-type]
            params=(kind.params, ...),
            priority=(Priority, 0),
        )
        for name, kind in kinds.items()
    ]
    return models[0] if len(models) == 1 else Annotated[reduce(or_, models), Field(discriminator="kind")]


_of_any_kind = APIRouter()


@_of_any_kind.get("/jobs")
async def listed(
    service: Here,
    state: Annotated[list[State], Query(max_length=6)] = [],  # noqa: B006 - FastAPI copies it
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[int | None, Query(ge=1, lt=2**62)] = None,
) -> JobList:
    """Jobs, newest first; `before` = `number` of the last one to go on."""
    jobs = service.queue.jobs(state, limit, before)
    return JobList(jobs=[_told(job) for job in jobs], counts=service.queue.database.counts())


@_of_any_kind.get("/jobs/{identity}")
async def one(identity: Id, service: Here) -> JobTold:
    """A job as it stands."""
    return _told(service.queue.get(identity))


@_of_any_kind.post("/jobs/{identity}/cancel")
async def cancel(identity: Id, service: Here, asked: Annotated[CancelAsked | None, Body()] = None) -> JobTold:
    """Stop a job: at once where it waits; where it runs, it is `cancelling` until it has listened."""
    keep = asked is not None and asked.keep_partial
    return _told(service.queue.cancel(identity, keep_partial=keep))


@_of_any_kind.post("/jobs/{identity}/resume")
async def resume(identity: Id, service: Here) -> JobTold:
    """Queue a job again that was interrupted, cancelled or failed."""
    return _told(service.queue.resume(identity))


@_of_any_kind.delete("/jobs/{identity}", status_code=204)
async def forget(identity: Id, service: Here) -> None:
    """Forget a job that has ended; what it has written stays."""
    service.queue.delete(identity)


@_of_any_kind.get("/jobs/{identity}/log")
async def log(identity: Id, service: Here, after: Annotated[int, Query(ge=0, lt=2**62)] = 0) -> LogTold:
    """The job's log from a byte on."""
    return await asyncio.to_thread(_log, service.queue.log_of(identity), after)


async def _log_path(identity: Id, service: Here) -> Path:
    """Before a stream has begun: afterwards no fault can be told any more."""
    return service.queue.log_of(identity)


@_of_any_kind.get(
    "/jobs/{identity}/events", response_class=EventSourceResponse, responses=answers.STREAM_FAULTS
)
async def events(
    identity: Id,
    service: Here,
    path: Annotated[Path, Depends(_log_path)],
    after: Annotated[int, Query(ge=0, lt=2**62)] = 0,
    last_event_id: Annotated[str, Header(max_length=64)] = "",
) -> AsyncIterator[ServerSentEvent]:
    """`job` whenever it has changed and `log` with what was added, as server-sent events, until it has ended.

    `after`: bytes of the log that are known already. An event's id is that number once it has been read: who
    reconnects with it as `Last-Event-ID`, as browsers do by themselves, goes on from there."""
    after = int(last_event_id) if _OFFSET.fullmatch(last_event_id) else after
    last: Job | None = None
    with suppress(NotFound):  # somebody has it forgotten meanwhile
        while True:
            job = service.queue.get(identity)
            piece = await asyncio.to_thread(_log, path, after)
            if piece.text:
                after = piece.next
                yield ServerSentEvent(event="log", data=piece, id=str(after))
            if job != last:
                last = job
                yield ServerSentEvent(event="job", data=_told(job), id=str(after))
            if piece.text or job != service.queue.get(identity):
                continue
            if job.state.ended or service.queue.stopping:
                return
            await service.queue.changed(LOOK_S)


def _told(job: Job) -> JobTold:
    return JobTold.model_validate(job)


def _log(path: Path, after: int) -> LogTold:
    """Whole letters only: a piece may end within one."""
    try:
        with path.open("rb") as file:
            if after >= os.fstat(file.fileno()).st_size:  # file systems refuse places that no file can have
                return LogTold(text="", next=after)
            file.seek(after)
            piece = file.read(LOG_PIECE)
    except FileNotFoundError:
        return LogTold(text="", next=after)
    for cut in range(4):  # a letter has four bytes at most
        try:
            return LogTold(text=piece[: len(piece) - cut].decode(), next=after + len(piece) - cut)
        except UnicodeDecodeError:
            continue
    return LogTold(text=piece.decode(errors="replace"), next=after + len(piece))
