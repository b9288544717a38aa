"""What reads do at their limits, how many are asked at a time, and what they leave in memory."""

import json
import shutil
import struct
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread

import numpy as np
import psutil
import pytest
from affine import Affine
from phenolens.engine.grid import Grid
from phenolens.engine.service.jobs.queue import QueueOptions
from phenolens.engine.service.reading import previews
from phenolens.engine.service.reading.desk import Desk
from phenolens.engine.service.reading.kept import Kept
from phenolens.engine.service.reading.layers import Look
from phenolens.engine.service.reading.maps import Part
from phenolens.engine.service.reading.projections import Scope
from phenolens.engine.service.routes.at_once import Reads
from phenolens.engine.service.workspace import Workspace
from phenolens.engine.store_layout import StoreSpec
from phenolens.engine.store_writer import StoreWriter, TileData, TileKey

ROWS, COLS, DATES, DIMS = 300, 280, 3, 8
STORE = "area/small.zarr"
DAY = "2021-01-11"
IDLE_MB = 300


def write_store(path: Path) -> np.ndarray:
    """Noise on three dates, every 17th pixel without data; returns what the store holds, NaN where nothing."""
    grid = Grid("EPSG:32631", Affine(10, 0, 600_000, 0, -10, 5_600_000), (ROWS, COLS))
    model = {"name": "noise", "sha256": "0" * 64, "family": "dense", "config": {"reach_days": 90.0}}
    record = {"scenes": {"s1": [], "s2": []}, "model": model, "attribution": "Simulated data"}
    days = tuple(18_628.0 + 10 * n for n in range(DATES))
    spec = StoreSpec(grid, days, DIMS, ("s1", "s2"), "float16", record=record)
    random = np.random.default_rng(0)
    values = random.normal(size=(DATES, DIMS, ROWS, COLS)).astype(np.float16).astype(np.float32)
    valid = np.broadcast_to(np.arange(ROWS * COLS).reshape(ROWS, COLS) % 17 != 0, (DATES, ROWS, COLS))
    writer = StoreWriter.create(path, spec)
    for window in grid.tiles(spec.side):
        there = (slice(None), *window.slices)
        layers = {name: np.full(valid[there].shape, 3, np.uint8) for name in spec.layers}
        encoded = spec.encode(values[:, :, *window.slices], valid[there])
        tile = TileKey(window, slice(0, DATES))
        writer.write(tile, TileData(encoded, layers | {"validity": valid[there]}))
    writer.finish()
    return np.where(valid[:, None], values, np.nan)


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """The store's folder and what it holds."""
    path = tmp_path_factory.mktemp("held") / "small.zarr"
    return path, write_store(path)


@pytest.fixture(scope="module")
def root(held, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reads")
    (folder / "area").mkdir()
    held[0].rename(folder / STORE)
    return folder


@pytest.fixture(scope="module")
def asker(root, threads):
    with threads(Workspace(root), QueueOptions()) as found:
        yield found


def got(asker, path, **query):
    return asker.client.get(f"/v1{path}", params={"store": STORE, "date": DAY, **query})


def numbers(answer):
    assert answer.status_code == 200, answer.text
    shape = [int(n) for n in answer.headers["x-shape"].split(",")]
    return np.frombuffer(answer.content, np.dtype(answer.headers["x-dtype"]).newbyteorder("<")).reshape(shape)


def raw(asker, **query):
    return got(asker, "/map", layer="embedding", dim=DIMS, format="raw", **query)


@pytest.mark.parametrize(
    ("window", "step"),
    [
        ((0, 0, 1, 1), 1),
        ((ROWS - 1, COLS - 1, 1, 1), 1),
        ((ROWS - 7, 0, 7, COLS), 3),
        ((250, 250, 50, 30), 1),
        ((3, 5, 4, 4), 4096),
        ((0, 0, ROWS, COLS), 7),
    ],
)
def test_a_window_up_to_the_edge_holds_the_very_pixels_at_every_step(asker, held, window, step):
    row, column, height, width = window
    found = numbers(raw(asker, window=",".join(map(str, window)), step=step))
    wanted = held[1][1][:, row : row + height : step, column : column + width : step]
    np.testing.assert_array_equal(found, wanted.astype(np.float16))


def test_headers_say_where_pixels_lie_and_how_to_read_them(asker):
    answer = raw(asker, window="10,20,31,42", step=4)
    grid = json.loads(answer.headers["x-grid"])
    assert answer.headers["content-type"] == "application/octet-stream"
    assert (answer.headers["x-shape"], answer.headers["x-dtype"]) == (f"{DIMS},8,11", "float16")
    assert answer.headers["x-bands"].split("|") == [f"dimension {n + 1}" for n in range(DIMS)]
    assert answer.headers["x-nodata"] == "nan"
    assert (grid["crs"], grid["shape"]) == ("EPSG:32631", [8, 11])
    assert Affine(*grid["transform"][:6]) == Affine(40, 0, 600_200, 0, -40, 5_599_900)


def test_a_picture_says_in_its_title_that_the_data_are_simulated(asker):
    answer = got(asker, "/map", layer="dim", dim=2)
    assert "(simulated data)" in answer.headers["x-title"]
    assert struct.unpack(">II", answer.content[16:24]) == (COLS, ROWS)


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("/map", {"window": f"0,0,{ROWS + 1},1"}, "area"),
        ("/map", {"window": f"{ROWS},0,1,1"}, "area"),
        ("/map", {"window": "0,0,0,5"}, "area"),
        ("/map", {"window": "0,0,5"}, "request"),
        ("/map", {"window": "0,0,-5,5"}, "request"),
        ("/map", {"window": "0,0,999999999,999999999"}, "too-large"),
        ("/map", {"window": "0,0,20000,20000", "step": 64}, "too-large"),
        ("/map", {"step": 0}, "request"),
        ("/map", {"layer": "nothing"}, "input"),
        ("/map", {"layer": "embedding"}, "input"),
        ("/map", {"layer": "support", "sensor": "s3"}, "input"),
        ("/map", {"palette": "rainbow"}, "input"),
        ("/map", {"layer": "similarity:00"}, "not-found"),
        ("/map", {"layer": "probe:00"}, "not-found"),
        ("/map", {"layer": "true-colour"}, "input"),
        ("/map", {"date": "2021-01-12"}, "target"),
        ("/map", {"date": "2021-01-11T99:00:00Z"}, "target"),
        ("/map", {"store": "area"}, "not-found"),
        ("/map", {"store": "../area/small.zarr"}, "path"),
        ("/tiles/25/0/0.png", {}, "request"),
        ("/tiles/3/8/0.png", {}, "input"),
    ],
)
def test_what_is_not_there_is_refused_with_its_code(asker, path, query, code):
    answer = got(asker, path, **query)
    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["remedy"]


