"""Reads of the service over loopback HTTP, warm: 1,000² px × 100 dates × 16 dims.

Usage: service_reads.py [--workspace DIR] [--repeats 15]
Bars: map of a date 60 ms, series 40 ms, lasso over 1 M points 100 ms, probe refit + preview 1 s. Every read is of
another date, window or pixel, so that nothing but opened stores, fitted colours and the page cache is warm; the
lasso is drawn anew on places that a density has shown before, as a person does. A cold date is one that the system
has to read from the disk (Linux). Where other programs run, the best
tells more than the median. With --workspace the store `reads.zarr` in it is kept and used again."""

import argparse
import http.client
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import psutil
from phenolens.engine.client.launch import start, stop
from phenolens.engine.grid import Grid
from phenolens.engine.store_layout import StoreSpec
from phenolens.engine.store_writer import StoreWriter, TileData, TileKey

SIDE, DATES, DIMS, CLASSES = 1_000, 100, 16, 9
NAME = "reads.zarr"
Answer = tuple[bytes, dict[str, str]]
Ask = Callable[..., Answer]


def fill(path: Path, dates: int = DATES) -> None:
    """Noise around class centres in blocks of 25 px, so that probes have something to tell apart."""
    grid = Grid.from_bounds("EPSG:32631", (600_000, 5_600_000, 600_000 + 10 * SIDE, 5_600_000 + 10 * SIDE))
    days = tuple(18_628.0 + 3.5 * i for i in range(dates))
    model = {"name": "noise", "sha256": "0" * 64, "family": "dense", "config": {"reach_days": 90.0}}
    record = {"scenes": {"s1": [], "s2": []}, "model": model, "attribution": "Simulated data"}
    spec = StoreSpec(grid, days, DIMS, ("s1", "s2"), "float16", record=record)
    writer, random = StoreWriter.create(path, spec), np.random.default_rng(0)
    centres = random.normal(size=(CLASSES, DIMS, 1)).astype(np.float32)
    for window in grid.tiles(spec.side):
        shape = (window.height, window.width)
        blocks = random.integers(0, CLASSES, (shape[0] // 25 + 1, shape[1] // 25 + 1))
        codes = np.kron(blocks, np.ones((25, 25), int))[: shape[0], : shape[1]]
        values = centres[codes.ravel(), :, 0].T.reshape(1, DIMS, *shape)
        for first in range(0, dates, spec.times):
            count = min(spec.times, dates - first)
            noise = 0.5 * random.normal(size=(count, DIMS, *shape)).astype(np.float32)
            valid = random.random((count, *shape)) < 0.98
            layers = {n: random.integers(0, 9, valid.shape, np.uint8) for n in spec.layers} | {
                "validity": valid
            }
            tile = TileKey(window, slice(first, first + count))
            writer.write(tile, TileData(spec.encode(values + noise, valid), layers))
    writer.finish()


def warm(path: Path) -> None:
    """Every file once into the page cache."""
    for file in path.rglob("*"):
        if file.is_file():
            file.read_bytes()


def cool(path: Path) -> None:
    """Every file out of the page cache."""
    for file in path.rglob("*"):
        if file.is_file() and hasattr(os, "posix_fadvise"):
            with file.open("rb") as opened:
                os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@contextmanager
def served(workspace: Path) -> Iterator[Ask]:
    """Ask a service of its own over one kept connection."""
    found = start(workspace)
    connection = http.client.HTTPConnection("127.0.0.1", found.port, timeout=120)
    headers = {"Authorization": f"Bearer {found.token}", "Content-Type": "application/json"}

    def ask(path: str, query: dict[str, Any] | None = None, body: Any = None) -> Answer:
        target = path + (f"?{urlencode(query)}" if query else "")
        content = None if body is None else json.dumps(body)
        connection.request("GET" if body is None else "POST", target, content, headers)
        answer = connection.getresponse()
        read = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{target}: {answer.status} {read[:300].decode()}")
        return read, dict(answer.getheaders())

    try:
        yield ask
    finally:
        connection.close()
        stop(workspace)


class Reads:
    """The reads that are measured, each of a place of its own."""

    def __init__(self, ask: Ask, path: Path) -> None:
        self._ask, self._path = ask, path
        self._times = json.loads(ask("/v1/store", {"store": NAME})[0])["times"]
        self._random = np.random.default_rng(1)

    def _date(self) -> str:
        return str(self._times[self._random.integers(DATES)])

    def map(self, layer: str, form: str = "png", **more: Any) -> int:
        query = {"store": NAME, "layer": layer, "date": self._date(), "format": form, **more}
        return len(self._ask("/v1/map", query)[0])

    def cold_map(self) -> int:
        cool(self._path)
        return self.map("pca")

    def similarity(self) -> int:
        """A search by two pixels, and its map."""
        pixels = self._random.integers(0, SIDE, (2, 2)).tolist()
        body = {"store": NAME, "like": {"pixels": pixels}, "date": self._date()}
        found = json.loads(self._ask("/v1/similarity", body=body)[0])
        return self.map(f"similarity:{found['id']}")

    def tile(self) -> int:
        x, y = (int(v) + int(self._random.integers(4)) for v in (8374, 5534))
        return len(self._ask(f"/v1/tiles/14/{x}/{y}.png", {"store": NAME, "date": self._date()})[0])

    def series(self) -> int:
        pixel = [int(v) for v in self._random.integers(0, SIDE, 2)]
        return len(self._ask("/v1/series", body={"store": NAME, "pixels": [pixel]})[0])

    def polygon(self) -> int:
        x, y = (float(v) for v in self._random.integers(0, SIDE - 40, 2) * 10)
        left, top = 600_000 + x, 5_600_000 + 10 * SIDE - y
        ring = [[left, top], [left + 300, top], [left + 300, top - 300], [left, top - 300], [left, top]]
        polygon = {"type": "Polygon", "coordinates": [ring], "crs": "grid"}
        return len(self._ask("/v1/series", body={"store": NAME, "polygon": polygon})[0])

    def density(self, date: str) -> dict[str, Any]:
        body = {"store": NAME, "method": "pca", "dates": [date]}
        return dict(json.loads(self._ask("/v1/density", body=body)[0]))

    def lasso(self, date: str, extent: list[float]) -> int:
        """A wavy loop of 60 corners somewhere in the picture."""
        angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        radius = (0.2 + 0.15 * self._random.random()) * (1 + 0.2 * np.sin(5 * angle + self._random.random()))
        centre = 0.4 + 0.2 * self._random.random(2)
        x, y = centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)
        left, right, bottom, top = extent
        corners = np.stack([left + x * (right - left), bottom + y * (top - bottom)], axis=1).tolist()
        body = {"store": NAME, "method": "pca", "dates": [date], "corners": corners}
        return len(self._ask("/v1/lasso", body=body)[0])

    def labels(self) -> list[dict[str, Any]]:
        """1,000 pixels of nine classes, each where its block is."""
        query = {
            "store": NAME,
            "layer": "cluster",
            "clusters": CLASSES,
            "date": self._times[0],
            "format": "raw",
        }
        codes = np.frombuffer(self._ask("/v1/map", query)[0], np.uint8).reshape(SIDE, SIDE)[:256, :256]
        found = [np.argwhere(codes == code) for code in range(1, CLASSES + 1)]
        return [
            {"value": n + 1, "pixels": self._random.permutation(places)[:111].tolist()}
            for n, places in enumerate(found)
        ]

    def preview(self, labels: list[dict[str, Any]], estimator: str) -> int:
        """One more label, refit, and the map of all 1,000² px of a date."""
        labels[0]["pixels"].append([int(v) for v in self._random.integers(0, 256, 2)])
        classes = [{"code": n + 1, "name": f"class {n + 1}", "colour": "#804020"} for n in range(CLASSES)]
        response = {"name": "cover", "task": "classification", "classes": classes}
        body = {"store": NAME, "response": response, "labels": labels, "when": self._date()[:10]}
        told = json.loads(self._ask("/v1/probe/preview", body=body | {"recipe": {"estimator": estimator}})[0])
        query = {"store": NAME, "layer": f"probe:{told['id']}", "date": body["when"]}
        return len(self._ask("/v1/map", query)[0])


def measured(read: Callable[[], int], repeats: int, pid: int) -> tuple[float, float, float, int]:
    """Median and best milliseconds, the service's processor time, bytes of the answer; a first one isn't counted."""
    size, taken, before = read(), [], busy(pid)
    for _ in range(repeats):
        begun = time.perf_counter()
        read()
        taken.append(1e3 * (time.perf_counter() - begun))
    return statistics.median(taken), min(taken), (busy(pid) - before) / repeats, size


def busy(pid: int) -> float:
    """Milliseconds that a process has computed so far."""
    spent = psutil.Process(pid).cpu_times()
    return 1e3 * (spent.user + spent.system)


def report(ask: Ask, path: Path, repeats: int) -> None:
    reads, pid = Reads(ask, path), json.loads(ask("/v1/hello")[0])["pid"]
    date = reads._date()
    extent, labels = reads.density(date)["extent"], reads.labels()
    table: list[tuple[str, Callable[[], int], int | None]] = [
        ("map of a date, PCA-RGB, PNG", lambda: reads.map("pca"), 60),
        ("map of a date, PCA-RGB, raw RGBA", lambda: reads.map("pca", "raw"), 60),
        ("map of a date, one dimension, PNG", lambda: reads.map("dim", dim=3), 60),
        ("map of a date, 16 dims, raw float16", lambda: reads.map("embedding", "raw", dim=DIMS), None),
        ("map at every 4th pixel, PCA-RGB, PNG", lambda: reads.map("pca", step=4), None),
        ("tile 256 px, PCA-RGB", reads.tile, None),
        ("series of a pixel, 100 dates × 16 dims", reads.series, 40),
        ("series of a polygon, 30² px sampled to 400", reads.polygon, None),
        ("density of another date, PCA", lambda: len(reads.density(reads._date())), None),
        ("lasso over 1 M points, 60 corners", lambda: reads.lasso(date, extent), 100),
        ("similarity to two pixels + map", reads.similarity, None),
        ("probe refit + map, linear, 1,000 labels", lambda: reads.preview(labels, "linear"), 1_000),
        ("probe refit + map, forest, 1,000 labels", lambda: reads.preview(labels, "forest"), None),
        ("map of a cold date, PCA-RGB, PNG", reads.cold_map, None),
    ]
    print(f"{'read over HTTP':<46}{'median':>9}{'best':>9}{'cpu':>9}{'bar':>10}{'best/bar':>10}{'MB':>8}")
    for name, read, bar in table:
        median, best, cpu, size = measured(read, repeats, pid)
        against = f"{bar:>7} ms{best / bar:>10.2f}" if bar else " " * 20
        print(
            f"{name:<46}{median:>6.0f} ms{best:>6.0f} ms{cpu:>6.0f} ms{against}{size / 1e6:>8.2f}", flush=True
        )
    print(f"memory of the service afterwards: {resident(pid):.0f} MB", flush=True)
    for seconds, what in ((4, "has given back what it freed"), (60, "has let go of what can be read again")):
        time.sleep(seconds)
        print(f"once it {what}: {resident(pid):.0f} MB", flush=True)


def resident(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss / 1e6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--repeats", type=int, default=15)
    given = parser.parse_args()
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; median of {given.repeats}, noise, {SIDE}² px"
    )
    with tempfile.TemporaryDirectory() as folder:
        workspace = given.workspace or Path(folder)
        if not (workspace / NAME).exists():
            fill(workspace / NAME)
        warm(workspace / NAME)
        with served(workspace) as ask:
            report(ask, workspace / NAME, given.repeats)


if __name__ == "__main__":
    main()
