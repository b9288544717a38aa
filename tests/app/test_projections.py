"""The projection: drawn, coloured, selected in, and fitted as a job."""

import numpy as np
import pyqtgraph as pg
import pytest
from phenolens.app.panels.projection import ProjectionPanel
from phenolens.app.selection import LassoPick, MapPick
from phenolens.app.session import ProjectionChoice
from PySide6.QtCore import QPointF, Qt


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
    assert opened.model.now.pick.dates == (opened.model.now.date,)
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=places[1])
    assert opened.model.now.pick is None


def test_a_store_without_a_umap_offers_to_fit_one(opened, panel, until, qtbot, look):
    qtbot.mouseClick(panel._methods.button(1), Qt.MouseButton.LeftButton)
    until(panel._fit.isVisible)
    assert "no UMAP yet" in panel.told
    look(opened)
    panel._methods.button(0).click()
    until(lambda: not panel._fit.isVisible())
    assert panel.plot._picture.isVisible()


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