@pytest.mark.parametrize("place", [(14, 0, 0), (0, 0, 0), (24, 2**24 - 1, 2**24 - 1), (14, 8374, 5600)])
def test_a_tile_far_away_is_empty_and_one_of_the_whole_world_hardly_shows_the_area(asker, place):
    z, x, y = place
    answer = got(asker, f"/tiles/{z}/{x}/{y}.png")
    assert answer.headers["content-type"] == "image/png"
    pixels = rgba(answer.content)
    assert pixels.shape == (256, 256, 4)
    assert (pixels[..., 3] > 0).sum() <= (1 if z == 0 else 0)


def rgba(png: bytes) -> np.ndarray:
    """Of the pictures that the service writes: one IDAT chunk, rows without filters."""
    at, content = 8, b""
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        content += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    return (
        np.frombuffer(zlib.decompress(content), np.uint8)
        .reshape(256, 1 + 4 * 256)[:, 1:]
        .reshape(256, 256, 4)
    )


def test_many_who_ask_at_once_get_what_one_gets_alone(asker):
    asked = [("/map", {"layer": layer}) for layer in ("pca", "dim", "support")]
    asked += [("/map", {"window": f"{row},0,40,200", "format": "raw"}) for row in range(0, 200, 40)]
    asked += [("/tiles/14/8374/5529.png", {}), ("/legend", {})]
    with ThreadPoolExecutor(12) as pool:
        beside = list(pool.map(lambda one: got(asker, one[0], **one[1]).content, asked * 4))
    alone = [got(asker, path, **query).content for path, query in asked]
    assert all(beside[n] == alone[n % len(asked)] for n in range(len(beside)))


def test_a_read_that_takes_long_keeps_nobody_waiting(asker, monkeypatch):
    """As many previews as have threads hang; a map is answered meanwhile."""
    begun, ending = Event(), Event()

    def hang(*_):
        begun.set()
        assert ending.wait(60)
        raise ValueError("ended")

    monkeypatch.setattr(previews, "fit", hang)
    response = {"name": "x", "task": "regression", "unit": "1"}
    body = {"store": STORE, "response": response, "labels": [{"value": 1, "pixels": [[0, 0]]}], "when": DAY}
    hanging = [
        Thread(target=asker.client.post, args=("/v1/probe/preview",), kwargs={"json": body}) for _ in range(9)
    ]
    for thread in hanging:
        thread.start()
    try:
        assert begun.wait(60)
        assert got(asker, "/map", window="0,0,8,8").status_code == 200
    finally:
        ending.set()
        for thread in hanging:
            thread.join()


