"""Made-up places, windows, files and damage: an answer or an error that says what is wrong, never anything else."""

import json
import os
import warnings
from math import inf

import pytest

hypothesis = pytest.importorskip("hypothesis")

from hypothesis import HealthCheck, example, given, settings  # noqa: E402 - it may not be there
from hypothesis import strategies as st  # noqa: E402
from phenolens.engine.errors import EngineError  # noqa: E402
from phenolens.engine.grid import AreaOfInterest, Grid, Window  # noqa: E402
from phenolens.engine.labels.read import LabelColumns, read_labels  # noqa: E402
from phenolens.engine.service.jobs.database import Database  # noqa: E402
from phenolens.engine.service.jobs.states import Job  # noqa: E402
from phenolens.engine.service.reading.maps import Part  # noqa: E402
from phenolens.engine.service.reading.places import inside, named_pixels, polygons_of  # noqa: E402
from phenolens.engine.service.reading.uploads import check_content  # noqa: E402
from phenolens.engine.service.workspace import Workspace  # noqa: E402

from .fuzzed import STORE, fill  # noqa: E402

MORE = int(os.environ.get("PHENOLENS_FUZZ", "0"))  # examples, at random: tests/benchmarks/service_fuzz.py
FEW = settings(
    max_examples=MORE or 60,
    derandomize=not MORE,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
GRID = Grid.from_bounds("EPSG:32631", (600_000, 5_600_000, 601_000, 5_601_000))
WEST, SOUTH, EAST, NORTH = GRID.lonlat_bounds
ANY = st.floats(allow_nan=False, allow_infinity=False)
LON = st.floats(WEST - 0.01, EAST + 0.01) | st.floats(-180, 180) | ANY
LAT = st.floats(SOUTH - 0.01, NORTH + 0.01) | st.floats(-90, 90) | ANY
RING = st.lists(st.tuples(LON, LAT) | st.tuples(LON, LAT, ANY), min_size=3, max_size=12)
NEAR = st.lists(st.tuples(st.floats(WEST, EAST), st.floats(SOUTH, NORTH)), min_size=3, max_size=9)
RINGS = st.lists(st.lists(RING | NEAR, min_size=1, max_size=3), min_size=1, max_size=3)


def told(error):
    assert error.cause


@pytest.fixture(scope="module")
def fuzzed_store(tmp_path_factory):
    from phenolens.engine.service.reading.desk import Desk

    root = tmp_path_factory.mktemp("windows")
    fill(root / STORE)
    return Desk(Workspace(root)).stores.open(STORE)


@FEW
@given(RINGS, st.sampled_from(["EPSG:4326", "EPSG:32631"]))
def test_a_polygon_is_pixels_of_the_area_or_an_error(rings, crs):
    try:
        found = inside(polygons_of(rings, crs), crs, GRID)
    except EngineError as error:
        told(error)
        return
    rows, cols = found.pixels.T
    assert 0 <= rows.min() <= rows.max() < GRID.shape[0]
    assert 0 <= cols.min() <= cols.max() < GRID.shape[1]
    assert found.count >= 1


@FEW
@given(st.lists(st.tuples(LON, LAT) | st.tuples(LON, LAT, ANY), max_size=4))
@example([(4.41, 50.55, 120.0)])
def test_a_position_with_or_without_a_height_is_a_pixel_or_an_error(lonlat):
    try:
        found = named_pixels(GRID, (), lonlat)
    except EngineError:
        return
    assert all(0 <= row < GRID.shape[0] and 0 <= col < GRID.shape[1] for row, col in found)


def test_a_height_is_no_error():
    lon, lat = (WEST + EAST) / 2, (SOUTH + NORTH) / 2
    assert named_pixels(GRID, (), [(lon, lat, 120.0)]) == named_pixels(GRID, (), [(lon, lat)])


WHOLE = st.integers(-2, 26) | st.integers(-(2**40), 2**40)


@FEW
@given(WHOLE, WHOLE, WHOLE, WHOLE, st.integers(-2, 5000))
def test_a_window_lies_in_the_area_or_is_an_error(fuzzed_store, row, col, height, width, step):
    try:
        view = Part(Window(row, col, height, width), step).of(fuzzed_store)
    except EngineError:
        return
    assert 0 <= row < row + height <= fuzzed_store.store.grid.shape[0]
    assert 0 <= col < col + width <= fuzzed_store.store.grid.shape[1]
    assert view.grid.shape == (-(-height // step), -(-width // step))


LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
JSON = st.recursive(LEAF, lambda of: st.lists(of, max_size=3) | st.dictionaries(st.text(max_size=6), of))
XY = st.tuples(st.floats(WEST, EAST), st.floats(SOUTH, NORTH))
GEOMETRY = (
    st.builds(lambda xy: {"type": "Point", "coordinates": xy}, XY)
    | st.builds(lambda ring: {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}, NEAR)
    | st.builds(lambda rings: {"type": "MultiPolygon", "coordinates": rings}, RINGS)
    | st.builds(lambda ring: {"type": "LineString", "coordinates": ring}, NEAR)
    | st.fixed_dictionaries({"type": st.sampled_from(["Polygon", "Sphere", ""]), "coordinates": JSON})
    | JSON
)
ANSWER = st.sampled_from(["a", "b", "1", 2, 3.5, None, True, "é\0"]) | JSON
PROPERTIES = st.fixed_dictionaries({"kind": ANSWER}) | st.dictionaries(st.text(max_size=6), JSON) | JSON
FEATURE = st.fixed_dictionaries({"type": st.just("Feature"), "geometry": GEOMETRY, "properties": PROPERTIES})
COLLECTION = st.fixed_dictionaries(
    {"type": st.just("FeatureCollection"), "features": st.lists(FEATURE | JSON, max_size=5)}
)
GEOJSON = (COLLECTION | FEATURE | JSON).map(lambda content: json.dumps(content).encode())
CELL = st.sampled_from(["4.42", "50.55", "600100", "5600500", "a", "", "nan", "inf", "1e999", '"', "é", "\0"])
CSV = st.lists(st.lists(CELL | st.text(max_size=5), min_size=1, max_size=4), max_size=6).map(
    lambda rows: "\n".join(["x,y,kind,date", *(",".join(row) for row in rows)]).encode("utf-8", "replace")
)


def read_either(path, columns):
    """As an upload's job would: looked at, then read; whatever is wrong is told."""
    for step in (
        lambda: check_content(path, path.name),
        lambda: read_labels(path, columns, crs="EPSG:4326"),
        lambda: AreaOfInterest.from_file(path).grid(),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what GDAL and pandas mention of such files
            try:
                step()
            except EngineError as error:
                told(error)


@FEW
@given(GEOJSON | st.binary(max_size=60))
@example(json.dumps({"type": "Feature", "geometry": {"type": "Point", "coordinates": [inf, 1]}}).encode())
def test_a_geojson_of_whatever_content_is_read_or_an_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("fuzz") / "labels.geojson"
    path.write_bytes(content)
    read_either(path, LabelColumns(classes="kind"))


@FEW
@given(CSV | st.binary(max_size=60))
def test_a_csv_of_whatever_content_is_read_or_an_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("fuzz") / "labels.csv"
    path.write_bytes(content)
    read_either(path, LabelColumns(classes="kind"))


@settings(FEW, max_examples=MORE or 20)
@given(st.data())
def test_a_history_damaged_anywhere_is_opened_or_set_aside(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / "jobs.sqlite"
    database = Database(path)
    for number in range(20):
        database.add(Job(f"{number:016x}", "note", {"out": "x" * 400}))
    database.close()
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    damage = data.draw(st.binary(min_size=1, max_size=300))
    content[place : place + len(damage)] = damage
    path.write_bytes(content[: data.draw(st.just(len(content)) | st.integers(0, len(content)))])
    again = Database(path)
    assert len(again.jobs()) == sum(again.counts().values())
    job = again.add(Job("e" * 15 + "f", "note", {})).running()
    again.save(job)
    assert again.get(job.id) == job
    again.close()
