import pytest
from phenolens.engine.client.errors import BadAnswer
from phenolens.engine.client.events import Event, events

STREAM = "retry: 5\r\n: hello\r\n\r\nid: 7\r\nevent: progress\r\ndata: {\r\ndata:  1}\r\n\r\ndata: ä\n\ndata: cut off"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_are_the_same_however_the_stream_is_cut_into_pieces(size):
    whole = STREAM.encode()
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    assert list(events(pieces)) == [Event("progress", "{\n 1}", "7"), Event("message", "ä", "7")]


def test_lines_may_end_in_carriage_returns_alone():
    assert list(events([b"data: a\r", b"\rdata: b\r\r", b"x"])) == [
        Event("message", "a", ""),
        Event("message", "b", ""),
    ]


def test_an_event_without_end_is_refused():
    with pytest.raises(BadAnswer, match="no end"):
        list(events(b"data: " + b"x" * 60_000 for _ in range(100)))
    with pytest.raises(BadAnswer, match="no end"):
        list(events(b"data: " + b"x" * 60_000 + b"\n" for _ in range(100)))


def test_data_that_isnt_json_is_said():
    with pytest.raises(BadAnswer, match="JSON"):
        Event("x", "{", "").parsed()
    with pytest.raises(BadAnswer, match="JSON"):
        Event("x", "[" * 100_000, "").parsed()


def test_letters_that_are_no_utf8_are_replaced():
    assert [event.data for event in events([b"data: \xff\n\n"])] == ["�"]
