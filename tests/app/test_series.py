"""Curves of places: clicked on the map, chosen, linked with the date, written as a table."""

import csv

import numpy as np
import pytest
from phenolens.app.colouring import array_of
from phenolens.app.curve_table import write_table
from phenolens.app.curves import NO_DATA, OBSERVED, QUALITIES, Curve, Subject
from phenolens.app.geography import Geography
from phenolens.app.panels.curves_item import CurvesItem
from phenolens.app.panels.series import SeriesPanel
from phenolens.app.probe_curves import predicted_curves
from phenolens.app.session import Place, SeriesChoice
from phenolens.engine.client.arrays import Array, Grid
from phenolens.engine.client.readings import ProbeSeries
from phenolens.engine.store import EmbeddingStore
from phenolens.engine.views.series import Place as Pixel
from phenolens.engine.views.series import series_rows
from PySide6.QtCore import QCoreApplication, QPointF, Qt, QTranslator
from PySide6.QtWidgets import QFileDialog

SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def panel(opened) -> SeriesPanel:
    return opened.findChild(SeriesPanel)


@pytest.fixture
def click(opened, qtbot):
    """Click on a pixel of the map."""

    def do(row, column, keys=Qt.KeyboardModifier.NoModifier):
        view, box = opened.map._view, opened.map._box
        place = view.mapFromScene(box.mapViewToScene(QPointF(column + 0.5, row + 0.5)))
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, keys, place)

    return do


def owners(panel):
    return [curve.owner for curve in panel.plot.curves]


def test_a_click_on_the_map_shows_what_the_pixel_did(opened, panel, click, until, look):
    click(10, 20)
    assert opened.model.now.work.places[0].pixel == (10, 20)
    until(lambda: bool(panel.plot.curves))
    assert [curve.name for curve in panel.plot.curves] == ["dimension 1", "dimension 2", "dimension 3"]
    first = panel.plot.curves[0]
    assert len(first.times) == len(opened.model.now.store.times)
    assert (np.isnan(first.values) == (first.quality == NO_DATA)).all()
    told = opened.link._client.views.series(opened.model.now.store.store, pixels=[(10, 20)])
    there = np.isfinite(first.values)
    expected = np.frombuffer(told.embedding.data, told.embedding.dtype).reshape(told.embedding.shape)
    np.testing.assert_allclose(first.values[there], expected[0, there, 0])
    look(opened)


def test_another_click_moves_the_place_and_one_with_shift_adds_one(opened, panel, click, until):
    click(10, 20)
    click(11, 21)
    assert [place.pixel for place in opened.model.now.work.places] == [(11, 21)]
    click(30, 5, SHIFT)
    assert [place.name for place in opened.model.now.work.places] == ["A", "B"]
    until(lambda: set(owners(panel)) == {"A", "B"})
    assert len({curve.colour for curve in panel.plot.curves}) == 2
    opened.model.undo()
    until(lambda: set(owners(panel)) == {"A"})
    panel.removed.emit(0)
    until(lambda: not panel.plot.curves)


def test_a_polygon_has_a_mean_within_its_band(opened, panel, until):
    panel._outline.click()
    assert opened.model.now.tool == "place"
    opened.map.drawn.emit(((5.0, 5.0), (15.0, 5.0), (15.0, 15.0), (5.0, 15.0)))
    assert opened.model.now.tool == "look"
    until(lambda: bool(panel.plot.curves))
    curve = panel.plot.curves[0]
    there = np.isfinite(curve.values)
    assert there.any()
    assert (curve.low[there] <= curve.high[there]).all()


def test_indices_are_computed_from_the_bands_of_acquisitions(opened, panel, click, until, look):
    click(10, 20)
    opened.model.change(series=SeriesChoice("index", ("NDVI", "kNDVI", "NIRv")))
    until(lambda: [one.name for one in panel.plot.curves][:1] == ["NDVI"])
    ndvi, kndvi, _ = (curve.values for curve in panel.plot.curves)
    assert 0.3 < np.nanmax(ndvi) <= 1
    np.testing.assert_allclose(kndvi, np.tanh(ndvi**2))
    assert (panel.plot.curves[0].quality == OBSERVED).all()
    look(opened)


def test_a_polygon_without_pixels_takes_the_curves_of_no_other_place_away(opened, panel, click, until, look):
    click(10, 20)
    opened.model.change(tool="place")
    opened.map.drawn.emit(((20.6, 20.6), (20.9, 20.6), (20.9, 20.9)))
    until(lambda: panel._message.text().startswith("B: "))
    assert set(owners(panel)) == {"A"}
    look(opened)
    opened.model.change(series=SeriesChoice("index", ("NDVI",)))
    until(lambda: panel.plot.curves and panel.plot.curves[0].name == "NDVI")
    assert set(owners(panel)) == {"A"}
    opened.model.undo()
    until(lambda: not panel._message.text())


