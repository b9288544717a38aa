"""embed_area: acquisitions → model → embedding store, tile by tile, resumable and cancellable."""

import json
import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from ..acquisitions.cube import CubeSource
from ..acquisitions.screening import ScreenedSource, screened
from ..errors import AcquisitionError, InputError, OutputError
from ..grid import Grid
from ..outline import Outline
from ..progress import CancelToken, Progress, ProgressEvent
from ..representation.checkpoint import Checkpoint
from ..representation.interface import RepresentationModel
from ..store import EmbeddingStore
from ..store_layout import DEFAULT_RANGE, StoreDtype, StoreSpec
from ..store_place import Folder, Place, place_of
from ..store_writer import StoreWriter, TileKey, is_store
from .device import Compute
from .plan import Estimate, Plan, Workload, make_plan
from .predictor import Predictor
from .provenance import record_of
from .reach import Days
from .targets import acquisition_days, check_targets
from .tiles import BlockReader, TileBuilder, blocks_of, read_blocks

log = logging.getLogger(__name__)

Listener = Callable[[ProgressEvent], None]


@dataclass(frozen=True)
class RunOptions:
    """How an area is embedded."""

    dims: int | None = None
    """Leading dimensions to store; None = the model's own `stored_dims`, else all."""
    dtype: StoreDtype = "float16"
    value_range: float | None = None
    """int8 only: clip to ± this; None = the model's own `embedding_range`, else 8."""
    past_only: bool = False
    """Use no acquisition after the target date."""
    screen: bool = True
    """Take out cloud, shadow and snow that the mask of an optical sensor missed (acquisitions/screening.py)."""
    outline: Outline | None = None
    """The part of the grid that is embedded; None: all of it. Tiles beside it are not computed."""
    memory_bytes: int | None = None
    """Peak memory to plan for; None = 3 GB or 60 % of what is free."""
    compute: Compute = field(default_factory=Compute)
    read_ahead: bool = True
    """Read the next block while the model computes."""
    attribution: str | None = None
    """Credit of the data, kept in the store; None = the Copernicus notice, or that the data are simulated."""
    licence: str = "not stated"
    """Licence of the data, kept in the store."""


@dataclass(frozen=True, eq=False)
class Run:
    """A run that is checked and planned, before anything is read or written."""

    model: RepresentationModel
    sources: Mapping[str, CubeSource]
    workload: Workload
    plan: Plan
    options: RunOptions

    @property
    def estimate(self) -> Estimate:
        return self.plan.estimate(self.workload, self.model)


def prepare_run(
    checkpoint: Checkpoint,
    sources: Mapping[str, CubeSource],
    grid: Grid,
    targets: Days,
    options: RunOptions | None = None,
) -> Run:
    """Check the arguments of `embed_area` and plan it; `run.estimate` tells what it will take.

    Raises `AcquisitionError`, `TargetError`, `ResourceError`, `InputError`."""
    options = options or RunOptions()
    model: RepresentationModel = checkpoint.model
    _check_sources(model, sources, grid)
    if options.outline:
        options.outline.check_on(grid)
    targets = check_targets(targets, sources, model.reach_days)
    options.compute.resolve()
    spec = StoreSpec(
        grid,
        tuple(targets.tolist()),
        _dims(options, model),
        tuple(sources),
        options.dtype,
        _value_range(options, model),
        record_of(checkpoint, sources, _settings(options)),
    )
    days = {name: acquisition_days(source) for name, source in sources.items()}
    if options.screen:
        sources = {name: screened(source) for name, source in sources.items()}
    taken_out = tuple(name for name, source in sources.items() if isinstance(source, ScreenedSource))
    workload = Workload(spec, days, options.past_only, taken_out, options.outline)
    plan = make_plan(model, workload, options.memory_bytes)
    spec = replace(spec, notes={"plan": asdict(plan)})
    return Run(model, sources, replace(workload, spec=spec), plan, options)


def embed_area(
    checkpoint: Checkpoint,
    sources: Mapping[str, CubeSource],
    grid: Grid,
    targets: Days,
    out: Path | Place,
    *,
    options: RunOptions | None = None,
    listener: Listener | None = None,
    cancel: CancelToken | None = None,
    overwrite: bool = False,
) -> EmbeddingStore:
    """Embed every pixel of `grid`, or of `options.outline` on it, at every target date and store it at `out`.

    An unfinished store of the same run is gone on with: finished tiles are not computed again. A cancelled or
    failed run keeps its finished tiles; a store that has none is removed. `overwrite` replaces any other
    embedding store, never another folder. Raises what `prepare_run` raises, `OutputError` and `Cancelled`."""
    run = prepare_run(checkpoint, sources, grid, targets, options)
    writer = open_writer(run, out, overwrite)
    try:
        _embed_tiles(run, writer, listener, cancel or CancelToken())
        writer.finish()
    except BaseException:  # also on Ctrl-C: an output without a single tile is no output
        writer.discard_empty()
        raise
    return EmbeddingStore(out)


