"""Habits: appearance, layout, keys, help, diagnostics, names for screen readers, languages, starting from a shell."""

import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pyqtgraph as pg
import PySide6
import pytest
from phenolens.app import settings
from phenolens.app.main_window import MainWindow
from phenolens.app.panels.diagnostics import DiagnosticsWindow
from phenolens.app.panels.elided import ElidedRadio, ElidedTool
from phenolens.app.panels.help_page import TextWindow
from phenolens.app.panels.message import Message
from phenolens.app.panels.shortcuts import ShortcutSheet
from phenolens.app.theme import DARK, LIGHT, theme_named
from phenolens.engine.__main__ import main
from PySide6.QtCore import QByteArray, QLocale, QPoint, QRect, QSettings, Qt
from PySide6.QtGui import QAction, QColor
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QDockWidget,
    QFileDialog,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QScrollBar,
    QSizePolicy,
    QTabBar,
    QTextEdit,
    QWidget,
)

CONTROLS = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
)
IGNORED = QSizePolicy.Policy.Ignored
EVERYWHERE = (Qt.ShortcutContext.WindowShortcut, Qt.ShortcutContext.ApplicationShortcut)
EMBEDDED = (QScrollBar, QHeaderView)
"""Parts of other controls, which answer for them."""


def test_every_control_has_a_name(opened):
    for title in ("Guide", "Keys and mouse", "Diagnostics report…", "Open store…"):
        _trigger(opened, title)
    for dock in opened.docks.values():
        dock.show()
    nameless = [
        _described(one) for one in opened.findChildren(QWidget) if _is_control(one) and not _name(one)
    ]
    assert nameless == []
    for dialog in opened.findChildren(QDialog):
        dialog.reject()


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
    buttons = [one for one in dock.findChildren(QAbstractButton) if one.objectName().startswith("qt_dock")]
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


def test_tabs_that_are_left_behind_are_gone_as_the_layout_comes_back(opened, until):
    behind = QTabBar(opened)  # as Qt leaves them, over the menus
    behind.addTab("Selections")
    behind.show()
    shown = [titles for titles in _tabs(opened) if titles != ("Selections",)]
    assert any("Projection" in titles for titles in shown)
    opened.layout_kept.reset()
    until(lambda: _tabs(opened) == shown)


def test_tabs_that_were_out_of_sight_are_there_once_a_dock_joins_another(window, until):
    window.show_step("Area")
    until(lambda: not window.layout_kept._tidied.isActive())
    assert _tabs(window) == []
    window.show_step("Compute")
    until(lambda: [sorted(titles) for titles in _tabs(window)] == [["Acquisitions", "Jobs"]])


def _tabs(window: MainWindow) -> list[tuple[str, ...]]:
    """Of docks, where there are any to be seen."""
    bars = window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
    seen = [bar for bar in bars if bar.isVisible() and window.rect().intersects(bar.geometry())]
    return [tuple(bar.tabText(number) for number in range(bar.count())) for bar in seen]


def test_what_is_not_to_be_seen_takes_on_the_appearance_too(opened, until):
    assert "palette(" in QApplication.instance().styleSheet()  # the same one for both
    labels = [label for label in opened.findChildren(QLabel) if label.property("faint")]
    assert {label.isVisible() for label in labels} == {True, False}
    for name, other in (("Dark", DARK), ("Light", LIGHT)):
        _choose(opened, "View", "Appearance", name)
        until(lambda other=other: {_colour(label) for label in labels} == {other.faint})


def _colour(label: QLabel) -> str:
    return label.palette().color(label.foregroundRole()).name()


def test_docks_leave_the_start_page_alone_and_come_back(window, until, look):
    assert not any(dock.isVisible() for dock in window.docks.values())
    look(window)
    window.stores.open("forest.zarr")
    until(window.docks["Layers"].isVisible)
    assert not window.docks["Jobs"].isVisible()


def test_a_layout_is_kept_until_it_is_reset(qtbot, opened):
    opened.docks["Layers"].hide()
    opened.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, opened.docks["Selections"])
    opened.close()
    again = MainWindow(opened.link, theme_named("light"), opened.settings)
    qtbot.addWidget(again)
    again.show()
    page = QLabel("a page")
    again.add_to_middle(page)
    again.show_in_middle(page)
    assert not again.docks["Layers"].isVisible()
    assert again.dockWidgetArea(again.docks["Selections"]) == Qt.DockWidgetArea.RightDockWidgetArea
    _trigger(again, "Reset layout")
    assert again.docks["Layers"].isVisible()
    assert again.dockWidgetArea(again.docks["Selections"]) == Qt.DockWidgetArea.LeftDockWidgetArea
    again.close()