def test_polygons_have_curves_of_support(opened, panel, until):
    opened.model.change(series=SeriesChoice("support", ("s2",)), tool="place")
    opened.map.drawn.emit(((5.0, 5.0), (15.0, 5.0), (15.0, 15.0), (5.0, 15.0)))
    until(lambda: bool(panel.plot.curves))
    store, pixels = opened.model.now.store, [(row, column) for row in range(5, 15) for column in range(5, 15)]
    told = opened.link._client.views.series(store.store, pixels=pixels).support["nearest_days_s2"]
    days = array_of(told).astype(float)
    np.testing.assert_allclose(panel.plot.curves[0].values, np.nanmean(np.where(days < 255, days, np.nan), 0))


def test_no_table_is_written_while_curves_are_still_read(opened, panel, click, until):
    click(10, 20)
    until(panel._export.isEnabled)
    opened.model.change(series=SeriesChoice("index", ("NDVI",)))
    assert not panel._export.isEnabled()
    until(panel._export.isEnabled)
    assert panel.plot.curves[0].name == "NDVI"


def test_a_click_on_the_curves_moves_the_map_to_that_date(opened, panel, click, until, qtbot):
    click(10, 20)
    until(lambda: bool(panel.plot.curves))
    plot, wanted = panel.plot, 2
    _, (low, high) = plot.plotItem.vb.viewRange()
    at = plot.plotItem.vb.mapViewToScene(QPointF(panel.plot._times[wanted], (low + high) / 2))
    qtbot.mouseClick(
        plot.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, plot.mapFromScene(at)
    )
    assert opened.model.now.date == wanted
    opened.model.change(date=5)
    assert plot._cursor.value() == plot._times[5]


def test_the_table_says_of_each_date_where_and_how_good_it_is(opened, panel, click, until, tmp_path, choose):
    click(10, 20)
    until(lambda: bool(panel.plot.curves))
    path = tmp_path / "curves.csv"
    panel._export.click()
    choose(opened, path.with_suffix(""))
    until(path.exists)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(opened.model.now.store.times)
    assert {"point", "x", "y", "lon", "lat", "date", "quality", "e01"} <= rows[0].keys()
    left, bottom, right, top = opened.model.now.store.grid.bounds
    assert left < float(rows[0]["x"]) < right
    assert bottom < float(rows[0]["y"]) < top
    assert {row["quality"] for row in rows} <= {"clear", "gap-filled", "no-data"}


COLUMNS = {
    "embedding": ["e01", "e02"],
    "support": ["nearest_days_s2"],
    "index": ["NDVI", "kNDVI"],
}
"""Of kinds of curves, in tables."""


@pytest.fixture
def another_language():
    """Every text of the app is another one."""

    class Mirror(QTranslator):
        def isEmpty(self) -> bool:  # noqa: N802 - Qt's name
            return False

        def translate(self, _context: str, text: str, _why: str | None = None, _n: int = -1) -> str:
            return text[::-1] if text.isalpha() else f"«{text}»"

    spoken = Mirror()
    QCoreApplication.installTranslator(spoken)
    yield
    QCoreApplication.removeTranslator(spoken)


