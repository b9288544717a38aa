"""Data of the user's own: looked into before they are taken, used, put away, and looked into again."""

import shutil
from pathlib import Path

import pytest
from phenolens.app.areas import Data, Files, Plans, bounds_of
from phenolens.app.panels.data_report import report_of
from phenolens.engine.client.sources import Sensor, Sources
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QTreeWidget

from .handling_data import add, lines, name_bands, report, state

JOINT = "\u200b"
"""Where a long name may be broken."""


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


def test_data_that_are_stored_in_another_way_are_not_read_with_the_others_and_that_is_said(
    areas, nameless, qtbot, until
):
    def take(folder, *names):
        add(areas, folder, until)
        name_bands(areas, until, *names)
        until(lambda: areas.data.findChild(QComboBox, "stored as s2") is not None)
        state(areas, qtbot, "s2", "s2-dn")
        until(areas.data.add_button.isEnabled)
        areas.data.add_button.click()

    other = Path(shutil.copytree(nameless, nameless.parent / "copy" / "nameless"))
    take(nameless, "B02", "B03", "B04", "B08")
    take(other, "B04", "B03", "B02", "B08")
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
    sensor = Sensor("s2", (), kinds=("NetCDF",), ignored=(name, f"b{name}"))
    label = areas.data._report
    label.setText(report_of("mine", Sources("mine", (sensor,))))
    assert label.minimumSizeHint().width() < 250
    assert "and 1 more" in label.text()


def test_files_of_no_use_are_those_that_neither_sensor_takes():
    optical = Sensor("s2", (), ignored=("radar.nc: no S2 band", "notes.tif: no S2 band"))
    radar = Sensor("s1", (), ignored=("notes.tif: no S1 band",))
    both, one = (report_of("mine", Sources("mine", sensors)) for sensors in ((radar, optical), (optical,)))
    assert "notes.tif: no S1 band, no S2 band" in both.replace(JOINT, "")
    assert "radar" not in both
    assert "radar.nc: no S2 band" in one.replace(JOINT, "")


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
