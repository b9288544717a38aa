"""Acquisitions at hand: what samples and files hold, which files may be read, and what embedding would take."""

import json
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from phenolens.engine.acquisitions.choice import SourceChoice
from phenolens.engine.acquisitions.recorded import recorded_choice
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.errors import (
    AreaError,
    CrsError,
    InputError,
    PathError,
    ServiceError,
    TargetError,
)
from phenolens.engine.commands.sources import AreaFlags
from phenolens.engine.config import load
from phenolens.engine.grid import AreaOfInterest, Window
from phenolens.engine.inference.on_paper import Wish, estimated, recorded_model
from phenolens.engine.inference.runner import RunOptions, prepare_run
from phenolens.engine.inference.targets import regular_targets
from phenolens.engine.representation.checkpoint import load_checkpoint
from phenolens.engine.service.jobs.queue import QueueOptions
from phenolens.engine.service.workspace import Workspace
from phenolens.engine.store import EmbeddingStore
from rasterio.transform import from_origin
from rasterio.warp import transform_bounds

CORNER = (10.295, 46.030, 10.305, 46.036)
"""Within the simulated sample."""
RING = [[10.295, 46.030], [10.305, 46.030], [10.305, 46.036]]
"""The half of it."""


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("at-hand")


@pytest.fixture(scope="module")
def service(root, threads):
    """One service for all of these tests."""
    (root / "workspace").mkdir()
    with threads(Workspace(root / "workspace"), QueueOptions()) as asker:
        yield asker


@pytest.fixture(scope="module")
def client(service, root):
    with EngineClient.of_workspace(root / "workspace") as made:
        yield made


@pytest.fixture(scope="module")
def unstated(root) -> Path:
    """A folder with two Sentinel-1 dates whose files don't say what their numbers are."""
    folder = root / "s1"
    folder.mkdir()
    for day in ("20200105", "20200117"):
        values = np.full((2, 40, 40), 400, np.uint16)
        shape = {"width": 40, "height": 40, "count": 2, "dtype": "uint16", "crs": "EPSG:32632"}
        with rasterio.open(
            folder / f"S1A_{day}.tif", "w", transform=from_origin(600_000, 5_100_000, 10, 10), **shape
        ) as file:
            file.write(values)
            file.descriptions = ("VV", "VH")
    return folder


def test_time_follows_from_what_was_embedded_here_before(client):
    asked = {"sources": {"sample": "landscape"}, "area": {"bounds": list(CORNER)}, "dates": "every:365"}
    guess = client.sources.plan(asked)  # the first test of the module: nothing was embedded yet
    assert not guess.measured
    assert client.sources.plan({**asked, "dates": "every:5"}).seconds > guess.seconds
    job = client.jobs.submit("embed", {**asked, "out": "timed.zarr"})
    done = client.jobs.wait(job.id)
    assert done.outcome()["effort"]["pixel_dates"] == guess.pixel_dates
    known = client.sources.plan(asked)
    assert known.measured
    took = datetime.fromisoformat(done.finished) - datetime.fromisoformat(done.started)
    assert known.seconds == pytest.approx(max(took.total_seconds(), 8), abs=1)


def test_samples_tell_dates_bands_and_where_they_lie(client):
    samples = {sample.name: sample for sample in client.sources.samples()}
    assert samples.keys() == {"romania", "landscape"}
    assert [sensor.sensor for sensor in samples["landscape"].sensors] == ["s1", "s2"]
    assert samples["landscape"].simulated
    forest = samples["romania"].sensors[0]
    assert len(forest.acquisitions) == 140
    assert "B12" in forest.absent
    west, south, east, north = samples["romania"].grid.lonlat_bounds
    edge = np.array(samples["romania"].footprint)
    assert np.allclose([edge[:, 0].min(), edge[:, 1].max()], [west, north], atol=1e-3)
    assert edge[0].tolist() == edge[-1].tolist()
    assert south < edge[:, 1].mean() < north
    assert west < edge[:, 0].mean() < east


