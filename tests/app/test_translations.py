"""Everything that is to be read can be translated: a language of brackets is spoken, and what has none is found."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pyqtgraph as pg
import pytest
from phenolens.app.features.areas import Areas
from phenolens.app.panels.selections import SelectionsPanel
from phenolens.app.selection import PixelPick
from phenolens.app.session import Label, LandClass, Place
from PySide6.QtCore import QCoreApplication, Qt, QTranslator
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDialog,
    QDockWidget,
    QDoubleSpinBox,
    QGroupBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QPlainTextEdit,
    QSpinBox,
    QTabBar,
    QTableView,
    QTreeWidget,
    QWidget,
)

OPEN, CLOSE = "⟦", "⟧"
APP = Path(__file__).parents[2] / "app"
NAMES = {"dense-s1s2-v1", "area 1", "oak", "wood", "Phenolens"}
"""Of things: they are called so in every language."""
KEYS = (
    r"component \d|km²|Ctrl|Shift|Alt|Space|Left|Right|Del|Esc|Return|Backspace|Up|Down|Home|End|PgUp|PgDown"
)
"""Keys, units, and what the engine calls things."""
FIRST = {
    *("setText", "setToolTip", "setAccessibleName", "setAccessibleDescription", "setPlaceholderText"),
    *("setWindowTitle", "setTitle", "setStatusTip", "setSuffix", "setPrefix", "setSpecialValueText"),
    *("addItem", "addAction", "addMenu", "say", "hint", "_say", "tell"),
}
"""Functions whose first argument is to be read, …"""
SECOND = {"addTab", "setTabText", "setItemText", "setTabToolTip", "setLabel"}
MADE = {
    *("QLabel", "QPushButton", "QCheckBox", "QRadioButton", "QToolButton", "QGroupBox", "QAction", "QMenu"),
    *("QTableWidgetItem", "QListWidgetItem", "QTreeWidgetItem"),
}
NAMED = {"text", "toolTip", "placeholderText", "title", "suffix", "prefix", "specialValueText"}


OURS = {
    node.name
    for path in APP.rglob("*.py")
    for node in ast.walk(ast.parse(path.read_text()))
    if isinstance(node, ast.ClassDef)
}
"""Classes of the app, whose texts translators have to know; pyqtgraph asks for its own."""


class Brackets(QTranslator):
    """Puts what it translates in brackets, and notes what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def isEmpty(self) -> bool:  # noqa: N802 - Qt's name
        return False

    def translate(self, context: str, text: str, _why: str | None = None, _n: int = -1) -> str:
        if not text or context in ("QShortcut", "QKeySequence"):  # keys are read from their names
            return text
        if context in OURS:
            self.asked.add(text)
        return f"{OPEN}{text}{CLOSE}"


@pytest.fixture
def brackets(qapp) -> Iterator[Brackets]:
    translator = Brackets()
    QCoreApplication.installTranslator(translator)
    yield translator
    QCoreApplication.removeTranslator(translator)


@pytest.fixture(scope="module")
def extracted(tmp_path_factory) -> set[str]:
    """The texts that translators get to see."""
    file = tmp_path_factory.mktemp("texts") / "phenolens.ts"
    tool = Path(sys.executable).with_name("pyside6-lupdate")
    sources = [str(path) for path in sorted(APP.rglob("*.py"))]
    subprocess.run([tool, *sources, "-ts", file], check=True, capture_output=True)
    return {message.findtext("source") or "" for message in ElementTree.parse(file).iter("message")}


def test_everything_that_is_shown_is_translated_and_known_to_translators(
    brackets, extracted, opened, workspace, until, look
):
    opened.model.do(
        places=(Place("oak", "#e69f00", pixel=(7, 9)),),
        classes=(LandClass(1, "wood", "#0072b2"),),
        labels=(Label(1.0, ((3.0, 4.0),), "2019-03-15"),),
    )
    opened.model.change(pick=PixelPick(((7, 9), (8, 9))))
    opened.findChild(SelectionsPanel).saved.emit()
    until(lambda: f"{OPEN}selection{CLOSE}" in {text for _, text in _texts(opened)})
    for title in ("Keys and mouse", "About Phenolens", "Open store…"):
        action = next(one for one in opened.actions() if one.text() == f"{OPEN}{title}{CLOSE}")
        action.trigger()
    areas = opened.findChild(Areas)
    until(lambda: len(areas.data_at_hand.at_hand) >= 2)
    areas.area.drawn.emit(((10.30, 46.03), (10.304, 46.03), (10.304, 46.033)), False)
    until(areas.compute.compute.isEnabled)
    for dock in opened.docks.values():
        dock.show()
    look(opened)
    files = {name for path in workspace.glob("*.*") for name in (path.name, path.stem)}
    shown = {(where, text) for where, text in _texts(opened) if text not in files}
    bare = sorted(f"{where}: {text!r}" for where, text in shown if _is_bare(text))
    unknown = sorted(filter(_has_words, brackets.asked - extracted))
    print("\n".join(("not translated:", *bare, "unknown to translators:", *unknown)))
    assert (bare, unknown) == ([], [])
    for dialog in opened.findChildren(QDialog):
        dialog.reject()


