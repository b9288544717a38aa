"""Label files of every kind are read alike, and what can't be used is said."""

import json

import geopandas
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from phenolens.engine.errors import LabelError
from phenolens.engine.labels.pixels import label_pixels
from phenolens.engine.labels.read import LabelColumns, read_labels
from phenolens.engine.labels.vectorfile import Place, column_names, layers_of
from phenolens.engine.labels.write import write_labels

from .points import BY_CLASS, POINT, points


@pytest.mark.parametrize("name", ["labels.gpkg", "labels.geojson", "labels.shp"])
def test_the_same_labels_in_every_format_give_the_same_pixels(name, write, square, grid, tmp_path):
    shapes = [square(2, 2, 4, 4), shapely.MultiPolygon([square(9, 2, 2, 2), square(9, 9, 2, 2)])]
    path = write(name, shapes, {"class": ["wheat", "forest"], "field": [7, 9]})
    if name.endswith("geojson"):  # GeoJSON knows degrees only
        geopandas.read_file(path).to_crs("EPSG:4326").to_file(path)
    labels = read_labels(path, LabelColumns(classes="class", group="field"))
    pixels = label_pixels(labels, grid)
    assert labels.response.classes.names == ("forest", "wheat")
    assert [(c.name, c.pixels, c.groups) for c in pixels.report.classes] == [
        ("forest", 8, 1),
        ("wheat", 16, 1),
    ]
    assert set(pixels.group) == {7, 9}


def test_a_csv_of_x_and_y_needs_a_crs(tmp_path, grid):
    path = tmp_path / "labels.csv"
    path.write_text("x,y,class\n500015,5000185,1\n500115,5000085,2\n")
    with pytest.raises(LabelError, match="states no CRS"):
        read_labels(path, BY_CLASS)
    pixels = label_pixels(read_labels(path, BY_CLASS, crs="EPSG:32632"), grid)
    assert (pixels.rows.tolist(), pixels.cols.tolist()) == ([1, 11], [1, 11])