def _check_sources(model: RepresentationModel, sources: Mapping[str, CubeSource], grid: Grid) -> None:
    if not sources or not any(source.acquisitions for source in sources.values()):
        raise AcquisitionError("there are no acquisitions", remedy="widen the dates or the area")
    for name, source in sources.items():
        if name not in model.modalities:
            known = ", ".join(model.modalities)
            raise AcquisitionError(
                "the model doesn't know this modality", value=name, remedy=f"it knows {known}"
            )
        if source.grid != grid:
            raise AcquisitionError(
                f"the {name} acquisitions lie on another grid",
                value=f"{source.grid.crs} {source.grid.bounds}",
                remedy=f"open them on {grid.crs} {grid.bounds}",
            )
        if source.modality.bands != model.modalities[name].bands:
            raise AcquisitionError(
                f"the {name} acquisitions have other bands than the model",
                value=", ".join(source.modality.bands),
                remedy=f"give {', '.join(model.modalities[name].bands)}",
            )


def _dims(options: RunOptions, model: RepresentationModel) -> int:
    if options.dims is None:
        return int(getattr(model, "stored_dims", model.dims))
    if not 1 <= options.dims <= model.dims:
        raise InputError(
            "the model has no such number of dimensions", value=options.dims, remedy=f"1 to {model.dims}"
        )
    return options.dims


def _value_range(options: RunOptions, model: RepresentationModel) -> float:
    if options.value_range is not None:
        return options.value_range
    return float(getattr(model, "embedding_range", DEFAULT_RANGE))


def _settings(options: RunOptions) -> dict[str, object]:
    """What of the options decides the numbers in the store (memory and read-ahead do not)."""
    device, dtype = options.compute.resolve()
    settings = asdict(replace(options, outline=None))
    for name in ("compute", "memory_bytes", "read_ahead", "outline"):
        del settings[name]
    if options.outline:  # a store of a whole grid says nothing of it, as it never did
        settings["outline"] = options.outline.text
    return {**settings, "device": device.type, "precision": str(dtype).removeprefix("torch.")}


def open_writer(run: Run, out: Path | Place, overwrite: bool) -> StoreWriter:
    """The store of a run: new, gone on with, or in place of another; `OutputError` where it can't be."""
    spec, place = run.workload.spec, place_of(out)
    with place.writing():
        there = place.exists()
    if there and not (overwrite and is_store(place)):
        return StoreWriter.resume(place, spec)
    if isinstance(place, Folder):  # a bucket tells no end
        _check_space(run, place.path)
    if there:
        with place.writing():
            place.remove()
    return StoreWriter.create(place, spec)


def _check_space(run: Run, out: Path) -> None:
    """Refuse a run that can't fit, hours before it would fail; layers and empty shards may take less."""
    there = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    needed = run.estimate.storage_bytes
    if needed > free:
        raise OutputError(
            "the disk has not enough room for the embeddings",
            value=f"{needed / 1e9:.2f} GB needed, {free / 1e9:.2f} GB free at {there}",
            remedy="store fewer dimensions or dates, choose int8, or another disk",
        )


def _embed_tiles(run: Run, writer: StoreWriter, listener: Listener | None, cancel: CancelToken) -> None:
    plan = plan_of(writer)
    workload, model = run.workload, run.model
    tiles = list(plan.tiles(workload))
    open_tiles = [tile for tile in tiles if not writer.is_finished(tile)]
    progress = Progress("embed", sum(map(workload.pixel_dates, tiles)), listener)
    progress.skip(progress.total - sum(map(workload.pixel_dates, open_tiles)))
    reader = BlockReader(run.sources, workload, model.halo, model.reach_days)
    builder = TileBuilder(Predictor(model, run.options.compute, past_only=workload.past_only), workload)
    log.info("%d of %d tiles to do, %s", len(open_tiles), len(tiles), plan)
    blocks = blocks_of(plan, open_tiles, workload)
    for block, cubes in read_blocks(blocks, reader.read, ahead=run.options.read_ahead):
        cancel.check()
        data = builder.add(block, cubes)
        if data is not None:
            writer.write(block.tile, data)
        progress.advance(workload.pixel_dates(TileKey(block.window, block.tile.times)))


def plan_of(writer: StoreWriter) -> Plan:
    """The plan of the store's first run, which all that go on with it keep: other blocks might round otherwise."""
    return Plan(**json.loads(writer.notes["plan"]))
