"""The window over a real service: opening, stepping, layers."""

import numpy as np
import pytest
from phenolens.app.controllers.maps import dated_look
from phenolens.app.panels.job_words import stage_of
from phenolens.app.panels.map_legend import WIDTH
from phenolens.app.panels.steps import STEPS
from phenolens.app.proportions import share_of
from phenolens.app.session import MadeLayer
from phenolens.app.telling import numeral
from phenolens.engine.client.look import Look
from phenolens.engine.client.results import Job, Progress
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtWidgets import QApplication, QToolButton


def test_an_opened_store_is_drawn_on_its_middle_date(opened, look):
    times = opened.model.now.store.times
    assert opened.model.now.date == len(times) // 2
    painted, window = opened.map.shown["base"]
    assert window[2:] == opened.model.now.store.grid.shape
    assert np.ptp(painted.rgba[..., :3]) > 50
    look(opened)


def test_keys_step_through_dates_and_pick_layers(opened, qtbot, until):
    before = opened.model.now.date
    qtbot.keyClick(opened, Qt.Key.Key_Right)
    assert opened.model.now.date == before + 1
    qtbot.keyClick(opened, Qt.Key.Key_2)
    assert opened.model.now.look == Look("dim", dim=1)
    until(lambda: opened.map.shown["base"][0].legend.scale is not None)


def test_the_legend_says_the_date_that_is_shown(opened, until):
    times = opened.model.now.store.times
    for date in (3, 4, 12):
        opened.model.change(date=date)
        until(lambda date=date: times[date][:10] in opened.map.shown["base"][0].legend.title)


def test_a_date_without_an_acquisition_says_why_the_map_is_empty(opened, until):
    opened.model.change(look=Look("probe:none.probe"))
    until(lambda: "base" not in opened.map.shown)
    assert "no such file" in opened.map.told


def test_a_layer_that_cant_be_drawn_leaves_no_value_of_the_one_before(opened, until):
    opened.model.change(look=Look("dim", dim=1))
    until(lambda: opened.map.shown["base"][0].legend.scale is not None)
    view, box = opened.map._view, opened.map._box
    view.scene().sigMouseMoved.emit(box.mapViewToScene(QPointF(20.5, 20.5)))
    value = opened.map.layers.value_at("base", 20, 20)
    assert value in opened.map.told
    opened.model.change(look=Look("probe:none.probe"))
    until(lambda: "base" not in opened.map.shown)
    assert value not in opened.map.told


def test_the_map_of_an_index_says_what_the_curves_say(opened, until, look):
    model, store = opened.model, opened.model.now.store
    (told,) = opened.link._client.views.series(store.store, pixels=[(10, 20)], dims=1, bands=True).bands
    seen = {frame.time[:10]: frame.bands for frame in told["s2"]}
    model.change(look=Look("ndvi"))
    for date in range(len(store.times)):
        model.change(date=date)
        shown = dated_look(store, Look("ndvi"), date).date[:10]
        until(lambda shown=shown: shown in opened.map.shown["base"][0].legend.title)
        told_here = opened.map.shown["base"][0].told_at(10, 20)
        index = seen.get(shown, {}).get("NDVI")
        assert told_here == ("no data" if index is None else numeral(index, ".3g"))
    assert seen
    look(opened)


def test_the_read_out_is_empty_once_the_mouse_has_left_the_map(opened):
    view, box = opened.map._view, opened.map._box
    view.scene().sigMouseMoved.emit(box.mapViewToScene(QPointF(20.5, 20.5)))
    assert " N " in opened.map.told
    QApplication.sendEvent(opened.map, QEvent(QEvent.Type.Leave))
    assert opened.map.told == ""


def test_the_legend_leaves_the_map_free_where_there_is_room_and_keeps_to_its_width(opened, until, look):
    box, legends = opened.map._box, opened.map._legends._boxes
    for layer in ("pca", "support"):
        opened.model.change(look=Look(layer))
        until(lambda layer=layer: opened.model.now.look.layer == layer and not legends["base"].isHidden())
        assert legends["base"].width() <= WIDTH
    columns = opened.model.now.store.grid.shape[1]
    right = box.mapViewToScene(QPointF(columns, 0)).x()
    assert right < opened.map._view.width() / 2 + columns / box.viewPixelSize()[0] / 2  # moved to the left
    assert right <= legends["base"].geometry().left() or box.mapViewToScene(QPointF(0, 0)).x() < 20
    opened.model.change(beside=Look("dim", dim=1))
    until(lambda: not legends["beside"].isHidden())
    assert not legends["base"].geometry().intersects(legends["beside"].geometry())
    opened.model.change(compare="side")
    until(lambda: opened.map.shown.get("beside") is not None)
    assert legends["base"].geometry().right() < opened.map._view.width() / 2 < legends["beside"].x()
    look(opened)


def test_the_whole_area_stays_in_view_when_docks_take_room(opened, qtbot):
    for size in ((1200, 700), (1700, 800), (1440, 900)):
        opened.resize(*size)
        qtbot.waitUntil(opened.map._whole_in_view)


def test_the_map_is_the_largest_thing_in_every_step(opened, until, look):
    for size, least in (((1440, 900), 0.40), ((1280, 720), 0.32)):
        opened.resize(*size)
        for step in STEPS:
            opened.show_step(step)
            pane = opened.map if opened.map.isVisible() else opened._middle.currentWidget()
            until(lambda pane=pane: share_of(pane) > max(_shares_of_docks(opened)))
            if step not in ("Area", "Compute"):
                until(lambda pane=pane, least=least: share_of(pane) >= least)
            look(opened, f" {size[0]} {step}")


