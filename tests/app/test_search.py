"""Search: what is like some places and unlike others."""

import re

from phenolens.app.colouring import array_of
from phenolens.app.panels.search import SearchPanel
from phenolens.app.selection import PixelPick
from phenolens.app.session import Place
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox


def test_what_is_like_one_place_and_unlike_another_is_found_drawn_and_written(opened, until, look):
    panel = opened.findChild(SearchPanel)
    assert not panel._go.isEnabled()
    places = (
        Place("A", "#0072b2", pixel=(5, 5)),
        Place("B", "#d55e00", corners=((30, 30), (40, 30), (35, 40))),
    )
    opened.model.do(places=places)
    opened.model.change(pick=PixelPick(((20, 20), (20, 21))))
    panel.choose("B", "unlike")
    panel.choose("selection", "")
    assert panel.roles == {"A": "like", "B": "unlike"}
    panel._go.click()
    until(lambda: opened.model.now.look.layer.startswith("similarity:"))
    until(lambda: opened.map.shown["base"][0].legend.title.startswith("Similarity"))
    values = array_of(opened.map.shown["base"][0].raster)[0]
    assert values[5, 5] > 95
    assert values[33, 35] < values[5, 5]
    opened.docks["Search"].show()
    opened.docks["Search"].raise_()
    look(opened)
    panel._write.click()
    until(lambda: panel._said.text().startswith("Written"))
    assert (opened.link.workspace / panel._said.text().removeprefix("Written: ")).is_file()


def test_rows_of_the_search_keep_what_was_chosen_when_places_come_and_go(opened):
    panel = opened.findChild(SearchPanel)
    places = tuple(Place(name, "#0072b2", pixel=(5, column)) for column, name in enumerate("ABC"))
    opened.model.do(places=places)
    panel.choose("B", "unlike")
    opened.model.do(places=(*places, Place("D", "#0072b2", pixel=(9, 9))))
    assert panel.roles == {"A": "like", "B": "unlike", "C": "like", "D": "like"}
    opened.model.do(places=places[1:])
    rows = [[panel._table.item(row, column).text() for column in (0, 1)] for row in range(2)]
    assert rows == [["B", "unlike this"], ["C", "like this"]]
    assert panel.roles == {"B": "unlike", "C": "like"}


def test_a_click_opens_what_a_place_may_be_in_the_search(opened, until, look):
    panel = opened.findChild(SearchPanel)
    opened.model.do(places=tuple(Place(name, "#0072b2", pixel=(5, n)) for n, name in enumerate("AB")))
    opened.docks["Search"].show()
    opened.docks["Search"].raise_()
    table = panel._table
    QTest.mouseClick(
        table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualItemRect(table.item(1, 1)).center()
    )
    until(lambda: any(box.view().isVisible() for box in table.viewport().findChildren(QComboBox)))
    box = next(iter(table.viewport().findChildren(QComboBox)))
    QTest.keyClick(box.view(), Qt.Key.Key_Down)
    QTest.keyClick(box.view(), Qt.Key.Key_Return)
    until(lambda: panel.roles == {"A": "like", "B": "unlike"})
    until(lambda: not table.viewport().findChildren(QComboBox))
    look(panel)


def test_a_search_from_many_pixels_asks_for_no_more_than_the_engine_takes(opened, until):
    panel = opened.findChild(SearchPanel)
    places = tuple(Place(name, "#0072b2", pixel=(5, column)) for column, name in enumerate("ABC"))
    opened.model.do(places=places)
    opened.model.change(pick=PixelPick(tuple((row, column) for row in range(30) for column in range(40))))
    panel._go.click()
    until(lambda: opened.model.now.look.layer.startswith("similarity:"))
    assert re.fullmatch(r"Like \d+ pixels\. .*", panel._said.text())
