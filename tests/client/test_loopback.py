"""The loopback transport against servers that misbehave."""

import gzip
import io
import os
import socket
import threading
import traceback
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from phenolens.engine.client import connection
from phenolens.engine.client.errors import BadAnswer, ConnectionLost, NotRunning, Refused, Timeout, TooLarge
from phenolens.engine.client.loopback import LoopbackTransport
from phenolens.engine.client.transport import Request

HELLO = Request("GET", "/v1/hello", timeout_s=5)


def _to(stub) -> LoopbackTransport:
    return LoopbackTransport(lambda: stub.discovery)


def test_a_request_carries_token_host_query_and_json(serving):
    seen = {}

    def script(call):
        seen.update(call.headers, target=call.path, content=call.content)
        call.say({"fine": True})

    with serving(script) as stub:
        asked = Request(
            "POST", "/v1/x", query={"window": (1, 2), "off": None, "on": True, "s": "ä b"}, json={"ä": 1}
        )
        assert _to(stub).send(asked).checked().parsed() == {"fine": True}
        assert seen["Host"] == f"127.0.0.1:{stub.server_address[1]}"
    assert seen["Authorization"] == "Bearer secret"
    assert seen["target"] == "/v1/x?window=1&window=2&on=true&s=%C3%A4%20b"
    assert seen["content"].decode() == '{"ä": 1}'


