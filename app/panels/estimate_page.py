"""Areas and accuracy with their intervals, estimated from the filled form of a sample."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from phenolens.engine.client.sampling import AreaEstimate, Drawn, Estimated
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..sampling import UNITS, EstimateWanted
from ..theme import Theme
from .area_plot import AreaPlot
from .elided import NarrowCombo
from .message import tell
from .score_tables import ScoreTable, cell
from .swatches import swatch

SHARE = 76
"""Points of a column of the error matrix, at least: `97.1 ± 2.0`."""


class EstimatePage(QWidget):
    """Tells which form is meant; shows what comes of it."""

    form_asked = Signal()
    asked = Signal()
    save_asked = Signal()
    wanted_changed = Signal()
    folder_asked = Signal()
    points_asked = Signal(str)
    """Of a sample, by its design."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("estimate page")
        self._theme = theme
        self._known: dict[str, Drawn] = {}
        self._own_form = ""
        """One that the user has chosen; the sample's otherwise."""
        self._estimate: AreaEstimate | None = None
        self._make_choices()
        self._make_results()
        self._lay_out()
        self.set_samples(())
        self.set_estimate(None)

    @property
    def wanted(self) -> EstimateWanted:
        design = str(self._samples.currentData() or "")
        return EstimateWanted(design, self.form, str(self._unit.currentData()), self._finite.isChecked())

    @property
    def form(self) -> str:
        """The file to read; empty where there is none."""
        sample = self._known.get(str(self._samples.currentData() or ""))
        return self._own_form or (sample.form if sample and sample.form else "")

    def set_samples(self, samples: Sequence[Drawn], chosen: str = "") -> None:
        """Newest first."""
        before = str(self._samples.currentData() or "")
        self._known = {one.design: one for one in samples}
        self._samples.blockSignals(True)
        self._samples.clear()
        for number, one in enumerate(samples):
            self._samples.addItem(one.design.removesuffix(".design.json"), one.design)
            told = self.tr("{0:,} points of {1}").format(one.units, one.map)
            self._samples.setItemData(number, told, Qt.ItemDataRole.ToolTipRole)
        self._samples.setCurrentIndex(max(0, self._samples.findData(chosen or before)) if samples else -1)
        self._samples.blockSignals(False)
        self._none.setVisible(not samples)
        self._rest.setVisible(bool(samples))
        if str(self._samples.currentData() or "") != before:
            self._other_sample()
        self._show_form()

    def set_form(self, path: str) -> None:
        """Another file than the one beside the design."""
        self._own_form = path
        self._show_form()
        self._forget()

    def set_busy(self, busy: bool) -> None:
        self._go.setText(self.tr("Estimating…") if busy else self.tr("Estimate"))
        self._go.setEnabled(not busy and bool(self.form))

    def tell(self, text: str, warning: bool = False) -> None:
        """Why there is no estimate, or where its report is."""
        tell(self._said, text, warning)
        self._said.setVisible(bool(text))

    def set_written(self, files: Sequence[str]) -> None:
        """The report's files."""
        self._written.setText(self.tr("Written: {0}").format(", ".join(files)) if files else "")
        self._written.setVisible(bool(files))
        self._folder.setVisible(bool(files))

    def set_estimate(self, found: AreaEstimate | None) -> None:
        self._estimate = found
        self._results.setVisible(found is not None)
        self.set_written(())
        if found is None:
            return
        self.tell("")
        used = sum(one.units_used for one in found.strata)
        self._overall.setText(
            self.tr("Overall accuracy {0} % (95\u00a0%, {1:,} points)").format(
                _percent(found.overall_accuracy), used
            )
        )
        self._plot.set_estimate(found)
        self._show_classes(found)
        self._show_matrix(found)
        self._words.setText("\n".join(found.words))

    def redraw(self) -> None:
        """In the colours of another theme."""
        written = self._written.text()
        self.set_estimate(self._estimate)
        if written:
            self._written.setText(written)
            self._written.show()
            self._folder.show()

    def _make_choices(self) -> None:
        self._samples, self._unit = NarrowCombo(12), NarrowCombo()
        self._samples.setAccessibleName(self.tr("Sample"))
        self._samples.currentIndexChanged.connect(lambda _: self._other_sample())
        self._points = QPushButton(self.tr("On the map"))
        self._points.setToolTip(self.tr("Select the sample's points on the map"))
        self._points.clicked.connect(lambda _=False: self.points_asked.emit(self.wanted.design))
        self._form_said = QLineEdit(readOnly=True)
        self._form_said.setAccessibleName(self.tr("Filled form"))
        self._choose = QPushButton(self.tr("Other…"))
        self._choose.setAccessibleName(self.tr("Choose the filled form"))
        self._choose.setToolTip(self.tr("The form as CSV, or the GeoPackage filled in a GIS"))
        self._choose.clicked.connect(lambda _=False: self.form_asked.emit())
        self._unit.setAccessibleName(self.tr("Unit of areas"))
        for unit, text in UNITS.items():
            self._unit.addItem(text, unit)
        self._finite = QCheckBox(self.tr("Finite population"))
        self._finite.setToolTip(
            self.tr("Narrower intervals where the points are a large part of a small map")
        )
        self._unit.currentIndexChanged.connect(lambda _: self._forget())
        self._finite.toggled.connect(lambda _: self._forget())
        self._go = QPushButton(self.tr("Estimate"))
        self._go.setProperty("primary", True)
        self._go.clicked.connect(lambda _=False: self.asked.emit())
        self._none = QLabel(
            self.tr(
                "No sample yet: draw one (Plan), interpret its points, then estimate from the filled form."
            ),
            wordWrap=True,
        )
        self._none.setProperty("faint", True)
        self._said = QLabel(wordWrap=True)

    def _make_results(self) -> None:
        self._results = QWidget()
        self._overall, self._words, self._written = (QLabel(wordWrap=True) for _ in range(3))
        self._overall.setProperty("heading", True)
        self._words.setProperty("faint", True)
        for label in (self._overall, self._words, self._written):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        key = self.tr("●  estimate with its 95 % interval     ◇  pixels counted")
        self._key = QLabel(key, wordWrap=True)
        self._key.setProperty("faint", True)
        self._plot, self._classes, self._matrix = AreaPlot(self._theme), ScoreTable(), ScoreTable()
        self._classes.setAccessibleName(self.tr("Area and accuracy of each class"))
        self._matrix.setAccessibleName(
            self.tr("Error matrix: rows are the map, columns the reference, shares of the area in %")
        )
        self._caption = QLabel(
            self.tr(
                "Error matrix, % of the whole area; accuracies in % ± 95\u00a0%\nRows: map ↓   Columns: reference →"
            ),
            wordWrap=True,
        )
        self._caption.setProperty("faint", True)
        self._save, self._folder = QPushButton(self.tr("Save report")), QPushButton(self.tr("Show in folder"))
        self._save.setToolTip(self.tr("As text (Markdown) and as numbers (JSON), beside the form's sample"))
        self._save.clicked.connect(lambda _=False: self.save_asked.emit())
        self._folder.clicked.connect(lambda _=False: self.folder_asked.emit())

    def _lay_out(self) -> None:
        self._rest = QWidget()
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        sample, file, unit = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        sample.addWidget(self._samples, 1)
        sample.addWidget(self._points)
        file.addWidget(self._form_said, 1)
        file.addWidget(self._choose)
        unit.addWidget(self._unit)
        unit.addWidget(self._finite, 1)
        form.addRow(self.tr("Sample"), sample)
        form.addRow(self.tr("Form"), file)
        form.addRow(self.tr("Areas in"), unit)
        results = QVBoxLayout(self._results)
        results.setContentsMargins(0, 6, 0, 0)
        for widget in (
            self._overall, self._key, self._plot, self._classes, self._caption, self._matrix, self._words,
        ):  # fmt: skip
            results.addWidget(widget)
        buttons = QHBoxLayout()
        buttons.addWidget(self._save)
        buttons.addWidget(self._folder)
        buttons.addStretch(1)
        results.addWidget(self._written)
        results.addLayout(buttons)
        inner = QVBoxLayout(self._rest)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addLayout(form)
        for below in (self._go, self._said, self._results):
            inner.addWidget(below)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.addWidget(self._none)
        column.addWidget(self._rest)
        column.addStretch(1)
        self.tell("")

    def _other_sample(self) -> None:
        self._own_form = ""
        self._show_form()
        self._forget()

    def _show_form(self) -> None:
        self._form_said.setText(PurePath(self.form).name if self.form else self.tr("none beside the design"))
        self._form_said.setCursorPosition(len(self._form_said.text()))  # names differ at their end
        self._form_said.setToolTip(self.form)
        self._go.setEnabled(bool(self.form))

    def _forget(self) -> None:
        """What is shown is of another question."""
        self.tell("")
        self.set_estimate(None)
        self.wanted_changed.emit()

    def _show_classes(self, found: AreaEstimate) -> None:
        unit = UNITS.get(found.unit, found.unit)
        header = (self.tr("class"), f"{unit} ± 95\u00a0%", self.tr("pixels\ncounted"))
        rows = [
            (
                one.name,
                f"{_area(one.area.value, found.whole_area)} ± {_area(one.area.margin95, found.whole_area)}",
                _area(one.pixel_count_area, found.whole_area),
            )
            for one in found.classes
        ]
        self._classes.fill(header, rows)
        for column, text in (
            (1, self.tr("Estimated area, corrected for the map's errors, and half its 95 % interval")),
            (2, self.tr("Area of the map's pixels: no estimate, and without an interval")),
        ):
            self._classes.tip(-1, column, text)
        for row, one in enumerate(found.classes):
            self._classes.put(row, 0, icon=swatch(one.colour or self._theme.faint))
            self._classes.embolden(row, (1,))

    def _show_matrix(self, found: AreaEstimate) -> None:
        """Shares of the area, and the accuracies at the ends of rows and columns."""
        names, last = [one.name for one in found.classes], len(found.classes)
        self._matrix.clear()
        self._matrix.setRowCount(last + 1)
        self._matrix.setColumnCount(last + 1)
        self._matrix.head([*names, self.tr("user's")], SHARE)
        self._matrix.setVerticalHeaderLabels([*names, self.tr("producer's")])
        for row, shares in enumerate(found.matrix_area_shares):
            for column, share in enumerate(shares):
                item = self._cell(share, row == column, sum(shares))
                told = self.tr("Shown as {0}, in truth {1}: {2:.2%} of the area, {3:,} points")
                count = found.matrix_units[row][column]
                item.setToolTip(told.format(names[row], names[column], share, count))
                self._matrix.setItem(row, column, item)
        for number, one in enumerate(found.classes):
            self._matrix.setItem(number, last, cell(_percent(one.users_accuracy)))
            self._matrix.setItem(last, number, cell(_percent(one.producers_accuracy)))
        self._matrix.setItem(last, last, cell(_percent(found.overall_accuracy)))
        self._matrix.tip(-1, last, self.tr("Of what the map shows as the class, the share that is"))
        side = self._matrix.verticalHeaderItem(last)
        if side is not None:
            side.setToolTip(self.tr("Of what is the class, the share that the map shows"))
        self._matrix.fit_height()

    def _cell(self, share: float, right: bool, of: float) -> QTableWidgetItem:
        item = cell(f"{100 * share:.2f}")
        shade = QColor(self._theme.accent if right else self._theme.warning)
        shade.setAlpha(round(130 * share / of) if of else 0)
        item.setBackground(QBrush(shade))
        return item


def _area(value: float | None, whole: float) -> str:
    """With as many decimals as suit the whole."""
    if value is None:
        return "—"
    digits = 0 if whole >= 1e4 else 1 if whole >= 100 else 2
    return f"{value:,.{digits}f}"


def _percent(found: Estimated) -> str:
    if found.value is None:
        return "—"
    margin = "" if found.margin95 is None else f" ± {100 * found.margin95:.1f}"
    return f"{100 * found.value:.1f}{margin}"
