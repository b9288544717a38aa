"""What places and the selection did over time: which curves, of which places, and the plot of them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ..curves import KINDS, Curve, Floats, part_name
from ..session import Place
from ..texts import QT_TRANSLATE_NOOP
from ..theme import Theme
from .elided import ElidedLine, ElidedTool, NarrowCombo
from .map_pins import pin_icon
from .series_plot import CurveKey, SeriesPlot
from .swatches import swatch

EMPTY = QT_TRANSLATE_NOOP(
    "SeriesPanel", "Click on the map to see what a place did over time; Shift-click adds another place."
)
BESIDE, LOWEST = 104, 140
"""Width of the list of places; height in which curves can still be read."""
ICON = 16
"""Of a place: as many as can be are to be seen."""


class SeriesPanel(QWidget):
    """Says what the user wants to see; shows what it is handed."""

    kind_chosen = Signal(str)
    parts_chosen = Signal(object)
    """Tuple of parts."""
    date_chosen = Signal(int)
    removed = Signal(int)
    """Number of a place."""
    cleared = Signal()
    outline_wanted = Signal(bool)
    export_wanted = Signal()
    place_hovered = Signal(int)
    """Number of a place that the pointer is on; -1 once it has left."""
    shown = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("series")
        self._theme = theme
        self._kind = ""
        self.plot, self.key = SeriesPlot(theme), CurveKey(theme)
        self.plot.date_chosen.connect(self.date_chosen)
        self.plot.told.connect(self._tell)
        self._said, self._waiting = "", False
        self._message = ElidedLine()
        self._message.setProperty("faint", True)
        self._places = QListWidget()
        self._places.setAccessibleName(self.tr("Places with curves"))
        self._places.setFixedWidth(BESIDE)
        self._places.setIconSize(QSize(ICON, ICON))
        self._places.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._places.setToolTip(self.tr("Places with curves. Delete removes the chosen one"))
        self._places.setMouseTracking(True)
        self._places.itemEntered.connect(lambda item: self.place_hovered.emit(self._places.row(item)))
        self._places.viewportEntered.connect(lambda: self.place_hovered.emit(-1))
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 3, 8, 2)
        column.setSpacing(3)
        column.addLayout(self._controls())
        middle = QHBoxLayout()
        middle.setSpacing(4)
        middle.addWidget(self._places)
        middle.addWidget(self._plot_or_text(), 1)
        column.addLayout(middle, 1)
        column.addWidget(self.key)
        self._export.setEnabled(False)
        self.set_places((), "")

    def _plot_or_text(self) -> QStackedWidget:
        """Where there are no curves, why, and how to get some."""
        self._empty = QLabel(self.tr(EMPTY), wordWrap=True)
        self._empty.setProperty("faint", True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setContentsMargins(24, 0, 24, 0)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.plot)
        return self._stack

    def _controls(self) -> QHBoxLayout:
        self._make_buttons()
        self._kinds = NarrowCombo(10)
        self._kinds.setAccessibleName(self.tr("Curves of"))
        self._kinds.setToolTip(self.tr("What is shown of the places"))
        self._kinds.activated.connect(lambda _: self.kind_chosen.emit(self._kinds.currentData()))
        self._parts = ElidedTool()
        self._parts.setAccessibleName(self.tr("Which curves"))
        self._parts.setToolTip(self.tr("Which curves are shown"))
        self._parts_menu = QMenu(self._parts)
        self._parts.setMenu(self._parts_menu)
        self._export = QPushButton(self.tr("CSV…"))
        self._export.setAccessibleName(self.tr("Save the curves as CSV"))
        self._export.setToolTip(self.tr("Save the curves that are shown, with positions, dates and quality"))
        self._export.clicked.connect(self.export_wanted)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self._kinds)
        row.addWidget(self._parts)
        row.addWidget(self._message, 1)
        for button in (self._outline, self._remove, self._export):
            row.addWidget(button)
        return row

    def _make_buttons(self) -> None:
        self._outline = QPushButton(self.tr("Polygon"))
        self._outline.setCheckable(True)
        self._outline.setToolTip(
            self.tr(
                "Draw a polygon on the map (drag, or click its corners and end with a double click): the mean of its "
                "pixels becomes a curve"
            )
        )
        self._outline.clicked.connect(self.outline_wanted)
        self._remove = QPushButton(self.tr("Remove"))
        self._remove.setToolTip(self.tr("Remove the chosen place, or all where none is chosen"))
        self._remove.clicked.connect(self._remove_chosen)
        delete = QAction(self._places)
        delete.setShortcut("Del")
        delete.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        delete.triggered.connect(self._remove_chosen)
        self._places.addAction(delete)

    def set_choices(self, kinds: Sequence[str]) -> None:
        """What there is to be shown."""
        self._kinds.clear()
        for kind in kinds:
            self._kinds.addItem(QCoreApplication.translate("Curves", KINDS[kind].name), kind)
        self._kinds.setEnabled(bool(kinds))
        self._parts.setEnabled(bool(kinds))

    def set_choice(self, kind: str, parts: Sequence[str], chosen: Sequence[str]) -> None:
        """What is shown: of `parts` those that were `chosen`."""
        self._kinds.setCurrentIndex(self._kinds.findData(kind))
        self._kind = kind
        self._parts_menu.clear()
        for part in parts:
            action = self._parts_menu.addAction(part_name(kind, part))
            action.setCheckable(True)
            action.setChecked(part in chosen)
            action.setData(part)
            if kind == "probe":  # one at a time
                action.triggered.connect(lambda _=False, part=part: self.parts_chosen.emit((part,)))
            else:
                action.toggled.connect(lambda _: self._choose_parts())
        shown = ", ".join(_short(kind, part) for part in chosen[:3])
        more = f" + {len(chosen) - 3}" if len(chosen) > 3 else ""
        self._parts.setText((self.tr("dimensions {}") if kind == "embedding" else "{}").format(shown + more))
        self._parts.setEnabled(bool(parts))

    def set_places(self, places: Sequence[Place], selection: str, colour: str = "") -> None:
        """Those with curves; `selection` is what the one of the selection is called, empty where there is none."""
        chosen = self._places.currentRow()
        self._places.clear()
        pins = {colour: pin_icon(colour) for colour in {place.colour for place in places}}
        for place in places:
            self._places.addItem(QListWidgetItem(pins[place.colour], place.name))
        if selection:
            self._places.addItem(QListWidgetItem(swatch(colour), selection))
        if 0 <= chosen < len(places):
            self._places.setCurrentRow(chosen)
        self._count = len(places)
        self._remove.setEnabled(bool(places))
        self._tell("")

    def set_outlining(self, outlining: bool) -> None:
        self._outline.setChecked(outlining)

    def set_times(self, times: Floats) -> None:
        self.plot.set_times(times)

    def set_date(self, date: int) -> None:
        self.plot.set_date(date)

    def set_curves(self, curves: Sequence[Curve], axis: str) -> None:
        self.plot.set_curves(curves, axis)
        self.key.set_curves(curves)
        self._stack.setCurrentIndex(1 if curves else 0)
        self._enable_export()

    def set_waiting(self, waiting: bool) -> None:
        """Whether curves are still to come: a table would lack them."""
        self._waiting = waiting
        self._enable_export()

    def _enable_export(self) -> None:
        self._export.setEnabled(bool(self.plot.curves) and not self._waiting)

    def say(self, text: str) -> None:
        """Why there are no curves, or what they rest on; empty: how to get some."""
        self._said = text
        self._tell("")

    @property
    def message(self) -> str:
        return self._empty.text()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(super().minimumSizeHint().width(), LOWEST)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(super().sizeHint().width(), LOWEST)

    def showEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)  # type: ignore[arg-type]
        self.shown.emit()

    def _tell(self, text: str) -> None:
        told = text or self._said or ("" if self._places.count() else self.tr(EMPTY))
        self._empty.setText(told)
        self._message.setText(told if self._stack.currentIndex() else "")
        self._message.setToolTip(told)

    def _choose_parts(self) -> None:
        chosen = tuple(action.data() for action in self._parts_menu.actions() if action.isChecked())
        self.parts_chosen.emit(chosen)

    def _remove_chosen(self) -> None:
        row = self._places.currentRow()
        if 0 <= row < self._count:
            self.removed.emit(row)
        elif row < 0:
            self.cleared.emit()


def _short(kind: str, part: str) -> str:
    return part_name(kind, part) if kind == "probe" else part.upper() if kind == "support" else part
