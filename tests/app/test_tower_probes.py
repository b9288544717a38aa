"""Probes of flux towers: tables in any form are read, asked about where they must be, and learnt from."""

import json
from dataclasses import replace

import pytest
from phenolens.app.controllers.fits import FitsController, fit_told
from phenolens.app.controllers.handing_over import names_apart
from phenolens.app.controllers.tower_import import TowerImportController
from phenolens.app.frozen_json import from_json, to_json
from phenolens.app.geography import Geography
from phenolens.app.panels.probe import ProbePanel
from phenolens.app.panels.tower_import import TowerColumnsDialog
from phenolens.app.recipe import Recipe, TowerColumns, Towers
from phenolens.app.tower_tables import Column, is_known
from phenolens.engine.client.results import Job
from phenolens.engine.towers.oneflux import is_oneflux


@pytest.fixture
def probe(window):
    return window.findChild(ProbePanel)


def test_towers_without_a_position_are_told_in_place_and_with_one_the_map_says_what_it_rests_on(
    opened, probe, tmp_path, until, look
):
    store, geography = opened.model.now.store, Geography(opened.model.now.store.grid)
    spots = {f"XX-T{number}": (10.5 + 12 * number, 24.5) for number in range(3)}
    rows = [
        f"{site},{time[:10]},{spots[site][0] / 10 + n % 5},gC m-2 d-1"
        for site in spots
        for n, time in enumerate(store.times)
    ]
    towers, sites = tmp_path / "towers.csv", tmp_path / "sites.csv"
    towers.write_text("\n".join(["site,date,gpp,unit", *rows]))
    places = {site: geography.lonlat(*spot) for site, spot in spots.items()}
    sites.write_text(
        "\n".join(["site,lat,lon", *(f"{site},{lat},{lon}" for site, (lon, lat) in places.items())])
    )
    recipe = opened.model.now.recipe
    without = replace(recipe, learns="towers", towers=Towers((str(towers),), "", 20.0))
    opened.model.change(recipe=without)
    opened.show_step("Probe")
    probe.fit_asked.emit("gpp")
    until(lambda: "position" in probe._fitting.text())
    assert probe._fitting.property("warning")
    assert "site, lat, lon" in probe._fitting.text()
    assert "--" not in probe._fitting.text()
    opened.model.change(recipe=replace(without, towers=Towers((str(towers),), str(sites), 20.0)))
    probe.fit_asked.emit("gpp")
    until(lambda: "base" in opened.map.shown and opened.map.shown["base"][0].legend.notes != ())
    assert "3 sites" in opened.map.shown["base"][0].legend.notes[0]
    until(lambda: not opened.jobs.going)
    look(opened)


@pytest.fixture
def odd_towers(opened, tmp_path):
    """Daily means of three towers as a spreadsheet writes them, in umol, and where they stand."""
    store, geography = opened.model.now.store, Geography(opened.model.now.store.grid)
    spots = {f"XX-T{number}": (10.5 + 12 * number, 24.5) for number in range(3)}
    rows = [
        f"{site};{time[:4]};{int(time[5:7])};{int(time[8:10])};{spots[site][0] / 10 + n % 5:.2f};0,9".replace(
            ".", ","
        )
        for site in spots
        for n, time in enumerate(store.times)
    ]
    towers, sites = tmp_path / "flux.csv", tmp_path / "sites.csv"
    towers.write_text("\n".join(["Standort;Year;Month;Day;GPP_umol;Guete", *rows]))
    places = {site: geography.lonlat(*spot) for site, spot in spots.items()}
    lines = (f"{site},{lat},{lon}" for site, (lon, lat) in places.items())
    sites.write_text("\n".join(["site,lat,lon", *lines]))
    return towers, sites


def test_columns_of_an_unknown_tower_table_are_asked_for_and_learnt_from(
    opened, probe, odd_towers, until, look
):
    towers, sites = odd_towers
    recipe = opened.model.now.recipe
    opened.model.change(recipe=replace(recipe, learns="towers", towers=Towers((), str(sites), 20.0)))
    imports = opened.findChild(TowerImportController)
    imports.choose((str(towers),))
    until(lambda: opened.findChild(TowerColumnsDialog) is not None)
    dialog = opened.findChild(TowerColumnsDialog)
    assert "unit of GPP" in dialog._why.text()
    assert dialog.answer.time_columns == ("Year", "Month", "Day")
    look(dialog)
    choose(dialog._unit, "umol m-2 s-1")
    assert "quality" in dialog._why.text()
    choose(dialog._boxes["quality"], "Guete")
    assert "site" in dialog._why.text()
    choose(dialog._boxes["site"], "Standort")
    assert dialog._done.isEnabled()
    look(dialog, "-answered")
    dialog._done.click()
    columns = opened.model.now.recipe.towers.columns
    assert columns == TowerColumns(
        "GPP_umol", "umol m-2 s-1", ("Year", "Month", "Day"), "start", "Guete", site_column="Standort"
    )
    assert (
        from_json(Recipe, json.loads(json.dumps(to_json(opened.model.now.recipe)))).towers.columns == columns
    )
    assert "GPP is the column GPP_umol, in umol m-2 s-1" in probe._towers._note.text()
    probe.fit_asked.emit("odd")
    until(lambda: "Fitted on" in probe._fitting.text())
    until(lambda: not opened.jobs.going)
    assert (opened.link.workspace / "odd.probe").is_file()


def choose(box, value):
    box.setCurrentIndex(box.findData(value))


