"""Light and dark: changed while the window is open, everywhere, with contrast that is enough."""

import pyqtgraph as pg
import pytest
from phenolens.app import settings
from phenolens.app.theme import DARK, LIGHT, theme_named
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel


def test_the_appearance_changes_while_the_window_is_open(opened, look):
    before = opened.theme.colours()
    told: list[str] = []
    opened.theme.changed.connect(lambda: told.append(opened.theme.name))
    for name, other in (("Dark", DARK), ("Light", LIGHT)):
        _choose(opened, "View", "Appearance", name)
        assert opened.theme.colours() == other.colours()
        assert QApplication.palette().window().color() == QColor(other.window)
        grounds = {view.backgroundBrush().color().name() for view in opened.findChildren(pg.GraphicsView)}
        assert grounds <= {other.window, other.base}
        texts = {axis.textPen().color().name() for axis in _axes(opened)}
        assert texts <= {other.text, other.faint}
        look(opened, name)
    assert told == ["dark", "light"]
    assert theme_named("light").colours() == before
    assert settings.appearance(opened.settings) == "light"


@pytest.mark.parametrize("name", ["Light", "Dark"])
def test_buttons_of_docks_stand_out_from_their_ground(opened, name, look):
    _choose(opened, "View", "Appearance", name)
    dock = opened.docks["Series"]
    buttons = dock.titleBarWidget().findChildren(QAbstractButton)
    shown = [one for one in buttons if one.isVisible()]
    assert len(shown) == 2
    for button in shown:
        picture = button.grab().toImage()
        pixels = [picture.pixelColor(x, y) for x in range(picture.width()) for y in range(picture.height())]
        contrast = max(_contrast(one, QColor(opened.theme.window)) for one in pixels)
        assert contrast >= 3, button.objectName()  # WCAG 2.2, 1.4.11
    look(dock, name)
    _choose(opened, "View", "Appearance", "Light")


def _contrast(one: QColor, other: QColor) -> float:
    """WCAG's, from 1 to 21."""

    def luminance(colour: QColor) -> float:
        parts = (colour.redF(), colour.greenF(), colour.blueF())
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_what_is_not_to_be_seen_takes_on_the_appearance_too(opened, until):
    assert "palette(" in QApplication.instance().styleSheet()  # the same one for both
    labels = [label for label in opened.findChildren(QLabel) if label.property("faint")]
    assert {label.isVisible() for label in labels} == {True, False}
    for name, other in (("Dark", DARK), ("Light", LIGHT)):
        _choose(opened, "View", "Appearance", name)
        until(lambda other=other: {_colour(label) for label in labels} == {other.faint})


def _colour(label: QLabel) -> str:
    return label.palette().color(label.foregroundRole()).name()


def _choose(window, menu: str, inner: str, name: str) -> None:
    within = next(one.menu() for one in window.menus[menu].actions() if one.text() == inner)
    next(one for one in within.actions() if one.text() == name).trigger()


def _axes(window) -> list[pg.AxisItem]:
    views = window.findChildren(pg.GraphicsView)
    return [item for view in views for item in view.scene().items() if isinstance(item, pg.AxisItem)]
