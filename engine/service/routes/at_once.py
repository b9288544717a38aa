"""How reads are answered: in few threads, so that many at a time wait for each other instead of filling memory."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request

from ..service import Here

if TYPE_CHECKING:
    from ..reading.desk import Desk

T = TypeVar("T")
THREADS = max(2, min(8, os.cpu_count() or 2))
LONG_THREADS = max(1, THREADS // 2)
"""Beside those: for what takes seconds, so that maps don't wait behind it."""


@dataclass(frozen=True)
class Rest:
    """What is done when nobody reads, and after how many seconds."""

    give_back_s: float = 2.0
    """Hand freed memory to the system."""
    forget_s: float = 60.0
    """Let go of what would be read again: tiles, and places in projections (a tenth of a second for 1 M pixels)."""


class Reads:
    """The desk of a service and the threads that work at it."""

    def __init__(self, workspace: Any, rest: Rest | None = None) -> None:
        self._workspace = workspace
        self._rest = rest or Rest()
        self._desk: Desk | None = None
        self._opening = Lock()
        self._threads, self._long_threads = CapacityLimiter(THREADS), CapacityLimiter(LONG_THREADS)
        self._open = 0
        self._alarm: asyncio.TimerHandle | None = None

    async def __call__(self, work: "Callable[[Desk], T]", *, long: bool = False) -> T:
        """What `work` makes at the desk, in one of its threads; `long`: it may take seconds."""
        limiter = self._long_threads if long else self._threads
        self._open += 1
        self._wake()
        try:
            return await to_thread.run_sync(partial(self._worked, work), limiter=limiter)
        finally:
            self._open -= 1
            if not self._open:
                self._after(self._rest.give_back_s, self._give_back)

    def _worked(self, work: "Callable[[Desk], T]") -> T:
        return work(self._desk or self._opened())

    def _opened(self) -> "Desk":
        # what reads need (zarr, rasterio, matplotlib) is loaded with the first of them: an idle service stays small
        from ..reading.desk import Desk  # noqa: PLC0415

        with (
            self._opening
        ):  # two first reads at once would each have a desk, and one of them what is kept there
            self._desk = self._desk or Desk(self._workspace)
            return self._desk

    def _wake(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()

    def _after(self, seconds: float, then: Callable[[], None]) -> None:
        self._alarm = asyncio.get_running_loop().call_later(seconds, then)

    def _give_back(self) -> None:
        if self._desk is not None:
            self._aside(self._desk.give_back)
            self._after(self._rest.forget_s - self._rest.give_back_s, partial(self._aside, self._desk.forget))

    def _aside(self, work: Callable[[], None]) -> None:
        asyncio.get_running_loop().run_in_executor(None, work)


async def _reads(request: Request, service: Here) -> Reads:
    state = request.app.state
    if not hasattr(state, "reads"):
        state.reads = Reads(service.workspace)
    found: Reads = state.reads
    return found


AtOnce = Annotated[Reads, Depends(_reads)]
"""As a route's argument: does its work at the desk."""
