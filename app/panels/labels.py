"""Labels: classes or values, the tools that draw them on the map, and a list of what there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..recipe import Quantity
from ..session import LandClass, Session
from .class_table import ClassTable
from .day_span import DaySpan
from .elided import NarrowCombo
from .label_list import LabelList
from .name_refusal import NameRefusal
from .report_text import ReportText

ALWAYS, ON_DATE, RANGE = range(3)
CLASSES, VALUES = range(2)
LOWEST = 84


class LabelsPanel(QWidget):
    """Shows the labels of the session, and says what the user wants of them."""

    tool_chosen = Signal(str)
    class_added = Signal()
    class_removed = Signal(int)
    quantity_chosen = Signal(object)
    """`Quantity`, or None for classes."""
    value_chosen = Signal(float)
    span_chosen = Signal(object)
    """As `Session.label_span`."""
    selection_asked = Signal()
    """Label what is selected."""
    import_asked = Signal()
    saving_asked = Signal()
    file_dropped = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("labels")
        self.setAcceptDrops(True)
        self.classes, self.refusal, self.list = ClassTable(), NameRefusal(), LabelList()
        self._classes: tuple[LandClass, ...] = ()
        for view in (self.classes, self.list):
            view.setMinimumHeight(LOWEST)
        self._make_tools()
        self._make_answers()
        self._make_span()
        self._make_lists()
        self._lay_out()

    def set_session(self, now: Session) -> None:
        """What is labelled, and how new labels will be."""
        work, quantity = now.work, now.work.quantity
        self.setEnabled(now.store is not None)
        counts = Counter(int(label.value) for label in work.labels)
        if work.classes != self._classes:
            self._classes = work.classes
            self.refusal.say("")
        self.classes.set_classes(work.classes, counts, now.label_class)
        self._drop.setEnabled(bool(work.classes))
        self.list.set_work(work)
        for tool, button in self._tools.items():
            button.setChecked(now.tool == tool)
        self._show_answers(quantity, now.label_value)
        self._show_span(now.label_span)
        self._hint.setText(self._advice(now))
        self._hint.setVisible(bool(self._hint.text()))
        self._selected.setEnabled(now.pick is not None)
        self._save.setEnabled(bool(work.labels))
        count = self.tr("one label") if len(work.labels) == 1 else self.tr("{0:,} labels")
        self._count.setText(count.format(len(work.labels)) if work.labels else "")

    def tell(self, text: str, warning: bool = False) -> None:
        """What became of an import; empty: nothing to say."""
        self._report.set_text(text, warning)
        self._report_box.setVisible(bool(text))

    def _advice(self, now: Session) -> str:
        """What to do next, where that isn't plain to see."""
        if now.store is None:
            return self.tr("Open a sample or compute embeddings first: labels lie on a map.")
        if not now.work.labels and now.tool not in ("point", "polygon"):
            return self.tr("Take Point (P) or Polygon and click on the map, or import labels that you have.")
        if now.tool == "point":
            return self.tr("Click pixels on the map. Esc ends, Ctrl+Z takes back.")
        if now.tool == "polygon":
            return self.tr("Drag around an area, or click its corners and double-click the last one.")
        return ""

    def _make_tools(self) -> None:
        self._tools: dict[str, QToolButton] = {}
        for tool, name, tip in (
            ("point", self.tr("✛ Point"), self.tr("Label single pixels (P)")),
            ("polygon", self.tr("⬠ Polygon"), self.tr("Label all pixels inside of a polygon (Shift+P)")),
        ):
            button = QToolButton(text=name, toolTip=tip, checkable=True)
            button.setAccessibleName(tip)
            button.setProperty("boxed", True)
            button.clicked.connect(
                lambda checked, tool=tool: self.tool_chosen.emit(tool if checked else "look")
            )
            self._tools[tool] = button
        self._selected = QPushButton(self.tr("Selection"))
        self._selected.setToolTip(
            self.tr("Label the selected pixels: a lasso on the map or in the projection (Ctrl+L)")
        )
        self._selected.clicked.connect(lambda _=False: self.selection_asked.emit())
        self._import = QPushButton(self.tr("Import…"))
        self._import.setToolTip(
            self.tr("Labels of a GeoPackage, GeoJSON, Shapefile, CSV or class raster, in any CRS")
        )
        self._import.clicked.connect(lambda _=False: self.import_asked.emit())
        self._save = QPushButton(self.tr("Save…"))
        self._save.setToolTip(self.tr("Save the labels as GeoJSON, for QGIS or to import them again"))
        self._save.clicked.connect(lambda _=False: self.saving_asked.emit())

    def _make_answers(self) -> None:
        self._answers = NarrowCombo()
        self._answers.addItems([self.tr("classes"), self.tr("measured values")])
        self._answers.setAccessibleName(self.tr("What labels say"))
        self._answers.activated.connect(lambda _: self._answer())
        self._quantity, self._unit = QLineEdit(), QLineEdit()
        self._quantity.setPlaceholderText(self.tr("what is measured"))
        self._unit.setPlaceholderText(self.tr("unit"))
        for edit, name in ((self._quantity, self.tr("What is measured")), (self._unit, self.tr("Unit"))):
            edit.setAccessibleName(name)
            edit.editingFinished.connect(self._answer)
        self._value = QDoubleSpinBox(minimum=-1e9, maximum=1e9, decimals=3)
        self._value.setAccessibleName(self.tr("Value of new labels"))
        self._value.setMinimumWidth(84)
        self._value.valueChanged.connect(self.value_chosen)

    def _make_span(self) -> None:
        self._span = NarrowCombo()
        self._span.addItems([self.tr("always"), self.tr("on the map's date"), self.tr("from … to …")])
        self._span.setToolTip(
            self.tr(
                "A label teaches a probe only what was seen while it holds: forest always, a crop one season"
            )
        )
        self._span.setAccessibleName(self.tr("When new labels hold"))
        self._span.activated.connect(lambda _: self._choose_span())
        self._days = DaySpan(self.tr("First day"), self.tr("Last day"))
        self._days.changed.connect(self._choose_span)

    def _make_lists(self) -> None:
        self._add, self._drop = QToolButton(text="+"), QToolButton(text="−")
        self._add.setToolTip(self.tr("Add a class"))
        self._drop.setToolTip(self.tr("Remove the marked class and its labels"))
        for button in (self._add, self._drop):
            button.setAccessibleName(button.toolTip())
            button.setProperty("boxed", True)
        self._add.clicked.connect(lambda _=False: self.class_added.emit())
        self._drop.clicked.connect(lambda _=False: self._drop_class())
        self._hint = QLabel(wordWrap=True)
        self._hint.setProperty("faint", True)
        self._count = QLabel()
        self._count.setProperty("faint", True)
        self._remove = QPushButton(self.tr("Delete"))
        self._remove.setToolTip(self.tr("Delete the marked labels; Ctrl+Z brings them back"))
        self._remove.setEnabled(False)
        self._remove.clicked.connect(lambda _=False: self.list.removed.emit(self.list.chosen()))
        self.list.marked.connect(self._remove.setEnabled)
        self._report = ReportText()
        self._report.setAccessibleName(self.tr("Report"))
        close = QToolButton(text="✕", autoRaise=True)
        close.setAccessibleName(self.tr("Close the report"))
        close.clicked.connect(lambda _=False: self.tell(""))
        self._report_box = QWidget()
        row = QHBoxLayout(self._report_box)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._report, 1)
        row.addWidget(close, alignment=Qt.AlignmentFlag.AlignTop)
        self._report_box.hide()

    def _lay_out(self) -> None:
        tools = QHBoxLayout()
        tools.setSpacing(4)
        for button in (*self._tools.values(), self._selected):
            tools.addWidget(button)
        tools.addStretch(1)
        form = QGridLayout()
        form.setColumnStretch(1, 1)
        form.addWidget(QLabel(self.tr("Labels say")), 0, 0)
        form.addWidget(self._answers, 0, 1, 1, 2)
        form.addWidget(self._quantity, 1, 0)
        form.addWidget(self._value, 1, 1)
        form.addWidget(self._unit, 1, 2)
        form.addWidget(QLabel(self.tr("New ones hold")), 2, 0)
        form.addWidget(self._span, 2, 1, 1, 2)
        form.addWidget(self._days, 3, 0, 1, 3)
        self._unit.setMaximumWidth(90)
        foot = QHBoxLayout()
        foot.addWidget(self._count, 1)
        foot.addWidget(self._import)
        foot.addWidget(self._save)
        foot.addWidget(self._remove)
        self._class_buttons = QWidget()
        buttons = QHBoxLayout(self._class_buttons)
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.addWidget(self._add)
        buttons.addWidget(self._drop)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.addLayout(tools)
        column.addWidget(self._hint)
        column.addWidget(self._report_box)
        column.addLayout(form)
        column.addWidget(self.classes, 2)
        column.addWidget(self.refusal)
        column.addWidget(self._class_buttons)
        column.addWidget(self.list, 3)
        column.addLayout(foot)

    def _show_answers(self, quantity: Quantity | None, value: float) -> None:
        self._answers.setCurrentIndex(CLASSES if quantity is None else VALUES)
        of_values: tuple[QWidget, ...] = (self._quantity, self._unit, self._value)
        for widget in of_values:
            widget.setVisible(quantity is not None)
        for other in (self.classes, self._class_buttons):
            other.setVisible(quantity is None)
        if quantity is not None:
            self._quantity.setText(quantity.name)
            self._unit.setText(quantity.unit)
            self._value.blockSignals(True)
            self._value.setValue(value)
            self._value.blockSignals(False)

    def _show_span(self, span: tuple[str, str] | None) -> None:
        choice = ALWAYS if span is None else RANGE if span[0] else ON_DATE
        self._span.setCurrentIndex(choice)
        self._days.setVisible(choice == RANGE)
        if span is not None and span[0]:
            self._days.set_days(*span)

    def _answer(self) -> None:
        if self._answers.currentIndex() == CLASSES:
            self.quantity_chosen.emit(None)
        else:
            name = self._quantity.text().strip() or "value"
            self.quantity_chosen.emit(Quantity(name, self._unit.text().strip()))

    def _choose_span(self) -> None:
        choice = self._span.currentIndex()
        if choice == RANGE:
            self.span_chosen.emit(self._days.days)
        else:
            self.span_chosen.emit(None if choice == ALWAYS else ("", ""))

    def _drop_class(self) -> None:
        code = self.classes.current_code
        if code is not None:
            self.class_removed.emit(code)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        for path in without_parts(paths):
            self.file_dropped.emit(path)


def without_parts(paths: Sequence[str]) -> list[str]:
    """Files of their own: what lies with a Shapefile (roads.shp, roads.dbf, roads.shp.xml) comes with it."""
    whole = [path for path in paths if path.lower().endswith(".shp")]
    stems = tuple(path[: -len("shp")].lower() for path in whole)
    return [path for path in paths if path in whole or not path.lower().startswith(stems)]
