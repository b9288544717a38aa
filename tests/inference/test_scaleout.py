"""Embedding on Dask workers: the store is that of one machine, whatever happens to workers, errors and the run."""

import hashlib
import logging
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from phenolens.engine.__main__ import main
from phenolens.engine.commands.scaled import Reopened
from phenolens.engine.commands.sources import SourceFlags
from phenolens.engine.errors import AcquisitionError, Cancelled, ResourceError
from phenolens.engine.inference import scaleout
from phenolens.engine.inference.cluster import ClusterChoice, connected
from phenolens.engine.inference.device import Compute
from phenolens.engine.inference.plan import Plan
from phenolens.engine.inference.runner import RunOptions, embed_area, open_writer, prepare_run
from phenolens.engine.inference.scaleout import embed_on
from phenolens.engine.inference.targets import regular_targets
from phenolens.engine.inference.tile_maker import Job
from phenolens.engine.outline import Outline
from phenolens.engine.progress import CancelToken
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.store_place import Folder
from phenolens.engine.store_writer import StoreWriter

from ..importing import importable

distributed = pytest.importorskip("distributed")

# a killed worker's sockets and tasks are left by distributed to be collected, some time later, and then complain
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("nothing_left"),
]

# least memory, so that an area has several tiles; the values are noise, in which screening would see clouds
OPTIONS = RunOptions(memory_bytes=545_000_000, screen=False, compute=Compute("cpu"))
SAMPLE = Path(__file__).parents[2] / "resources" / "samples" / "romania" / "romania_10m_2019_2021.nc"


