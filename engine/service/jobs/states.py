"""What a job is at any time.

    queued → running → done | failed | cancelled | interrupted
       └→ cancelled             failed | cancelled | interrupted → queued (resumed)

`failed`: the job's own fault, also a crash of its process. `interrupted`: what ended it came from outside (the
process was killed, the service ended, the machine was switched off), and it can go on."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from ...errors import Cancelled, EngineError
from ..faults import Conflict, described


def now() -> str:
    """UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def ended(self) -> bool:
        return self not in (State.QUEUED, State.RUNNING)


_NEXT = {
    State.QUEUED: {State.RUNNING, State.CANCELLED},
    State.RUNNING: {State.DONE, State.FAILED, State.CANCELLED, State.INTERRUPTED},
    State.FAILED: {State.QUEUED},
    State.CANCELLED: {State.QUEUED},
    State.INTERRUPTED: {State.QUEUED},
    State.DONE: set(),
}


@dataclass(frozen=True)
class JobProgress:
    """Where a running job stands; units are the stage's own (pixel-dates, tiles)."""

    stage: str
    done: int
    total: int
    eta_s: float | None


@dataclass(frozen=True)
class Job:
    """One piece of work, as it is kept and told."""

    id: str
    kind: str
    params: dict[str, Any]
    priority: int = 0
    number: int = 0
    """Place in the history, from 1."""
    state: State = State.QUEUED
    created: str = field(default_factory=now)
    started: str | None = None
    finished: str | None = None
    attempts: int = 0
    cancelling: bool = False
    keep_partial: bool = False
    """Once cancelled: keep what is finished of its output."""
    pid: int | None = None
    progress: JobProgress | None = None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None

    def queued(self) -> "Job":
        """Again, from an end that isn't `done`."""
        fresh = Job(self.id, self.kind, self.params)
        forgotten = {
            name: getattr(fresh, name)
            for name in (
                "started",
                "finished",
                "pid",
                "cancelling",
                "keep_partial",
                "progress",
                "result",
                "error",
            )
        }
        return self._to(State.QUEUED, **forgotten)

    def running(self) -> "Job":
        return self._to(State.RUNNING, started=now(), attempts=self.attempts + 1)

    def ended(
        self, state: State, *, result: dict[str, Any] | None = None, error: dict[str, Any] | None = None
    ) -> "Job":
        return self._to(state, finished=now(), result=result, error=error, cancelling=False)

    def interrupted(self, cause: str) -> "Job":
        """Ended by what was not its fault."""
        error = described(EngineError(cause, remedy="resume it")) | {"code": "interrupted"}
        return self.ended(State.INTERRUPTED, error=error)

    def left_behind(self) -> "Job":
        """What a job is that ran when its service went down."""
        if self.cancelling:
            return self.ended(State.CANCELLED, error=described(Cancelled()))
        return self.interrupted("the service or the machine went down while it ran")

    @property
    def given_up(self) -> bool:
        """Whether the user wants nothing of what it hasn't finished."""
        return self.cancelling and not self.keep_partial

    def _to(self, state: State, **changes: Any) -> "Job":
        if state not in _NEXT[self.state]:
            raise Conflict(
                f"a job that is {self.state} can't become {state}",
                value=self.id,
                remedy="look at its state again",
            )
        return replace(self, state=state, **changes)
