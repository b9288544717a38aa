"""Who is let in, and how errors are told."""

import json
import socket

import httpx
import pytest
from phenolens.engine.service.faults import STATUS
from phenolens.engine.service.jobs.queue import QueueOptions
from phenolens.engine.service.workspace import Workspace


@pytest.fixture(scope="module")
def shared(tmp_path_factory, threads, own_modules):
    """One service for all tests that leave it as it was."""
    options = QueueOptions(kinds="service_kinds:KINDS")
    with threads(Workspace(tmp_path_factory.mktemp("shared")), options) as asker:
        yield asker


def told(answer):
    error = answer.json()["error"]
    assert set(error) == {"code", "cause", "value", "remedy"}
    assert error["cause"]
    return error


def test_hello_names_version_protocol_and_workspace(ask, workspace):
    hello = ask.get("/hello")
    assert hello["protocol"] == 1
    assert hello["workspace"] == str(workspace.root)
    assert hello["device"] in ("cpu", "cuda")


@pytest.mark.parametrize("given", [None, "", "Bearer", "Bearer wrong", "Basic x", "bearer é"])
def test_without_the_token_nothing_is_told(shared, given):
    headers = {} if given is None else {"Authorization": given.encode()}
    with httpx.Client(base_url=shared.client.base_url, trust_env=False) as stranger:
        answers = [stranger.get(path, headers=headers) for path in ("/v1/hello", "/v1/no-such-page", "/")]
    for answer in answers:
        assert answer.status_code == 403
        assert told(answer)["code"] == "forbidden"


def test_two_tokens_are_no_token(shared):
    token = shared.client.headers["authorization"]
    answer = shared.client.get("/v1/hello", headers=[("authorization", token), ("authorization", "Bearer x")])
    assert answer.status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1:1", "", "0.0.0.0"])
def test_a_page_that_points_its_own_name_here_is_turned_away(shared, host):
    assert shared.client.get("/v1/hello", headers={"host": host}).status_code == 403


def test_a_request_without_a_host_is_turned_away(shared):
    port = shared.client.base_url.port
    token = shared.client.headers["authorization"]
    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.sendall(f"GET /v1/hello HTTP/1.0\r\nAuthorization: {token}\r\n\r\n".encode())
        assert b" 403 " in raw.recv(4096)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_this_machines_names_are_let_in(shared, host):
    port = shared.client.base_url.port
    assert shared.client.get("/v1/hello", headers={"host": f"{host}:{port}"}).status_code == 200


def test_no_answer_invites_other_origins(shared):
    headers = {"origin": "https://evil.example", "access-control-request-method": "GET"}
    for answer in (
        shared.client.get("/v1/hello", headers=headers),
        shared.client.options("/v1/hello", headers=headers),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_large_body_is_refused_by_its_stated_and_by_its_real_length(shared):
    stated = shared.client.post("/v1/jobs", content=b"x" * (3 * 2**20))
    unstated = shared.client.post("/v1/jobs", content=(b"x" * 2**16 for _ in range(64)))
    for answer in (stated, unstated):
        assert answer.status_code == 413
        assert told(answer)["code"] == "too-large"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b"[" * 500_000,
        b'{"kind": "note"}',
        b'{"kind": "no-such-kind", "params": {}}',
        b'{"kind": "note", "params": {"out": 3}}',
        b'{"kind": "note", "params": {"out": "x", "more": 1}}',
        b'{"kind": "note", "params": {"out": "x"}, "priority": "1"}',
        b'{"kind": "note", "params": {"out": "x"}, "priority": 101}',
        b'{"kind": "note", "params": {"out": "x"}, "priority": NaN}',
        b'{"kind": "note", "params": {"out": "x"}, "priority": 1e400}',
        b'{"kind": {"a": 1}, "params": {"out": "x"}}',
    ],
)
def test_requests_that_make_no_sense_are_told_why(shared, body):
    answer = shared.client.post("/v1/jobs", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert told(answer)["code"] == "request"


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/v1/nothing", "not-found"),
        ("GET", "/v1/jobs/0123456789abcdef", "not-found"),
        ("POST", "/v1/jobs/0123456789abcdef/cancel", "not-found"),
        ("POST", "/v1/jobs/0123456789abcdef/resume", "not-found"),
        ("DELETE", "/v1/jobs/0123456789abcdef", "not-found"),
        ("GET", "/v1/jobs/0123456789abcdef/log", "not-found"),
        ("GET", "/v1/jobs/..%2f..%2fservice.json", "not-found"),
        ("GET", "/v1/jobs/ABC", "request"),
        ("GET", "/v1/jobs?limit=0", "request"),
        ("GET", "/v1/jobs?state=lost", "request"),
        ("GET", "/v1/jobs?before=99999999999999999999", "request"),
        ("PUT", "/v1/hello", "method"),
    ],
)
def test_errors_have_one_shape_and_the_status_of_their_code(shared, method, path, code):
    answer = shared.client.request(method, path)
    assert told(answer)["code"] == code
    assert answer.status_code == STATUS[code]


