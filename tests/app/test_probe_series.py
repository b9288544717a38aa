"""A probe's output over all dates, as curves of places: the same numbers as the engine's, in the table too."""

import csv
import json

import numpy as np
import pytest
from phenolens.app.colouring import array_of
from phenolens.app.controllers.fits import FitsController
from phenolens.app.controllers.series import NO_PROBE
from phenolens.app.curves import GAP_FILLED, NO_DATA, Subject, value_near
from phenolens.app.label_file import label_json
from phenolens.app.panels.series import SeriesPanel
from phenolens.app.probe_curves import PREVIEW, predicted_curves, probes_of
from phenolens.app.recipe import Quantity
from phenolens.app.selection import PixelPick
from phenolens.app.session import Label, LandClass, Place, SeriesChoice, Work
from phenolens.engine.client.arrays import Array
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.readings import ProbeSeries
from PySide6.QtWidgets import QFileDialog

CLASSES = (LandClass(1, "beech", "#e69f00"), LandClass(2, "spruce", "#56b4e9"))
PLACES = (
    Place("A", "#0072b2", pixel=(10, 12)),
    Place("B", "#d55e00", corners=((30.0, 30.0), (36.0, 30.0), (36.0, 34.0), (30.0, 34.0))),
)


@pytest.fixture
def panel(opened) -> SeriesPanel:
    return opened.findChild(SeriesPanel)


