"""How an area is cut: tiles that are stored, blocks that are computed, target dates that go together.

Made from numbers alone (days, shape, the model's own account of its memory), so that a whole Sentinel-2 tile
and year can be planned on paper. A tile is a whole number of the store's shards, or one of several blocks.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import psutil

from ..acquisitions.modality import Modality
from ..acquisitions.screening import FRAMES_AT_ONCE, MARGIN, REACH_DAYS
from ..errors import ResourceError
from ..grid import Window
from ..outline import Mask, Outline, around
from ..store_layout import CHUNK_SIDE, StoreSpec
from ..store_writer import TileKey
from .reach import Days, frames_in_reach

LARGEST_BUDGET = 3_000_000_000
SHARE_OF_AVAILABLE = 0.6
PROCESS_BYTES = 500_000_000
"""Python, PyTorch and the libraries, before any pixel."""
BLOCK_SIDES = (16, 32, 64, 128, 256, 512)
CUBE_BYTES = 5
"""A value (float32) and its validity (bool), per band."""
EVIDENCE_BYTES = 60
"""What screening holds per frame and pixel: bands to judge by, neighbours, votes."""
SCALING_BYTES = 16
"""Copies of one modality's values while they are clipped and scaled."""


class ModelOnPaper(Protocol):
    """What planning needs of a model: a `RepresentationModel`, or its configuration alone."""

    @property
    def modalities(self) -> Mapping[str, Modality]: ...

    @property
    def halo(self) -> int: ...

    @property
    def reach_days(self) -> float: ...

    def bytes_per_pixel(self, frames: Mapping[str, int], targets: int) -> float: ...


@dataclass(frozen=True)
class Workload:
    """What a run has to do, as numbers."""

    spec: StoreSpec
    """Grid, target dates, stored dimensions and type."""
    days: Mapping[str, Days]
    """Acquisition days per modality, ascending."""
    past_only: bool = False
    screened: tuple[str, ...] = ()
    """Modalities whose missed cloud is taken out, which reads more frames and a wider margin."""
    outline: Outline | None = None
    """The part of the grid that is embedded; None: all of it."""

    @property
    def targets(self) -> Days:
        return np.array(self.spec.days)

    def frames(self, name: str, times: slice, reach_days: float) -> range:
        """Indices of a modality's acquisitions that some target dates may use."""
        found = frames_in_reach(self.days[name], self.targets[times], reach_days, past_only=self.past_only)
        return range(found.start, found.stop)

    def mask(self, window: Window) -> Mask:
        """Which pixels of a window are embedded, [row, column]."""
        if self.outline is None:
            return np.ones((window.height, window.width), np.bool_)
        return self.outline.mask(self.spec.grid, window)

    def pixels(self, window: Window) -> int:
        """How many pixels of a window are embedded."""
        if self.outline is None:
            return window.height * window.width
        return self.outline.pixels(self.spec.grid, window)

    def pixel_dates(self, tile: TileKey) -> int:
        """Pixels that are embedded × target dates of a tile."""
        dates: int = tile.times.stop - tile.times.start
        return self.pixels(tile.window) * dates


@dataclass(frozen=True)
class Estimate:
    """What a run will take."""

    tiles: int
    """Units that are stored and resumed by."""
    pixel_dates: int
    storage_bytes: int
    """Upper bound: without compression of the layers and without leaving out empty shards."""
    peak_memory_bytes: int
    read_bytes: int
    """Cube values read, decoded: overlaps in space (halo) and time (reach) included."""