def test_units_that_no_file_states_are_asked_for_and_then_taken(client, unstated):
    path = client.sources.admit(str(unstated))
    (fault,) = client.sources.describe({"s1": {"paths": [path]}}).faults
    assert fault.code == "unit"
    assert {"s1-dn", "s1-db", "s1-linear"} == fault.choices.keys()
    told = client.sources.describe({"s1": {"paths": [path], "stored_as": "s1-dn"}})
    assert not told.faults
    assert [one.time[:10] for one in told.sensors[0].acquisitions] == ["2020-01-05", "2020-01-17"]
    assert told.sensors[0].bands == ("VV", "VH")
    assert told.footprint


def test_the_day_of_files_that_carry_no_date_is_asked_for_and_then_taken(client, unstated, tmp_path):
    undated = Path(shutil.copy(unstated / "S1A_20200105.tif", tmp_path / "mosaic.tif"))
    files = {"paths": [client.sources.admit(str(undated))], "stored_as": "s1-dn"}
    (fault,) = client.sources.describe({"s1": files}).faults
    assert (fault.sensor, fault.code) == ("s1", "date")
    told = client.sources.describe({"s1": {**files, "day": "2020-02-03"}})
    assert [one.time for one in told.sensors[0].acquisitions] == ["2020-02-03T00:00:00Z"]
    for day in ("2020-02-30", "20200203", "soon"):
        with pytest.raises(ServiceError, match=r"day|date"):
            client.sources.describe({"s1": {**files, "day": day}})


@pytest.fixture
def placeless(tmp_path) -> Path:
    """A cube of two Sentinel-2 dates that says nothing of its CRS."""
    axes = {
        "time": np.array(["2020-01-05", "2020-01-17"], "datetime64[ns]"),
        "y": 5_000_000 - 10 * np.arange(40) - 5,
        "x": 600_000 + 10 * np.arange(40) + 5,
    }
    values = np.full((2, 40, 40), 0.3, np.float32)
    cube = xr.Dataset(dict.fromkeys(("B02", "B04", "B08"), (("time", "y", "x"), values)), axes)
    cube.to_netcdf(tmp_path / "placeless.nc", engine="h5netcdf")
    return tmp_path / "placeless.nc"


def test_the_crs_of_files_that_declare_none_is_asked_for_and_then_taken(client, placeless):
    files = {"paths": [client.sources.admit(str(placeless))], "scale": 1.0, "offset": 0.0}
    (fault,) = client.sources.describe({"s2": files}).faults
    assert (fault.sensor, fault.code) == ("s2", "crs")
    told = client.sources.describe({"s2": {**files, "crs": "EPSG:32632"}})
    assert not told.faults
    assert told.grid.crs == "EPSG:32632"
    assert told.footprint[0] == pytest.approx((10.27, 45.15), abs=0.01)
    (fault,) = client.sources.describe({"s2": {**files, "crs": "EPSG:4326"}}).faults
    assert fault.code == "crs"
    assert "beyond the Earth" in fault.cause
    for wrong in ("EPSG:99999", "somewhere", "EPSG:5773"):
        with pytest.raises(CrsError, match="CRS"):
            client.sources.describe({"s2": {**files, "crs": wrong}})


def test_a_stated_crs_is_recorded_beside_what_was_made_with_it(client, placeless, root):
    files = {
        "paths": [client.sources.admit(str(placeless))],
        "scale": 1.0,
        "offset": 0.0,
        "crs": "EPSG:32632",
    }
    asked = {"sources": {"s2": files}, "dates": "2020-01-05", "out": "placed.zarr"}
    client.jobs.wait(client.jobs.submit("embed", asked).id)
    store = root / "workspace" / "placed.zarr"
    assert EmbeddingStore(store).grid.crs == "EPSG:32632"
    assert recorded_choice(store).options["s2"].crs == "EPSG:32632"


