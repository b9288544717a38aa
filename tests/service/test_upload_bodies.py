"""Bodies of uploads as they arrive: cut short, endless, of a false length, from a stranger, onto a full disk."""

import socket

import pytest
from phenolens.engine.service import guard
from phenolens.engine.service.reading import uploads

from .handed import TABLE


def raw(hand, head, *pieces):
    """Says what a client wouldn't; what was answered until the service hung up."""
    url, token = hand.client.base_url, hand.client.headers["authorization"]
    with socket.create_connection((url.host, url.port), timeout=30) as line:
        line.sendall(f"{head} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\n".encode())
        for piece in pieces:
            line.sendall(piece)
        return b"".join(iter(lambda: line.recv(65536), b""))


UPLOAD = "POST /v1/files?name=half.csv"


@pytest.mark.parametrize(
    "pieces",
    [
        (b"Content-Length: 1000\r\n\r\n", TABLE),
        (b"Content-Length: 1000\r\n\r\n",),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"4\r\na,b\n\r\n"),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"ff\r\na,b\n"),
    ],
)
def test_a_body_that_stops_half_way_is_waited_for_only_so_long(hand, monkeypatch, pieces):
    monkeypatch.setattr(guard, "SILENCE_S", 0.05)
    for head in (UPLOAD, "POST /v1/jobs"):
        answer = raw(hand, head, *pieces)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"code":"timeout"' in answer
    assert not [name for name in hand.names if "half" in name or "partial" in name]


def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(hand):
    log = hand.folder.parent / ".phenolens" / "service.log"
    url, token = hand.client.base_url, hand.client.headers["authorization"]
    head = f"{UPLOAD} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\nContent-Length: 1000\r\n\r\n"
    with socket.create_connection((url.host, url.port), timeout=30) as line:
        line.sendall(head.encode() + TABLE)
        while not any("partial" in name for name in hand.names):
            hand.client.get("/v1/status")  # meanwhile the service reads on
    hand.wait_for_tidying()
    hand.client.get("/v1/status")
    assert "half.csv" not in hand.names
    assert "internal fault" not in log.read_text()


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (b"Content-Length: -1\r\n\r\n", 400),
        (b"Content-Length: 1e3\r\n\r\n", 400),
        (b"Content-Length: 4\r\nContent-Length: 5\r\n\r\na,b\n", 400),
        (b"Content-Length: 99999999999999999\r\n\r\na,b\n", 413),
        (b"Content-Length: 300000000\r\n\r\na,b\n", 413),  # more than a CSV may have
        (b"Transfer-Encoding: chunked\r\n\r\nzz\r\na,b\n", 400),
    ],
)
def test_a_length_that_makes_no_sense_ends_the_connection(hand, lines, status):
    before = hand.names
    assert raw(hand, UPLOAD, lines).startswith(b"HTTP/1.1 %d " % status)
    hand.wait_for_tidying()  # where the server answers by itself, before the service has heard of it
    assert hand.names == before


def test_bytes_beyond_the_stated_length_are_no_part_of_the_file(hand):
    answer = raw(hand, UPLOAD.replace("half", "short"), b"Content-Length: 4\r\n\r\na,b\n1,2\n\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert b"HTTP/1.1 400 " in answer
    assert (hand.folder / "short.csv").read_bytes() == b"a,b\n"


def test_a_chunked_body_is_read_no_further_than_the_limit(hand, monkeypatch):
    monkeypatch.setitem(uploads.LARGEST, ".csv", 1000)
    sent = []

    def endless():
        while True:
            sent.append(len(TABLE))
            yield TABLE * 100

    hand.refused("endless.csv", endless(), "too-large")
    assert len(sent) < 10_000


def test_who_has_no_token_is_turned_away_before_the_body_is_read(hand):
    url = hand.client.base_url
    with socket.create_connection((url.host, url.port), timeout=30) as line:
        line.sendall(f"{UPLOAD} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n".encode())
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"connection: close" in answer


def test_a_disk_that_fills_while_a_file_comes_is_said_and_nothing_stays(hand, tmp_path):
    resource = pytest.importorskip("resource", reason="limits on file sizes are POSIX's")
    before, limits = hand.names, resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))  # as a full disk: the write itself fails
    try:
        answer = hand("full.csv", TABLE * 20_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (507, "output")
    assert error["remedy"]
    assert hand.names == before
    assert hand("full.csv", TABLE).status_code == 201


def test_what_a_killed_service_has_left_of_an_upload_is_taken_away_at_the_next_start(workspace, serving):
    folder = workspace.uploads()
    (folder / ".0123456789abcdef.partial").write_bytes(TABLE)
    (folder / "kept.csv").write_bytes(TABLE)
    with serving():
        assert [path.name for path in folder.iterdir()] == ["kept.csv"]
