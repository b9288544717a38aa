"""Class maps: legends, counts, and maps whose pixels have no fixed area."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from phenolens.engine.area.classmap import open_class_map
from phenolens.engine.area.legend import read_class_table
from phenolens.engine.classes import ClassTable
from phenolens.engine.errors import InputError
from rasterio.warp import calculate_default_transform

SMALL = np.array([[1, 1, 2], [2, 2, 0]], np.uint8)
UTM = Affine(10, 0, 500_000, 0, -10, 5_600_000)


def test_names_colours_and_counts_are_read_from_an_exported_map(class_map_path: Path) -> None:
    opened = open_class_map(class_map_path)
    assert opened.table == ClassTable.of_names(["wheat", "maize", "forêt"])
    assert opened.pixels == {1: 700 * 300 - 10 * 300 - 50_000 - 200, 2: 50_000, 3: 200}
    assert opened.pixel_m2 == 100


def test_nodata_of_any_number_is_no_class(make_map) -> None:
    opened = open_class_map(make_map(np.where(SMALL == 0, 255, SMALL).astype(np.uint8), nodata=255))
    assert opened.pixels == {1: 2, 2: 3}
    assert opened.table.names == ("class 1", "class 2")


def test_a_rotated_map_is_refused_as_its_points_would_lie_elsewhere(make_map) -> None:
    turned = make_map(SMALL, transform=Affine(8, 6, 500_000, 6, -8, 5_600_000))
    with pytest.raises(InputError, match="rotated"):
        open_class_map(turned)


def test_pixels_of_a_map_in_feet_are_counted_in_square_metres(make_map) -> None:
    feet = make_map(
        SMALL, crs="EPSG:2263", transform=Affine(100, 0, 980_000, 0, -100, 200_000)
    )  # New York, US feet
    assert open_class_map(feet).pixel_m2 == pytest.approx((100 * 1200 / 3937) ** 2)


@pytest.mark.parametrize(
    ("crs", "transform", "said"),
    [
        (None, UTM, "no CRS"),
        ("EPSG:4326", Affine(1e-4, 0, 3, 0, -1e-4, 50), "degrees"),
        (
            "EPSG:3857",
            calculate_default_transform("EPSG:4326", "EPSG:3857", 9, 9, 3, 50, 4, 51)[0],
            "distorts",
        ),
    ],
)
def test_a_map_whose_pixels_have_no_known_area_is_refused(
    make_map, crs: str, transform: Affine, said: str
) -> None:
    path = make_map(SMALL, crs=crs, transform=transform)
    with pytest.raises(InputError, match=said):
        open_class_map(path)


@pytest.mark.parametrize(
    ("values", "said"),
    [(np.zeros((2, 2), np.uint8), "no classified pixel"), (np.ones((2, 2), np.float32), "no class codes")],
)
def test_a_map_without_classes_is_refused(make_map, values: np.ndarray, said: str) -> None:
    path = make_map(values)
    with pytest.raises(InputError, match=said):
        open_class_map(path)


def test_codes_that_the_table_lacks_are_named(make_map) -> None:
    path = make_map(np.array([[1, 2, 7]], np.uint8))
    with pytest.raises(InputError, match=r"lacks \[7\]"):
        open_class_map(path, ClassTable.of_names(["a", "b"]))


def test_something_that_is_no_raster_is_refused(tmp_path: Path) -> None:
    (tmp_path / "map.tif").write_text("nothing")
    with pytest.raises(InputError, match="can't be read"):
        open_class_map(tmp_path / "map.tif")


def test_class_tables_come_from_csv_and_json_alike(tmp_path: Path) -> None:
    (tmp_path / "classes.csv").write_text("code;name;colour\n2;forêt;#008000\n1;wheat;\n", encoding="utf-8")
    rows = [{"code": 2, "name": "forêt", "colour": "#008000"}, {"code": 1, "name": "wheat"}]
    (tmp_path / "classes.json").write_text(json.dumps(rows))
    from_csv, from_json = (read_class_table(tmp_path / f"classes.{end}") for end in ("csv", "json"))
    assert from_csv == from_json
    assert from_csv[2].name == "forêt"


def test_a_class_table_without_codes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "classes.csv").write_text("name\nwheat\n")
    with pytest.raises(InputError, match="class table can't be read"):
        read_class_table(tmp_path / "classes.csv")


def test_a_map_of_a_scaled_quantity_is_no_class_map(make_map) -> None:
    confidence = make_map(SMALL)
    with rasterio.open(confidence, "r+") as target:
        target.scales = (0.004,)
    with pytest.raises(InputError, match="a scaled quantity, not class codes"):
        open_class_map(confidence)