def test_at_1280_by_720_nothing_is_clipped(opened, until, look):
    opened.resize(1280, 720)
    assert (opened.width(), opened.height()) == (1280, 720)
    layers, selections = opened.docks["Layers"], opened.docks["Selections"]
    assert selections in opened.tabifiedDockWidgets(layers)
    shown = [dock for dock in opened.docks.values() if not dock.visibleRegion().isEmpty()]
    assert len(shown) >= 3
    for dock in shown:
        assert opened.rect().contains(dock.geometry())
        inner = dock.widget()
        assert inner.width() >= inner.minimumSizeHint().width()
        assert inner.height() >= inner.minimumSizeHint().height()
    look(opened)
    opened.resize(1440, 900)
    assert selections not in opened.tabifiedDockWidgets(layers)


def test_docks_that_come_up_later_are_tabs_beside_selections(opened):
    selections = opened.docks["Selections"]
    for height in (900, 720, 900):  # in low windows beside the layers as well
        opened.resize(1440, height)
        for name in ("Change", "Search"):
            opened.docks[name].show()
        beside = {dock.windowTitle() for dock in opened.tabifiedDockWidgets(selections)}
        assert beside == {"Change", "Search"} | ({"Layers"} if height == 720 else set())
        for name in ("Change", "Search"):
            opened.docks[name].hide()


def test_in_a_narrow_window_every_dock_can_be_used(opened, until, look):
    opened.resize(1000, 700)
    assert opened.width() == 1000
    checked = 0
    for step, names in (
        ("Explore", ("Layers", "Selections", "Change", "Search", "Series", "Projection")),
        ("Label", ("Labels",)),
        ("Probe", ("Probe", "Scores")),
        ("Export", ("Export", "Accuracy")),
        ("Compute", ("Data", "Compute", "Acquisitions", "Jobs")),
    ):
        opened.show_step(step)
        for name in names:
            dock = opened.docks[name]
            dock.show()
            dock.raise_()
            until(lambda dock=dock: opened.rect().contains(dock.geometry()))
            shown = [one for one in dock.widget().findChildren(QWidget) if one.isVisible()]
            until(lambda dock=dock, shown=shown: _clipped(dock, shown) == [])
            checked += len(shown)
            look(opened, f" {name}")
    assert checked > 150
    middle = opened._middle.currentWidget()
    assert _clipped(middle, [one for one in middle.findChildren(QWidget) if one.isVisible()]) == []


def test_what_is_clipped_is_found(qtbot):
    panel = QWidget()
    qtbot.addWidget(panel)
    whole, narrow, outside = (QPushButton("Find what changed…", panel) for _ in range(3))
    for number, button in enumerate((whole, narrow, outside)):
        button.setGeometry(0, 40 * number, button.sizeHint().width(), 30)
    narrow.resize(30, 30)
    panel.resize(whole.width(), 200)
    outside.move(20, 80)
    panel.show()
    assert _clipped(panel, [whole, narrow, outside]) == [narrow, outside]


def _clipped(panel: QWidget, shown: list[QWidget]) -> list[QWidget]:
    """Controls and texts that stick out of a panel (to the side; below it, where it can't be scrolled) or are cut."""
    found = []
    for one in shown:
        if not isinstance(one, (*CONTROLS, QLabel)) or _is_part(one, panel):
            continue
        place = QRect(one.mapTo(panel, QPoint(0, 0)), one.size())
        scrolled = any(isinstance(each, QScrollArea) for each in _around(one, panel))
        room = panel.rect() if not scrolled else panel.rect().adjusted(0, -9999, 0, 9999)
        if not room.contains(place) or _is_cut(one):
            found.append(one)
    return found


def _is_cut(one: QWidget) -> bool:
    """Whether it has less room than its text needs."""
    if isinstance(one, ElidedRadio | ElidedTool | Message) or not getattr(one, "text", str)():
        return False
    if isinstance(one, QLabel):
        if one.wordWrap():
            return one.height() < one.heightForWidth(one.width())
        return one.width() < one.sizeHint().width() and one.sizePolicy().horizontalPolicy() != IGNORED
    if isinstance(one, QAbstractButton):
        return one.width() < one.sizeHint().width()
    return one.width() < one.minimumSizeHint().width()


