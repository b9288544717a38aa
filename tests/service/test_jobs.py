"""Jobs from the queue to their end, in all the ways in which they can end."""

import json
import sqlite3
from pathlib import Path

import psutil
import pytest
from phenolens.engine.service.jobs.database import Database

from .begun import wait_for


def sessions_share_processors():
    """Whether the kernel gives each session a share, as Linux may."""
    switch = Path("/proc/sys/kernel/sched_autogroup_enabled")
    return switch.exists() and switch.read_text().strip() == "1"


def partial_files(workspace):
    return [path for path in workspace.root.rglob("*") if "partial" in path.name and path.is_file()]


def test_a_job_is_done_and_says_what_it_has_made(ask, workspace):
    job = ask.run("note", out="deep/note.txt", text="hello")
    assert (job["state"], job["result"]) == ("done", {"file": "deep/note.txt", "attempt": 1})
    assert (workspace.root / "deep" / "note.txt").read_text() == "hello"
    assert job["progress"] == {"stage": "note", "done": 1, "total": 1, "eta_s": 0.0}
    assert job["created"] <= job["started"] <= job["finished"]


def test_what_a_job_prints_goes_to_its_log_and_can_forge_no_result(ask):
    job = ask.run("chat")
    assert job["result"] == {"forged": False}
    log = ask.get(f"/jobs/{job['id']}/log")
    assert log["text"] == '{"result": {"forged": true}}\nand so does Python\n'
    rest = ask.get(f"/jobs/{job['id']}/log", params={"after": 29})
    assert rest == {"text": "and so does Python\n", "next": log["next"]}
    assert ask.get(f"/jobs/{job['id']}/log", params={"after": 10**9})["text"] == ""


@pytest.mark.parametrize(
    ("kind", "params", "state", "code"),
    [
        ("refuse", {}, "failed", "input"),
        ("fault", {}, "failed", "internal"),
        ("fill", {"out": "x.txt"}, "failed", "output"),
        ("crash", {}, "failed", "crash"),
        ("leave", {}, "failed", "crash"),
        ("killed", {}, "interrupted", "interrupted"),
        ("note", {"out": "../x"}, "failed", "path"),
    ],
)
def test_a_job_that_goes_wrong_says_why_and_the_next_one_runs(ask, kind, params, state, code):
    job = ask.run(kind, **params)
    assert (job["state"], job["error"]["code"], job["result"]) == (state, code, None)
    assert job["error"]["cause"]
    assert job["error"]["remedy"]
    assert "secret" not in json.dumps(job)
    assert ask.run("note", out="next.txt")["state"] == "done"


def test_a_full_disk_in_mid_job_is_said_with_a_way_out(ask):
    error = ask.run("fill", out="x.txt")["error"]
    assert error["cause"] == "the disk is full"
    assert "free some space" in error["remedy"]


def test_a_crash_leaves_its_trace_in_the_log(ask):
    job = ask.run("crash")
    assert job["error"]["value"] == "SIGABRT"
    assert "Fatal Python error: Aborted" in ask.get(f"/jobs/{job['id']}/log")["text"]


def test_the_traceback_of_an_unforeseen_error_is_in_the_log_under_its_reference(ask):
    job = ask.run("fault")
    log = ask.get(f"/jobs/{job['id']}/log")["text"]
    assert job["error"]["value"] in log
    assert "RuntimeError: secret-of-the-traceback" in log


def test_a_cancelled_job_takes_its_unfinished_output_with_it(ask, workspace, fifo):
    job = ask.submit("hold", fifo=str(fifo), out="a.zarr")
    wait_for(fifo)
    assert (workspace.root / "a.zarr").is_dir()
    assert ask.post(f"/jobs/{job}/cancel")["state"] in ("running", "cancelled")
    ended = ask.ended(job)
    assert (ended["state"], ended["error"]["code"], ended["cancelling"]) == ("cancelled", "cancelled", False)
    assert ended["progress"]["done"] == 42
    assert not (workspace.root / "a.zarr").exists()
    assert not partial_files(workspace)