def test_names_of_bands_are_not_asked_for_where_those_of_a_sensor_are_known(client, unstated, tmp_path):
    folder = Path(shutil.copytree(unstated, tmp_path / "mixed"))
    with rasterio.open(shutil.copy(folder / "S1A_20200105.tif", folder / "tree_cover.tif"), "r+") as file:
        file.descriptions = (None, None)
    paths = {"paths": [client.sources.admit(str(folder))]}
    told = client.sources.describe({"s2": paths, "s1": paths})
    assert [fault.code for fault in told.faults] == ["band", "unit"]
    assert told.unnamed is None
    (folder / "S1A_20200105.tif").unlink()
    (folder / "S1A_20200117.tif").unlink()
    assert client.sources.describe({"s2": paths, "s1": paths}).unnamed.file == "tree_cover.tif"


def test_what_is_wrong_with_one_sensor_is_told_beside_the_other(client, unstated):
    path = client.sources.admit(str(unstated))
    files = {"paths": [path], "stored_as": "s1-dn"}
    told = client.sources.describe({"s1": files, "s2": {"paths": [path]}})
    assert [sensor.sensor for sensor in told.sensors] == ["s1"]
    assert [fault.sensor for fault in told.faults] == ["s2"]


def test_a_plan_on_paper_is_the_plan_of_the_run():
    grid = AreaOfInterest.from_bounds(*CORNER).grid()
    found = SourceChoice("landscape").open(grid)
    days = regular_targets(found.sources, 20)
    memory = 2_000_000_000
    run = prepare_run(load_checkpoint(), found.sources, found.grid, days, RunOptions(memory_bytes=memory))
    assert (
        estimated(recorded_model(), found.sources, found.grid, days, Wish(memory_bytes=memory))
        == run.estimate
    )


def test_a_part_of_a_sample_reads_as_the_same_window_of_the_whole():
    whole = SourceChoice("landscape").open()
    part = SourceChoice("landscape").open(AreaOfInterest.from_bounds(*CORNER).grid())
    assert SourceChoice("landscape").open(part.grid).grid == part.grid
    left, bottom, right, top = part.grid.bounds
    assert whole.grid.bounds[0] <= left < right <= whole.grid.bounds[2]
    row, col = whole.grid.pixel_at_xy(left + 5, top - 5)
    mine = part.sources["s2"].read(Window(2, 3, 4, 5), [40])
    same = whole.sources["s2"].read(Window(row + 2, col + 3, 4, 5), [40])
    assert np.array_equal(mine.values, same.values)
    assert mine.grid == same.grid
    assert part.grid.shape[0] * 10 == top - bottom


def test_a_plan_tells_size_dates_disk_memory_and_time(client):
    asked = {"sources": {"sample": "landscape"}, "area": {"bounds": list(CORNER)}, "dates": "every:10"}
    plan = client.sources.plan(asked)
    rows, columns = plan.grid.shape
    assert plan.km2 == pytest.approx(rows * columns / 10_000)
    assert 0.4 < plan.km2 < 0.7
    assert plan.acquisitions == {"s1": 122, "s2": 146}
    assert plan.pixel_dates == rows * columns * len(plan.dates)
    assert plan.storage_bytes > plan.pixel_dates * 16 * 2
    assert 0 < plan.peak_memory_bytes < 4e9
    assert plan.seconds > 0
    assert plan.free_bytes > 0
    assert not plan.about
    seven = client.sources.plan({**asked, "dims": 7, "dtype": "int8"})
    assert seven.storage_bytes < plan.storage_bytes / 2


