"""Exports: what will be written is said before, written as a job, and opens in QGIS with its colours."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from phenolens.app.controllers.exports import there_already
from phenolens.app.controllers.fits import FitsController
from phenolens.app.exporting import Wanted, days_of, missing, plan, told
from phenolens.app.label_file import class_json, label_json
from phenolens.app.panels.export import ExportPanel
from phenolens.app.session import Label, LandClass, Work
from phenolens.engine.client.arrays import Grid
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.readings import Probe, Store
from phenolens.engine.client.results import Export
from PySide6.QtCore import QDate
from PySide6.QtWidgets import QApplication

LOOK = Path(__file__).parents[1] / "qgis" / "look_with_qgis.py"
CLASSES = (LandClass(1, "beech", "#e69f00"), LandClass(2, "spruce", "#56b4e9"))


@pytest.fixture
def panel(opened):
    return opened.findChild(ExportPanel)


def choose(box, value):
    box.setCurrentIndex(box.findData(value))


def test_what_was_said_is_what_is_written(opened, panel, until, look):
    choose(panel._what, "pca")
    panel._name.setText("maps/forest")
    day = opened.model.now.time[:10]
    said = panel._plan.text()
    assert said.startswith(f"Writes 1 GeoTIFF: maps/forest-pca-{day}.tif. At most 100 kB.")
    opened.show_step("Export")
    look(opened)
    panel._go.click()
    assert not panel._go.isEnabled()
    until(panel._go.isEnabled)
    assert (opened.link.workspace / f"maps/forest-pca-{day}.tif").is_file()
    until(lambda: panel._files.count() > 0)
    assert panel._files.item(0).text() == f"maps/forest-pca-{day}.tif"
    assert "It is there already and will be replaced" in panel._plan.text()


def test_nothing_is_written_without_a_date_or_a_name(opened, panel):
    choose(panel._what, "dim")
    choose(panel._dates, "range")
    for end, month in zip(panel._span.ends, (1, 2), strict=True):
        end.setDate(QDate(2001, month, 1))
    assert "No date of the store" in panel._plan.text()
    assert not panel._go.isEnabled()
    choose(panel._dates, "this")
    assert panel._go.isEnabled()
    for name in ("", "../out", "/tmp/out"):
        panel._name.setText(name)
        assert "name within the workspace" in panel._plan.text()
        assert not panel._go.isEnabled()


def test_plans_name_every_file_of_every_date():
    grid = Grid("EPSG:32635", (10, 0, 500_000, 0, -10, 5_000_000), (48, 48))
    times = tuple(f"2019-{month:02}-15T10:30:00Z" for month in range(1, 13))
    store = Store("some.zarr", 8, grid, times, dtype="float16")
    wanted = Wanted("support", sensor="s2", dates="range", start="2019-04-01", end="2019-06-30", name="a")
    days = days_of(wanted, store, 0)
    assert days == ("2019-04-15", "2019-05-15", "2019-06-15")
    made = plan(wanted, store, None, days)
    assert made.files == tuple(f"a-support-s2-{day}.tif" for day in days)
    season = Probe("p.probe", {"task": "regression"}, features="season")
    wanted = Wanted(
        "probe", probe="p.probe", maps=("value", "interval"), start="2019-01-01", end="2019-12-31", name="p"
    )
    assert missing(wanted, store, season, ()) == ""
    made = plan(wanted, store, season, ())
    assert made.params["dates"] == ["2019-01-01/2019-12-31"]
    assert made.files == ("p-value-2019-01-01_2019-12-31.tif", "p-interval-2019-01-01_2019-12-31.tif")
    assert "Writes 2 GeoTIFFs" in told(made, 0)
    change = Wanted("change", start="2019-02-01", end="2019-08-01", name="c")
    days = days_of(change, store, 0)
    assert missing(change, store, None, days) == ""
    compared = plan(change, store, None, days)
    assert "Compares 2019-02-15 with 2019-07-15" in told(compared, 0)
    assert compared.params["out"] == "c-20190215-20190715"
    assert compared.files[0] == "c-20190215-20190715-change-magnitude.tif"
    assert "two dates" in missing(change, store, None, days[:1])
    whole = Wanted("netcdf", dates="all", name="a")
    cube = plan(whole, store, None, days_of(whole, store, 0))
    assert cube.bytes == 48 * 48 * 8 * 2 * 12
    assert cube.files == ("a-2019-01-15_2019-12-15-embedding.nc",)


def test_maps_of_two_probes_of_one_day_have_names_of_their_own():
    grid = Grid("EPSG:32635", (10, 0, 500_000, 0, -10, 5_000_000), (48, 48))
    store = Store("some.zarr", 8, grid, ("2019-05-15T10:30:00Z",), dtype="float16")

    def files(probe, name):
        wanted = Wanted("probe", probe=probe, maps=("value",), dates="this", name=name)
        made = plan(wanted, store, Probe(probe, {"task": "regression"}, features="date"), ("2019-05-15",))
        assert made.files == (f"{made.params['out']}-value-2019-05-15.tif",)
        return made.files

    assert files("gpp.probe", "maps/some") == ("maps/some-gpp-value-2019-05-15.tif",)
    assert files("trees.probe", "maps/some") == ("maps/some-trees-value-2019-05-15.tif",)
    assert files("o.probe", "some") == ("some-o-value-2019-05-15.tif",)
    assert files("gpp.probe", "my-gpp") == ("my-gpp-value-2019-05-15.tif",)  # it is in there already


def test_every_file_that_will_be_replaced_is_counted_however_many_there_are(tmp_path):
    (tmp_path / "maps").mkdir()
    names = [f"maps/a-{number}.tif" for number in range(300)]
    for name in names[1:]:
        (tmp_path / name).touch()
    assert there_already(tmp_path, names) == 299
    assert there_already(tmp_path, ["none/a.tif"]) == 0


@pytest.fixture
def fitted(opened, until, tmp_path):
    """A probe of two classes in the workspace."""
    labels = tuple(
        Label(float(value), ((x, y), (x + 3, y), (x + 3, y + 3), (x, y + 3)))
        for value, x in ((1, 4.0), (2, 38.0))
        for y in (2.0, 16.0, 30.0)
    )
    work = Work(classes=CLASSES, labels=labels)
    (opened.link.workspace / "kinds.geojson").write_text(json.dumps(label_json(opened.model.now.store, work)))
    (opened.link.workspace / "kinds.json").write_text(json.dumps(class_json(work)))
    asked = {
        "store": opened.model.now.store.store,
        "labels": {"file": "kinds.geojson", "class_column": "class", "classes": "kinds.json",
                   "when": opened.model.now.time[:10]},
        "trust": False, "out": "kinds.probe", "overwrite": True,
    }  # fmt: skip
    with EngineClient.of_workspace(opened.link.workspace) as client:
        client.jobs.wait(client.jobs.submit("probe-fit", asked).id).outcome()
    return "kinds.probe"


def test_the_map_of_a_probe_opens_in_qgis_with_the_colours_of_its_classes(
    opened, panel, fitted, until, tmp_path
):
    opened.findChild(FitsController).refresh()
    until(lambda: panel._probe.findData(fitted) >= 0)
    choose(panel._what, "probe")
    choose(panel._probe, fitted)
    panel._name.setText("kinds")
    panel._go.click()
    day = opened.model.now.time[:10]
    raster = opened.link.workspace / f"kinds-class-{day}.tif"
    until(raster.is_file)
    (found,) = in_qgis(tmp_path, raster)
    assert found["valid"]
    assert found["renderer"] == "paletted"
    assert found["classes"] == [[one.code, one.name, one.colour] for one in CLASSES]
    assert found["period"][0].startswith(day)


def test_the_probe_that_was_fitted_last_is_offered_unless_another_was_chosen(panel):
    values = {"task": "regression", "unit": "m"}
    probes = [
        Probe(f"{name}.probe", values, modified=when) for name, when in (("a", 10), ("b", 30), ("c", 20))
    ]
    panel.set_probes(probes)
    assert panel.wanted.probe == "b.probe"
    later = Probe("a2.probe", values, modified=40)
    panel.set_probes([later, *probes])
    assert panel.wanted.probe == "a2.probe"
    choose(panel._probe, "c.probe")
    panel.set_probes([Probe("d.probe", values, modified=50), later, *probes])
    assert panel.wanted.probe == "c.probe"
    panel.set_probes(probes[:2])
    assert panel.wanted.probe == "b.probe"
    panel.set_probes(())
    assert panel.wanted.probe == ""


def test_in_a_low_window_what_was_written_and_its_folder_are_in_sight(opened, panel, look):
    classes = {"task": "classification", "classes": [{"code": 1}, {"code": 2}]}
    names = [f"forest-class-2019-05-{day:02}.tif" for day in range(1, 31)]
    opened.resize(1280, 720)
    opened.show_step("Export")
    maps = ("class", "probability", "confidence", "set-size", "applicability")
    panel.set_probes([Probe("kinds.probe", classes, maps=maps, modified=1)])
    choose(panel._what, "probe")
    panel.set_exports([Export(name, bytes=1_000) for name in names])
    QApplication.processEvents()
    look(opened)
    for shown in (panel._folder, panel._go, panel._files):
        assert shown.visibleRegion().boundingRect() == shown.rect()
    row = panel._files.visualItemRect(panel._files.item(0))
    assert row.width() <= panel._files.viewport().width()  # names are cut where they are alike


def test_the_engine_says_when_each_probe_was_fitted(opened, panel, fitted, until):
    older = opened.link.workspace / "aaa.probe"
    older.write_bytes((opened.link.workspace / fitted).read_bytes())
    os.utime(older, (1, 1))
    opened.findChild(FitsController).refresh()
    until(lambda: panel._probe.findData(older.name) >= 0)
    assert panel.wanted.probe == fitted
    older.unlink()


def in_qgis(folder, *rasters):
    """What QGIS' own Python makes of files; skips where there is no QGIS."""
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "GDAL", "PROJ", "VIRTUAL", "QT"))
    }
    home = {
        "QT_QPA_PLATFORM": "offscreen",
        "QGIS_CUSTOM_CONFIG_PATH": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
    }
    python = "/usr/bin/python3"
    probe = subprocess.run(
        [python, "-c", "import qgis.core"], env={**kept, **home}, capture_output=True, check=False
    )
    if probe.returncode:
        pytest.skip("QGIS isn't here (apt-get install qgis python3-qgis)")
    request = folder / "request.json"
    asked = [{"path": str(path), "png": None, "places": [], "size": [100, 100]} for path in rasters]
    request.write_text(json.dumps(asked))
    command, environment = [python, str(LOOK), str(request)], {**kept, **home}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
