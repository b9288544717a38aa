"""What embedding an area would take: its dates, disk, memory and time, and that the run does what the plan says."""

import subprocess
import sys
from datetime import datetime

import numpy as np
import pytest
import rasterio
from phenolens.engine.acquisitions.choice import SourceChoice
from phenolens.engine.client.errors import AreaError, InputError, PathError, ServiceError, TargetError
from phenolens.engine.commands.sources import AreaFlags
from phenolens.engine.config import load
from phenolens.engine.grid import AreaOfInterest, Window
from phenolens.engine.inference.on_paper import Wish, estimated, recorded_model
from phenolens.engine.inference.runner import RunOptions, prepare_run
from phenolens.engine.inference.targets import regular_targets
from phenolens.engine.representation.checkpoint import load_checkpoint
from phenolens.engine.store import EmbeddingStore
from rasterio.transform import from_origin
from rasterio.warp import transform_bounds

CORNER = (10.295, 46.030, 10.305, 46.036)
"""Within the simulated sample."""
RING = [[10.295, 46.030], [10.305, 46.030], [10.305, 46.036]]
"""The half of it."""


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


def test_the_shipped_model_is_the_usual_one(client):
    assert client.sources.models()[0] == "dense-s1s2-v1"


def test_plans_need_no_torch():
    loaded = "import sys, phenolens.engine.service.reading.sources; print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "False"
