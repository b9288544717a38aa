"""The projection: drawn, coloured, selected in, and fitted as a job."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pyqtgraph as pg
import pytest
from phenolens.app.label_codes import label_codes
from phenolens.app.panels.projection import ProjectionPanel
from phenolens.app.panels.selections import SelectionsPanel
from phenolens.app.panels.umap_dialog import UmapDialog, UmapSettings
from phenolens.app.selection import LassoPick, MapPick, Selection
from phenolens.app.session import Label, LandClass, ProjectionChoice
from phenolens.engine.client.errors import ServiceError
from phenolens.engine.client.projections import Scope
from phenolens.engine.service.jobs.kinds.project import ProjectParams
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.views.projection import ProjectionSpec
from phenolens.engine.views.projection_fit import frozen_projection
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication


@pytest.fixture
def panel(opened, until) -> ProjectionPanel:
    found = opened.findChild(ProjectionPanel)
    until(lambda: found.plot.picture is not None)
    return found


def test_pca_is_there_at_once_with_its_fidelity(opened, panel, look):
    assert (panel.plot.picture[..., 3] > 0).sum() > 500
    assert "trustworthiness" in panel.told
    store = opened.model.now.store
    assert f"of {len(store.times)} dates" in panel.told
    assert panel.plot.getAxis("bottom").labelText.startswith("component 1")
    look(opened)


def test_colours_say_something_else_than_the_number(panel, until):
    for colour, title in (
        ("date", "mean date"),
        ("season", "mean day of the year"),
        ("dimension", "dimension 2"),
    ):
        before = panel.plot.picture
        panel.choice_changed.emit(ProjectionChoice(colour, 2))
        until(lambda title=title: title in panel._bar.accessibleDescription())
        filled = before[..., 3] > 0
        np.testing.assert_array_equal(panel.plot.picture[..., 3] > 0, filled)
        assert not np.array_equal(panel.plot.picture[filled][:, :3], before[filled][:, :3])


def test_one_date_has_fewer_pixels_and_follows_the_map(opened, panel, until):
    panel.choice_changed.emit(ProjectionChoice(every_date=False))
    until(lambda: "of 1 date" in panel.told)
    before = panel.plot.picture
    opened.model.change(date=0)
    until(lambda: panel.plot.picture is not before)


def test_a_drag_selects_with_a_lasso_or_a_rectangle(opened, panel, qtbot, monkeypatch):
    monkeypatch.setitem(pg.CONFIG_OPTIONS, "mouseRateLimit", 0)  # a test moves faster than any hand
    plot = panel.plot
    left, right, bottom, top = plot._extent
    shares = ((0.2, 0.2), (0.6, 0.3), (0.6, 0.8), (0.3, 0.7))
    places = [
        plot.mapFromScene(
            plot.box.mapViewToScene(QPointF(left + x * (right - left), bottom + y * (top - bottom)))
        )
        for x, y in shares
    ]

    def drag():
        qtbot.mousePress(plot.viewport(), Qt.MouseButton.LeftButton, pos=places[0])
        for place in places[1:]:
            qtbot.mouseMove(plot.viewport(), place)
        qtbot.mouseRelease(plot.viewport(), Qt.MouseButton.LeftButton, pos=places[-1])

    drag()
    pick = opened.model.now.pick
    assert isinstance(pick, LassoPick)
    assert pick.method == "pca"
    assert pick.dates is None
    assert len(pick.corners) >= 4
    panel._shapes.button(1).click()
    drag()
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = opened.model.now.pick.corners
    assert (x0, x1, y0, y2) == (x3, x2, y1, y3)
    opened.model.change(projection=ProjectionChoice(every_date=False))
    drag()
    last = opened.model.now.pick
    assert last.dates == (opened.model.now.date,)
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=places[1])
    assert opened.model.now.pick is None
    qtbot.keyClick(opened, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert opened.model.now.pick == last, "a stray click costs no lasso"
    qtbot.keyClick(opened, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert opened.model.now.pick is None


def test_a_store_without_a_umap_offers_to_fit_one(opened, panel, until, qtbot, look):
    qtbot.mouseClick(panel._methods.button(1), Qt.MouseButton.LeftButton)
    until(panel._fit.isVisible)
    assert "no UMAP yet" in panel.told
    look(opened)
    panel._methods.button(0).click()
    until(lambda: not panel._fit.isVisible())
    assert panel.plot._picture.isVisible()


def test_a_umap_that_is_fitted_since_before_the_window_is_waited_for(opened, panel, until):
    client = opened.link._client
    job = client.jobs.submit("project", {"store": "forest.zarr", "out": "forest-umap", "method": "umap"})
    panel._methods.button(1).click()
    until(lambda: "being fitted" in panel.told)
    assert panel._fit.isVisible()
    assert not panel._fit.isEnabled()
    client.jobs.cancel(job.id)
    until(panel._fit.isEnabled)
    assert "no UMAP yet" in panel.told


def test_a_umap_that_is_refused_can_be_asked_for_again(opened, panel, until, monkeypatch):
    panel._methods.button(1).click()
    until(panel._fit.isVisible)
    no = ServiceError("the queue is full")
    monkeypatch.setattr(opened.jobs, "submit", lambda kind, params, ended, failed: failed(no))
    panel._fit.click()
    assert panel._fit.isEnabled()
    assert "The queue is full" in panel.told


@pytest.fixture
def umap(workspace):
    """`umap(neighbours)` keeps a stand-in for a UMAP with the store, as fitting one takes half a minute."""
    store = EmbeddingStore(workspace / "forest.zarr")
    path = store.path / ProjectionSpec("umap").file

    def keep(neighbours: int) -> None:
        pca = frozen_projection(store, ProjectionSpec("pca"))
        weights = (*pca.weights[:-1], pca.weights[-1] * np.float32(neighbours / 30))
        spec = ProjectionSpec("umap", neighbours=neighbours)
        limits = pca.limits * (neighbours / 30)
        replace(pca, spec=spec, weights=weights, limits=limits).save(path, overwrite=True)

    yield keep
    path.unlink(missing_ok=True)


def _dialog() -> UmapDialog:
    return next(
        one for one in QApplication.topLevelWidgets() if isinstance(one, UmapDialog) and one.isVisible()
    )


def test_the_settings_of_a_umap_are_at_first_those_of_the_engine(opened, panel, until, monkeypatch, look):
    asked = []
    monkeypatch.setattr(opened.jobs, "submit", lambda kind, params, ended, failed: asked.append(params))
    settings, engine = UmapSettings(), ProjectParams(store="forest.zarr", out="forest-umap")
    assert (settings.neighbours, settings.min_dist) == (engine.neighbours, engine.min_dist)
    panel._methods.button(1).click()
    until(panel._settings.isVisible)
    assert panel._settings.text() == "Settings…"
    panel._settings.click()
    dialog = _dialog()
    look(dialog)
    dialog.neighbours.setValue(80)
    dialog.min_dist.setValue(0.35)
    dialog.go.click()
    assert (asked[0]["neighbours"], asked[0]["min_dist"]) == (80, 0.35)
    assert ProjectParams(**asked[0]).refit
    assert asked[0]["out"] == "forest-projection"  # replaces no `forest-umap.png` of the user's
    assert not panel._settings.isEnabled()


def test_a_umap_stays_until_one_with_other_settings_takes_its_place(
    opened, panel, until, monkeypatch, umap, look
):
    asked = []
    monkeypatch.setattr(
        opened.jobs, "submit", lambda kind, params, ended, failed: asked.append((params, ended))
    )
    umap(30)
    panel._methods.button(1).click()
    until(lambda: panel._settings.isVisible() and panel._settings.text() == "Fit again…")
    assert panel._fit.isHidden()
    assert "UMAP of 30 neighbours, minimum distance 0.10" in panel._told.toolTip()
    first = panel.plot.picture
    look(opened)
    panel._settings.click()
    dialog = _dialog()
    look(dialog, "-again")
    dialog.neighbours.setValue(15)
    dialog.go.click()
    assert "new UMAP is being fitted" in panel.told
    assert panel.plot.picture is first
    (params, ended), *_ = asked
    assert (params["neighbours"], params["refit"], params["overwrite"]) == (15, True, True)
    ended(SimpleNamespace(params=params))  # cancelled, or failed: nothing was replaced
    until(lambda: panel.plot.picture is not first)
    assert "UMAP of 30 neighbours" in panel._told.toolTip()
    assert "being fitted" not in panel.told
    umap(15)
    ended(SimpleNamespace(params=params))
    until(lambda: "UMAP of 15 neighbours" in panel._told.toolTip())


def test_a_lasso_of_a_umap_before_selects_nothing_in_the_next(opened, panel, until, monkeypatch, umap, look):
    def submit(kind, params, ended, failed):
        umap(params["neighbours"])
        ended(SimpleNamespace(params=params))

    monkeypatch.setattr(opened.jobs, "submit", submit)
    umap(30)
    panel._methods.button(1).click()
    until(lambda: panel._settings.isVisible() and panel._settings.text() == "Fit again…")
    panel.drawn.emit(((-9.0, -9.0), (9.0, -9.0), (9.0, 0.0), (-9.0, 0.0)))
    until(lambda: opened.map.selected is not None)
    lasso = opened.model.now.pick
    square = MapPick(((1.0, 1.0), (9.0, 1.0), (9.0, 9.0), (1.0, 9.0)))
    wet, dry = Selection("wet", "#3c24d8", lasso, shown=True), Selection("dry", "#6ccc6c", square, shown=True)
    opened.model.do(selections=(wet, dry))
    panel.fit_wanted.emit(UmapSettings(15))
    until(lambda: "UMAP of 15 neighbours" in panel._told.toolTip())
    assert opened.model.now.pick is None
    assert panel.plot._outline.path().isEmpty()
    assert "without pixels now: “wet”" in panel.told
    look(opened)
    opened.model.undo()
    opened.model.redo()
    opened.model.change(pick=opened.model.now.work.selections[0].pick)
    said = opened.findChild(SelectionsPanel)
    until(lambda: "replaced since" in said.told)
    assert opened.map.selected is None
    panel.fit_wanted.emit(UmapSettings(30))  # the same settings give the same UMAP
    until(lambda: "UMAP of 30 neighbours" in panel._told.toolTip())
    assert "without pixels" not in panel.told
    until(lambda: opened.map.selected is not None)


def test_pixels_selected_on_the_map_are_shown_where_they_lie(opened, panel, until, look):
    assert panel.plot.chosen is None
    opened.model.change(pick=MapPick(((1.0, 1.0), (9.0, 1.0), (5.0, 9.0))))
    until(lambda: panel.plot.chosen is not None)
    chosen, picture = panel.plot.chosen[..., 3] > 0, panel.plot.picture[..., 3] > 0
    assert 0 < chosen.sum() < picture.sum()
    assert not (chosen & ~picture).any()
    look(opened)
    opened.model.change(pick=None)
    until(lambda: panel.plot.chosen is None)


def test_a_lasso_of_another_projection_leaves_no_outline_here(opened, panel):
    opened.model.change(pick=LassoPick("pca", ((-1.0, -1.0), (1.0, -1.0), (0.0, 1.0))))
    assert not panel.plot._outline.path().isEmpty()
    opened.model.change(pick=MapPick(((1.0, 1.0), (9.0, 1.0), (5.0, 9.0))))
    assert panel.plot._outline.path().isEmpty()


def _classes(panel) -> list[str]:
    return panel._key.accessibleDescription().split(", ") if not panel._key.isHidden() else []


def test_clusters_colour_the_projection_with_a_key(opened, panel, until, look):
    panel.choice_changed.emit(ProjectionChoice("cluster", clusters=3))
    until(lambda: len(_classes(panel)) == 3)
    assert panel._bar.isHidden()
    filled = panel.plot.picture[panel.plot.picture[..., 3] > 0]
    assert len(np.unique(filled[:, :3], axis=0)) == 3
    look(opened)
    panel._clusters.setValue(4)
    until(lambda: len(_classes(panel)) == 4)
    panel.choice_changed.emit(ProjectionChoice("date"))
    until(lambda: not panel._bar.isHidden())
    assert _classes(panel) == []


def test_labels_colour_the_projection_in_their_classes_colours(opened, panel, until, look):
    panel.choice_changed.emit(ProjectionChoice("labels"))
    until(lambda: "no labels of classes yet" in panel.told)
    assert panel.plot.picture is None
    classes = (LandClass(1, "wet", "#0072b2"), LandClass(2, "dry", "#d55e00"))
    square = ((4.0, 4.0), (20.0, 4.0), (20.0, 20.0), (4.0, 20.0))
    later = ((24.0, 24.0), (40.0, 24.0), (40.0, 40.0), (24.0, 40.0))
    opened.model.do(classes=classes, labels=(Label(1, square), Label(2, later, "2020-01-01", "2020-12-31")))
    until(lambda: panel.plot.picture is not None)
    assert _classes(panel) == ["wet", "dry"]
    shades = {tuple(shade) for shade in panel.plot.picture[panel.plot.picture[..., 3] > 90][:, :3].tolist()}
    assert {(0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)} <= shades
    look(opened)
    opened.model.change(date=0, projection=ProjectionChoice("labels", every_date=False))  # of 2019
    until(lambda: "of 1 date" in panel.told)
    assert not (panel.plot.picture[..., :3] == (0xD5, 0x5E, 0x00)).all(axis=2).any()


def test_without_a_probe_its_classes_can_not_colour(opened, panel, until):
    panel.choice_changed.emit(ProjectionChoice("probe"))
    until(lambda: "no probe yet" in panel.told)


def test_a_live_probe_colours_the_projection(opened, panel, until, look):
    classes = (LandClass(1, "left", "#0072b2"), LandClass(2, "right", "#d55e00"))
    left, right = (((x, 4.0), (x + 12.0, 4.0), (x + 12.0, 40.0), (x, 40.0)) for x in (4.0, 30.0))
    opened.model.do(classes=classes, labels=(Label(1, left), Label(2, right)))
    opened.model.change(live=True, projection=ProjectionChoice("probe"))
    until(lambda: _classes(panel) == ["left", "right"])
    look(opened)


def test_other_axes_are_shown_and_a_lasso_there_selects_by_them(opened, panel, until, look):
    panel._axes.setCurrentIndex(1)
    panel._axes.activated.emit(1)
    until(lambda: panel.plot.getAxis("left").labelText.startswith("component 3"))
    look(opened)
    now = opened.model.now
    some = [(row, column) for row in range(0, 48, 6) for column in range(0, 48, 6)]
    scope = Scope("pca", 3, dates=(now.time,), axes=(1, 3))
    told = opened.link._client.projections.positions(now.store.store, some, scope).points
    border = float(np.nanmedian(np.frombuffer(told.data, np.float32).reshape(-1, 2)[:, 1]))
    middle = ((-99.0, -99.0), (99.0, -99.0), (99.0, border), (-99.0, border))
    panel.drawn.emit(middle)
    assert opened.model.now.pick.axes == (1, 3)
    assert not panel.plot._outline.path().isEmpty()
    until(lambda: opened.map.selected is not None)
    assert 0 < opened.map.selected.mean() < 1
    panel.choice_changed.emit(ProjectionChoice())
    until(lambda: panel.plot.getAxis("left").labelText.startswith("component 2"))
    assert panel.plot._outline.path().isEmpty()  # it was drawn along other axes
    until(lambda: panel.plot.chosen is not None)
    panel.method_chosen.emit("umap")
    assert panel._axes.isHidden()


def test_a_later_label_holds_where_two_overlap_and_holes_have_none():
    ring = ((1.0, 1.0), (9.0, 1.0), (9.0, 9.0), (1.0, 9.0))
    hole = ((4.0, 4.0), (6.0, 4.0), (6.0, 6.0), (4.0, 6.0))
    labels = (Label(3, ring, holes=(hole,)), Label(254, ((2.5, 7.5),)), Label(5, ((99.5, 0.5),)))
    codes = label_codes(labels, (12, 12))
    assert (codes[4:6, 4:6] == 0).all()
    assert codes[7, 2] == 254
    assert (codes == 3).sum() == 64 - 4 - 1
    dated = (Label(1, ring, "2020-01-01", "2020-02-01"),)
    assert label_codes(dated, (12, 12), "2020-02-01").any()
    assert not label_codes(dated, (12, 12), "2020-02-02").any()


def test_a_store_that_is_opened_again_has_its_projection_again(opened, until):
    panel = opened.findChild(ProjectionPanel)
    until(lambda: panel.plot.picture is not None)
    told = panel.told
    opened.project.leave()
    until(lambda: opened.model.now.store is None)
    assert not panel.plot.getAxis("bottom").isVisible()
    opened.stores.open("forest.zarr")
    until(lambda: panel.plot.picture is not None and panel.told == told)
    assert panel.plot.getAxis("bottom").isVisible()


def test_while_pixels_are_counted_no_store_is_asked_for(window, until, monkeypatch):
    panel, said, asked, ask = window.findChild(ProjectionPanel), [], [], window.link.ask
    say = panel.say
    monkeypatch.setattr(panel, "say", lambda *told: (said.append(told[0]), say(*told)))
    monkeypatch.setattr(
        window.link, "ask", lambda channel, *a, **k: (asked.append(channel), ask(channel, *a, **k))
    )
    window.stores.open("forest.zarr")
    until(lambda: panel.plot.picture is not None)
    assert said[-2] == "Counting the pixels…"
    assert asked.count("density") == 1