def _around(one: QWidget, panel: QWidget) -> list[QWidget]:
    found, parent = [], one.parentWidget()
    while parent is not None and parent is not panel:
        found.append(parent)
        parent = parent.parentWidget()
    return found


def _is_part(one: QWidget, panel: QWidget) -> bool:
    """Of another control, which answers for it."""
    whole = QAbstractItemView | QAbstractSpinBox | QComboBox | QTabBar
    return one.objectName().startswith("qt_") or any(isinstance(each, whole) for each in _around(one, panel))


def test_layouts_of_other_versions_are_left_alone(qtbot, opened, until):
    right = {name: dock.geometry() for name, dock in opened.docks.items()}
    opened.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, opened.docks["Projection"])
    old = opened.saveState(1)
    opened.close()
    for kept in (old, QByteArray(b"nothing of the kind"), "a text"):
        opened.settings.setValue("layout", kept)
        opened.settings.setValue("layout low", "yes")
        again = MainWindow(opened.link, theme_named("light"), opened.settings)
        qtbot.addWidget(again)
        again.resize(1440, 900)
        again.show()
        page = QLabel("a page")
        again.add_to_middle(page)
        again.show_in_middle(page)
        assert again.dockWidgetArea(again.docks["Projection"]) == Qt.DockWidgetArea.RightDockWidgetArea
        for name in ("Layers", "Series", "Selections"):
            until(lambda again=again, name=name: again.docks[name].geometry() == right[name])
        again.settings.remove("layout")
        again.close()


def test_no_key_does_two_things(window):
    actions = [one for one in window.findChildren(QAction) if one.shortcutContext() in EVERYWHERE]
    assert len(actions) > 20
    keys = [
        (key.toString(), action.text(), other.text())
        for action, other in combinations(actions, 2)
        for key in action.shortcuts()
        if key in other.shortcuts()
    ]
    assert keys == []


def test_the_sheet_lists_every_key_of_the_window(opened, qtbot, look):
    qtbot.keyClick(opened, Qt.Key.Key_F1)
    sheet = opened.findChild(ShortcutSheet)
    shown = {label.text() for label in sheet.findChildren(QLabel)}
    named = [action for action in opened.actions() if not action.shortcut().isEmpty()]
    missing = [one.text() for one in named if one.text().removesuffix("…") not in shown]
    assert [text for text in missing if not text.startswith("Layer ")] == []
    assert "1 … 9" in shown
    look(sheet)
    sheet.reject()
    assert sheet.isHidden()


def test_the_guide_tells_the_workflow_and_what_numbers_mean(window, look):
    _trigger(window, "Guide")
    guide = window.findChild(TextWindow)
    for words in ("Ten steps", "optimism gap", "Support", "interval", "Compute embeddings"):
        assert words in guide.text
    look(guide)
    _trigger(window, "Guide")
    assert len(window.findChildren(TextWindow)) == 1
    guide.reject()


def test_about_names_versions_and_licences(window):
    _trigger(window, "About Phenolens")
    text = window.findChild(TextWindow).text
    assert PySide6.__version__ in text
    assert "GPL-3.0-or-later" in text
    assert "engine 0." in text


def test_the_light_gives_a_report_that_can_be_copied_and_saved(window, tmp_path, until, look):
    window.engine_light.click()
    shown = window.findChild(DiagnosticsWindow)
    until(lambda: "Service" in shown.text)
    assert "Engine: fine" in shown.text
    assert "qt: " in shown.text
    look(shown)
    shown._copy()
    assert QApplication.clipboard().text() == shown.text
    shown.saving.emit(shown.text)
    window.findChild(QFileDialog).fileSelected.emit(str(tmp_path / "report.txt"))
    assert (tmp_path / "report.txt").read_text() == shown.text
    window.findChild(QFileDialog).reject()
    shown.reject()


