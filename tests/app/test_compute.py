"""Computing embeddings: which acquisitions and dates, what they take, and the jobs that come of it."""

import re

import numpy as np
import pytest
import rasterio
from phenolens.app.areas import Data, Files, bounds_of, corners_of
from phenolens.app.features.areas import Areas
from phenolens.engine.client.results import Job
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QScrollArea, QSpinBox
from rasterio.transform import from_origin


def in_front(window, name: str) -> bool:
    """Whether a dock is to be seen, and not a tab behind others."""
    return not window.docks[name].visibleRegion().isEmpty()


def test_an_area_without_data_says_what_to_do(areas, until, look, window):
    areas.plans.add_area(corners_of("3, 51, 3.01, 51.01"), True)
    until(lambda: "No data at hand" in areas.compute.problem)
    assert "Add a folder" in areas.compute.problem
    assert not areas.compute.compute.isEnabled()
    assert areas.compute.costs["Size"].text() == "0.78 km²"
    assert areas.compute.costs["Time"].text() == "–"
    window.show_step("Area")
    look(window)


def test_an_area_that_data_cover_in_part_says_how_much_lies_beyond_them(areas, until, landscape):
    (_, south, _, north), width = landscape, 0.004
    areas.plans.add_area(corners_of(", ".join(map(str, landscape))), True)
    until(
        lambda: areas.compute.data_told == "Data: Simulated landscape, Sentinel-1 and Sentinel-2, 2020-2021"
    )
    edge = max(x for x, _ in areas.data_at_hand.for_area(areas.plans.now.area).told[0].footprint)
    areas.plans.replace_area(0, corners=corners_of(f"{edge - width}, {south}, {edge + 3 * width}, {north}"))
    until(lambda: "of the area lies beyond them" in areas.compute.data_told)
    share = int(re.search(r"About (\d+) %", areas.compute.data_told).group(1))
    assert 73 <= share <= 85  # the edge is slanting


def test_an_area_that_is_too_large_says_so_in_sentences(areas, until):
    areas.plans.add_area(corners_of("8, 44, 12, 48"), True)
    until(lambda: "too large" in areas.compute.problem)
    assert areas.compute.problem.startswith("The area is too large for one run (")
    assert ". Stay below 13,000 km²" in areas.compute.problem


def test_what_is_scrolled_has_room_beside_the_scroll_bar_and_names(areas, window):
    window.show_step("Compute")
    around = next(one for one in areas.compute.findChildren(QScrollArea) if one.accessibleName())
    bar = around.verticalScrollBar().sizeHint().width()
    assert around.minimumSizeHint().width() >= around.widget().minimumSizeHint().width() + bar
    assert all(spin.lineEdit().accessibleName() for spin in areas.compute.findChildren(QSpinBox))


def test_all_areas_become_jobs_but_those_without_data(areas, window, until):
    for west in (10.300, 10.308):
        areas.plans.add_area(corners_of(f"{west}, 46.030, {west + 0.0015}, 46.031"), True, "plot")
    areas.plans.add_area(corners_of("3, 51, 3.01, 51.01"), True, "far")
    until(areas.compute._all.isEnabled)  # the far one is chosen, and can't be computed itself
    assert not areas.compute.compute.isEnabled()
    areas.plans.change(chosen=0)
    areas.compute.days.setValue(365)
    until(areas.compute.compute.isEnabled)
    window.show_step("Compute")
    until(lambda: in_front(window, "Acquisitions"))
    assert not in_front(window, "Jobs")
    areas.compute.all_started.emit()
    until(lambda: in_front(window, "Jobs"))
    assert "far" in window.findChild(QLabel, "message").text()
    jobs = []

    def handed_in() -> bool:
        window.link.ask("handed in", lambda client: client.jobs.list(limit=5).jobs, jobs.extend)
        return {"plot.zarr", "plot-2.zarr"} <= {job.params.get("out") for job in jobs}

    until(handed_in)
    assert "far.zarr" not in {job.params.get("out") for job in jobs}
    mine = {job.id for job in jobs if str(job.params.get("out")).startswith("plot")}
    window.link.ask("stop", lambda client: [client.jobs.cancel(id) for id in mine], lambda _: None)
    until(lambda: not window.jobs.going & mine)


def test_a_result_isn_t_opened_over_what_is_looked_at(opened):
    areas = opened.findChild(Areas)
    areas.computing.done(Job("0" * 16, "embed", "done", params={"out": "b.zarr"}, result={"store": "b.zarr"}))
    assert "b.zarr is computed" in opened.findChild(QLabel, "message").text()
    assert opened.model.now.store.store == "forest.zarr"