def test_events_of_no_job_are_not_found(shared):
    assert shared.client.get("/v1/jobs/0123456789abcdef/events").status_code == 404


def test_an_unforeseen_error_tells_a_reference_and_nothing_else(ask, workspace, monkeypatch):
    def broken(_self):
        raise RuntimeError("secret-of-the-traceback")

    monkeypatch.setattr("phenolens.engine.service.service.Service.status", broken)
    answer = ask.client.get("/v1/status")
    error = told(answer)
    assert (answer.status_code, error["code"]) == (500, "internal")
    assert "secret" not in answer.text
    log = (workspace.state / "service.log").read_text()
    assert error["value"] in log
    assert "secret-of-the-traceback" in log


def test_the_token_is_in_no_log_and_no_answer(ask, workspace, capfd):
    token = ask.client.headers["authorization"].removeprefix("Bearer ")
    ask.run("chat")
    answers = [
        ask.client.get(f"/v1/{path}").text for path in ("hello", "jobs", "status", "openapi.json", "docs")
    ]
    files = [path for path in workspace.state.rglob("*") if path.is_file() and path.name != "service.json"]
    texts = [*answers, *(path.read_bytes().decode(errors="replace") for path in files), *capfd.readouterr()]
    assert files
    assert not [text for text in texts if token in text]


def test_the_interface_describes_itself_to_browsers_without_loading_anything(shared):
    with httpx.Client(base_url=shared.client.base_url, trust_env=False) as browser:
        page = browser.get("/v1/docs").text
        schema = browser.get("/v1/openapi.json").json()
    assert "/v1/jobs/{identity}/cancel" in page
    assert "http" not in page.replace("http-equiv", "")
    assert {"/v1/hello", "/v1/jobs", "/v1/diagnostics"} <= set(schema["paths"])
    assert "EmbedJob" not in json.dumps(schema)  # the kinds of this service are the tests' own
    assert "NoteJob" in json.dumps(schema)


def test_every_error_of_the_engine_has_a_status():
    from phenolens.engine.errors import EngineError
    from phenolens.engine.service import discovery, workspace  # noqa: F401 - they add to the tree

    def tree(kind):
        return [kind, *(one for child in kind.__subclasses__() for one in tree(child))]

    codes = {kind.code for kind in tree(EngineError) if kind.__module__.startswith("phenolens.")}
    assert codes <= set(STATUS)


def test_diagnostics_come_from_another_process_so_that_the_service_stays_small_and_without_torch(serve):
    service = serve()
    found = service.ask.get("/diagnostics")
    assert {finding["name"] for finding in found["findings"]} >= {"device", "memory", "disk", "model"}
    assert found["libraries"]["torch"] != "missing"
    assert found["service"]["heavy_modules"] == []
    assert found["service"]["pid"] == service.process.pid
    assert 0 < found["service"]["memory_mb"] <= 300
