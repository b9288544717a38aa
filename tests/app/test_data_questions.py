"""What files don't say is asked for before they are taken: bands, how numbers are stored, the day, the CRS."""

import json

import rasterio
from phenolens.app.areas import Plans
from phenolens.app.panels.data_bands import BandsQuestion
from phenolens.app.panels.data_questions import NumbersQuestion
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton

from .handling_data import add, lines, name_bands, report, state


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
    name_bands(areas, until, "B02", "B03", "B04", "B08")
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


def test_bands_of_both_sensors_in_one_file_are_read_as_both(areas, nameless, qtbot, until):
    add(areas, nameless, until)
    name_bands(areas, until, "B04", "B08", "VV", "VH")
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
