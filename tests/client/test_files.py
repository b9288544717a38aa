"""Files up and down: over both transports with a real service, and against servers that misbehave."""

import os
from pathlib import Path

import pytest
from phenolens.engine.client.errors import (
    Conflict,
    ConnectionLost,
    InputError,
    NotFound,
    OutputError,
    PathError,
    TooLarge,
)
from phenolens.engine.client.files import Files
from phenolens.engine.client.look import Look
from phenolens.engine.client.loopback import LoopbackTransport
from phenolens.engine.progress import Watch
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.tasks.exports import ExportChoice, export_store
from phenolens.engine.tasks.pictures import Picture

CONTENT = bytes(range(256)) * 1000
STORE, DAY = "area/known.zarr", "2020-03-01"


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
    resource = pytest.importorskip("resource", reason="limits on file sizes are POSIX's")
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


def test_a_service_that_stops_listening_to_an_upload_is_said(serving, tmp_path):
    (tmp_path / "large.csv").write_bytes(CONTENT)
    with serving(lambda call: call.hang_up()) as stub, pytest.raises(ConnectionLost):
        _files(stub).upload(tmp_path / "large.csv")
    assert len(stub.calls) == 1  # it may have arrived: it isn't sent again


def test_files_go_up_and_come_down_as_they_were(client, tmp_path):
    source, target = tmp_path / "labels ä.csv", tmp_path / "back.csv"
    source.write_bytes(b"lon,lat,kind\n" + b"25.0,45.0,forest\n" * 20_000)
    told = client.files.upload(source)
    assert told.path == "uploads/labels ä.csv"
    assert told.bytes == source.stat().st_size
    heard = []
    assert client.files.download(told.path, target, listener=lambda *now: heard.append(now)) == target
    assert target.read_bytes() == source.read_bytes()
    assert heard[-1] == (told.bytes, told.bytes)
    assert len(heard) > 1


def test_a_name_that_is_taken_is_kept_unless_it_may_be_replaced(client, tmp_path):
    source, target = tmp_path / "twice.csv", tmp_path / "back.csv"
    source.write_text("a\n1\n")
    client.files.upload(source)
    source.write_text("a\n2\n")
    with pytest.raises(Conflict, match="there already"):
        client.files.upload(source)
    assert client.files.upload(source, overwrite=True).path == "uploads/twice.csv"
    assert client.files.download("uploads/twice.csv", target).read_text() == "a\n2\n"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("absent.tif", InputError),
        ("area", InputError),
        ("../x", PathError),
        ("/etc/hostname", PathError),
        (".phenolens/service.json", PathError),
        (".PHENOLENS/service.json", PathError),
        ("%2e%2e/x", InputError),
    ],
)
def test_what_cannot_be_fetched_is_said_and_nothing_written(client, tmp_path, path, kind):
    with pytest.raises(kind):
        client.files.download(path, tmp_path / "fetched")
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_not_there_or_not_taken_is_said(client, tmp_path):
    with pytest.raises(InputError, match="No such file"):
        client.files.upload(tmp_path / "absent.gpkg")
    (tmp_path / "zeros.geojson").touch()
    os.truncate(tmp_path / "zeros.geojson", 40 * 2**20)  # more than is taken
    (tmp_path / "text.gpkg").write_text("text")
    with pytest.raises(TooLarge):
        client.files.upload(tmp_path / "zeros.geojson")
    with pytest.raises(InputError, match=r"no \.gpkg file"):
        client.files.upload(tmp_path / "text.gpkg")
    assert client.views.stores()  # the connection serves on


@pytest.fixture(scope="module")
def exported(client) -> list[Path]:
    """A date of the store as files for QGIS."""
    root = Path(client.hello().workspace)
    store, choice = EmbeddingStore(root / STORE), ExportChoice(Picture("pca", 1, "s2", "cividis"))
    return export_store(store, choice, [DAY], root / "maps" / "known", overwrite=True, watch=Watch())


def test_exports_are_listed_by_store_and_day(client, exported):
    (found,) = client.files.exports()
    assert found.raster == "maps/known-pca-2020-03-01.tif"
    assert found.bytes == exported[0].stat().st_size
    assert found.dates[0].startswith(DAY)
    assert client.files.exports(STORE, DAY) == (found,)
    assert not client.files.exports("other.zarr")
    assert not client.files.exports(STORE, "2020-03-02")


def test_qgis_is_told_files_tiles_and_legend_of_a_layer(client, exported):
    told = client.files.qgis(STORE, Look(date=DAY))
    assert told.raster.raster == "maps/known-pca-2020-03-01.tif"
    assert {told.path(name) for name in (told.raster.raster, told.raster.style, told.raster.item)} <= set(
        exported
    )
    assert all(told.path(name).is_file() for name in (told.raster.style, told.raster.attributes))
    assert told.legend == client.views.legend(STORE, Look(date=DAY))
    grid = client.views.store(STORE).grid
    assert (told.crs, told.bounds) == (grid.crs, pytest.approx(grid.bounds))
    path, _, query = told.tiles.format(z=14, x=9000, y=5000).partition("?")
    assert path == "/v1/tiles/14/9000/5000.png"
    assert f"date={DAY}" in query


def test_a_layer_that_was_not_exported_has_no_file_of_its_own(client, exported):
    told = client.files.qgis(STORE, Look("dim", DAY, dim=2))
    assert told.raster is None
    assert [one.raster for one in told.files] == ["maps/known-pca-2020-03-01.tif"]
    assert told.legend.scale.low < told.legend.scale.high
