"""Waiting for a job while the service misbehaves."""

import json
import os

import pytest
from phenolens.engine.client import jobs as jobs_module
from phenolens.engine.client.discovery import Discovery
from phenolens.engine.client.errors import ConnectionLost, NotFound, NotRunning, Timeout
from phenolens.engine.client.jobs import Jobs
from phenolens.engine.client.loopback import LoopbackTransport

RUNNING = {"id": "a", "kind": "count", "state": "running", "progress": {"stage": "s", "done": 1, "total": 2}}
DONE = {**RUNNING, "state": "done", "result": {"counted": 2}}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(jobs_module, "_FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(jobs_module, "_LONGEST_PAUSE_S", 0.02)


def _events(call, *told):
    call.send_response(200)
    call.send_header("Content-Type", "text/event-stream; charset=utf-8")
    call.end_headers()
    for name, data in told:
        call.wfile.write(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())
    call.hang_up()


def _jobs(stub) -> Jobs:
    return Jobs(LoopbackTransport(lambda: stub.discovery))


def test_events_that_break_off_are_taken_up_again_and_the_log_goes_on_where_it_was(serving):
    def script(call):
        if "after=0" in call.path:
            _events(call, ("job", RUNNING), ("log", {"text": "one ", "next": 4}))
        else:
            _events(call, ("job", DONE), ("log", {"text": "two", "next": 7}))

    with serving(script) as stub:
        heard, logged = [], []
        job = _jobs(stub).wait(
            "a", listener=heard.append, log_listener=lambda piece: logged.append(piece.text)
        )
        assert job.outcome() == {"counted": 2}
        assert [job.state for job in heard] == ["running", "done"]
        assert logged == ["one ", "two"]
        assert stub.calls[1][1] == "/v1/jobs/a/events?after=4"


@pytest.mark.parametrize("fault", ["no events", "garbage", "error"])
def test_a_service_without_events_is_asked_again_and_again(serving, fault):
    def script(call):
        if call.path.startswith("/v1/jobs/a/events"):
            {
                "no events": lambda: call.say({}),
                "garbage": lambda: _events(call, ("job", [])),
                "error": call.hang_up,
            }[fault]()
        elif call.path.startswith("/v1/jobs/a/log"):
            call.say({"text": "line" if call.path.endswith("=0") else "", "next": 4})
        else:
            asked.append(1)
            call.say(DONE if len(asked) == 3 else RUNNING)

    asked = []
    with serving(script) as stub:
        heard, logged = [], []
        job = _jobs(stub).wait("a", listener=heard.append, log_listener=logged.append, timeout_s=20)
        assert job.state == "done"
        assert [job.state for job in heard] == ["running", "done"]  # the same state twice is told once
        assert [piece.text for piece in logged] == ["line"]


def test_a_service_that_comes_back_elsewhere_is_followed_there(serving):
    where = []

    def locate():
        if not where:
            raise NotRunning("no service runs in this workspace")
        return where[0]

    with serving(lambda call: _events(call, ("job", RUNNING))) as old:
        where.append(old.discovery)
        transport = LoopbackTransport(locate)
        assert [job.state for job in Jobs(transport).follow("a")] == ["running"]
    where.clear()
    with serving(lambda call: _events(call, ("job", {**DONE, "id": call.headers["Authorization"]}))) as new:
        looks = iter(range(5))

        def late():
            if next(looks, None) is None:
                where[:] = [Discovery(new.discovery.port, "new", os.getpid(), "1", 1, "")]
            return locate()

        transport._locate = late
        assert Jobs(transport).wait("a", timeout_s=20).id == "Bearer new"


def test_a_service_that_stays_away_is_given_up_after_the_patience(serving):
    with serving(lambda call: _events(call, ("job", RUNNING))) as stub:
        jobs = _jobs(stub)
    with pytest.raises(NotRunning):
        jobs.wait("a", patience_s=0.05)
    with serving(lambda call: call.hang_up()) as stub, pytest.raises(ConnectionLost):
        _jobs(stub).wait("a", patience_s=0.05)


def test_the_time_to_wait_ends_also_while_signs_of_life_go_on(serving):
    def script(call):
        call.send_response(200)
        call.send_header("Content-Type", "text/event-stream")
        call.end_headers()
        call.wfile.write(f"event: job\ndata: {json.dumps(RUNNING)}\n\n".encode())
        while True:
            call.wfile.write(b": still here\n\n")

    with serving(script) as stub, pytest.raises(Timeout, match="a: running"):
        _jobs(stub).wait("a", timeout_s=0.1)


def test_a_job_that_is_gone_after_a_restart_is_said_at_once(serving):
    fault = {"error": {"code": "not-found", "cause": "there is no such job"}}
    with serving(lambda call: call.say(fault, 404)) as stub, pytest.raises(NotFound):
        _jobs(stub).wait("a")


def test_the_clocks_of_service_and_client_may_differ_by_years(serving):
    told = {**DONE, "created": "1970-01-01T00:00:00Z", "finished": "2999-01-01T00:00:00Z"}
    with serving(lambda call: _events(call, ("job", told))) as stub:
        assert _jobs(stub).wait("a", timeout_s=20).finished == "2999-01-01T00:00:00Z"


def test_the_listeners_own_error_ends_the_waiting(serving):
    def refuse(job):
        raise KeyError(job.id)

    with serving(lambda call: _events(call, ("job", RUNNING))) as stub, pytest.raises(KeyError):
        _jobs(stub).wait("a", listener=refuse)
