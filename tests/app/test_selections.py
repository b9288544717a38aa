"""Selections: found on the map and in the projection, named, combined, undone."""

import numpy as np
import pyqtgraph as pg
import pytest
from phenolens.app.appearance import Appearance
from phenolens.app.masks import find, find_on, inside
from phenolens.app.panels.map_selection import _lines, _picture
from phenolens.app.panels.projection import ProjectionPanel
from phenolens.app.panels.search import SearchPanel
from phenolens.app.panels.selections import SelectionsPanel
from phenolens.app.panels.series import SeriesPanel
from phenolens.app.selection import Combined, LassoPick, MapPick
from phenolens.app.session import Label, LandClass
from phenolens.app.theme import theme_named
from phenolens.engine.client.look import Look
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

SQUARE = MapPick(((4.0, 6.0), (14.0, 6.0), (14.0, 26.0), (4.0, 26.0)))
BESIDE = MapPick(((9.0, 6.0), (24.0, 6.0), (24.0, 26.0), (9.0, 26.0)))
WIDE = ((-9.0, -9.0), (0.0, -9.0), (0.0, 9.0), (-9.0, 9.0))


@pytest.fixture
def panel(opened) -> SelectionsPanel:
    return opened.findChild(SelectionsPanel)


@pytest.fixture
def tint(opened):
    """Selected pixels of the overlay, or None."""

    return lambda: opened.map.selected


def test_a_lasso_on_the_map_selects_the_pixels_in_it(opened, panel, tint, until, qtbot, look, monkeypatch):
    monkeypatch.setitem(pg.CONFIG_OPTIONS, "mouseRateLimit", 0)  # a test moves faster than any hand
    qtbot.keyClick(opened, Qt.Key.Key_L)
    assert opened.model.now.tool == "select"
    view, box = opened.map._view, opened.map._box
    places = [view.mapFromScene(box.mapViewToScene(QPointF(x, y))) for x, y in SQUARE.corners]
    qtbot.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=places[0])
    for place in places[1:]:
        qtbot.mouseMove(view.viewport(), place)
    qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=places[-1])
    until(lambda: tint() is not None)
    assert isinstance(opened.model.now.pick, MapPick)
    np.testing.assert_array_equal(tint(), inside(opened.model.now.pick.corners, tint().shape))
    assert opened.model.now.tool == "look"
    assert f"{np.count_nonzero(tint()):,} pixels" in panel.told
    look(opened)


def test_a_lasso_in_the_projection_selects_other_pixels_on_other_dates(opened, tint, until):
    opened.model.change(pick=LassoPick("pca", WIDE))
    until(lambda: tint() is not None)
    store, link = opened.model.now.store, opened.link
    for date in (3, 12):
        expected = find_on(opened.model.now.pick, link._client, store, date)
        opened.model.change(date=date)
        until(lambda expected=expected: np.array_equal(tint(), expected))
    assert expected.any()


def test_all_dates_at_once_are_the_same_as_each_by_itself(opened):
    store, client = opened.model.now.store, opened.link._client
    dates = len(store.times)
    for pick in (
        LassoPick("pca", WIDE),
        LassoPick("pca", WIDE, dates=(3,)),
        Combined("not", SQUARE, LassoPick("pca", WIDE)),
    ):
        whole = find(pick, client, store.store, store.grid.shape, dates)
        for date in (0, 3):
            np.testing.assert_array_equal(whole.on(date), find_on(pick, client, store, date))


def test_a_lasso_of_one_date_selects_nothing_on_others(opened, panel, tint, until):
    opened.model.change(date=3)
    opened.model.change(pick=LassoPick("pca", WIDE, dates=(3,)))
    until(lambda: tint() is not None)
    opened.model.change(date=4)
    until(lambda: "No pixel is selected on this date" in panel.told)
    assert not tint().any()


def test_named_selections_are_kept_renamed_combined_and_undone(opened, panel, tint, until):
    opened.model.change(pick=SQUARE)
    panel.saved.emit()
    panel.renamed.emit(0, "wet grass")
    assert [one.name for one in opened.model.now.work.selections] == ["wet grass"]
    opened.model.change(pick=BESIDE)
    shape = opened.model.now.store.grid.shape
    one, other = inside(BESIDE.corners, shape), inside(SQUARE.corners, shape)
    for how, expected in (("and", one & other), ("or", one | other), ("not", one & ~other)):
        opened.model.change(pick=BESIDE)
        panel.combined.emit(0, how)
        until(lambda expected=expected: np.array_equal(tint(), expected))
    panel.deleted.emit(0)
    assert not opened.model.now.work.selections
    opened.model.undo()
    panel.shown.emit(0)
    assert opened.model.now.pick == SQUARE


def test_a_name_that_is_taken_is_refused(opened, panel):
    opened.model.change(pick=SQUARE)
    panel.saved.emit()
    panel.saved.emit()
    panel.renamed.emit(1, "selection 1")
    assert [one.name for one in opened.model.now.work.selections] == ["selection 1", "selection 2"]
    assert "taken" in panel.told


def test_the_selection_has_a_curve_of_its_own(opened, until):
    opened.model.change(pick=SQUARE)
    series = opened.findChild(SeriesPanel)
    until(lambda: bool(series.plot.curves))
    curve = series.plot.curves[0]
    assert curve.owner == "selection"
    assert curve.low is not None
    assert "of 200 pixels" in series.message
    opened.model.change(pick=None)
    until(lambda: not series.plot.curves)