def test_a_table_of_the_networks_or_our_own_needs_no_questions(opened, until, tmp_path):
    ours = tmp_path / "ours.csv"
    ours.write_text("site,date,gpp,qc,unit\nXX-T0,2019-05-01,4.0,1,gC m-2 d-1\n")
    imports = opened.findChild(TowerImportController)
    imports.choose((str(ours),))
    until(lambda: opened.model.now.recipe.towers.files == (str(ours),))
    assert opened.findChild(TowerColumnsDialog) is None
    assert opened.model.now.recipe.towers.columns is None
    (tmp_path / "none.csv").write_text("nothing")
    imports.choose((str(tmp_path / "none.csv"),))
    until(lambda: "can't be read as a table" in opened._message.text())
    assert opened.model.now.recipe.towers.files == (str(ours),)


@pytest.mark.parametrize(
    "header",
    [
        "TIMESTAMP,GPP_NT_VUT_REF,NEE_VUT_REF_QC",
        "TIMESTAMP_START,TIMESTAMP_END,GPP_DT_VUT_REF",
        "TIMESTAMP,TA_F",
        "date,gpp",
        "DATE,NEE_VUT_REF",
    ],
)
def test_the_app_knows_the_same_tower_files_as_the_engine(header):
    names = header.split(",")
    assert is_known(names) == is_oneflux(names)


def test_a_site_that_no_column_says_and_dates_in_one_column_are_told_by_hand(qtbot):
    columns = (
        Column("Datum", ("2019-05-01", "2019-05-02")),
        Column("month", ("5", "5")),
        Column("GPP", ("4.0", "5.0")),
    )
    dialog = TowerColumnsDialog("x.csv", columns)
    qtbot.addWidget(dialog)
    choose(dialog._unit, "gC m-2 d-1")
    assert dialog.answer.time_columns == ("Datum",)
    assert not dialog._done.isEnabled()
    dialog._without.setChecked(True)
    dialog._site.setText(" DE-Tha ")
    assert dialog._done.isEnabled()
    found = dialog.answer
    assert (found.site, found.site_column, found.quality_column) == ("DE-Tha", None, None)
    assert found.without_quality


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (Column("Year", ("2020", "2020")), ""),
        (Column("Date", ("01/03/2020", "01/04/2020")), "Dates such as 01/03/2020"),
        (Column("Date", ("3.1.2020", "4.1.2020")), ""),
        (Column("Date", ("20200103", "20200104")), ""),
    ],
)
def test_days_that_the_engine_could_not_read_are_told_before_anything_is_fitted(qtbot, column, said):
    dialog = TowerColumnsDialog("x.csv", (column, Column("GPP", ("4.0", "5.0")), Column("DOY", ("3", "4"))))
    qtbot.addWidget(dialog)
    choose(dialog._unit, "gC m-2 d-1")
    choose(dialog._boxes["time"], column.name)
    dialog._without.setChecked(True)
    dialog._site.setText("DE-Tha")
    assert dialog._done.isEnabled() == (not said)
    assert dialog._why.text().startswith(said)


def test_a_year_and_the_day_of_the_year_make_a_day(qtbot, look):
    columns = (
        Column("Year", ("2020", "2020")),
        Column("Month", ("1", "1")),
        Column("Day", ("3", "4")),
        Column("DOY", ("3", "4")),
        Column("GPP", ("4.0", "5.0")),
    )
    dialog = TowerColumnsDialog("x.csv", columns)
    qtbot.addWidget(dialog)
    dialog.show()
    choose(dialog._unit, "gC m-2 d-1")
    dialog._without.setChecked(True)
    dialog._site.setText("DE-Tha")
    assert dialog.answer.time_columns == ("Year", "Month", "Day")
    choose(dialog._boxes["day"], "")
    assert dialog._why.text() == "A month is no day: choose the day too."
    choose(dialog._boxes["day"], "Day")
    choose(dialog._boxes["month"], "DOY")
    assert dialog.answer.time_columns == ("Year", "DOY")
    assert dialog._boxes["day"].isHidden()
    assert dialog._done.isEnabled()
    look(dialog)
    choose(dialog._boxes["month"], "")
    assert dialog._why.text().startswith("A year alone is no day")


def test_files_of_one_name_in_several_folders_are_handed_over_under_names_of_their_own():
    given = ["/a/flux.csv", "/b/flux.csv", "/c/Flux.csv", "/b/sites.csv"]
    assert names_apart(given) == ["flux.csv", "2_flux.csv", "3_Flux.csv", "sites.csv"]
    assert names_apart(["/a/2_x.csv", "/a/x.csv", "/b/x.csv"]) == ["2_x.csv", "x.csv", "3_x.csv"]


def test_what_a_fit_left_of_the_towers_files_is_told():
    site = {
        "dropped": {"of a quality below 0.7": 200},
        "notes": ["3 repeated time stamps: the first was taken"],
    }
    sites = [
        {"id": "XX-A", **site},
        {"id": "XX-B", "dropped": {"of a quality below 0.7": 1, "without a value": 9}},
    ]
    told = fit_told(
        {"samples": 900, "dropped": {"of towers outside of the area": 721}, "imported": {"sites": sites}}
    )
    assert told == (
        "Fitted on 900 samples. Left out: 201 of a quality below 0.7; 9 without a value; "
        "721 of towers outside of the area. Times that occur twice (the first was taken): XX-A."
    )
    assert fit_told({"samples": 18}) == "Fitted on 18 samples."


def test_a_probe_of_another_store_leaves_the_map_alone(opened):
    fits = opened.findChild(FitsController)
    shown: list[str] = []
    fits.show_on_map = shown.append
    job = Job("1", "probe-report", "failed")
    fits._judged("x.probe", "", "other.zarr", job)
    assert shown == []
    fits._judged("x.probe", "", opened.model.now.store.store, job)
    assert shown == ["x.probe"]
