"""Reads from an embedding store on a cold page cache: one date of 1,000² px × 16 dims, one pixel × 100 dates.

Usage: store_reads.py [--dims 32] [--dtype float16] [--folder DIR] [--repeats 9]
Bars: a map in at most 100 ms, a series in at most 50 ms; plain zarr-python on the same files stands beside.
On a busy machine the best of the cold reads tells more than their median."""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import zarr
from phenolens.engine.grid import Grid, Window
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.store_layout import StoreSpec
from phenolens.engine.store_writer import StoreWriter, TileData, TileKey

SIDE, DATES, MAP_SIDE, MAP_DIMS = 1_280, 100, 1_000, 16
Read = Callable[[int, int, int], object]


def fill(path: Path, dims: int, dtype: str) -> EmbeddingStore:
    """A store of noise: nothing that a read could profit from."""
    grid = Grid.from_bounds("EPSG:32631", (600_000, 5_600_000, 600_000 + 10 * SIDE, 5_600_000 + 10 * SIDE))
    days = tuple(18_628.0 + 3.5 * i for i in range(DATES))
    spec = StoreSpec(grid, days, dims, ("s1", "s2"), dtype, record={"scenes": {"s1": [], "s2": []}})
    writer, random = StoreWriter.create(path, spec), np.random.default_rng(0)
    values = random.normal(size=(spec.times, dims, spec.side, spec.side)).astype(np.float32)
    validity = np.ones((spec.times, spec.side, spec.side), bool)
    layers = {n: random.integers(0, 9, validity.shape, np.uint8) for n in spec.layers} | {
        "validity": validity
    }
    stored = spec.encode(values, validity)
    for window in grid.tiles(spec.side):
        for start in range(0, DATES, spec.times):
            count = min(spec.times, DATES - start)
            data = TileData(stored[:count], {name: layer[:count] for name, layer in layers.items()})
            writer.write(TileKey(window, slice(start, start + count)), data)
    writer.finish()
    os.sync()
    return EmbeddingStore(path)


def drop_cache(path: Path) -> None:
    for file in path.rglob("*"):
        if file.is_file():
            handle = os.open(file, os.O_RDONLY)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)


def median_and_best_ms(path: Path, read: Read, repeats: int, *, cold: bool) -> tuple[float, float]:
    random, taken = np.random.default_rng(1), []
    for _ in range(repeats):
        place = int(random.integers(DATES)), *(int(v) for v in random.integers(0, SIDE - MAP_SIDE, 2))
        if cold:
            drop_cache(path)
        start = time.perf_counter()
        read(*place)
        taken.append(time.perf_counter() - start)
    return 1e3 * statistics.median(taken), 1e3 * min(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dims", type=int, default=32)
    parser.add_argument("--dtype", default="float16")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "store.zarr"
        store = fill(path, options.dims, options.dtype)
        array = zarr.open_group(path, mode="r")["embedding"]
        reads: dict[str, tuple[Read, int | None]] = {
            "map 1,000² × 16 dims": (
                lambda t, r, c: store.read_map(t, Window(r, c, MAP_SIDE, MAP_SIDE), MAP_DIMS, support=False),
                100,
            ),
            "series × 100 dates": (lambda _, r, c: store.read_series(r, c, support=False), 50),
            "map with support layers": (
                lambda t, r, c: store.read_map(t, Window(r, c, MAP_SIDE, MAP_SIDE), MAP_DIMS),
                None,
            ),
            "series with support layers": (lambda _, r, c: store.read_series(r, c), None),
            "zarr-python: map, embedding only": (
                lambda t, r, c: array[t, :MAP_DIMS, r : r + MAP_SIDE, c : c + MAP_SIDE],
                None,
            ),
            "zarr-python: series, embedding only": (lambda _, r, c: array[:, :, r, c], None),
        }
        print(
            f"{options.dims} dims, {options.dtype}, {SIDE}² px × {DATES} dates, median of {options.repeats}"
        )
        print(f"{'read':<38}{'cold':>8}{'best':>8}{'warm':>8}{'bar':>8}   cold/bar")
        for name, (read, bar) in reads.items():
            cold, best = median_and_best_ms(path, read, options.repeats, cold=True)
            warm, _ = median_and_best_ms(path, read, options.repeats, cold=False)
            against = f"{bar:>5} ms   {cold / bar:.2f}" if bar else ""
            print(f"{name:<38}{cold:>5.0f} ms{best:>5.0f} ms{warm:>5.0f} ms{against}")


if __name__ == "__main__":
    main()
