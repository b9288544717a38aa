import json

import pytest
from phenolens.engine import errors as engine
from phenolens.engine.client import errors as client


def _kinds(root: type) -> list[type]:
    return [root, *(kind for child in root.__subclasses__() for kind in _kinds(child))]


def test_every_error_of_the_engine_has_its_mirror_at_the_same_place_of_the_tree():
    mirrored = {kind.code: kind for kind in _kinds(client.EngineFault)}
    ours = [kind for kind in _kinds(engine.EngineError) if kind.__module__ == engine.__name__]
    assert len(ours) > 10
    for kind in ours:
        twin = mirrored[kind.code]
        if kind is not engine.EngineError:
            assert twin.__name__ == kind.__name__
            assert twin.__mro__[1].code == kind.__mro__[1].code


def test_an_answer_becomes_the_error_that_the_engine_raised():
    fault = {"code": "band", "cause": "no red edge", "value": "B05", "remedy": "add it", "later": 1}
    error = client.from_answer(422, json.dumps({"error": fault}).encode())
    assert type(error) is client.BandError
    assert isinstance(error, client.InputError)
    assert str(error) == "no red edge [B05] → add it"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, client.Refused),
        (404, client.NotFound),
        (409, client.Conflict),
        (413, client.TooLarge),
        (422, client.InputError),
        (500, client.EngineFault),
        (418, client.EngineFault),
        (503, client.ResourceError),
    ],
)
def test_a_code_of_a_newer_service_is_kept_and_filed_under_its_status(status, kind):
    error = client.from_answer(status, b'{"error": {"code": "novel", "cause": "so it is"}}')
    assert type(error) is kind
    assert (error.code, error.cause) == ("novel", "so it is")


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"<h1>Bad gateway</h1>", b"[]", b'{"error": "text"}', b"[" * 9999]
)
def test_an_answer_of_another_shape_is_quoted_shortly(body):
    error = client.from_answer(500, body * 1000)
    assert type(error) is client.EngineFault
    assert len(str(error)) < 1000


def test_a_long_value_is_shortened_in_the_text_alone():
    error = client.InputError("too long", value="x" * 10_000)
    assert len(str(error)) < 600
    assert len(error.value) == 10_000
