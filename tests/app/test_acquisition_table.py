"""The table of acquisitions, which sorts its own rows."""

from dataclasses import replace

import pytest
from phenolens.app.panels.acquisition_table import AcquisitionTable, Row
from phenolens.app.panels.acquisitions import AcquisitionsPanel
from phenolens.app.theme import theme_named
from phenolens.engine.client.sources import Acquisition
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester

CLEAR, CHECKED = 2, Qt.ItemDataRole.CheckStateRole
DESCENDING = Qt.SortOrder.DescendingOrder
ROWS = [
    Row("s2", Acquisition(f"2020-01-{day:02}T00:00:00Z"), clear)
    for day, clear in ((1, 0.5), (2, 1.0), (3, 0.09), (4, None), (5, 0.5))
]


@pytest.fixture
def panel(qtbot):
    made = AcquisitionsPanel(theme_named("light"))
    qtbot.addWidget(made)
    made.set_rows(ROWS, "five")
    return made


def days(table):
    return [int(table.index(row, 1).data()[8:10]) for row in range(table.rowCount())]


def test_what_is_known_later_is_told_of_its_own_column(qtbot):
    table, told = AcquisitionTable(), []
    table.set_rows(ROWS)
    table.dataChanged.connect(lambda first, last, _: told.append((first.column(), last.column())))
    table.set_rows([replace(row, clear=0.6) for row in ROWS])
    assert told == [(CLEAR, CLEAR)]
    assert table.index(len(ROWS) - 1, CLEAR).data() == "60%"
    table.set_left_out(frozenset(ROWS[0].keys))
    assert told[1:] == [(0, 0)]


def test_rows_are_sorted_by_what_their_cells_say_also_those_that_come_later(qtbot):
    table = AcquisitionTable()
    faults = QAbstractItemModelTester(table, QAbstractItemModelTester.FailureReportingMode.Fatal)
    table.set_rows(ROWS[:3])
    table.sort(CLEAR)
    assert days(table) == [3, 1, 2]
    table.set_rows(ROWS)
    assert days(table) == [4, 3, 1, 5, 2]  # 9 % before 50 %, those alike as they came
    table.sort(CLEAR, DESCENDING)
    assert days(table) == [2, 1, 5, 3, 4]
    table.set_rows([replace(row, clear=number / 10) for number, row in enumerate(ROWS)])
    assert days(table) == [5, 4, 3, 2, 1]
    table.sort(-1)
    assert days(table) == [1, 2, 3, 4, 5]
    assert faults is not None


def test_what_is_chosen_and_ticked_stays_the_same_acquisition_however_rows_are_sorted(panel):
    table, told = panel.table, []
    panel.ticked.connect(lambda keys, used: told.append((keys, used)))
    table.selectRow(0)
    table.sortByColumn(CLEAR, DESCENDING)
    model = table.model()
    assert [place.row() for place in table.selectionModel().selectedRows()] == [1]
    model.setData(model.index(0, 0), Qt.CheckState.Unchecked.value, CHECKED)
    assert told == [(["s2:2020-01-02T00:00:00Z"], False)]
    panel.set_left_out(["s2:2020-01-03T00:00:00Z"])
    assert [Qt.CheckState(model.index(row, 0).data(CHECKED)) for row in (2, 3)] == [
        Qt.CheckState.Checked,
        Qt.CheckState.Unchecked,
    ]
    panel.strip.chosen.emit(1)
    assert [place.row() for place in table.selectionModel().selectedRows()] == [0]
