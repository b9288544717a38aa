"""Kills of the worker, the service and both in every state of a job; full disks; 200 jobs: nothing may be lost.

Usage: service_robustness.py [--landscape]
Real services (`phenolens serve`) and real jobs on a corner of the real forest sample, or with --landscape on the whole
simulated landscape, which takes many times as long. The 200 jobs are of a kind that only tests have. Prints what was
expected and found; exit code 1 where anything was lost. The full disk needs leave to mount a tmpfs, and is left out
without it."""

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import xarray as xr
import zarr
from phenolens.engine.client import EngineClient, ServiceError, start, stop
from phenolens.engine.client.results import Job

WORKER = "phenolens.engine.service.jobs.worker"
SERVED = Path(__file__).resolve().parent.parent / "service" / "served.py"
SIDE, PATIENCE_S, DISK = 32, 600.0, "80m"
LEFT = ".*partial*", ".writing-*"
# so little memory that there are many tiles, which is what an interrupted run keeps
FOREST = {"dates": "every:2", "start": "2019-02-05", "end": "2020-12-25", "dims": 8, "memory_gb": 0.55}
SHORT = """
[simulated]
train = 1
validation = 1
size = 24
days = 200
""" + "".join(
    f"""
[stages.{stage}]
steps = 60
crops_a_step = 1
check_every = 20
validation_crops = 2
sample_crops = 8
"""
    for stage in ("stage1-s1", "stage1-s2", "stage2")
)
"""A training of a minute, for what becomes of its job alone."""
LANDSCAPE = {"dates": "every:10", "dims": 8, "memory_gb": 0.7}


class Table:
    """What was expected, and what was found."""

    def __init__(self) -> None:
        self.failed = 0

    def row(self, what: str, expected: Any, found: Any) -> None:
        good = expected == found
        self.failed += not good
        told = str(found) if good else f"{found}, not {expected}"
        print(f"{'ok  ' if good else 'LOST'}  {what:<58} {told}", flush=True)

    def note(self, what: str, value: str) -> None:
        print(f"      {what:<58} {value}", flush=True)


class Site:
    """A workspace, its service, and real jobs in it."""

    def __init__(self, root: Path, scenes: Path, embed: dict[str, Any]) -> None:
        self.root, self._scenes, self._embed = root, scenes, embed
        root.mkdir(exist_ok=True)

    def serve(self) -> EngineClient:
        """Start, or start again; the client of it."""
        self.pid = start(self.root, options=["--data", str(self._scenes)], timeout_s=PATIENCE_S).pid
        return EngineClient.of_workspace(self.root)

    def embed(self, client: EngineClient, out: str) -> str:
        return client.jobs.submit("embed", {**self._embed, "out": out}).id

    def tiles(self, out: str) -> int:
        journal = self.root / out / "finished_tiles"
        return len(journal.read_text().splitlines()) if journal.exists() else 0

    def under_way(self, client: EngineClient, job: str, out: str) -> None:
        """Wait until the job has finished two tiles; it must have more."""
        until(lambda: self.tiles(out) >= 2 or client.jobs.get(job).ended)
        if client.jobs.get(job).ended:
            raise SystemExit(f"{out} ended too early: {client.jobs.get(job)}")

    def worker(self, job: str) -> psutil.Process:
        until(lambda: bool(workers(job)))
        return workers(job)[0]

    def kill(self, *, workers_too: bool) -> float:
        """Kill the service; seconds until its workers are gone."""
        mine = [p for p in psutil.Process(self.pid).children() if p in workers()]
        for one in [psutil.Process(self.pid), *(mine if workers_too else [])]:
            one.kill()
        began = time.monotonic()
        awake = [p for p in mine if p.is_running() and p.status() != psutil.STATUS_STOPPED]
        psutil.wait_procs([psutil.Process(self.pid)] if psutil.pid_exists(self.pid) else [], timeout=30)
        psutil.wait_procs(awake, timeout=30)
        return time.monotonic() - began

    def leftovers(self) -> list[str]:
        return sorted(path.name for pattern in LEFT for path in self.root.glob(pattern))

    def shards(self, out: str) -> dict[Path, int]:
        """Files of the embedding, with their times."""
        files = (self.root / out / "embedding" / "c").rglob("*")
        return {path: path.stat().st_mtime_ns for path in files if path.is_file()}

    def same(self, one: str, other: str) -> bool:
        first, second = (zarr.open_group(self.root / name, mode="r") for name in (one, other))
        names = sorted(first.array_keys())
        return names == sorted(second.array_keys()) and all(
            np.array_equal(first[name][...], second[name][...], equal_nan=name == "embedding")
            if first[name].ndim
            else True
            for name in names
        )


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > end:
            raise SystemExit("waited in vain")
        time.sleep(0.05)