def test_a_csv_of_lon_and_lat_is_taken_as_degrees_and_says_so(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("Lon;Lat;class\n9.0;45.1;1\n9.1;45.2;2\n", encoding="utf-8-sig")
    labels = read_labels(path, BY_CLASS)
    assert labels.crs == "EPSG:4326"
    assert any("degrees, WGS 84" in note for note in labels.report.notes)


def test_a_table_with_decimal_commas_is_read_as_a_spreadsheet_wrote_it(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text(
        "Longitude;Latitude;Klasse;Code\n9,25;45,5;Weizen;1,2\n-9,5;46;Mais, spät;x\n", encoding="utf-8-sig"
    )
    labels = read_labels(path, LabelColumns(classes="Klasse"))
    assert [point.coords[0] for point in labels.geometries] == [(9.25, 45.5), (-9.5, 46.0)]
    assert labels.response.classes.names == ("Mais, spät", "Weizen")


def test_metres_under_the_names_of_degrees_are_refused(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("lon,lat,class\n500015,5000185,1\n")
    with pytest.raises(LabelError, match="hold no degrees"):
        read_labels(path, BY_CLASS)


def test_a_csv_of_wkt_keeps_polygons(tmp_path, square, grid):
    path = tmp_path / "labels.csv"
    path.write_text(f'wkt,class\n"{square(2, 2, 4, 4).wkt}",a\n"no geometry",b\n"POINT EMPTY",b\n')
    labels = read_labels(path, BY_CLASS, crs="EPSG:32632")
    assert labels.report.dropped == {"with an empty geometry": 2}
    assert len(label_pixels(labels, grid)) == 16


def test_columns_of_coordinates_can_be_named(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("rechts,hoch,class\n500015,5000185,1\n")
    with pytest.raises(LabelError, match="where its labels lie"):
        read_labels(path, BY_CLASS)
    columns = LabelColumns(classes="class", place=Place(x="rechts", y="hoch"))
    assert len(read_labels(path, columns, crs="EPSG:32632")) == 1


def test_a_file_without_a_crs_is_refused_unless_it_is_stated(write):
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        path = write("labels.gpkg", [POINT], {"class": ["a"]}, crs=None)
    with pytest.raises(LabelError, match="declares no CRS"):
        read_labels(path, BY_CLASS)
    assert read_labels(path, BY_CLASS, crs="EPSG:32632").crs == "EPSG:32632"


def test_an_unknown_column_is_refused_with_the_columns_that_exist(write):
    path = write("labels.gpkg", [POINT], {"kind": ["a"], "field": [1]})
    with pytest.raises(LabelError, match=r"no such column \[class\].*kind, field"):
        read_labels(path, BY_CLASS)


@pytest.mark.parametrize("name", ["labels.gpkg", "labels.geojson", "labels.shp", "labels.csv"])
def test_a_corrupt_file_is_refused(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(b"\x00\x01 this is no label file")
    with pytest.raises(LabelError, match="can't be read"):
        read_labels(path, BY_CLASS)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(LabelError, match="no such file"):
        read_labels(tmp_path / "labels.gpkg", BY_CLASS)


def test_a_layer_must_be_chosen_where_there_are_several(tmp_path):
    path = tmp_path / "labels.gpkg"
    for layer in ("fields", "plots"):
        frame = geopandas.GeoDataFrame({"class": [layer]}, geometry=[POINT], crs="EPSG:32632")
        frame.to_file(path, layer=layer)
    with pytest.raises(LabelError, match=r"several layers.*fields, plots"):
        read_labels(path, BY_CLASS)
    with pytest.raises(LabelError, match=r"no such layer.*fields, plots"):
        read_labels(path, BY_CLASS, layer="trees")
    assert read_labels(path, BY_CLASS, layer="plots").response.classes.names == ("plots",)


def test_values_are_a_regression_and_what_is_no_number_is_dropped(write):
    path = write("labels.gpkg", points(4), {"height": ["12.5", "tall", None, "inf"]})
    labels = read_labels(path, LabelColumns(value="height", unit="m"))
    assert (labels.response.task, labels.response.unit, labels.y.tolist()) == ("regression", "m", [12.5])
    assert labels.report.dropped == {"whose value is no finite number": 3}


def test_a_value_column_of_text_is_refused(write):
    path = write("labels.gpkg", points(2), {"height": ["tall", "small"]})
    with pytest.raises(LabelError, match="holds no number"):
        read_labels(path, LabelColumns(value="height"))


def test_days_months_years_and_ranges_are_read(write):
    dates = ["2020-05-03", "2020-02", "2021", None, "03/05/2020", "2020-05-03 12:00", "3.5.2020"]
    path = write("labels.gpkg", points(7), {"class": list("abcdefg"), "date": dates})
    labels = read_labels(path, LabelColumns(classes="class", date="date"))
    assert labels.start.astype(str).tolist() == [
        "2020-05-03",
        "2020-02-01",
        "2021-01-01",
        "NaT",
        "2020-05-03",
        "2020-05-03",
    ]
    ends = ["2020-05-03", "2020-02-29", "2021-12-31", "NaT", "2020-05-03", "2020-05-03"]
    assert labels.end.astype(str).tolist() == ends
    assert labels.report.dropped == {"whose date can't be read (write YYYY-MM-DD)": 1}


def test_whole_number_dates_are_years_or_days_not_nanoseconds(write):
    path = write("labels.gpkg", points(2), {"class": ["a", "b"], "when": [2021, 20200615]})
    labels = read_labels(path, LabelColumns(classes="class", date="when"))
    assert labels.start.astype(str).tolist() == ["2021-01-01", "2020-06-15"]
    assert labels.end.astype(str).tolist() == ["2021-12-31", "2020-06-15"]


def test_a_range_that_ends_before_it_starts_is_dropped(write):
    columns = {"class": ["a", "b"], "from": ["2020-01-01", "2020-06-01"], "to": ["2020-12", "2020-05-01"]}
    path = write("labels.gpkg", points(2), columns)
    labels = read_labels(path, LabelColumns(classes="class", start="from", end="to"))
    assert labels.end.astype(str).tolist() == ["2020-12-31"]
    assert labels.report.dropped == {"that end before they start": 1}


def test_an_invalid_polygon_is_mended_and_counted(write, grid):
    bow = shapely.Polygon(
        [(500_000, 5_000_000), (500_100, 5_000_100), (500_100, 5_000_000), (500_000, 5_000_100)]
    )
    labels = read_labels(write("labels.gpkg", [bow], {"class": ["a"]}), BY_CLASS)
    assert labels.report.repaired == 1
    assert shapely.is_valid(labels.geometries).all()
    assert len(label_pixels(labels, grid)) > 40


def test_lines_are_no_labels(write):
    line = shapely.LineString([(500_000, 5_000_000), (500_100, 5_000_100)])
    path = write("labels.gpkg", [line, POINT], {"class": ["a", "b"]})
    assert read_labels(path, BY_CLASS).report.dropped == {"that are neither points nor polygons": 1}


def test_features_that_repeat_another_are_dropped(write):
    path = write("labels.gpkg", [POINT, POINT, POINT], {"class": ["a", "a", "b"]})
    labels = read_labels(path, BY_CLASS)
    assert labels.report.dropped == {"that repeat another one exactly": 1}
    assert labels.y.tolist() == [1, 2]


def test_text_groups_are_numbered_and_features_without_one_stand_alone(write):
    path = write("labels.gpkg", points(4), {"class": list("abab"), "id": ["x", "y", "x", None]})
    labels = read_labels(path, LabelColumns(classes="class", group="id"))
    assert labels.group.tolist() == [0, 1, 0, 2]


def test_a_file_of_nothing_usable_is_refused_with_the_reasons(write):
    path = write("labels.gpkg", points(2), {"class": [None, ""]})
    with pytest.raises(LabelError, match="no label has a class"):
        read_labels(path, BY_CLASS)
    line = shapely.LineString([(500_000, 5_000_000), (500_100, 5_000_100)])
    with pytest.raises(LabelError, match="1 that are neither"):
        read_labels(write("lines.gpkg", [line], {"class": ["a"]}), BY_CLASS)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"classes": "a", "value": "b"},
        {"classes": "a", "start": "b"},
        {"classes": "a", "date": "d", "start": "s", "end": "e"},
    ],
)
def test_columns_that_contradict_each_other_are_refused(wrong):
    with pytest.raises(LabelError):
        LabelColumns(**wrong)


def test_written_pixels_read_back_as_the_same_labels(write, square, grid, tmp_path):
    columns = {"class": ["a", "b"], "colour": ["#112233", "#445566"], "date": ["2020-05", None], "id": [4, 6]}
    path = write("labels.gpkg", [square(2, 2, 3, 3), square(9, 9, 2, 2)], columns)
    told = LabelColumns(classes="class", colour="colour", date="date", group="id")
    pixels = label_pixels(read_labels(path, told), grid)
    write_labels(pixels, tmp_path / "pixels.gpkg")
    again = LabelColumns(classes="class", colour="colour", start="start", end="end", group="polygon")
    back = label_pixels(read_labels(tmp_path / "pixels.gpkg", again), grid)
    for name in ("rows", "cols", "y", "group", "start", "end"):
        np.testing.assert_array_equal(getattr(back, name), getattr(pixels, name))
    assert back.response == pixels.response
    assert json.loads(json.dumps(back.report.to_dict()))["accepted"] == 13


def test_a_file_of_no_labels_is_said_to_be_empty(tmp_path):
    (tmp_path / "none.csv").write_text("lon,lat,class\n")
    with pytest.raises(LabelError, match="the file holds no labels"):
        read_labels(tmp_path / "none.csv", LabelColumns(classes="class"))


def test_a_stated_crs_that_overrules_the_files_own_is_noted(write, square):
    path = write("fields.gpkg", [square(2, 2, 4, 4)], {"class": ["wheat"]})
    other = read_labels(path, LabelColumns(classes="class"), crs="EPSG:32633").report.notes
    assert "the file declares EPSG:32632; it was read as EPSG:32633, as stated" in other
    same = read_labels(path, LabelColumns(classes="class"), crs="EPSG:32632").report.notes
    assert not any("declares" in note for note in same)


def test_a_table_without_geometries_beside_the_labels_is_no_layer_to_choose(tmp_path):
    path = tmp_path / "styled.gpkg"
    frame = geopandas.GeoDataFrame({"kind": ["a"]}, geometry=[shapely.Point(500_005, 5_000_005)], crs=32631)
    frame.to_file(path, layer="fields")
    pyogrio.write_dataframe(pd.DataFrame({"styleName": ["red"]}), path, layer="layer_styles", append=True)
    assert layers_of(path) == ["fields"]
    assert len(read_labels(path, LabelColumns("kind"))) == 1


def test_blanks_around_the_names_of_columns_are_nothing(tmp_path):
    path = tmp_path / "blanks.csv"
    path.write_text("lon ; lat ;Klasse \n3,1;45,0;Wald\n3,2;45,1;Wiese\n")
    assert column_names(path) == ["lon", "lat", "Klasse"]
    found = read_labels(path, LabelColumns("Klasse"))
    assert [(one.x, one.y) for one in found.geometries] == [(3.1, 45.0), (3.2, 45.1)]
