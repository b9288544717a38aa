"""Workers of a Dask cluster beside one process: wall and CPU seconds, whether the stores are equal, one worker killed.

A simulated landscape with an untrained model (speed does not depend on the weights). `one process` is `embed_area`,
with one thread and with as many as there are workers; the rest is `embed_on` with workers of one thread each on this
machine, started before the clock runs. CPU seconds are those of all processes that compute, `busiest` those of the one
that computes most: on a machine with other work on it, they tell more than wall seconds, and the least wall seconds of
all rounds more than the median. `cores` is how much of the machine a run got. The speed-up with a free core for each
worker is at most that of `busiest`.

    python tests/benchmarks/scaleout.py [--side 512] [--dates 2] [--workers 2] [--rounds 3]
"""

import argparse
import hashlib
import logging
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psutil
import torch
from affine import Affine
from phenolens.engine.acquisitions.cube import CubeSource
from phenolens.engine.acquisitions.simulate import Landscape
from phenolens.engine.grid import Grid
from phenolens.engine.inference.cluster import ClusterChoice, connected
from phenolens.engine.inference.device import Compute
from phenolens.engine.inference.runner import RunOptions, embed_area
from phenolens.engine.inference.targets import regular_targets
from phenolens.engine.progress import ProgressEvent
from phenolens.engine.representation.checkpoint import Checkpoint
from phenolens.engine.representation.fusion import DenseModel

START = date(2021, 5, 1)
DAYS = 10
OPTIONS = RunOptions(memory_bytes=1_500_000_000, compute=Compute("cpu"))

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Simulated:
    """Acquisitions of a landscape, opened by whoever needs them."""

    landscape: Landscape

    def __call__(self) -> Mapping[str, CubeSource]:
        return {name: self.landscape.source(name) for name in ("s1", "s2")}


@dataclass
class Took:
    """Wall and CPU seconds of one run, CPU seconds of its busiest process, and a hash of its store."""

    wall: float
    cpu: float
    busiest: float
    store: str


def cpu_seconds() -> dict[int, float]:
    """Of this process and of all below it that live."""
    here = psutil.Process()
    return {p.pid: sum(p.cpu_times()[:2]) for p in (here, *here.children(recursive=True))}


def tree_hash(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        total.update(f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()[:12]


def timed(work: Callable[[Path], object]) -> Took:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "area.zarr"
        cpu, wall = cpu_seconds(), time.perf_counter()
        work(out)
        wall, after = time.perf_counter() - wall, cpu_seconds()
        spent = [seconds - cpu.get(pid, 0.0) for pid, seconds in after.items()]
        return Took(wall, sum(spent), max(spent), tree_hash(out))


def with_threads(number: int, work: Callable[[Path], object]) -> Callable[[Path], object]:
    def threaded(out: Path) -> None:
        torch.set_num_threads(number)
        try:
            work(out)
        finally:
            torch.set_num_threads(1)

    return threaded


class KillOne:
    """Kills a worker process as the first tile is done."""

    def __init__(self) -> None:
        self.killed = 0

    def __call__(self, event: ProgressEvent) -> None:
        if event.done and not self.killed:
            busiest = max(psutil.Process().children(recursive=True), key=lambda p: sum(p.cpu_times()[:2]))
            self.killed = busiest.pid
            busiest.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--dates", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    log.addHandler(logging.StreamHandler())  # how it is getting on
    log.setLevel(logging.INFO)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    grid = Grid("EPSG:32631", Affine(10, 0, 600_000, 0, -10, 5_700_000), (given.side, given.side))
    opener = Simulated(Landscape(grid, seed=1, start=START, end=START + timedelta(days=DAYS)))
    targets = regular_targets(opener(), (DAYS - 6) / given.dates, START + timedelta(days=3))[: given.dates]
    model = Checkpoint(DenseModel().eval(), "untrained", "")

    from phenolens.engine.inference.scaleout import embed_on
    from phenolens.engine.inference.tile_maker import Job

    job = Job(model, opener, grid, targets, OPTIONS)
    killer = KillOne()
    with (
        connected(ClusterChoice.parse("local:1")) as one,
        connected(ClusterChoice.parse(f"local:{given.workers}")) as many,
    ):

        def alone(out: Path) -> object:
            return embed_area(model, opener(), grid, targets, out, options=OPTIONS)

        cases: dict[str, Callable[[Path], object]] = {
            "one process": alone,
            f"one process, {given.workers} threads": with_threads(given.workers, alone),
            "1 worker": lambda out: embed_on(one, job, out),
            f"{given.workers} workers": lambda out: embed_on(many, job, out),
        }
        took: dict[str, list[Took]] = {name: [] for name in cases}
        for _ in range(given.rounds):  # interleaved, so that a busy moment hits all of them
            for name, work in cases.items():
                took[name].append(timed(work))
                log.info("%s: %s", name, took[name][-1])
        lame = f"{given.workers} workers, one killed"
        took[lame] = [timed(lambda out: embed_on(many, job, out, listener=killer))]

    print(
        f"{given.side}² px × {len(targets)} dates, simulated, {given.side**2 // 256**2} windows of 256² px, "
        f"median of {given.rounds} rounds, {os.cpu_count()} cores, load {os.getloadavg()[1]:.1f}"
    )
    print(
        f"{'':24}{'wall s':>8}{'least':>8}{'CPU s':>8}{'cores':>7}{'busiest':>9}"
        f"{'speed-up: wall':>16}{'least':>7}{'busiest':>9}{'equal':>7}"
    )
    first = took["one process"]
    for name, runs in took.items():
        wall, cpu, busiest = (
            statistics.median(getattr(t, w) for t in runs) for w in ("wall", "cpu", "busiest")
        )
        least = min(t.wall for t in runs)
        ratios = (
            statistics.median(t.wall for t in first) / wall,
            min(t.wall for t in first) / least,
            statistics.median(t.busiest for t in first) / busiest,
        )
        equal = {t.store for t in runs} == {first[0].store}
        if name == lame:  # the CPU seconds of a process that was killed are gone with it
            print(f"{name:24}{wall:8.1f}{'':48}{'':16}{equal!s:>7}")
            continue
        print(
            f"{name:24}{wall:8.1f}{least:8.1f}{cpu:8.1f}{cpu / wall:7.2f}{busiest:9.1f}"
            f"{ratios[0]:16.2f}{ratios[1]:7.2f}{ratios[2]:9.2f}{equal!s:>7}"
        )


if __name__ == "__main__":
    main()