def test_proxies_of_the_environment_are_bypassed(serving, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving(lambda call: call.say({})) as stub:
        with pytest.raises(urllib.error.URLError):  # the proxy settings do bite those who heed them
            urllib.request.urlopen(f"http://127.0.0.1:{stub.server_address[1]}/", timeout=5)
        assert _to(stub).send(HELLO).ok


def test_one_connection_serves_many_requests_of_a_thread(serving):
    with serving(lambda call: call.say(b"x" * 100_000)) as stub:
        transport = _to(stub)
        for _ in range(5):
            assert len(transport.send(HELLO).body) == 100_000
        assert len({port for _, _, port in stub.calls}) == 1


def test_threads_never_share_a_connection(serving):
    barrier = threading.Barrier(4)

    def script(call):
        barrier.wait(10)  # all four requests are open at once
        call.say(call.path.encode())

    with serving(script) as stub, ThreadPoolExecutor(4) as pool:
        transport = _to(stub)
        answers = list(pool.map(lambda n: transport.send(Request("GET", f"/{n}")).body, range(4)))
        assert answers == [b"/0", b"/1", b"/2", b"/3"]
        assert len({port for _, _, port in stub.calls}) == 4


def test_a_kept_connection_that_the_service_closed_is_replaced_also_for_a_post(serving):
    closed = threading.Event()

    def script(call):
        call.say({})
        call.wfile.flush()
        call.connection.shutdown(socket.SHUT_RDWR)  # without saying "Connection: close"
        call.hang_up()
        closed.set()

    with serving(script) as stub:
        transport = _to(stub)
        for _ in range(3):
            assert transport.send(Request("POST", "/v1/jobs", json={})).ok
            assert closed.wait(10)
            closed.clear()
        assert len({port for _, _, port in stub.calls}) == 3


def test_a_connection_that_rested_too_long_is_not_used_again(serving, monkeypatch):
    monkeypatch.setattr(connection, "KEEP_S", 0.0)
    with serving(lambda call: call.say({})) as stub:
        transport = _to(stub)
        transport.send(HELLO)
        transport.send(HELLO)
        assert len({port for _, _, port in stub.calls}) == 2


def test_a_get_is_repeated_after_a_dropped_connection_and_a_post_is_not(serving):
    def script(call):
        call.hang_up() if len(stub.calls) == 1 else call.say({})

    with serving(script) as stub:
        assert _to(stub).send(HELLO).ok
        assert len(stub.calls) == 2
        stub.calls.clear()
        with pytest.raises(ConnectionLost) as lost:
            _to(stub).send(Request("POST", "/v1/jobs", json={}))
        assert lost.value.sent
        assert len(stub.calls) == 1
        stub.calls.clear()
        assert _to(stub).send(Request("POST", "/v1/series", json={}, repeatable=True)).ok


def test_a_service_that_always_drops_is_given_up(serving):
    with serving(lambda call: call.hang_up()) as stub:
        with pytest.raises(ConnectionLost):
            _to(stub).send(HELLO)
        assert len(stub.calls) == 3


def test_nobody_listening_is_said_with_a_remedy(serving):
    with serving(lambda call: call.say({})) as stub:
        transport = _to(stub)
    with pytest.raises(NotRunning, match="phenolens serve"):
        transport.send(HELLO)
    with pytest.raises(NotRunning):
        transport.send(Request("POST", "/v1/jobs", json={}))


def test_a_service_that_moved_to_another_port_and_token_is_found_again(serving):
    with serving(lambda call: call.say({"service": "old"})) as old:
        where = [old.discovery]
        transport = LoopbackTransport(lambda: where[0])
        assert transport.send(HELLO).parsed() == {"service": "old"}
    with serving(lambda call: call.say({"service": call.headers["Authorization"]})) as new:
        where[0] = type(new.discovery)(new.discovery.port, "other", os.getpid(), "0", 1, "")
        posted = transport.send(
            Request("POST", "/v1/jobs", json={})
        )  # never reached the old one: safe to send
        assert posted.parsed() == {"service": "Bearer other"}


def test_a_new_token_at_the_same_port_is_read_again_but_a_wrong_one_is_refused_once(serving):
    def script(call):
        good = call.headers["Authorization"] == "Bearer new"
        call.say(
            {} if good else {"error": {"code": "forbidden", "cause": "wrong token"}}, 200 if good else 403
        )

    with serving(script) as stub:
        tokens = iter(["old", "new"])
        transport = LoopbackTransport(
            lambda: type(stub.discovery)(stub.discovery.port, next(tokens), 1, "0", 1, "")
        )
        assert transport.send(HELLO).ok
        stub.calls.clear()
        with pytest.raises(Refused, match="wrong token"):
            _to(stub).send(HELLO).checked()
        assert len(stub.calls) == 1


def test_an_answer_that_never_comes_times_out(serving):
    over = threading.Event()
    with serving(lambda call: over.wait(30)) as stub:
        with pytest.raises(Timeout, match="in time"):
            _to(stub).send(Request("GET", "/", timeout_s=0.1))
        over.set()


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"])
def test_an_answer_that_drips_byte_by_byte_times_out_as_a_whole(serving, head):
    over = threading.Event()

    def script(call):
        call.wfile.write(head)
        while not over.wait(0.01):
            call.wfile.write(b"H" if head else b"H"[: not over.is_set()])

    with serving(script) as stub:
        with pytest.raises(Timeout):
            _to(stub).send(Request("GET", "/", timeout_s=0.3))
        over.set()


@pytest.mark.parametrize("encoding", ["length", "chunked"])
def test_a_partial_body_is_never_taken_for_a_whole_one(serving, encoding):
    def script(call):
        call.send_response(200)
        if encoding == "length":
            call.send_header("Content-Length", "100")
        else:
            call.send_header("Transfer-Encoding", "chunked")
        call.end_headers()
        call.wfile.write(b'{"half"' if encoding == "length" else b'64\r\n{"half"')
        call.hang_up()

    with serving(script) as stub, pytest.raises(ConnectionLost):
        _to(stub).send(HELLO)


def test_huge_answers_are_refused_announced_or_not(serving):
    def announced(call):
        call.say(b"x" * 5000)

    def endless(call):
        call.send_response(200)
        call.end_headers()
        call.wfile.write(b"x" * 1_000_000)
        call.hang_up()

    for script in (announced, endless):
        with serving(script) as stub, pytest.raises(TooLarge, match="4,096 bytes"):
            _to(stub).send(Request("GET", "/", most_bytes=4096))


def test_a_gzipped_answer_is_undone_and_a_bomb_is_refused(serving):
    with serving(lambda call: call.say(gzip.compress(b"0" * 50_000), Content_Encoding="gzip")) as stub:
        assert _to(stub).send(HELLO).body == b"0" * 50_000
        with pytest.raises(TooLarge):
            _to(stub).send(Request("GET", "/", most_bytes=10_000))
    with (
        serving(lambda call: call.say(gzip.compress(b"0")[:-3], Content_Encoding="gzip")) as stub,
        pytest.raises(BadAnswer, match="cut off"),
    ):
        _to(stub).send(HELLO)
    with (
        serving(lambda call: call.say(b"0", Content_Encoding="br")) as stub,
        pytest.raises(BadAnswer, match="encoding"),
    ):
        _to(stub).send(HELLO)


@pytest.mark.parametrize("body", [b"<html>", b"\xff\xfe{}", b"", b"[" * 100_000, b'{"a":'])
def test_garbage_instead_of_json_is_said(serving, body):
    with serving(lambda call: call.say(body)) as stub, pytest.raises(BadAnswer, match="JSON"):
        _to(stub).send(HELLO).checked().parsed()


def test_a_redirect_is_not_followed(serving):
    with serving(lambda call: call.say(b"", 302, Location="http://127.0.0.1:9/")) as stub:
        with pytest.raises(BadAnswer, match="redirect"):
            _to(stub).send(HELLO).checked()
        assert len(stub.calls) == 1


def test_another_program_at_the_port_is_told_apart(serving):
    with (
        serving(lambda call: call.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")) as stub,
        pytest.raises(BadAnswer, match="HTTP"),
    ):
        _to(stub).send(HELLO)


def test_a_refusal_in_the_middle_of_a_large_upload_is_heard():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def refuse():
            with server.accept()[0] as line:
                line.recv(1000)
                line.sendall(
                    b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )
                line.shutdown(socket.SHUT_WR)
                while line.recv(65_536):  # what is on its way; unread bytes would reset the connection
                    pass

        thread = threading.Thread(target=refuse)
        thread.start()
        where = connection.Connection()
        upload = Request("POST", "/v1/files", body=io.BytesIO(b"x" * 3_000_000))
        assert where.ask(port, "secret", upload, whole=True).status == 413
        where.drop()
        thread.join()


def test_pieces_of_a_stream_arrive_before_its_end(serving):
    go_on = threading.Event()

    def script(call):
        call.send_response(200)
        call.send_header("Content-Type", "text/event-stream")
        call.end_headers()
        call.wfile.write(b"first")
        assert go_on.wait(10)
        call.wfile.write(b"second")
        call.hang_up()

    with serving(script) as stub, _to(stub).stream(Request("GET", "/v1/events")) as stream:
        pieces = iter(stream.pieces)
        assert next(pieces) == b"first"
        go_on.set()
        assert b"".join(pieces) == b"second"


def test_closing_from_another_thread_ends_a_request_that_waits(serving):
    asked, over = threading.Event(), threading.Event()

    def script(call):
        asked.set()
        over.wait(30)

    with serving(script) as stub, ThreadPoolExecutor(1) as pool:
        transport = _to(stub)
        waiting = pool.submit(transport.send, Request("POST", "/", timeout_s=30))
        assert asked.wait(10)
        transport.close()
        with pytest.raises(ConnectionLost):
            waiting.result(10)
        over.set()


def test_the_token_is_in_no_text_of_a_transport_or_an_error(serving):
    with serving(lambda call: call.hang_up()) as stub:
        assert stub.discovery.token not in repr(stub.discovery)
        with pytest.raises(ConnectionLost) as lost:
            _to(stub).send(HELLO)
        told = [str(lost.value), repr(lost.value), *traceback.format_exception(lost.value)]
        assert not [text for text in told if stub.discovery.token in text]