def workers(job: str = "") -> list[psutil.Process]:
    """Worker processes, of a job if one is named."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:  # it has just ended
            continue
        if WORKER in words and (not job or job in words):
            found.append(process)
    return found


def kills(table: Table, site: Site) -> None:
    """Every state, then a kill of the service; then of service and workers at once, as a power cut would be."""
    client = site.serve()
    jobs = {"done": site.embed(client, "whole.zarr")}
    client.jobs.wait(jobs["done"]).outcome()
    for state, keep in (("cancelled", False), ("kept", True)):
        jobs[state] = site.embed(client, f"{state}.zarr")
        site.under_way(client, jobs[state], f"{state}.zarr")
        worker = site.worker(jobs[state])
        client.jobs.cancel(jobs[state], keep_partial=keep)
        client.jobs.wait(jobs[state])
        table.row(f"{state}: partial output is there", keep, (site.root / f"{state}.zarr").exists())
        table.row(f"{state}: its process, and its memory, are gone", False, worker.is_running())
    jobs["failed"] = client.jobs.submit("embed", {"sources": {"sample": "atlantis"}, "out": "x.zarr"}).id
    client.jobs.wait(jobs["failed"])
    jobs["interrupted"] = site.embed(client, "interrupted.zarr")
    site.under_way(client, jobs["interrupted"], "interrupted.zarr")
    site.worker(jobs["interrupted"]).kill()
    table.row("worker killed: the job is", "interrupted", client.jobs.wait(jobs["interrupted"]).state)
    jobs["running"] = site.embed(client, "running.zarr")
    site.under_way(client, jobs["running"], "running.zarr")
    jobs["cancelling"] = client.jobs.submit("export", {"store": "whole.zarr", "dates": "all", "out": "e"}).id
    stopped = site.worker(jobs["cancelling"])
    stopped.send_signal(signal.SIGSTOP)
    told = client.jobs.cancel(jobs["cancelling"])
    table.row("while cancelling", (True, "running"), (told.cancelling, told.state))
    jobs["queued"] = site.embed(client, "queued.zarr")
    client.close()
    table.note("orphans end by themselves within", f"{site.kill(workers_too=False):.1f} s")
    client = site.serve()
    ends = {name: name for name in ("done", "cancelled", "failed", "interrupted")}
    ends |= {"running": "interrupted", "cancelling": "cancelled", "kept": "cancelled"}
    table.row(
        "service killed: all jobs are listed", set(jobs.values()), {j.id for j in client.jobs.list().jobs}
    )
    for name, state in ends.items():
        table.row(f"service killed: {name} is", state, client.jobs.get(jobs[name]).state)
    table.row("the worker that could not notice is gone", False, stopped.is_running())
    site.under_way(client, jobs["queued"], "queued.zarr")
    table.row("service killed: queued is", "running", client.jobs.get(jobs["queued"]).state)
    client.close()
    reboot(table, site, jobs["queued"])
    client = site.serve()
    table.row("power cut: running is", "interrupted", client.jobs.get(jobs["queued"]).state)
    table.row("power cut: all jobs are listed", set(jobs.values()), {j.id for j in client.jobs.list().jobs})
    resumed(table, site, client, {name: jobs[name] for name in ("kept", "interrupted", "running", "queued")})
    client.close()


def reboot(table: Table, site: Site, job: str) -> None:
    """Service and workers at once; then their numbers belong to others, and their files are as they were."""
    site.kill(workers_too=True)
    with subprocess.Popen(["sleep", "600"]) as innocent:
        state = site.root / ".phenolens"
        found = json.loads((state / "service.json").read_text())
        (state / "service.json").write_text(json.dumps({**found, "pid": innocent.pid}))
        with sqlite3.connect(state / "jobs.sqlite") as history:
            (content,) = history.execute("select content from jobs where id = ?", (job,)).fetchone()
            content = json.dumps({**json.loads(content), "pid": innocent.pid})
            history.execute("update jobs set content = ? where id = ?", (content, job))
        history.close()
        site.serve().close()
        table.row("another program with the worker's number lives", None, innocent.poll())
        table.row("the stale lock and discovery are taken over", site.pid, _announced(site))
        innocent.kill()


def _announced(site: Site) -> int:
    return int(json.loads((site.root / ".phenolens" / "service.json").read_text())["pid"])


def resumed(table: Table, site: Site, client: EngineClient, jobs: dict[str, str]) -> None:
    for name, job in jobs.items():
        out = f"{name}.zarr"
        before, finished = site.shards(out), site.tiles(out)
        client.jobs.resume(job)
        ended = client.jobs.wait(job)
        table.row(f"{name}: resumed, it is", "done", ended.state)
        table.row(f"{name}: equals the uninterrupted one", True, site.same("whole.zarr", out))
        kept = sum(site.shards(out).get(path) == moment for path, moment in before.items())
        table.row(f"{name}: its {finished} finished tiles were kept", True, kept >= finished >= 2)
    table.row("no temporary files are left", [], site.leftovers())


def each_kind(table: Table, site: Site) -> None:
    """Frozen at its first word of progress: cancelled there, and killed there and resumed."""
    client, labels = site.serve(), _labels(site)
    store = {"store": "whole.zarr"}
    kinds: dict[str, dict[str, Any]] = {
        "export": {**store, "dates": "all", "form": "netcdf"},
        "view": {**store, "show": "dim", "dates": "all"},
        "cluster": {**store, "of": "mean", "count": 3},
        "project": {**store, "method": "pca"},
        "similarity": {**store, "like": {"pixels": [[3, 4]]}, "dates": [labels["when"]]},
        "change": {**store, "parts": 6},
        "probe-fit": {**store, "labels": labels},
        "probe-report": {**store, "labels": labels, "baselines": False},
        "probe-apply": {**store, "probe": "k.probe", "dates": "all", "form": "netcdf"},
        "train": {"recipe": "short.toml", "data": "."},
    }
    (site.root / "short.toml").write_text(SHORT)
    for kind, params in kinds.items():
        out = "k.probe" if kind == "probe-fit" else f"k-{kind}"
        before = {path.name for path in site.root.iterdir()}
        job = _frozen(site, client, kind, {**params, "out": out})
        client.jobs.cancel(job.id)
        job.process.send_signal(signal.SIGCONT)
        ended = client.jobs.wait(job.id)
        new = sorted({path.name for path in site.root.iterdir()} - before)
        left = [out] if kind == "train" else []  # its states, which the same training goes on from
        table.row(f"{kind}: cancelled mid-way, it leaves", ("cancelled", left), (ended.state, new))
        job = _frozen(site, client, kind, {**params, "out": out})
        job.process.kill()
        table.row(f"{kind}: killed mid-way, it is", "interrupted", client.jobs.wait(job.id).state)
        client.jobs.resume(job.id)
        ended = client.jobs.wait(job.id)
        table.row(f"{kind}: resumed, it is", ("done", []), (ended.state, site.leftovers()))
    client.close()


class _Frozen:
    def __init__(self, identity: str, process: psutil.Process) -> None:
        self.id, self.process = identity, process


def _frozen(site: Site, client: EngineClient, kind: str, params: dict[str, Any]) -> _Frozen:
    job = client.jobs.submit(kind, params)
    process = site.worker(job.id)
    for told in client.jobs.follow(job.id):
        if isinstance(told, Job) and told.progress is not None:
            process.send_signal(signal.SIGSTOP)
            break
    if client.jobs.get(job.id).ended:
        raise SystemExit(f"{kind} has told of no progress: {client.jobs.get(job.id)}")
    return _Frozen(job.id, process)


def _labels(site: Site) -> dict[str, Any]:
    group = zarr.open_group(site.root / "whole.zarr", mode="r")
    x, y = (np.asarray(group[name][...]) for name in ("x", "y"))
    day = str(np.asarray(group["time"][...]).astype("datetime64[s]")[3])[:10]
    rows = [f"{x[i]},{y[j]},{'ab'[(i + j) % 2]}" for i in range(0, 30, 3) for j in range(0, 30, 3)]
    (site.root / "labels.csv").write_text("\n".join(["x,y,kind", *rows]))
    crs = json.loads(group.attrs["grid"])["crs"]
    return {"file": "labels.csv", "class_column": "kind", "crs": crs, "when": day}


def damaged(table: Table, site: Site) -> None:
    """Two services on one workspace; then a history that is none."""
    command = [sys.executable, "-m", "phenolens.engine", "serve", str(site.root), "--json"]
    second = subprocess.run(command, capture_output=True, text=True, check=False)
    error = json.loads(second.stdout)["error"]
    table.row("a second service is refused", (2, "busy"), (second.returncode, error["code"]))
    table.row("it is told who holds the workspace", True, str(site.pid) in error["value"])
    site.kill(workers_too=True)
    history = site.root / ".phenolens" / "jobs.sqlite"
    for log in history.parent.glob("jobs.sqlite-*"):
        log.unlink()
    history.write_bytes(os.urandom(50_000))
    with site.serve() as client:
        table.row("a damaged history: the service starts with", 0, len(client.jobs.list().jobs))
        table.row("it tells so", "jobs.sqlite.damaged", client.diagnostics().service["damaged_history"])
    stop(site.root)


def many(table: Table, folder: Path) -> None:
    """200 jobs of four priorities, half of them cancelled while they wait."""
    folder.mkdir()
    service = subprocess.Popen([sys.executable, SERVED, folder], stdout=subprocess.PIPE, text=True)
    assert service.stdout is not None
    service.stdout.readline()
    fifo = folder / "begun"
    os.mkfifo(fifo)
    with EngineClient.of_workspace(folder) as client:
        held = [client.jobs.submit("hold-gpu", {"fifo": str(fifo)}).id]
        fifo.read_text()
        memory, began = psutil.Process(service.pid).memory_info().rss, time.monotonic()
        jobs = [client.jobs.submit("note-gpu", {"out": f"{n}.txt"}, priority=n % 4).id for n in range(200)]
        queued = time.monotonic() - began
        for job in [*jobs[::2], *held]:
            client.jobs.cancel(job)
        ended = [client.jobs.wait(job) for job in jobs]
        took, grown = time.monotonic() - began, psutil.Process(service.pid).memory_info().rss - memory
        states = [job.state for job in ended]
        table.row("200 jobs: cancelled, done", (100, 100), (states.count("cancelled"), states.count("done")))
        ran = sorted((job for job in ended if job.started), key=lambda job: str(job.started))
        order = sorted(ran, key=lambda job: (-job.priority, job.number))
        table.row("they ran in the order of their priorities", True, ran == order)
        table.row("each that ran has its file, no other", 100, len(list(folder.glob("*.txt"))))
        table.row("no worker is left", [], psutil.Process(service.pid).children())
        table.note("queued in, all ended in", f"{queued:.1f} s, {took:.1f} s")
        table.row("the service's memory grew by less than 10 MB", True, grown < 10e6)
        table.note("it grew by", f"{grown / 1e6:.1f} MB")
    service.terminate()
    service.wait()


def full_disk(table: Table, site: Site, reference: Site) -> None:
    client = site.serve()
    job = site.embed(client, "full.zarr")
    site.under_way(client, job, "full.zarr")
    ballast = site.root / "ballast"
    process = site.worker(job)
    process.send_signal(signal.SIGSTOP)
    fill(ballast)
    process.send_signal(signal.SIGCONT)
    ended = client.jobs.wait(job)
    fault = ended.error or {}
    table.row("disk full: the embed is", ("failed", "output"), (ended.state, fault.get("code")))
    table.note("it says", f"{fault.get('cause')}; {fault.get('remedy')}")
    fill(ballast)
    codes = set()
    for number in range(50):  # SQLite has some room left in its files
        try:
            client.jobs.submit(
                "view", {"store": "a.zarr", "show": "pca", "dates": "all", "out": f"v{number}"}
            )
        except ServiceError as error:
            codes.add(error.code)
    table.row("disk full: queueing is refused with", {"output"}, codes)
    table.row("disk full: the service lives", site.pid, client.hello().pid)
    ballast.unlink()
    client.jobs.resume(job)
    table.row("space again: resumed, it is", "done", client.jobs.wait(job).state)
    whole = os.path.relpath(reference.root / "whole.zarr", site.root)
    table.row("it equals the uninterrupted one", True, site.same("full.zarr", whole))
    client.close()
    stop(site.root)
    with sqlite3.connect(site.root / ".phenolens" / "jobs.sqlite") as history:
        table.row("the history is whole", ("ok",), history.execute("pragma integrity_check").fetchone())
    history.close()


def fill(path: Path) -> None:
    """Until nothing more goes onto the disk."""
    for size in (2**20, 4096, 1):
        try:
            with path.open("ab", buffering=0) as file:
                while True:
                    file.write(bytes(size))
        except OSError:
            continue


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A disk of little room at `folder`; whether there is one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder]
    mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=False)


def corner(folder: Path) -> None:
    """A corner of the real forest sample, as a file that a job reads."""
    sample = Path(str(resources.files("phenolens.resources") / "samples" / "romania"))
    with xr.open_dataset(sample / "romania_10m_2019_2021.nc", engine="h5netcdf", decode_cf=False) as whole:
        part = whole.isel(x=slice(0, SIDE), y=slice(0, SIDE)).load()
    for variable in part.variables.values():
        variable.encoding.clear()
    folder.mkdir()
    part.to_netcdf(folder / "forest.nc", engine="h5netcdf")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--landscape", action="store_true", help="the whole simulated landscape")
    landscape: bool = parser.parse_args().landscape
    table, began = Table(), time.monotonic()
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        corner(folder / "scenes")
        files = {"s2": {"paths": [str(folder / "scenes" / "forest.nc")], "stored_as": "s2-dn"}}
        embed = (
            {"sources": {"sample": "landscape"}, **LANDSCAPE} if landscape else {"sources": files, **FOREST}
        )
        site = Site(folder / "workspace", folder / "scenes", embed)
        try:
            kills(table, site)
            each_kind(table, site)
            with small_disk(folder / "disk") as mounted:
                if mounted:
                    full_disk(table, Site(folder / "disk" / "workspace", folder / "scenes", embed), site)
                else:
                    table.note("disk full", "left out: no leave to mount a tmpfs")
            damaged(table, site)
        finally:
            stop(site.root)
        many(table, folder / "many")
    print(f"{table.failed} of it lost, in {time.monotonic() - began:.0f} s")
    return 1 if table.failed else 0


if __name__ == "__main__":
    sys.exit(main())
