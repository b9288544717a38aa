"""What is to be embedded, at which dates, how, what it costs; and the button that starts it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from phenolens.engine.client.sources import Plan
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..areas import Area
from ..telling import surface
from ..texts import QT_TRANSLATE_NOOP
from .compute_costs import ComputeCosts
from .elided import NarrowCombo
from .scrolled import scrolled

EVERY, CLEAR, LISTED = "every", "clear", "listed"
DIMS = ((None, QT_TRANSLATE_NOOP("ComputePanel", "16 (recommended)")), (7, "7"), (32, "32"))
TYPES = (
    ("float16", QT_TRANSLATE_NOOP("ComputePanel", "16 bit")),
    ("int8", QT_TRANSLATE_NOOP("ComputePanel", "8 bit (half the disk)")),
)


@dataclass(frozen=True)
class Wishes:
    """What the form says, as parameters of an `embed` job; `problem` where it can't be meant."""

    asked: dict[str, Any]
    out: str
    problem: str = ""


class ComputePanel(QWidget):
    """A form; it checks nothing that the engine knows better."""

    changed = Signal()
    started = Signal()
    all_started = Signal()
    """One job for each area."""
    area_chosen = Signal(int)
    area_renamed = Signal(int, str)
    area_removed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("compute")
        self._make_areas()
        self._make_dates()
        self._make_how()
        self._make_end()
        self._lay_out()
        self._switch()
        self.set_areas((), 0)
        self.set_plan(None, "")

    def wishes(self) -> Wishes:
        """What the form says now."""
        dates, problem = self._dates_asked()
        name = self.out.text().strip().removesuffix(".zarr")
        if not problem and not name:
            problem = self.tr("Give the result a name")
        asked: dict[str, Any] = {"dates": dates, "dtype": self._type.currentData()}
        asked["clear_share"] = self._share.value() / 100
        for key, field in (("start", self._start), ("end", self._end)):
            text = field.text().strip()
            day = _day(text)
            if day is not None:
                asked[key] = day.isoformat()
            elif text:
                problem = self.tr("{} is no day: write it as 2018-05-01").format(text)
        if self._dims.currentData() is not None:
            asked["dims"] = self._dims.currentData()
        if self._model.currentText():
            asked["model"] = self._model.currentText()
        return Wishes(asked, f"{name}.zarr", problem)

    def set_areas(self, areas: Sequence[Area], chosen: int) -> None:
        self._areas.blockSignals(True)
        self._areas.clear()
        for number, area in enumerate(areas):
            item = QListWidgetItem(area.name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            item.setToolTip(f"{surface(area.km2)}. " + self.tr("Double-click to rename, Delete to remove"))
            self._areas.addItem(item)
            if number == chosen:
                self._areas.setCurrentItem(item)
        self._areas.blockSignals(False)
        self._areas.setVisible(bool(areas))
        self._remove.setVisible(bool(areas))
        self._none.setVisible(not areas)
        self._all.setVisible(len(areas) > 1)

    def set_models(self, models: Sequence[str]) -> None:
        self._model.blockSignals(True)
        self._model.clear()
        self._model.addItems(list(models))
        self._model.blockSignals(False)

    def set_out(self, name: str) -> None:
        """A suggestion; what the user has typed stays."""
        if not self.out.isModified():
            self.out.setText(name.removesuffix(".zarr"))

    def set_data(self, told: str) -> None:
        self._data.setText(told)

    def set_plan(
        self, plan: Plan | None, problem: str, waiting: bool = False, area: Area | None = None
    ) -> None:
        """What it takes, or why it can't be done; `area`: its size is known all the same."""
        self._costs.set_plan(plan, waiting, area)
        self._waiting.setText(self.tr("Counting…") if waiting else "")
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        self.compute.setEnabled(plan is not None and not problem and not waiting)
        self._all.setEnabled(self.compute.isEnabled())

    def offer_all(self, possible: bool) -> None:
        """The other areas can be computed though the chosen one can't."""
        self._all.setEnabled(possible)

    @property
    def costs(self) -> dict[str, QLabel]:
        return self._costs.told

    @property
    def data_told(self) -> str:
        return self._data.text()

    @property
    def problem(self) -> str:
        """What keeps it from being started."""
        return self._problem.text()

    def _make_areas(self) -> None:
        self._areas = QListWidget()
        self._areas.setAccessibleName(self.tr("Areas"))
        self._areas.setFixedHeight(58)
        self._areas.currentRowChanged.connect(self._choose)
        self._areas.itemChanged.connect(self._rename)
        self._remove = QToolButton(text="✕", toolTip=self.tr("Remove the chosen area"))
        self._remove.setAccessibleName(self.tr("Remove the chosen area"))
        self._remove.clicked.connect(self._take_away)
        delete = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self._areas)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)  # not while a name is typed
        delete.activated.connect(self._take_away)
        self._none = QLabel(
            self.tr("No area yet: draw one on the map, or click the outline of data at hand."), wordWrap=True
        )
        self._none.setProperty("faint", True)
        self._data = QLabel(wordWrap=True)
        self._data.setAccessibleName(self.tr("Data for this area"))

    def _take_away(self) -> None:
        self.area_removed.emit(self._areas.currentRow())

    def _choose(self, number: int) -> None:
        """Afterwards: who hears of it fills the list anew, and Qt isn't done with its items."""
        if number >= 0:
            QTimer.singleShot(0, self, lambda: self.area_chosen.emit(number))

    def _rename(self, item: QListWidgetItem) -> None:
        number, name = self._areas.row(item), item.text().strip()
        QTimer.singleShot(0, self, lambda: self.area_renamed.emit(number, name))

    def _make_dates(self) -> None:
        self.which = NarrowCombo()
        self.which.setAccessibleName(self.tr("Which dates"))
        for name, text in (
            (EVERY, self.tr("every so many days")),
            (CLEAR, self.tr("clear Sentinel-2 dates")),
            (LISTED, self.tr("these days")),
        ):
            self.which.addItem(text, name)
        self.which.setToolTip(
            self.tr("Any date can be embedded: gaps between acquisitions are filled by the model")
        )
        self.which.currentIndexChanged.connect(self._switch)
        self.days = QSpinBox(minimum=1, maximum=365, value=10, suffix=self.tr(" days"))
        self.days.setAccessibleName(self.tr("Days between dates"))
        self._share = QSpinBox(minimum=1, maximum=100, value=10, suffix=" %", prefix=self.tr("at least "))
        self._share.setAccessibleName(self.tr("Share of the area that was seen"))
        self._share.setToolTip(self.tr("A date counts as clear where this share of the area was seen"))
        self.listed = QLineEdit(placeholderText="2020-05-01, 2020-06-01")
        self.listed.setAccessibleName(self.tr("Days"))
        self._start, self._end = QLineEdit(), QLineEdit()
        for field, name, example in (
            (self._start, self.tr("first day"), self.tr("from 2018-05-01")),
            (self._end, self.tr("last day"), self.tr("to 2018-09-30")),
        ):
            field.setPlaceholderText(example)
            field.setAccessibleName(name)
            field.setToolTip(self.tr("Such as 2020-04-01; all days of the data, where left empty"))
            field.editingFinished.connect(self.changed)
        for spin in (self.days, self._share):
            spin.valueChanged.connect(self.changed)
        self.listed.editingFinished.connect(self.changed)

    def _make_how(self) -> None:
        self._model, self._dims, self._type = QComboBox(), NarrowCombo(), NarrowCombo()
        self._model.setAccessibleName(self.tr("Model"))
        self._model.setToolTip(self.tr("What turns acquisitions into embeddings"))
        self._model.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._dims.setAccessibleName(self.tr("Dimensions"))
        self._dims.setToolTip(self.tr("Numbers kept per pixel and date: more hold finer differences"))
        self._type.setAccessibleName(self.tr("Stored as"))
        for box, choices in ((self._dims, DIMS), (self._type, TYPES)):
            for value, text in choices:
                box.addItem(self.tr(text), value)
        for one in (self._model, self._dims, self._type):
            one.currentIndexChanged.connect(self.changed)
        self.out = QLineEdit()
        for spin in (self.days, self._share):
            spin.setMinimumHeight(self.fontMetrics().height() + 10)
            spin.lineEdit().setAccessibleName(spin.accessibleName())
        self.out.setAccessibleName(self.tr("Name of the result"))
        self.out.editingFinished.connect(self.changed)

    def _make_end(self) -> None:
        self._costs = ComputeCosts()
        self._waiting = QLabel(wordWrap=True)
        self._waiting.setProperty("faint", True)
        self._problem = QLabel(wordWrap=True)
        self._problem.setProperty("warning", True)
        self._problem.setAccessibleName(self.tr("What is missing"))
        self.compute = QPushButton(self.tr("Compute embeddings"))
        self.compute.setProperty("primary", True)
        self.compute.setObjectName("compute embeddings")
        self.compute.clicked.connect(self.started)
        self._all = QPushButton(self.tr("All areas"))
        self._all.setToolTip(
            self.tr("One job for each area, one after the other, with these dates and settings")
        )
        self._all.clicked.connect(self.all_started)

    def _lay_out(self) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(6)
        column.addWidget(_heading(self.tr("Area")))
        column.addWidget(self._none)
        row = QHBoxLayout()
        row.addWidget(self._areas, 1)
        row.addWidget(self._remove, alignment=Qt.AlignmentFlag.AlignTop)
        column.addLayout(row)
        column.addWidget(self._data)
        column.addSpacing(6)
        column.addWidget(_heading(self.tr("Dates")))
        column.addWidget(self.which)
        for widget in (self.days, self._share, self.listed):
            column.addWidget(widget)
        span = QHBoxLayout()
        span.addWidget(self._start)
        span.addWidget(QLabel("–"))
        span.addWidget(self._end)
        column.addLayout(span)
        column.addSpacing(6)
        column.addWidget(_heading(self.tr("Result")))
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, field in (
            (self.tr("Name"), self.out),
            (self.tr("Model"), self._model),
            (self.tr("Dimensions"), self._dims),
            (self.tr("Stored as"), self._type),
        ):
            form.addRow(name, field)
        column.addLayout(form)
        column.addStretch(1)
        scroll = scrolled(inner)
        scroll.setAccessibleName(self.tr("Area, dates and result"))
        scroll.setMinimumHeight(40)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(scroll, 1)
        whole.addWidget(self._foot())

    def _foot(self) -> QWidget:
        """What it takes, always in sight."""
        foot = QFrame()
        column = QVBoxLayout(foot)
        column.setContentsMargins(12, 8, 12, 10)
        column.addWidget(self._costs)
        column.addWidget(self._waiting)
        column.addWidget(self._problem)
        buttons = QHBoxLayout()
        buttons.addWidget(self.compute, 1)
        buttons.addWidget(self._all)
        column.addLayout(buttons)
        return foot

    def _switch(self) -> None:
        which = self.which.currentData()
        self.days.setVisible(which == EVERY)
        self._share.setVisible(which == CLEAR)
        self.listed.setVisible(which == LISTED)
        self.changed.emit()

    def _dates_asked(self) -> tuple[str, str]:
        """As the engine takes them, and what is wrong."""
        which = self.which.currentData()
        if which == EVERY:
            return f"every:{self.days.value()}", ""
        if which == CLEAR:
            return "clear", ""
        days = ",".join(
            part.strip() for part in self.listed.text().replace(";", ",").split(",") if part.strip()
        )
        return days, "" if days else self.tr("List the days, such as 2020-05-01, 2020-06-01")


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("heading", True)
    return label


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
