"""Strips of dates and of acquisitions, and the pictures that are kept of what widgets and plots paint."""

from itertools import pairwise

import pyqtgraph as pg
import pytest
from phenolens.app.panels.acquisition_strip import AcquisitionStrip
from phenolens.app.panels.acquisition_table import Row
from phenolens.app.panels.dates import DateStrip
from phenolens.app.panels.kept_picture import KeptPicture
from phenolens.app.theme import theme_named
from phenolens.engine.client.sources import Acquisition
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap

DAYS = [f"2020-01-{day:02}T00:00:00Z" for day in range(1, 21)]
ROWS = [
    *(Row("s2", Acquisition(day), number / 19) for number, day in enumerate(DAYS)),
    *(Row("s1", Acquisition(day)) for day in DAYS[::5]),
]


@pytest.fixture
def theme():
    return theme_named("light")


@pytest.fixture
def dates(qtbot, theme) -> DateStrip:
    made = DateStrip(theme)
    qtbot.addWidget(made)
    made.resize(600, 60)
    made.set_times(DAYS)
    made.set_acquisitions({"s2": DAYS})
    return made


@pytest.fixture
def acquisitions(qtbot, theme) -> AcquisitionStrip:
    made = AcquisitionStrip(theme)
    qtbot.addWidget(made)
    made.resize(600, 64)
    made.set_rows(ROWS)
    return made


def test_a_step_to_another_date_writes_no_names_again(dates, theme, monkeypatch):
    written = []
    names = DateStrip._years
    monkeypatch.setattr(DateStrip, "_years", lambda *told: (written.append(1), names(*told)))
    first = dates.grab().toImage()
    assert written == [1]
    dates.set_date(9)
    second = dates.grab().toImage()
    assert written == [1]
    x = round(dates.x_of(9))
    assert first.pixelColor(x, 30) != second.pixelColor(x, 30) == QColor(theme.accent)


def test_dates_are_drawn_anew_in_another_size_and_another_theme_and_once_more_is_known(dates, theme):
    pictures = [dates.grab().toImage()]
    dates.set_clear_shares([0.5] * len(DAYS))
    pictures.append(dates.grab().toImage())
    dates.resize(500, 60)
    pictures.append(dates.grab().toImage())
    theme.become(theme_named("dark"))
    pictures.append(dates.grab().toImage())
    dates.set_times(DAYS[:5])
    pictures.append(dates.grab().toImage())
    assert all(before != after for before, after in pairwise(pictures))


def test_a_click_on_a_bar_means_its_acquisition_and_one_beside_all_bars_none(acquisitions, qtbot):
    chosen = []
    acquisitions.chosen.connect(chosen.append)
    across = acquisitions._x_at(acquisitions._times).round().astype(int).tolist()
    for number, y in ((3, 20), (19, 20), (21, 45)):
        qtbot.mouseClick(acquisitions, Qt.MouseButton.LeftButton, pos=QPoint(across[number], y))
    qtbot.mouseClick(acquisitions, Qt.MouseButton.LeftButton, pos=QPoint(2, 20))
    assert chosen == [3, 19, 21]


def test_bars_are_the_higher_the_clearer_and_a_mark_where_one_is_left_out(acquisitions, theme):
    def top(number: int) -> int:
        """Where its bar begins, from above."""
        picture = acquisitions.grab().toImage()
        x = int(acquisitions._x_at(acquisitions._times)[number])
        return next(y for y in range(24) if picture.pixelColor(x, y) != picture.pixelColor(x - 8, y))

    assert top(19) < top(12) < top(5)
    before = top(18)
    acquisitions.set_left_out(frozenset(ROWS[18].keys))
    assert top(18) > before
    x = int(acquisitions._x_at(acquisitions._times)[18])
    column = {acquisitions.grab().toImage().pixelColor(x + across, 22).name() for across in (-1, 0, 1)}
    assert theme.warning in column


def test_nothing_is_painted_of_a_plot_that_has_no_room(qtbot):
    drawn = []
    picture = KeptPicture(pg.GraphicsObject(), lambda: [drawn.append])
    device = QPixmap(20, 20)
    with QPainter(device) as painter:
        picture.draw(painter, QRectF(0, 0, 0, 10))
        assert drawn == []
        picture.draw(painter, QRectF(0, 0, 5, 10))
    assert len(drawn) == 1