def test_a_result_isn_t_opened_over_an_area_that_is_drawn(window, areas, monkeypatch):
    opened = []
    monkeypatch.setattr(window.stores, "open", opened.append)
    done = Job("0" * 16, "embed", "done", params={"out": "b.zarr"}, result={"store": "b.zarr"})
    window.show_step("Area")
    areas.area.draw("polygon")
    areas.computing.done(done)
    assert opened == []
    assert "b.zarr is computed" in window.findChild(QLabel, "message").text()
    areas.area.draw(None)
    areas.computing.done(done)
    assert opened == ["b.zarr"]


def test_a_name_that_is_taken_or_none_is_said_in_place(areas, until, landscape):
    areas.plans.add_area(corners_of(", ".join(map(str, landscape))), True)
    until(areas.compute.compute.isEnabled)
    for name, cause in (
        ("forest", "called forest.zarr already"),
        ("", "name"),
        ("a/b", "can't hold"),
        (".x", "dot"),
    ):
        areas.compute.out.setText(name)
        areas.compute.out.editingFinished.emit()
        until(lambda cause=cause: cause in areas.compute.problem.lower())
        assert not areas.compute.compute.isEnabled()
    areas.compute.out.setText("fine")
    areas.compute.out.editingFinished.emit()
    until(areas.compute.compute.isEnabled)


def test_dates_that_can_t_be_meant_are_refused_in_words(areas, until, landscape):
    areas.plans.add_area(corners_of(", ".join(map(str, landscape))), True)
    until(areas.compute.compute.isEnabled)
    areas.compute.which.setCurrentIndex(areas.compute.which.findData("listed"))
    until(lambda: "List the days" in areas.compute.problem)
    areas.compute.listed.setText("2020-05-01, someday")
    areas.compute.listed.editingFinished.emit()
    until(lambda: "no date" in areas.compute.problem.lower())
    areas.compute.listed.setText("2020-05-01, 2020-06-01")
    areas.compute.listed.editingFinished.emit()
    until(areas.compute.compute.isEnabled)
    assert areas.compute.costs["Dates"].text() == "2, 2020-05-01 to 2020-06-01"
    areas.compute.which.setCurrentIndex(areas.compute.which.findData("every"))
    first = next(one for one in areas.compute.findChildren(QLineEdit) if one.accessibleName() == "first day")
    first.setText("in May")
    first.editingFinished.emit()
    until(lambda: "in May is no day: write it as 2018-05-01" in areas.compute.problem)
    first.setText("2020-05-01")
    first.editingFinished.emit()
    until(areas.compute.compute.isEnabled)


@pytest.fixture
def tracks(workspace) -> tuple[Data, Data]:
    """Two folders of Sentinel-2 scenes beside each other: two of one pass, and one of another day."""
    shape = {"width": 40, "height": 40, "count": 1, "dtype": "uint16", "crs": "EPSG:32632"}
    for name, x in (
        ("west/S2A_20200601T105031", 0),
        ("west/S2A_20200611T105031", 0),
        ("east/S2A_20200601T105045", 400),
    ):
        path = workspace / f"{name}.tif"
        path.parent.mkdir(exist_ok=True)
        place = from_origin(600_000 + x, 5_000_000, 10, 10)
        with rasterio.open(path, "w", transform=place, **shape) as file:
            file.write(np.full((1, 40, 40), 400, np.uint16))
            file.descriptions = ("B04",)
    west, east = (Data(name, s2=Files((name,), stored_as="s2-dn")) for name in ("west", "east"))
    return west, east


