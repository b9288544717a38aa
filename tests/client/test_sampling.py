"""Samples of class maps, planned over both transports alike, held against the library's own plan."""

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from phenolens.engine.area.classmap import open_class_map
from phenolens.engine.area.design import Aim, plan_sample
from phenolens.engine.area.form import write_form
from phenolens.engine.area.sample import draw_sample
from phenolens.engine.classes import ClassTable
from phenolens.engine.client.errors import InputError, PathError
from phenolens.engine.export.files import write_product
from phenolens.engine.export.product import Product, ProductBand
from phenolens.engine.grid import Grid

GRID = Grid("EPSG:32631", Affine(10, 0, 500_000, 0, -10, 5_600_000), (60, 50))
CLASSES = ClassTable.of_names(["wheat", "maize", "forêt"])
MAP = "maps/cover-class.tif"


@pytest.fixture(scope="module")
def folder(client) -> Path:
    """The workspace, with a class map: mostly wheat, some maize, a corner of forest."""
    root = Path(client.hello().workspace)
    codes = np.ones(GRID.shape, np.uint8)
    codes[20:, :20], codes[50:, 45:], codes[0] = 2, 3, 0
    band = ProductBand("cover", dtype="uint8", nodata=0, classes=CLASSES)
    (root / "maps").mkdir(exist_ok=True)
    product = Product("cover", GRID, (band,), lambda window: codes[window.slices][None])
    write_product(product, root / MAP, overwrite=True)
    return root


def test_a_plan_is_that_of_the_library(client, folder):
    told = client.sampling.plan(MAP, expected={3: 0.6}, guess=0.9, target_se=0.02, minimum=20)
    class_map = open_class_map(folder / MAP)
    wanted = plan_sample(class_map.pixels, {1: 0.9, 2: 0.9, 3: 0.6}, Aim(0.02), minimum=20)
    assert told.size == wanted.size
    assert told.pixels == class_map.total == 59 * 50
    assert told.pixel_m2 == 100
    assert [(one.name, one.colour) for one in told.strata] == [(c.name, c.colour) for c in CLASSES]
    assert [one.expected for one in told.strata] == [0.9, 0.9, 0.6]
    for name, way in wanted.allocations.items():
        shared = told.allocations[name]
        assert shared.units == {str(code): number for code, number in way.units.items()}
        assert shared.se_overall == pytest.approx(way.se_overall)
        assert shared.se_area_share["3"] == pytest.approx(way.se_area[3])


def test_a_size_takes_the_place_of_a_target(client, folder):
    told = client.sampling.plan(MAP, size=300)
    assert told.size == 300
    assert told.allocations["proportional"].total == 300


@pytest.mark.parametrize(
    ("asked", "about"),
    [
        ({"size": 3}, "sample size is out of range"),
        ({"expected": {9: 0.5}}, "no such class"),
        ({"expected": {1: 1.5}}, "expected accuracy is out of range"),
        ({"target_se": 0.9}, "standard error is out of range"),
        ({"target_class": 7}, "aimed at isn't on the map"),
        ({"target_class": 1, "strata": MAP}, "only where the strata are the map's classes"),
    ],
)
def test_what_cannot_be_meant_is_said(client, folder, asked, about):
    with pytest.raises(InputError, match=about):
        client.sampling.plan(MAP, **asked)


def test_what_is_no_class_map_is_said(client, folder):
    with pytest.raises(InputError, match="no such file"):
        client.sampling.plan("maps/none.tif")
    with pytest.raises(PathError):
        client.sampling.plan("../cover.tif")
    (folder / "broken.tif").write_bytes(b"II*\0")
    with pytest.raises(InputError, match="can't be read"):
        client.sampling.plan("broken.tif")


def test_samples_of_the_workspace_are_listed_and_other_files_left_out(client, folder):
    class_map = open_class_map(folder / MAP)
    write_form(draw_sample(class_map, {1: 5, 2: 4, 3: 3}), folder / "maps" / "first", overwrite=True)
    (folder / "maps" / "first.gpkg").unlink()
    (folder / "other.design.json").write_text('{"kind": "something else"}')
    (folder / "broken.design.json").write_text("{")
    (found,) = client.sampling.samples()
    assert (found.design, found.map, found.units) == ("maps/first.design.json", "cover-class.tif", 12)
    assert (found.form, found.points) == ("maps/first.csv", None)
    assert found.classes == CLASSES.names


def test_exports_say_which_maps_are_of_classes(client, folder):
    (found,) = [one for one in client.files.exports() if one.raster == MAP]
    assert found.classes == 3