def test_jobs_that_ended_without_a_window_are_told_by_the_next_one(window, qtbot, workspace, until):
    params = {"store": "forest.zarr", "method": "pca", "overwrite": True, "out": "forest-pca"}
    kept = QSettings(window.settings.fileName(), QSettings.Format.IniFormat)
    submitted: list[object] = []
    window.link.ask("submit", lambda client: client.jobs.submit("project", params), submitted.append)
    until(lambda: bool(submitted))
    settings.leave_jobs(kept, window.link.workspace, [submitted[0].id])
    window.link.state_changed.emit(window.link.state)
    until(lambda: "While the window was closed" in window._message.text())
    assert settings.left_jobs(kept, window.link.workspace) == []


def test_a_language_is_spoken_where_there_is_a_translation(qapp, tmp_path):
    source = tmp_path / "phenolens_de.ts"
    source.write_text(
        '<?xml version="1.0"?><!DOCTYPE TS><TS version="2.1" language="de"><context><name>HelpController</name>'
        "<message><source>Guide</source><translation>Anleitung</translation></message></context></TS>"
    )
    release = Path(sys.executable).with_name("pyside6-lrelease")
    subprocess.run([release, source, "-qm", tmp_path / "phenolens_de.qm"], check=True, capture_output=True)
    translator = settings.translate(qapp, QLocale("de_DE"), tmp_path)
    assert translator is not None
    assert qapp.translate("HelpController", "Guide") == "Anleitung"
    qapp.removeTranslator(translator)
    assert settings.translate(qapp, QLocale("fi_FI"), tmp_path) is None


def test_recent_projects_are_few_and_there(tmp_path):
    kept = QSettings(str(tmp_path / "app.ini"), QSettings.Format.IniFormat)
    paths = [tmp_path / f"{number}.phenolens" for number in range(12)]
    for path in paths:
        path.touch()
        settings.remember(kept, path)
    settings.remember(kept, paths[5])
    paths[10].unlink()
    assert [path.stem for path in settings.recent(kept)] == ["5", "11", "9", "8", "7", "6", "4"]


def test_without_the_apps_packages_the_command_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr("phenolens.engine.commands.app.find_spec", lambda name: None)
    assert main(["app"]) == 2
    assert "pip install 'phenolens[app]'" in capsys.readouterr().err


def test_the_command_hands_its_arguments_to_the_app(monkeypatch):
    started: list[list[str]] = []
    monkeypatch.setattr("phenolens.engine.commands.app._run", lambda command: started.append(command) or 0)
    assert main(["app", "folder", "--sample", "romania", "--theme", "dark"]) == 0
    assert started[0][1:] == ["-m", "phenolens.app", "folder", "--sample", "romania", "--theme", "dark"]


def test_the_engine_starts_the_app_without_loading_qt():
    code = "import sys, phenolens.engine.__main__; sys.exit(any('PySide6' in name for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _trigger(window, name: str) -> None:
    next(action for action in window.actions() if action.text() == name).trigger()


def _choose(window, menu: str, inner: str, name: str) -> None:
    within = next(one.menu() for one in window.menus[menu].actions() if one.text() == inner)
    next(one for one in within.actions() if one.text() == name).trigger()


def _axes(window) -> list[pg.AxisItem]:
    views = window.findChildren(pg.GraphicsView)
    return [item for view in views for item in view.scene().items() if isinstance(item, pg.AxisItem)]


def _is_control(widget: QWidget) -> bool:
    if isinstance(widget, EMBEDDED) or widget.objectName().startswith("qt_"):
        return False
    parents = []
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QDialog | QDockWidget):
        parents.append(parent)
        parent = parent.parentWidget()
    if any(
        isinstance(one, QAbstractSpinBox | QComboBox | QAbstractItemView | QFileDialog) for one in parents
    ):
        return False
    return isinstance(widget, CONTROLS) and not isinstance(parent, QFileDialog) and not _of_a_dock(widget)


def _of_a_dock(widget: QWidget) -> bool:
    """The buttons that Qt puts into a dock's title."""
    return isinstance(widget.parentWidget(), QDockWidget) and isinstance(widget, QAbstractButton)


def _name(widget: QWidget) -> str:
    if widget.accessibleName():
        return widget.accessibleName()
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    if any(letter.isalnum() for letter in text):
        return text
    buddies = [label for label in widget.window().findChildren(QLabel) if label.buddy() is widget]
    return buddies[0].text() if buddies else ""


def _described(widget: QWidget) -> str:
    parent = widget.parentWidget()
    where = f" in {type(parent).__name__} {parent.objectName()}" if parent else ""
    return f"{type(widget).__name__} {widget.objectName()}{where}, {widget.toolTip()}"