def test_a_cancelled_job_takes_the_files_that_it_has_made_and_no_others(ask, workspace, fifo):
    there, changed, made = (workspace.root / f"a-{number}.txt" for number in range(3))
    there.write_text("was there before")
    for keep in (True, False):
        job = ask.submit("pages", fifo=str(fifo), out="a")
        wait_for(fifo)
        changed.write_text("the user's own words, written since")
        ask.post(f"/jobs/{job}/cancel", {"keep_partial": keep})
        assert ask.ended(job)["state"] == "cancelled"
        assert made.exists() == keep
        made.unlink(missing_ok=True)
    assert there.exists()
    assert changed.read_text() == "the user's own words, written since"


def test_a_cancelled_job_keeps_it_if_asked_and_can_go_on(ask, workspace, fifo):
    job = ask.submit("hold", fifo=str(fifo), out="a.zarr")
    wait_for(fifo)
    ask.post(f"/jobs/{job}/cancel", {"keep_partial": True})
    assert ask.ended(job)["state"] == "cancelled"
    assert (workspace.root / "a.zarr" / "zarr.json").exists()
    assert ask.post(f"/jobs/{job}/resume")["state"] in ("queued", "running")
    wait_for(fifo)
    ask.post(f"/jobs/{job}/cancel")
    ended = ask.ended(job)
    assert (ended["state"], ended["attempts"]) == ("cancelled", 2)
    assert not (workspace.root / "a.zarr").exists()


def test_an_unfinished_store_that_was_there_before_is_not_the_jobs_to_remove(ask, workspace, fifo):
    store = workspace.root / "a.zarr"
    store.mkdir()
    (store / "precious").touch()
    job = ask.submit("hold", fifo=str(fifo), out="a.zarr")
    wait_for(fifo)
    ask.post(f"/jobs/{job}/cancel")
    ask.ended(job)
    assert (store / "precious").exists()


def test_a_job_that_does_not_listen_is_ended_by_force(serving, fifo):
    with serving(grace_s=0.2) as ask:
        job = ask.submit("ignore", fifo=str(fifo))
        wait_for(fifo)
        ask.post(f"/jobs/{job}/cancel")
        ended = ask.ended(job)
    assert ended["state"] == "cancelled"
    assert "by force" in ended["error"]["cause"]


def test_a_worker_that_is_killed_is_interrupted_its_litter_swept_and_the_job_can_be_resumed(
    ask, workspace, fifo
):
    job = ask.submit("hold", fifo=str(fifo), out="a.zarr")
    wait_for(fifo)
    worker = next(p for p in psutil.Process().children(recursive=True) if job in p.cmdline())
    worker.kill()
    ended = ask.ended(job)
    assert (ended["state"], ended["error"]["value"]) == ("interrupted", "SIGKILL")
    assert "memory" in ended["error"]["remedy"]
    assert (workspace.root / "a.zarr").is_dir()
    assert not partial_files(workspace)
    ask.post(f"/jobs/{job}/resume")
    wait_for(fifo)
    ask.post(f"/jobs/{job}/cancel")
    assert ask.ended(job)["attempts"] == 2


def test_a_waiting_job_is_cancelled_at_once(ask, fifo):
    held = ask.submit("hold-gpu", fifo=str(fifo))
    wait_for(fifo)
    waiting = ask.submit("note-gpu", out="x.txt")
    assert ask.get(f"/jobs/{waiting}")["state"] == "queued"
    cancelled = ask.post(f"/jobs/{waiting}/cancel")
    assert (cancelled["state"], cancelled["attempts"], cancelled["started"]) == ("cancelled", 0, None)
    ask.post(f"/jobs/{held}/cancel")
    ask.ended(held)


