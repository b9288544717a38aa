"""How long a program beside the engine's jobs waits for a processor: with a job's session at the niceness that it takes
by itself, and at none.

Usage: jobs_make_way.py [--rounds 5] [--sample landscape]
Linux alone, where it shares processors out among sessions first (/proc/PID/autogroup). A real job embeds a sample; this
program computes for 20 ms again and again, as a window does that is painted. Both levels of niceness take turns in one
run, on the same job. Prints the median and the worst tenth of the waits, over all rounds."""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import psutil
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.launch import start, stop

COMPUTED_S, PAUSE_S, TURNS = 0.02, 0.01, 60
SETTLED_S = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sample", default="landscape")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        start(workspace)
        try:
            _measure(workspace, asked.sample, asked.rounds)
        finally:
            stop(workspace)


def _measure(workspace: Path, sample: str, rounds: int) -> None:
    with EngineClient.of_workspace(workspace) as engine:
        print(f"without a job: {_told(_waits())}")
        job = engine.jobs.submit("embed", {"sources": {"sample": sample}, "out": "job.zarr"})
        while (found := engine.jobs.get(job.id)).state == "queued" or not found.progress:
            time.sleep(0.1)
        (worker,) = (one for one in psutil.process_iter() if job.id in _command(one))
        own = _niceness(worker.pid)
        waits: dict[int, list[float]] = {0: [], own: []}
        for _ in range(rounds):
            for niceness in waits:
                Path(f"/proc/{worker.pid}/autogroup").write_text(str(niceness), encoding="ascii")
                time.sleep(SETTLED_S)
                waits[niceness] += _waits()
        state = engine.jobs.get(job.id).state
        for niceness, found_waits in waits.items():
            print(f"the job's session at niceness {niceness}: {_told(found_waits)}")
        print(f"the job at the end: {state}")
        engine.jobs.cancel(job.id)


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _niceness(pid: int) -> int:
    """Of a process's session."""
    return int(Path(f"/proc/{pid}/autogroup").read_text(encoding="ascii").split()[-1])


def _waits() -> list[float]:
    """Seconds that this thread didn't have the processor in, each time that it computed."""
    waits = []
    for _ in range(TURNS):
        time.sleep(PAUSE_S)
        begun, computed = time.perf_counter(), time.thread_time()
        while time.thread_time() - computed < COMPUTED_S:
            pass
        waits.append(time.perf_counter() - begun - COMPUTED_S)
    return waits


def _told(waits: list[float]) -> str:
    worst = statistics.quantiles(waits, n=10)[-1]
    median = 1e3 * statistics.median(waits)
    return f"waits {median:.1f} ms (median), {1e3 * worst:.1f} ms (worst tenth) in 20 ms of computing"


if __name__ == "__main__":
    main()
