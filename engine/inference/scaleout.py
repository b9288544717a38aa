"""embed_on: the tiles of an area as tasks of a Dask cluster, with the same store as on one machine.

A run is sent to each worker once, also to those that come later: the model, and how to open the acquisitions, not open
files. A worker opens them itself and writes the tiles it computed, whole shards each, so that no two workers touch one
file. The journal of finished tiles is kept by the calling process alone, after a worker has reported a tile done:
whatever dies in between, a tile that is not in the journal is computed again.

Needs dask.distributed (`pip install 'phenolens[cluster]'`); nothing else in the engine imports this module.
"""

import logging
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any

import distributed
from distributed import Client, Future, Worker, WorkerPlugin

from ..acquisitions.cube import CubeSource
from ..acquisitions.screening import ScreenedSource
from ..acquisitions.source import LocalSource
from ..errors import Cancelled, OutputError, ResourceError
from ..grid import Grid
from ..progress import CancelToken, Progress
from ..representation.checkpoint import Checkpoint
from ..store import EmbeddingStore
from ..store_writer import StoreWriter, TileData, TileKey
from .plan import LARGEST_BUDGET, SHARE_OF_AVAILABLE, Plan, Workload, default_budget
from .predictor import Predictor
from .reach import Days
from .runner import Listener, Run, RunOptions, open_writer, pixel_dates, plan_of, prepare_run
from .tiles import BlockReader, TileBuilder, blocks_of, read_blocks

log = logging.getLogger(__name__)

RETRIES = 2
"""Times that a tile is tried again after an error; the death of a worker is counted apart, by Dask."""
AT_ONCE = 64
"""Tiles that are handed to the scheduler ahead of time, at least; more for many workers."""
AHEAD = 4
"""Tiles per worker that are handed to the scheduler ahead of time."""
POLL_SECONDS = 0.5
"""How often a waiting run looks whether it was cancelled."""
LAST_WORDS_SECONDS = 60
"""How long a stopped run waits for workers to leave the tiles they are at."""


@dataclass(frozen=True, eq=False)
class Job:
    """What a worker needs to embed tiles of an area by itself; all of it can be sent."""

    checkpoint: Checkpoint
    open_sources: Callable[[], Mapping[str, CubeSource]]
    """Opens the acquisitions on `grid`; called once on each worker."""
    grid: Grid
    targets: Days
    options: RunOptions = field(default_factory=RunOptions)


@dataclass(frozen=True)
class _Done:
    """What a worker reports of a tile."""

    failures: Mapping[str, str]
    """Files that the worker could open and not read: file → why."""


def embed_on(
    client: Client,
    job: Job,
    out: Path,
    *,
    listener: Listener | None = None,
    cancel: CancelToken | None = None,
    overwrite: bool = False,
    retries: int = RETRIES,
) -> EmbeddingStore:
    """As `runner.embed_area`, on the workers of `client`; `out` must lie on a file system that all of them share.

    Workers compute one tile at a time, with memory planned for one. Raises what `embed_area` raises, `ResourceError`
    where workers die over and over, make other numbers than each other, or the scheduler is lost; finished tiles are
    kept, and another run goes on with them."""
    cancel, out, writer = cancel or CancelToken(), out.absolute(), None
    try:
        with _crew(client, job, retries, cancel) as crew:
            workload, plan = crew.ask(_planned, crew.name)
            run = Run(job.checkpoint.model, {}, workload, plan, job.options)
            writer = open_writer(run, out, overwrite)
            _embed_tiles(crew, workload, writer, listener)
        writer.finish()
    except BaseException:  # also on Ctrl-C: an output without a single tile is no output
        if writer and not writer.tiles_finished:
            shutil.rmtree(out, ignore_errors=True)
        raise
    return EmbeddingStore(out)


def _embed_tiles(crew: "_Crew", workload: Workload, writer: StoreWriter, listener: Listener | None) -> None:
    plan = plan_of(writer)
    tiles = list(plan.tiles(workload))
    open_tiles = [tile for tile in tiles if not writer.is_finished(tile)]
    progress = Progress("embed", sum(map(pixel_dates, tiles)), listener)
    progress.skip(progress.total - sum(map(pixel_dates, open_tiles)))
    log.info("%d of %d tiles to do, %s", len(open_tiles), len(tiles), plan)
    failures: dict[str, str] = {}
    for tile, done in crew.embed(iter(open_tiles), plan, writer.path):
        writer.record(tile)
        progress.advance(pixel_dates(tile))
        for name in done.failures.keys() - failures.keys():
            log.warning("%s can't be read and is left out: %s", name, done.failures[name])
        failures.update(done.failures)


@contextmanager
def _crew(client: Client, job: Job, retries: int, cancel: CancelToken) -> "Iterator[_Crew]":
    """The workers with a job; none of them writes any more once the block is left."""
    crew = _Crew(client, f"phenolens-{uuid.uuid4().hex}", retries, cancel)
    try:
        client.register_plugin(_TileMaker(job), name=crew.name)
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
        return self._next()[1]

    def embed(self, tiles: Iterator[TileKey], plan: Plan, out: Path) -> Iterator[tuple[TileKey, _Done]]:
        """Tiles in the order in which they get done. Few are handed over at a time: a scheduler holds them all."""
        self._hand_over(tiles, plan, out)
        while self._under_way:
            tile, done = self._next()
            assert tile is not None
            yield tile, done
            self._hand_over(tiles, plan, out)

    def dismiss(self) -> None:
        """Take the job from the workers: those that are at a tile stop at its next block."""
        if self.client.status != "running":
            return
        try:
            self.client.unregister_worker_plugin(self.name)
            futures = [future for future, _ in self._under_way.values()]
            if futures and self._workers():
                distributed.wait(futures, timeout=LAST_WORDS_SECONDS)
            self.client.cancel(futures)
        except (
            OSError,
            TimeoutError,
            ResourceError,
        ) as error:  # a lost scheduler must not hide why the run ended
            log.warning("workers may still be at their last tiles: %s", error)

    def _hand_over(self, tiles: Iterator[TileKey], plan: Plan, out: Path) -> None:
        room = max(AT_ONCE, AHEAD * self._workers()) - len(self._under_way)
        for _, tile in zip(range(room), tiles, strict=False):
            self._submit(tile, _embedded, self.name, tile, plan, out)

    def _workers(self) -> int:
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
            return tile, _answer(future)


