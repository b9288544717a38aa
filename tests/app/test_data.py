"""Data of the user's own: looked into before they are taken, asked about, used, and put away."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from phenolens.app.areas import Data, Files, Plans, bounds_of
from phenolens.app.panels.data_bands import BandsQuestion
from phenolens.app.panels.data_questions import NumbersQuestion
from phenolens.app.panels.data_report import report_of
from phenolens.engine.client.sources import Sensor, Sources
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton, QTreeWidget
from rasterio.transform import from_origin

X, Y = 600_000, 5_000_000


@pytest.fixture
def radar(tmp_path) -> Path:
    """A Sentinel-1 cube that doesn't say what its numbers are."""
    axes = {
        "time": np.array(["2020-01-05", "2020-01-17"], "datetime64[ns]"),
        "y": Y - 10 * np.arange(40) - 5,
        "x": X + 10 * np.arange(40) + 5,
    }
    values = np.full((2, 40, 40), 400, np.uint16)
    cube = xr.Dataset(dict.fromkeys(("VV", "VH"), (("time", "y", "x"), values)), axes)
    cube["crs"] = ((), 0, {"spatial_ref": "EPSG:32632"})
    for band in ("VV", "VH"):
        cube[band].attrs["grid_mapping"] = "crs"
    (tmp_path / "cube").mkdir()
    cube.to_netcdf(tmp_path / "cube" / "radar.nc", engine="h5netcdf")
    return tmp_path / "cube" / "radar.nc"


def lines(areas) -> list[str]:
    shown = areas.data.findChild(QTreeWidget)
    return [shown.topLevelItem(row).text(0) for row in range(shown.topLevelItemCount())]


def report(areas) -> str:
    return "".join(label.text() for label in areas.data.findChildren(QLabel))


def state(areas, qtbot, sensor: str, stored_as: str) -> None:
    """Choose how numbers are stored."""
    box = areas.data.findChild(QComboBox, f"stored as {sensor}")
    box.setCurrentIndex(box.findData(stored_as))
    box.activated.emit(box.currentIndex())


def add(areas, path: Path, until) -> None:
    areas.data_at_hand.add([str(path)])
    until(lambda: "Looking into" not in report(areas))


def test_numbers_without_a_unit_are_asked_about_before_the_data_are_taken(
    areas, radar, qtbot, until, look, window
):
    add(areas, radar, until)
    until(lambda: areas.data.findChild(QComboBox, "stored as s1") is not None)
    assert not areas.data.add_button.isEnabled()
    window.show_step("Area")
    look(window, "-asked")
    state(areas, qtbot, "s1", "s1-dn")
    until(areas.data.add_button.isEnabled)
    assert "2 dates, 2020-01-05 to 2020-01-17" in report(areas)
    assert "2 of 2 dates have no known orbit direction<" in report(areas)
    assert areas.plans.now.data == ()
    orbit = areas.data.findChild(QComboBox, "orbit")
    orbit.setCurrentIndex(orbit.findData("descending"))
    orbit.activated.emit(orbit.currentIndex())
    until(lambda: "orbit direction" not in report(areas))
    until(lambda: areas.data.findChild(QComboBox, "orbit") is None)
    look(window, "-told")
    areas.data.add_button.click()
    assert lines(areas)[0] == "radar"
    assert areas.plans.now.data[0].s1.stated == {"stored_as": "s1-dn", "orbit_direction": "descending"}
    assert areas.plans.now.data[0].s2 is None


@pytest.fixture
def nameless(tmp_path) -> Path:
    """Two GeoTIFFs of four bands that nobody described, in units that nobody stated."""
    folder = tmp_path / "nameless"
    folder.mkdir()
    profile = {"driver": "GTiff", "count": 4, "dtype": "uint16", "width": 40, "height": 40,
               "crs": "EPSG:32632", "transform": from_origin(X, Y, 10, 10)}  # fmt: skip
    for day in ("20200105", "20200117"):
        with rasterio.open(folder / f"scene_{day}.tif", "w", **profile) as file:
            file.write(np.arange(4 * 40 * 40, dtype=np.uint16).reshape(4, 40, 40) + 300)
    return folder


