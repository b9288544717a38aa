import json
import os
import subprocess
import sys

import pytest
from phenolens.engine.client.discovery import PROTOCOL, Discovery, discovery_path, find, process_alive
from phenolens.engine.client.errors import NotRunning, Refused
from phenolens.engine.service import PROTOCOL as SPOKEN

posix = pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")


def test_client_and_service_speak_the_same_protocol():
    assert PROTOCOL == SPOKEN


def test_a_service_is_found_by_its_file(announce):
    workspace = announce(port=4711, token="s3cr3t", version="1.2")
    found = find(workspace)
    assert found == Discovery(4711, "s3cr3t", os.getpid(), "1.2", PROTOCOL, str(workspace))
    assert "s3cr3t" not in repr(found)


def test_a_workspace_without_a_service_is_said_with_the_way_out(tmp_path):
    with pytest.raises(NotRunning, match="phenolens serve"):
        find(tmp_path)
    with pytest.raises(NotRunning):
        find(tmp_path / "absent")


def test_a_file_that_a_killed_service_left_is_stale(announce):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with pytest.raises(NotRunning, match=f"pid {ended.pid}"):
        find(announce(pid=ended.pid))


def test_a_process_that_ended_and_was_not_collected_yet_is_not_alive():
    child = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.DEVNULL)
    assert os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, not collected
    assert not process_alive(child.pid)
    child.wait()
    assert process_alive(os.getpid())
    assert not process_alive(10**30)


@posix
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o602, 0o601])
def test_a_file_that_others_may_touch_is_refused(announce, mode):
    workspace = announce()
    discovery_path(workspace).chmod(mode)
    with pytest.raises(Refused, match=f"mode {mode:o}"):
        find(workspace)


@posix
def test_a_file_of_another_user_is_refused(announce, monkeypatch):
    workspace = announce()
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    with pytest.raises(Refused, match="another user"):
        find(workspace)


@posix
def test_links_pipes_and_folders_are_refused_without_waiting(announce, tmp_path):
    path = discovery_path(announce())
    moved = path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(moved)
    with pytest.raises(Refused):
        find(tmp_path)
    path.unlink()
    os.mkfifo(path, 0o600)
    with pytest.raises(Refused, match="plain file"):
        find(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(Refused):
        find(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 60_000,
        b"x" * 70_000,
        b'{"port": 1}',
        b'{"port": 99999, "token": "t", "pid": 1, "version": "", "protocol": 1, "workspace": ""}',
        b'{"port": 1, "token": "a\\r\\nX: y", "pid": 1, "version": "", "protocol": 1, "workspace": ""}',
        b'{"port": 1, "token": "t", "pid": -1, "version": "", "protocol": 1, "workspace": ""}',
        b'{"port": 1, "token": null, "pid": 1, "version": "", "protocol": 1, "workspace": ""}',
    ],
)
def test_a_file_that_no_service_writes_is_refused(announce, content):
    workspace = announce()
    discovery_path(workspace).write_bytes(content)
    with pytest.raises(Refused, match="discovery file"):
        find(workspace)


def test_fields_of_a_newer_service_are_no_obstacle(announce):
    workspace = announce(token="t", later={"a": [1]})
    assert json.loads(discovery_path(workspace).read_text())["later"]
    assert find(workspace).token == "t"
