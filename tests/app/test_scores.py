"""Scores of probes: tables, plots and confusions to read them from, and reports that can't be used."""

import json
import os

import pytest
from phenolens.app.controllers.fits import FitsController, report_of
from phenolens.app.frozen_json import to_json
from phenolens.app.geography import Geography
from phenolens.app.panels.confusion import KINDS, ConfusionPanel
from phenolens.app.panels.score_tables import ROW_HEIGHT, ScoreTable
from phenolens.app.panels.score_words import curve_told, gap_told
from phenolens.app.panels.scores import CURVE, ScoresPanel
from phenolens.app.report import Confusion, CurvePoint, Gap, Report, Result, Scheme, Score, read_report
from phenolens.app.theme import theme_named
from phenolens.engine.client.errors import BadAnswer, NotFound
from phenolens.engine.client.readings import Probe
from phenolens.engine.client.results import Job
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication


def test_values_are_scored_by_scatter_and_sites(qtbot, tmp_path, look):
    scores = ScoresPanel(theme_named("light"))
    qtbot.addWidget(scores)
    scores.resize(310, 640)
    scores.show()
    score = {"value": 0.61, "low": 0.48, "high": 0.7, "n": 4}
    lone = {"value": 0.74, "low": None, "high": None, "n": 4}
    errors = {
        name: {"value": v, "low": None, "high": None, "n": 4} for name, v in (("rmse", 1.94), ("bias", -0.2))
    }
    rows = [{"label": "BE-Bra", "n": 4, "scores": dict.fromkeys(("r2", "rmse", "bias"), score)}]
    told = {
        "title": "GPP", "lead": "Expect R² 0.61.", "samples": 4, "headline": "embedding (linear)",
        "response": {"name": "GPP", "task": "regression", "unit": "gC m-2 d-1"},
        "honest_scheme": "site", "intervals": "",
        "schemes": [{"name": n, "question": q} for n, q in (("random", "the same"), ("site", "a new site"))],
        "results": [
            {"method": "embedding (linear)", "scheme": n, "baseline": False, "scores": {"r2": s, **errors}}
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
    assert "Expect R² 0.61 for a new site, not the 0.74" in scores._gap.text()
    assert scores._schemes.item(0, 2).text() == "too few groups"
    scores._tabs.setCurrentIndex(1)
    assert scores._sites.item(0, 0).text() == "BE-Bra"
    assert scores._scheme.currentText() == "sites out: a new site"
    assert scores._errors.text() == "All: R² 0.61, RMSE 1.94, bias −0.20 gC m-2 d-1; n 4."
    assert "gC m-2 d-1" in scores._scatter.getAxis("bottom").labelText
    lines = {item.name(): item.yData for item in scores._site_plot.listDataItems()}
    assert list(lines) == ["measured", "mean seasonal cycle", "probe"]
    assert scores._site_plot.getAxis("bottom").labelText == "BE-Bra, date"  # of the tower's own clock
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


def test_samples_are_found_on_a_grid_of_another_reference_system_or_not_at_all(opened, tmp_path):
    """Eastings of two zones look alike: samples of the one must not mark pixels of the other."""
    grid = opened.model.now.store.grid
    geography = Geography(grid)
    longitude, latitude = geography.lonlat(10.5, 20.5)
    x, y = geography.xy(30.5, 40.5)  # as the other system calls the same place: another pixel here
    head = "scheme,reference,predicted,x,y,lon,lat\n"
    rows = f"polygon,1,2,{x},{y},{longitude},{latitude}\npolygon,2,2,{x},{y},{longitude + 1},{latitude}\n"
    report = report_of_classes()
    (tmp_path / "a-report.json").write_text(json.dumps(to_json(report)))
    (tmp_path / "a-report-heldout.csv").write_text(head + rows)
    found = read_report(tmp_path / "a-report.json", grid)
    assert [one.pixel for one in found.held] == [(20, 10), None]
    fits = opened.findChild(FitsController)
    fits._report = found
    fits._pick("polygon", "beech", "beech")
    assert "judged on meadow.zarr" in opened._message.text()
    assert opened.model.now.pick is None


def test_a_report_that_is_missing_or_broken_says_so(tmp_path):
    with pytest.raises(NotFound, match="not been validated"):
        read_report(tmp_path / "none-report.json")
    (tmp_path / "x-report.json").write_text('{"title": 3')
    with pytest.raises(BadAnswer, match="can't be read"):
        read_report(tmp_path / "x-report.json")


@pytest.fixture
def scores(window):
    return window.findChild(ScoresPanel)


def test_while_a_probe_is_fitted_the_scores_of_another_are_not_taken_for_its_own(
    opened, scores, until, monkeypatch
):
    fits, submitted = opened.findChild(FitsController), []
    monkeypatch.setattr(fits._jobs, "submit", lambda *job: submitted.append(job))
    monkeypatch.setattr(fits, "refresh", lambda *_: None)  # the workspace has no probes, and would say so
    opened.link.drop("probes")
    fits._listed((Probe("old.probe", features="date"),), "old.probe")
    until(lambda: "not been validated" in scores._said.text())
    fits._show(report_of_classes())
    assert not scores._tabs.isHidden()
    fits._submit("new", {"store": "forest.zarr"})
    assert "validating new; its scores" in scores._said.text()
    assert scores._tabs.isHidden()
    assert not scores._open.isEnabled()
    scores._probes.activated.emit(0)  # whoever wants those of the other sees them all the same
    until(lambda: "not been validated" in scores._said.text())
    fits._show(report_of_classes())
    fits._judged(
        "new.probe", "", "forest.zarr", Job("1", "probe-report", "failed", error={"cause": "too few"})
    )
    assert scores._tabs.isHidden()
    assert "new is fitted, but not validated: too few" in scores._said.text()
    assert len(submitted) == 1


def test_a_score_that_is_far_astray_is_told_in_few_digits():
    score = Score(-7542572321.27, -8e9, 0.5, 9)
    assert (score.told, score.interval) == ("−7.5e+09", "−8.0e+09 – 0.50")


def report_of_classes() -> Report:
    score, schemes = {"macro_f1": Score(0.5, 0.4, 0.6, 9)}, (Scheme("polygon", "a new polygon"),)
    results = (Result("linear", "polygon", False, score),)
    classes = [{"code": 1, "name": "spruce"}, {"code": 2, "name": "beech"}]
    response = {"name": "cover", "task": "classification", "classes": classes}
    facts = {"store": "meadow.zarr"}
    return Report("cover", "", response, 9, "linear", "polygon", "", schemes, results, facts=facts)


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


@pytest.mark.parametrize(
    ("low", "said"),
    [(None, "too few groups to say how sure"), (-0.1, "no clear difference"), (0.4, "flatters by 2.03")],
)
def test_a_gap_of_too_few_sites_is_not_called_unclear(low, said):
    random, expected = (Score(value, None, None, 3) for value in (0.94, -1.09))
    told = gap_told(Gap("linear", "site", random, expected, Score(2.03, low, low and 3.0, 3)), "R²")
    assert said in told
    assert ("no clear difference" in told) == (said == "no clear difference")


def test_while_a_report_is_read_the_scores_say_so(opened, until):
    fits, scores = opened.findChild(FitsController), opened.findChild(ScoresPanel)
    until(lambda: not scores._probes.isEnabled())  # the workspace has none
    fits._listed((Probe("new.probe", features="date"),), "new.probe")
    assert "Reading the scores" in scores._said.text()
    until(lambda: "not been validated" in scores._said.text())


@pytest.mark.parametrize(
    ("unit", "scores", "said"),
    [
        ("sites", (0.2, 0.4), "more sites should help"),
        ("samples per class", (0.2, 0.4), "more labels should help"),
        ("sites", (0.4, 0.3), "doesn't rise at its end"),
    ],
)
def test_a_learning_curve_promises_only_what_its_end_shows(unit, scores, said):
    points = [CurvePoint(unit, n, score, 0.0, "site") for n, score in zip((2, 4), scores, strict=True)]
    assert said in curve_told(points, "R²")


def test_one_point_is_no_learning_curve(qtbot, tmp_path):
    point = {"unit": "samples per class", "amount": 4, "score": 0.6, "spread": 0.0, "scheme": "site"}
    score = {"value": 0.6, "low": None, "high": None, "n": 12}
    told = {
        "title": "cover", "lead": "", "samples": 12, "headline": "linear", "intervals": "", "honest_scheme": "site",
        "response": {"name": "cover", "task": "classification"},
        "schemes": [{"name": "site", "question": "a new site"}],
        "results": [{"method": "linear", "scheme": "site", "baseline": False, "scores": {"macro_f1": score}}],
    }  # fmt: skip
    scores = ScoresPanel(theme_named("light"))
    qtbot.addWidget(scores)
    for amounts, shown in (((4,), False), ((4, 8), True)):
        curve = [{**point, "amount": amount} for amount in amounts]
        (tmp_path / "cover-report.json").write_text(json.dumps({**told, "learning_curve": curve}))
        scores.set_report(read_report(tmp_path / "cover-report.json"))
        assert scores._tabs.isTabVisible(CURVE) == shown


def test_baselines_without_a_score_come_after_those_below_zero(qtbot, tmp_path):
    def result(method, value, baseline):
        score = {"value": value, "low": None, "high": None, "n": 4}
        return {"method": method, "scheme": "site", "baseline": baseline, "scores": {"r2": score}}

    told = {
        "title": "GPP", "lead": "", "samples": 4, "headline": "linear", "intervals": "", "honest_scheme": "site",
        "response": {"name": "GPP", "task": "regression"},
        "schemes": [{"name": "site", "question": "a new site"}],
        "results": [result("linear", -0.5, False), result("none", None, True), result("mean", -0.1, True)],
    }  # fmt: skip
    (tmp_path / "gpp-report.json").write_text(json.dumps(told))
    scores = ScoresPanel(theme_named("light"))
    qtbot.addWidget(scores)
    scores.set_report(read_report(tmp_path / "gpp-report.json"))
    assert [scores._baselines.item(row, 0).text() for row in range(3)] == ["mean", "linear", "none"]


def test_what_is_expected_for_another_year_alone_is_not_said_of_other_places():
    random, expected, gap = (Score(value, 0.1, 0.9, 721) for value in (0.96, 0.58, 0.38))
    told = gap_told(Gap("linear", "year", random, expected, gap), "R²", "another year at the same places")
    assert "Expect R² 0.58 for another year at the same places" in told
    assert "at other places isn't known" in told
    assert "other places" not in gap_told(Gap("linear", "site", random, expected, gap), "R²", "a new site")
