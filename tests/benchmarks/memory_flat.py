"""Peak memory of embedding 512² and 2,048² px of a simulated landscape, and the plan of a Sentinel-2 tile-year.

Usage: memory_flat.py [--sides 512 2048] [--days 30] [--dates 6]
Each size runs in a process of its own and streams: acquisitions are simulated window by window.
Bars: the larger at most 20 % above the smaller, both at most 3 GB. The weights are untrained: memory is the same."""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from affine import Affine
from phenolens.engine.acquisitions.simulate import Landscape
from phenolens.engine.grid import Grid
from phenolens.engine.inference.device import Compute
from phenolens.engine.inference.plan import Workload, make_plan
from phenolens.engine.inference.runner import RunOptions, embed_area
from phenolens.engine.inference.targets import regular_targets
from phenolens.engine.representation.checkpoint import Checkpoint
from phenolens.engine.representation.fusion import DenseModel
from phenolens.engine.store_layout import StoreSpec

START = date(2021, 5, 1)
BUDGET = 3_000_000_000


def grid_of(side: int) -> Grid:
    return Grid("EPSG:32631", Affine(10, 0, 600_000, 0, -10, 5_700_000), (side, side))


def embed(side: int, days: int, dates: int) -> None:
    """Embed a square of the landscape and print what it took, as JSON."""
    grid = grid_of(side)
    landscape = Landscape(grid, seed=1, start=START, end=START + timedelta(days=days))
    sources = {name: landscape.source(name) for name in ("s1", "s2")}
    targets = regular_targets(sources, (days - 6) / dates, START + timedelta(days=3))[:dates]
    options = RunOptions(memory_bytes=BUDGET, compute=Compute("cpu"))
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        model = Checkpoint(DenseModel().eval(), "untrained", "")
        embed_area(model, sources, grid, targets, Path(folder) / "out.zarr", options=options)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"peak": peak, "seconds": time.perf_counter() - start, "dates": len(targets)}))


def print_measured(sides: list[int], days: int, dates: int) -> None:
    print(
        f"{'area':>10}{'dates':>7}{'peak memory':>14}{'of smallest':>13}{'of 3 GB':>9}{'pixel-dates/s':>15}"
    )
    first = None
    for side in sides:
        command = [sys.executable, __file__, "--one", str(side), "--days", str(days), "--dates", str(dates)]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(ran.stdout.splitlines()[-1])
        first = first or found["peak"]
        peak, rate = found["peak"], side**2 * found["dates"] / found["seconds"]
        shares = f"{peak / first:>13.2f}{peak / BUDGET:>9.2f}"
        print(f"{side:>9}²{found['dates']:>7}{peak / 1e9:>11.2f} GB{shares}{rate:>15,.0f}", flush=True)


def print_tile_year() -> None:
    """A whole Sentinel-2 tile and year, on paper: two S2 orbits and two S1 satellites, 70 clear dates."""
    year = np.arange(18_628.0, 18_628.0 + 365)
    days = {"s1": year[::3], "s2": year[::2]}
    targets = tuple(np.linspace(year[0], year[-1], 70).tolist())
    work, model = Workload(StoreSpec(grid_of(10_980), targets, 32, ("s1", "s2")), days), DenseModel()
    plan = make_plan(model, work, BUDGET)
    estimate = plan.estimate(work, model)
    print(
        f"\n10,980² px × {len(targets)} dates, {len(days['s2'])} S2 and {len(days['s1'])} S1 acquisitions, on paper:"
    )
    print(f"  {plan}")
    print(f"  {estimate.tiles:,} tiles, {estimate.pixel_dates / 1e9:.2f} G pixel-dates")
    print(
        f"  peak memory {estimate.peak_memory_bytes / 1e9:.2f} GB, store {estimate.storage_bytes / 1e9:,.0f} GB"
    )
    print(f"  cubes read with halo and reach {estimate.read_bytes / 1e12:.2f} TB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sides", type=int, nargs="+", default=[512, 2_048])
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--dates", type=int, default=6)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        embed(options.one, options.days, options.dates)
        return
    print_measured(options.sides, options.days, options.dates)
    print_tile_year()


if __name__ == "__main__":
    main()