def test_no_text_is_handed_over_that_is_not_translated():
    found = [
        f"{path.relative_to(APP)}:{number}: {text}"
        for path in sorted(APP.rglob("*.py"))
        for number, text in sorted(_handed_over(ast.parse(path.read_text(encoding="utf-8"))))
    ]
    assert found == []


def _texts(window: QWidget) -> Iterator[tuple[str, str]]:
    """Where a text stands, and the text."""
    for widget in [window, *window.findChildren(QWidget)]:
        where = f"{_place(widget)}{type(widget).__name__}"
        yield where + " tip", re.sub("<.*?>", "", widget.toolTip())
        yield where + " title", widget.windowTitle()
        if widget.accessibleName() != widget.objectName():
            yield where + " name", widget.accessibleName()
        for text in _own(widget):
            yield where, re.sub("<.*?>", "", text)
    for view in window.findChildren(pg.GraphicsView):
        for item in view.scene().items():
            if isinstance(item, pg.AxisItem):
                yield _place(view) + "axis", item.labelText


def _own(widget: QWidget) -> list[str]:
    return next((read(widget) for kinds, read in OWN if isinstance(widget, kinds)), [])


def _headers(table: QTableView) -> list[str]:
    model = table.model()
    return [str(model.headerData(column, Qt.Orientation.Horizontal)) for column in range(model.columnCount())]


OWN = (
    (QLabel | QAbstractButton, lambda one: [one.text()]),
    (QGroupBox, lambda one: [one.title()]),
    (QSpinBox | QDoubleSpinBox, lambda one: [one.specialValueText(), one.prefix(), one.suffix()]),
    (QMenu, lambda one: [text for action in one.actions() for text in (action.text(), action.toolTip())]),
    (QComboBox, lambda one: [one.itemText(row) for row in range(one.count())]),
    (QTabBar, lambda one: [one.tabText(tab) for tab in range(one.count())]),
    (QLineEdit | QPlainTextEdit, lambda one: [one.placeholderText()]),
    (QTableView, _headers),
    (QTreeWidget, lambda one: [one.headerItem().text(column) for column in range(one.columnCount())]),
    (QListWidget, lambda one: [one.item(row).text() for row in range(one.count())]),
)
"""What there is to be read on a control."""


def _place(widget: QWidget | None) -> str:
    while widget is not None:
        if isinstance(widget, QDockWidget | QDialog):
            return f"{widget.objectName() or type(widget).__name__} / "
        widget = widget.parentWidget()
    return ""


def _is_bare(text: str) -> bool:
    """Whether there are words without brackets."""
    before = None
    while before != text:
        before, text = text, re.sub(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}", "", text)
    return text not in NAMES and _has_words(re.sub(KEYS, "", text))


def _has_words(text: str) -> bool:
    return bool(re.search(r"[^\W\d_]{3}", re.sub(r"<.*?>|&\w+;", "", text)))


def _handed_over(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Lines and texts that are written where they are shown, and not marked."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        shown = [word.value for word in call.keywords if word.arg in NAMED]
        if name in FIRST | MADE:
            shown += call.args[:1]
        if name in SECOND:
            shown += call.args[1:2]
        for one in shown:
            yield from _words_of(one)


def _words_of(node: ast.expr) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.IfExp | ast.BoolOp):
        for part in (node.body, node.orelse) if isinstance(node, ast.IfExp) else node.values:
            yield from _words_of(part)
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    text = "".join(
        part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )
    if _has_words(text) and text not in NAMES:
        yield node.lineno, text
