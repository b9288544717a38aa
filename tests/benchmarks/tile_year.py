"""What a Sentinel-2 tile-year and a Germany-year would take, on paper, from unit costs that are measured here.

Measured, in CPU seconds of one thread: the model on a block of 64 × 64 px with the frames and target dates of a year,
and the reading of real files (with screening) per frame. On paper: how many blocks, frames, files and bytes there are.
Times of a GPU are measured where there is one; where there is none, the operations of the model say how long they would
take at a stated rate, which is an estimate and no measurement.

    python tests/benchmarks/tile_year.py [--rounds 3]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import zarr
from affine import Affine
from numcodecs import Blosc
from phenolens.engine.acquisitions.local import open_local
from phenolens.engine.acquisitions.modality import MODALITIES
from phenolens.engine.acquisitions.samples import open_sample
from phenolens.engine.acquisitions.screening import screened
from phenolens.engine.grid import Grid, Window
from phenolens.engine.inference.device import Compute
from phenolens.engine.inference.plan import Plan, Workload, make_plan
from phenolens.engine.inference.runner import RunOptions, embed_area
from phenolens.engine.inference.targets import clear_targets
from phenolens.engine.representation.checkpoint import load_checkpoint
from phenolens.engine.representation.interface import Observations, RepresentationModel
from phenolens.engine.store_layout import StoreDtype, StoreSpec
from torch.utils.flop_counter import FlopCounterMode

FLANDERS = Path(__file__).parents[2] / "../shared/data/flanders_s1s2/00002806639B424A"
SIDE, BLOCK = 10_980, 64
TARGETS = 70
YEAR = np.arange(18_628.0, 18_628.0 + 365)
DAYS = {"s1": YEAR[::3], "s2": YEAR[::2]}  # two Sentinel-1 and two Sentinel-2 orbits
GERMANY_KM2 = 357_600
TILES = GERMANY_KM2 * 1e4 / SIDE**2  # without what neighbouring tiles have in common
GPU_RATES = (1e12, 5e12)
"""Operations a second that small convolutions might sustain on a GPU: assumptions, no measurements."""
READS = {"s1": 2, "s2": 11}  # windows per frame: its bands, and a mask


def cpu_seconds(work: Callable[[], object], rounds: int) -> list[float]:
    taken = []
    for _ in range(rounds + 1):
        before = time.process_time()
        work()
        taken.append(time.process_time() - before)
    return sorted(taken[1:])  # the first one warms up


def model_block(model: RepresentationModel, device: str) -> Callable[[], object]:
    """The model on one block with a year of random frames."""
    side = BLOCK + 2 * model.halo
    observed = {}
    for name, days in DAYS.items():
        values = torch.rand(len(days), len(model.modalities[name].bands), side, side)
        clear = torch.rand(values.shape) > 0.4
        seen = Observations(values, clear, torch.from_numpy(days.copy()), torch.ones(len(days)))
        observed[name] = seen.to(device)
    targets = torch.linspace(YEAR[0], YEAR[-1], TARGETS, dtype=torch.float64).to(device)

    def work() -> None:
        with torch.inference_mode():
            model.embed(observed, targets).values.cpu()

    return work


def operations(model: RepresentationModel) -> int:
    """Floating-point operations of the model on a block, those of matrices and convolutions: they are most."""
    with FlopCounterMode(display=False) as counter:
        model_block(model, "cpu")()
    return int(counter.get_total_flops())


def read_costs(halo: int, rounds: int) -> tuple[str, dict[str, float]]:
    """Median CPU seconds per frame of a block, by modality, of real files in the system's cache."""
    if FLANDERS.is_dir():
        s2 = open_local(sorted(FLANDERS.glob("S2_L2A_*.nc")), MODALITIES["s2"])
        s1 = open_local(sorted(FLANDERS.glob("S1_*.nc")), MODALITIES["s1"], grid=s2.grid)
        title, sources = "Flanders, NetCDF", {"s2": screened(s2), "s1": s1}
    else:
        title, sources = "Romania, NetCDF, S2 alone", {"s2": screened(open_sample("romania").sources["s2"])}
    window = Window(0, 0, BLOCK, BLOCK).grown(halo)
    costs = {}
    for name, source in sources.items():
        taken = cpu_seconds(lambda source=source: source.read(window), rounds)
        costs[name] = statistics.median(taken) / len(source.acquisitions)
    return title, costs


def plan_for(
    model: RepresentationModel, gigabytes: float, dims: int, dtype: StoreDtype
) -> tuple[Plan, Workload]:
    grid = Grid("EPSG:32631", Affine(10, 0, 600_000, 0, -10, 5_700_000), (SIDE, SIDE))
    targets = tuple(np.linspace(YEAR[0], YEAR[-1], TARGETS).tolist())
    work = Workload(StoreSpec(grid, targets, dims, ("s1", "s2"), dtype), DAYS, screened=("s2",))
    return make_plan(model, work, int(gigabytes * 1e9)), work