def test_the_curve_of_pixels_that_follow_dates_says_of_which_date_they_are(opened, tint, until):
    series, day = opened.findChild(SeriesPanel), opened.model.now.time[:10]
    opened.model.change(pick=LassoPick("pca", WIDE))
    until(lambda: f"pixels, selected on {day}" in series._message.text())
    opened.model.change(date=3)
    until(lambda: tint() is not None)
    assert f"pixels, selected on {day}" in series._message.text()
    opened.model.change(pick=SQUARE)
    until(lambda: "of 200 pixels" in series._message.text())
    assert "selected on" not in series._message.text()


def test_the_selection_has_the_same_colour_everywhere_once_the_theme_has_changed(opened, until):
    series, plane = opened.findChild(SeriesPanel), opened.findChild(ProjectionPanel).plot
    search = opened.findChild(SearchPanel)._table
    opened.model.change(pick=SQUARE)
    until(lambda: bool(series.plot.curves) and plane.chosen is not None)
    opened.findChild(Appearance).choose("dark")
    colour = theme_named("dark").selection
    until(lambda: series.plot.curves[0].colour == colour)
    until(lambda: _commonest(plane.chosen) == colour)
    for icon in (series._places.item(0).icon(), search.item(0, 0).icon()):
        picture = icon.pixmap(16, 16).toImage()
        assert picture.pixelColor(8, 8).name() == colour


def _commonest(tint: np.ndarray) -> str:
    shades, counts = np.unique(tint[tint[..., 3] > 0][:, :3], axis=0, return_counts=True)
    return QColor(*shades[counts.argmax()].tolist()).name()


def test_clusters_become_classes_and_come_back_with_undo(opened, panel, until):
    before = opened.model.now.work.classes
    opened.model.change(look=Look("cluster", clusters=3))
    assert not panel._classes.isHidden()
    panel.classes_wanted.emit()
    until(lambda: opened.model.now.work.classes != before)
    assert [one.code for one in opened.model.now.work.classes] == [1, 2, 3]
    assert {one.name for one in opened.model.now.work.classes} == {"cluster 1", "cluster 2", "cluster 3"}
    assert "clusters are now classes" in panel.told
    opened.model.undo()
    assert opened.model.now.work.classes == before
    assert "clusters are now classes" not in panel.told


def test_clusters_as_classes_leave_labels_what_they_were(opened, panel, until):
    forest, water = LandClass(1, "forest", "#e69f00"), LandClass(9, "water", "#0072b2")
    labels = (Label(1.0, ((5.5, 5.5),)), Label(9.0, ((6.5, 6.5),)))
    opened.model.do(classes=(forest, LandClass(2, "empty", "#999999"), water), labels=labels)
    opened.model.change(look=Look("cluster", clusters=3))
    panel.classes_wanted.emit()
    until(lambda: "are now classes" in panel.told)
    work = opened.model.now.work
    assert {forest, water} <= set(work.classes)
    assert sorted(one.code for one in work.classes) == [1, 2, 3, 4, 9]
    assert work.labels == labels
    assert "empty" not in {one.name for one in work.classes}
    assert "beside those with labels" in panel.told


def test_a_lasso_that_the_engine_refuses_says_why(opened, panel, tint, until):
    opened.model.change(pick=LassoPick("umap", WIDE))
    until(lambda: "UMAP" in panel.told)
    assert tint() is None


def test_what_is_selected_is_counted_in_pixels_and_hectares(opened, panel, until):
    opened.model.change(pick=SQUARE)
    until(lambda: "200 pixels selected on this date, 2.00 ha" in panel.told)


def test_an_outline_that_holds_no_pixel_promises_nothing_of_other_dates(opened, panel, until):
    opened.model.change(pick=MapPick(((4.6, 4.6), (5.4, 4.6), (5.4, 5.4))))
    until(lambda: "No pixel is selected" in panel.told)
    assert "date" not in panel.told
    opened.model.change(pick=LassoPick("pca", ((90.0, 90.0), (91.0, 90.0), (91.0, 91.0))))
    until(lambda: "another date" in panel.told)


@pytest.mark.parametrize("colour", ["#e0007a", "#ffffff", "#000000", "#808080", "#fde725"])
def test_the_outline_of_a_selection_stands_out_from_any_colour(colour):
    mask = np.zeros((40, 40), bool)
    mask[12:28, 12:28] = True
    background = QImage(40, 40, QImage.Format.Format_RGB32)
    background.fill(QColor(colour))
    painter = QPainter(background)
    painter.drawImage(0, 0, _picture(_lines(mask, 1), QColor("#e0007a")))
    painter.end()
    across = [background.pixelColor(x, 20).lightness() for x in range(8, 16)]
    assert max(across) - min(across) > 100
    assert background.pixelColor(2, 20) == QColor(colour)


def test_the_outline_lies_around_the_selected_pixels_at_any_zoom(opened, until):
    opened.model.change(pick=SQUARE)
    until(lambda: opened.map.selected is not None)
    for zoom in (1.0, 3.0):
        opened.map.centre_on(9.0, 16.0)
        opened.map.zoom(zoom)
        image = opened.map.grab().toImage()
        box, view = opened.map._box, opened.map._view
        for column, row, wanted in ((4.05, 16.5, True), (9.5, 16.5, False), (18.5, 20.5, False)):
            place = view.mapTo(opened.map, view.mapFromScene(box.mapViewToScene(QPointF(column, row))))
            near = [image.pixelColor(place.x() + x, place.y()) for x in range(-4, 5)]
            assert any(one.lightness() > 235 for one in near) is wanted
