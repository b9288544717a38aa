"""Labels of files: handed over, asked about, laid on the map, and accounted for."""

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from phenolens.app.controllers.label_import import account
from phenolens.app.label_codes import label_codes
from phenolens.app.label_file import write_labels
from phenolens.app.panels.label_import import LabelImportDialog
from phenolens.app.panels.labels import LabelsPanel, without_parts
from phenolens.app.session import Label, LandClass
from phenolens.engine.client.errors import OutputError
from phenolens.engine.labels.report import ImportReport
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog, QInputDialog, QLabel


def labels_panel(window):
    return window.findChild(LabelsPanel)


@pytest.fixture
def shapefile(opened, tmp_path):
    """Nine fields of two crops in another CRS than the store's, one of them without a place."""
    grid = opened.model.now.store.grid
    a, _, c, _, e, f = grid.transform
    shapes = [
        shapely.box(c + a * x, f + e * (y + 5), c + a * (x + 5), f + e * y)
        for y in (5, 20, 35)
        for x in (5, 20, 35)
    ]
    crops = ["maize", "wheat", "maize"] * 3
    frame = geopandas.GeoDataFrame({"crop": crops, "year": 2019}, geometry=shapes, crs=grid.crs).to_crs(3035)
    frame.loc[8, "geometry"] = None
    path = tmp_path / "fields.shp"
    frame.to_file(path)
    return path


def test_a_shapefile_in_another_crs_is_imported_with_an_account(opened, shapefile, until, look):
    panel = labels_panel(opened)
    opened.show_step("Label")
    opened.model.do(classes=(LandClass(9, "wheat", "#56b4e9"),))
    panel.file_dropped.emit(str(shapefile))
    until(lambda: opened.findChild(LabelImportDialog) is not None)
    dialog = opened.findChild(LabelImportDialog)
    assert dialog.answer == {"class_column": "crop", "date_column": "year"}
    look(dialog, "-dialog")
    dialog._done.click()
    until(lambda: len(opened.model.now.work.labels) > 0)
    work = opened.model.now.work
    assert {one.name: one.code for one in work.classes}["wheat"] == 9
    assert len(work.labels) == 8
    first = np.array(work.labels[0].corners)
    assert np.allclose([first.min(axis=0), first.max(axis=0)], [(5, 5), (10, 10)], atol=0.1)
    assert work.labels[0].start == "2019-01-01"
    told = panel._report.text()
    assert "Read 9, used 8" in told
    assert "1 with an empty geometry" in told
    assert "maize: " in told
    look(opened)
    opened.model.undo()
    assert opened.model.now.work.labels == ()


def test_a_layer_of_several_is_chosen(opened, shapefile, tmp_path, until, look):
    frame, path = geopandas.read_file(shapefile).dropna(subset="geometry"), tmp_path / "survey.gpkg"
    frame.iloc[:3].to_file(path, layer="first visit")
    frame.to_file(path, layer="second visit")
    labels_panel(opened).file_dropped.emit(str(path))
    until(lambda: opened.findChild(QInputDialog) is not None)
    dialog = opened.findChild(QInputDialog)
    assert dialog.comboBoxItems() == ["first visit", "second visit"]
    dialog.setTextValue("second visit")
    look(dialog)
    dialog.accept()
    until(lambda: opened.findChild(LabelImportDialog) is not None)
    opened.findChild(LabelImportDialog)._done.click()
    until(lambda: len(opened.model.now.work.labels) == 8)


def test_parts_of_a_shapefile_are_found_in_capitals(opened, shapefile, until):
    for part in tuple(shapefile.parent.glob("fields.*")):
        part.rename(part.with_name(part.name.upper()))
    labels_panel(opened).file_dropped.emit(str(shapefile.with_name("FIELDS.SHP")))
    until(lambda: opened.findChild(LabelImportDialog) is not None)
    dialog = opened.findChild(LabelImportDialog)
    assert "EPSG:3035" in dialog.findChild(QLabel).text()
    dialog.reject()


