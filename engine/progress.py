"""Progress and cancellation: plain arguments that long work takes and polls."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from .errors import Cancelled


@dataclass(frozen=True)
class ProgressEvent:
    """Where a piece of work stands: `done` of `total` units, and the seconds left if they can be told."""

    stage: str
    done: int
    total: int
    eta_s: float | None


@dataclass
class Progress:
    """Turns `advance` calls into events for `listener`; the ETA counts only work done in this run."""

    stage: str
    total: int
    listener: Callable[[ProgressEvent], None] | None = None
    done: int = 0
    even: bool = True
    """Whether each unit takes about as long as any other; else no ETA can be told."""
    _started: float = field(default_factory=time.monotonic)
    _done_before: int = 0

    def skip(self, units: int) -> None:
        """Count units finished in an earlier run; they don't enter the ETA."""
        self._done_before += units
        self.done += units
        self._tell()

    def advance(self, units: int = 1) -> None:
        self.done += units
        self._tell()

    def _tell(self) -> None:
        if self.listener is None:
            return
        fresh = self.done - self._done_before
        elapsed = time.monotonic() - self._started
        eta = elapsed / fresh * (self.total - self.done) if fresh > 0 and self.even else None
        self.listener(ProgressEvent(self.stage, self.done, self.total, eta))


class CancelToken:
    """A flag that the user's side sets and the working side polls."""

    def __init__(self) -> None:
        self._event = Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` if the flag is set."""
        if self.cancelled:
            raise Cancelled()


@dataclass(frozen=True)
class Watch:
    """Who follows a piece of work of several stages, and may stop it."""

    listener: Callable[[ProgressEvent], None] | None = None
    cancel: CancelToken = field(default_factory=CancelToken)

    def progress(self, stage: str, total: int = 0) -> Progress:
        """The counter of one stage; 0 = the work itself finds out how much there is."""
        return Progress(stage, total, self.listener)
