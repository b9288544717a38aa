"""`phenolens towers` at the terminal."""

import json

import pandas as pd
from phenolens.engine.__main__ import main

NAME = "FLX_DE-Tha_FLUXNET2015_FULLSET_DD_1996-2014_1-4.csv"


def test_towers_prints_the_sites_and_writes_daily_gpp(save, daily, tmp_path, capsys):
    sites = save(
        "sites.csv", pd.DataFrame({"site": ["DE-Tha"], "lat": [50.96], "lon": [13.57], "igbp": ["ENF"]})
    )
    out = tmp_path / "gpp.csv"
    assert main(["towers", str(save(NAME, daily)), "--sites", str(sites), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "1 sites, 4 site-days of GPP in gC m-2 d-1" in printed
    assert "dropped 1 of a quality below 0.7" in printed
    assert len(pd.read_csv(out)) == 4
    assert (tmp_path / "gpp.csv").with_name("gpp.run.toml").is_file()


def test_towers_of_another_kind_are_read_by_their_columns(save, half_hourly, capsys):
    frame = half_hourly.assign(when=pd.date_range("2020-06-01 00:30", periods=96, freq="30min").astype(str))
    path = save("tower.csv", frame[["when", "GPP_NT_VUT_REF", "NEE_VUT_REF_QC"]])
    given = ["towers", str(path), "--site", "DE-Tha", "--gpp-column", "GPP_NT_VUT_REF", "--json"]
    given += ["--time-columns", "when", "--time-is", "end", "--quality-column", "NEE_VUT_REF_QC"]
    assert main([*given, "--unit", "umol m-2 s-1"]) == 0
    site = json.loads(capsys.readouterr().out)["sites"][0]
    assert (site["read"], site["kept"], site["first"]) == (2, 1, "2020-06-01")
    assert main([*given, "--unit", "gC m-2 d-1"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert "within days" in error["cause"]
    assert "umol m-2 s-1" in error["remedy"]
    assert main([*given, "--unit", "umol m-2 s-1", "--good-flags", "good"]) == 2


def test_a_tower_file_without_quality_is_taken_only_when_asked(save, daily):
    path = str(save(NAME, daily.drop(columns="NEE_VUT_REF_QC")))
    assert main(["towers", path]) == 2
    assert main(["towers", path, "--without-quality"]) == 0
