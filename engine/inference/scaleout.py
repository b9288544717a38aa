"""embed_on: the tiles of an area as tasks of a Dask cluster, with the same store as on one machine.

A run is sent to each worker once, also to those that come later: the model, and how to open the acquisitions, not open
files. A worker opens them itself and writes the tiles it computed, whole shards each, so that no two workers touch one
file. The journal of finished tiles is kept by the calling process alone, after a worker has reported a tile done:
whatever dies in between, a tile that is not in the journal is computed again.

Needs dask.distributed (`pip install 'phenolens[cluster]'`); nothing else in the engine imports this module.
"""

import logging
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from distributed import Client, Future, KilledWorker

from ..errors import ResourceError
from ..progress import CancelToken, Progress
from ..store import EmbeddingStore
from ..store_place import Folder, Place, place_of
from ..store_writer import StoreWriter, TileKey
from .plan import Plan, Workload
from .runner import Listener, Run, open_writer, plan_of
from .tile_maker import Done, Job, TileMaker, embedded, planned

log = logging.getLogger(__name__)

RETRIES = 2
"""Times that a tile is tried again after an error; the death of a worker is counted apart, by Dask."""
AT_ONCE = 64
"""Tiles that are handed to the scheduler ahead of time, at least; more for many workers."""
AHEAD = 4
"""Tiles per worker that are handed to the scheduler ahead of time."""
POLL_SECONDS = 0.5
"""How often a waiting run looks whether it was cancelled."""
GATHER_SECONDS = 5
"""How long a worker may take to hand over the report of a tile, before it is asked again."""
LAST_WORDS_SECONDS = 60
"""How long a stopped run waits for workers to leave the tiles they are at."""


def embed_on(
    client: Client,
    job: Job,
    out: Path | Place,
    *,
    listener: Listener | None = None,
    cancel: CancelToken | None = None,
    overwrite: bool = False,
    retries: int = RETRIES,
) -> EmbeddingStore:
    """As `runner.embed_area`, on the workers of `client`; `out` must be seen by all of them: a folder that they
    share under one path, or a bucket.

    Workers compute one tile at a time, with memory planned for one. Raises what `embed_area` raises, `ResourceError`
    where workers die over and over, make other numbers than each other, or the scheduler is lost; finished tiles are
    kept, and another run goes on with them."""
    cancel, place, writer = cancel or CancelToken(), place_of(out), None
    if isinstance(place, Folder):
        place = Folder(place.path.absolute())
    try:
        with _crew(client, job, retries, cancel) as crew:
            workload, plan = crew.ask(planned, crew.name)
            run = Run(job.checkpoint.model, {}, workload, plan, job.options)
            writer = open_writer(run, place, overwrite)
            _embed_tiles(crew, workload, writer, listener)
        writer.finish()
    except BaseException:  # also on Ctrl-C: an output without a single tile is no output
        if writer:
            writer.discard_empty()
        raise
    return EmbeddingStore(place)


def _embed_tiles(crew: "_Crew", workload: Workload, writer: StoreWriter, listener: Listener | None) -> None:
    plan = plan_of(writer)
    tiles = list(plan.tiles(workload))
    open_tiles = [tile for tile in tiles if not writer.is_finished(tile)]
    progress = Progress("embed", sum(map(workload.pixel_dates, tiles)), listener)
    progress.skip(progress.total - sum(map(workload.pixel_dates, open_tiles)))
    log.info("%d of %d tiles to do, %s", len(open_tiles), len(tiles), plan)
    failures: dict[str, str] = {}
    for tile, done in crew.embed(iter(open_tiles), plan, writer.place):
        writer.record(tile)
        progress.advance(workload.pixel_dates(tile))
        for name in done.failures.keys() - failures.keys():
            log.warning("%s can't be read and is left out: %s", name, done.failures[name])
        failures.update(done.failures)


@contextmanager
def _crew(client: Client, job: Job, retries: int, cancel: CancelToken) -> "Iterator[_Crew]":
    """The workers with a job; none of them writes any more once the block is left."""
    crew = _Crew(client, f"phenolens-{uuid.uuid4().hex}", retries, cancel)
    try:
        client.register_plugin(TileMaker(job), name=crew.name)
        yield crew
    except ImportError as error:
        raise ResourceError(
            "the workers can't import what they need",
            value=error,
            remedy="install the same version of Phenolens and its packages on all machines",
        ) from error
    finally:
        crew.dismiss()