def test_columns_are_those_of_the_command_line_whatever_language_the_app_speaks(
    opened, panel, click, until, tmp_path, another_language, choose
):
    click(10, 20)
    for kind, parts in (("embedding", ("1", "2")), ("support", ("s2",)), ("index", ("NDVI", "kNDVI"))):
        opened.model.change(series=SeriesChoice(kind, parts))
        until(lambda wanted=COLUMNS[kind]: [curve.column for curve in panel.plot.curves] == wanted)
        path = tmp_path / f"{kind}.csv"
        panel._export.click()
        choose(opened, path)
        until(path.exists)
    store = EmbeddingStore(opened.link.workspace / opened.model.now.store.store)
    told = list(series_rows(store, [Pixel("A", 10, 20)]))
    rows = read(tmp_path / "embedding.csv")
    assert [*rows[0]] == ["point", "x", "y", "lon", "lat", "date", "quality", "e01", "e02"]
    assert rows == [{name: str(row.get(name, "")) for name in rows[0]} for row in told]
    rows = read(tmp_path / "support.csv")
    assert rows == [{name: str(row.get(name, "")) for name in rows[0]} for row in told]
    rows = read(tmp_path / "index.csv")
    assert [*rows[0]][6:] == ["quality", "NDVI", "kNDVI"]
    assert {row["quality"] for row in rows} == {"observed"}


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_columns_of_predictions_and_of_many_pixels_are_the_same_in_every_language(another_language, tmp_path):
    times, values = np.arange(2.0), np.ones(2)
    numbers = Array(values.reshape(1, 2).tobytes(), (1, 2), "float64")
    codes = Array(np.zeros((1, 2), np.uint8).tobytes(), (1, 2), "uint8")
    subject = Subject("A", "#0072b2", ((1, 1),))
    dates = ("2019-01-01T00:00:00Z", "2019-01-02T00:00:00Z")
    classes = {"task": "classification", "classes": [{"code": 1, "name": "Wald", "colour": "#0072b2"}]}
    told = ProbeSeries(dates, ((1, 1),), QUALITIES, codes, classes, numbers, confidence=numbers)
    curves = predicted_curves(subject, told, "trees.probe")
    geography = Geography(Grid("EPSG:32635", (10, 0, 500_000, 0, -10, 5_000_000), (8, 8)))
    write_table(tmp_path / "p.csv", [subject], curves, geography)
    (row, _) = read(tmp_path / "p.csv")
    assert [*row][6:] == ["quality", "probe", "class", "confidence"]
    assert (row["probe"], row["class"], row["quality"]) == ("trees", "Wald", "clear")
    mean = Curve("A", "#0072b2", "Mittel", times, values, np.zeros(2, np.uint8), values, values, column="e03")
    write_table(tmp_path / "m.csv", [subject], [mean], geography)
    assert [*read(tmp_path / "m.csv")[0]][7:] == ["e03", "e03_p10", "e03_p90"]


def test_a_table_that_cannot_be_written_says_so(opened, panel, click, until, tmp_path):
    click(10, 20)
    until(lambda: bool(panel.plot.curves))
    panel._export.click()
    opened.findChild(QFileDialog).filesSelected.emit([str(tmp_path / "missing" / "curves.csv")])
    until(lambda: "can't be written" in opened._message.text())


def test_the_strip_says_how_clear_dates_are(opened, until):
    strip = opened.dates.strip
    until(lambda: len(strip._shares) == len(opened.model.now.store.times))
    assert 0 <= min(strip._shares) < max(strip._shares) <= 1
    assert len(strip._ticks["s2"])


def test_dozens_of_places_are_one_item_of_the_plot(opened, panel, until):
    items = len(panel.plot.scene().items())
    places = tuple(Place(f"P{n}", "#0072b2", pixel=(n, n)) for n in range(30))
    opened.model.do(places=places)
    until(lambda: len(panel.plot.curves) >= len(places))
    assert len(panel.plot.scene().items()) == items
    assert opened.map.marks.shapes == 1  # those of one colour
    drawn = panel.plot.grab().toImage()
    opened.model.do(places=())
    until(lambda: not panel.plot.curves)
    assert panel.plot.grab().toImage() != drawn


def test_curves_that_are_there_are_not_drawn_again_when_the_panel_comes_back(opened, panel, until):
    opened.model.do(places=(Place("A", "#0072b2", pixel=(10, 10)),))
    until(lambda: owners(panel) == ["A"] * 3)
    before = panel.plot.curves
    opened.show_step("Area")
    until(lambda: not panel.isVisible())
    opened.show_step("Explore")
    until(panel.isVisible)
    opened.model.do(places=(*opened.model.now.work.places, Place("B", "#d55e00", pixel=(20, 20))))
    until(lambda: owners(panel) == ["A"] * 3 + ["B"] * 3)
    opened.model.undo()
    until(lambda: owners(panel) == ["A"] * 3)
    assert panel.plot.curves is not before
    again = panel.plot.curves
    opened.show_step("Area")
    until(lambda: not panel.isVisible())
    opened.show_step("Explore")
    until(panel.isVisible)
    assert panel.plot.curves is again


def test_a_picture_that_takes_long_is_stretched_until_the_view_has_settled(opened, panel, until, monkeypatch):
    monkeypatch.setattr("phenolens.app.panels.kept_picture.LONG_S", -1.0)
    opened.model.do(places=(Place("A", "#0072b2", pixel=(10, 10)),))
    until(lambda: bool(panel.plot.curves))
    drawn = []
    monkeypatch.setattr(CurvesItem, "_paint_names", lambda *_, **__: drawn.append(1))
    panel.plot.grab()
    until(lambda: not panel.plot._item._picture._settled.isActive())
    drawn.clear()
    low, high = panel.plot.viewRange()[0]
    panel.plot.setXRange(low, (low + high) / 2, padding=0)
    panel.plot.grab()
    assert not drawn
    until(lambda: bool(drawn))
    pictures = [panel.plot.grab().toImage() for _ in range(2)]
    assert pictures[0] == pictures[1]
