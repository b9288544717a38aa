import os
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import rioxarray  # noqa: F401 - gives xarray its .rio
import xarray
import zarr
from phenolens.engine.errors import AreaError, InputError, OutputError, TargetError
from phenolens.engine.grid import Grid, Window
from phenolens.engine.store import EmbeddingStore, Glass
from phenolens.engine.store_layout import StoreSpec
from phenolens.engine.store_writer import StoreWriter, TileData, TileKey

DAYS = tuple(18_687.4375 + 5 * i for i in range(10))
GRID = Grid.from_bounds("EPSG:32631", (600_000, 5_600_000, 602_700, 5_601_500))  # 150 × 270 px: shards of 256
RECORD = {"model": {"sha256": "a" * 64}, "scenes": {"s1": [], "s2": []}, "licence": "CC-BY-4.0"}


def spec(**changes):
    return StoreSpec(
        **{"grid": GRID, "days": DAYS, "dims": 6, "modalities": ("s1", "s2"), "record": RECORD} | changes
    )


def whole(store_spec, seed=0):
    """Random tile contents for the whole store: values, validity and what is to be written."""
    random = np.random.default_rng(seed)
    shape = (len(store_spec.days), store_spec.dims, *GRID.shape)
    values = random.normal(size=shape).astype(np.float32)
    validity = random.random((shape[0], *GRID.shape)) < 0.9
    validity[:, :64, 64:128] = False  # one chunk without anything
    layers = {name: random.integers(0, 255, validity.shape, np.uint8) for name in store_spec.layers}
    return values, validity, layers


def write(path, store_spec, values, validity, layers):
    writer = StoreWriter.create(path, store_spec)
    for window in GRID.tiles(store_spec.side):
        for start in range(0, len(store_spec.days), store_spec.times):
            tile = TileKey(window, slice(start, min(start + store_spec.times, len(store_spec.days))))
            at = (tile.times, *window.slices)
            stored = store_spec.encode(values[at[0], :, at[1], at[2]], validity[at])
            writer.write(
                tile, TileData(stored, {"validity": validity[at]} | {n: v[at] for n, v in layers.items()})
            )
    writer.finish()
    return EmbeddingStore(path)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    store_spec = spec()
    values, validity, layers = whole(store_spec)
    store = write(tmp_path_factory.mktemp("store") / "a.zarr", store_spec, values, validity, layers)
    return (
        store,
        np.where(validity[:, None], values, 0).astype(np.float16).astype(np.float32),
        validity,
        layers,
    )


def test_plain_xarray_opens_the_store_with_times_positions_and_crs(filled):
    store, values, validity, layers = filled
    opened = xarray.open_zarr(store.path)
    assert opened.rio.crs.to_epsg() == opened["embedding"].rio.crs.to_epsg() == 32631
    assert opened.rio.transform() == GRID.transform
    assert opened["embedding"].dims == ("time", "dim", "y", "x")
    assert opened["time"].values[1] == np.datetime64("2021-03-06T10:30")
    there = opened["embedding"].sel(x=600_005 + 30 * 10, y=5_601_495 - 20 * 10).isel(time=3)
    np.testing.assert_array_equal(np.nan_to_num(there), values[3, :, 20, 30])
    np.testing.assert_array_equal(np.isnan(opened["embedding"][:, 0]), ~validity)
    nearest = opened["nearest_days_s1"]
    np.testing.assert_array_equal(nearest.fillna(255), layers["nearest_days_s1"])
    assert opened.attrs["licence"] == "CC-BY-4.0"
    assert opened.attrs["status"] == "complete"


