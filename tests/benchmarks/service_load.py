"""Reads of one service by many clients at once, alone and while a job embeds: how long each waits, and errors.

Usage: service_load.py [--workspace DIR] [--clients 50] [--seconds 30] [--pause 1.0]
Each client is a thread with a connection of its own that asks, looks at the answer for a while (exponential, --pause
seconds on average; 0 = asks again at once) and asks for something else. The job embeds the simulated landscape with
the shipped model in a process of its own. Bar: no error. The clients compute on the same machine as the service."""

import argparse
import os
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.launch import start, stop
from phenolens.engine.client.look import Look
from phenolens.engine.client.probes import Label, LandClass, Predicted
from phenolens.engine.client.projections import Scope, Seeds
from service_reads import SIDE, fill, warm

NAME, DATES = "load.zarr", 20
JOB = {"sources": {"sample": "landscape"}, "dates": "every:5", "out": "job.zarr", "overwrite": True}
Taken = dict[str, list[float]]


class Client(threading.Thread):
    """Asks until it is told to stop, and notes how long each answer took."""

    def __init__(self, workspace: Path, number: int, pause: float, ending: threading.Event) -> None:
        super().__init__(daemon=True)
        self.taken: Taken = defaultdict(list)
        self.errors: list[str] = []
        self._engine = EngineClient.of_workspace(workspace)
        self._random = np.random.default_rng(number)
        self._pause, self._ending = pause, ending
        self._times = self._engine.views.store(NAME).times
        self._search = self._engine.projections.similarity(
            NAME, Seeds(pixels=((10, 10), (500, 500))), date=self._times[0]
        )
        self._kinds: Mapping[str, tuple[int, Callable[[], Any]]] = {
            "map of a date, 500² px": (20, self._map),
            "tile, 256 px": (40, self._tile),
            "series of a pixel": (15, self._series),
            "series of a polygon": (5, self._polygon),
            "lasso over 1 M points": (5, self._lasso),
            "density of a date": (3, self._density),
            "similarity, 500² px": (5, self._similar),
            "probe refit": (2, self._preview),
            "status": (5, self._engine.status),
        }

    def run(self) -> None:
        names, weights = list(self._kinds), np.array([weight for weight, _ in self._kinds.values()], float)
        while not self._ending.wait(self._random.exponential(self._pause) if self._pause else 0):
            name = names[self._random.choice(len(names), p=weights / weights.sum())]
            begun = time.perf_counter()
            try:
                self._kinds[name][1]()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what is counted
                self.errors.append(f"{name}: {error!r}")
            self.taken[name].append(time.perf_counter() - begun)
        self._engine.close()

    @property
    def _day(self) -> str:
        return str(self._times[self._random.integers(DATES)])

    def _window(self) -> tuple[int, int, int, int]:
        row, column = (int(v) for v in self._random.integers(0, SIDE - 500, 2))
        return row, column, 500, 500

    def _map(self) -> bytes:
        return self._engine.views.map_png(NAME, Look(date=self._day), window=self._window())

    def _similar(self) -> bytes:
        look = Look(f"similarity:{self._search.id}", self._day)
        return self._engine.views.map_png(NAME, look, window=self._window())

    def _tile(self) -> bytes:
        x, y = (first + int(self._random.integers(4)) for first in (8374, 5534))
        return self._engine.views.tile(NAME, 14, x, y, Look(date=self._day))

    def _series(self) -> Any:
        row, column = (int(v) for v in self._random.integers(0, SIDE, 2))
        return self._engine.views.series(NAME, pixels=[(row, column)])

    def _polygon(self) -> Any:
        x, y = (float(v) for v in self._random.integers(0, SIDE - 30, 2) * 10)
        left, top = 600_000 + x, 5_600_000 + 10 * SIDE - y
        ring = [[left, top], [left + 300, top], [left + 300, top - 300], [left, top - 300], [left, top]]
        return self._engine.views.series(
            NAME, polygon={"type": "Polygon", "coordinates": [ring], "crs": "grid"}
        )

    def _lasso(self) -> Any:
        x, y, r = (float(v) for v in self._random.random(3) * (4, 4, 2) - (2, 2, 0))
        corners = [[x - r, y - r], [x + r, y - r], [x + r, y + r], [x - r, y + r]]
        return self._engine.projections.lasso(NAME, corners, Scope("pca", dates=(self._times[0],)))

    def _density(self) -> Any:
        return self._engine.projections.density(NAME, Scope("pca", dates=(self._day,)))

    def _preview(self) -> Any:
        classes = tuple(LandClass(code, f"class {code}", "#804020") for code in (1, 2, 3))
        pixels = self._random.integers(0, 256, (3, 60, 2))
        labels = [Label(code + 1, tuple(map(tuple, some.tolist()))) for code, some in enumerate(pixels)]
        asked = Predicted("cover", "classification", classes=classes)
        return self._engine.probes.preview(NAME, asked, labels, self._times[0][:10])


