"""Stores in a bucket, against an S3 server on the loopback interface (moto's)."""

import http.client
import pickle
from dataclasses import replace

import numpy as np
import pytest
from phenolens.engine.errors import InputError, OutputError, ResourceError
from phenolens.engine.grid import Grid, Window
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.store_layout import StoreSpec
from phenolens.engine.store_place import Bucket, Folder, place_of
from phenolens.engine.store_writer import JOURNAL, StoreWriter, TileData, TileKey, is_store

pytest.importorskip("obstore")
server = pytest.importorskip("moto.server")

GRID = Grid.from_bounds("EPSG:32631", (600_000, 5_600_000, 603_000, 5_602_000))  # 200 × 300 px: 1 × 2 shards
SPEC = StoreSpec(GRID, (18_000.0, 18_010.5, 18_020.0), 4, ("s2",), record={"scenes": {"s2": []}})
TILES = [TileKey(Window(0, 0, 200, 256), slice(0, 3)), TileKey(Window(0, 256, 200, 44), slice(0, 3))]


@pytest.fixture(scope="module")
def port():
    running = server.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    running.start()
    _, port = running.get_host_and_port()
    yield port
    running.stop()


@pytest.fixture
def bucket(port, monkeypatch):
    """Address of a folder in a new bucket, to which the environment shows the way."""
    settings = {"ENDPOINT_URL": f"http://127.0.0.1:{port}", "ALLOW_HTTP": "true", "REGION": "us-east-1"}
    for name, value in {**settings, "ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    for method, path in (("POST", "/moto-api/reset"), ("PUT", "/maps")):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request(method, path)
        assert connection.getresponse().status == 200
        connection.close()
    return "s3://maps/some/area.zarr"


def data_of(tile, seed=0):
    random = np.random.default_rng(seed)
    height, width = tile.window.height, tile.window.width
    values = random.normal(size=(3, SPEC.dims, height, width)).astype(np.float32)
    seen = random.random((3, height, width)) > 0.2
    layers = {name: random.integers(0, 9, (3, height, width), dtype=np.uint8) for name in SPEC.layers}
    return TileData(SPEC.encode(values, seen), {"validity": seen, **layers})


def filled(where, tiles=TILES):
    writer = StoreWriter.create(place_of(where), SPEC)
    for tile in tiles:
        writer.write(tile, data_of(tile))
    return writer


def files_of(place):
    if isinstance(place, Folder):
        files = (path for path in place.path.rglob("*") if path.is_file())
        return {path.relative_to(place.path).as_posix(): path.read_bytes() for path in files}
    names = [entry["path"] for batch in place.objects.list() for entry in batch]
    return {name: bytes(place.objects.get(name).bytes()) for name in names}


def test_a_store_in_a_bucket_is_that_of_a_folder_byte_for_byte(bucket, tmp_path):
    filled(bucket).finish()
    filled(tmp_path / "area.zarr").finish()
    here, there = files_of(Folder(tmp_path / "area.zarr")), files_of(Bucket.at(bucket))
    assert here.keys() == there.keys()
    assert here == there


def test_maps_and_series_are_read_from_a_bucket_as_from_a_folder(bucket, tmp_path):
    filled(bucket, TILES[:1])  # the second shard isn't there: fill values
    filled(tmp_path / "area.zarr", TILES[:1])
    there, here = EmbeddingStore(bucket), EmbeddingStore(tmp_path / "area.zarr")
    assert there.path.name == "area.zarr"
    for window in (None, Window(50, 200, 90, 80)):
        ours, theirs = (store.read_map(1, window, dims=3) for store in (here, there))
        np.testing.assert_array_equal(ours.embedding, theirs.embedding)
        np.testing.assert_array_equal(ours.validity, theirs.validity)
        assert ours.validity.any()
        assert not ours.validity.all()
    pixels = [(3, 4), (199, 255), (10, 280)]
    ours, theirs = (store.read_series_many(pixels) for store in (here, there))
    np.testing.assert_array_equal(ours.embedding, theirs.embedding)
    np.testing.assert_array_equal(ours.support["nearest_days_s2"], theirs.support["nearest_days_s2"])


def test_a_store_in_a_bucket_is_gone_on_with_and_no_other_run_may(bucket):
    filled(bucket, TILES[:1])
    writer = StoreWriter.resume(Bucket.at(bucket), SPEC)
    assert [writer.is_finished(tile) for tile in TILES] == [True, False]
    writer.write(TILES[1], data_of(TILES[1]))
    writer.finish()
    assert EmbeddingStore(bucket).complete
    assert len(Bucket.at(bucket).read(JOURNAL).splitlines()) == 2
    with pytest.raises(OutputError, match="another run: other target dates"):
        StoreWriter.attach(Bucket.at(bucket), replace(SPEC, days=(18_000.0,)))


def test_a_store_without_a_tile_is_taken_from_the_bucket_and_one_with_tiles_stays(bucket):
    place = Bucket.at(bucket)
    StoreWriter.create(place, SPEC).discard_empty()
    assert not place.exists()
    filled(bucket, TILES[:1]).discard_empty()
    assert is_store(place)


def test_a_bucket_is_sent_to_workers_as_its_address_alone(bucket, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-to-be-sent")
    place = Bucket.at(bucket)
    sent = pickle.dumps(place)
    assert b"not-to-be-sent" not in sent
    assert pickle.loads(sent) == place  # noqa: S301 - our own bytes
    assert pickle.loads(sent).objects is not None  # noqa: S301


def test_a_bucket_that_is_not_there_is_an_error_with_its_reason(bucket):
    place = Bucket.at("s3://none/area.zarr")
    with pytest.raises(OutputError, match=r"can't be written to.*NoSuchBucket"):
        StoreWriter.create(place, SPEC)
    with pytest.raises(InputError, match="s3://none/area"):
        EmbeddingStore(place)


def test_an_address_without_a_store_is_an_input_error(bucket):
    with pytest.raises(InputError, match="there is no such store"):
        EmbeddingStore("s3://maps/other.zarr")


@pytest.mark.parametrize(
    "url", ["ftp://host/a.zarr", "s3://bucket", "s3://", "s3:///a.zarr", "https://host/a"]
)
def test_other_addresses_are_refused(url):
    with pytest.raises(InputError, match=r"no store can be.*s3://bucket"):
        Bucket.at(url)


def test_a_bucket_without_its_package_names_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "obstore.store", None)
    with pytest.raises(ResourceError, match=r"not installed.*phenolens\[cluster\]"):
        Bucket.at("s3://maps/area.zarr")