def test_a_polygon_costs_what_lies_inside_and_is_embedded_as_such(client, root):
    asked = {"sources": {"sample": "landscape"}, "dates": "every:365"}
    whole = client.sources.plan({**asked, "area": {"bounds": list(CORNER)}})
    part = client.sources.plan({**asked, "area": {"polygon": RING}})
    assert part.grid.shape[0] * part.grid.shape[1] > 1.8 * part.pixel_dates / len(part.dates)
    assert part.pixel_dates == pytest.approx(whole.pixel_dates / 2, rel=0.1)  # whose grid is not turned
    assert part.km2 == pytest.approx(whole.km2 / 2, rel=0.1)
    assert len(client.sources.clear(asked["sources"], {"polygon": RING})) == 146
    job = client.jobs.submit("embed", {**asked, "area": {"polygon": RING}, "out": "half.zarr"})
    done = client.jobs.wait(job.id)
    assert done.outcome()["effort"]["pixel_dates"] == part.pixel_dates
    store = EmbeddingStore(root / "workspace" / "half.zarr")
    assert store.read_map(0).validity.sum() * len(part.dates) == part.pixel_dates


def test_acquisitions_that_are_left_out_are_neither_planned_with_nor_embedded(client):
    kept = [f"s2:{one.time[:10]}" for one in client.sources.samples()[1].sensors[1].acquisitions[1:]]
    sources = {"sample": "landscape", "leave_out": [*kept, "s1:2020-01-07T05:50:00Z"]}
    asked = {"sources": sources, "area": {"bounds": list(CORNER)}, "dates": "2020-01-03"}
    assert client.sources.plan(asked).acquisitions == {"s1": 121, "s2": 1}
    job = client.jobs.wait(client.jobs.submit("embed", {**asked, "out": "few.zarr"}).id)
    job.outcome()
    scenes = client.views.store("few.zarr").scenes
    assert [time[:10] for time in scenes["s2"]] == ["2020-01-03"]
    assert len(scenes["s1"]) == 121
    assert len(client.views.series("few.zarr", pixels=[(3, 3)], bands=True).bands[0]["s1"]) == 121


def test_what_an_area_is_embedded_from_are_the_scenes_that_touch_it_with_those_of_a_pass_as_one(client, root):
    shape = {"width": 40, "height": 40, "count": 1, "dtype": "uint16", "crs": "EPSG:32632"}
    paths = []
    for folder, seconds, x in (("west", 31, 600_000), ("east", 45, 600_400), ("east", 52, 609_000)):
        (root / folder).mkdir(exist_ok=True)
        place = from_origin(x, 5_100_000, 10, 10)
        name = root / folder / f"S2A_20200601T1050{seconds}.tif"
        with rasterio.open(name, "w", transform=place, **shape) as file:
            file.write(np.full((1, 40, 40), 400, np.uint16))
            file.descriptions = ("B04",)
        paths.append(client.sources.admit(str(root / folder)))
    sources = {"s2": {"paths": paths[:2], "stored_as": "s2-dn"}}
    west, both = ({"bounds": _degrees(600_050, right)} for right in (600_300, 600_700))
    (lone,) = client.sources.over(sources, west)["s2"]
    assert (lone.time[-9:], lone.times) == ("10:50:31Z", ())
    (merged,) = client.sources.over(sources, both)["s2"]
    assert [time[-9:] for time in merged.times] == ["10:50:31Z", "10:50:45Z"]
    assert len(merged.sources) == 2
    assert len(client.sources.clear(sources, both)) == 1
    asked = {"area": both, "dates": "2020-06-01"}
    for time in merged.times:
        with pytest.raises(ServiceError, match="every acquisition is left out"):
            client.sources.plan({**asked, "sources": {**sources, "leave_out": [f"s2:{time}"]}})


def _degrees(left: float, right: float) -> tuple[float, ...]:
    """Of a strip of the files above."""
    return transform_bounds("EPSG:32632", "EPSG:4326", left, 5_099_700, right, 5_099_900)


@pytest.mark.parametrize("left_out", ["s2:2020-01-04", "s2:2020-01-03T10:31:00Z", "s3:2020-01-03", "s2", ""])
def test_leaving_out_what_isn_t_there_is_refused(client, left_out):
    with pytest.raises(InputError):
        client.sources.plan(
            {"sources": {"sample": "landscape", "leave_out": [left_out]}, "dates": "every:10"}
        )