def test_a_map_holds_one_date_of_a_window(filled):
    store, values, validity, layers = filled
    read = store.read_map(9, Window(30, 50, 100, 210), dims=4)
    at = (9, slice(30, 130), slice(50, 260))
    np.testing.assert_array_equal(read.embedding, values[9, :4, 30:130, 50:260])
    np.testing.assert_array_equal(read.validity, validity[at])
    assert set(read.support) == {"clear_count_s1", "nearest_days_s1", "clear_count_s2", "nearest_days_s2"}
    np.testing.assert_array_equal(read.support["clear_count_s2"], layers["clear_count_s2"][at])
    assert read.grid == GRID.crop(Window(30, 50, 100, 210))
    assert not store.read_map(9, support=False).support


def test_our_reader_equals_zarrs(filled):
    store, *_ = filled
    stored = np.asarray(zarr.open_group(store.path, mode="r")["embedding"][...], np.float32)
    for index in range(10):
        read = store.read_map(index)
        np.testing.assert_array_equal(np.where(read.validity, read.embedding, np.nan), stored[index])


def test_a_series_holds_all_dates_of_a_pixel(filled):
    store, values, validity, layers = filled
    row, col = GRID.pixel_at_xy(602_600, 5_600_900)
    read = store.read_series(row, col)
    np.testing.assert_array_equal(read.embedding, values[:, :, row, col])
    np.testing.assert_array_equal(read.validity, validity[:, row, col])
    np.testing.assert_array_equal(read.support["nearest_days_s2"], layers["nearest_days_s2"][:, row, col])
    assert read.times[0] == np.datetime64("2021-03-01T10:30")


def test_many_series_come_in_the_order_asked_for(filled):
    store, values, *_ = filled
    pixels = [(149, 269), (0, 0), (70, 64), (0, 1), (70, 64)]
    read = store.read_series_many(pixels, dims=3)
    for index, (row, col) in enumerate(pixels):
        np.testing.assert_array_equal(read.embedding[index], values[:, :3, row, col])


def test_dates_are_found_by_index_day_and_time(filled):
    store, *_ = filled
    assert store.index_of(-1) == 9
    assert store.index_of(date(2021, 3, 11)) == 2
    assert store.index_of(datetime(2021, 3, 11, 10, 30, tzinfo=UTC)) == 2
    with pytest.raises(TargetError, match=r"2021-03-12.*nearest is 2021-03-11T10:30"):
        store.index_of(date(2021, 3, 12))


def test_what_lies_outside_the_store_is_refused(filled):
    store, *_ = filled
    with pytest.raises(AreaError, match="stay within 150 × 270"):
        store.read_map(0, Window(100, 0, 51, 10))
    with pytest.raises(AreaError):
        store.read_series(-1, 0)
    with pytest.raises(InputError, match="1 to 6"):
        store.read_map(0, dims=7)


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_sums_of_the_dimensions_are_read_as_those_of_the_numbers(tmp_path, dtype):
    store_spec = spec(dtype=dtype, **({"value_range": 4.0} if dtype == "int8" else {}))
    values, validity, layers = whole(store_spec)
    values[0, :, 10, 10:12] = 1e-7, 6e4  # the smallest and largest that a half holds, about
    validity[0, 10, 10:12] = True
    store = write(tmp_path / "a.zarr", store_spec, values, validity, layers)
    weight = np.random.default_rng(1).normal(size=(2, 4)).astype(np.float32)
    glass = Glass(2, "float32", lambda sums: sums + 1, weight)
    window = Window(3, 5, 140, 250)
    seen, valid = store.read_through(0, glass, window, dims=4)
    read = store.read_map(0, window, dims=4)
    expected = np.einsum("cd,dyx->cyx", weight, read.embedding) + 1
    np.testing.assert_array_equal(valid, read.validity)
    np.testing.assert_allclose(seen[:, valid], expected[:, valid], rtol=1e-4, atol=1e-5)