def test_bands_without_names_are_asked_for_and_then_their_scale(areas, nameless, qtbot, until, look, window):
    add(areas, nameless, until)
    until(lambda: areas.data.findChild(BandsQuestion) is not None)
    window.show_step("Area")
    question = areas.data.findChild(BandsQuestion)
    go = question.findChild(QPushButton, "name bands")
    assert not areas.data.add_button.isEnabled()
    assert not go.isEnabled()
    assert [box.currentText() for box in question.boxes] == ["not used"] * 4
    look(window, "-asked")
    for box, name in zip(question.boxes, ("B02", "B02", "unused", "B08"), strict=True):
        box.setCurrentIndex(box.findData(name))
    assert "Chosen twice: B02" in question._why.text()
    assert not go.isEnabled()
    question.boxes[1].setCurrentIndex(question.boxes[1].findData("B04"))
    go.click()
    until(lambda: areas.data.findChild(QComboBox, "stored as s2") is not None)
    assert areas.data.findChild(BandsQuestion) is question
    assert not areas.data.add_button.isEnabled()
    state(areas, qtbot, "s2", "other")
    numbers = areas.data.findChild(NumbersQuestion)
    numbers._scale.setText("0")
    assert not numbers.findChild(QPushButton, "state scale").isEnabled()
    numbers._scale.setText("0.0001")
    numbers._offset.setText("-0.01")
    numbers._nodata.setText("300")
    look(window, "-scale")
    numbers.findChild(QPushButton, "state scale").click()
    until(areas.data.add_button.isEnabled)
    assert "B02 B04 B08 (absent:" in report(areas)
    assert "stored × 0.0001 + -0.01 (scale given)" in report(areas)
    assert areas.data._bands is None
    look(window, "-told")
    areas.data.add_button.click()
    (data,) = areas.plans.now.data
    assert data.s1 is None
    assert data.s2.band_names == ("B02", "B04", "unused", "B08")
    assert (data.s2.scale, data.s2.offset, data.s2.nodata) == (0.0001, -0.01, (300.0,))
    assert Plans.from_json(json.loads(json.dumps(areas.plans.now.to_json()))) == areas.plans.now
    next(b for b in areas.data.findChildren(QPushButton) if b.text() == "Use its extent").click()
    until(areas.compute.compute.isEnabled)
    assert areas.compute.costs["Acquisitions"].text() == "2 S2"


def test_the_day_of_files_without_a_date_is_asked_for_in_place(areas, nameless, qtbot, until, look, window):
    file = next(iter(nameless.glob("*20200105.tif"))).rename(nameless.parent / "mosaic_of_the_valley.tif")
    add(areas, file, until)
    until(lambda: areas.data.findChild(BandsQuestion) is not None)
    question = areas.data.findChild(BandsQuestion)
    for box, name in zip(question.boxes, ("B02", "B03", "B04", "B08"), strict=True):
        box.setCurrentIndex(box.findData(name))
    question.findChild(QPushButton, "name bands").click()
    until(lambda: areas.data.findChild(QLineEdit, "day") is not None)
    day, go = areas.data.findChild(QLineEdit, "day"), areas.data.findChild(QPushButton, "state day")
    assert "a file has no date" in report(areas)
    assert not areas.data.add_button.isEnabled()
    for text, is_day in (("", False), ("in May", False), ("2018-13-01", False), (" 2018-07-04 ", True)):
        day.setText(text)
        assert go.isEnabled() == is_day
    window.show_step("Area")
    look(window, "-asked")
    go.click()
    until(lambda: areas.data.findChild(QComboBox, "stored as s2") is not None)
    state(areas, qtbot, "s2", "s2-dn")
    until(areas.data.add_button.isEnabled)
    assert "One date, 2018-07-04" in report(areas)
    areas.data.add_button.click()
    (data,) = areas.plans.now.data
    assert (data.s2.day, data.s2.stored_as) == ("2018-07-04", "s2-dn")
    assert Plans.from_json(json.loads(json.dumps(areas.plans.now.to_json()))) == areas.plans.now
    areas.data_at_hand.use_extent(areas.data_at_hand.listed(0))
    until(areas.compute.compute.isEnabled)
    assert areas.compute.costs["Dates"].text() == "1, 2018-07-04 to 2018-07-04"


