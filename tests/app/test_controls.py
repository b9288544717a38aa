"""Controls: each has a name for screen readers, and room for its text in a narrow window."""

from phenolens.app.panels.elided import ElidedRadio, ElidedTool
from phenolens.app.panels.message import Message
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
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
EMBEDDED = (QScrollBar, QHeaderView)
"""Parts of other controls, which answer for them."""


def test_every_control_has_a_name(opened, trigger):
    for title in ("Guide", "Keys and mouse", "Diagnostics report…", "Open store…"):
        trigger(opened, title)
    for dock in opened.docks.values():
        dock.show()
    nameless = [
        _described(one) for one in opened.findChildren(QWidget) if _is_control(one) and not _name(one)
    ]
    assert nameless == []
    for dialog in opened.findChildren(QDialog):
        dialog.reject()


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
