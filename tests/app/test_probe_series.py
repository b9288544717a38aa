"""A probe's output: over all dates as curves of places, the same numbers as the engine's; on the map and in files."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from phenolens.app.colouring import array_of
from phenolens.app.controllers.fits import FitsController
from phenolens.app.controllers.series import NO_PROBE
from phenolens.app.curves import GAP_FILLED, NO_DATA, Subject, value_near
from phenolens.app.label_file import label_json
from phenolens.app.panels.export import ExportPanel
from phenolens.app.panels.series import SeriesPanel
from phenolens.app.probe_curves import PREVIEW, note_of, predicted_curves, probes_of
from phenolens.app.recipe import Quantity
from phenolens.app.selection import PixelPick
from phenolens.app.session import Label, LandClass, Place, SeriesChoice, Work
from phenolens.engine.client.arrays import Array
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.readings import Probe, ProbeSeries
from PySide6.QtCore import QDate

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


def test_the_curves_of_the_probe_that_was_fitted_last_are_offered_first(opened):
    made = [
        Probe(f"{name}.probe", {"task": "regression", "unit": "m"}, preview=True, modified=when)
        for name, when in (("a", 10), ("b", 30), ("c", 20))
    ]
    opened.findChild(FitsController)._listed(tuple(made), "")
    session = replace(opened.model.now, series=SeriesChoice("probe"))
    assert list(probes_of(session)) == ["b.probe", "c.probe", "a.probe"]


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
    heights, panel, until, look, tmp_path, choose
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
    assert "90\u00a0% interval, from 3 blocks" in panel._message.text()
    assert panel._parts.text() == "heights"
    value, said, _ = value_near(one, one.times[there][0])
    assert value == one.values[there][0]
    assert f"{one.low[there][0]:.3g} to {one.high[there][0]:.3g}" in said
    look(heights)
    path = tmp_path / "heights.csv"
    panel._export.click()
    choose(heights, path)
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


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        (3, "Band: 90\u00a0% interval, from 3 sites; 9 would be needed to promise it."),
        (1, "Band: 90\u00a0% interval, from 1 site; 9 would be needed to promise it."),
        (9, "Band: 90\u00a0% interval, from 9 sites."),
    ],
)
def test_an_interval_says_on_how_few_towers_it_rests(groups, said):
    nothing = Array(b"", (0,), "float32")
    response = {"task": "regression", "name": "GPP", "unit": "gC"}
    told = ProbeSeries((), (), (), nothing, response, nothing, coverage=0.9, groups=groups, group="site")
    assert note_of(told, "gpp.probe", several=False) == said


@pytest.mark.parametrize(
    ("part", "coverage", "said"),
    [
        (PREVIEW, None, "a preview has none"),
        ("gpp.probe", None, "more than one site"),
        ("gpp.probe", 0.9, "90\u00a0% interval"),
    ],
)
def test_a_missing_interval_says_why_it_is_missing(part, coverage, said):
    nothing = Array(b"", (0,), "float32")
    response = {"task": "regression", "name": "GPP", "unit": "gC"}
    told = ProbeSeries((), (), (), nothing, response, nothing, coverage=coverage)
    assert said in note_of(told, part, several=False)


def test_how_sure_a_quantity_is_and_where_it_holds_are_layers(heights, until, look):
    heights.findChild(FitsController).show_on_map("heights.probe")
    made = {one.name: one.look for one in heights.model.now.made}
    assert list(made) == [f"Probe heights{more}" for more in ("", ", uncertainty", ", applicability")]
    for name, title in (
        ("uncertainty", "height, width of the 90% interval, from 3 blocks"),
        ("applicability", "Where the probe knows"),
    ):
        heights.model.change(look=made[f"Probe heights, {name}"])
        until(lambda title=title: heights.map.shown["base"][0].legend.title.startswith(title))
        look(heights, f"-{name}")
        if name == "uncertainty":  # as wide everywhere: what is left of rounding is not to be seen
            (shown,) = np.unique(heights.map.shown["base"][0].rgba.reshape(-1, 4), axis=0)
            assert shown[3] == 255
    assert [one.name for one in heights.map.shown["base"][0].legend.classes] == ["inside", "outside"]


def test_a_quantity_of_single_days_is_exported_as_a_sum(heights, until, look):
    panel = heights.findChild(ExportPanel)
    until(lambda: panel._probe.findData("heights.probe") >= 0)
    panel._probe.setCurrentIndex(panel._probe.findData("heights.probe"))
    panel._what.setCurrentIndex(panel._what.findData("probe"))
    panel._dates.setCurrentIndex(panel._dates.findData("sum"))
    for end, month in zip(panel._span.ends, (4, 7), strict=True):
        end.setDate(QDate(2019, month, 15))
    panel._name.setText("heights")
    name = "heights-sum-2019-04-15_2019-07-15.tif"
    assert name in panel._plan.text()
    assert panel._ticks.isHidden()
    heights.show_step("Export")
    look(heights)
    panel._go.click()
    until((heights.link.workspace / name).is_file)
    panel._what.setCurrentIndex(panel._what.findData("pca"))
    assert panel._dates.findData("sum") < 0
    assert panel.wanted.dates == "range"
