"""Jobs of a service: hand in, look at, stop, take up again, and wait for."""

from __future__ import annotations

import math
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .errors import BadAnswer, ConnectionLost, NotRunning, ServiceError, Timeout
from .events import events
from .results import Job, JobList, LogPiece
from .transport import Request, Transport

PATIENCE_S = 60.0
"""How long a service may be away (killed, restarted, busy) before waiting for its job is given up."""

SILENCE_S = 30.0  # twice what a service lets pass between two signs of life
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0
_STREAM_CHANCES = 2

Listener = Callable[[Job], None]
LogListener = Callable[[LogPiece], None]
_TOLD: Mapping[str, type[Job] | type[LogPiece]] = {"job": Job, "log": LogPiece}


class Jobs:
    """The jobs of one service, by id; `EngineFault`s of the service are raised as such."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def submit(self, kind: str, params: Mapping[str, Any], *, priority: int = 0) -> Job:
        """Queue a job of `kind`; higher `priority` goes first. `InputError` for parameters that can't be meant."""
        asked = {"kind": kind, "params": dict(params), "priority": priority}
        return self._job(Request("POST", "/v1/jobs", json=asked))

    def list(
        self, *, states: Sequence[str] = (), limit: int | None = None, before: int | None = None
    ) -> JobList:
        """Newest first; of some states, at most `limit`; to go on, `before` = the `number` of the last one."""
        request = Request("GET", "/v1/jobs", query={"state": states, "limit": limit, "before": before})
        return JobList.from_json(self._transport.send(request).checked().parsed())

    def get(self, id: str) -> Job:
        return self._job(Request("GET", _path(id)))

    def cancel(self, id: str, *, keep_partial: bool = False) -> Job:
        """Stop it; what it has written so far goes unless `keep_partial`. It has stopped once its state says so."""
        return self._job(Request("POST", _path(id, "cancel"), json={"keep_partial": keep_partial}))

    def resume(self, id: str) -> Job:
        """Queue a job again that failed, was cancelled or interrupted; it goes on where it can."""
        return self._job(Request("POST", _path(id, "resume"), json={}))

    def delete(self, id: str) -> None:
        """Strike an ended job, with its log, from the history; its results stay."""
        self._transport.send(Request("DELETE", _path(id), repeatable=False)).checked()

    def log(self, id: str, *, after: int = 0) -> LogPiece:
        """What the job has logged from byte `after` on."""
        request = Request("GET", _path(id, "log"), query={"after": after})
        return LogPiece.from_json(self._transport.send(request).checked().parsed())

    def follow(self, id: str, *, after: int = 0, end: float = math.inf) -> Iterator[Job | LogPiece]:
        """The job now and after each change, and its log from byte `after` on, as server-sent events bring them.

        Ends when the job has ended, or the service is about to. `Timeout` at the first sign of life after `end`
        (of `time.monotonic`), or after too long a silence.
        """
        request = Request(
            "GET",
            _path(id, "events"),
            query={"after": after},
            headers={"Accept": "text/event-stream"},
            timeout_s=max(_FIRST_PAUSE_S, min(SILENCE_S, end - time.monotonic())),
        )
        with self._transport.stream(request) as stream:
            if stream.status != 200:
                stream.whole(request.most_bytes).checked()
            if not stream.headers.get("content-type", "").startswith("text/event-stream"):
                raise BadAnswer("the service sends no events", value=stream.headers.get("content-type"))
            for event in events(_before(end, stream.pieces)):
                told = _TOLD.get(event.name)
                if told is not None:
                    yield told.from_json(event.parsed())

    def wait(
        self,
        id: str,
        *,
        listener: Listener | None = None,
        log_listener: LogListener | None = None,
        timeout_s: float | None = None,
        patience_s: float = PATIENCE_S,
    ) -> Job:
        """The job once it has ended, however; `Job.outcome()` raises what went wrong.

        `listener` hears of each change, `log_listener` of each piece of the log from its beginning. A service that
        goes away in the middle is awaited for `patience_s`, also when it comes back at another port with another
        token; `Timeout` after `timeout_s`.
        """
        end = math.inf if timeout_s is None else time.monotonic() + timeout_s
        return _Waiting(self, id, listener, log_listener, end, patience_s).result()

    def _job(self, request: Request) -> Job:
        return Job.from_json(self._transport.send(request).checked().parsed())


def _path(id: str, *more: str) -> str:
    return "/".join(["/v1/jobs", urllib.parse.quote(id, safe=""), *more])


class _Waiting:
    """For one job: by its events where they come, else by looking again and again, ever less often."""

    def __init__(
        self,
        jobs: Jobs,
        id: str,
        listener: Listener | None,
        log_listener: LogListener | None,
        end: float,
        patience_s: float,
    ) -> None:
        self._jobs = jobs
        self._id = id
        self._listener = listener
        self._log_listener = log_listener
        self._logged = 0
        self._end = end
        self._patience_s = patience_s
        self._last: Job | None = None
        self._away_since: float | None = None
        self._pause_s = _FIRST_PAUSE_S
        self._failed_streams = 0

    def result(self) -> Job:
        while True:
            self._look()
            if self._last is not None and self._last.ended:
                return self._last
            if time.monotonic() >= self._end:
                raise Timeout("the job hasn't ended in the time that it was waited for", value=self._told())
            time.sleep(max(0.0, min(self._pause_s, self._end - time.monotonic())))
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    def _look(self) -> None:
        """Hear of the job for as long as the service tells; `_last` is what it said last."""
        try:
            if self._failed_streams < _STREAM_CHANCES:
                self._follow()
            else:
                self._poll()
        except (NotRunning, ConnectionLost, Timeout) as error:
            self._missed(error)

    def _follow(self) -> None:
        self._failed_streams += 1
        try:
            for told in self._jobs.follow(self._id, after=self._logged, end=self._end):
                self._failed_streams = 0
                self._heard(told)
        except NotRunning:
            self._failed_streams -= 1  # says nothing about streams
            raise
        except BadAnswer:  # something between cuts events up, or the service sends none: looking still works
            self._failed_streams = _STREAM_CHANCES

    def _poll(self) -> None:
        job = self._jobs.get(self._id)  # before its log: of an ended job that is all there will be
        while self._log_listener is not None:
            piece = self._jobs.log(self._id, after=self._logged)
            if not piece.text:
                break
            self._heard(piece)
        self._heard(job)

    def _heard(self, told: Job | LogPiece) -> None:
        self._away_since = None
        if isinstance(told, LogPiece):
            self._logged = told.next
            if self._log_listener is not None:
                self._log_listener(told)
        elif told != self._last:
            self._last, self._pause_s = told, _FIRST_PAUSE_S
            if self._listener is not None:
                self._listener(told)

    def _missed(self, error: ServiceError) -> None:
        now = time.monotonic()
        if now >= self._end:
            return  # the time to wait is over, which says more than this
        if self._away_since is None:
            self._away_since = now
        elif now - self._away_since > self._patience_s:
            raise error

    def _told(self) -> str:
        return f"{self._id}: {self._last.state if self._last else 'nothing was heard of it'}"


def _before(end: float, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:  # comments too: a service sends some so that silence means something
        yield piece
        if time.monotonic() >= end:
            raise Timeout("the time to follow the job is over")
