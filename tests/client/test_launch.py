"""Starting, finding and stopping real services."""

import os
import signal
import stat
import sys
import threading
from pathlib import Path

import pytest
from phenolens.engine.client import launch
from phenolens.engine.client.discovery import discovery_path, find, process_alive
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.errors import NotRunning, Refused, Timeout

COUNTING = [sys.executable, str(Path(__file__).parent / "counting.py")]


@pytest.fixture
def workspace(tmp_path):
    """A folder whose service, if one is started, ends with the test."""
    yield tmp_path
    try:
        launch.stop(tmp_path)
    except (NotRunning, Refused):
        return


def test_phenolens_serve_is_started_found_used_and_stopped(workspace, monkeypatch):
    monkeypatch.setenv(
        "PYTHONHOME", "/nonexistent"
    )  # as QGIS has it on Windows: no other Python starts with that
    found = launch.start(workspace)
    assert found == find(workspace) == launch.start(workspace)
    with EngineClient.of_workspace(workspace) as client:
        assert client.hello().pid == found.pid != os.getpid()
    assert os.getsid(found.pid) != os.getsid(0)  # Ctrl-C in the face's terminal doesn't reach it
    assert stat.S_IMODE((workspace / ".phenolens" / launch.LOG_NAME).stat().st_mode) == 0o600
    assert launch.stop(workspace)
    assert not process_alive(found.pid)
    assert not discovery_path(workspace).exists()
    assert not launch.stop(workspace)


def test_two_faces_that_start_a_service_at_once_get_the_same(workspace):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(launch.start(workspace, command=COUNTING)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert found[0] == found[1]


def test_a_client_goes_on_after_the_service_was_killed_and_started_anew(workspace):
    first = launch.start(workspace, command=COUNTING)
    with EngineClient.of_workspace(workspace) as client:
        job = client.jobs.submit("count", {"gate": "gate"})
        running, done = threading.Event(), []
        waiting = threading.Thread(
            target=lambda: done.append(
                client.jobs.wait(job.id, listener=lambda now: now.progress and running.set(), timeout_s=120)
            )
        )
        waiting.start()
        assert running.wait(60)  # one that is still queued would be run by the next service
        os.kill(first.pid, signal.SIGKILL)
        second = launch.start(workspace, command=COUNTING)
        assert (second.port, second.token) != (first.port, first.token)
        waiting.join()
        assert done[0].state == "interrupted"
        (workspace / "gate").touch()
        client.jobs.resume(job.id)
        assert client.jobs.wait(job.id, timeout_s=60).outcome() == {"counted": 3}
        assert client.hello().pid == second.pid


def test_a_program_that_isnt_there_is_said(workspace):
    with pytest.raises(NotRunning, match="where Phenolens is installed"):
        launch.start(workspace, command=["/nonexistent/python"])


def test_a_service_that_gives_up_is_quoted(workspace):
    failing = [sys.executable, "-c", "import sys; sys.exit('no such thing: größer')"]
    with pytest.raises(NotRunning, match="exit code 1: no such thing: größer"):
        launch.start(workspace, command=failing)


def test_a_service_that_never_answers_is_ended(workspace):
    sleeping = [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(600)"]
    with pytest.raises(Timeout, match="doesn't answer"):
        launch.start(workspace, command=sleeping, timeout_s=1.5)
    pid = int((workspace / ".phenolens" / launch.LOG_NAME).read_text())
    assert launch._until(lambda: None if process_alive(pid) else True, 10)


def test_a_workspace_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / ".phenolens").write_text("a file")
    with pytest.raises((Refused, NotRunning), match="workspace"):
        launch.start(tmp_path)


def test_a_stale_file_is_no_obstacle_to_a_start(announce, workspace):
    announce(pid=os.getpid(), port=9)  # its number is another process's by now
    assert launch.start(workspace, command=COUNTING).pid != os.getpid()


@pytest.mark.parametrize("status", [200, 403, 404, 500, "no HTTP"])
def test_another_program_at_the_port_is_not_taken_for_the_service(announce, serving, status):
    def script(call):
        if status == "no HTTP":
            call.wfile.write(b"220 mail ready\r\n")
        else:
            call.say({"error": {"code": "forbidden"}}, status)

    with serving(script) as stub:
        workspace = announce(pid=os.getpid(), port=stub.discovery.port)  # alive both, but no service of ours
        assert launch._answering_or_none(workspace) is None


def test_a_file_that_cannot_be_trusted_stops_a_start(announce, workspace):
    discovery_path(announce()).chmod(0o644)
    with pytest.raises(Refused, match="644"):
        launch.start(workspace, command=COUNTING)
    discovery_path(workspace).unlink()
