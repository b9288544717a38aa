"""Computing embeddings: which acquisitions and dates, what they take, and the jobs that come of it."""

import re

from phenolens.app.areas import corners_of
from phenolens.app.features.areas import Areas
from phenolens.engine.client.results import Job
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit

LANDSCAPE = (10.300, 46.030, 10.304, 46.033)
"""A corner of the simulated sample: 30 by 33 pixels."""


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


def test_an_area_that_data_cover_in_part_says_how_much_lies_beyond_them(areas, until):
    (_, south, _, north), width = LANDSCAPE, 0.004
    areas.plans.add_area(corners_of(", ".join(map(str, LANDSCAPE))), True)
    until(
        lambda: areas.compute.data_told == "Data: Simulated landscape, Sentinel-1 and Sentinel-2, 2020-2021"
    )
    edge = max(x for x, _ in areas.data_at_hand.for_area(areas.plans.now.area).told[0].footprint)
    areas.plans.replace_area(0, corners=corners_of(f"{edge - width}, {south}, {edge + 3 * width}, {north}"))
    until(lambda: "of the area lies beyond them" in areas.compute.data_told)
    share = int(re.search(r"About (\d+) %", areas.compute.data_told).group(1))
    assert 73 <= share <= 85  # the edge is slanting


def test_all_areas_become_jobs_but_those_without_data(areas, window, until):
    for west in (10.300, 10.308):
        areas.plans.add_area(corners_of(f"{west}, 46.030, {west + 0.0015}, 46.031"), True, "plot")
    areas.plans.add_area(corners_of("3, 51, 3.01, 51.01"), True, "far")
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


def test_a_name_that_is_taken_or_none_is_said_in_place(areas, until):
    areas.plans.add_area(corners_of(", ".join(map(str, LANDSCAPE))), True)
    until(areas.compute.compute.isEnabled)
    for name, cause in (
        ("forest", "called forest.zarr already"),
        ("", "name"),
        ("a/b", "can't hold"),
        (".x", "dot"),
    ):
        areas.compute.out.setText(name)
        areas.compute.out.editingFinished.emit()
        until(lambda cause=cause: cause in areas.compute.problem)
        assert not areas.compute.compute.isEnabled()
    areas.compute.out.setText("fine")
    areas.compute.out.editingFinished.emit()
    until(areas.compute.compute.isEnabled)


def test_dates_that_can_t_be_meant_are_refused_in_words(areas, until):
    areas.plans.add_area(corners_of(", ".join(map(str, LANDSCAPE))), True)
    until(areas.compute.compute.isEnabled)
    areas.compute.which.setCurrentIndex(areas.compute.which.findData("listed"))
    until(lambda: "List the days" in areas.compute.problem)
    areas.compute.listed.setText("2020-05-01, someday")
    areas.compute.listed.editingFinished.emit()
    until(lambda: "no date" in areas.compute.problem)
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


def test_acquisitions_are_listed_with_how_clear_they_are(areas, window, until, look):
    areas.plans.add_area(corners_of(", ".join(map(str, LANDSCAPE))), True)
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
