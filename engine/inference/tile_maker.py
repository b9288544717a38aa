"""What a worker of a Dask cluster does with a run: opens the acquisitions once, computes tiles, writes them.

Needs dask.distributed; only `scaleout` imports this module.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock

import distributed
from distributed import Worker, WorkerPlugin

from ..acquisitions.cube import CubeSource
from ..acquisitions.screening import ScreenedSource
from ..acquisitions.source import LocalSource
from ..errors import Cancelled, OutputError, ResourceError
from ..grid import Grid
from ..progress import CancelToken
from ..representation.checkpoint import Checkpoint
from ..store_place import Place
from ..store_writer import StoreWriter, TileData, TileKey
from .plan import LARGEST_BUDGET, SHARE_OF_AVAILABLE, Plan, Workload, default_budget
from .predictor import Predictor
from .reach import Days
from .runner import Run, RunOptions, prepare_run
from .tiles import BlockReader, TileBuilder, blocks_of, read_blocks


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
class Done:
    """What a worker reports of a tile."""

    failures: Mapping[str, str]
    """Files that the worker could open and not read: file → why."""


class TileMaker(WorkerPlugin):
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

    def embed(self, tile: TileKey, plan: Plan, out: Place) -> Done | None:
        """Compute a tile and write it to its place in the store; None if the job was taken away meanwhile."""
        self._check_fits(plan)
        run = self._opened(plan.memory_bytes)
        writer, predictor = self._joined(run, out)
        try:
            data = self._compute(run, predictor, tile, plan)
        except Cancelled:
            return None
        writer.write_data(tile, data)
        return Done(_failures(run.sources))

    def _compute(self, run: Run, predictor: Predictor, tile: TileKey, plan: Plan) -> TileData:
        reader = BlockReader(run.sources, run.workload, run.model.halo, run.model.reach_days)
        builder, data = TileBuilder(predictor, run.workload), None
        for block, cubes in read_blocks(
            blocks_of(plan, [tile], run.workload), reader.read, ahead=run.options.read_ahead
        ):
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

    def _joined(self, run: Run, out: Place) -> tuple[StoreWriter, Predictor]:
        """The store and the model, once it is sure that this worker makes the same numbers as the others."""
        with self._lock:
            if self._writer is None or self._predictor is None:
                past_only = run.workload.past_only
                self._predictor = Predictor(run.model, run.options.compute, past_only=past_only)
                self._writer = self._attached(run, out)
            return self._writer, self._predictor

    def _attached(self, run: Run, out: Place) -> StoreWriter:
        with out.writing():
            there = out.exists()
        if not there:
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


def planned(name: str) -> tuple[Workload, Plan] | None:
    """Task: the plan of the job with this name, as this worker would make it."""
    maker = _tile_maker(name)
    return maker.plan() if maker else None


def embedded(name: str, tile: TileKey, plan: Plan, out: Place) -> Done | None:
    """Task: a tile of the job with this name, computed and written."""
    maker = _tile_maker(name)
    return maker.embed(tile, plan, out) if maker else None


def _tile_maker(name: str) -> TileMaker | None:
    """None: the job was taken from the workers."""
    found = distributed.get_worker().plugins.get(name)
    return found if isinstance(found, TileMaker) else None


def _failures(sources: Mapping[str, CubeSource]) -> dict[str, str]:
    """Files that could be opened and not read, of all modalities."""
    found: dict[str, str] = {}
    for source in sources.values():
        files = source.source if isinstance(source, ScreenedSource) else source
        found |= files.failures if isinstance(files, LocalSource) else {}
    return found