def test_states_allow_only_what_makes_sense(ask, fifo):
    done = ask.run("note", out="x.txt")["id"]
    held = ask.submit("hold", fifo=str(fifo))
    wait_for(fifo)
    for path in (f"/v1/jobs/{done}/cancel", f"/v1/jobs/{done}/resume", f"/v1/jobs/{held}/resume"):
        answer = ask.client.post(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    assert ask.client.delete(f"/v1/jobs/{held}").status_code == 409
    ask.post(f"/jobs/{held}/cancel")
    ask.ended(held)


def test_a_forgotten_job_is_gone_with_its_log_and_its_output_stays(ask, workspace):
    job = ask.run("note", out="x.txt")["id"]
    assert ask.client.delete(f"/v1/jobs/{job}").status_code == 204
    assert ask.client.get(f"/v1/jobs/{job}").status_code == 404
    assert not list((workspace.state / "jobs").iterdir())
    assert (workspace.root / "x.txt").exists()


def test_one_job_computes_with_the_model_at_a_time_while_others_run_beside_it(ask, fifo):
    held = ask.submit("hold-gpu", fifo=str(fifo))
    wait_for(fifo)
    second = ask.submit("note-gpu", out="second.txt")
    assert ask.run("note", out="beside.txt")["state"] == "done"
    assert ask.get(f"/jobs/{second}")["state"] == "queued"
    ask.post(f"/jobs/{held}/cancel")
    assert ask.ended(second)["state"] == "done"


def test_two_jobs_never_write_to_one_place_at_once(ask, fifo):
    held = ask.submit("hold", fifo=str(fifo), out="a.zarr")
    wait_for(fifo)
    same = ask.submit("note", out="./a.zarr")
    inside = ask.submit("note", out="a.zarr/x.txt")
    assert ask.run("note", out="other.txt")["state"] == "done"
    assert [ask.get(f"/jobs/{job}")["state"] for job in (same, inside)] == ["queued", "queued"]
    ask.post(f"/jobs/{held}/cancel")
    ask.ended(same)
    ask.ended(inside)


def test_higher_priorities_run_first_then_older_jobs(ask, fifo):
    held = ask.submit("hold-gpu", fifo=str(fifo))
    wait_for(fifo)
    jobs = {p: ask.submit("note-gpu", priority=p, out=f"{n}.txt") for n, p in enumerate((0, -5, 100, 7))}
    later = ask.submit("note-gpu", priority=7, out="later.txt")
    ask.post(f"/jobs/{held}/cancel")
    ended = {key: ask.ended(job)["started"] for key, job in {**jobs, "later": later}.items()}
    assert sorted(ended, key=ended.get) == [100, 7, "later", 0, -5]


def test_of_200_jobs_half_are_cancelled_some_run_and_all_are_listed(serving, workspace, fifo, monkeypatch):
    never = {False: "off", True: "off"}  # waiting for the disk 300 times would take longer than all the rest
    monkeypatch.setattr("phenolens.engine.service.jobs.database._SYNC", never)
    with serving() as ask:
        blocks = [ask.submit("hold", fifo=str(fifo)) for _ in range(2)]
        wait_for(fifo, len(blocks))
        jobs = [ask.submit("note", out=f"{n}.txt") for n in range(200)]
        for job in [*jobs[::2], *blocks]:
            ask.post(f"/jobs/{job}/cancel")
        page = ask.get("/jobs", params={"limit": 5, "state": "cancelled", "before": 100})["jobs"]
        assert [ask.ended(job)["state"] for job in jobs[1:20:2]] == ["done"] * 10
    database = Database(workspace.state / "jobs.sqlite")
    counts = database.counts()
    numbers = [job.number for job in database.jobs()]
    database.close()
    assert [job["number"] for job in page] == [99, 97, 95, 93, 91]
    assert numbers == list(range(202, 0, -1))
    assert counts["cancelled"] == 102
    assert counts["done"] == len(list(workspace.root.glob("*.txt"))) >= 10
    assert sum(counts.values()) == 202  # the rest waits for the next service, one or two interrupted


def test_events_tell_progress_as_it_comes_then_the_end(ask, fifo):
    job = ask.submit("hold", fifo=str(fifo))
    seen = []
    with ask.client.stream("GET", f"/v1/jobs/{job}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        wait_for(fifo)
        for line in answer.iter_lines():
            if not line.startswith("data: "):
                continue
            seen.append(json.loads(line.removeprefix("data: ")))
            if [one for one in seen if one.get("progress")] == seen[-1:]:  # the first that tells of progress
                assert seen[-1]["progress"]["done"] == 42
                ask.post(f"/jobs/{job}/cancel")
    states = [one["state"] for one in seen if "state" in one]
    assert "running" in states
    assert states[-1] == "cancelled"
    assert "holding\n" in [one["text"] for one in seen if "text" in one]


def test_who_comes_back_to_a_stream_hears_only_what_is_new(ask):
    job = ask.run("chat")["id"]

    def heard(**headers):
        with ask.client.stream("GET", f"/v1/jobs/{job}/events", headers=headers) as answer:
            return [line for line in answer.iter_lines() if line.startswith(("event:", "id:"))]

    size = ask.get(f"/jobs/{job}/log")["next"]
    assert heard() == ["event: log", f"id: {size}", "event: job", f"id: {size}"]
    assert heard(**{"Last-Event-ID": str(size)}) == ["event: job", f"id: {size}"]
    assert heard(**{"Last-Event-ID": "29"}) == heard()
    assert heard(**{"Last-Event-ID": "-1; drop"}) == heard()


def test_the_oldest_jobs_are_forgotten_with_their_logs_and_what_they_made_stays(serving, workspace, fifo):
    with serving(history=3) as ask:
        held = ask.submit("hold", fifo=str(fifo))
        wait_for(fifo)
        jobs = [ask.run("note", out=f"{n}.txt")["id"] for n in range(5)]
        listed = [job["id"] for job in ask.get("/jobs")["jobs"]]
        assert listed == [*reversed(jobs[2:]), held]
        assert {path.name for path in (workspace.state / "jobs").iterdir()} == set(listed)
        assert ask.client.get(f"/v1/jobs/{jobs[0]}").status_code == 404
    assert len(list(workspace.root.glob("*.txt"))) == 5


def test_a_job_runs_only_code_of_the_installation(ask, workspace):
    for name in ("json.py", "psutil.py", "pydantic.py"):
        (workspace.root / name).write_text("raise SystemExit('code of the workspace was run')")
        (workspace.state / "jobs" / name).write_text("raise SystemExit('code of the workspace was run')")
    assert ask.run("chat")["state"] == "done"


def test_a_history_that_cannot_be_written_is_told_and_loses_no_running_job(ask, workspace, monkeypatch, fifo):
    held = ask.submit("hold", fifo=str(fifo))
    wait_for(fifo)

    def full(_job):
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as broken:
        broken.setattr("phenolens.engine.service.jobs.database._columns", full)
        answer = ask.client.post("/v1/jobs", json={"kind": "note", "params": {"out": "x.txt"}})
        assert (answer.status_code, answer.json()["error"]["code"]) == (507, "output")
        assert "free some space" in answer.json()["error"]["remedy"]
        ask.post(f"/jobs/{held}/cancel")
        assert ask.ended(held)["state"] == "cancelled"
    assert ask.run("note", out="x.txt")["state"] == "done"
    assert ask.get(f"/jobs/{held}")["state"] == "cancelled"


@pytest.mark.skipif(not sessions_share_processors(), reason="no sessions share processors here")
def test_a_job_makes_way_for_those_who_look_at_maps_meanwhile(ask, fifo):
    job = ask.submit("hold", fifo=str(fifo))
    wait_for(fifo)
    (worker,) = (one for one in psutil.Process().children(recursive=True) if job in one.cmdline())
    group, niceness = Path(f"/proc/{worker.pid}/autogroup").read_text().split(" nice ")
    ours = Path(
        "/proc/self/autogroup"
    ).read_text()  # empty where this session is the first one of the machine
    assert ours.split()[:1] != [group]
    assert (worker.nice(), int(niceness)) == (10, 10)
    ask.post(f"/jobs/{job}/cancel")
    ask.ended(job)


def test_no_process_is_left_when_the_service_has_ended(serving, workspace, fifo):
    with serving() as ask:
        job = ask.submit("hold", fifo=str(fifo), out="a.zarr")
        wait_for(fifo)
        pids = [p.pid for p in psutil.Process().children(recursive=True) if job in p.cmdline()]
    assert len(pids) == 1
    assert not psutil.pid_exists(pids[0])
    with serving() as ask:
        found = ask.get(f"/jobs/{job}")
        assert (found["state"], found["error"]["cause"]) == (
            "interrupted",
            "the service was stopped while it ran",
        )
        assert found["progress"]["done"] == 42
    assert (workspace.root / "a.zarr").is_dir()
    assert not (workspace.state / "service.json").exists()
