"""Classes of label files: their codes, colours and tables."""

import json

import numpy as np
import pytest
from phenolens.engine.errors import LabelError
from phenolens.engine.labels.read import LabelColumns, read_labels

from .points import BY_CLASS, POINT, points


def test_whole_number_classes_keep_their_codes(write):
    path = write("labels.gpkg", points(4), {"class": [11.0, 254.0, 11.0, np.nan]})
    labels = read_labels(path, BY_CLASS)
    assert labels.response.classes.codes == (11, 254)
    assert labels.y.tolist() == [11, 254, 11]
    assert labels.report.dropped == {"without a class": 1}


def test_class_zero_is_never_a_class_and_can_be_renumbered(write):
    path = write("labels.gpkg", points(3), {"class": [0, 1, 2]})
    labels = read_labels(path, BY_CLASS)
    assert labels.report.dropped == {"of class 0, which means nodata": 1}
    kept = read_labels(path, BY_CLASS, zero_is_class=True)
    assert kept.y.tolist() == [1, 2, 3]
    assert kept.response.classes.names == ("0", "1", "2")
    assert any("0 → 1, 1 → 2, 2 → 3" in note for note in kept.report.notes)


def test_codes_above_254_are_renumbered_and_said(write):
    labels = read_labels(write("labels.gpkg", points(2), {"class": [1200, 255]}), BY_CLASS)
    assert labels.y.tolist() == [2, 1]
    assert labels.response.classes.names == ("255", "1200")
    assert any("255 → 1, 1200 → 2" in note for note in labels.report.notes)


def test_fractions_are_no_classes(write):
    with pytest.raises(LabelError, match="holds fractions"):
        read_labels(write("labels.gpkg", points(2), {"class": [1.5, 2.0]}), BY_CLASS)


def test_more_than_254_classes_are_refused(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("lon,lat,class\n" + "".join(f"9,{i / 10},name {i}\n" for i in range(255)))
    with pytest.raises(LabelError, match="more than 254 classes"):
        read_labels(path, BY_CLASS)


def test_colours_of_a_column_are_kept(write):
    colours = ["#FF0000", "10,20,30", "#ff0000ff", "mauve"]
    path = write("labels.gpkg", points(4), {"class": ["a", "b", "a", "b"], "colour": colours})
    labels = read_labels(path, LabelColumns(classes="class", colour="colour"))
    assert [c.colour for c in labels.response.classes] == ["#ff0000", "#0a141e"]
    assert any("1 colours could not be read" in note for note in labels.report.notes)


def test_a_class_table_gives_codes_names_and_colours(write, tmp_path):
    path = write("labels.gpkg", points(3), {"class": [1200, 1110, 77]})
    table = tmp_path / "classes.csv"
    table.write_text("value,code,name,colour\n1110,1,winter wheat,#e6c84b\n1200,2,maize,#f08c28\n")
    labels = read_labels(path, BY_CLASS, class_file=table)
    assert labels.y.tolist() == [2, 1]
    assert labels.report.dropped == {"of a class that the class table lacks": 1}
    assert [(c.code, c.name, c.colour) for c in labels.response.classes] == [
        (1, "winter wheat", "#e6c84b"),
        (2, "maize", "#f08c28"),
    ]


def test_a_class_table_in_json_matches_text_by_name(write, tmp_path):
    table = tmp_path / "classes.json"
    table.write_text(
        json.dumps([{"code": 7, "name": "maize", "color": "#123456"}, {"code": 9, "name": "rape"}])
    )
    path = write("labels.gpkg", points(2), {"class": ["rape", "maize"]})
    labels = read_labels(path, BY_CLASS, class_file=table)
    assert labels.y.tolist() == [9, 7]
    assert labels.response.classes[7].colour == "#123456"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "can't be read"),
        ("[]", "empty"),
        ('{"a": 1}', "no list"),
        ('[{"colour": "#ffffff"}]', "neither code nor"),
    ],
)
def test_a_broken_class_table_is_refused(write, tmp_path, content, message):
    table = tmp_path / "classes.json"
    table.write_text(content)
    with pytest.raises(LabelError, match=message):
        read_labels(write("labels.gpkg", [POINT], {"class": ["a"]}), BY_CLASS, class_file=table)


def test_two_classes_of_one_code_are_refused(write, tmp_path):
    table = tmp_path / "classes.csv"
    table.write_text("code,name\n1,a\n1,b\n")
    with pytest.raises(LabelError, match="same code"):
        read_labels(write("labels.gpkg", points(2), {"class": ["a", "b"]}), BY_CLASS, class_file=table)