def test_the_crs_of_files_that_declare_none_is_asked_for_in_place(
    areas, nameless, qtbot, until, look, window
):
    for file in nameless.glob("*.tif"):
        with rasterio.open(file) as there:
            values, profile = there.read(), there.profile
        with rasterio.open(file, "w", **{**profile, "crs": None}) as anew:
            anew.write(values)
            anew.descriptions = ("B02", "B03", "B04", "B08")
    add(areas, nameless, until)
    until(lambda: areas.data.findChild(QLineEdit, "crs") is not None)
    assert (
        len(areas.data.findChildren(QLineEdit, "crs")) == 1
    )  # though both sensors are looked for in the files
    crs, go = areas.data.findChild(QLineEdit, "crs"), areas.data.findChild(QPushButton, "state crs")
    assert "a file declares no CRS" in report(areas)
    assert not areas.data.add_button.isEnabled()
    for text, said in (
        ("", ""),
        ("somewhere", "No CRS is called somewhere: write it as EPSG:32631."),
        ("EPSG:5773", "tells no places on a map"),
        (" EPSG:4326 ", ""),
    ):
        crs.setText(text)
        shown = areas.data.findChild(QLabel, "crs fault")
        assert said in shown.text().replace("\u200b", "")
        assert shown.isHidden() == (not said)
        assert go.isEnabled() == ("4326" in text)
        if said:
            window.show_step("Area")
            qtbot.wait(50)
            look(window, "-wrong")
    go.click()
    until(lambda: "beyond the Earth" in report(areas))
    until(lambda: areas.data.findChild(QLineEdit, "crs") is not crs)
    look(window, "-beyond")
    areas.data.findChild(QLineEdit, "crs").setText("EPSG:32632")
    areas.data.findChild(QPushButton, "state crs").click()
    until(lambda: areas.data.findChild(QComboBox, "stored as s2") is not None)
    state(areas, qtbot, "s2", "s2-dn")
    until(areas.data.add_button.isEnabled)
    areas.data.add_button.click()
    (data,) = areas.plans.now.data
    assert data.s1 is None
    assert data.s2.stated == {"stored_as": "s2-dn", "crs": "EPSG:32632"}
    assert Plans.from_json(json.loads(json.dumps(areas.plans.now.to_json()))) == areas.plans.now
    areas.data_at_hand.use_extent(areas.data_at_hand.listed(0))
    until(areas.compute.compute.isEnabled)
    assert areas.compute.costs["Acquisitions"].text() == "2 S2"


def test_one_file_without_a_date_keeps_no_other_from_being_read(areas, nameless, until, look, window):
    for day in ("20200105", "20200117"):
        with rasterio.open(nameless / f"scene_{day}.tif", "r+") as file:
            file.descriptions = ("B02", "B03", "B04", "B08")
    (nameless / "mosaic.tif").write_bytes((nameless / "scene_20200105.tif").read_bytes())
    add(areas, nameless, until)
    until(lambda: areas.data.findChild(QComboBox, "stored as s2") is not None)
    state(areas, None, "s2", "s2-dn")
    until(areas.data.add_button.isEnabled)
    assert "2 dates, 2020-01-05 to 2020-01-17" in report(areas)
    assert "left out without a date: mosaic.tif" in report(areas).replace("\u200b", "")
    assert "Without an answer they are left out." in report(areas)
    window.show_step("Area")
    look(window)
    areas.data.findChild(QLineEdit, "day").setText("2020-02-01")
    areas.data.findChild(QPushButton, "state day").click()
    until(lambda: "3 dates, 2020-01-05 to 2020-02-01" in report(areas))
    until(lambda: areas.data.findChild(QLineEdit, "day") is None)
    areas.data.add_button.click()
    assert areas.plans.now.data[0].s2.stated == {"day": "2020-02-01", "stored_as": "s2-dn"}


def test_what_is_looked_into_isn_t_lost_by_a_click_in_the_list_nor_by_other_files_without_a_word(
    areas, radar, workspace, until, window
):
    add(areas, radar, until)
    until(lambda: areas.data.findChild(QComboBox, "stored as s1") is not None)
    state(areas, None, "s1", "s1-dn")
    until(areas.data.add_button.isEnabled)
    window.show_step("Area")
    shown = areas.data.findChild(QTreeWidget)
    QTest.mouseClick(shown.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(20, 8))
    assert areas.data.add_button.isEnabled()
    assert not areas.data.add_button.isHidden()
    add(areas, workspace / "forest.nc", until)
    assert "radar wasn't added: forest is looked into instead" in window.findChild(QLabel, "message").text()
    areas.data_at_hand._discard()
    assert shown.isEnabled()


