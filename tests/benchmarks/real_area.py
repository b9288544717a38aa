"""The main job on real data: wall time and peak memory of `phenolens embed`, start to end, in a process of its own.

The Flanders area with both sensors where the shared data lie beside the checkout, else the bundled Romanian forest.

    python tests/benchmarks/real_area.py [--rounds 3]
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FLANDERS = Path(__file__).parents[2] / "../shared/data/flanders_s1s2/00002806639B424A"


def acquisitions() -> tuple[str, list[str]]:
    if not FLANDERS.is_dir():
        return "romania, bundled sample, S2 only", ["--sample", "romania"]
    flags = [f for path in sorted(FLANDERS.glob("S2_L2A_*.nc")) for f in ("--s2", str(path))]
    return "Flanders 2806639B424A, S1 + S2", [*flags, "--s1", str(next(FLANDERS.glob("S1_*.nc")))]


def embed(flags: list[str]) -> tuple[float, dict[str, object]]:
    """Seconds, and what the command says of its output."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "area.zarr"
        command = [sys.executable, "-m", "phenolens.engine", "embed", *flags, "--out", str(out), "--json"]
        started = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return time.perf_counter() - started, json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    title, flags = acquisitions()
    for dates in ("clear", "every:5"):
        runs = [embed([*flags, "--dates", dates]) for _ in range(rounds)]
        seconds = statistics.median(s for s, _ in runs)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
        print(f"{title}, --dates {dates}: {seconds:.1f} s (median of {rounds}), peak so far {peak:.2f} GB")
        print(f"  {runs[0][1]['shape']}")


if __name__ == "__main__":
    main()
