"""Computes one tile of the store, block by block, while the next block is being read."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from ..acquisitions.cube import Cube, CubeSource
from ..grid import Window
from ..store_layout import NO_FRAME
from ..store_writer import TileData, TileKey
from .plan import Plan, Workload
from .predictor import Predictor
from .support import support_layers


@dataclass(frozen=True)
class Block:
    """A part of a tile that the model sees at once."""

    tile: TileKey
    window: Window
    last: bool
    """The last one of its tile."""


@dataclass(frozen=True, eq=False)
class BlockReader:
    """Reads the acquisitions within reach of a block, with its halo."""

    sources: Mapping[str, CubeSource]
    workload: Workload
    halo: int
    reach_days: float

    def read(self, block: Block) -> dict[str, Cube]:
        """Cubes of the modalities that have an acquisition within reach."""
        cubes = {}
        for name, source in self.sources.items():
            frames = self.workload.frames(name, block.tile.times, self.reach_days)
            if frames:
                cubes[name] = source.read(block.window.grown(self.halo), frames)
        return cubes


def blocks_of(plan: Plan, tiles: list[TileKey], workload: Workload) -> Iterator[Block]:
    """The blocks of tiles that hold anything to embed."""
    for tile in tiles:
        windows = [window for window in plan.blocks(tile) if workload.pixels(window)]
        for window in windows:
            yield Block(tile, window, window is windows[-1])


def read_blocks(
    blocks: Iterator[Block], read: Callable[[Block], dict[str, Cube]], *, ahead: bool
) -> Iterator[tuple[Block, dict[str, Cube]]]:
    """Blocks with their cubes; with `ahead`, one is read in the background while its predecessor is used."""
    if not ahead:
        yield from ((block, read(block)) for block in blocks)
        return
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as pool:
        before: tuple[Block, Future[dict[str, Cube]]] | None = None
        for block in chain(blocks, [None]):
            reading = (block, pool.submit(read, block)) if block else None
            if before:
                yield before[0], before[1].result()
            before = reading


class TileBuilder:
    """Collects the blocks of a tile in the form in which they are stored."""

    def __init__(self, predictor: Predictor, workload: Workload) -> None:
        self.predictor = predictor
        self.workload = workload
        self._data: TileData | None = None

    def add(self, block: Block, cubes: dict[str, Cube]) -> TileData | None:
        """Compute a block; the tile, once its last block is there."""
        if self._data is None:
            self._data = self._empty(block.tile)
        rows, cols = _within(block.window, block.tile.window)
        embedding, validity = self._embed(block, cubes)
        wanted = self.workload.mask(block.window)
        validity = validity & wanted
        self._data.embedding[..., rows, cols] = self.workload.spec.encode(embedding, validity)
        self._data.layers["validity"][:, rows, cols] = validity
        for name in self.workload.spec.modalities:
            counts, nearest = self._support(block, cubes.get(name))
            self._data.layers[f"clear_count_{name}"][:, rows, cols] = np.where(wanted, counts, 0)
            self._data.layers[f"nearest_days_{name}"][:, rows, cols] = np.where(wanted, nearest, NO_FRAME)
        if not block.last:
            return None
        done, self._data = self._data, None
        return done

    def _embed(
        self, block: Block, cubes: dict[str, Cube]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        spec, targets = self.workload.spec, self.workload.targets[block.tile.times]
        if not cubes:  # a gap in the acquisitions longer than the reach
            shape = (len(targets), spec.dims, block.window.height, block.window.width)
            return np.zeros(shape, np.float32), np.zeros((shape[0], *shape[2:]), np.bool_)
        values, validity = self.predictor.embed(cubes, targets)
        return values[:, : spec.dims], validity

    def _support(
        self, block: Block, cube: Cube | None
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        targets, halo = self.workload.targets[block.tile.times], self.predictor.model.halo
        size = block.window.height, block.window.width
        clear: npt.NDArray[np.bool_] = np.zeros((0, *size), np.bool_)
        days = np.zeros(0)
        if cube is not None:
            rows, cols = slice(halo, halo + size[0]), slice(halo, halo + size[1])
            clear = np.any(cube.validity[:, :, rows, cols], axis=1)
            days = cube.days
        reach = self.predictor.model.reach_days
        return support_layers(clear, days, targets, reach, past_only=self.workload.past_only)

    def _empty(self, tile: TileKey) -> TileData:
        """A tile in which nothing is valid: blocks without anything to embed stay so."""
        spec = self.workload.spec
        dates, size = tile.times.stop - tile.times.start, (tile.window.height, tile.window.width)
        layers: dict[str, npt.NDArray[np.uint8 | np.bool_]] = {"validity": np.zeros((dates, *size), np.bool_)}
        for name in spec.layers:
            unseen = NO_FRAME if name.startswith("nearest_days") else 0
            layers[name] = np.full((dates, *size), unseen, np.uint8)
        nothing = spec.encode(np.zeros((1, 1, 1, 1), np.float32), np.zeros((1, 1, 1), np.bool_))
        return TileData(np.full((dates, spec.dims, *size), nothing.item(), spec.dtype), layers)


def _within(inner: Window, outer: Window) -> tuple[slice, slice]:
    return Window(inner.row - outer.row, inner.col - outer.col, inner.height, inner.width).slices
