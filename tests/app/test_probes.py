"""Probes: previewed while labels are drawn, fitted for good, judged, and their scores shown."""

import json
import os
import re
from dataclasses import replace

import numpy as np
import pytest
from phenolens.app.colouring import array_of
from phenolens.app.controllers.fits import FitsController, report_of
from phenolens.app.controllers.probes import CONFIDENCE, MOST_PREVIEWED, PREVIEW, spread
from phenolens.app.controllers.tower_import import TowerImportController
from phenolens.app.frozen_json import from_json, to_json
from phenolens.app.geography import Geography
from phenolens.app.panels.confusion import KINDS, ConfusionPanel
from phenolens.app.panels.probe import ProbePanel
from phenolens.app.panels.score_tables import ROW_HEIGHT, ScoreTable
from phenolens.app.panels.scores import ScoresPanel
from phenolens.app.panels.search import SearchPanel
from phenolens.app.panels.tower_import import TowerColumnsDialog
from phenolens.app.recipe import Quantity, Recipe, TowerColumns, Towers
from phenolens.app.report import Confusion, Score, read_report
from phenolens.app.selection import PixelPick
from phenolens.app.session import Label, LandClass, Place
from phenolens.app.theme import theme_named
from phenolens.app.tower_tables import Column, is_known
from phenolens.engine.client.errors import BadAnswer, NotFound
from phenolens.engine.towers.oneflux import is_oneflux
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QPushButton

CLASSES = (LandClass(1, "beech", "#e69f00"), LandClass(2, "spruce", "#56b4e9"))


def points(*places, value):
    return tuple(Label(float(value), ((column + 0.5, row + 0.5),)) for column, row in places)


def fields(value, left):
    """Six squares below each other."""
    return tuple(
        Label(float(value), ((left, y), (left + 3, y), (left + 3, y + 3), (left, y + 3)))
        for y in (2.0, 9.0, 16.0, 23.0, 30.0, 37.0)
    )


@pytest.fixture
def labelled(opened):
    """The window with two classes labelled at either side of the map."""
    opened.model.do(classes=CLASSES, labels=fields(1, 4.0) + fields(2, 38.0))
    return opened


@pytest.fixture
def probe(window):
    return window.findChild(ProbePanel)


@pytest.fixture
def scores(window):
    return window.findChild(ScoresPanel)


def test_what_a_probe_still_needs_is_said(opened, probe):
    opened.model.change(live=True)
    assert "two classes or more" in probe._said.text()
    opened.model.do(classes=CLASSES, labels=points((3, 3), value=1))
    assert "second class" in probe._said.text()
    assert not probe._fit.isEnabled()
    opened.model.do(labels=(*points((3, 3), value=1), *points((40, 40), value=2)))
    assert probe._fit.isEnabled()


def test_a_preview_is_drawn_and_follows_each_label(opened, probe, until, look):
    opened.model.do(classes=CLASSES, labels=(*points((5, 5), value=1), *points((40, 40), value=2)))
    opened.show_step("Probe")
    probe.live_chosen.emit(True)
    until(lambda: opened.model.now.look.layer.startswith("probe:"))
    assert {one.name for one in opened.model.now.made} == {PREVIEW, CONFIDENCE}
    until(lambda: opened.map.shown["base"][0].legend.classes is not None)
    first = opened.map.shown["base"][0].rgba
    assert set(np.unique(first.reshape(-1, 4), axis=0)[:, 0]) <= {0, 0xE6, 0x56}
    until(lambda: "Fitted on 2" in probe._said.text())
    look(opened)
    labels = opened.model.now.work.labels
    opened.model.do(labels=(*labels, *points((20, 20), (30, 8), value=2)))
    until(lambda: "Fitted on 4" in probe._said.text())
    until(lambda: not np.array_equal(opened.map.shown["base"][0].rgba, first))
    assert len(opened.model.now.made) == 2
    opened.model.undo()
    until(lambda: "Fitted on 2" in probe._said.text())


