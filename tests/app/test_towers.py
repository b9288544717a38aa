"""Flux towers are marked where they stand; those outside of the area are told."""

import zipfile
from dataclasses import replace

import pytest
from phenolens.app.controllers.towers import TowersController
from phenolens.app.geography import Geography
from phenolens.app.panels.probe import ProbePanel
from phenolens.app.recipe import TowerColumns, Towers
from phenolens.app.tower_sites import parted, towers_of
from phenolens.app.tower_tables import sites_named
from phenolens.engine.client.look import Look

INSIDE, OUTSIDE = (20.5, 30.5), (150.5, 30.5)
"""Column, row of a store of 48 × 48 pixels."""


@pytest.fixture
def geography(opened) -> Geography:
    return Geography(opened.model.now.store.grid)


@pytest.fixture
def marks(opened):
    return opened.findChild(TowersController).marks


@pytest.fixture
def sites(geography, tmp_path):
    """A table with a tower within the area, one outside of it, and one that stands nowhere."""
    rows = [
        f"{name},{latitude},{longitude},{kind}"
        for name, place, kind in (("XX-In", INSIDE, "DBF"), ("XX-Out", OUTSIDE, "GRA"))
        for longitude, latitude in [geography.lonlat(*place)]
    ]
    table = tmp_path / "sites.csv"
    table.write_text("\n".join(["site,lat,lon,igbp", *rows, "XX-No,-9999,-9999,GRA"]))
    return table


def _learn(window, *files, sites=None) -> None:
    towers = Towers(tuple(map(str, files)), sites and str(sites))
    window.model.change(recipe=replace(window.model.now.recipe, learns="towers", towers=towers))


def test_towers_within_the_area_are_marked_and_named_below_the_pointer(opened, marks, sites, until, look):
    _learn(opened, sites=sites)
    until(lambda: marks.shown == ("XX-In",))
    opened.map.hovered.emit((INSIDE[0] + 0.4, INSIDE[1]))
    assert marks.named == "XX-In (DBF)"
    look(opened)
    opened.map.hovered.emit((5.0, 5.0))
    assert marks.named == ""
    opened.model.change(recipe=replace(opened.model.now.recipe, learns="labels"))
    assert marks.shown == ()


def test_towers_outside_of_the_area_are_told_with_their_distance(opened, marks, sites, until):
    _learn(opened, sites=sites)
    until(lambda: "XX-Out (1 km away)" in opened._message.text())
    assert not opened._message.property("warning")
    sites.with_name("far.csv").write_text("Site_ID;Latitude;Longitude\nXX-Far;51,5;4,25\n")
    _learn(opened, sites=sites.with_name("far.csv"))
    until(lambda: "No tower lies within the area" in opened._message.text())
    assert opened._message.property("warning")
    assert marks.shown == ()


def test_of_a_table_of_many_sites_those_are_marked_whose_fluxes_are_learnt_from(
    opened, marks, geography, sites, tmp_path, until
):
    longitude, latitude = geography.lonlat(30.5, 10.5)
    sites.write_text(f"{sites.read_text()}\nXX-Two,{latitude},{longitude},GRA\n")
    ours = tmp_path / "gpp.csv"
    ours.write_text("site,date,gpp,unit\nXX-Two,2019-05-01,4.0,gC m-2 d-1\n")
    _learn(opened, ours, sites=sites)
    until(lambda: marks.shown == ("XX-Two",))
    assert "XX-Out" not in opened._message.text()
    named = tmp_path / "FLX_XX-Two_FLUXNET2015_FULLSET_DD_2019-2020_1-4.csv"
    named.write_text("TIMESTAMP,GPP_NT_VUT_REF\n")
    assert sites_named([str(ours), str(named)], None) == {"XX-Two"}
    told = TowerColumns("gpp", "gC m-2 d-1", ("date",), site="XX-In")
    assert sites_named([str(ours)], told) == {"XX-In"}
    assert sites_named([str(ours)], replace(told, site_column="site")) == {"XX-Two"}
    named.rename(tmp_path / "fluxes.csv")
    assert sites_named([str(tmp_path / "fluxes.csv")], None) is None  # nobody knows: all of the table


def test_what_was_said_of_towers_goes_with_the_area(opened, marks, sites, until):
    probe = opened.findChild(ProbePanel)
    sites.with_name("far.csv").write_text("site,lat,lon\nXX-Far,51.5,4.25\n")
    _learn(opened, sites=sites.with_name("far.csv"))
    until(lambda: "No tower lies within the area" in opened._message.text())
    opened.model.change(look=Look("probe:none.probe"))  # of the same towers it still holds
    opened.model.change(look=Look("pca"))
    until(lambda: "towers" not in opened.link._under_way)
    assert "No tower lies within the area" in opened._message.text()
    probe.set_busy("No tower lies within the area", warning=True)
    opened.model.change(store=None)
    assert opened._message.text() == ""
    assert probe._fitting.isHidden()


def test_a_table_without_positions_says_what_is_needed(opened, marks, tmp_path, until):
    (tmp_path / "no.csv").write_text("name,height\nXX-In,40\n")
    _learn(opened, sites=tmp_path / "no.csv")
    until(lambda: "site, lat, lon" in opened._message.text())
    assert marks.shown == ()


def test_zips_of_the_networks_tell_where_their_towers_stand(geography, tmp_path):
    longitude, latitude = geography.lonlat(*INSIDE)
    told = {"LOCATION_LAT": latitude, "LOCATION_LONG": longitude, "IGBP": "EBF"}
    rows = [f"XX-Zip,{name},{value}" for name, value in told.items()]
    with zipfile.ZipFile(tmp_path / "FLX_XX-Zip.zip", "w") as archive:
        archive.writestr("FLX_AA-Flx_BIF_DD_20200501.csv", "\n".join(["SITE_ID,VARIABLE,DATAVALUE", *rows]))
        archive.writestr("FLX_XX-Zip_FLUXNET2015_FULLSET_DD_2019-2020_1-4.csv", "TIMESTAMP,GPP_NT_VUT_REF\n")
    (tower,) = towers_of([str(tmp_path / "FLX_XX-Zip.zip")], None, geography)
    assert tower.told == "XX-Zip (EBF)"
    assert (tower.column, tower.row) == pytest.approx(INSIDE, abs=0.01)
    (tmp_path / "broken.zip").write_text("no zip")
    with pytest.raises(ValueError, match="zip"):
        towers_of([str(tmp_path / "broken.zip")], None, geography)


def test_distances_to_the_area_are_those_to_its_edge(geography, sites):
    towers = parted(towers_of([], str(sites), geography), geography)
    assert [one.name for one in towers.within] == ["XX-In"]
    ((outside, away),) = towers.outside
    assert outside.name == "XX-Out"
    assert away == pytest.approx((OUTSIDE[0] - 48) * 10, rel=0.01)


def test_a_probe_on_the_map_brings_the_towers_that_it_learnt_from(opened, marks, geography, workspace, until):
    longitude, latitude = geography.lonlat(*INSIDE)
    table = workspace / "gpp-report-heldout.csv"
    row = f"site,4.1,3.9,{longitude},{latitude},2020-06-01,XX-In"
    table.write_text(f"scheme,reference,predicted,lon,lat,date,site\n{row}\n{row}\n")
    try:
        opened.model.change(look=Look("probe:gpp.probe"))
        until(lambda: marks.shown == ("XX-In",))
        opened.model.change(look=Look("pca"))
        assert marks.shown == ()
    finally:
        table.unlink()