def tree_hash(folder):
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        total.update(f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


@pytest.fixture(scope="module")
def jobs():
    """The module of the jobs, where this process and the workers find it."""
    with importable(Path(__file__).parent):
        import cluster_jobs

        yield cluster_jobs


@pytest.fixture(scope="module")
def workers(jobs):
    """A client of two worker processes that may be killed."""
    with connected(ClusterChoice.parse("local:2")) as client:
        yield client


@contextmanager
def threads(number=1, each=1):
    """A client of workers that are threads of this process: started in no time, and never to be killed."""
    with (
        distributed.LocalCluster(
            n_workers=number, threads_per_worker=each, processes=False, dashboard_address="127.0.0.1:0"
        ) as here,
        distributed.Client(here, set_as_default=False) as client,
    ):
        logging.getLogger("distributed.worker").setLevel(logging.CRITICAL)
        yield client


@pytest.fixture
def job(jobs, tmp_path):
    """A job by what its acquisitions do."""
    (tmp_path / "marks").mkdir()

    def make(**how):
        opener = jobs.Opener(tmp_path / "marks", **how)
        targets = regular_targets(jobs.Opener(tmp_path / "marks")(), 3)
        return Job(jobs.MODEL, opener, jobs.GRID, targets, OPTIONS)

    return make


@pytest.fixture(scope="module")
def single(jobs, tmp_path_factory):
    """Hash and number of tiles of the store that one process makes."""
    folder = tmp_path_factory.mktemp("single")
    sources = jobs.Opener(folder)()
    targets = regular_targets(sources, 3)
    embed_area(jobs.MODEL, sources, jobs.GRID, targets, folder / "a.zarr", options=OPTIONS)
    return tree_hash(folder / "a.zarr"), len((folder / "a.zarr" / "finished_tiles").read_text().splitlines())


def test_a_killed_worker_loses_nothing_and_the_store_is_that_of_one_machine(workers, job, single, tmp_path):
    done = []
    embed_on(workers, job(times=1, kill=True), tmp_path / "a.zarr", listener=done.append)
    assert (tmp_path / "marks" / "failed_0").exists()
    assert tree_hash(tmp_path / "a.zarr") == single[0]
    assert done[-1].done == done[-1].total
    assert len(done) == single[1] + 1 >= 5


def test_a_polygon_on_workers_is_that_of_one_machine(job, jobs, tmp_path):
    ring = shapely.Polygon(
        [(600_100, 5_600_050), (600_300, 5_600_050), (602_900, 5_602_950), (600_100, 5_602_800)]
    )
    work = job()
    work = replace(work, options=replace(work.options, outline=Outline(ring)))
    with threads(2) as client:
        embed_on(client, work, tmp_path / "many.zarr")
    sources = work.open_sources()
    embed_area(jobs.MODEL, sources, jobs.GRID, work.targets, tmp_path / "one.zarr", options=work.options)
    assert tree_hash(tmp_path / "many.zarr") == tree_hash(tmp_path / "one.zarr")
    lines = (tmp_path / "one.zarr" / "finished_tiles").read_text().splitlines()
    assert {tuple(line.split()[1:]) for line in lines} == {("0", "0"), ("0", "256"), ("256", "0")}


def test_workers_that_die_over_and_over_end_the_run_and_keep_its_tiles(workers, job, single, tmp_path):
    workers.run_on_scheduler(_fail_after, 0)
    with pytest.raises(ResourceError, match=r"workers died over and over.*--memory"):
        embed_on(workers, job(times=9, kill=True), tmp_path / "a.zarr")
    workers.run_on_scheduler(_fail_after, 3)
    assert not EmbeddingStore(tmp_path / "a.zarr").complete
    kept = len((tmp_path / "a.zarr" / "finished_tiles").read_text().splitlines())
    assert 0 < kept < single[1]
    with threads() as client:
        events = []
        embed_on(client, job(), tmp_path / "a.zarr", listener=events.append)
    assert len(events) == single[1] - kept + 1
    assert tree_hash(tmp_path / "a.zarr") == single[0]


def _fail_after(deaths, dask_scheduler):
    dask_scheduler.allowed_failures = deaths


def test_the_command_with_workers_makes_the_same_store_from_real_data(tmp_path):
    given = ["embed", "--s2", str(SAMPLE), "--s2-as", "s2-dn", "--bounds=22.150,45.204,22.1525,45.2055"]
    given += ["--dates", "every:60", "--memory", "0.6", "--crs", "EPSG:3035", "--json"]
    assert main([*given, "--out", str(tmp_path / "one.zarr")]) == 0
    assert main([*given, "--out", str(tmp_path / "two.zarr"), "--dask", "local:1"]) == 0
    assert tree_hash(tmp_path / "one.zarr") == tree_hash(tmp_path / "two.zarr")
    assert "dask" not in (tmp_path / "two.run.toml").read_text()


def test_acquisitions_are_opened_again_from_their_flags_in_any_folder(tmp_path, monkeypatch):
    flags = SourceFlags(s2=[Path(SAMPLE.name)], s2_as="s2-dn")
    monkeypatch.chdir(SAMPLE.parent)
    from phenolens.engine.commands.sources import gather

    here = gather(flags)
    reopened = Reopened.of(flags, here.grid)
    monkeypatch.chdir(tmp_path)
    there = reopened()["s2"]
    window = replace(here.grid.window, height=5, width=5)
    expected = here.sources["s2"].read(window, [3])
    np.testing.assert_array_equal(there.read(window, [3]).values, expected.values)


def test_an_error_that_passes_is_tried_again(job, single, tmp_path):
    with threads() as client:
        embed_on(client, job(times=2), tmp_path / "a.zarr")
    assert (tmp_path / "marks" / "failed_1").exists()
    assert tree_hash(tmp_path / "a.zarr") == single[0]


def test_an_error_that_stays_comes_back_with_its_value_and_the_tiles_are_kept(job, single, tmp_path):
    with threads() as client:
        with pytest.raises(AcquisitionError, match=r"cut short \[scene_62"):
            embed_on(client, job(times=9), tmp_path / "a.zarr", retries=1)
        assert 0 < len((tmp_path / "a.zarr" / "finished_tiles").read_text().splitlines()) < single[1]
        embed_on(client, job(), tmp_path / "a.zarr")
    assert tree_hash(tmp_path / "a.zarr") == single[0]


def test_a_cancelled_run_keeps_its_tiles_frees_the_workers_and_is_gone_on_with(job, single, tmp_path):
    cancel = CancelToken()
    with threads(2) as client:
        with pytest.raises(Cancelled):
            embed_on(
                client,
                job(),
                tmp_path / "a.zarr",
                cancel=cancel,
                listener=lambda e: e.done and cancel.cancel(),
            )
        plugins = client.run(lambda dask_worker: [n for n in dask_worker.plugins if "phenolens" in n])
        assert not any(plugins.values())
        assert not EmbeddingStore(tmp_path / "a.zarr").complete
        embed_on(client, job(), tmp_path / "a.zarr")
    assert tree_hash(tmp_path / "a.zarr") == single[0]


def test_a_run_cancelled_while_no_worker_has_come_ends_and_leaves_nothing(job, tmp_path):
    cancel = CancelToken()
    cancel.cancel()
    with threads(0) as client, pytest.raises(Cancelled):
        embed_on(client, job(), tmp_path / "a.zarr", cancel=cancel)
    assert not (tmp_path / "a.zarr").exists()


def test_a_lost_scheduler_ends_the_run_and_keeps_its_tiles(job, single, tmp_path):
    with threads() as client, pytest.raises(ResourceError, match="scheduler was lost"):
        embed_on(client, job(), tmp_path / "a.zarr", listener=lambda e: e.done and client.cluster.close())
    assert (tmp_path / "a.zarr" / "finished_tiles").read_text()
    with threads() as client:
        embed_on(client, job(), tmp_path / "a.zarr")
    assert tree_hash(tmp_path / "a.zarr") == single[0]


def test_a_run_that_finished_no_tile_leaves_no_store(job, tmp_path):
    with (
        threads(each=2) as client,
        pytest.raises(ResourceError, match=r"several tiles at once.*--nthreads 1"),
    ):
        embed_on(client, job(), tmp_path / "a.zarr", retries=0)
    assert not (tmp_path / "a.zarr").exists()


def test_a_worker_that_finds_other_files_takes_no_part(job, tmp_path):
    with threads(2) as client, pytest.raises(ResourceError, match=r"not make the same store.*another scenes"):
        embed_on(client, job(vary=True), tmp_path / "a.zarr", retries=0)


def test_a_worker_that_does_not_see_the_store_says_so(job, tmp_path, monkeypatch):
    def elsewhere(run, out, overwrite):
        writer = open_writer(run, out, overwrite)
        writer.place = Folder(Path("/nowhere/a.zarr"))
        return writer

    monkeypatch.setattr(scaleout, "open_writer", elsewhere)
    with threads() as client, pytest.raises(ResourceError, match="doesn't see the store"):
        embed_on(client, job(), tmp_path / "a.zarr", retries=0)


def test_no_file_of_the_store_belongs_to_two_tiles(job):
    work = job()
    run = prepare_run(work.checkpoint, work.open_sources(), work.grid, work.targets, OPTIONS)
    spec, seen = run.workload.spec, set()
    for block, batch in ((64, 8), (256, 16), (512, 24)):
        seen.clear()
        for tile in Plan(max(block, spec.side), block, batch, 0).tiles(run.workload):
            window, times = tile.window, tile.times
            shards = {
                (t // spec.times, y // spec.side, x // spec.side)
                for t in range(times.start, times.stop)
                for y in (window.row, window.row + window.height - 1)
                for x in (window.col, window.col + window.width - 1)
            }
            assert not shards & seen
            seen |= shards
    assert len(seen) == 4 * -(-len(spec.days) // spec.times)


def test_a_finished_store_does_not_tell_the_order_of_its_tiles(job, tmp_path):
    work = job()
    run = prepare_run(work.checkpoint, work.open_sources(), work.grid, work.targets, OPTIONS)
    tiles = list(run.plan.tiles(run.workload))
    for name, order in (("a", tiles), ("b", tiles[::-1])):
        writer = StoreWriter.create(tmp_path / name, run.workload.spec)
        for tile in order:
            writer.record(tile)
        writer.finish()
    assert tree_hash(tmp_path / "a") == tree_hash(tmp_path / "b")


def test_a_store_at_an_address_that_is_no_bucket_is_refused(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = ["embed", "--s2", str(SAMPLE), "--s2-as", "s2-dn", "--dates", "2019-07-01"]
    assert main([*given, "--out", "ftp://host/a.zarr"]) == 2
    said = capsys.readouterr().err
    assert "no store can be at this address" in said
    assert "ftp://host/a.zarr" in said
    assert not list(tmp_path.iterdir())
