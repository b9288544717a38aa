"""A small store whose classes, seasons and one change are known."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from phenolens.engine.grid import Grid
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.store_layout import NO_FRAME, StoreSpec
from phenolens.engine.store_writer import StoreWriter, TileData, TileKey

GRID = Grid.from_bounds("EPSG:32631", (600_000, 5_600_000, 600_640, 5_600_480))
DIMS, STEP_DAYS, START = 6, 15, 18_262.5  # from 2020-01-01, noon
CHANGED = slice(10, 22), slice(46, 60)
CHANGE_DATE = 26
CLOUDY = 7
"""Date on which nothing was seen: gap-filled with nonsense, and marked so."""


@dataclass(frozen=True, eq=False)
class Known:
    """A store and what is in it."""

    store: EmbeddingStore
    classes: np.ndarray
    """[y, x] 1 to 3, as on the first date."""


def write_store(
    path: Path, values: np.ndarray, valid: np.ndarray, nearest: np.ndarray, **model
) -> EmbeddingStore:
    """A store of [time, dim, y, x] values and [time, y, x] validity and days to the nearest clear frame."""
    about = {"name": "test", "sha256": "a" * 64, "family": "dense", "config": {}} | model
    days = tuple(START + STEP_DAYS * n for n in range(len(values)))
    record = {"model": about, "scenes": {"s1": [], "s2": []}}
    spec = StoreSpec(GRID, days, values.shape[1], ("s1", "s2"), record=record)
    writer = StoreWriter.create(path, spec)
    count = (nearest != NO_FRAME).astype(np.uint8)
    layers = {"validity": valid, "clear_count_s1": count, "clear_count_s2": count}
    layers |= {"nearest_days_s1": np.zeros_like(nearest), "nearest_days_s2": nearest}
    for window in GRID.tiles(spec.side):
        for start in range(0, len(values), spec.times):
            tile = TileKey(window, slice(start, min(start + spec.times, len(values))))
            at = (tile.times, *window.slices)
            stored = spec.encode(values[at[0], :, at[1], at[2]], valid[at])
            writer.write(tile, TileData(stored, {n: v[at] for n, v in layers.items()}))
    writer.finish()
    return EmbeddingStore(path)


def scene(dates: int = 48) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Values, validity, days to the nearest frame, and classes: three strips, each with its own season."""
    random = np.random.default_rng(3)
    classes = np.ones(GRID.shape, np.int64)
    classes[:, 22:44], classes[:, 44:] = 2, 3
    base, swing = random.normal(size=(2, 4, DIMS))
    turn = 2 * np.pi * STEP_DAYS * np.arange(dates) / 365.25
    profile = base[None] * 2 + np.sin(turn)[:, None, None] * swing[None]  # [time, class, dim]
    now = np.repeat(classes[None], dates, axis=0)
    now[CHANGE_DATE:, *CHANGED] = 1
    values = profile[np.arange(dates)[:, None, None], now].transpose(0, 3, 1, 2)
    values = values + 0.25 * random.normal(size=values.shape)
    valid = random.random((dates, *GRID.shape)) < 0.95
    nearest = np.zeros(valid.shape, np.uint8)
    if dates > CLOUDY:
        values[CLOUDY], nearest[CLOUDY] = random.normal(size=values[CLOUDY].shape) * 3, 60
    return values.astype(np.float32), valid, nearest, classes


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    values, valid, nearest, classes = scene()
    return Known(
        write_store(tmp_path_factory.mktemp("known") / "known.zarr", values, valid, nearest), classes
    )


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> EmbeddingStore:
    """Two dates, nothing valid."""
    values, valid, nearest, _ = scene(2)
    return write_store(tmp_path_factory.mktemp("empty") / "empty.zarr", values, valid & False, nearest)


@pytest.fixture(scope="session")
def single(tmp_path_factory: pytest.TempPathFactory) -> EmbeddingStore:
    """One date."""
    values, valid, nearest, _ = scene(1)
    return write_store(tmp_path_factory.mktemp("single") / "single.zarr", values, valid, nearest)
