"""Runs of a part of a grid: polygons."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import shapely
import zarr
from phenolens.engine.errors import AreaError, Cancelled, OutputError
from phenolens.engine.grid import Grid
from phenolens.engine.inference.device import Compute
from phenolens.engine.inference.runner import RunOptions, embed_area, prepare_run
from phenolens.engine.inference.targets import clear_targets, regular_targets
from phenolens.engine.outline import Outline
from phenolens.engine.progress import CancelToken
from phenolens.engine.store import EmbeddingStore

SMALL = RunOptions(memory_bytes=545_000_000, screen=False, compute=Compute("cpu"))
LEFT, TOP = 600_000, 5_606_000
# an L over three of the nine shards of 600 × 600 px, with a hole in one
RING = shapely.Polygon(
    [(0, 0), (1_300, -300), (1_250, -3_400), (4_000, -3_300), (3_900, -5_000), (100, -4_900)],
    [[(300, -600), (700, -650), (650, -1_200)]],
)
OUTLINE = Outline(shapely.affinity.translate(RING, LEFT, TOP))


@pytest.fixture
def wide():
    """600 × 600 px: 3 × 3 shards."""
    return Grid.from_bounds("EPSG:32631", (LEFT, TOP - 6_000, LEFT + 6_000, TOP))


@pytest.fixture
def wide_sources(wide, memory_source, checkpoint):
    return {"s2": memory_source(checkpoint.model.modalities["s2"], wide, [0.0, 5, 10], seed=3)}


@pytest.fixture
def work(checkpoint, wide_sources, wide):
    return checkpoint, wide_sources, wide, regular_targets(wide_sources, 5)


def tree_hash(folder):
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        total.update(f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_a_polygon_has_the_rectangles_numbers_inside_and_nothing_outside(work, wide, tmp_path, dtype):
    options = replace(SMALL, dtype=dtype)
    whole = embed_area(*work, tmp_path / "whole.zarr", options=options)
    part = embed_area(*work, tmp_path / "part.zarr", options=replace(options, outline=OUTLINE))
    inside = OUTLINE.mask(wide, wide.window)
    assert 0.2 < inside.mean() < 0.5
    raw = zarr.open_group(tmp_path / "part.zarr", mode="r")["embedding"]
    for date in range(len(part.times)):
        one, other = part.read_map(date), whole.read_map(date)
        assert np.array_equal(one.validity, other.validity & inside)
        np.testing.assert_array_equal(one.embedding[:, inside], other.embedding[:, inside])
        stored = raw[date][:, ~inside]
        assert (np.isnan(stored) if dtype == "float16" else stored == -128).all()
        for name, layer in one.support.items():
            assert np.array_equal(layer[inside], other.support[name][inside])
            assert (layer[~inside] == (255 if name.startswith("nearest") else 0)).all()
    assert part.complete
    assert part.attributes["grid"] == whole.attributes["grid"]


def test_what_lies_beside_the_polygon_is_neither_read_nor_stored(work, wide, wide_sources, tmp_path):
    options = replace(SMALL, outline=OUTLINE)
    run = prepare_run(*work, options)
    embed_area(*work, tmp_path / "part.zarr", options=options)
    read = wide_sources["s2"].windows
    assert read
    halo = run.model.halo
    assert all(OUTLINE.pixels(wide, window.grown(-halo)) for window in read)
    shards = {path.name for path in (tmp_path / "part.zarr" / "embedding" / "c" / "0" / "0" / "0").iterdir()}
    assert shards == {"0"}
    finished = (tmp_path / "part.zarr" / "finished_tiles").read_text().splitlines()
    assert len(finished) == run.estimate.tiles == sum(1 for _ in run.plan.tiles(run.workload))
    assert len(finished) < 9 * len(run.plan.times(3))


def test_cost_is_that_of_the_polygon_and_covers_what_is_written(work, wide, tmp_path):
    whole, part = (prepare_run(*work, replace(SMALL, outline=one)).estimate for one in (None, OUTLINE))
    dates = len(work[3])
    told = []
    embed_area(*work, tmp_path / "p.zarr", options=replace(SMALL, outline=OUTLINE), listener=told.append)
    assert (
        part.pixel_dates == dates * OUTLINE.mask(wide, wide.window).sum() == told[-1].done == told[-1].total
    )
    assert part.read_bytes < 0.7 * whole.read_bytes
    written = sum(path.stat().st_size for path in (tmp_path / "p.zarr").glob("*/c/**/*") if path.is_file())
    padding = 1.2  # chunks at the rim of a grid are written whole
    assert written < padding * part.storage_bytes < 0.7 * padding * whole.storage_bytes


def test_a_stopped_run_goes_on_and_ends_as_one_that_was_not(work, tmp_path):
    options = replace(SMALL, outline=OUTLINE)
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        embed_area(
            *work,
            tmp_path / "a.zarr",
            options=options,
            listener=lambda event: cancel.cancel() if event.done > event.total / 2 else None,
            cancel=cancel,
        )
    kept = len((tmp_path / "a.zarr" / "finished_tiles").read_text().splitlines())
    told = []
    embed_area(*work, tmp_path / "a.zarr", options=options, listener=told.append)
    embed_area(*work, tmp_path / "b.zarr", options=options)
    assert kept > 0
    assert told[0].done > 0
    assert tree_hash(tmp_path / "a.zarr") == tree_hash(tmp_path / "b.zarr")


def test_a_rectangle_and_a_polygon_are_different_runs(work, tmp_path):
    embed_area(*work, tmp_path / "whole.zarr", options=SMALL)
    embed_area(*work, tmp_path / "part.zarr", options=replace(SMALL, outline=OUTLINE))
    for name, options in (("whole", replace(SMALL, outline=OUTLINE)), ("part", SMALL)):
        with pytest.raises(OutputError, match="another run"):
            embed_area(*work, tmp_path / f"{name}.zarr", options=options)
    assert "outline" not in EmbeddingStore(tmp_path / "whole.zarr").attributes["run"]
    assert OUTLINE.text in str(EmbeddingStore(tmp_path / "part.zarr").attributes["run"])


def test_clear_dates_are_those_that_are_clear_within_the_polygon(wide_sources, wide):
    source = wide_sources["s2"]
    inside = OUTLINE.mask(wide, wide.window)
    source.validity[0] = ~inside
    source.validity[1] = inside
    source.validity[2] = False
    assert len(clear_targets(source, 0.5)) == 1
    days = clear_targets(source, 0.9, OUTLINE)
    assert days.tolist() == [source.read(wide.window, [1]).days[0]]


def test_a_polygon_without_a_pixel_is_refused_before_anything_is_written(work, tmp_path):
    nowhere = Outline(shapely.box(LEFT - 900, TOP, LEFT - 100, TOP + 900))
    with pytest.raises(AreaError, match="no pixel's centre"):
        embed_area(*work, tmp_path / "a.zarr", options=replace(SMALL, outline=nowhere))
    assert not (tmp_path / "a.zarr").exists()
