"""A small store of noise with gaps, and labelled pixels on it, for tests that need both."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from phenolens.engine.classes import ClassTable
from phenolens.engine.grid import Grid
from phenolens.engine.response import Response
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.store_layout import StoreSpec
from phenolens.engine.store_writer import StoreWriter, TileData, TileKey

GRID = Grid.from_bounds("EPSG:32631", (600_000, 5_600_000, 600_700, 5_600_800))  # 80 × 70 px: 4 chunks
DAYS = tuple(18_262.5 + 5 * i for i in range(73) if not 20 <= i < 30)  # 2020; nothing from 10 April to 25 May
MODEL = {"name": "noise", "sha256": "a" * 64, "config": {"reach_days": 30.0}}
LAND = Response("land cover", "classification", classes=ClassTable.of_names(["forest", "field", "water"]))


def write_store(path, values, validity, model=MODEL, **run):
    """A store of [time, dim, y, x] values on `GRID` and `DAYS`."""
    record = {"model": model, "scenes": {"s1": [], "s2": []}, "run": {"past_only": False, **run}}
    spec = StoreSpec(GRID, DAYS, values.shape[1], ("s1", "s2"), record=record)
    writer = StoreWriter.create(path, spec)
    layers = {name: np.zeros(validity.shape, np.uint8) for name in spec.layers} | {"validity": validity}
    for window in GRID.tiles(spec.side):
        for start in range(0, len(DAYS), spec.times):
            tile = TileKey(window, slice(start, min(start + spec.times, len(DAYS))))
            at = (tile.times, *window.slices)
            stored = spec.encode(values[at[0], :, at[1], at[2]], validity[at])
            writer.write(tile, TileData(stored, {name: layer[at] for name, layer in layers.items()}))
    writer.finish()
    return EmbeddingStore(path)


@pytest.fixture(scope="session")
def noise():
    """[time, dim, y, x] values, exact in float16, and [time, y, x] validity."""
    random = np.random.default_rng(0)
    values = random.normal(size=(len(DAYS), 5, *GRID.shape)).astype(np.float16).astype(np.float32)
    validity = random.random((len(DAYS), *GRID.shape)) < 0.8
    validity[:, 3, 4] = False  # one pixel is never seen
    return values, validity


@pytest.fixture(scope="session")
def noise_store(tmp_path_factory, noise):
    return write_store(tmp_path_factory.mktemp("noise") / "noise.zarr", *noise)


@dataclass(frozen=True)
class Pixels:
    """Labelled pixels, as the label reader hands them over."""

    grid: Grid
    response: Response
    rows: Any
    cols: Any
    y: Any
    group: Any
    start: Any
    end: Any

    def dated(self, start, end=None):
        days = np.full(len(self.rows), start, "datetime64[D]")
        ends = days if end is None else np.full(len(self.rows), end, "datetime64[D]")
        return replace(self, start=days, end=ends)


@pytest.fixture
def labelled():
    """300 pixels anywhere, without dates."""
    random = np.random.default_rng(1)
    rows, cols = (random.integers(0, size, 300) for size in GRID.shape)
    never = np.full(300, "NaT", "datetime64[D]")
    return Pixels(GRID, LAND, rows, cols, random.integers(1, 4, 300), np.arange(300) // 5, never, never)