def test_int8_keeps_half_a_step_and_decodes_anywhere(tmp_path):
    store_spec = spec(dtype="int8", value_range=4.0)
    values, validity, layers = whole(store_spec)
    store = write(tmp_path / "a.zarr", store_spec, values, validity, layers)
    expected = np.where(validity[:, None], np.clip(values, -4, 4), 0)
    half_a_step = 4.0 / 127 / 2 + 1e-6
    np.testing.assert_allclose(store.read_map(2).embedding, expected[2], atol=half_a_step)
    decoded = xarray.open_zarr(store.path)["embedding"]
    np.testing.assert_allclose(decoded.fillna(0), expected, atol=half_a_step)
    np.testing.assert_array_equal(np.isnan(decoded[:, 0]), ~validity)


def test_a_store_is_partial_until_it_is_finished(tmp_path):
    StoreWriter.create(tmp_path / "a.zarr", spec())
    assert not EmbeddingStore(tmp_path / "a.zarr").complete
    assert xarray.open_zarr(tmp_path / "a.zarr").attrs["status"] == "partial"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"record": RECORD | {"model": {"sha256": "b" * 64}}}, "another model"),
        ({"grid": Grid.from_bounds("EPSG:32631", (600_010, 5_600_000, 602_710, 5_601_500))}, "another grid"),
        ({"days": DAYS[:-1]}, r"other target dates \(10, now 9\)"),
        ({"dtype": "int8"}, r"another storage type \(float16, now int8\)"),
        ({"dims": 5}, r"another number of dimensions \(6, now 5\)"),
    ],
)
def test_another_runs_store_is_not_gone_on_with(tmp_path, change, reason):
    StoreWriter.create(tmp_path / "a.zarr", spec())
    with pytest.raises(OutputError, match=reason):
        StoreWriter.resume(tmp_path / "a.zarr", spec(**change))


def test_what_is_no_store_is_said_to_be_none(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="no readable embedding store"):
        EmbeddingStore(tmp_path)
    with pytest.raises(InputError, match=r"no such store.*check the path"):
        EmbeddingStore(tmp_path / "absent")
    zarr.create_group(tmp_path / "other.zarr")
    with pytest.raises(InputError, match="no embedding store"):
        EmbeddingStore(tmp_path / "other.zarr")


def test_a_shard_that_was_cut_short_is_an_error_and_not_a_map(tmp_path):
    store_spec = spec()
    store = write(tmp_path / "a.zarr", store_spec, *whole(store_spec))
    shard = store.path / "embedding/c/0/0/0/0"
    shard.write_bytes(shard.read_bytes()[:1_000])
    with pytest.raises(InputError, match="damaged"):
        store.read_map(0)


def test_a_line_of_the_journal_that_was_cut_short_does_not_count(tmp_path):
    path = tmp_path / "a.zarr"
    StoreWriter.create(path, spec())
    (path / "finished_tiles").write_text("0 0 0\n0 0 25")
    assert StoreWriter.resume(path, spec()).tiles_finished == 1
    assert (path / "finished_tiles").read_text() == "0 0 0\n"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no table of open files here")
def test_a_tile_is_on_the_disk_before_the_journal_names_it(tmp_path, monkeypatch):
    settled, sync = [], os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda fd: (settled.append(os.readlink(f"/proc/self/fd/{fd}")), sync(fd))
    )
    store_spec = spec()
    store = write(tmp_path / "a.zarr", store_spec, *whole(store_spec))
    journal = str(store.path / "finished_tiles")
    assert {Path(path).name for path in settled} >= {"zarr.json", "finished_tiles"}
    shards = {str(path) for path in store.path.glob("*/c/*/*/**/*") if path.is_file()}
    assert shards
    assert shards < set(settled)
    lines = [number for number, path in enumerate(settled) if path == journal]
    assert len(lines) == len((store.path / "finished_tiles").read_text().splitlines())
    for first, last in pairwise([0, *lines]):  # what was settled before each line of the journal
        settled_here = "|".join(settled[first:last])
        assert "/embedding/c/" in settled_here
        assert "/validity/c/" in settled_here
