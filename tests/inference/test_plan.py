from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from phenolens.engine.errors import ResourceError
from phenolens.engine.grid import Grid
from phenolens.engine.inference.plan import Workload, make_plan
from phenolens.engine.representation.fusion import DenseModel
from phenolens.engine.store_layout import StoreSpec


def workload(shape=(700, 600), dates=20, years=1.0):
    grid = Grid("EPSG:32631", Affine(10, 0, 600_000, 0, -10, 5_700_000), shape)
    start, length = 18_628.0, 365 * years
    days = {"s1": np.arange(start, start + length, 6), "s2": np.arange(start, start + length, 2.5)}
    targets = tuple(np.linspace(start, start + length, dates).tolist())
    return Workload(StoreSpec(grid, targets, 32, ("s1", "s2")), days)


def test_tiles_and_blocks_cover_every_pixel_and_date_once():
    work = workload()
    plan = make_plan(DenseModel(), work, 1_200_000_000)
    seen = np.zeros((20, 700, 600), int)
    for tile in plan.tiles(work):
        assert tile.window.row % work.spec.side == tile.window.col % work.spec.side == 0
        assert tile.times.start % work.spec.times == 0
        for block in plan.blocks(tile):
            seen[(tile.times, *block.slices)] += 1
    assert (seen == 1).all()


def test_more_memory_repeats_less_work_and_is_never_exceeded():
    work, model = workload(), DenseModel()
    small, large = (make_plan(model, work, budget) for budget in (1_000_000_000, 3_000_000_000))
    assert small.memory_bytes <= 1_000_000_000
    assert large.memory_bytes <= 3_000_000_000
    assert large.estimate(work, model).read_bytes < small.estimate(work, model).read_bytes
    assert make_plan(model, work, 1_000_000_000) == small


def test_screening_reads_more_and_is_planned_for():
    work, model = workload(), DenseModel()
    screened = replace(work, screened=("s2",))
    plain, wide = (make_plan(model, w, 3_000_000_000) for w in (work, screened))
    assert wide.memory_bytes > plain.memory_bytes or wide.block < plain.block
    assert wide.estimate(screened, model).read_bytes > plain.estimate(work, model).read_bytes


def test_memory_is_flat_in_area_and_in_length():
    model = DenseModel()
    small = make_plan(model, workload(), 2_000_000_000)
    for work in (workload(shape=(7_000, 6_000)), workload(dates=200, years=10)):
        plan = make_plan(model, work, 2_000_000_000)
        assert plan.memory_bytes <= 2_000_000_000
        assert plan.block >= 32 <= small.block


def test_a_whole_sentinel2_tile_and_year_can_be_planned_on_paper():
    work, model = workload(shape=(10_980, 10_980), dates=70), DenseModel()
    plan = make_plan(model, work, 3_000_000_000)
    estimate = plan.estimate(work, model)
    assert estimate.pixel_dates == 10_980**2 * 70
    assert estimate.storage_bytes == estimate.pixel_dates * (2 * 32 + 5)
    assert estimate.tiles == sum(1 for _ in plan.tiles(work))
    assert estimate.peak_memory_bytes <= 3_000_000_000


def test_looking_only_back_halves_the_frames():
    work = workload()
    frames = len(work.frames("s2", slice(9, 10), 90.0))
    past = len(replace(work, past_only=True).frames("s2", slice(9, 10), 90.0))
    assert past == pytest.approx(frames / 2, abs=1)


def test_too_little_memory_is_an_error_with_the_need():
    with pytest.raises(ResourceError, match=r"0\.\d\d GB needed, 0\.10 GB allowed"):
        make_plan(DenseModel(), workload(), 100_000_000)