def crowd(workspace: Path, count: int, seconds: float, pause: float) -> tuple[Taken, list[str]]:
    """Let so many clients ask for so long."""
    ending, taken = threading.Event(), defaultdict[str, list[float]](list)
    clients = [Client(workspace, number, pause, ending) for number in range(count)]
    for client in clients:
        client.start()
    time.sleep(seconds)
    ending.set()
    for client in clients:
        client.join()
        for name, times in client.taken.items():
            taken[name] += times
    return taken, [error for client in clients for error in client.errors]


@contextmanager
def embedding(engine: EngineClient) -> Any:
    """A job that embeds meanwhile; it must still run at the end."""
    job = engine.jobs.submit("embed", JOB)
    while (told := engine.jobs.get(job.id)).progress is None:
        if told.state not in ("queued", "running"):
            raise SystemExit(f"the job is {told.state}: {told.error}")
        time.sleep(0.2)
    yield
    ended = engine.jobs.get(job.id)
    done = ended.progress and f"{ended.progress.stage} {ended.progress.done} of {ended.progress.total}"
    print(f"the job meanwhile: {ended.state}, {done}")
    if ended.state == "running":
        engine.jobs.cancel(job.id)
        engine.jobs.wait(job.id)


def report(title: str, taken: Taken, errors: list[str], seconds: float) -> None:
    count = sum(map(len, taken.values()))
    print(f"\n{title}: {count} reads in {seconds:.0f} s, {len(errors)} errors; load {os.getloadavg()[0]:.1f}")
    print(f"{'':<26}{'n':>6}{'p50':>9}{'p95':>9}{'max':>9}")
    for name, times in sorted(taken.items()):
        p50, p95 = np.percentile(times, (50, 95)) * 1e3
        print(f"{name:<26}{len(times):>6}{p50:>6.0f} ms{p95:>6.0f} ms{1e3 * max(times):>6.0f} ms", flush=True)
    for error in sorted(set(errors))[:5]:
        print(f"  {error}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--pause", type=float, default=1.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = given.workspace or Path(folder)
        if not (workspace / NAME).exists():
            fill(workspace / NAME, DATES)
        warm(workspace / NAME)
        start(workspace)
        try:
            measure(workspace, given.clients, given.seconds, given.pause)
        finally:
            stop(workspace)


def measure(workspace: Path, clients: int, seconds: float, pause: float) -> None:
    with EngineClient.of_workspace(workspace) as engine:
        print(
            f"{os.cpu_count()} cores, {clients} clients, {pause:g} s of thought; {SIDE}² px, {DATES} dates, noise"
        )
        crowd(workspace, 2, 5, 0)  # what is fitted once, and the libraries, before anything is measured
        alone, errors = crowd(workspace, clients, seconds, pause)
        report("without a job", alone, errors, seconds)
        with embedding(engine):
            beside, more = crowd(workspace, clients, seconds, pause)
        report("while a job embeds", beside, more, seconds)
        print(f"memory of the service afterwards: {engine.status().memory_mb:.0f} MB")
    if errors or more:
        raise SystemExit(f"{len(errors) + len(more)} reads failed")


if __name__ == "__main__":
    main()
