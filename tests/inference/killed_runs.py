"""Runs of one and the same area that die at random file operations, then one that lives, and a fresh one.

Usage: killed_runs.py KILLED_OUT FRESH_OUT NUMBER. Prints the exit code of every run."""

import os
import random
import signal
import sys
from pathlib import Path

from conftest import BoxModel, MemorySource
from phenolens.engine.acquisitions.modality import SENTINEL1, SENTINEL2
from phenolens.engine.grid import Grid
from phenolens.engine.inference.device import Compute
from phenolens.engine.inference.runner import RunOptions, embed_area
from phenolens.engine.inference.targets import regular_targets
from phenolens.engine.representation.checkpoint import Checkpoint

GRID = Grid.from_bounds("EPSG:32631", (600_000, 5_600_000, 600_700, 5_603_000))  # 300 × 70 px: 2 tiles
OPTIONS = RunOptions(memory_bytes=545_000_000, compute=Compute("cpu"))
FILE_EVENTS = ("open", "os.rename", "os.mkdir", "os.remove", "os.truncate")


def die_at(event_number: int, out: Path) -> None:
    """Kill this process at its n-th file operation in `out` or in the folder that becomes it."""
    left = event_number

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in FILE_EVENTS and out.name in str(arguments[0]):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def run(out: Path, event_number: int) -> int:
    """Exit code of a run in a process of its own; 0 as `event_number` lets it live."""
    child = os.fork()  # nothing has started a thread yet
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if event_number:
        die_at(event_number, out)
    sources = {
        "s1": MemorySource(SENTINEL1, GRID, [1.0, 7.25, 13, 19, 60], seed=2),
        "s2": MemorySource(SENTINEL2, GRID, [0.0, 5, 10, 15, 20, 62], seed=3),
    }
    model = Checkpoint(BoxModel(), "box", "0" * 64)
    embed_area(model, sources, GRID, regular_targets(sources, 3), out, options=OPTIONS)
    os._exit(0)


def main() -> None:
    killed, fresh, number = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    pick = random.Random(7)
    # making a store takes about 130 file operations, gone on with it a tile takes about 40
    points = [pick.randint(5, 170 if dead < number // 3 else 90) for dead in range(number)]
    codes = [run(killed, point) for point in points]
    print(*codes, run(killed, 0), run(fresh, 0))


if __name__ == "__main__":
    main()
