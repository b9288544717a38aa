"""Tables with site, date, gpp and unit, as `phenolens towers` writes them: what they state counts."""

import pytest
from phenolens.engine.errors import TowerError
from phenolens.engine.tasks.samples import TowerReading, chosen_towers
from phenolens.engine.towers.units import GRAMS_PER_DAY


def table(path, site, unit):
    rows = [f"{site},2020-06-{day:02d},{day / 2},{unit}" for day in range(1, 11)]
    path.write_text("\n".join(["site,date,gpp,unit", *rows]))
    return path


@pytest.mark.parametrize(("unit", "factor"), [("gC m-2 d-1", 1.0), ("µmol m-2 s-1", GRAMS_PER_DAY)])
def test_the_unit_that_a_table_states_is_the_one_that_it_is_read_in(tmp_path, unit, factor):
    (series,) = chosen_towers([table(tmp_path / "a.csv", "AA-One", unit)], None, TowerReading())
    assert series.gpp.tolist() == pytest.approx([factor * day / 2 for day in range(1, 11)])


def rated(path, name, qualities, site="AA-One"):
    rows = [f"{site},2020-06-{day:02d},{day / 2},gC m-2 d-1,{q}" for day, q in enumerate(qualities, 1)]
    path.write_text("\n".join([f"site,date,gpp,unit,{name}", *rows]))
    return path


@pytest.mark.parametrize("name", ["qc", "NEE_VUT_REF_QC", "Quality"])
def test_days_of_a_table_like_ours_are_judged_by_the_quality_that_it_has(tmp_path, name):
    file = rated(tmp_path / "A.CSV", name, (1, 0.2, 0.9, ""))
    (series,) = chosen_towers([file], None, TowerReading())
    assert series.gpp.tolist() == [0.5, 1.5]
    assert series.dropped == {"of a quality below 0.7": 1, "without a quality": 1}
    (every,) = chosen_towers([file], None, TowerReading(without_quality=True))
    assert len(every) == 4


def test_a_site_of_ours_without_any_quality_is_taken_as_it_is(tmp_path):
    file = rated(tmp_path / "a.csv", "qc", (0.1, 0.9))
    more = rated(tmp_path / "b.csv", "qc", ("", ""), "AA-Two")
    file.write_text(f"{file.read_text()}\n{more.read_text().partition(chr(10))[2]}")
    assert [len(series) for series in chosen_towers([file], None, TowerReading())] == [1, 2]


def test_which_of_several_qualities_is_meant_is_never_guessed(tmp_path):
    file = rated(tmp_path / "a.csv", "NEE_QC,GPP_QC", ("1,1", "0,1"))
    with pytest.raises(TowerError, match="several columns may be the quality of GPP"):
        chosen_towers([file], None, TowerReading())
    other = rated(tmp_path / "c.csv", "TA_F_QC", (1, 0))
    assert [len(series) for series in chosen_towers([other], None, TowerReading())] == [2]
    flags = rated(tmp_path / "b.csv", "qc", (0, 3))
    with pytest.raises(TowerError, match="share from 0 to 1"):
        chosen_towers([flags], None, TowerReading())


@pytest.mark.parametrize(
    ("other", "why"), [("umol m-2 s-1", "not of one unit"), ("", "not known"), ("kgC", "not known")]
)
def test_tables_of_several_units_or_of_none_are_refused(tmp_path, other, why):
    files = [table(tmp_path / "a.csv", "AA-One", "gC m-2 d-1"), table(tmp_path / "b.csv", "AA-Two", other)]
    with pytest.raises(TowerError, match=why):
        chosen_towers(files, None, TowerReading())
