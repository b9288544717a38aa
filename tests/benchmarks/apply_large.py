"""A class map of 4,000² px applied and exported from a store that no model filled: time and peak memory.

Usage: apply_large.py [--side 4000] [--dims 16] [--dtype float16] [--probes linear forest] [--all-maps]
The embeddings are structured noise: classes in parcels, spread around a centre each. Every probe runs in a process
of its own. Bar: peak memory at most 3 GB."""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from affine import Affine
from phenolens.engine.classes import ClassTable
from phenolens.engine.grid import Grid, Window
from phenolens.engine.mapping.apply import ApplyOptions, apply_probe
from phenolens.engine.probes.estimators import EstimatorSpec, ProbeRecipe
from phenolens.engine.probes.features import feature_map
from phenolens.engine.probes.fitting import fit_probe
from phenolens.engine.probes.probe import Origin, embedding_names
from phenolens.engine.probes.spec import FeatureSpec
from phenolens.engine.probes.table import Block, SampleTable
from phenolens.engine.response import Response
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.store_layout import StoreSpec
from phenolens.engine.store_writer import StoreWriter, TileData, TileKey

CLASSES = ClassTable.of_names([f"class {number}" for number in range(1, 9)])
DAY = 18_414.0  # 2020-06-01
BUDGET = 3_000_000_000
TILE = 512
SAMPLES = 20_000


def land(window: Window) -> np.ndarray:
    """[y, x] parcels of 37 × 53 px in eight classes."""
    rows, cols = np.mgrid[window.slices]
    return 1 + (rows // 37 * 5 + cols // 53 * 3 + rows // 400) % len(CLASSES)


def fill(path: Path, side: int, dims: int, dtype: str) -> None:
    """A store of one date, with a stripe without valid embeddings."""
    grid = Grid("EPSG:32631", Affine(10, 0, 500_000, 0, -10, 5_700_000), (side, side))
    model = {"name": "no model", "sha256": "0" * 64, "family": "none", "config": {}}
    record = {
        "model": model,
        "scenes": {"s1": [], "s2": []},
        "attribution": "Simulated data, no satellite observed them",
    }
    spec = StoreSpec(grid, (DAY,), dims, ("s1", "s2"), dtype=dtype, record=record)
    random = np.random.default_rng(0)
    centres = random.normal(0, 1, (len(CLASSES) + 1, dims)).astype(np.float32)
    writer = StoreWriter.create(path, spec)
    for window in grid.tiles(TILE):
        size = (window.height, window.width)
        noise = random.standard_normal((dims, *size), dtype=np.float32)
        values = (centres[land(window)].transpose(2, 0, 1) + 0.7 * noise)[None]
        validity = (np.mgrid[window.slices][1] % 1000 > 20)[None]
        layers = {name: np.full((1, *size), 3, np.uint8) for name in spec.layers}
        data = TileData(spec.encode(values, validity), {"validity": validity, **layers})
        writer.write(TileKey(window, slice(0, 1)), data)
    writer.finish()


def fitted(store: EmbeddingStore, estimator: str) -> object:
    """A probe on samples of the first window."""
    window, spec = Window(0, 0, TILE, TILE), FeatureSpec()
    features, valid = feature_map(store, window, spec, "2020-06-01")
    rows, cols = np.nonzero(valid)
    chosen = np.random.default_rng(1).choice(len(rows), SAMPLES, replace=False)
    rows, cols = rows[chosen], cols[chosen]
    blocks = {"embedding": Block(embedding_names(store.dims), features[:, rows, cols].T)}
    response = Response("land cover", "classification", classes=CLASSES)
    table = SampleTable(response, land(window)[rows, cols], blocks)
    return fit_probe(table, ProbeRecipe(spec, EstimatorSpec(estimator)), origin=Origin.of(store))


def apply(folder: Path, estimator: str, all_maps: bool) -> None:
    """Apply one probe and print what it took, as JSON."""
    store = EmbeddingStore(folder / "area.zarr")
    probe = fitted(store, estimator)
    before = peak_memory()
    start = time.perf_counter()
    options = ApplyOptions(layers=None if all_maps else ("class",))
    (applied,) = apply_probe(probe, store, "2020-06-01", folder / estimator, options=options)
    seconds = time.perf_counter() - start
    megabytes = sum(file.stat().st_size for one in applied.files.values() for file in one.files) / 1e6
    found = {"seconds": seconds, "before": before, "peak": peak_memory(), "megabytes": megabytes}
    print(json.dumps({**found, "maps": len(applied.files)}))


def peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=4_000)
    parser.add_argument("--dims", type=int, default=16)
    parser.add_argument("--dtype", default="float16")
    parser.add_argument("--probes", nargs="+", default=["linear", "forest"])
    parser.add_argument("--all-maps", action="store_true")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        apply(options.one, options.probes[0], options.all_maps)
        return
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        fill(Path(folder) / "area.zarr", options.side, options.dims, options.dtype)
        took = time.perf_counter() - start
        print(f"{options.side}² px, {options.dims} × {options.dtype}; store filled in {took:.0f} s")
        print(
            f"{'probe':>10}{'maps':>6}{'time':>9}{'Mpx/s':>8}{'peak memory':>14}{'of 3 GB':>9}{'files':>10}"
        )
        for probe in options.probes:
            command = [sys.executable, __file__, "--one", folder, "--probes", probe]
            command += ["--all-maps"] if options.all_maps else []
            ran = subprocess.run(command, capture_output=True, text=True, check=True)
            found = json.loads(ran.stdout.splitlines()[-1])
            rate, share = options.side**2 / 1e6 / found["seconds"], found["peak"] / BUDGET
            print(
                f"{probe:>10}{found['maps']:>6}{found['seconds']:>7.1f} s{rate:>8.2f}"
                f"{found['peak'] / 1e9:>11.2f} GB{share:>9.2f}{found['megabytes']:>7.1f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
