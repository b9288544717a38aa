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


@pytest.mark.parametrize(
    ("other", "why"), [("umol m-2 s-1", "not of one unit"), ("", "not known"), ("kgC", "not known")]
)
def test_tables_of_several_units_or_of_none_are_refused(tmp_path, other, why):
    files = [table(tmp_path / "a.csv", "AA-One", "gC m-2 d-1"), table(tmp_path / "b.csv", "AA-Two", other)]
    with pytest.raises(TowerError, match=why):
        chosen_towers(files, None, TowerReading())
