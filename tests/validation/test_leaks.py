import numpy as np
from phenolens.engine.classes import ClassTable
from phenolens.engine.probes.table import Block, SampleTable
from phenolens.engine.response import Response
from phenolens.engine.validation.folds import FoldSettings, make_scheme, make_schemes
from phenolens.engine.validation.leaks import find_leaks

LAND = Response("land cover", "classification", classes=ClassTable.of_names(["forest", "field"]))
GPP = Response("GPP", "regression", "gC m-2 d-1")


def fields(apart):
    """25 fields of 16 pixels, their corners `apart` metres from each other."""
    inside = np.stack(np.meshgrid(np.arange(4), np.arange(4)), axis=-1).reshape(-1, 2) * 10.0
    corners = np.stack(np.meshgrid(np.arange(5), np.arange(5)), axis=-1).reshape(-1, 2) * float(apart)
    position = (corners[:, None] + inside[None]).reshape(-1, 2)
    polygon = np.repeat(np.arange(25), 16)
    day = np.full(400, np.datetime64("2020-06-01"))
    return SampleTable(
        LAND,
        1 + polygon % 2,
        {"embedding": Block(("e",), np.zeros((400, 1), np.float32))},
        {"polygon": polygon},
        position,
        "EPSG:32631",
        np.stack([day - 30, day], axis=1),
        day,
    )


def by_kind(table, scheme, **given):
    return {leak.kind: leak for leak in find_leaks(table, [make_scheme(table, scheme, **given)])}


def test_random_splitting_of_fields_leaks_polygons_and_context():
    found = by_kind(fields(apart=1000), "random")
    assert found["polygon"].samples == found["polygon"].looked_at == 400
    assert found["context"].samples == 400
    assert found["window"].samples == 0  # each pixel occurs once


def test_polygon_groups_far_apart_leak_nothing_and_near_ones_leak_context():
    assert {leak.kind: leak.samples for leak in by_kind(fields(1000), "polygon").values()} == {
        "polygon": 0,
        "window": 0,
        "context": 0,
    }
    near = by_kind(fields(100), "polygon")
    assert near["polygon"].samples == 0
    assert near["context"].share > 0.9
    assert "within the model's context" in str(near["context"])


def test_blocks_leak_no_context():
    assert by_kind(fields(100), "block", settings=FoldSettings(folds=3))["context"].samples == 0


def towers(width):
    day = np.array("2019-01-05", "datetime64[D]") + 30 * np.arange(24)
    days, site = np.tile(day, 5), np.repeat(list("ABCDE"), 24)
    y = np.random.default_rng(0).normal(size=120)
    block = {"embedding": Block(("e",), np.zeros((120, 1), np.float32))}
    span = np.stack([days - width, days], axis=1)
    return SampleTable(GPP, y, block, {"site": site}, span=span, day=days)


def test_windows_of_a_tower_that_overlap_are_counted_where_random_splitting_parts_them():
    random = by_kind(towers(width=40), "random")
    assert random["site"].samples == 120
    assert random["window"].share > 0.8
    assert by_kind(towers(width=10), "random")["window"].samples == 0


def test_honest_schemes_of_towers_leak_no_window_and_the_same_tower_is_the_question_of_year_out():
    table = towers(width=40)
    found = find_leaks(table, make_schemes(table).found)
    assert {leak.samples for leak in found if leak.kind == "window" and leak.scheme != "random"} == {0}
    year = next(leak for leak in found if (leak.scheme, leak.kind) == ("year", "site"))
    assert year.by_design
    assert year.samples == 120
    assert next(leak for leak in found if (leak.scheme, leak.kind) == ("site", "site")).samples == 0