def test_scenes_of_one_pass_are_one_row_that_is_used_or_left_out_as_a_whole(areas, tracks, until, look):
    areas.plans.change(data=tracks)
    until(lambda: len(areas.data_at_hand.at_hand) == 4)
    west, south, _, north = bounds_of(areas.data_at_hand.listed(0).footprint)
    _, _, east, _ = bounds_of(areas.data_at_hand.listed(1).footprint)
    areas.plans.add_area(corners_of(f"{west}, {south}, {east}, {north}"), True)
    rows = areas.acquisitions.table.model()

    def cells() -> list[list[str]]:
        return [[rows.index(row, number).data() for number in (1, 2, 7, 8)] for row in range(rows.rowCount())]

    both = ["2020-06-01 10:50", "100%", "west, east", "S2A_20200601T105031.tif and 1 more"]
    alone = ["2020-06-11 10:50", "50%", "west", "S2A_20200611T105031.tif"]
    until(lambda: cells() == [both, alone])
    assert areas.compute.costs["Acquisitions"].text() == "2 S2"
    tip = rows.index(0, 8).data(Qt.ItemDataRole.ToolTipRole)
    assert tip.splitlines()[1:] == ["S2A_20200601T105031.tif", "S2A_20200601T105045.tif"]
    use = Qt.ItemDataRole.CheckStateRole
    rows.setData(rows.index(0, 0), Qt.CheckState.Unchecked.value, use)
    until(lambda: areas.compute.costs["Acquisitions"].text() == "1 S2")
    look(areas.acquisitions)
    areas.plans.replace_area(0, corners=corners_of(f"{(west + 2 * east) / 3}, {south}, {east}, {north}"))
    until(lambda: cells() == [["2020-06-01 10:50", "100%", "east", "S2A_20200601T105045.tif"]])
    assert Qt.CheckState(rows.index(0, 0).data(use)) == Qt.CheckState.Unchecked
    until(lambda: "Every acquisition is left out" in areas.compute.problem)
    rows.setData(rows.index(0, 0), Qt.CheckState.Checked.value, use)
    until(areas.compute.compute.isEnabled)


def test_scenes_that_come_to_a_folder_or_go_from_it_can_be_left_out_and_are_not_missed(
    areas, tracks, workspace, until
):
    areas.plans.change(data=tracks[:1])
    until(lambda: len(areas.data_at_hand.at_hand) == 3)
    areas.data_at_hand.use_extent(areas.data_at_hand.listed(0))
    told = areas.compute.costs["Acquisitions"]
    until(lambda: told.text() == "2 S2")
    old, new = (workspace / f"west/S2A_202006{day}T105031.tif" for day in ("01", "21"))
    new.write_bytes(old.read_bytes())
    areas.plans.leave_out(["s2:2020-06-01T10:50:31Z"], out=True)
    until(lambda: told.text() == "2 S2")
    rows = areas.acquisitions.table.model()
    until(lambda: rows.rowCount() == 3)
    rows.setData(rows.index(2, 0), Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    until(lambda: told.text() == "1 S2")
    old.unlink()
    areas.compute.days.setValue(5)
    until(lambda: rows.rowCount() == 2)
    until(areas.compute.compute.isEnabled)
    assert told.text() == "1 S2"
    assert areas.compute.problem == ""


def test_acquisitions_are_listed_with_how_clear_they_are(areas, window, until, look, landscape):
    areas.plans.add_area(corners_of(", ".join(map(str, landscape))), True)
    rows = areas.acquisitions.table.model()

    def column(number):
        return [rows.index(row, number).data() for row in range(rows.rowCount())]

    until(lambda: rows.rowCount() == 268 and any(column(2)))
    assert set(column(0)) == {"S1", "S2"}
    assert set(column(7)) == {"Simulated landscape"}
    areas.acquisitions.table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    shares = [float(share.rstrip("%") or -1) for share in column(2)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 90
    box, use = rows.index(0, 0), Qt.ItemDataRole.CheckStateRole
    rows.setData(box, Qt.CheckState.Unchecked.value, use)
    until(lambda: areas.compute.costs["Acquisitions"].text() == "122 S1, 145 S2")
    assert len(areas.plans.now.left_out) == 1
    assert Qt.CheckState(box.data(use)) == Qt.CheckState.Unchecked
    look(areas.acquisitions)
    areas.acquisitions.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)  # Sentinel-2 first
    areas.acquisitions.all_wanted.emit()
    until(lambda: areas.compute.costs["Acquisitions"].text() == "122 S1, 146 S2")
    window.docks["Acquisitions"].show()
    window.docks["Acquisitions"].raise_()
    until(areas.acquisitions.table.isVisible)
    areas.acquisitions.table.selectRow(3)
    chosen = areas.acquisitions.table.selectionModel()
    chosen.select(rows.index(5, 0), chosen.SelectionFlag.Select | chosen.SelectionFlag.Rows)
    QTest.keyClick(areas.acquisitions.table, Qt.Key.Key_Space)
    assert len(areas.plans.now.left_out) == 2
    until(lambda: areas.compute.costs["Acquisitions"].text() == "122 S1, 144 S2")
    areas.acquisitions.all_wanted.emit()
    until(lambda: areas.compute.costs["Acquisitions"].text() == "122 S1, 146 S2")
    assert Qt.CheckState(box.data(use)) == Qt.CheckState.Checked