def test_clear_dates_are_told_about_and_by_share(client):
    asked = {"sources": {"sample": "landscape"}, "area": {"bounds": list(CORNER)}}
    share = client.sources.clear(**asked)
    assert len(share) == 146
    assert 0 <= min(share) < 0.1
    assert 0.9 < max(share) <= 1
    plan = client.sources.plan({**asked, "dates": "clear", "clear_share": 0.5})
    assert plan.about
    assert len(plan.dates) == sum(one >= 0.5 for one in share)


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("/", "whole disk"),
        ("data", "not absolute"),
        ("/no/such/folder/anywhere", "no such file"),
        ("/tmp\0x", "letter that no path has"),
        ("{root}/workspace/.phenolens", "own state"),
        ("{root}/workspace/.phenolens/jobs", "own state"),
    ],
)
def test_folders_that_nobody_should_hand_out_are_refused(client, root, path, cause):
    with pytest.raises(ServiceError, match=cause):
        client.sources.admit(path.format(root=root))


def test_a_single_file_is_admitted_without_its_neighbours(client, unstated):
    one, other = sorted(unstated.parent.glob("s1/*.tif"))
    lone = unstated.parent / "lone"
    lone.mkdir()
    for file in (one, other):
        (lone / file.name).write_bytes(file.read_bytes())
    path = client.sources.admit(str(lone / one.name))
    assert len(client.sources.describe({"s1": {"paths": [path], "stored_as": "s1-dn"}}).sensors) == 1
    with pytest.raises(PathError):
        client.sources.describe({"s1": {"paths": [str(lone / other.name)], "stored_as": "s1-dn"}})


def test_the_state_stays_unread_where_a_folder_above_it_was_admitted(client, root):
    client.sources.admit(str(root))
    with pytest.raises(PathError):
        client.sources.describe({"s2": {"paths": [str(root / "workspace" / ".phenolens" / "settings.json")]}})


def test_what_lies_in_the_workspace_is_named_relative_to_it(client, root):
    (root / "workspace" / "mine").mkdir()
    assert client.sources.admit(str(root / "workspace" / "mine")) == "mine"


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ({"sources": {"sample": "atlantis"}}, InputError),
        ({"sources": {}}, InputError),
        ({"sources": {"sample": "landscape"}, "area": {"bounds": [1, 2, 1.1, 2.1]}}, AreaError),
        ({"sources": {"sample": "landscape"}, "area": {"bounds": [5, 2, 4, 3]}}, AreaError),
        ({"sources": {"sample": "landscape"}, "area": {"bounds": [0, 0, 20, 20]}}, AreaError),
        ({"sources": {"sample": "landscape"}, "area": {}}, AreaError),
        ({"sources": {"sample": "landscape"}, "area": {"bounds": list(CORNER), "polygon": RING}}, AreaError),
        ({"sources": {"sample": "landscape"}, "area": {"polygon": RING[:2]}}, InputError),
        ({"sources": {"sample": "landscape"}, "area": {"polygon": [RING[0]] * 4}}, AreaError),
        ({"sources": {"sample": "landscape"}, "area": {"polygon": RING, "holes": [RING]}}, AreaError),
        ({"sources": {"sample": "landscape"}, "area": {"bounds": list(CORNER), "holes": [RING]}}, AreaError),
        ({"sources": {"sample": "landscape"}, "dates": "every:soon"}, TargetError),
        ({"sources": {"sample": "landscape"}, "dates": "2035-01-01"}, TargetError),
        ({"sources": {"sample": "landscape"}, "dates": "every:0"}, TargetError),
        ({"sources": {"sample": "landscape"}, "dates": "every:1e-12"}, TargetError),
        ({"sources": {"sample": "landscape"}, "dates": "every:10", "dims": 900}, InputError),
        ({"sources": {"sample": "landscape"}, "dates": "every:10", "model": "none"}, InputError),
        ({"sources": {"sample": "landscape"}, "dates": "every:10", "start": "2020-13-01"}, InputError),
        ({"sources": {"s2": {"paths": ["none.nc"]}}}, InputError),
        ({"sources": {"s2": {"paths": ["/etc/hostname"]}}}, PathError),
    ],
)
def test_plans_that_nobody_could_carry_out_say_why(client, asked, kind):
    with pytest.raises(kind) as refused:
        client.sources.plan(asked)
    assert refused.value.cause


