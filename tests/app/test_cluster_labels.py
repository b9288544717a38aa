"""Clusters of the map become labels of classes."""

import numpy as np
import pytest
from phenolens.app.cluster_labels import Clustered, Naming, labels_of, named
from phenolens.app.colouring import array_of
from phenolens.app.panels.cluster_labels import ClusterLabels
from phenolens.app.panels.selections import SelectionsPanel
from phenolens.app.recipe import Quantity
from phenolens.app.session import LandClass
from phenolens.engine.client.look import Look
from phenolens.engine.client.readings import LegendClass
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox

SPAN = ("2020-01-01", "2020-02-01")
WET = LandClass(7, "wet", "#0072b2")


@pytest.fixture
def panel(opened) -> SelectionsPanel:
    return opened.findChild(SelectionsPanel)


@pytest.fixture
def dialog(opened, panel, until, qtbot):
    """Of three clusters, with one class there already."""
    opened.model.do(classes=(WET,))
    opened.model.change(look=Look("cluster", clusters=3))
    until(panel._labels.isVisible)
    qtbot.mouseClick(panel._labels, Qt.MouseButton.LeftButton)
    until(lambda: opened.findChild(ClusterLabels) is not None)
    return opened.findChild(ClusterLabels)


def test_clusters_become_labels_of_the_classes_that_are_chosen(opened, panel, dialog, until, qtbot, look):
    dialog.choose(1, WET.code)
    dialog.choose(3, -2)
    dialog._each.setValue(20)
    there = sum(min(20, one.pixels) for one in dialog._clusters if one.code in (1, 2))
    assert dialog.told.startswith(f"{there} labels of 2 clusters. They hold always")
    look(dialog)
    qtbot.mouseClick(dialog._go, Qt.MouseButton.LeftButton)
    until(lambda: len(opened.model.now.work.labels) == there)
    work = opened.model.now.work
    assert [(one.code, one.name) for one in work.classes] == [(7, "wet"), (1, "cluster 2")]
    now = opened.model.now
    shown = opened.link._client.views.map_raw(now.store.store, Look("cluster", now.time, clusters=3))
    codes = array_of(shown)[0]
    for label in work.labels:
        ((column, row),) = label.corners
        assert codes[int(row), int(column)] == {7: 1, 1: 2}[label.value]
    assert f"{there} labels of 2 classes" in panel.told
    look(opened)
    opened.model.undo()
    assert not opened.model.now.work.labels
    assert opened.model.now.work.classes == (WET,)


def test_cancelling_labels_nothing(opened, dialog, qtbot):
    before = opened.model.now.work
    buttons = dialog.findChild(QDialogButtonBox)
    qtbot.mouseClick(buttons.button(QDialogButtonBox.StandardButton.Cancel), Qt.MouseButton.LeftButton)
    assert opened.model.now.work == before


def test_without_any_class_there_is_nothing_to_label(dialog):
    for code in (1, 2, 3):
        dialog.choose(code, -2)
    assert not dialog._go.isEnabled()


def test_labels_of_a_quantity_are_not_mixed_with_clusters(opened, panel):
    opened.model.change(look=Look("cluster", clusters=3))
    opened.model.do(quantity=Quantity("GPP", "gC m-2 d-1"))
    panel.labels_wanted.emit()
    assert "measure a quantity" in panel.told
    assert opened.findChild(ClusterLabels) is None


def test_labels_hold_on_the_date_where_that_was_chosen(opened, panel, until):
    opened.model.change(label_span=("", ""), look=Look("cluster", clusters=2))
    panel.labels_wanted.emit()
    until(lambda: opened.findChild(ClusterLabels) is not None)
    dialog = opened.findChild(ClusterLabels)
    day = opened.model.now.time[:10]
    assert day in dialog.told
    dialog.accept()
    until(lambda: bool(opened.model.now.work.labels))
    assert {(one.start, one.end) for one in opened.model.now.work.labels} == {(day, day)}


def _clustered() -> Clustered:
    codes = np.zeros((20, 30), np.uint8)
    codes[2:18, 2:12], codes[5, 20:24] = 1, 2
    return Clustered.of(
        codes, 2, [LegendClass(1, "cluster 1 (90%)", "#111111"), LegendClass(2, "b", "#222222")]
    )


def test_pixels_lie_inside_a_cluster_where_it_is_large_enough():
    clustered = _clustered()
    assert [one.pixels for one in clustered.clusters] == [160 * 4, 4 * 4]
    inner = clustered.pixels(1, 100)
    assert len(set(inner)) == 100
    assert all(3 <= row // 2 < 17 and 3 <= column // 2 < 11 for row, column in inner)
    assert clustered.pixels(1, 100) == inner  # the same again
    assert len(clustered.pixels(1, 150)) == 150  # more than lie inside
    assert clustered.pixels(2, 100) == [(10, 40), (10, 42), (10, 44), (10, 46)]


def test_a_class_of_its_own_takes_a_name_and_code_that_are_free():
    taken = (LandClass(1, "cluster 1", "#333333"),)
    classes, class_of = named(_clustered(), Naming({1: None, 2: 1}), taken)
    assert classes[1:] == (LandClass(2, "cluster 1 (2)", "#111111"),)
    assert class_of == {1: 2, 2: 1}
    labels = labels_of(_clustered(), class_of, 3, SPAN)
    assert len(labels) == 6
    assert {(one.value, one.start, one.end) for one in labels} == {(2.0, *SPAN), (1.0, *SPAN)}