def test_a_layer_that_was_chosen_meanwhile_stays(labelled, probe, until):
    labelled.model.change(live=True)
    until(lambda: len(labelled.model.now.made) > 0)
    chosen = labelled.layers.choices[0].look
    labelled.model.change(look=chosen)
    labelled.model.do(labels=labelled.model.now.work.labels[:-1])
    before = labelled.model.now.made
    until(lambda: labelled.model.now.made != before)
    assert labelled.model.now.look == chosen


def test_a_preview_of_a_period_is_drawn_over_it(labelled, probe, until):
    probe._features.setCurrentIndex(probe._features.findData("period"))
    probe._features.activated.emit(1)
    assert labelled.model.now.recipe.period == "2019-03-15/2020-10-15"
    labelled.model.change(live=True)
    until(lambda: len(labelled.model.now.made) > 0)
    assert labelled.model.now.look.date == "2019-03-15/2020-10-15"
    until(lambda: labelled.map.shown["base"][0].legend.classes is not None)


def test_a_preview_of_thousands_of_labels_takes_some_of_each_class_and_says_so(labelled, probe, until):
    """Of each class evenly, with the one that was set last."""
    work = labelled.model.now.work
    corners = [((n % 48 + 0.5, n // 48 % 48 + 0.5),) for n in range(MOST_PREVIEWED + 300)]
    many = tuple(Label(1.0 + (n % 20 == 0), place) for n, place in enumerate(corners))
    some = spread(many, MOST_PREVIEWED, of_classes=True)
    assert len(set(some)) == MOST_PREVIEWED
    assert [one for one in some if one.value == 2] == [one for one in many if one.value == 2]
    assert some[-1] == many[-1]
    assert len(spread(many, 100, of_classes=False)) == 100
    assert spread(work.labels, MOST_PREVIEWED, of_classes=True) is work.labels
    labelled.model.do(labels=many)
    labelled.model.change(live=True)
    until(lambda: "300 labels are left out of the preview alone" in probe._said.text())
    assert any(one.name == PREVIEW for one in labelled.model.now.made)


def test_a_preview_that_cannot_be_says_why_and_loses_nothing(opened, probe, until):
    labels = (*points((5, 5), value=1), *points((40, 40), value=2))
    opened.model.do(classes=CLASSES, labels=labels)
    probe._estimator.setCurrentIndex(probe._estimator.findData("knn"))
    probe._estimator.activated.emit(1)
    opened.model.change(live=True)
    until(lambda: "Too few samples" in probe._said.text())
    assert "at least 7" in probe._said.text()
    assert opened.model.now.work.labels == labels


def test_a_probe_is_fitted_judged_and_its_confusions_are_found_on_the_map(
    labelled, probe, scores, until, look
):
    labelled.show_step("Probe")
    probe._name.setText("trees")
    fit = next(b for b in probe.findChildren(QPushButton) if b.text() == "Fit and validate")
    fit.click()
    assert not fit.isEnabled()
    probe.fit_asked.emit("trees")
    assert "is being fitted" in labelled._message.text()
    until(lambda: scores._report is not None)
    assert fit.isEnabled()
    assert (labelled.link.workspace / "trees.probe").is_file()
    assert scores.chosen == "trees.probe"
    assert labelled.model.now.look.layer == "probe:trees.probe"
    report = scores._report
    assert {"random", "polygon"} <= {one.name for one in report.schemes}
    assert scores._schemes.rowCount() == len(report.schemes)
    assert scores._gap.text()
    assert set(report.codes.items()) == {("beech", 1), ("spruce", 2)}
    look(labelled, "-expect")
    scores._tabs.setCurrentIndex(1)
    look(labelled, "-classes")
    shown = scores.findChild(ConfusionPanel)._matrix
    counts = [[int(shown.item(row, column).text()) for column in (0, 1)] for row in (0, 1)]
    detail = report.detail[report.honest]
    assert counts == [list(row) for row in detail.confusion.counts]
    assert sum(map(sum, counts)) == report.score(report.honest).n
    assert_overall_scores_follow_the_scheme(scores, counts)
    assert "Fitted on" in probe._fitting.text()
    row, column = np.unravel_index(np.argmax(counts), (2, 2))
    shown.cellClicked.emit(row, column)
    pick = labelled.model.now.pick
    assert isinstance(pick, PixelPick)
    assert len(pick.pixels) == counts[row][column]
    left = {4, 5, 6} if row == 0 else {38, 39, 40}
    assert {pixel[1] for pixel in pick.pixels} <= left
    assert [shown.horizontalHeaderItem(column).toolTip() for column in (0, 1)] == ["beech", "spruce"]
    assert shown.verticalScrollBar().maximum() == 0
    labelled.model.change(made=())  # as a project opens that shows the map of a probe
    labelled.findChild(FitsController).refresh()
    until(lambda: "probe:trees.probe" in {one.look.layer for one in labelled.model.now.made})
    assert labelled.model.now.look.layer == "probe:trees.probe"


def assert_overall_scores_follow_the_scheme(scores, counts):
    report, whole, total = scores._report, scores.findChild(ConfusionPanel)._whole, sum(map(sum, counts))
    told = [[whole.item(row, column).text() for column in range(4)] for row in (0, 1)]
    accuracy, kappa = (report.score(report.honest, name) for name in ("accuracy", "kappa"))
    share = f"{(counts[0][0] + counts[1][1]) / total:.2f}"
    assert told[0] == ["overall accuracy", share, accuracy.interval, str(total)]
    assert told[1] == ["kappa", kappa.told, kappa.interval, str(kappa.n)]
    for scheme in ("random", report.honest):
        scores._scheme.setCurrentIndex(scores._scheme.findData(scheme))
        scores._scheme.activated.emit(scores._scheme.currentIndex())
        assert whole.item(0, 2).text() == report.score(scheme, "accuracy").interval


def test_towers_without_a_position_are_told_in_place_and_with_one_the_map_says_what_it_rests_on(
    opened, probe, tmp_path, until, look
):
    store, geography = opened.model.now.store, Geography(opened.model.now.store.grid)
    spots = {f"XX-T{number}": (10.5 + 12 * number, 24.5) for number in range(3)}
    rows = [
        f"{site},{time[:10]},{spots[site][0] / 10 + n % 5},gC m-2 d-1"
        for site in spots
        for n, time in enumerate(store.times)
    ]
    towers, sites = tmp_path / "towers.csv", tmp_path / "sites.csv"
    towers.write_text("\n".join(["site,date,gpp,unit", *rows]))
    places = {site: geography.lonlat(*spot) for site, spot in spots.items()}
    sites.write_text(
        "\n".join(["site,lat,lon", *(f"{site},{lat},{lon}" for site, (lon, lat) in places.items())])
    )
    recipe = opened.model.now.recipe
    without = replace(recipe, learns="towers", towers=Towers((str(towers),), "", 20.0))
    opened.model.change(recipe=without)
    opened.show_step("Probe")
    probe.fit_asked.emit("gpp")
    until(lambda: "position" in probe._fitting.text())
    assert probe._fitting.property("warning")
    assert "site, lat, lon" in probe._fitting.text()
    assert "--" not in probe._fitting.text()
    opened.model.change(recipe=replace(without, towers=Towers((str(towers),), str(sites), 20.0)))
    probe.fit_asked.emit("gpp")
    until(lambda: "base" in opened.map.shown and opened.map.shown["base"][0].legend.notes != ())
    assert "3 sites" in opened.map.shown["base"][0].legend.notes[0]
    until(lambda: not opened.jobs.going)
    look(opened)


@pytest.fixture
def odd_towers(opened, tmp_path):
    """Daily means of three towers as a spreadsheet writes them, in umol, and where they stand."""
    store, geography = opened.model.now.store, Geography(opened.model.now.store.grid)
    spots = {f"XX-T{number}": (10.5 + 12 * number, 24.5) for number in range(3)}
    rows = [
        f"{site};{time[:4]};{int(time[5:7])};{int(time[8:10])};{spots[site][0] / 10 + n % 5:.2f};0,9".replace(
            ".", ","
        )
        for site in spots
        for n, time in enumerate(store.times)
    ]
    towers, sites = tmp_path / "flux.csv", tmp_path / "sites.csv"
    towers.write_text("\n".join(["Standort;Year;Month;Day;GPP_umol;Guete", *rows]))
    places = {site: geography.lonlat(*spot) for site, spot in spots.items()}
    lines = (f"{site},{lat},{lon}" for site, (lon, lat) in places.items())
    sites.write_text("\n".join(["site,lat,lon", *lines]))
    return towers, sites


def test_columns_of_an_unknown_tower_table_are_asked_for_and_learnt_from(
    opened, probe, odd_towers, until, look
):
    towers, sites = odd_towers
    recipe = opened.model.now.recipe
    opened.model.change(recipe=replace(recipe, learns="towers", towers=Towers((), str(sites), 20.0)))
    imports = opened.findChild(TowerImportController)
    imports.choose((str(towers),))
    until(lambda: opened.findChild(TowerColumnsDialog) is not None)
    dialog = opened.findChild(TowerColumnsDialog)
    assert "unit of GPP" in dialog._why.text()
    assert dialog.answer.time_columns == ("Year", "Month", "Day")
    look(dialog)
    choose(dialog._unit, "umol m-2 s-1")
    assert "quality" in dialog._why.text()
    choose(dialog._boxes["quality"], "Guete")
    assert "site" in dialog._why.text()
    choose(dialog._boxes["site"], "Standort")
    assert dialog._done.isEnabled()
    look(dialog, "-answered")
    dialog._done.click()
    columns = opened.model.now.recipe.towers.columns
    assert columns == TowerColumns(
        "GPP_umol", "umol m-2 s-1", ("Year", "Month", "Day"), "start", "Guete", site_column="Standort"
    )
    assert (
        from_json(Recipe, json.loads(json.dumps(to_json(opened.model.now.recipe)))).towers.columns == columns
    )
    assert "GPP is the column GPP_umol, in umol m-2 s-1" in probe._tower_note.text()
    probe.fit_asked.emit("odd")
    until(lambda: "Fitted on" in probe._fitting.text())
    until(lambda: not opened.jobs.going)
    assert (opened.link.workspace / "odd.probe").is_file()


def choose(box, value):
    box.setCurrentIndex(box.findData(value))


def test_a_table_of_the_networks_or_our_own_needs_no_questions(opened, until, tmp_path):
    ours = tmp_path / "ours.csv"
    ours.write_text("site,date,gpp,qc,unit\nXX-T0,2019-05-01,4.0,1,gC m-2 d-1\n")
    imports = opened.findChild(TowerImportController)
    imports.choose((str(ours),))
    until(lambda: opened.model.now.recipe.towers.files == (str(ours),))
    assert opened.findChild(TowerColumnsDialog) is None
    assert opened.model.now.recipe.towers.columns is None
    (tmp_path / "none.csv").write_text("nothing")
    imports.choose((str(tmp_path / "none.csv"),))
    until(lambda: "can't be read as a table" in opened._message.text())
    assert opened.model.now.recipe.towers.files == (str(ours),)


@pytest.mark.parametrize(
    "header",
    [
        "TIMESTAMP,GPP_NT_VUT_REF,NEE_VUT_REF_QC",
        "TIMESTAMP_START,TIMESTAMP_END,GPP_DT_VUT_REF",
        "TIMESTAMP,TA_F",
        "date,gpp",
        "DATE,NEE_VUT_REF",
    ],
)
def test_the_app_knows_the_same_tower_files_as_the_engine(header):
    names = header.split(",")
    assert is_known(names) == is_oneflux(names)


def test_a_site_that_no_column_says_and_dates_in_one_column_are_told_by_hand(qtbot):
    columns = (
        Column("Datum", ("2019-05-01", "2019-05-02")),
        Column("month", ("5", "5")),
        Column("GPP", ("4.0", "5.0")),
    )
    dialog = TowerColumnsDialog("x.csv", columns)
    qtbot.addWidget(dialog)
    choose(dialog._unit, "gC m-2 d-1")
    assert dialog.answer.time_columns == ("Datum",)
    assert not dialog._done.isEnabled()
    dialog._without.setChecked(True)
    dialog._site.setText(" DE-Tha ")
    assert dialog._done.isEnabled()
    found = dialog.answer
    assert (found.site, found.site_column, found.quality_column) == ("DE-Tha", None, None)
    assert found.without_quality


def test_values_are_scored_by_scatter_and_sites(qtbot, tmp_path, look):
    scores = ScoresPanel(theme_named("light"))
    qtbot.addWidget(scores)
    scores.resize(310, 640)
    scores.show()
    score = {"value": 0.61, "low": 0.48, "high": 0.7, "n": 4}
    lone = {"value": 0.74, "low": None, "high": None, "n": 4}
    rows = [{"label": "BE-Bra", "n": 4, "scores": dict.fromkeys(("r2", "rmse", "bias"), score)}]
    told = {
        "title": "GPP", "lead": "Expect R² 0.61.", "samples": 4, "headline": "embedding (linear)",
        "response": {"name": "GPP", "task": "regression", "unit": "gC m-2 d-1"},
        "honest_scheme": "site", "intervals": "",
        "schemes": [{"name": n, "question": q} for n, q in (("random", "the same"), ("site", "a new site"))],
        "results": [
            {"method": "embedding (linear)", "scheme": n, "baseline": False, "scores": {"r2": s}}
            for n, s in (("random", lone), ("site", score))
        ],
        "gaps": [{"method": "embedding (linear)", "scheme": "site", "random": lone, "expected": score,
                  "gap": {"value": 0.13, "low": 0.02, "high": 0.2, "n": 4}}],
        "learning_curve": [
            {"unit": "sites", "amount": n, "score": n / 20, "spread": 0.02, "scheme": "site"} for n in (2, 4, 8)
        ],
        "detail": {"site": {"rows": {"site": rows}}},
    }  # fmt: skip
    (tmp_path / "gpp-report.json").write_text(json.dumps(told))
    held = "scheme,reference,predicted,date,site,by mean seasonal cycle,by NIRv regression\n"
    held += "".join(f"site,4.0,5.0,2019-05-0{day},BE-Bra,4.{day},\n" for day in range(1, 5))
    (tmp_path / "gpp-report-heldout.csv").write_text(held)
    report = read_report(tmp_path / "gpp-report.json")
    assert [one.site for one in report.held] == ["BE-Bra"] * 4
    scores.set_report(report)
    assert "Expect R² 0.61, not the 0.74" in scores._gap.text()
    assert scores._schemes.item(0, 2).text() == "too few groups"
    scores._tabs.setCurrentIndex(1)
    assert scores._sites.item(0, 0).text() == "BE-Bra"
    assert "gC m-2 d-1" in scores._scatter.getAxis("bottom").labelText
    lines = {item.name(): item.yData for item in scores._site_plot.listDataItems()}
    assert list(lines) == ["measured", "mean seasonal cycle", "probe"]
    assert lines["mean seasonal cycle"].tolist() == [4.1, 4.2, 4.3, 4.4]
    assert "mean&nbsp;seasonal&nbsp;cycle" in scores._site_key.text()
    assert "NIRv" not in scores._site_key.text()  # it was asked nowhere
    scores._sites.cellClicked.emit(0, 0)
    plot = scores._site_plot.viewport()
    qtbot.waitUntil(lambda: plot.visibleRegion().boundingRect() == plot.rect())
    assert "BE-Bra" in scores._site_key.text()
    look(scores)
    scores._tabs.setCurrentIndex(2)
    assert "sites out" in scores._curve_said.text()
    assert "from 4 to 8, brought +0.20" in scores._curve_said.text()
    look(scores, "-curve")


def test_names_of_methods_are_whole_however_long_and_rows_as_high_as_they_need(qtbot):
    made = ScoreTable()
    qtbot.addWidget(made)
    made.resize(290, 200)
    made.show()
    long = "mean seasonal cycle of the biome, of all other towers"
    made.fill(("method", "R²", "95 %"), [(long, "0.88", "0.86 – 0.90"), ("NIRv", "0.74", "0.65 – 0.80")])
    for width in (290, 220, 400):
        made.resize(width, made.height())
        QApplication.processEvents()
        room = made.columnWidth(0) - 8
        needed = made.fontMetrics().boundingRect(0, 0, room, 999, Qt.TextFlag.TextWordWrap, long).height()
        assert made.rowHeight(0) >= needed > 0
        assert made.rowHeight(1) == ROW_HEIGHT
        assert made.viewport().height() == made.rowHeight(0) + ROW_HEIGHT  # all of it, and no more


def test_a_confusion_matrix_keeps_room_for_its_counts_beside_long_names(qtbot, look):
    names = ("meadow that is mown twice, or later than July", "forest", "water")
    score = Score(0.5, 0.4, 0.6, 30)
    panel = ConfusionPanel(theme_named("light"))
    qtbot.addWidget(panel)
    panel.resize(300, 600)
    panel.show()
    found = Confusion(names, tuple((1, 2, 3) for _ in names))
    panel.set_confusion(found, {name: dict.fromkeys(KINDS, score) for name in names}, {"kappa": score})
    matrix = panel._matrix
    qtbot.waitUntil(lambda: matrix.rowHeight(0) > matrix.rowHeight(1))
    assert all(matrix.visualItemRect(matrix.item(2, column)).right() <= 300 for column in range(3))
    assert matrix.verticalHeader().width() < 120
    look(panel)


def test_the_report_of_a_probe_that_was_replaced_is_not_shown_as_its_own(tmp_path):
    for name, at in (("a-report.json", 1_000), ("a.probe", 2_000)):
        (tmp_path / name).write_text("{}")
        os.utime(tmp_path / name, (at, at))
    with pytest.raises(NotFound, match="fitted anew and not validated"):
        report_of(tmp_path, "a.probe", None)


def test_a_report_that_is_missing_or_broken_says_so(tmp_path):
    with pytest.raises(NotFound, match="not been validated"):
        read_report(tmp_path / "none-report.json")
    (tmp_path / "x-report.json").write_text('{"title": 3')
    with pytest.raises(BadAnswer, match="can't be read"):
        read_report(tmp_path / "x-report.json")


def test_a_probe_file_that_is_broken_says_so_in_the_list(opened, scores, until):
    broken = opened.link.workspace / "broken.probe"
    broken.write_bytes(b"PK\x03\x04 nothing")
    try:
        opened.findChild(FitsController).refresh("broken.probe")
        until(lambda: scores.chosen == "broken.probe")
        assert "can't be used" in scores._probes.currentText()
        assert scores._said.property("warning")
        assert not scores._map.isEnabled()
    finally:
        broken.unlink()


def test_what_is_like_one_place_and_unlike_another_is_found_drawn_and_written(opened, until, look):
    panel = opened.findChild(SearchPanel)
    assert not panel._go.isEnabled()
    places = (
        Place("A", "#0072b2", pixel=(5, 5)),
        Place("B", "#d55e00", corners=((30, 30), (40, 30), (35, 40))),
    )
    opened.model.do(places=places)
    opened.model.change(pick=PixelPick(((20, 20), (20, 21))))
    panel.choose("B", "unlike")
    panel.choose("selection", "")
    assert panel.roles == {"A": "like", "B": "unlike"}
    panel._go.click()
    until(lambda: opened.model.now.look.layer.startswith("similarity:"))
    until(lambda: opened.map.shown["base"][0].legend.title.startswith("Similarity"))
    values = array_of(opened.map.shown["base"][0].raster)[0]
    assert values[5, 5] > 95
    assert values[33, 35] < values[5, 5]
    opened.docks["Search"].show()
    opened.docks["Search"].raise_()
    look(opened)
    panel._write.click()
    until(lambda: panel._said.text().startswith("Written"))
    assert (opened.link.workspace / panel._said.text().removeprefix("Written: ")).is_file()


def test_rows_of_the_search_keep_what_was_chosen_when_places_come_and_go(opened):
    panel = opened.findChild(SearchPanel)
    places = tuple(Place(name, "#0072b2", pixel=(5, column)) for column, name in enumerate("ABC"))
    opened.model.do(places=places)
    panel.choose("B", "unlike")
    opened.model.do(places=(*places, Place("D", "#0072b2", pixel=(9, 9))))
    assert panel.roles == {"A": "like", "B": "unlike", "C": "like", "D": "like"}
    opened.model.do(places=places[1:])
    rows = [[panel._table.item(row, column).text() for column in (0, 1)] for row in range(2)]
    assert rows == [["B", "unlike this"], ["C", "like this"]]
    assert panel.roles == {"B": "unlike", "C": "like"}


def test_a_click_opens_what_a_place_may_be_in_the_search(opened, until, look):
    panel = opened.findChild(SearchPanel)
    opened.model.do(places=tuple(Place(name, "#0072b2", pixel=(5, n)) for n, name in enumerate("AB")))
    opened.docks["Search"].show()
    opened.docks["Search"].raise_()
    table = panel._table
    QTest.mouseClick(
        table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualItemRect(table.item(1, 1)).center()
    )
    until(lambda: any(box.view().isVisible() for box in table.viewport().findChildren(QComboBox)))
    box = next(iter(table.viewport().findChildren(QComboBox)))
    QTest.keyClick(box.view(), Qt.Key.Key_Down)
    QTest.keyClick(box.view(), Qt.Key.Key_Return)
    until(lambda: panel.roles == {"A": "like", "B": "unlike"})
    until(lambda: not table.viewport().findChildren(QComboBox))
    look(panel)


def test_a_search_from_many_pixels_asks_for_no_more_than_the_engine_takes(opened, until):
    panel = opened.findChild(SearchPanel)
    places = tuple(Place(name, "#0072b2", pixel=(5, column)) for column, name in enumerate("ABC"))
    opened.model.do(places=places)
    opened.model.change(pick=PixelPick(tuple((row, column) for row in range(30) for column in range(40))))
    panel._go.click()
    until(lambda: opened.model.now.look.layer.startswith("similarity:"))
    assert re.fullmatch(r"Like \d+ pixels\. .*", panel._said.text())


def test_a_probe_needs_a_name_that_a_file_can_have(labelled, probe, until):
    probe.fit_asked.emit("../outside")
    assert "letters, digits" in labelled._message.text()
    assert probe._fitting.isHidden()


def test_measured_values_are_previewed_in_their_unit(opened, probe, until):
    labels = tuple(
        Label(float(column), ((column + 0.5, row + 0.5),)) for column in (5, 15, 25, 35) for row in (5, 30)
    )
    opened.model.do(quantity=Quantity("height", "m"), labels=labels)
    opened.model.change(live=True)
    until(lambda: [one.name for one in opened.model.now.made] == [PREVIEW])
    until(lambda: getattr(opened.map.shown["base"][0].raster, "unit", "") == "m")