def _answer(future: Future[Any]) -> Any:
    if future.status in ("cancelled", "lost"):
        raise _scheduler_lost()
    error = future.exception()
    if isinstance(error, distributed.KilledWorker):
        raise ResourceError(
            "workers died over and over at the same tile",
            value=error,
            remedy="give them more memory or plan for less (--memory), and look into their logs",
        ) from error
    if error is not None:
        raise error
    return future.result()


def _scheduler_lost() -> ResourceError:
    return ResourceError(
        "the Dask scheduler was lost", remedy="finished tiles are kept: run again, and it goes on with them"
    )


class _TileMaker(WorkerPlugin):
    """A job on one worker: acquisitions are opened and the model is put on its device once."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def setup(self, worker: Worker) -> None:
        self._worker = worker
        self._cancel = CancelToken()
        self._lock = Lock()
        self._run: Run | None = None
        self._predictor: Predictor | None = None
        self._writer: StoreWriter | None = None

    def teardown(self, worker: Worker) -> None:
        self._cancel.cancel()

    def plan(self) -> tuple[Workload, Plan]:
        """The run in numbers, planned for the memory of this worker unless the job states one."""
        run = self._opened(self._job.options.memory_bytes or self._budget())
        return run.workload, run.plan

    def embed(self, tile: TileKey, plan: Plan, out: Path) -> _Done:
        """Compute a tile and write it to its place in the store."""
        self._check_fits(plan)
        run = self._opened(plan.memory_bytes)
        writer, predictor = self._joined(run, out)
        writer.write_data(tile, self._compute(run, predictor, tile, plan))
        return _Done(_failures(run.sources))

    def _compute(self, run: Run, predictor: Predictor, tile: TileKey, plan: Plan) -> TileData:
        reader = BlockReader(run.sources, run.workload, run.model.halo, run.model.reach_days)
        builder, data = TileBuilder(predictor, run.workload), None
        for block, cubes in read_blocks(blocks_of(plan, [tile]), reader.read, ahead=run.options.read_ahead):
            self._cancel.check()
            data = builder.add(block, cubes)
        assert data is not None  # the last block of a tile completes it
        return data

    def _opened(self, memory_bytes: int) -> Run:
        with self._lock:
            if self._run is None:
                job, options = self._job, replace(self._job.options, memory_bytes=memory_bytes)
                self._run = prepare_run(job.checkpoint, job.open_sources(), job.grid, job.targets, options)
            return self._run

    def _joined(self, run: Run, out: Path) -> tuple[StoreWriter, Predictor]:
        """The store and the model, once it is sure that this worker makes the same numbers as the others."""
        with self._lock:
            if self._writer is None or self._predictor is None:
                past_only = run.workload.past_only
                self._predictor = Predictor(run.model, run.options.compute, past_only=past_only)
                self._writer = self._attached(run, out)
            return self._writer, self._predictor

    def _attached(self, run: Run, out: Path) -> StoreWriter:
        if not out.exists():
            raise ResourceError(
                "a worker doesn't see the store",
                value=f"{out} on {self._worker.address}",
                remedy="write to a folder that all machines share under the same path",
            )
        try:
            return StoreWriter.attach(out, run.workload.spec)
        except OutputError as error:
            raise ResourceError(
                f"a worker would not make the same store as the others: {error.cause}",
                value=self._worker.address,
                remedy="all machines need the same files, versions and kind of device",
            ) from error

    def _budget(self) -> int:
        limit = self._worker.memory_manager.memory_limit
        return int(min(LARGEST_BUDGET, SHARE_OF_AVAILABLE * limit)) if limit else default_budget()

    def _check_fits(self, plan: Plan) -> None:
        limit, threads = self._worker.memory_manager.memory_limit, self._worker.state.nthreads
        if threads > 1:
            raise ResourceError(
                "a worker computes several tiles at once, with memory planned for one",
                value=f"{threads} threads on {self._worker.address}",
                remedy="start workers with --nthreads 1 (Slurm: as many processes as cores)",
            )
        if limit and plan.memory_bytes > limit:
            raise ResourceError(
                "a worker has too little memory for a tile",
                value=f"{plan.memory_bytes / 1e9:.2f} GB of {limit / 1e9:.2f} GB on {self._worker.address}",
                remedy="give workers more memory, or embed with less (--memory)",
            )


def _planned(name: str) -> tuple[Workload, Plan]:
    return _tile_maker(name).plan()


def _embedded(name: str, tile: TileKey, plan: Plan, out: Path) -> _Done:
    return _tile_maker(name).embed(tile, plan, out)


def _tile_maker(name: str) -> _TileMaker:
    found = distributed.get_worker().plugins.get(name)
    if not isinstance(found, _TileMaker):  # the job was taken from the workers
        raise Cancelled()
    return found


def _failures(sources: Mapping[str, CubeSource]) -> dict[str, str]:
    """Files that could be opened and not read, of all modalities."""
    found: dict[str, str] = {}
    for source in sources.values():
        files = source.source if isinstance(source, ScreenedSource) else source
        found |= files.failures if isinstance(files, LocalSource) else {}
    return found