def test_bands_of_both_sensors_in_one_file_are_read_as_both(areas, nameless, qtbot, until):
    add(areas, nameless, until)
    until(lambda: areas.data.findChild(BandsQuestion) is not None)
    question = areas.data.findChild(BandsQuestion)
    for box, name in zip(question.boxes, ("B04", "B08", "VV", "VH"), strict=True):
        box.setCurrentIndex(box.findData(name))
    question.findChild(QPushButton, "name bands").click()
    until(lambda: areas.data.findChild(QComboBox, "stored as s1") is not None)
    state(areas, qtbot, "s2", "s2-dn")
    until(lambda: areas.data.findChild(QComboBox, "stored as s2") is None)
    assert not areas.data.add_button.isEnabled()
    state(areas, qtbot, "s1", "s1-dn")
    until(areas.data.add_button.isEnabled)
    areas.data.add_button.click()
    (data,) = areas.plans.now.data
    assert data.s2.asked["band_names"] == ["B04", "B08", "unused", "unused"]
    assert data.s1.asked["band_names"] == ["unused", "unused", "VV", "VH"]


def test_data_that_are_stored_in_another_way_are_not_read_with_the_others_and_that_is_said(
    areas, nameless, qtbot, until
):
    def name_bands(folder, *names):
        add(areas, folder, until)
        until(lambda: areas.data.findChild(BandsQuestion) is not None)
        question = areas.data.findChild(BandsQuestion)
        for box, name in zip(question.boxes, names, strict=True):
            box.setCurrentIndex(box.findData(name))
        question.findChild(QPushButton, "name bands").click()
        until(lambda: areas.data.findChild(QComboBox, "stored as s2") is not None)
        state(areas, qtbot, "s2", "s2-dn")
        until(areas.data.add_button.isEnabled)
        areas.data.add_button.click()

    other = Path(shutil.copytree(nameless, nameless.parent / "copy" / "nameless"))
    name_bands(nameless, "B02", "B03", "B04", "B08")
    name_bands(other, "B04", "B03", "B02", "B08")
    first, _ = areas.plans.now.data
    areas.data_at_hand.use_extent(areas.data_at_hand.listed(0))
    until(areas.compute.compute.isEnabled)
    chosen = areas.data_at_hand.for_area(areas.plans.now.area)
    assert chosen.asked == {"s2": first.s2.asked}
    assert (chosen.names, chosen.aside) == (("nameless",), ("nameless",))
    told = "not used, as bands, numbers, CRS or day are stated otherwise for them: nameless"
    assert told in areas.compute.data_told


def test_the_same_files_are_listed_once_by_whatever_name_they_are_found(areas, radar, qtbot, until, window):
    (radar.parent.parent / "link").symlink_to(radar.parent, target_is_directory=True)
    for folder in (radar.parent, radar.parent.parent / "link", radar.parent / ".." / "cube"):
        add(areas, folder, until)
        until(lambda: areas.data.findChild(QComboBox, "stored as s1") is not None)
        state(areas, qtbot, "s1", "s1-dn")
        until(areas.data.add_button.isEnabled)
        areas.data.add_button.click()
        assert [data.name for data in areas.plans.now.data] == ["cube"]
        assert len(lines(areas)) == 3
    assert "cube was at hand already" in window.findChild(QLabel, "message").text()


def test_plans_of_projects_from_before_are_read(areas):
    files = {"paths": ["a.tif"], "stored_as": "s2-dn"}
    stored = {"areas": [], "chosen": 0, "data": [{"name": "a", "s2": files, "s1": None, "used": True}]}
    (data,) = Plans.from_json(stored).data
    assert data.s2.asked == {"paths": ["a.tif"], "stored_as": "s2-dn"}
    with pytest.raises(ValueError, match="scale"):
        Plans.from_json({**stored, "data": [{"name": "a", "s2": {**files, "scale": "x"}, "used": True}]})


