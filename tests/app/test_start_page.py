"""The start page: what there is to read in any font, what the keyboard is at, and what waits for the user."""

import pytest
from phenolens.app.panels.start import StartPanel
from phenolens.app.theme import apply_theme, theme_named
from phenolens.engine.client.results import Job
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QToolButton


@pytest.fixture(params=[9, 13])
def start(qtbot, request):
    """In a font of so many points, in a window of a small laptop."""
    application = QApplication.instance()
    before = application.font()
    application.setFont(QFont(before.family(), request.param))
    apply_theme(application, theme_named("light"))
    made = StartPanel()
    qtbot.addWidget(made)
    made.resize(1280, 620)
    made.show()
    yield made
    application.setFont(before)


def test_all_of_a_card_can_be_read_in_any_font(start, look):
    look(start)
    cards = start.findChildren(QFrame, options=Qt.FindChildOption.FindDirectChildrenOnly)
    cards = [card for card in cards if card.objectName().startswith("card ")]
    assert len(cards) == 3
    for label in (label for card in cards for label in card.findChildren(QLabel)):
        assert label.height() >= label.heightForWidth(label.width()), label.text()
    assert len({card.height() for card in cards}) == 1
    assert all(start.rect().contains(card.geometry()) for card in cards)


def test_long_names_of_projects_and_results_stay_in_the_window(start, tmp_path, look):
    names = [f"a very long name of a valley in the mountains {number}" for number in range(4)]
    start.set_recent([tmp_path / f"{name}.phenolens" for name in names])
    start.set_stores([f"{name}.zarr" for name in names])
    QApplication.processEvents()
    look(start)
    links = [link for link in start.findChildren(QToolButton) if link.accessibleName() in names]
    assert len(links) == 8
    assert all(start.rect().contains(link.geometry()) for link in links)


def test_the_tab_key_goes_down_the_page(start, tmp_path):
    start.set_stores(["valley.zarr"])
    start.set_recent([tmp_path / "mine.phenolens"])
    QApplication.processEvents()
    start.findChild(QFrame, "card sample").setFocus()
    seen = []
    for _ in range(6):
        seen.append(QApplication.focusWidget().accessibleName() or QApplication.focusWidget().objectName())
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert seen[3:] == ["card romania", "mine", "valley"]


def test_the_keyboard_shows_where_it_is(start, qtbot):
    for name in ("card sample", "card romania"):
        one = start.findChild((QFrame, QToolButton)[name == "card romania"], name)
        start.findChild(QFrame, "card project").setFocus()
        without = one.grab().toImage()
        one.setFocus()
        qtbot.waitUntil(one.hasFocus)
        assert one.grab().toImage() != without


@pytest.mark.parametrize("drawing", [False, True])
def test_a_sample_that_is_computed_opens_unless_the_user_draws_an_area_meanwhile(
    window, monkeypatch, drawing
):
    opened = []
    monkeypatch.setattr(window.stores, "open", opened.append)
    if drawing:
        window.show_step("Area")
    sample = Job("1" * 16, "embed", "done", params={"out": "forest.zarr"}, result={"store": "forest.zarr"})
    window._sample_embedded(sample)
    assert opened == ([] if drawing else ["forest.zarr"])
    assert window._message.text() == (
        "forest.zarr is computed: File → Open store shows it." if drawing else ""
    )