def squares(*values):
    """One for each value, in a grid over the map."""
    return tuple(
        Label(value, ((x, y), (x + 3, y), (x + 3, y + 3), (x, y + 3)))
        for number, value in enumerate(values)
        for x, y in [(2.0 + number % 5 * 9, 2.0 + number // 5 * 9)]
    )


@pytest.fixture
def previewed(opened, until):
    """The window with a preview of two classes and two places."""
    opened.model.do(classes=CLASSES, labels=squares(1.0, 2.0, 1.0, 2.0, 1.0, 2.0), places=PLACES)
    opened.model.change(live=True, series=SeriesChoice("probe"))
    until(lambda: PREVIEW in probes_of(opened.model.now))
    return opened


def test_without_a_probe_the_panel_says_how_to_get_one(opened, panel, until):
    opened.model.do(places=PLACES[:1])
    opened.model.change(probes=(), series=SeriesChoice("probe"))
    until(lambda: panel.message == NO_PROBE)
    assert not panel.plot.curves
    assert not panel._parts.isEnabled()
    opened.model.change(series=SeriesChoice("embedding"))
    until(lambda: bool(panel.plot.curves))


def test_a_preview_tells_each_date_its_class_and_how_sure_it_is(previewed, panel, until, look):
    names = {0: "", 1: "beech", 2: "spruce"}

    def as_the_engine_tells() -> bool:
        """The preview may be fitted once more meanwhile: what counts is that the curves follow it."""
        if {curve.owner for curve in panel.plot.curves} != {"A", "B"}:
            return False
        store, number = previewed.model.now.store.store, probes_of(previewed.model.now)[PREVIEW]
        told, one = (
            previewed.link._client.probes.series(store, number, pixels=[(10, 12)]),
            panel.plot.curves[0],
        )
        same = one.classes == tuple(names[int(code)] for code in array_of(told.values)[0])
        return same and np.array_equal(one.values, array_of(told.confidence)[0].astype(float), equal_nan=True)

    until(as_the_engine_tells)
    one, several = panel.plot.curves
    assert {shade for shade, name in zip(one.shades, one.classes, strict=True) if name == "beech"} <= {
        "#e69f00"
    }
    there = np.isfinite(several.values)
    assert ((several.values[there] >= 0.5) & (several.values[there] <= 1)).all()
    assert "probability" in panel.plot.getAxis("left").labelText
    assert "beech" in panel._message.text()
    look(previewed)


def test_another_label_moves_the_curve_and_a_selection_has_its_commonest_class(previewed, panel, until):
    until(lambda: len(panel.plot.curves) == 2)
    before = panel.plot.curves
    previewed.model.do(labels=(*previewed.model.now.work.labels, *squares(1, 1, 1, 1, 1, 1, 2.0)[6:]))
    until(lambda: panel.plot.curves and panel.plot.curves is not before)
    previewed.model.change(pick=PixelPick(tuple((row, column) for row in range(4) for column in range(4))))
    until(lambda: "selection" in {curve.owner for curve in panel.plot.curves})
    curve = next(one for one in panel.plot.curves if one.owner == "selection")
    assert curve.axis.startswith("share")
    assert set(curve.classes) <= {"", "beech", "spruce"}


@pytest.fixture
def heights(opened, until):
    """A fitted probe of a quantity, with intervals calibrated on squares that were held out."""
    random = np.random.default_rng(0)
    labels = squares(*(10 + random.normal(0, 2, 25)).round(2).tolist())
    work = Work(labels=labels, quantity=Quantity("height", "m"))
    (opened.link.workspace / "heights.geojson").write_text(
        json.dumps(label_json(opened.model.now.store, work))
    )
    asked = {
        "store": opened.model.now.store.store,
        "labels": {"file": "heights.geojson", "value_column": "height", "unit": "m", "group_column": "group",
                   "when": opened.model.now.time[:10]},
        "out": "heights.probe", "overwrite": True,
    }  # fmt: skip
    with EngineClient.of_workspace(opened.link.workspace) as client:
        client.jobs.wait(client.jobs.submit("probe-fit", asked).id).outcome()
    opened.findChild(FitsController).refresh()
    until(lambda: "heights.probe" in opened.model.now.probes)
    yield opened
    (opened.link.workspace / "heights.probe").unlink()


def test_a_fitted_quantity_is_drawn_with_its_interval_and_written_as_such(
    heights, panel, until, look, tmp_path, monkeypatch
):
    heights.model.do(places=PLACES)
    heights.model.change(series=SeriesChoice("probe", ("heights.probe",)))
    until(lambda: len(panel.plot.curves) == 2)
    one, several = panel.plot.curves
    told = heights.link._client.probes.series(
        heights.model.now.store.store, "heights.probe", pixels=[(10, 12)]
    )
    there = np.isfinite(one.values)
    np.testing.assert_array_equal(one.values, array_of(told.values)[0].astype(float))
    np.testing.assert_array_equal(one.low[there], array_of(told.low)[0].astype(float)[there])
    assert (one.low[there] < one.values[there]).all()
    assert (one.values[there] < one.high[there]).all()
    assert panel.plot.getAxis("left").labelText == "height, m"
    assert "90\u00a0% interval" in panel._message.text()
    assert panel._parts.text() == "heights"
    value, said, _ = value_near(one, one.times[there][0])
    assert value == one.values[there][0]
    assert f"{one.low[there][0]:.3g} to {one.high[there][0]:.3g}" in said
    look(heights)
    path = tmp_path / "heights.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    panel._export.click()
    until(path.is_file)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    mine = [row for row in rows if row["point"] == "A" and row["predicted"]]
    written = [[float(row[f"predicted{end}"]) for end in ("", "_low", "_high")] for row in mine]
    wanted = np.stack([one.values[there], one.low[there], one.high[there]], axis=1)
    np.testing.assert_allclose(written, wanted, atol=1e-5)
    assert several.ends == ("p10", "p90")
    assert "predicted_p10" in rows[0]
    facts = {tuple(row[name] for name in ("probe", "quantity", "unit", "coverage")) for row in mine}
    assert facts == {("heights", "height", "m", "0.9")}


def test_a_date_without_data_that_the_days_before_carry_over_is_no_gap():
    def numbers(values, dtype):
        array = np.array(values, dtype)
        return Array(array.tobytes(), array.shape, array.dtype.name)

    told = ProbeSeries(
        ("2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z"),
        ((0, 0),),
        ("clear", "gap-filled", "no-data"),
        numbers([[2, 2]], np.uint8),
        {"task": "regression", "name": "GPP", "unit": "gC"},
        numbers([[3.0, np.nan]], np.float32),
    )
    (curve,) = predicted_curves(Subject("A", "#000000", ((0, 0),)), told, "gpp.probe")
    assert curve.quality.tolist() == [GAP_FILLED, NO_DATA]
    assert (curve.name, curve.axis, curve.low) == ("GPP (gpp)", "GPP, gC", None)