@dataclass(frozen=True)
class Plan:
    """Sides in pixels, target dates at once, and the memory that these take."""

    tile: int
    block: int
    batch: int
    memory_bytes: int

    def times(self, dates: int) -> list[slice]:
        return [slice(first, min(first + self.batch, dates)) for first in range(0, dates, self.batch)]

    def tiles(self, workload: Workload) -> Iterator[TileKey]:
        """All tiles that hold anything to embed, in the order in which they are computed."""
        for window in self._windows(workload):
            for times in self.times(len(workload.spec.days)):
                yield TileKey(window, times)

    def blocks(self, tile: TileKey) -> Iterator[Window]:
        """The blocks of a tile, as windows of the grid."""
        height, width = tile.window.height, tile.window.width
        for row, col in itertools.product(range(0, height, self.block), range(0, width, self.block)):
            size = min(self.block, height - row), min(self.block, width - col)
            yield Window(tile.window.row + row, tile.window.col + col, *size)

    def _windows(self, workload: Workload) -> Iterator[Window]:
        return (window for window in workload.spec.grid.tiles(self.tile) if workload.pixels(window))

    def estimate(self, workload: Workload, model: ModelOnPaper) -> Estimate:
        """What the run will take; nothing is read for it."""
        spec, sizes = workload.spec, self._sizes(workload)
        dates, embedding = len(spec.days), np.dtype(spec.dtype).itemsize * spec.dims
        layers = 1 + len(spec.layers)
        return Estimate(
            tiles=sizes.windows * len(self.times(dates)),
            pixel_dates=sizes.pixels * dates,
            storage_bytes=dates * (sizes.in_chunks * embedding + sizes.in_shards * layers),
            peak_memory_bytes=_memory(model, workload, self.block, self.batch),
            read_bytes=int(
                _values_read(model, workload, self.block, self.batch) * sizes.in_blocks * CUBE_BYTES
            ),
        )

    def _sizes(self, workload: Workload) -> "_Sizes":
        rows, cols = workload.spec.grid.shape
        if workload.outline is None:
            windows = -(-rows // self.tile) * -(-cols // self.tile)
            return _Sizes(windows, *[rows * cols] * 4)
        sizes = _Sizes(0, 0, 0, 0, 0)
        for window in self._windows(workload):
            sizes = sizes.with_window(workload, window, self.block)
        return sizes


@dataclass(frozen=True)
class _Sizes:
    """Of the part of a grid that is embedded, in pixels but for the first."""

    windows: int
    """Tiles, whatever their dates."""
    pixels: int
    in_chunks: int
    """Pixels of all chunks that hold any of them, and …"""
    in_shards: int
    in_blocks: int

    def with_window(self, workload: Workload, window: Window, block: int) -> "_Sizes":
        mask, pixels = workload.mask(window), workload.pixels(window)
        whole = pixels == mask.size
        held = [pixels if whole else around(mask, side) for side in (CHUNK_SIDE, workload.spec.side, block)]
        return _Sizes(
            self.windows + 1,
            self.pixels + pixels,
            self.in_chunks + held[0],
            self.in_shards + held[1],
            self.in_blocks + held[2],
        )


def default_budget() -> int:
    """3 GB, or 60 % of the memory that is free now if that is less."""
    return int(min(LARGEST_BUDGET, SHARE_OF_AVAILABLE * psutil.virtual_memory().available))


def make_plan(model: ModelOnPaper, workload: Workload, memory_bytes: int | None = None) -> Plan:
    """The cut with the least repeated work (halo, reach) that keeps to the memory; deterministic.

    `ResourceError` if not even the smallest cut fits."""
    budget = default_budget() if memory_bytes is None else memory_bytes
    batches = _batches(workload.spec)
    fitting: list[tuple[float, int, int]] = []
    cuts = list(itertools.product(_sides(workload.spec), batches))
    for block, batch in cuts:
        if _memory(model, workload, block, batch) <= budget:
            fitting.append((_work(model, workload, block, batch), -block, -batch))
    if not fitting:
        least = min(_memory(model, workload, block, batch) for block, batch in cuts)
        raise ResourceError(
            "the memory does not suffice for the smallest tile",
            value=f"{least / 1e9:.2f} GB needed, {budget / 1e9:.2f} GB allowed",
            remedy="allow more memory, close other programs, or embed fewer dates",
        )
    _, block, batch = min(fitting)
    return Plan(max(-block, workload.spec.side), -block, -batch, _memory(model, workload, -block, -batch))


def _sides(spec: StoreSpec) -> list[int]:
    """Block sides that divide a shard or are a whole number of shards."""
    widest = -(-max(spec.grid.shape) // spec.side) * spec.side
    return [
        s for s in {*BLOCK_SIDES, spec.side} if s <= widest and (spec.side % s == 0 or s % spec.side == 0)
    ]


def _batches(spec: StoreSpec) -> list[int]:
    """Numbers of target dates at once: whole shards in time, doubling, up to all."""
    batches, dates = [], len(spec.days)
    batch = spec.times
    while batch < dates:
        batches.append(batch)
        batch *= 2
    return [*batches, -(-dates // spec.times) * spec.times]


def _frames(
    model: ModelOnPaper, workload: Workload, batch: int, extra_days: float = 0.0
) -> list[dict[str, int]]:
    """Frames per modality, for every batch of target dates."""
    reach, modalities = model.reach_days + extra_days, workload.spec.modalities
    batches = [slice(s, s + batch) for s in range(0, len(workload.spec.days), batch)]
    return [{m: len(workload.frames(m, part, reach)) for m in modalities} for part in batches]


def _work(model: ModelOnPaper, workload: Workload, block: int, batch: int) -> float:
    """Cube values to encode per pixel of the area."""
    return sum(_values(model, workload, batch).values()) * ((block + 2 * model.halo) / block) ** 2


def _values_read(model: ModelOnPaper, workload: Workload, block: int, batch: int) -> float:
    """Cube values to read per pixel of the area."""
    wide = _values(model, workload, batch, extra_days=REACH_DAYS)
    return sum(
        wide[m] * ((block + 2 * (model.halo + MARGIN)) / block) ** 2
        if m in workload.screened
        else values * ((block + 2 * model.halo) / block) ** 2
        for m, values in _values(model, workload, batch).items()
    )


def _values(model: ModelOnPaper, workload: Workload, batch: int, extra_days: float = 0.0) -> dict[str, int]:
    """Values per modality and pixel, without margins, summed over all batches."""
    batches = _frames(model, workload, batch, extra_days)
    return {m: sum(f[m] for f in batches) * len(model.modalities[m].bands) for m in workload.spec.modalities}


def _memory(model: ModelOnPaper, workload: Workload, block: int, batch: int) -> int:
    spec = workload.spec
    bands = {name: len(modality.bands) for name, modality in model.modalities.items()}
    pixels = (block + 2 * model.halo) ** 2
    dates = min(batch, len(spec.days))
    most = 0.0
    for frames in _frames(model, workload, batch):
        values = {m: n * bands[m] for m, n in frames.items()}
        # the block that is computed, as cube and as tensors, and the next one, read ahead
        cubes = 3 * CUBE_BYTES * sum(values.values()) + SCALING_BYTES * max(values.values())
        support = 14 * max(frames.values())
        most = max(most, (cubes + support + model.bytes_per_pixel(frames, dates)) * pixels)
    most += _screening(model, workload, block, batch)
    item = np.dtype(spec.dtype).itemsize * spec.dims + len(spec.layers) + 1
    tile = max(block, spec.side)
    block_results = dates * spec.dims * (4 + 4 + 4) * block**2  # as tensor, as array, as clipped
    tile_results = (dates + 4 * spec.times) * item * tile**2  # and a few times one shard while it is written
    return int(PROCESS_BYTES + most + block_results + tile_results)


def _screening(model: ModelOnPaper, workload: Workload, block: int, batch: int) -> int:
    """Bytes that reading a screened block takes beside the block itself."""
    if not workload.screened:
        return 0
    frames = max(max(f[m] for m in workload.screened) for f in _frames(model, workload, batch, REACH_DAYS))
    bands = max(len(model.modalities[m].bands) for m in workload.screened)
    wide = bands * 2 * CUBE_BYTES * min(frames, FRAMES_AT_ONCE) * (block + 2 * (model.halo + MARGIN)) ** 2
    return int(wide + EVIDENCE_BYTES * frames * (block + 2 * model.halo) ** 2)