def test_polygons_of_a_file_in_another_crs_come_in_degrees(client, root):
    ring = [[600_000, 5_099_000], [601_000, 5_099_000], [601_000, 5_100_000], [600_000, 5_099_000]]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32632"}}
    shape = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    file = root / "workspace" / "fields.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [shape]}))
    found = client.sources.outlines("fields.geojson")
    (polygon,) = found.polygons
    assert found.holes == ((),)
    assert len(polygon) == 4
    assert polygon[0] == pytest.approx((10.2918, 46.0369), abs=2e-3)


def test_holes_of_a_file_come_with_its_polygons_and_of_too_many_the_large_ones(client, root):
    def square(x, side):
        return [[x, 46], [x + side, 46], [x + side, 46 + side], [x, 46 + side], [x, 46]]

    holes = [square(10.0001 + n * 1e-4, 1e-5 + n * 1e-8) for n in range(205)]
    holes = [[[x, y + 1e-4] for x, y in hole] for hole in holes]
    many = {"type": "Polygon", "coordinates": [square(10, 0.03), *holes]}
    one = {
        "type": "Polygon",
        "coordinates": [square(11, 0.02), [[x, y + 1e-4] for x, y in square(11.01, 1e-3)]],
    }
    shapes = [{"type": "Feature", "properties": {}, "geometry": geometry} for geometry in (one, many)]
    file = root / "workspace" / "holes.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": shapes}))
    found = client.sources.outlines("holes.geojson")
    assert [polygon[0][0] // 1 for polygon in found.polygons] == [10, 11]
    assert [len(holes) for holes in found.holes] == [200, 1]
    assert found.filled == 5
    assert max(y for _, y in found.holes[0][0]) == pytest.approx(46 + 1e-4 + 1e-5 + 204e-8, abs=1e-9)


def test_what_lies_in_a_hole_is_neither_planned_nor_embedded(client, root):
    asked = {"sources": {"sample": "landscape"}, "dates": "every:365"}
    hole = [[10.301, 46.031], [10.304, 46.031], [10.304, 46.033]]
    whole, part, middle = (
        client.sources.plan({**asked, "area": area}).pixel_dates
        for area in ({"polygon": RING}, {"polygon": RING, "holes": [hole]}, {"polygon": hole})
    )
    assert part == whole - middle < whole
    job = client.jobs.submit(
        "embed", {**asked, "area": {"polygon": RING, "holes": [hole]}, "out": "ring.zarr"}
    )
    assert client.jobs.wait(job.id).outcome()["effort"]["pixel_dates"] == part
    config = load(root / "workspace" / "ring.run.toml")
    _edge, inner = config["polygon"].split("; ")
    assert inner == "10.301 46.031, 10.304 46.031, 10.304 46.033"
    flags = AreaFlags(polygon=config["polygon"])
    store = EmbeddingStore(root / "workspace" / "ring.zarr")
    outline = flags.outline(store.grid)
    assert flags.grid() == store.grid
    np.testing.assert_array_equal(store.read_map(0).validity, outline.mask(store.grid, store.grid.window))


@pytest.mark.parametrize("content", ["", "{}", "no json", '{"type": "FeatureCollection", "features": []}'])
def test_files_without_polygons_are_refused(client, root, content):
    (root / "workspace" / "none.geojson").write_text(content)
    with pytest.raises(AreaError):
        client.sources.outlines("none.geojson")


def test_the_shipped_model_is_the_usual_one(client):
    assert client.sources.models()[0] == "dense-s1s2-v1"


def test_plans_need_no_torch():
    loaded = "import sys, phenolens.engine.service.reading.sources; print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "False"
