"""Files up and down, against servers that misbehave."""

import pytest
from phenolens.engine.client.errors import ConnectionLost, InputError, NotFound, OutputError, TooLarge
from phenolens.engine.client.files import Files
from phenolens.engine.client.loopback import LoopbackTransport

resource = pytest.importorskip("resource", reason="limits on file sizes are POSIX's")
CONTENT = bytes(range(256)) * 1000


def _files(stub) -> Files:
    return Files(LoopbackTransport(lambda: stub.discovery))


def test_a_file_comes_down_whole_and_its_progress_is_heard(serving, tmp_path):
    target = tmp_path / "map ä.tif"
    target.write_bytes(b"what was there")
    with serving(lambda call: call.say(CONTENT)) as stub:
        heard = []
        assert (
            _files(stub).download("exports/map ä.tif", target, listener=lambda *now: heard.append(now))
            == target
        )
        assert stub.calls[0][1] == "/v1/files?path=exports%2Fmap%20%C3%A4.tif"
    assert target.read_bytes() == CONTENT
    assert heard[-1] == (len(CONTENT), len(CONTENT))
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


@pytest.mark.parametrize("encoding", ["length", "chunked"])
def test_a_download_that_breaks_off_leaves_what_was_there(serving, tmp_path, encoding):
    def script(call):
        call.send_response(200)
        if encoding == "length":
            call.send_header("Content-Length", str(2 * len(CONTENT)))
        else:
            call.send_header("Transfer-Encoding", "chunked")
        call.end_headers()
        call.wfile.write(CONTENT if encoding == "length" else b"%x\r\n" % len(CONTENT) + CONTENT + b"\r\n")
        call.hang_up()

    target = tmp_path / "map.tif"
    target.write_bytes(b"what was there")
    with serving(script) as stub, pytest.raises(ConnectionLost):
        _files(stub).download("map.tif", target)
    assert target.read_bytes() == b"what was there"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_refused_download_writes_nothing(serving, tmp_path):
    fault = {"error": {"code": "not-found", "cause": "no such file"}}
    with serving(lambda call: call.say(fault, 404)) as stub, pytest.raises(NotFound):
        _files(stub).download("map.tif", tmp_path / "map.tif")
    assert not list(tmp_path.iterdir())


def test_a_disk_that_takes_no_more_is_said_and_nothing_stays(serving, tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with serving(lambda call: call.say(CONTENT)) as stub:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))  # as a full disk: the write itself fails
        try:
            with pytest.raises(OutputError, match="free some space"):
                _files(stub).download("map.tif", tmp_path / "map.tif")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_said(serving, tmp_path):
    with serving(lambda call: call.say(CONTENT)) as stub:
        with pytest.raises(OutputError, match="written"):
            _files(stub).download("map.tif", tmp_path / "no folder" / "map.tif")
        with pytest.raises(OutputError, match="directory"):
            _files(stub).download("map.tif", tmp_path)


def test_a_file_goes_up_piece_by_piece_under_its_name(serving, tmp_path):
    source = tmp_path / "labels ä.geojson"
    source.write_bytes(CONTENT)

    def script(call):
        call.say({"path": "uploads/labels.geojson", "bytes": len(call.content)}, 201)

    with serving(script) as stub:
        told = _files(stub).upload(source)
        assert told.path == "uploads/labels.geojson"
        assert told.bytes == len(CONTENT)
        assert stub.calls[0][1] == "/v1/files?name=labels%20%C3%A4.geojson"


def test_a_file_that_is_not_there_or_too_large_is_said(serving, tmp_path):
    fault = {"error": {"code": "too-large", "cause": "too much"}}
    with serving(lambda call: call.say(fault, 413)) as stub:
        with pytest.raises(InputError, match="No such file"):
            _files(stub).upload(tmp_path / "absent.gpkg")
        (tmp_path / "large.gpkg").write_bytes(CONTENT)
        with pytest.raises(TooLarge):
            _files(stub).upload(tmp_path / "large.gpkg")