def _shares_of_docks(window) -> list[float]:
    """Of those that are in front."""
    shares = [share_of(dock) for dock in window.docks.values()]
    assert sum(share > 0 for share in shares) >= 3
    return shares


def test_docks_of_the_area_map_leave_those_of_results_as_they_were(opened, until):
    def places():
        shown = [dock for dock in opened.docks.values() if not dock.visibleRegion().isEmpty()]
        return {dock.windowTitle(): dock.geometry() for dock in shown}

    opened.resizeDocks([opened.docks["Series"]], [240], Qt.Orientation.Vertical)
    until(lambda: opened.docks["Series"].height() == 240)
    before = places()
    opened.show_step("Compute")
    until(lambda: "Acquisitions" in places() and "Series" not in places())
    opened.show_step("Explore")
    until(lambda: places() == before)


def test_nothing_of_the_layers_is_cut_off_at_the_right(opened, until, look):
    panel = opened.layers
    long = MadeLayer("Probe " + "of a very long name " * 5, Look("dim", dim=2), "")
    opened.model.change(made=(long,))
    until(lambda: any(long.name == button.accessibleName() for button in panel._shown.buttons()))
    until(lambda: panel._scroll.viewport().width() >= panel._inner.minimumSizeHint().width())
    assert panel._scroll.minimumWidth() < 400
    look(opened)


def test_pixels_of_a_job_are_told_as_a_share_and_tiles_as_numbers():
    def running(done, total):
        return Job("1", "embed", "running", progress=Progress("embed", done, total))

    assert stage_of(running(3, 8)) == "embed 3/8"
    assert stage_of(running(2_392_064, 4_784_128)) == "50 %"


def test_a_warning_goes_when_something_else_is_tried(opened, until):
    opened.say("the label file can't be read", True)
    opened.jobs.submit("project", {"store": opened.model.now.store.store, "method": "none"}, lambda _: None)
    assert opened._message.text() == ""
    until(lambda: opened._message.text() != "")


def test_without_a_store_the_steps_lead_to_the_start_page(window, look):
    for step in ("Explore", "Label", "Probe", "Export"):
        window.show_step(step)
        assert window.start.isVisible()
        assert not any(dock.isVisible() for dock in window.docks.values())
        assert "open a sample" in window._message.text()
    look(window)


def test_results_of_the_folder_are_offered_on_the_start_page(window, until):
    def offered():  # a few of them: other tests leave theirs in the folder
        links = window.start.findChildren(QToolButton)
        return [link for link in links if link.toolTip().endswith(".zarr") and link.isVisible()]

    until(lambda: bool(offered()))
    name = offered()[0].toolTip()
    assert (window.link.workspace / name).is_dir()
    offered()[0].click()
    until(lambda: window.model.now.store is not None)
    assert window.model.now.store.store == name


def test_the_swipe_handle_stays_in_view_wherever_the_map_is_moved_to(opened, until):
    opened.model.change(beside=Look("dim", dim=1))
    until(lambda: "beside" in opened.map.shown)
    handle, box = opened.map.layers.handle, opened.map._box
    for column, row in ((4, 4), (44, 44)):
        opened.map.zoom(4)
        opened.map.centre_on(column, row)
        (left, right), _ = box.viewRange()
        assert left < handle.value() < right
        layers = opened.map.layers
        assert layers.left.rect().right() == pytest.approx(handle.value())
        assert layers.right.rect().left() == handle.value()
    handle.setValue(right + 50)
    handle.sigDragged.emit(handle)
    assert left < handle.value() < right
    opened.model.change(beside=None)
    assert layers.left.rect().right() > opened.model.now.store.grid.shape[1]


def test_an_outline_that_was_left_is_not_gone_on_with(opened):
    drawn = []
    opened.map.drawn.connect(drawn.append)
    box = opened.map._box
    opened.model.change(tool="select")
    box._corners = [(1.0, 1.0), (5.0, 1.0)]  # two clicks, then Esc
    opened.model.change(tool="look")
    opened.model.change(tool="select")
    box._finish()
    assert not drawn


def test_a_layer_that_hides_the_number_of_clusters_stays(opened, until):
    layers = opened.layers
    opened.model.change(look=Look("cluster", clusters=3))
    layers._clusters.setFocus()
    opened.model.change(look=Look("pca"))
    layers._clusters.editingFinished.emit()  # as it does when it is hidden
    assert opened.model.now.look == Look("pca")
    opened.model.change(look=Look("cluster", clusters=3))
    layers._clusters.setValue(4)
    layers._clusters.editingFinished.emit()
    assert opened.model.now.look.clusters == 4


def test_space_and_arrows_are_of_the_control_that_was_reached_with_tab(opened, qtbot, until):
    opened.activateWindow()
    slider, button, pressed = opened.layers._opacity, opened.layers._change, []
    button.clicked.connect(lambda *_: pressed.append(True))
    slider.setFocus(Qt.FocusReason.MouseFocusReason)
    until(slider.hasFocus)
    date = opened.model.now.date
    qtbot.keyClick(slider, Qt.Key.Key_Left)
    assert (slider.value(), opened.model.now.date) == (100, date - 1)
    qtbot.keyClick(slider, Qt.Key.Key_Tab)
    assert button.hasFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert pressed
    assert not opened.dates.playing
    qtbot.keyClick(button, Qt.Key.Key_Backtab)
    qtbot.keyClick(slider, Qt.Key.Key_Left)
    assert (slider.value(), opened.model.now.date) == (99, date - 1)
    button.setFocus(Qt.FocusReason.MouseFocusReason)
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert opened.dates.playing