class _Crew:
    """Hands tiles to the workers of a client and waits for them."""

    def __init__(self, client: Client, name: str, retries: int, cancel: CancelToken) -> None:
        self.client = client
        self.name = name
        self._retries = retries
        self._cancel = cancel
        self._finished: SimpleQueue[Future[Any]] = SimpleQueue()
        self._under_way: dict[object, tuple[Future[Any], TileKey | None]] = {}

    def ask(self, question: Callable[..., Any], *arguments: Any) -> Any:
        """The answer of any one worker."""
        log.info("waiting for a worker")
        self._submit(None, question, *arguments)
        _, answer = self._next()
        if answer is None:
            raise _scheduler_lost()
        return answer

    def embed(self, tiles: Iterator[TileKey], plan: Plan, out: Place) -> Iterator[tuple[TileKey, Done]]:
        """Tiles in the order in which they get done. Few are handed over at a time: a scheduler holds them all."""
        self._hand_over(tiles, plan, out)
        while self._under_way:
            tile, done = self._next()
            if tile is None or done is None:
                raise _scheduler_lost()
            yield tile, done
            self._hand_over(tiles, plan, out)

    def dismiss(self) -> None:
        """Take the job from the workers: those that are at a tile stop at its next block."""
        if self.client.status != "running":
            return
        try:
            self.client.unregister_worker_plugin(self.name)
            deadline = monotonic() + LAST_WORDS_SECONDS
            while self._under_way and self._workers():
                future = self._finished.get(timeout=max(0.0, deadline - monotonic()))
                del self._under_way[future.key]
        except (OSError, Empty, ResourceError) as error:
            # must not hide why the run ended
            log.warning("workers may still be at their last tiles (%r)", error)
        finally:
            self.client.cancel([future for future, _ in self._under_way.values()])

    def _hand_over(self, tiles: Iterator[TileKey], plan: Plan, out: Place) -> None:
        room = max(AT_ONCE, AHEAD * self._workers()) - len(self._under_way)
        for _, tile in zip(range(room), tiles, strict=False):
            self._submit(tile, embedded, self.name, tile, plan, out)

    def _workers(self) -> int:
        if self.client.scheduler is None:
            raise _scheduler_lost()
        try:
            return len(self.client.nthreads())
        except OSError as error:
            raise _scheduler_lost() from error

    def _submit(self, tile: TileKey | None, work: Callable[..., Any], *arguments: Any) -> None:
        key = f"{self.name} {tile.line.strip() if tile else 'plan'}"
        future = self.client.submit(work, *arguments, key=key, retries=self._retries, pure=False)
        self._under_way[future.key] = (future, tile)
        future.add_done_callback(self._finished.put)

    def _next(self) -> tuple[TileKey | None, Any]:
        """The tile that is done next, with what its worker reports; raises as it did there, or `Cancelled`."""
        while True:
            self._cancel.check()
            try:
                future = self._finished.get(timeout=POLL_SECONDS)
            except Empty:
                if self.client.status in ("closing", "closed"):
                    raise _scheduler_lost() from None
                continue
            _, tile = self._under_way.pop(future.key)
            try:
                return tile, _answer(future)
            except _LostReport:
                self._under_way[future.key] = (future, tile)
                self._finished.put(future)


class _LostReport(Exception):  # noqa: N818 - not a fault: the worker died after its work, which is done again
    """A task was done, and its result can't be had now."""


def _answer(future: Future[Any]) -> Any:
    if future.status == "error":
        raise _failure(future.exception())
    try:
        return future.result(timeout=GATHER_SECONDS)
    except KilledWorker as error:  # the report died with its worker, and so did those that did it again
        raise _failure(error) from error
    except TimeoutError as error:
        raise _LostReport from error
    except CancelledError as error:
        raise _scheduler_lost() from error


def _failure(error: BaseException) -> BaseException:
    if not isinstance(error, KilledWorker):
        return error
    return ResourceError(
        "workers died over and over at the same tile",
        value=error,
        remedy="give them more memory or plan for less (--memory), and look into their logs",
    )


def _scheduler_lost() -> ResourceError:
    return ResourceError(
        "the Dask scheduler was lost, or it dropped this run",
        remedy="finished tiles are kept: run again, and it goes on with them",
    )
