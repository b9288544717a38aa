"""Tower files of three networks, and any other CSV, become daily GPP with quality control."""

import zipfile

import numpy as np
import pandas as pd
import pytest
from phenolens.engine.errors import OutputError, TowerError
from phenolens.engine.towers.daily import TowerOptions
from phenolens.engine.towers.read import read_towers
from phenolens.engine.towers.sites import Site, read_sites
from phenolens.engine.towers.table import TableColumns
from phenolens.engine.towers.units import GRAMS_PER_DAY, known_unit
from phenolens.engine.towers.write import write_towers

FLUXNET = "FLX_DE-Tha_FLUXNET2015_FULLSET_DD_1996-2014_1-4.csv"
NAMES = [
    FLUXNET,
    "FLX_DE-Tha_FLUXNET2015_SUBSET_DD_1996-2014_1-4.csv",
    "ICOSETC_DE-Tha_FLUXNET_DD_L2.csv",
    "ICOSETC_DE-Tha_FLUXNET_FLUXMET_DD_2018-2025_v1.3_r1.csv",
    "AMF_DE-Tha_FLUXNET_FULLSET_DD_1996-2020_3-5.csv",
]
HALF_HOURS = "ICOSETC_DE-Tha_FLUXNET_HH_L2.csv"
NO_QUALITY = TowerOptions(without_quality=True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("name", NAMES)
def test_daily_files_of_every_network_are_masked_by_the_quality_of_nee(save, daily, name, encoding):
    (series,) = read_towers([save(name, daily, encoding=encoding)])
    assert series.site.id == "DE-Tha"
    assert series.day.astype(str).tolist() == ["2020-01-01", "2020-01-02", "2020-01-04", "2020-01-06"]
    assert series.gpp.tolist() == [1.0, 2.0, 4.0, -0.2]
    assert series.dropped == {"without a value": 1, "of a quality below 0.7": 1}
    assert series.quality.tolist() == [1.0, 0.7, 0.9, 0.8]


def test_the_threshold_and_the_partitioning_can_be_chosen(save, daily):
    (series,) = read_towers([save(FLUXNET, daily)], TowerOptions(partitioning="DT", least_quality=0.9))
    assert series.variable == "GPP_DT_VUT_REF"
    assert series.gpp.tolist() == [2.0, 8.0]


def test_structural_uncertainty_is_kept_where_it_is(save, daily):
    towers = read_towers([save(FLUXNET, daily)])
    assert set(towers.series[0].percentiles) == {"GPP_NT_VUT_05", "GPP_NT_VUT_95"}
    np.testing.assert_allclose(towers.series[0].percentiles["GPP_NT_VUT_95"], towers.series[0].gpp + 0.1)
    assert "GPP_NT_VUT_05" in towers.frame()


def test_half_hours_become_grams_per_day_and_their_own_share_of_good_ones(save, half_hourly):
    (series,) = read_towers([save(HALF_HOURS, half_hourly)])
    assert pytest.approx(1.0378, abs=1e-4) == GRAMS_PER_DAY
    assert series.gpp.tolist() == [pytest.approx(10.378, abs=1e-3)]
    assert series.dropped == {"of a quality below 0.7": 1}
    both = read_towers([save(HALF_HOURS, half_hourly)], TowerOptions(least_quality=0.5)).series[0]
    assert both.quality.tolist() == [1.0, 0.5]
    assert both.gpp[1] == pytest.approx(20.755, abs=1e-3)


def test_hours_are_read_like_half_hours(save, half_hourly):
    hourly = half_hourly.iloc[::2]
    (series,) = read_towers([save("AMF_US-Ha1_FLUXNET_FULLSET_HR_1991-2020_3-5.csv", hourly)])
    assert len(series) == 2
    assert series.gpp[0] == pytest.approx(10.378, abs=1e-3)


def test_an_incomplete_day_is_dropped_unless_that_is_allowed(save, half_hourly):
    half_hourly.loc[[20, 21], "GPP_NT_VUT_REF"] = -9999
    path = save(HALF_HOURS, half_hourly.drop(index=[5]))
    with pytest.raises(TowerError, match="no day of any tower"):
        read_towers([path])
    (series,) = read_towers([path], TowerOptions(least_complete=0.9))
    assert series.quality.tolist() == [pytest.approx(47 / 48)]


def test_the_half_hour_that_starts_at_midnight_belongs_to_the_new_day(save, half_hourly):
    half_hourly.loc[48, "GPP_NT_VUT_REF"] = 68.0
    series = read_towers([save(HALF_HOURS, half_hourly)], TowerOptions(least_quality=0)).series[0]
    assert series.gpp.tolist() == pytest.approx([10 * GRAMS_PER_DAY, 21 * GRAMS_PER_DAY])


def test_a_zip_gives_its_daily_fluxes_and_its_site_table(tmp_path, save, daily, half_hourly):
    path = tmp_path / "FLX_DE-Tha_FLUXNET2015_FULLSET_1996-2014_1-4.zip"
    bif = pd.DataFrame(
        {
            "SITE_ID": "DE-Tha",
            "GROUP_ID": [1, 1, 1, 2],
            "VARIABLE_GROUP": ["GRP_LOCATION"] * 3 + ["GRP_IGBP"],
            "VARIABLE": ["LOCATION_LAT", "LOCATION_LONG", "LOCATION_ELEV", "IGBP"],
            "DATAVALUE": ["50.9626", "13.5651", "385", "ENF"],
        }
    )
    members = {
        "FLX_DE-Tha_FLUXNET2015_AUXMETEO_1996-2014_1-4.csv": daily[["TIMESTAMP"]],
        "FLX_DE-Tha_FLUXNET2015_ERAI_DD_1989-2014_1-4.csv": daily[["TIMESTAMP", "TA_F"]],
        "FLX_DE-Tha_FLUXNET2015_FULLSET_HH_1996-2014_1-4.csv": half_hourly,
        FLUXNET: daily,
        "FLX_DE-Tha_FLUXNET2015_FULLSET_MM_1996-2014_1-4.csv": daily,
        "FLX_DE-Tha_FLUXNET2015_VARINFO_DD_1996-2014_1-4.csv": bif,
        "FLX_DE-Tha_BIF_20200501.csv": bif,
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, frame in members.items():
            archive.writestr(f"folder/{name}", "\ufeff" + frame.to_csv(index=False))
        archive.writestr("README.txt", "terms of use")
    (series,) = read_towers([path])
    assert series.gpp.tolist() == [1.0, 2.0, 4.0, -0.2]
    assert series.site == Site("DE-Tha", 50.9626, 13.5651, "ENF", 385.0)


@pytest.mark.parametrize("content", [b"PK\3\4 cut short", b""])
def test_a_broken_zip_is_refused(tmp_path, content):
    path = tmp_path / "FLX_DE-Tha_FLUXNET2015_FULLSET_1996-2014_1-4.zip"
    path.write_bytes(content)
    with pytest.raises(TowerError, match="zip can't be read"):
        read_towers([path])


def test_a_zip_without_fluxes_is_refused_with_what_it_holds(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ICOSETC_DE-Tha_METEO_HH_L2.csv", "TIMESTAMP_START,TA\n")
    with pytest.raises(TowerError, match=r"holds no fluxes.*METEO"):
        read_towers([path])


def test_a_file_without_quality_is_refused_unless_allowed(save, daily):
    path = save(FLUXNET, daily.drop(columns="NEE_VUT_REF_QC"))
    with pytest.raises(TowerError, match=r"no quality column.*NEE_VUT_REF_QC"):
        read_towers([path])
    (series,) = read_towers([path], NO_QUALITY)
    assert len(series) == 5
    assert np.isnan(series.quality).all()
    assert "no quality column: every day was taken as it is" in series.notes


def test_a_site_given_twice_is_refused_with_both_files(save, daily):
    paths = [save(name, daily) for name in (FLUXNET, "ICOSETC_DE-Tha_FLUXNET_DD_L2.csv")]
    with pytest.raises(TowerError, match=r"given twice.*FLX_DE-Tha.*ICOSETC_DE-Tha"):
        read_towers(paths)


def test_half_hourly_numbers_in_a_daily_file_are_refused_with_their_size(save, daily):
    with pytest.raises(TowerError, match=r"too large for GPP in gC m-2 d-1.*99th percentile 69.*umol"):
        read_towers([save(FLUXNET, daily.assign(GPP_NT_VUT_REF=np.linspace(0, 70, 6)))])


def test_sums_of_micromoles_are_refused(save, half_hourly):
    half_hourly["GPP_NT_VUT_REF"] *= 1800
    with pytest.raises(TowerError, match=r"too large for GPP in umol m-2 s-1"):
        read_towers([save(HALF_HOURS, half_hourly)])


def test_a_year_of_kilograms_is_refused(save):
    day = pd.date_range("2020-01-01", periods=366)
    table = pd.DataFrame({"date": day.strftime("%Y-%m-%d"), "gpp": np.linspace(0, 0.012, 366)})
    columns = TableColumns("gpp", "gC m-2 d-1")
    with pytest.raises(TowerError, match="too small"):
        read_towers([save("t.csv", table)], NO_QUALITY, columns=columns, site="A")


def test_gpp_with_the_sign_of_nee_is_refused(save, daily):
    with pytest.raises(TowerError, match="negative throughout"):
        read_towers([save(FLUXNET, daily.assign(GPP_NT_VUT_REF=-np.linspace(1, 20, 6)))])


def test_grams_per_day_can_not_be_stated_of_half_hours(save, half_hourly):
    frame = half_hourly.assign(time=pd.date_range("2020-06-01", periods=96, freq="30min").astype(str))
    columns = TableColumns("GPP_NT_VUT_REF", "gC m-2 d-1", ("time",))
    with pytest.raises(TowerError, match=r"within days can't be in gC m-2 d-1.*30 minutes"):
        read_towers([save("t.csv", frame)], NO_QUALITY, columns=columns, site="A")


@pytest.mark.parametrize("unit", ["", "g", "kgC m-2 yr-1"])
def test_an_unknown_unit_is_refused(unit):
    with pytest.raises(TowerError, match="unit of GPP is not known"):
        TableColumns("gpp", unit)


def test_units_are_known_however_they_are_spelled():
    assert {known_unit(u) for u in ("gC m-2 d-1", "g C m^-2 day-1", "gC/m²/d", "gC m⁻² d⁻¹")} == {
        "gC m-2 d-1"
    }
    assert {known_unit(u) for u in ("µmol m-2 s-1", "umolCO2 m-2 s-1", "μmol CO2 m^-2 s^-1")} == {
        "umol m-2 s-1"
    }


def dated(stamps):
    return pd.DataFrame({"when": stamps, "gpp": np.linspace(1, 5, len(stamps))})


@pytest.mark.parametrize("stamps", [["3.1.2020", "12.02.2020"], ["03.01.2020 00:00", "12.02.2020 00:00"]])
def test_dates_with_dots_are_day_month_and_year(save, stamps):
    columns = TableColumns("gpp", "gC m-2 d-1", ("when",))
    (series,) = read_towers([save("t.csv", dated(stamps))], NO_QUALITY, columns=columns, site="A")
    assert series.day.astype(str).tolist() == ["2020-01-03", "2020-02-12"]


def of_year(path, days, time_is="start", **columns):
    path.write_text("\n".join(["Year,DOY,GPP", *(f"{year},{day},{n}" for n, (year, day) in enumerate(days))]))
    named = TableColumns("GPP", columns.pop("unit", "gC m-2 d-1"), ("Year", "DOY"), time_is)
    (series,) = read_towers([path], NO_QUALITY, columns=named, site="XX-Doy")
    return series.day.astype(str).tolist()


def test_a_year_and_the_day_of_the_year_are_a_day(tmp_path):
    path = tmp_path / "x.csv"
    days = [(2019, 60), (2019, 365), (2020, 60), (2020, 366)]
    assert of_year(path, days) == ["2019-03-01", "2019-12-31", "2020-02-29", "2020-12-31"]
    assert of_year(path, [(2020, day) for day in (365, 366, 367)], "end")[1:] == ["2020-12-30", "2020-12-31"]
    halves = [(2020, round(60 + n / 48, 4)) for n in range(48)]
    assert of_year(path, halves, unit="umol m-2 s-1") == ["2020-02-29"]


@pytest.mark.parametrize(
    ("days", "why"),
    [
        ([(2019, 366)], "time stamps can't be read"),
        ([(2019, 0), (2019, 20)], "time stamps can't be read"),
        ([(2019, 30), ("", 31)], "time stamps can't be read"),
        ([(2019, 1), (2019, 12)], "a year and a month are no day"),
    ],
)
def test_days_that_a_year_lacks_and_months_are_no_days(tmp_path, days, why):
    with pytest.raises(TowerError, match=why):
        of_year(tmp_path / "x.csv", days)


@pytest.mark.parametrize("stamps", [[2020, 2020, 2021], ["01/03/2020", "01/04/2020"], ["2020001", "2020002"]])
def test_years_alone_and_dates_that_can_mean_two_days_are_refused(save, stamps):
    columns = TableColumns("gpp", "gC m-2 d-1", ("when",))
    with pytest.raises(TowerError, match="time stamps can't be read"):
        read_towers([save("t.csv", dated(stamps))], NO_QUALITY, columns=columns, site="A")


@pytest.mark.parametrize(
    ("stamp", "column"), [([202001, 202002], "TIMESTAMP"), ([20200101, 20200108], "TIMESTAMP_START")]
)
def test_months_and_weeks_are_refused(save, daily, stamp, column):
    frame = daily.head(2).drop(columns="TIMESTAMP").assign(**{column: stamp})
    with pytest.raises(TowerError, match="neither days nor half-hours"):
        read_towers([save("FLX_DE-Tha_FLUXNET2015_FULLSET_MM_1996-2014_1-4.csv", frame)])


def test_quality_flags_in_a_daily_file_and_shares_in_half_hours_are_refused(save, daily, half_hourly):
    with pytest.raises(TowerError, match="share from 0 to 1"):
        read_towers([save(FLUXNET, daily.assign(NEE_VUT_REF_QC=[0, 1, 2, 3, 0, 1]))])
    with pytest.raises(TowerError, match="whole number"):
        read_towers([save(HALF_HOURS, half_hourly.assign(NEE_VUT_REF_QC=0.8))])


def test_missing_infinite_and_unrated_days_are_dropped(save, daily):
    daily["GPP_NT_VUT_REF"] = ["inf", "1", "NaN", "2", "", "3"]
    daily["NEE_VUT_REF_QC"] = [1, 1, 1, -9999, 1, 1]
    (series,) = read_towers([save(FLUXNET, daily)])
    assert series.gpp.tolist() == [1.0, 3.0]
    assert series.dropped == {"without a value": 3, "without a quality": 1}


def test_repeated_days_are_taken_once(save, daily):
    (series,) = read_towers([save(FLUXNET, pd.concat([daily, daily.head(2)]))])
    assert len(series) == 4
    assert "2 repeated time stamps: the first was taken" in series.notes


def test_another_gpp_column_is_named_where_the_wanted_one_is_absent(save, daily):
    with pytest.raises(TowerError, match=r"GPP_NT_VUT_REF.*it has GPP_DT_VUT_REF"):
        read_towers([save(FLUXNET, daily[["TIMESTAMP", "NEE_VUT_REF_QC", "GPP_DT_VUT_REF"]])])


def test_an_unknown_format_and_a_nameless_file_are_refused(save, daily, tmp_path):
    with pytest.raises(TowerError, match="no known format"):
        read_towers([save("FLX_DE-Tha_FLUXNET2015_X_DD_1-2.csv", daily[["TA_F"]])])
    with pytest.raises(TowerError, match="which site it is of"):
        read_towers([save("tharandt.csv", daily)])
    assert read_towers([save("tharandt.csv", daily)], site="DE-Tha").series[0].site.id == "DE-Tha"
    with pytest.raises(TowerError, match="no such file"):
        read_towers([tmp_path / "absent.csv"])


@pytest.mark.parametrize(
    "options", [{"least_quality": 1.1}, {"least_complete": float("nan")}, {"partitioning": "XT"}]
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(TowerError):
        TowerOptions(**options)


def test_the_site_table_is_read_by_any_usual_name_and_checked(save, daily):
    rows = {"SITE_ID": ["DE-Tha"], "LOCATION_LAT": [50.96], "LOCATION_LONG": [13.57], "IGBP": ["ENF"]}
    sites = read_sites(save("sites.csv", pd.DataFrame(rows)))
    towers = read_towers([save(FLUXNET, daily)], sites=sites)
    assert towers.series[0].site == Site("DE-Tha", 50.96, 13.57, "ENF")
    assert "50.9600" in towers.text()
    with pytest.raises(TowerError, match="given twice"):
        read_sites(save("twice.csv", pd.DataFrame({"site": ["A", "A"], "lat": [1, 2], "lon": [3, 3]})))
    with pytest.raises(TowerError, match="lacks columns"):
        read_sites(save("short.csv", pd.DataFrame({"site": ["A"]})))
    with pytest.raises(TowerError, match="latitude is no latitude"):
        read_sites(save("far.csv", pd.DataFrame({"site": ["A"], "lat": [500_000], "lon": [3]})))


def test_positions_that_are_no_numbers_are_refused_and_missing_ones_are_missing(save):
    def read(latitude):
        return read_sites(save("s.csv", pd.DataFrame({"site": ["A"], "lat": [latitude], "lon": [3]})))[
            "A"
        ].lat

    with pytest.raises(TowerError, match=r"lat is no number.*46°02.*decimal degrees"):
        read("46°02'10\"N")
    assert [read(value) for value in ("", "-9999", "46.5")] == [None, None, 46.5]


def test_half_hours_of_svartberget_add_up_to_the_sum_by_hand(shared_data):
    path = next((shared_data / "svartberget_flux").glob("*.csv"))
    columns = TableColumns(
        gpp="GPP_gapfilled",
        unit="µmol m-2 s-1",
        time=("year", "month", "day", "hour", "minute"),
        quality="NEE_flag",
        good_flags=(0,),
    )
    (every,) = read_towers([path], TowerOptions(least_quality=0), columns=columns)
    table = pd.read_csv(path, sep=";")
    whole_days = table.iloc[48:]["GPP_gapfilled"]  # the first half-hour of the first day is missing
    assert every.site.id == "SE-Svb"
    assert every.dropped == {"that lack half-hours": 1}
    assert every.gpp.sum() == pytest.approx(whole_days.sum() * 12.011e-6 * 1800)
    measured = read_towers([path], columns=columns).series[0]
    assert (measured.quality >= 0.7).all()
    assert len(measured) + sum(measured.dropped.values()) == 365


def test_the_real_hls_tower_table_gives_36_sites(shared_data):
    path = next((shared_data / "tower_gpp_hls").glob("*.csv"))
    columns = TableColumns("GPP", "gC m-2 d-1", site="SITE_ID")
    towers = read_towers([path], NO_QUALITY, columns=columns)
    assert len(towers) == 36
    assert len(towers.frame()) == 975


def test_daily_gpp_is_written_once_and_reads_back(save, daily, tmp_path):
    towers = read_towers([save(FLUXNET, daily)])
    path = tmp_path / "out/daily.csv"
    write_towers(towers, path)
    table = pd.read_csv(path)
    assert list(table.columns)[:5] == ["site", "date", "gpp", "qc", "unit"]
    assert table["gpp"].tolist() == [1.0, 2.0, 4.0, -0.2]
    again = read_towers([path], columns=TableColumns("gpp", "gC m-2 d-1", quality="qc", site="site"))
    np.testing.assert_array_equal(again.series[0].gpp, towers.series[0].gpp)
    with pytest.raises(OutputError, match="exists"):
        write_towers(towers, path)
