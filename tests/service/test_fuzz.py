"""Made-up requests: no internal fault, no hang, and every answer, an error too, as the description says.

The same few at every run; tests/benchmarks/service_fuzz.py makes up thousands."""

import pytest

schemathesis = pytest.importorskip("schemathesis")

from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402 - it may not be there

FEW = settings(
    max_examples=5,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def service(tmp_path_factory, threads, own_modules):
    import fuzzed

    workspace = fuzzed.prepared(tmp_path_factory.mktemp("fuzzed"))
    with threads(workspace, fuzzed.OPTIONS) as ask:
        yield ask


def test_a_wrong_method_is_told_the_right_ones(service):
    allowed = {
        path: service.client.request("PATCH", path).headers["allow"] for path in ("/v1/jobs", "/v1/files")
    }
    assert allowed == {"/v1/jobs": "GET, POST", "/v1/files": "GET, POST"}
    one = service.client.request("PATCH", "/v1/jobs/0123456789abcdef")
    assert (one.status_code, one.headers["allow"]) == (405, "DELETE, GET")


def test_made_up_requests_are_answered_as_described(service):
    import fuzz_hooks  # noqa: F401 - registers itself
    import fuzzed

    schema = schemathesis.openapi.from_dict(service.get("/openapi.json"))
    schema.config.update(base_url=str(service.client.base_url).rstrip("/"))
    headers = {"Authorization": service.client.headers["Authorization"]}
    checks = [schemathesis.checks.CHECKS.get_one(name) for name in fuzzed.CHECKS]
    asked = {}
    for found in schema.exclude(path_regex=fuzzed.EXCLUDED).get_all_operations():
        operation = found.ok()

        @FEW
        @given(operation.as_strategy())
        def answered(case):
            answer = case.call(headers=headers, timeout=fuzzed.MOST_S)
            case.validate_response(answer, checks=checks)
            asked.setdefault(case.operation.label, set()).add(answer.status_code)

        answered()
    assert len(asked) > 20
    fine = {label for label, statuses in asked.items() if statuses & {200, 201, 204}}
    assert len(fine) >= len(asked) / 3, asked  # they reach beyond the checks of what is asked
