"""Accuracy: a sample of a class map is planned, drawn, filled and estimated from, as the library would."""

import csv
import json
import sqlite3
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from phenolens.app.controllers.accuracy import AccuracyController
from phenolens.app.controllers.exports import ExportsController
from phenolens.app.panels.accuracy import ESTIMATE, AccuracyPanel
from phenolens.app.sampling import SampleWanted, free_name, plan_told, sample_pixels, why_no_name
from phenolens.app.selection import PixelPick
from phenolens.engine.area.classmap import open_class_map
from phenolens.engine.area.design import Aim, plan_sample
from phenolens.engine.area.report import report_of
from phenolens.engine.area.sample import read_sample
from phenolens.engine.classes import ClassTable
from phenolens.engine.client.errors import InputError as ClientInputError
from phenolens.engine.client.errors import NotFound
from phenolens.engine.client.sampling import Allocation, SamplePlan, Stratum
from phenolens.engine.export.files import write_product
from phenolens.engine.export.product import Product, ProductBand
from phenolens.engine.grid import Grid
from PySide6.QtWidgets import QComboBox, QSpinBox, QTableWidget

CLASSES = ClassTable.of_names(["beech", "spruce", "open land"])
MAP = "area/cover-class.tif"


def drawn_class(row, column):
    """Of the map: beech at the left, spruce at the right, a corner of open land."""
    return 3 if row >= 40 and column >= 40 else 2 if column >= 30 else 1


@pytest.fixture(autouse=True)
def folder_emptied(workspace):
    """By itself, and so before any window looks: it would name new samples after those of the test before."""
    for file in (workspace / "area").glob("*"):
        file.unlink()


@pytest.fixture
def cover(opened, until):
    """The window with a class map of the store among its exports, and the panel."""
    told = opened.model.now.store.grid
    grid = Grid.from_dict({"crs": told.crs, "transform": list(told.transform), "shape": list(told.shape)})
    codes = np.array(
        [[drawn_class(row, col) for col in range(grid.shape[1])] for row in range(grid.shape[0])]
    )
    codes = codes.astype(np.uint8)
    band = ProductBand("cover", dtype="uint8", nodata=0, classes=CLASSES)
    folder = opened.link.workspace / "area"
    folder.mkdir(exist_ok=True)
    record = {"store": opened.model.now.store.store}
    product = Product("cover", grid, (band,), lambda window: codes[window.slices][None], record=record)
    write_product(product, folder / "cover-class.tif")
    opened.findChild(ExportsController).refresh()
    panel = opened.findChild(AccuracyPanel)
    until(lambda: panel.sample._maps.findData(MAP) >= 0)
    panel.sample.choose_map(MAP)
    opened.show_step("Export")
    opened.docks["Accuracy"].raise_()
    until(panel.sample._go.isEnabled)
    return panel


def answered(folder, design, form, wrong=()):
    """The form filled with the map's classes, some points called spruce."""
    sample = read_sample(folder / design)
    with (folder / form).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        row["reference"] = "spruce" if number in wrong else CLASSES[int(sample.shown[number])].name
    written(folder / form, rows)
    return rows


