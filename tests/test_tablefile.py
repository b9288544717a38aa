"""Tables as spreadsheets write them."""

from pathlib import Path

import pytest
from phenolens.engine.tablefile import read_table


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_names_are_read_in_whatever_encoding_spreadsheets_wrote_them(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "fields.csv"
    path.write_text("Name;Fläche\nGebüsch;1,5\nÄcker;22,25\n", encoding=encoding)
    table = read_table(path)
    assert list(table.columns) == ["Name", "Fläche"]
    assert table["Name"].tolist() == ["Gebüsch", "Äcker"]
    assert table["Fläche"].tolist() == [1.5, 22.25]
