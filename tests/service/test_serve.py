"""`phenolens serve` as a process: one per workspace, ended politely or not, and what the next one finds."""

import json
import os
import signal
import stat
import subprocess
import sys

import psutil
import pytest
from phenolens.engine.service.discovery import FILE_NAME

from .begun import wait_for


def worker_of(service, job):
    children = psutil.Process(service.process.pid).children(recursive=True)
    return next(child for child in children if job in child.cmdline())


def killed(service):
    service.process.kill()
    service.process.wait(timeout=30)


def test_the_discovery_file_is_for_its_user_alone_and_goes_with_the_service(serve):
    service = serve()
    path = service.root / ".phenolens" / FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert service.discovery["pid"] == service.process.pid
    assert len(service.discovery["token"]) >= 32
    assert service.discovery["token"] not in service.said
    service.process.terminate()
    assert service.process.wait(timeout=30) == 0
    assert not path.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_polite_end_leaves_no_worker_and_an_interrupted_job(serve, fifo, number):
    service = serve()
    job = service.ask.submit("hold", fifo=str(fifo), out="a.zarr")
    wait_for(fifo)
    worker = worker_of(service, job)
    service.process.send_signal(number)
    assert service.process.wait(timeout=30) == 0
    assert not worker.is_running()
    again = serve()
    assert again.ask.get(f"/jobs/{job}")["state"] == "interrupted"
    assert (again.root / "a.zarr").is_dir()


def test_a_second_service_on_the_workspace_is_refused_with_the_reason(serve):
    service = serve()
    second = subprocess.run(
        [sys.executable, "-m", "phenolens.engine", "serve", str(service.root), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 2
    error = json.loads(second.stdout)["error"]
    assert (error["code"], error["cause"]) == ("busy", "another service serves this workspace")
    assert str(service.process.pid) in error["value"]
    assert service.ask.get("/hello")["pid"] == service.process.pid


def test_a_killed_service_takes_its_worker_along_and_the_next_one_tells_what_was(serve, fifo, tmp_path):
    service = serve()
    ask = service.ask
    done = ask.run("note", out="done.txt")["id"]
    failed = ask.run("crash")["id"]
    blocks = [ask.submit("hold", fifo=str(fifo), out=f"{n}.zarr") for n in range(2)]
    wait_for(fifo, len(blocks))
    queued = ask.submit("note", out="queued.txt")
    cancelled = ask.submit("note", out="cancelled.txt")
    ask.post(f"/jobs/{cancelled}/cancel")
    workers = [worker_of(service, job) for job in blocks]
    killed(service)
    psutil.wait_procs(workers, timeout=30)
    assert not [worker for worker in workers if worker.is_running()]
    assert (service.root / ".phenolens" / FILE_NAME).exists()  # stale, with the number of a dead process

    again = serve()
    told = {job: again.ask.get(f"/jobs/{job}") for job in (done, failed, cancelled, *blocks)}
    assert [told[job]["state"] for job in told] == [
        "done",
        "failed",
        "cancelled",
        "interrupted",
        "interrupted",
    ]
    assert "went down" in told[blocks[0]]["error"]["cause"]
    assert again.ask.ended(queued)["state"] == "done"
    assert (service.root / "0.zarr").is_dir()
    assert not list(service.root.glob(".*partial*"))
    again.ask.post(f"/jobs/{blocks[0]}/resume")
    wait_for(fifo)
    again.ask.post(f"/jobs/{blocks[0]}/cancel")
    assert again.ask.ended(blocks[0])["attempts"] == 2
    assert not (service.root / "0.zarr").exists()


def test_a_job_that_was_being_cancelled_when_the_service_was_killed_is_cancelled(serve, fifo):
    service = serve()
    job = service.ask.submit("ignore", fifo=str(fifo))
    wait_for(fifo)
    assert service.ask.post(f"/jobs/{job}/cancel")["cancelling"]
    killed(service)
    assert serve().ask.get(f"/jobs/{job}")["state"] == "cancelled"


def test_interrupted_jobs_go_on_by_themselves_if_asked(serve, fifo):
    service = serve()
    job = service.ask.submit("hold", fifo=str(fifo))
    wait_for(fifo)
    killed(service)
    again = serve("--resume")
    wait_for(fifo)
    assert again.ask.get(f"/jobs/{job}")["attempts"] == 2


def test_after_a_reboot_stale_files_keep_nobody_out(serve, fifo):
    """All processes gone at once; their numbers belong to others, and the files are as they were."""
    service = serve()
    job = service.ask.submit("hold", fifo=str(fifo))
    wait_for(fifo)
    worker = worker_of(service, job)
    os.kill(worker.pid, signal.SIGSTOP)  # it can't notice that its service is gone
    killed(service)
    path = service.root / ".phenolens" / FILE_NAME
    path.write_text(json.dumps({**service.discovery, "pid": os.getpid()}))
    again = serve()
    assert again.discovery["pid"] == again.process.pid
    assert again.discovery["token"] != service.discovery["token"]
    assert again.ask.get(f"/jobs/{job}")["state"] == "interrupted"
    assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE


def test_an_idle_service_ends_by_itself_but_not_while_a_job_runs(serve, fifo):
    service = serve("0.5")
    job = service.ask.submit("hold", fifo=str(fifo))
    wait_for(fifo)
    service.ask.client.close()
    with pytest.raises(subprocess.TimeoutExpired):
        service.process.wait(timeout=2)
    worker_of(service, job).kill()
    assert service.process.wait(timeout=30) == 0
    assert not (service.root / ".phenolens" / FILE_NAME).exists()


def test_shutdown_is_answered_and_done(serve):
    service = serve()
    assert service.client.post("/v1/shutdown").status_code == 202
    assert service.process.wait(timeout=30) == 0


@pytest.mark.parametrize("flags", [["--port"], ["--data", "/absent"], ["--idle", "0"]])
def test_what_cannot_be_served_is_said_with_a_way_out(serve, tmp_path, flags):
    (tmp_path / "other").mkdir()
    flags = [*flags, str(serve().discovery["port"])] if flags == ["--port"] else flags
    done = subprocess.run(
        [sys.executable, "-m", "phenolens.engine", "serve", str(tmp_path / "other"), "--json", *flags],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["remedy"]


def test_a_data_folder_is_remembered_and_shown(serve, tmp_path):
    from phenolens.engine.service.workspace import Workspace

    (tmp_path / "scenes").mkdir()
    service = serve()
    Workspace(service.root).add_data_folder(tmp_path / "scenes")
    assert service.ask.get("/diagnostics")["service"]["data_folders"] == [str(tmp_path / "scenes")]


def test_a_service_that_cannot_say_where_it_listens_ends_with_the_reason_alone(tmp_path):
    state = tmp_path / ".phenolens"
    (state / f".{FILE_NAME}.partial").mkdir(parents=True)  # in the way of the file
    state.chmod(0o700)
    command = [sys.executable, "-m", "phenolens.engine", "serve", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2
    assert ended.stderr.startswith("error ")
    assert "Traceback" not in (state / "service.log").read_text()