def test_a_file_that_is_no_labels_says_so_and_loses_nothing(opened, tmp_path, until):
    path = tmp_path / "nonsense.gpkg"
    path.write_bytes(b"SQLite format 3\0 and nothing else")
    kept = (Label(1.0, ((1.5, 1.5),)),)
    opened.model.do(classes=(LandClass(1, "a", "#e69f00"),), labels=kept)
    labels_panel(opened).file_dropped.emit(str(path))
    until(lambda: "can't be read" in labels_panel(opened)._report.text())
    assert "[nonsense.gpkg: " in labels_panel(opened)._report.text()
    assert not {"SELECT", "driver"} & set(labels_panel(opened)._report.text().split())
    assert opened.model.now.work.labels == kept


def test_the_account_of_an_import_has_a_true_minus_and_the_numbers_for_programs_have_none():
    report = ImportReport("nee.csv", 2, values={"smallest": -3.25, "largest": 1.5})
    for told in (report.text(), account(report.to_dict())):
        assert "smallest −3.25, largest 1.5" in told
    assert report.to_dict()["values"]["smallest"] == -3.25


def test_a_table_says_where_its_labels_lie_in_columns_of_any_name_and_crs(opened, tmp_path, until, look):
    grid = opened.model.now.store.grid
    a, _, c, _, e, f = grid.transform
    path = tmp_path / "plots.csv"
    path.write_text(f"hor;ver;class_code;class_name\n{c + a * 5.5};{f + e * 7.5};20;oak\n")
    labels_panel(opened).file_dropped.emit(str(path))
    until(lambda: opened.findChild(LabelImportDialog) is not None)
    dialog = opened.findChild(LabelImportDialog)
    assert "where the labels lie" in dialog._why.text()
    for role, name in (("x_column", "hor"), ("y_column", "ver")):
        dialog._boxes[role].setCurrentIndex(dialog._boxes[role].findData(name))
    assert "in which CRS" in dialog._why.text()
    dialog._crs.setText("EPSG:32699")
    assert "No CRS is called EPSG:32699" in dialog._why.text()
    look(dialog)
    dialog._crs.setText(grid.crs)
    assert dialog.answer["class_column"] == "class_name"
    dialog._done.click()
    until(lambda: len(opened.model.now.work.labels) == 1)
    assert np.allclose(opened.model.now.work.labels[0].corners, [(5.5, 7.5)], atol=0.01)


def test_a_file_that_was_refused_is_asked_about_as_it_was_answered(opened, tmp_path, until, look):
    path = tmp_path / "plots.csv"
    path.write_text(f"when,x,y,kind,code\n2019,{place_in(opened, 3.5, 3.5)},oak,0\n")
    panel = labels_panel(opened)

    def asked():
        panel.file_dropped.emit(str(path))
        until(lambda: opened.findChild(LabelImportDialog) is not None)
        return opened.findChild(LabelImportDialog)

    dialog = asked()
    assert not dialog._zero.isVisibleTo(dialog)
    for role, name in (("class_column", "code"), ("date_column", "when")):
        dialog._boxes[role].setCurrentIndex(dialog._boxes[role].findData(name))
    dialog._zero.setChecked(True)
    look(dialog)
    dialog._crs.setText("EPSG:32601")
    dialog._done.click()
    until(lambda: "outside the area" in panel._report.text())
    again = asked()
    assert again.answer == {
        "x_column": "x", "y_column": "y", "crs": "EPSG:32601", "class_column": "code", "date_column": "when",
        "zero_is_class": True,
    }  # fmt: skip
    again._crs.setText(opened.model.now.store.grid.crs)
    again._done.click()
    until(lambda: len(opened.model.now.work.labels) == 1)
    assert [one.name for one in opened.model.now.work.classes] == ["0"]


