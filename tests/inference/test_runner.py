import errno
import hashlib
import os
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray
from phenolens.engine.errors import AcquisitionError, Cancelled, InputError, OutputError, TargetError
from phenolens.engine.grid import Grid
from phenolens.engine.inference.device import Compute
from phenolens.engine.inference.plan import Plan
from phenolens.engine.inference.predictor import Predictor
from phenolens.engine.inference.runner import RunOptions, embed_area, prepare_run
from phenolens.engine.inference.targets import regular_targets
from phenolens.engine.inference.tiles import BlockReader, blocks_of
from phenolens.engine.progress import CancelToken
from phenolens.engine.representation.checkpoint import Checkpoint
from phenolens.engine.representation.fusion import DenseModel
from phenolens.engine.representation.interface import Observations

# several batches of dates; the values are noise, in which screening would see clouds
SMALL = RunOptions(memory_bytes=524_000_000, screen=False, compute=Compute("cpu"))
DEAD_RUNS = 18


@pytest.fixture
def targets(sources):
    return regular_targets(sources, 3)


def tree_hash(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        total.update(f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def lively_dense_model():
    """A dense model whose corrections, which start at zero, do something."""
    torch.manual_seed(1)
    model = DenseModel().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model


@pytest.mark.parametrize("kind", ["box", "dense"])
def test_tiled_equals_whole(sources, targets, checkpoint, kind):
    model = checkpoint.model if kind == "box" else lively_dense_model()
    run = prepare_run(Checkpoint(model, "m", ""), sources, sources["s1"].grid, targets)
    run = replace(run, plan=Plan(tile=64, block=32, batch=8, memory_bytes=0))
    reader = BlockReader(sources, run.workload, model.halo, model.reach_days)
    predictor = Predictor(model, Compute("cpu"))
    tiled = np.full((len(targets), model.dims, *run.workload.spec.grid.shape), np.nan, np.float32)
    for block in blocks_of(run.plan, list(run.plan.tiles(run.workload)), run.workload):
        at = (block.tile.times, slice(None), *block.window.slices)
        tiled[at], _ = predictor.embed(reader.read(block), targets[block.tile.times])
    window = run.workload.spec.grid.window.grown(model.halo)
    observed = {name: Observations.from_cube(s.read(window)) for name, s in sources.items()}
    whole = model.embed(observed, torch.from_numpy(targets))
    np.testing.assert_allclose(tiled, whole.values.numpy(), atol=1e-5)


def test_the_store_holds_the_models_numbers_and_where_they_come_from(sources, targets, checkpoint, tmp_path):
    store = embed_area(checkpoint, sources, sources["s1"].grid, targets, tmp_path / "a.zarr", options=SMALL)
    window = store.grid.window.grown(3)
    observed = {name: Observations.from_cube(s.read(window)) for name, s in sources.items()}
    expected = checkpoint.model.embed(observed, torch.from_numpy(targets))
    for index in range(len(targets)):
        read = store.read_map(index)
        np.testing.assert_allclose(read.embedding, expected.values[index], rtol=1e-3, atol=1e-4)
        np.testing.assert_array_equal(read.validity, expected.validity[index])
    np.testing.assert_array_equal(store.days, targets)
    assert store.complete
    assert store.model["name"] == "box"
    assert [s["sources"] for s in store.scenes["s1"]][:2] == [["scene_1.0"], ["scene_7.25"]]
    assert store.attributes["attribution"] == "Contains modified Copernicus Sentinel data 2021"


def test_support_layers_count_the_clear_frames_within_reach(sources, targets, checkpoint, tmp_path):
    embed_area(checkpoint, sources, sources["s1"].grid, targets, tmp_path / "a.zarr", options=SMALL)
    opened = xarray.open_zarr(tmp_path / "a.zarr")
    source = sources["s2"]
    days = source.read(source.grid.window).days
    for index in (0, 7, 15, len(targets) - 1):
        distance = np.abs(days - targets[index])
        within = distance <= checkpoint.model.reach_days
        clear = source.validity.any(axis=1) & within[:, None, None]
        np.testing.assert_array_equal(opened["clear_count_s2"][index], clear.sum(axis=0))
        far = np.where(clear, distance[:, None, None], np.inf).min(axis=0)
        expected = np.where(np.isinf(far), 255, np.rint(far))
        np.testing.assert_array_equal(opened["nearest_days_s2"][index].fillna(255), expected)


def test_missed_cloud_is_taken_out_and_the_support_layers_say_so(memory_source, grid, checkpoint, tmp_path):
    source = memory_source(checkpoint.model.modalities["s2"], grid, [0.0, 5, 10, 15, 20])
    source.values[:] = 0.1
    source.validity[:] = True
    source.values[2, :, 20:60, 20:60] = 0.3
    arguments = checkpoint, {"s2": source}, grid, np.array([source.read(grid.window).days[2]])
    nearest = {
        screen: embed_area(*arguments, tmp_path / f"{screen}.zarr", options=replace(SMALL, screen=screen))
        .read_map(0)
        .support["nearest_days_s2"]
        for screen in (False, True)
    }
    assert (nearest[False] == 0).all()
    assert (nearest[True][24:56, 24:56] == 5).all()
    assert (nearest[True][70:] == 0).all()


def test_a_gap_beyond_the_reach_is_not_valid(memory_source, grid, checkpoint, tmp_path):
    source = memory_source(checkpoint.model.modalities["s2"], grid, [0.0, 100.0])
    targets = regular_targets({"s2": source}, 10)
    store = embed_area(checkpoint, {"s2": source}, grid, targets, tmp_path / "a.zarr", options=SMALL)
    assert store.read_map(0).validity.any()
    assert not store.read_map(5).validity.any()
    assert (store.read_map(5).support["nearest_days_s2"] == 255).all()


def test_only_the_leading_dimensions_are_stored_if_asked(sources, targets, checkpoint, tmp_path):
    store = embed_area(
        checkpoint, sources, sources["s1"].grid, targets, tmp_path / "a.zarr", options=replace(SMALL, dims=2)
    )
    assert store.read_map(0).embedding.shape[0] == store.dims == 2


@pytest.mark.parametrize("change", [{"dims": 0}, {"dims": 6}, {"dtype": "float64"}, {"value_range": 0.0}])
def test_storage_that_can_not_be_is_refused(sources, targets, checkpoint, change):
    with pytest.raises(InputError):
        prepare_run(checkpoint, sources, sources["s1"].grid, targets, replace(SMALL, **change))


def test_read_ahead_changes_nothing(sources, targets, checkpoint, tmp_path):
    hashes = set()
    for ahead in (True, False):
        out = tmp_path / f"{ahead}.zarr"
        options = replace(SMALL, read_ahead=ahead)
        embed_area(checkpoint, sources, sources["s1"].grid, targets, out, options=options)
        hashes.add(tree_hash(out))
    assert len(hashes) == 1


class StopAfter:
    """Cancels once some progress was told."""

    def __init__(self, events):
        self.left, self.token, self.events = events, CancelToken(), []

    def __call__(self, event):
        self.events.append(event)
        self.left -= 1
        if self.left == 0:
            self.token.cancel()


def test_a_cancelled_run_keeps_its_tiles_and_is_gone_on_with(sources, targets, checkpoint, tmp_path):
    out, arguments = tmp_path / "a.zarr", (checkpoint, sources, sources["s1"].grid, targets)
    run = prepare_run(*arguments, SMALL)
    tiles = list(run.plan.tiles(run.workload))
    a_tile = sum(1 for _ in run.plan.blocks(tiles[0]))
    stop = StopAfter(a_tile + 3)
    with pytest.raises(Cancelled):
        embed_area(*arguments, out, options=SMALL, listener=stop, cancel=stop.token)
    calls, told = checkpoint.model.calls, []
    embed_area(*arguments, out, options=SMALL, listener=told.append)
    assert told[0].done == 150 * 90 * run.plan.batch
    assert told[0].eta_s is None
    assert told[-1].done == told[-1].total
    resumed = checkpoint.model.calls - calls
    embed_area(*arguments, tmp_path / "fresh.zarr", options=SMALL)
    assert tree_hash(out) == tree_hash(tmp_path / "fresh.zarr")
    fresh = checkpoint.model.calls - calls - resumed
    assert (resumed, fresh) == (a_tile * (len(tiles) - 1), a_tile * len(tiles))
    before = checkpoint.model.calls
    embed_area(*arguments, out, options=SMALL)
    assert checkpoint.model.calls == before


def test_a_run_that_stops_before_its_first_tile_leaves_nothing(sources, targets, checkpoint, tmp_path):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        embed_area(checkpoint, sources, sources["s1"].grid, targets, tmp_path / "a.zarr", cancel=token)
    assert not list(tmp_path.iterdir())


def test_a_run_killed_at_random_points_ends_byte_identical(tmp_path):
    killed, fresh = tmp_path / "killed.zarr", tmp_path / "fresh.zarr"
    script = Path(__file__).with_name("killed_runs.py")
    command = [sys.executable, str(script), str(killed), str(fresh), str(DEAD_RUNS)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert finished.returncode == 0, finished.stderr
    codes = [int(code) for code in finished.stdout.split()]
    assert codes[:DEAD_RUNS].count(-signal.SIGKILL) >= DEAD_RUNS // 2
    assert codes[DEAD_RUNS:] == [0, 0]
    assert tree_hash(killed) == tree_hash(fresh)


def test_a_store_of_other_arguments_is_kept_unless_overwritten(sources, targets, checkpoint, tmp_path):
    out, grid = tmp_path / "a.zarr", sources["s1"].grid
    embed_area(checkpoint, sources, grid, targets, out, options=SMALL)
    before = tree_hash(out)
    other = replace(checkpoint, sha256="1" * 64)
    with pytest.raises(OutputError, match=r"another model.*--overwrite"):
        embed_area(other, sources, grid, targets, out, options=SMALL)
    with pytest.raises(OutputError, match="other target dates"):
        embed_area(checkpoint, sources, grid, targets[1:], out, options=SMALL)
    with pytest.raises(OutputError, match="another run"):
        embed_area(checkpoint, sources, grid, targets, out, options=replace(SMALL, past_only=True))
    assert tree_hash(out) == before
    store = embed_area(other, sources, grid, targets, out, options=SMALL, overwrite=True)
    assert store.model["sha256"] == "1" * 64


def test_a_folder_that_is_no_store_is_never_replaced(sources, targets, checkpoint, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="no embedding store"):
        embed_area(checkpoint, sources, sources["s1"].grid, targets, tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_an_output_below_a_file_is_an_error(sources, targets, checkpoint, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        embed_area(checkpoint, sources, sources["s1"].grid, targets, tmp_path / "file" / "a.zarr")


def test_a_read_only_place_is_an_error(sources, targets, checkpoint, tmp_path, monkeypatch):
    def refuse(path, *_, **__):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(os, "mkdir", refuse)  # root may write anywhere, so that a mode would prove nothing
    with pytest.raises(OutputError, match="read-only"):
        embed_area(checkpoint, sources, sources["s1"].grid, targets, tmp_path / "new" / "a.zarr")


def test_too_small_a_disk_is_said_before_anything_is_read(
    sources, targets, checkpoint, tmp_path, monkeypatch
):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**6, 10**6, 10**5))
    with pytest.raises(OutputError, match=r"not enough room.*0\.00 GB free"):
        embed_area(checkpoint, sources, sources["s1"].grid, targets, tmp_path / "a.zarr")
    assert not list(tmp_path.iterdir())
    assert not sources["s1"].windows


@contextmanager
def files_at_most(size):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_write_that_the_system_refuses_leaves_nothing_behind(sources, targets, checkpoint, tmp_path):
    with files_at_most(50_000), pytest.raises(OutputError, match="larger than is allowed"):
        embed_area(checkpoint, sources, sources["s1"].grid, targets, tmp_path / "a.zarr", options=SMALL)
    assert not list(tmp_path.iterdir())


def test_a_failure_while_reading_keeps_the_finished_tiles(
    sources, targets, checkpoint, tmp_path, monkeypatch
):
    out, read, arguments = (
        tmp_path / "a.zarr",
        sources["s2"].read,
        (checkpoint, sources, sources["s1"].grid, targets),
    )

    def fail_later(window, frames=None):
        if 5 in frames:
            raise AcquisitionError("the file is cut short", value="scene_62.tif")
        return read(window, frames)

    monkeypatch.setattr(sources["s2"], "read", fail_later)
    with pytest.raises(AcquisitionError, match="scene_62"):
        embed_area(*arguments, out, options=SMALL)
    assert xarray.open_zarr(out).attrs["status"] == "partial"
    monkeypatch.undo()
    embed_area(*arguments, out, options=SMALL)
    embed_area(*arguments, tmp_path / "fresh.zarr", options=SMALL)
    assert tree_hash(out) == tree_hash(tmp_path / "fresh.zarr")


def test_acquisitions_that_do_not_fit_are_named(sources, targets, checkpoint, grid):
    elsewhere = Grid.from_bounds("EPSG:32632", grid.bounds)
    with pytest.raises(AcquisitionError, match="another grid"):
        prepare_run(checkpoint, sources, elsewhere, targets)
    with pytest.raises(AcquisitionError, match=r"doesn't know this modality \[s3\]"):
        prepare_run(checkpoint, {"s3": sources["s1"]}, grid, targets)
    with pytest.raises(AcquisitionError, match="other bands"):
        prepare_run(checkpoint, {"s2": sources["s1"]}, grid, targets)
    with pytest.raises(AcquisitionError, match="no acquisitions"):
        prepare_run(checkpoint, {}, grid, targets)
    with pytest.raises(TargetError, match="outside the acquisitions"):
        prepare_run(checkpoint, sources, grid, targets + 1_000)
