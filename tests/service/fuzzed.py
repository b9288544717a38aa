"""What is fuzzed: a small workspace with a store, labels and a probe, served with kinds of jobs that do nothing.

Their parameters are the real ones; what jobs do with them is for other tests."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from phenolens.engine.grid import Grid
from phenolens.engine.service.jobs.context import JobContext
from phenolens.engine.service.jobs.database import Database
from phenolens.engine.service.jobs.kinds.registry import KINDS as REAL
from phenolens.engine.service.jobs.queue import QueueOptions
from phenolens.engine.service.jobs.states import Job, State
from phenolens.engine.service.workspace import Workspace, private_folder
from phenolens.engine.store_layout import StoreSpec
from phenolens.engine.store_writer import StoreWriter, TileData, TileKey

KINDS = {name: replace(kind, run=lambda _params, _context: {}, gpu=False) for name, kind in REAL.items()}
OPTIONS = QueueOptions(
    cpu_slots=1, kinds="fuzzed:KINDS", environment={"PYTHONPATH": str(Path(__file__).parent)}
)
SIDE, DATES, DIMS = 24, 5, 6
STORE, LABELS, PROBE = "noise.zarr", "labels.geojson", "kind.probe"
JOBS = ("done", "failed", "cancelled", "interrupted")
LEFT, TOP = 600_000, 5_600_000
EXCLUDED = "shutdown|diagnostics"  # the one ends the fuzzing, the other loads PyTorch in a process each time
MOST_S = 20.0
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "allow_header_conformance",
)


def fill(path: Path) -> None:
    """Noise, with pixels that were not seen, at places and days of Belgium's."""
    grid = Grid.from_bounds("EPSG:32631", (LEFT, TOP - 10 * SIDE, LEFT + 10 * SIDE, TOP))
    days = tuple(18_628.0 + 30 * i for i in range(DATES))
    model = {"name": "noise", "sha256": "0" * 64, "family": "dense", "config": {"reach_days": 90.0}}
    record = {"scenes": {"s1": [], "s2": []}, "model": model, "attribution": "Simulated data"}
    spec = StoreSpec(grid, days, DIMS, ("s1", "s2"), "float16", record=record)
    writer, random = StoreWriter.create(path, spec), np.random.default_rng(0)
    for window in grid.tiles(spec.side):
        for first in range(0, DATES, spec.times):
            times = slice(first, first + min(spec.times, DATES - first))
            shape = (times.stop - first, window.height, window.width)
            valid = random.random(shape) < 0.9
            layers = {n: random.integers(0, 9, shape, np.uint8) for n in spec.layers} | {"validity": valid}
            values = random.normal(size=(shape[0], DIMS, *shape[1:])).astype(np.float32)
            writer.write(TileKey(window, times), TileData(spec.encode(values, valid), layers))
    writer.finish()


def labels() -> bytes:
    """Squares of two classes in the store's CRS."""
    features = []
    for number in range(16):
        x, y = LEFT + number % 4 * 60 + 5, TOP - number // 4 * 60 - 35
        ring = [[x, y], [x + 30, y], [x + 30, y + 30], [x, y + 30], [x, y]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": {"kind": "ab"[number % 2]}, "geometry": geometry})
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def job_id(number: int) -> str:
    """Of a job that is in the history from the beginning, in the state of `JOBS`."""
    return f"{number:016x}"


def _history(workspace: Workspace) -> None:
    database = Database(workspace.state / "jobs.sqlite")
    params = REAL["export"].params(store=STORE, dates="all", out="x").model_dump(mode="json")
    for number, state in enumerate(JOBS):
        job = database.add(Job(job_id(number), "export", params)).running()
        fault = None if state == "done" else {"code": state, "cause": state, "value": None, "remedy": ""}
        database.save(job.ended(State(state), result={} if state == "done" else None, error=fault))
        folder = private_folder(workspace.state / "jobs" / job.id)
        (folder / "log.txt").write_text("ä line\n" * 9)
    database.close()


def prepared(root: Path) -> Workspace:
    """A workspace with the store, the labels, a probe of them, and some ended jobs."""
    root.mkdir(exist_ok=True)
    workspace = Workspace(root)
    fill(root / STORE)
    (root / LABELS).write_bytes(labels())
    asked = {"store": STORE, "out": PROBE, "trust": False}
    asked["labels"] = {"file": LABELS, "class_column": "kind", "crs": "EPSG:32631", "when": "2021-01-30"}
    params = REAL["probe-fit"].params.model_validate(asked)
    REAL["probe-fit"].run(params, JobContext(workspace, workspace.state))
    _history(workspace)
    return workspace
