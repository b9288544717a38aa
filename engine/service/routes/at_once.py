"""How reads are answered: in few threads, so that many at a time wait for each other instead of filling memory."""

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request

from ..service import Here

if TYPE_CHECKING:
    from ..reading.desk import Desk

T = TypeVar("T")
THREADS = max(2, min(8, os.cpu_count() or 2))


class Reads:
    """The desk of a service and the threads that work at it."""

    def __init__(self, workspace: Any) -> None:
        self._workspace = workspace
        self._desk: Desk | None = None
        self._threads = CapacityLimiter(THREADS)

    async def __call__(self, work: "Callable[[Desk], T]") -> T:
        """What `work` makes at the desk, in one of its threads."""
        return await to_thread.run_sync(partial(self._worked, work), limiter=self._threads)

    def _worked(self, work: "Callable[[Desk], T]") -> T:
        return work(self._desk or self._opened())

    def _opened(self) -> "Desk":
        # what reads need (zarr, rasterio, matplotlib) is loaded with the first of them: an idle service stays small
        from ..reading.desk import Desk  # noqa: PLC0415

        self._desk = self._desk or Desk(self._workspace)
        return self._desk


async def _reads(request: Request, service: Here) -> Reads:
    state = request.app.state
    if not hasattr(state, "reads"):
        state.reads = Reads(service.workspace)
    found: Reads = state.reads
    return found


AtOnce = Annotated[Reads, Depends(_reads)]
"""As a route's argument: does its work at the desk."""
