import pytest
from phenolens.engine.client.errors import (
    BadAnswer,
    Cancelled,
    Conflict,
    EngineFault,
    Interrupted,
    LabelError,
)
from phenolens.engine.client.results import Diagnostics, Hello, Job, JobList, Progress

JOB = {"id": "a", "kind": "embed", "state": "running", "progress": {"stage": "tiles", "done": 1, "total": 4}}


def test_unknown_fields_are_left_at_every_depth():
    told = {**JOB, "later": 1, "progress": {**JOB["progress"], "speed": 3}}
    job = Job.from_json(told)
    assert job == Job(id="a", kind="embed", state="running", progress=Progress("tiles", 1, 4))
    assert job.progress.share == 0.25


def test_missing_fields_are_all_named_with_what_was_there():
    with pytest.raises(BadAnswer, match="Job lacks id, state") as error:
        Job.from_json({"kind": "embed"})
    assert "it has kind" in str(error.value)
    with pytest.raises(BadAnswer, match="Progress lacks total"):
        Job.from_json({**JOB, "progress": {"stage": "tiles", "done": 1}})
    with pytest.raises(BadAnswer, match="Job lacks state"):
        JobList.from_json({"jobs": [JOB, {"id": "a", "kind": "b"}]})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", 1),
        ("state", None),
        ("number", "1"),
        ("number", True),
        ("number", 1.5),
        ("progress", []),
        ("params", [1]),
    ],
)
def test_a_field_of_another_type_is_named(field, value):
    with pytest.raises(BadAnswer, match=field if field != "progress" else "Progress"):
        Job.from_json({**JOB, field: value})


@pytest.mark.parametrize("values", [None, [], "text", 3])
def test_something_else_than_an_object_is_refused(values):
    with pytest.raises(BadAnswer, match="no JSON object"):
        Hello.from_json(values)


def test_whole_numbers_do_for_fractions_and_lists_become_tuples():
    assert Progress.from_json({"stage": "s", "done": 0, "total": 0, "eta_s": 3}).eta_s == 3.0
    assert Progress("s", 0, 0).share == 0
    assert Diagnostics.from_json({"ok": True, "findings": [{"a": 1}]}).findings == ({"a": 1},)
    with pytest.raises(BadAnswer, match="findings"):
        Diagnostics.from_json({"ok": True, "findings": {"a": 1}})


def test_results_are_values_that_nobody_changes():
    with pytest.raises(AttributeError):
        Job.from_json(JOB).state = "done"


def test_the_outcome_of_a_job_is_its_result_or_the_error_that_ended_it():
    assert Job("a", "embed", "done", result={"store": "a.zarr"}).outcome() == {"store": "a.zarr"}
    fault = {"code": "labels", "cause": "one class only", "value": None, "remedy": "add another"}
    with pytest.raises(LabelError, match="one class only → add another"):
        Job("a", "probe.fit", "failed", error=fault).outcome()
    with pytest.raises(Cancelled):
        Job("a", "embed", "cancelled").outcome()
    with pytest.raises(Interrupted):
        Job("a", "embed", "interrupted").outcome()
    with pytest.raises(EngineFault, match="failed"):
        Job("a", "embed", "failed").outcome()
    with pytest.raises(Conflict, match="wait"):
        Job("a", "embed", "running").outcome()
