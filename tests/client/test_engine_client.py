"""What a face asks for, over both transports alike."""

import os
from pathlib import Path

import pytest
from phenolens.engine import __version__
from phenolens.engine.client.discovery import PROTOCOL
from phenolens.engine.client.errors import Cancelled, Conflict, InputError, LabelError, NotFound, Timeout
from phenolens.engine.client.results import Job


@pytest.fixture
def root(client) -> Path:
    """The workspace's folder."""
    return Path(client.hello().workspace)


@pytest.fixture
def gate(root, request):
    """A file that jobs wait for; it is put there at the latest when the test ends."""
    path = root / f"{request.node.name}.gate".replace("[", "-").replace("]", "")
    yield path
    path.touch()


def test_the_service_says_who_it_is(client):
    hello = client.hello()
    assert (hello.version, hello.protocol) == (__version__, PROTOCOL)
    assert os.path.isdir(hello.workspace)
    assert hello.device in {"cpu", "cuda"}


def test_status_counts_jobs_and_memory(client):
    status = client.status()
    assert status.uptime_s > 0
    assert status.memory_mb > 10


def test_a_job_runs_to_its_end_and_every_change_and_line_is_heard(client):
    heard, logged = [], []
    job = client.jobs.submit("count", {"to": 3}, priority=5)
    assert (job.kind, job.priority, job.params["to"]) == ("count", 5, 3)
    ended = client.jobs.wait(job.id, listener=heard.append, log_listener=logged.append, timeout_s=60)
    assert ended.outcome() == {"counted": 3}
    assert heard[-1] == ended == client.jobs.get(job.id)
    assert {job.state for job in heard} <= {"queued", "running", "done"}
    text = "".join(piece.text for piece in logged)
    assert text.count("größter") == 3
    assert text == client.jobs.log(job.id).text
    assert client.jobs.log(job.id, after=logged[-1].next).text == ""


def test_a_failed_job_raises_the_error_that_the_engine_raised(client):
    job = client.jobs.wait(client.jobs.submit("count", {"fail": True}).id, timeout_s=60)
    assert job.state == "failed"
    with pytest.raises(LabelError, match=r"the last number is missing \[3\] → count again"):
        job.outcome()


def test_a_running_job_is_cancelled_resumed_and_deleted(client, gate):
    job = client.jobs.submit("count", {"gate": gate.name})
    for told in client.jobs.follow(job.id):
        if isinstance(told, Job) and told.progress is not None:
            client.jobs.cancel(job.id, keep_partial=True)
            break
    with pytest.raises(Cancelled):
        client.jobs.wait(job.id, timeout_s=60).outcome()
    gate.touch()
    resumed = client.jobs.resume(job.id)
    assert not resumed.ended
    ended = client.jobs.wait(job.id, timeout_s=60)
    assert (ended.state, ended.attempts) == ("done", 2)
    client.jobs.delete(job.id)
    with pytest.raises(NotFound):
        client.jobs.get(job.id)


def test_waiting_ends_with_its_time_and_leaves_the_job_alone(client, gate):
    job = client.jobs.submit("count", {"gate": gate.name})
    with pytest.raises(Timeout, match=job.id):
        client.jobs.wait(job.id, timeout_s=0.3)
    assert not client.jobs.get(job.id).ended
    with pytest.raises(Conflict):
        client.jobs.delete(job.id)
    gate.touch()
    assert client.jobs.wait(job.id, timeout_s=60).state == "done"


def test_jobs_are_listed_newest_first_by_state_and_by_page(client):
    ids = [client.jobs.submit("count", {"to": 1}).id for _ in range(3)]
    for id in ids:
        client.jobs.wait(id, timeout_s=60)
    listed = client.jobs.list(states=["done"], limit=3)
    assert [job.id for job in listed.jobs] == ids[::-1]
    assert listed.counts["done"] >= 3
    older = client.jobs.list(states=["done", "queued"], limit=1, before=listed.jobs[1].number)
    assert [job.id for job in older.jobs] == [ids[0]]
    assert client.jobs.list(states=["interrupted"]).jobs == ()


@pytest.mark.parametrize(
    ("kind", "params"),
    [("nonsense", {}), ("count", {"to": "three"}), ("count", {"more": 1}), ("count", {"to": 2.5})],
)
def test_a_request_that_cannot_be_meant_is_an_input_error(client, kind, params):
    with pytest.raises((InputError, NotFound)) as error:
        client.jobs.submit(kind, params)
    assert error.value.remedy


@pytest.mark.parametrize("id", ["0" * 16, "../../hello", "a b?c#d", "ä", "%2e%2e"])
def test_ids_that_nothing_has_are_not_found_whatever_they_hold(client, id):
    with pytest.raises((NotFound, InputError)):
        client.jobs.get(id)


def test_diagnostics_carry_what_a_report_needs(client):
    report = client.diagnostics()
    assert report.service["version"] == __version__
    assert report.libraries