def print_hours(model: RepresentationModel, rounds: int) -> None:
    torch.set_num_threads(1)
    taken = cpu_seconds(model_block(model, "cpu"), rounds)
    compute = statistics.median(taken)
    title, costs = read_costs(model.halo, rounds)
    reading = sum(costs.get(name, 0) * len(days) for name, days in DAYS.items())
    print(
        f"one block of {BLOCK}² px × {TARGETS} dates, {len(DAYS['s2'])} S2 and {len(DAYS['s1'])} S1 frames, one thread:"
    )
    print(f"  model   {compute:6.2f} CPU s (of {rounds} rounds: {taken[0]:.2f} to {taken[-1]:.2f})")
    per_frame = ", ".join(f"{name} {cost * 1e3:.1f} ms" for name, cost in costs.items())
    print(f"  reading {reading:6.2f} CPU s (per frame {per_frame}; {title})")
    blocks = (-(-SIDE // BLOCK)) ** 2
    print(f"{'':10}{'model':>12}{'reading':>12}  core-hours")
    for name, tiles in (("tile-year", 1.0), ("Germany", TILES)):
        hours = [blocks * tiles * cost / 3600 for cost in (compute, reading)]
        print(f"{name:10}{hours[0]:12,.0f}{hours[1]:12,.0f}")
    if torch.cuda.is_available():
        gpu = load_checkpoint().model.to("cuda")
        work = model_block(gpu, "cuda")
        work()
        start = time.perf_counter()
        for _ in range(rounds):
            work()
        hours = blocks * (time.perf_counter() - start) / rounds / 3600
        print(
            f"the model on {torch.cuda.get_device_name()}: {hours:.2f} h a tile-year, {hours * TILES:.0f} h Germany"
        )
    else:
        count = operations(model)
        print(
            f"GPU: not measured. {count / 1e9:.0f} G operations a block, {count / compute / 1e9:.0f} G/s on this CPU"
        )
        for rate in GPU_RATES:
            hours = blocks * count / rate / 3600
            at = f"if {rate / 1e12:.0f} T/s were sustained"
            print(f"  {at}: {hours:.1f} h a tile-year, {hours * TILES:.0f} h Germany")


def print_storage(model: RepresentationModel) -> None:
    print(f"\n{'dims':>5} {'type':8}{'tile-year':>12}{'Germany':>12}")
    for dims in (7, 16, 32):
        for dtype in ("float16", "int8"):
            plan, work = plan_for(model, 3, dims, dtype)
            size = plan.estimate(work, model).storage_bytes
            print(f"{dims:5} {dtype:8}{size / 1e9:9,.0f} GB{size * TILES / 1e12:9.1f} TB")


def print_compression() -> None:
    """What a compressor would leave: embeddings of a real sample, date by date (zstd, bytes shuffled)."""
    sample = open_sample("romania")
    source = sample.sources["s2"]
    with tempfile.TemporaryDirectory() as folder:
        days = clear_targets(source)[::8]
        for dtype in ("float16", "int8"):
            options = RunOptions(dtype=dtype, dims=16, compute=Compute("cpu"))
            out = Path(folder) / dtype
            embed_area(load_checkpoint(), {"s2": source}, source.grid, days, out, options=options)
            stored = np.ascontiguousarray(zarr.open_array(out / "embedding", mode="r")[...])
            codec = Blosc("zstd", clevel=5, shuffle=Blosc.SHUFFLE)
            left = sum(len(codec.encode(np.ascontiguousarray(date))) for date in stored)
            print(
                f"{dtype}: zstd would leave {left / stored.nbytes:.0%} of the bytes ({len(days)} dates of the sample)"
            )


def print_requests(model: RepresentationModel) -> None:
    print(
        f"\n{'memory':>8}{'block':>7}{'peak':>10}{'tasks':>7}{'values read':>13}{'window reads':>15}{'files':>10}"
    )
    reads = sum(READS[name] * len(days) for name, days in DAYS.items())
    for gigabytes in (2, 3, 8, 24):
        plan, work = plan_for(model, gigabytes, 16, "float16")
        found, blocks = plan.estimate(work, model), (-(-SIDE // plan.block)) ** 2
        arrays = 2 + len(work.spec.layers)
        files = found.tiles * -(-min(plan.batch, TARGETS) // work.spec.times) * arrays
        print(
            f"{gigabytes:5} GB{plan.block:6}²{found.peak_memory_bytes / 1e9:7.1f} GB{found.tiles:7,}"
            f"{found.read_bytes / 1e12:10.1f} TB{blocks * reads / 1e6:13.1f} M{files:10,}"
        )
    print("of a tile-year; 16 dimensions, float16")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    model = load_checkpoint().model
    print_hours(model, rounds)
    print_storage(model)
    print_compression()
    print_requests(model)


if __name__ == "__main__":
    main()