def written(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def named(parent, kind, name):
    """As a screen reader finds it."""
    return next(one for one in parent.findChildren(kind) if one.accessibleName() == name)


def strata(page):
    return named(page, QTableWidget, "Classes of the map, and their points")


def column(page, number):
    return [strata(page).item(row, number).text() for row in range(strata(page).rowCount())]


def told_points(page):
    return [int(text) for text in column(page, 3)]


def test_the_plan_follows_what_is_expected_and_is_that_of_the_library(opened, cover, until, look):
    page, pixels = cover.sample, open_class_map(opened.link.workspace / MAP).pixels
    wanted = plan_sample(pixels, dict.fromkeys(pixels, 0.8), Aim(0.01))
    assert told_points(page) == list(wanted.allocations["recommended"].units.values())
    look(opened)
    named(page, QSpinBox, "Expected user's accuracy of open land, %").setValue(55)
    page._error.setValue(3)
    page._sharing.setCurrentIndex(page._sharing.findData("neyman"))
    assert not page._go.isEnabled()
    until(page._go.isEnabled)
    wanted = plan_sample(pixels, {1: 0.8, 2: 0.8, 3: 0.55}, Aim(0.03)).allocations["neyman"]
    assert told_points(page) == list(wanted.units.values())
    assert f"{wanted.total:,} points" in page._plan.text()
    page._aim.setCurrentIndex(page._aim.findData("class"))
    until(lambda: "expect the area of beech within" in page._plan.text())
    look(page, "-class")
    page._aim.setCurrentIndex(page._aim.findData("size"))
    page._size.setValue(3)
    until(lambda: "sample size is out of range" in page._plan.text().lower())
    assert page._plan.property("warning")
    assert not page._go.isEnabled()


def test_a_sample_is_drawn_filled_and_estimated_from_as_the_library_does(opened, cover, until, look):
    page, found, folder = cover.sample, cover.estimate, opened.link.workspace
    page._error.setValue(4)
    page._fewest.setValue(20)
    until(page._go.isEnabled)
    page._go.click()
    until(lambda: "points are drawn" in page._done.text())
    with sqlite3.connect(folder / "area/cover-class-sample.gpkg") as points:
        (count,) = points.execute("SELECT count(*) FROM units").fetchone()
    assert f"{count} points are drawn" in page._done.text()
    assert page.wanted.name == "area/cover-class-sample-2"
    look(opened, "-drawn")
    cover.show_page(ESTIMATE)
    until(lambda: found.form == "area/cover-class-sample.csv")
    found._go.click()
    until(lambda: "no reference" in found._said.text())
    assert found._said.property("warning")
    answered(folder, found.wanted.design, found.form, wrong=range(0, count, 9))
    found._unit.setCurrentIndex(found._unit.findData("m2"))
    found._go.click()
    until(lambda: not found._results.isHidden())
    report = report_of(folder / found.form, read_sample(folder / found.wanted.design), unit="m2")
    overall = report.found.overall
    assert f"{100 * overall.value:.1f} ± {100 * overall.margin:.1f} %" in found._overall.text()
    assert overall.value < 1
    shown = [[float(found._matrix.item(r, c).text()) for c in range(3)] for r in range(3)]
    assert np.allclose(shown, 100 * report.found.matrix, atol=0.006)
    for row, code in enumerate(report.found.codes):
        area = report.found.area[code]
        told = f"{area.value * report.whole:,.0f} ± {area.margin * report.whole:,.0f}"
        assert found._classes.item(row, 1).text() == told
    assert found._plot.listDataItems()[0].yData == pytest.approx(
        [report.found.area[code].value * report.whole for code in report.found.codes]
    )
    look(opened, "-estimate")
    look(found, "-page")
    found._save.click()
    until(lambda: "cover-class-sample-estimate.md" in found._written.text())
    stored = json.loads((folder / "area/cover-class-sample-estimate.json").read_text())
    assert stored["overall_accuracy"]["value"] == overall.value
    found._save.click()  # the same once more
    until(lambda: not opened.jobs.going)
    answered(folder, found.wanted.design, found.form)
    found._go.click()
    until(lambda: "100.0" in found._overall.text())
    found._save.click()
    until(lambda: "cover-class-sample-estimate-2.md" in found._written.text())
    kept = json.loads((folder / "area/cover-class-sample-estimate.json").read_text())
    assert kept == stored
    assert not (folder / "area/cover-class-sample-estimate-3.md").exists()


def test_the_points_of_a_sample_are_found_on_the_map_where_its_grid_is_the_maps(
    opened, cover, until, tmp_path
):
    page, folder = cover.sample, opened.link.workspace
    page._aim.setCurrentIndex(page._aim.findData("size"))
    page._size.setValue(40)
    page._fewest.setValue(5)
    until(page._go.isEnabled)
    page._go.click()
    until(lambda: cover.estimate.wanted.design == "area/cover-class-sample.design.json")
    until(lambda: "points are drawn" in page._done.text())
    cover.estimate._points.click()
    until(lambda: isinstance(opened.model.now.pick, PixelPick))
    sample = read_sample(folder / "area/cover-class-sample.design.json")
    drawn = list(zip(sample.rows.tolist(), sample.cols.tolist(), strict=True))
    assert list(opened.model.now.pick.pixels) == drawn
    assert {drawn_class(row, column) for row, column in drawn} == {1, 2, 3}
    elsewhere = replace(opened.model.now.store.grid, crs="EPSG:32631")
    with pytest.raises(ClientInputError, match="another grid"):
        sample_pixels(folder / "area/cover-class-sample.design.json", elsewhere)
    with pytest.raises(NotFound, match="can't be read"):
        sample_pixels(tmp_path / "none.design.json", elsewhere)


def test_a_map_that_was_written_anew_is_planned_anew(opened, cover, until):
    page, folder = cover.sample, opened.link.workspace
    with rasterio.open(folder / MAP) as source:
        profile = {**source.profile, "driver": "GTiff"}
    codes = np.full((1, profile["height"], profile["width"]), 1, np.uint8)
    codes[:, :24] = 2
    with rasterio.open(folder / MAP, "w", **profile) as target:
        target.write(codes)
    opened.findChild(ExportsController).refresh()
    until(lambda: strata(page).rowCount() == 2)
    assert column(page, 1) == ["50.00", "50.00"]


def test_points_may_be_drawn_from_the_classes_of_another_map(opened, cover, until):
    page, folder = cover.sample, opened.link.workspace
    with rasterio.open(folder / MAP) as source:
        profile, codes = source.profile, source.read(1)
    with rasterio.open(folder / "area/halves.tif", "w", **profile) as target:
        target.write(
            np.where(np.arange(codes.shape[1]) < 24, 7, 9)[None].repeat(len(codes), 0).astype("uint8"), 1
        )
    opened.findChild(AccuracyController).add_map(str(folder / "area/halves.tif"))
    until(lambda: page.map == "area/halves.tif")
    until(page._go.isEnabled)
    page.choose_map(MAP)
    page._other_strata.setCurrentIndex(page._other_strata.findData("area/halves.tif"))
    until(lambda: column(page, 0) == ["class 7", "class 9"] and page._go.isEnabled())
    assert page.wanted.job()["strata"] == "area/halves.tif"
    page._go.click()
    until(lambda: "points are drawn" in page._done.text())
    sample = read_sample(folder / "area/cover-class-sample.design.json")
    assert sample.own_strata
    assert ((sample.stratum == 7) == (sample.cols < 24)).all()
    page._aim.setCurrentIndex(page._aim.findData("class"))
    until(lambda: "only where the strata are the map's classes" in page._plan.text())


def test_a_class_that_another_map_lacks_is_aimed_at_no_more(opened, cover, until):
    page, folder = cover.sample, opened.link.workspace
    aims, classes = (
        named(page, QComboBox, f"{name} to be known") for name in ("What is", "Class whose area is")
    )
    aims.setCurrentIndex(aims.findData("class"))
    classes.setCurrentIndex(classes.findData(3))
    until(lambda: "the area of open land" in page._plan.text())
    with rasterio.open(folder / MAP) as source:
        profile, codes = source.profile, source.read(1)
    with rasterio.open(folder / "area/halves.tif", "w", **profile) as target:
        target.write(np.where(codes == 1, 7, 9)[None].astype("uint8")[0], 1)
    opened.findChild(AccuracyController).add_map(str(folder / "area/halves.tif"))
    until(lambda: "the area of class 7" in page._plan.text())
    assert column(page, 0) == ["class 7", "class 9"]


def test_forms_that_do_not_fit_say_why_and_an_estimate_of_before_goes(opened, cover, until, tmp_path):
    page, found, folder = cover.sample, cover.estimate, opened.link.workspace
    page._aim.setCurrentIndex(page._aim.findData("size"))
    page._size.setValue(60)
    page._fewest.setValue(10)
    until(page._go.isEnabled)
    page._go.click()
    until(lambda: "points are drawn" in page._done.text())
    until(lambda: found.form == "area/cover-class-sample.csv" and (folder / found.wanted.design).exists())
    rows = answered(folder, found.wanted.design, found.form)
    found._go.click()
    until(lambda: not found._results.isHidden())
    for change, about in (
        ({"reference": "swamp"}, "no class of the map"),
        ({"id": "9999"}, "ids that the sample lacks"),
    ):
        written(tmp_path / "wrong.csv", [{**rows[0], **change}, *rows[1:]])
        found.set_form(str(tmp_path / "wrong.csv"))
        assert found._results.isHidden()
        found._go.click()
        until(lambda about=about: about in found._said.text())
        assert found._go.isEnabled()
    found.set_form(str(tmp_path / "none.csv"))
    found._go.click()
    until(lambda: "no such file" in found._said.text())


def test_a_map_that_is_none_of_classes_says_so_in_place(opened, cover, until, tmp_path):
    (tmp_path / "broken.tif").write_bytes(b"II*\0")
    opened.findChild(AccuracyController).add_map(str(tmp_path / "broken.tif"))
    until(lambda: "can't be read" in cover.sample._plan.text())
    assert cover.sample._plan.property("warning")
    assert not cover.sample._go.isEnabled()
    cover.sample.choose_map(MAP)
    until(cover.sample._go.isEnabled)


def test_a_form_that_may_be_filled_is_never_replaced(tmp_path):
    assert why_no_name("cover-sample", tmp_path) == ""
    (tmp_path / "cover-sample.csv").write_text("id,reference\n")
    assert "may be filled in" in why_no_name("cover-sample", tmp_path)
    assert free_name("cover-sample", tmp_path) == "cover-sample-2"
    for name in ("", "../out", "/tmp/out", "maps/"):
        assert "name within the workspace" in why_no_name(name, tmp_path)


def test_what_is_wanted_is_asked_of_the_job_as_of_the_plan():
    wanted = SampleWanted("m.tif", "", "class", 0.02, 3, expected=((1, 0.8), (3, 0.6)), name="m-sample")
    assert wanted.planned() == {
        "expected": {1: 0.8, 3: 0.6}, "minimum": 50, "target_se": 0.02, "target_class": 3,
    }  # fmt: skip
    job = wanted.job()
    assert job["expected"] == {"1": 0.8, "3": 0.6}
    assert (job["target_class"], job["out"], job["allocation"]) == (3, "m-sample", "recommended")
    assert "target_class" not in SampleWanted("m.tif").job()
    assert "target_se" not in SampleWanted("m.tif", aim="size").job()
    way = Allocation({"1": 90, "2": 50}, 140, 0.02)
    assert "100 would do" in plan_told(SamplePlan("m.tif", 100, 100, (), {}), way, SampleWanted())


def test_a_plan_for_the_area_of_a_class_tells_of_that_area_by_its_name():
    forest, rest = (
        Stratum(code, name, "#000000", 50_000, 0.8) for code, name in ((1, "forest"), (2, "rest"))
    )
    way = Allocation({"1": 90, "2": 50}, 140, 0.02, se_area_share={"1": 0.015, "2": 0.03})
    plan = SamplePlan("m.tif", 100, 140, (forest, rest), {})
    told = plan_told(plan, way, SampleWanted("m.tif", aim="class", target_class=1))
    assert "140 points: expect the area of forest within ±\u00a029.40 ha (±\u00a02.9% of the whole" in told
    assert "overall accuracy within ±\u00a03.9%" in told
    assert "forest" not in plan_told(plan, way, SampleWanted("m.tif"))