def test_own_data_become_an_area_a_plan_and_go_again(areas, workspace, qtbot, until, look, window):
    add(areas, workspace / "forest.nc", until)
    until(lambda: areas.data.findChild(QComboBox, "stored as s2") is not None)
    state(areas, qtbot, "s2", "s2-dn")
    until(areas.data.add_button.isEnabled)
    areas.data.add_button.click()
    shown = areas.data.findChild(QTreeWidget)
    assert shown.currentItem().text(0) == "forest"
    west, south, east, north = bounds_of(areas.data_at_hand.listed(0).footprint)
    assert areas.area.map.calls["fit"] == f"areaMap.fit({west},{south},{east},{north})"
    buttons = {button.text(): button for button in areas.data.findChildren(QPushButton)}
    assert not buttons["Use its extent"].isHidden()
    buttons["Use its extent"].click()
    until(areas.compute.compute.isEnabled)
    assert areas.compute.data_told.startswith("Data: forest. Sentinel-1 is missing: embeddings rest on Sent")
    assert areas.compute.costs["Acquisitions"].text().endswith("S2")
    assert areas.compute.costs["Size"].text() == "0.23 km²  (48 × 48 px)"
    look(window)
    shown.topLevelItem(0).setCheckState(0, Qt.CheckState.Unchecked)
    until(
        lambda: "Forest in Romania" in "".join(label.text() for label in areas.compute.findChildren(QLabel))
    )
    assert not areas.plans.now.data[0].used
    until(lambda: shown.topLevelItem(0).text(0) == "forest")
    shown.setCurrentItem(shown.topLevelItem(0))
    buttons["Remove"].click()
    assert areas.plans.now.data == ()
    assert len(lines(areas)) == 2


def test_what_holds_no_acquisitions_says_why_and_isn_t_taken(areas, tmp_path, until):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "readme.txt").write_text("nothing")
    add(areas, tmp_path / "notes", until)
    until(lambda: "nothing to read here" in report(areas))
    assert not areas.data.add_button.isEnabled()
    close = next(one for one in areas.data.findChildren(QPushButton) if one.text() == "Close")
    close.click()
    assert areas.data.add_button.isHidden()
    assert areas.plans.now.data == ()


def test_long_names_of_files_leave_no_line_cut_off(areas):
    name = f"S2_L2A_10m_{'00002806639B424A_' * 5}2018-11-30.nc: no s1 band"
    sensor = Sensor("s2", (), kinds=("NetCDF",), ignored=(name, name))
    label = areas.data._report
    label.setText(report_of("mine", Sources("mine", (sensor,))))
    assert label.minimumSizeHint().width() < 250
    assert "and 1 more" in label.text()


def test_a_path_that_is_gone_says_so(areas, tmp_path, until):
    add(areas, tmp_path / "gone", until)
    until(lambda: "no such file or folder" in report(areas))
    assert not areas.data.add_button.isEnabled()


def test_a_folder_that_is_dropped_is_looked_into(areas, radar, until):
    dropped = QMimeData()
    dropped.setUrls([QUrl.fromLocalFile(str(radar.parent))])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPoint(20, 20), Qt.DropAction.CopyAction, dropped, left, none)
    areas.data.dropEvent(event)
    until(lambda: areas.data.findChild(QComboBox, "stored as s1") is not None)


def test_data_of_a_project_are_looked_into_again(areas, radar, qtbot, until):
    add(areas, radar, until)
    until(lambda: areas.data.findChild(QComboBox, "stored as s1") is not None)
    state(areas, qtbot, "s1", "s1-dn")
    until(areas.data.add_button.isEnabled)
    areas.data.add_button.click()
    stored = areas.plans.now.to_json()
    areas.plans.begin(Plans())
    areas.data_at_hand.forget()
    areas.plans.begin(Plans.from_json(stored))
    until(lambda: any(data.name == "radar" for data, _ in areas.data_at_hand.at_hand))
    content = radar.read_bytes()
    radar.unlink()
    areas.plans.begin(Plans())
    areas.data_at_hand.forget()
    areas.plans.begin(Plans.from_json(stored))
    until(lambda: "can't be read" in areas.data.findChild(QTreeWidget).topLevelItem(0).text(1))
    radar.write_bytes(content)  # it is there again, and added again
    add(areas, radar, until)
    until(lambda: areas.data.findChild(QComboBox, "stored as s1") is not None)
    state(areas, qtbot, "s1", "s1-dn")
    until(areas.data.add_button.isEnabled)
    areas.data.add_button.click()
    assert areas.data.findChild(QTreeWidget).topLevelItem(0).text(1) == "2 S1"


def test_data_of_one_name_in_several_places_are_all_looked_into_again(areas, workspace, until):
    mine = []
    for place in ("north", "south"):
        (workspace / place).mkdir()
        (workspace / place / "S2.nc").write_bytes((workspace / "forest.nc").read_bytes())
        mine.append(Data("S2", s2=Files((f"{place}/S2.nc",), stored_as="s2-dn")))
    areas.plans.begin(Plans(data=tuple(mine)))
    until(lambda: set(mine) <= {data for data, _ in areas.data_at_hand.at_hand})