def test_first_reads_that_come_together_share_what_is_kept(root, monkeypatch):
    made, both = [], Event()

    class SlowDesk(Desk):
        def __init__(self, workspace):
            made.append(self)
            both.wait(0.3)  # long enough for another thread to begin one as well
            super().__init__(workspace)

    monkeypatch.setattr("phenolens.engine.service.reading.desk.Desk", SlowDesk)
    reads = Reads(Workspace(root))
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda _: reads._worked(lambda desk: desk), range(2)))
    assert found[0] is found[1]
    assert len(made) == 1


def test_what_is_kept_stays_within_its_budget_and_is_forgotten_on_request():
    kept = Kept(100, len)
    for key in range(10):
        kept.get(key, lambda: b"x" * 30)
    assert len(kept) == 3
    assert kept.find(9) is not None
    assert kept.find(6) is None
    kept.put("large", b"x" * 101)
    assert kept.find("large") is None
    kept.put("small", b"x")
    kept.forget()
    assert len(kept) == 0


def test_what_was_forgotten_is_read_again_and_the_same(root):
    """A desk of its own; the answers before and after it let go of everything."""
    desk = Desk(Workspace(root))

    def lasso():
        projected = desk.projections.projected(desk.stores.open(STORE), Scope("pca", dates=(DAY,)))
        return projected.lasso([[-1, -1], [1, -1], [0, 1]], (0, 1)).bits.tobytes()

    def all_reads():
        tile = desk.tile(STORE, Look(date=DAY), 14, 8374, 5529).body
        return tile, lasso(), desk.map(STORE, Look(date=DAY), Part(), "png").body

    before = all_reads()
    desk.forget()
    assert all_reads() == before


def every_kind_of_read(ask):
    """One of each, a fit of a search and of a probe included."""
    body = {"store": STORE}
    assert ask.get("/store", params=body)["simulated"]
    for layer in ("pca", "dim", "support", "cluster"):
        assert got(ask, "/map", layer=layer).status_code == 200
    raw(ask)
    assert got(ask, "/tiles/14/8374/5529.png").status_code == 200
    ask.post("/series", body | {"pixels": [[1, 1]]})
    corners = [[600_100, 5_599_900], [600_900, 5_599_900], [600_900, 5_599_200]]
    ask.post("/series", body | {"polygon": {"type": "Polygon", "coordinates": [corners], "crs": "grid"}})
    projected = body | {"method": "pca", "dates": [DAY]}
    ask.post("/density", projected)
    ask.post("/lasso", projected | {"corners": [[-1, -1], [1, -1], [0, 1]]})
    found = ask.post("/similarity", body | {"like": {"pixels": [[1, 1]]}, "date": DAY})
    assert got(ask, "/map", layer=f"similarity:{found['id']}").status_code == 200
    classes = [{"code": n, "name": str(n), "colour": "#804020"} for n in (1, 2)]
    labels = [{"value": n, "pixels": [[n, column] for column in range(1, 16)]} for n in (1, 2)]
    response = {"name": "x", "task": "classification", "classes": classes}
    asked = body | {"response": response, "labels": labels, "when": DAY}
    for estimator in ("linear", "forest"):
        found = ask.post("/probe/preview", asked | {"recipe": {"estimator": estimator}})
        assert got(ask, "/map", layer=f"probe:{found['id']}").status_code == 200
        ask.post("/probe/series", body | {"probe": found["id"], "pixels": [[1, 1]]})


def mapped(pid, library):
    """Whether a process has files of a library in memory."""
    return any(f"/{library}/" in one.path for one in psutil.Process(pid).memory_maps())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is told apart by /proc")
def test_an_idle_service_is_small_before_and_after_every_kind_of_read(root, serve):
    served = serve()
    shutil.copytree(root / STORE, served.root / STORE)
    ask, pid = served.ask, served.process.pid
    assert ask.get("/status")["memory_mb"] < IDLE_MB / 2
    assert not mapped(pid, "rasterio")  # what the next lines look for could be found
    every_kind_of_read(ask)
    assert mapped(pid, "rasterio")
    assert mapped(pid, "sklearn")
    assert not mapped(pid, "torch")
    assert not mapped(pid, "pandas")
    until = time.monotonic() + 30
    while (memory := ask.get("/status")["memory_mb"]) >= IDLE_MB and time.monotonic() < until:
        Event().wait(0.2)
    assert memory < IDLE_MB


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc is asked to")
def test_freed_memory_goes_back_to_the_system():
    """In a process of its own: arrays below the size that the C library maps on their own, freed behind a live one."""
    done = subprocess.run([sys.executable, "-c", FREEING], capture_output=True, text=True, check=True)
    before, held, after = map(int, done.stdout.split())
    assert held - before > 150e6
    assert after - before < 50e6


FREEING = """
import psutil
from phenolens.engine.service.reading.memory import give_back
resident = lambda: psutil.Process().memory_info().rss
before = resident()
pieces = [b"x" * 50_000 for _ in range(4_000)]
last = b"y" * 50_000
held = resident()
del pieces
give_back()
print(before, held, resident(), len(last) and "")
"""
