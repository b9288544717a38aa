"""Which columns of a label file hold classes, values, dates and places: guessed by name, then by content."""

import pytest
from phenolens.app.label_columns import guess, guess_crs, guess_place


def test_columns_are_guessed_by_their_names_then_by_their_content():
    assert guess([column("id"), column("Class")]) == {"class_column": "Class"}
    assert guess([column("GPP", "number"), column("date", "date")]) == {
        "value_column": "GPP",
        "date_column": "date",
    }
    assert guess([column("note", different=500), column("cover")]) == {"class_column": "cover"}
    assert guess([column("start"), column("class")]) == {"class_column": "class"}
    positions = [column("Longitude", different=9), column("Latitude", different=9)]
    assert guess([*positions, column("Klasse"), column("Datum")]) == {
        "class_column": "Klasse",
        "date_column": "Datum",
    }
    assert guess([column("x", "number"), column("y", "number"), column("cover")]) == {"class_column": "cover"}


def column(name, kind="text", different=5, examples=()):
    """As the engine tells of one."""
    return {"name": name, "kind": kind, "different": different, "examples": list(examples)}


@pytest.mark.parametrize(
    ("columns", "guessed"),
    [
        ([column("code", "whole number"), column("name")], "name"),
        ([column("LC", "whole number"), column("LC_name")], "LC_name"),
        ([column("class", "whole number"), column("remark")], "class"),
        ([column("code", "whole number"), column("cover type", different=9)], "cover type"),
        ([column("class_code", "whole number"), column("fid", "whole number", 90)], "class_code"),
        ([column("type", different=1), column("lulc", "whole number")], "lulc"),
        ([column("class_code", "whole number", 1), column("class_name", different=1)], "class_name"),
        ([column("Crop Type"), column("crop_code", "whole number")], "Crop Type"),
        ([column("fid", "whole number", 90), column("area", "number", 90)], None),
    ],
)
def test_names_of_classes_are_guessed_before_their_codes(columns, guessed):
    assert guess(columns).get("class_column") == guessed
    assert guess(columns[::-1]).get("class_column") == guessed


def test_columns_that_say_where_are_guessed_and_degrees_told_from_metres():
    gis = [
        column("POINT_X", "number", examples=["512345.5"]),
        column("POINT_Y", "number", examples=["5634000"]),
    ]
    degrees = [column("x", "number", examples=["3.02", "-3.1"]), column("y", "number", examples=["50.8"])]
    shapes = [column("id"), column("outline", examples=["MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))"])]
    assert guess_place(gis) == {"x_column": "POINT_X", "y_column": "POINT_Y"}
    assert [guess_crs(one, guess_place(one)) for one in (gis, degrees, shapes)] == ["", "EPSG:4326", ""]
    assert guess_place(shapes) == {"wkt_column": "outline"}
    assert guess_place([column("a"), column("b")]) == {}