def test_a_crs_that_a_file_states_wrongly_can_be_said(opened, shapefile, until, look):
    frame = geopandas.read_file(shapefile).dropna(subset="geometry").to_crs(opened.model.now.store.grid.crs)
    path = shapefile.with_suffix(".gpkg")
    frame.set_crs(4326, allow_override=True).to_file(path)
    labels_panel(opened).file_dropped.emit(str(path))
    until(lambda: opened.findChild(LabelImportDialog) is not None)
    dialog = opened.findChild(LabelImportDialog)
    assert "EPSG:4326, as stated" in dialog._crs.placeholderText()
    look(dialog)
    dialog._crs.setText(opened.model.now.store.grid.crs)
    dialog._done.click()
    until(lambda: len(opened.model.now.work.labels) == 8)
    assert "The file declares EPSG:4326" in labels_panel(opened)._report.text()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("empty.csv", "", "the file is empty"),
        ("places.kml", "<kml/>", "save it as GeoPackage, GeoJSON or CSV"),
        ("fields.dbf", "some", "choose the .shp of a Shapefile"),
        ("nowhere.csv", "class,b\nwheat,2\n", "Choose the columns that say where the labels lie"),
    ],
)
def test_tables_that_hold_no_labels_are_refused_in_words(opened, tmp_path, until, name, text, said):
    path = tmp_path / name
    path.write_text(text)
    panel = labels_panel(opened)
    panel.file_dropped.emit(str(path))
    until(lambda: opened.findChild(LabelImportDialog) is not None or said in panel._report.text())
    dialog = opened.findChild(LabelImportDialog)
    if dialog is not None:
        assert said in dialog._why.text()
        assert not dialog._done.isEnabled()
        dialog.reject()


