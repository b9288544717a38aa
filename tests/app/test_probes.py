"""Probes: previewed while labels are drawn, then fitted for good and judged."""

from dataclasses import replace

import numpy as np
import pytest
from phenolens.app.controllers.fits import FitsController, fit_told
from phenolens.app.controllers.probes import CONFIDENCE, MOST_PREVIEWED, PREVIEW, ProbesController, spread
from phenolens.app.panels.confusion import ConfusionPanel
from phenolens.app.panels.probe import ProbePanel
from phenolens.app.panels.scores import ScoresPanel
from phenolens.app.recipe import Quantity, Towers
from phenolens.app.selection import PixelPick
from phenolens.app.session import Label, LandClass
from PySide6.QtWidgets import QPushButton

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


def test_a_preview_goes_with_its_labels_and_comes_back_with_them(labelled, probe, until):
    labelled.model.change(live=True)
    until(lambda: labelled.model.now.look.layer.startswith("probe:"))
    labels = labelled.model.now.work.labels
    labelled.model.do(labels=tuple(one for one in labels if one.value == 1))
    assert labelled.model.now.made == ()
    assert not labelled.model.now.look.layer.startswith("probe:")
    assert "second class" in probe._said.text()
    labelled.model.undo()
    until(lambda: labelled.model.now.look.layer.startswith("probe:"))


def test_a_preview_that_is_switched_off_leaves_the_map(labelled, probe, until):
    labelled.show_step("Probe")
    probe._live.click()
    until(lambda: labelled.model.now.look.layer.startswith("probe:"))
    probe._live.click()
    assert not labelled.model.now.live
    assert labelled.model.now.made == ()
    assert not labelled.model.now.look.layer.startswith("probe:")
    probe._live.click()
    until(lambda: PREVIEW in {one.name for one in labelled.model.now.made})


def test_a_probe_of_towers_has_no_preview_of_the_labels_beside_it(labelled, probe, until):
    labelled.model.change(live=True)
    until(lambda: PREVIEW in {one.name for one in labelled.model.now.made})
    recipe = replace(labelled.model.now.recipe, learns="towers", towers=Towers(("towers.csv",)))
    labelled.model.change(recipe=recipe)
    assert labelled.model.now.made == ()
    assert not labelled.findChild(ProbesController)._timer.isActive()
    assert probe._fit.isEnabled()


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


def test_measured_values_are_previewed_in_their_unit(opened, probe, until):
    labels = tuple(
        Label(float(column), ((column + 0.5, row + 0.5),)) for column in (5, 15, 25, 35) for row in (5, 30)
    )
    opened.model.do(quantity=Quantity("height", "m"), labels=labels)
    opened.model.change(live=True)
    until(lambda: [one.name for one in opened.model.now.made] == [PREVIEW])
    until(lambda: getattr(opened.map.shown["base"][0].raster, "unit", "") == "m")


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


def test_a_probe_needs_a_name_that_a_file_can_have(labelled, probe, until):
    probe.fit_asked.emit("../outside")
    assert "letters, digits" in labelled._message.text()
    assert probe._fitting.isHidden()


def test_a_fit_says_which_labels_and_pixels_it_left_out():
    clash = "with different answers for the same time (overlaps)"
    imported = {"dropped": {"outside the area": 2}, "left_out": {clash: 9}}
    told = fit_told({"samples": 80, "dropped": {"without a valid embedding": 3}, "imported": imported})
    assert told == (
        "Fitted on 80 samples. Left out: 3 without a valid embedding; 2 labels outside the area; "
        f"9 labelled pixels {clash}."
    )