def table_of(folder, name, rows):
    """A CSV of points in x and y of the store's grid: (column, row, class)."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("\n".join(["x,y,class", *rows]))
    return path


def place_in(window, column, row):
    a, _, c, _, e, f = window.model.now.store.grid.transform
    return f"{c + a * column},{f + e * row}"


def answered(window, until, title, **chosen):
    """The dialog of one import, once it is there, with what the test chooses."""

    def there():
        return next(
            (one for one in window.findChildren(LabelImportDialog) if title in one.windowTitle()), None
        )

    until(lambda: there() is not None)
    dialog = there()
    dialog._crs.setText(chosen.get("crs", window.model.now.store.grid.crs))
    dialog._done.click()


def test_files_that_are_dropped_together_are_imported_one_after_the_other(opened, tmp_path, until, look):
    """Also where they are called alike in different folders."""
    opened.show_step("Label")
    rows = {"one": [f"{place_in(opened, 3.5, 3.5)},oak"], "two": [f"{place_in(opened, 9.5, 9.5)},beech"]}
    paths = [table_of(tmp_path / folder, "#1 trees.csv", lines) for folder, lines in rows.items()]
    bad = tmp_path / "bad.gpkg"
    bad.write_bytes(b"SQLite format 3\0 and nothing else")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in (*paths, bad)])
    panel = labels_panel(opened)
    left, plain = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    panel.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, left, plain))
    for number, names in ((1, {"oak"}), (2, {"oak", "beech"})):
        answered(opened, until, "#1 trees.csv")
        until(lambda number=number: len(opened.model.now.work.labels) == number)
        assert {one.name for one in opened.model.now.work.classes} == names
    until(lambda: "can't be read" in panel._report.text())
    told = panel._report.text()
    assert told.count("#1 trees.csv: ") == 2
    assert told.count("Read 1, used 1.") == 2
    assert "bad.gpkg: the label file can't be read" in told
    look(panel)


def test_an_import_that_is_not_wanted_does_not_hold_up_the_next_one(opened, tmp_path, until):
    panel = labels_panel(opened)
    for name in ("first.csv", "second.csv"):
        panel.file_dropped.emit(str(table_of(tmp_path, name, [f"{place_in(opened, 3.5, 3.5)},oak"])))
    until(lambda: opened.findChild(LabelImportDialog) is not None)
    opened.findChild(LabelImportDialog).reject()
    answered(opened, until, "second.csv")
    until(lambda: len(opened.model.now.work.labels) == 1)
    assert "first.csv: not imported." in panel._report.text()


def test_a_class_raster_is_imported_as_the_outlines_of_its_patches(opened, tmp_path, until, look):
    opened.show_step("Label")
    grid = opened.model.now.store.grid
    codes = np.zeros(grid.shape, np.uint8)
    codes[5:15, 5:15], codes[8:10, 8:10], codes[30:40, 5:25] = 10, 50, 20
    path = tmp_path / "cover.tif"
    about = {"count": 1, "height": codes.shape[0], "width": codes.shape[1], "dtype": "uint8"}
    with rasterio.open(path, "w", crs=grid.crs, transform=Affine(*grid.transform), **about) as file:
        file.write(codes, 1)
    panel = labels_panel(opened)
    panel.file_dropped.emit(str(path))
    until(lambda: len(opened.model.now.work.labels) > 0)
    work = opened.model.now.work
    assert {one.name: one.code for one in work.classes} == {"10": 10, "20": 20, "50": 50}
    assert [(one.value, len(one.holes)) for one in work.labels] == [(10, 1), (20, 0), (50, 0)]
    assert (label_codes(work.labels, grid.shape) == codes).all()
    assert "A raster says no date" in panel._report.text()
    look(opened)


def test_labels_that_were_saved_come_back_as_they_were(opened, tmp_path, until, look, choose):
    opened.show_step("Label")
    panel = labels_panel(opened)
    assert not panel._save.isEnabled()
    ring = ((10.0, 10.0), (20.0, 10.0), (20.0, 20.0), (10.0, 20.0))
    labels = (
        Label(3.0, ((5.5, 7.5),), "2019-05-01", "2019-06-30"),
        Label(4.0, ring),
        Label(3.0, ((1.5, 1.5),)),
    )
    classes = (LandClass(3, "Grünland", "#56b4e9"), LandClass(4, "oak", "#e69f00"))
    opened.model.do(classes=classes, labels=labels)
    panel._save.click()
    dialog = opened.findChild(QFileDialog)
    assert dialog.selectedFiles()[0].endswith("forest-labels.geojson")
    path = tmp_path / "mine.geojson"
    choose(opened, path)
    until(path.is_file)
    for kept, told in (
        (labels, "3 were there already."),
        (labels[:1], "1 was there already."),
        ((), "Read 3"),
    ):
        opened.model.do(labels=kept)
        panel.file_dropped.emit(str(path))
        answered(opened, until, "mine.geojson", crs="")
        until(lambda: "Read 3" in panel._report.text())
        assert told in panel._report.text()
        found = opened.model.now.work
        assert found.classes == classes
        assert len(found.labels) == 3
        assert {(one.value, one.start, one.end) for one in found.labels} == {
            (one.value, one.start, one.end) for one in labels
        }
    look(panel)


def test_labels_that_can_not_be_written_are_told(opened, tmp_path, until):
    opened.model.do(classes=(LandClass(1, "a", "#e69f00"),), labels=(Label(1.0, ((1.5, 1.5),)),))
    with pytest.raises(OutputError, match="can't be written"):
        write_labels(tmp_path / "nowhere" / "a.geojson", opened.model.now.store, opened.model.now.work)


def test_what_lies_with_a_shapefile_is_not_dropped_beside_it():
    dropped = ["/a/Roads.dbf", "/a/Roads.shp", "/a/roads.shp.xml", "/a/roads2.csv", "/b/roads.dbf"]
    assert without_parts(dropped) == ["/a/Roads.shp", "/a/roads2.csv", "/b/roads.dbf"]
