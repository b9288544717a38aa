"""What changed: between two dates, between two periods, or when a pixel's years broke."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QDate, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDateEdit,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ..changing import ChangeWanted, Hint, Span, year_later
from ..texts import QT_TRANSLATE_NOOP

KINDS = (
    ("dates", QT_TRANSLATE_NOOP("ChangePanel", "Between two dates")),
    ("periods", QT_TRANSLATE_NOOP("ChangePanel", "Between two periods")),
    ("breaks", QT_TRANSLATE_NOOP("ChangePanel", "Breaks, seasons taken out")),
)
SIDES = (QT_TRANSLATE_NOOP("ChangePanel", "Before"), QT_TRANSLATE_NOOP("ChangePanel", "After"))


class ChangePanel(QWidget):
    """Says which change is wanted; shows what it is told."""

    wanted_changed = Signal()
    asked = Signal()
    shown = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("change")
        self._filling = False
        self._date = ""
        self._kinds = QComboBox()
        self._kinds.setAccessibleName(self.tr("Kind of change"))
        for kind, name in KINDS:
            self._kinds.addItem(self.tr(name), kind)
        self._kinds.currentIndexChanged.connect(self._choose_kind)
        self._pages = (self._dates_page(), self._periods_page(), self._breaks_page())
        self._hint, self._told = QLabel(wordWrap=True), QLabel(wordWrap=True)
        self._hint.setAccessibleName(self.tr("About this choice"))
        self._told.setProperty("faint", True)
        self._told.setAccessibleName(self.tr("What was found"))
        self._go = QPushButton(self.tr("Find change"))
        self._go.setProperty("primary", True)
        self._go.setToolTip(
            self.tr(
                "Runs in the background; the map shows it once it is done, and files are written beside it"
            )
        )
        self._go.clicked.connect(lambda _=False: self.asked.emit())
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(6)
        for widget in (self._kinds, *self._pages, self._hint, self._go, self._told):
            column.addWidget(widget)
        column.addStretch(1)
        self._kinds.setCurrentIndex(1)  # the tallest: whether the panel scrolls is decided by how it begins
        self._choose_kind()
        self.set_hint(Hint(self.tr("Open a store first.")), False)

    def _dates_page(self) -> QWidget:
        self._days = (QComboBox(), QComboBox())
        page, grid = _page()
        for row, (name, box) in enumerate(zip(SIDES, self._days, strict=True)):
            box.setAccessibleName(self.tr("{0}, date").format(self.tr(name)))
            box.setMaxVisibleItems(24)
            box.currentIndexChanged.connect(self._tell_change)
            take = QPushButton(self.tr("Map"))
            take.setToolTip(self.tr("The date that the map shows"))
            take.setAccessibleName(self.tr("{0}: the date of the map").format(self.tr(name)))
            take.clicked.connect(lambda _=False, box=box: box.setCurrentIndex(box.findText(self._date)))
            grid.addWidget(QLabel(self.tr(name)), row, 0)
            grid.addWidget(box, row, 1)
            grid.addWidget(take, row, 2)
        return page

    def _periods_page(self) -> QWidget:
        self._ends: list[tuple[QDateEdit, QDateEdit]] = []
        page, grid = _page()
        for side, name in enumerate(SIDES):
            ends = (_day_box(), _day_box())
            whats = (self.tr("first day"), self.tr("last day"))
            for row, (end, what) in enumerate(zip(ends, whats, strict=True), 2 * side):
                end.setAccessibleName(f"{self.tr(name)}, {what}")
                end.setToolTip(end.accessibleName())
                end.dateChanged.connect(self._tell_change)
                grid.addWidget(QLabel(self.tr(name) if row % 2 == 0 else self.tr("to")), row, 0)
                grid.addWidget(end, row, 1)
            self._ends.append(ends)
        again = QPushButton(self.tr("After: a year later"))
        again.setToolTip(self.tr("The same days of the next year: another season is no change"))
        again.clicked.connect(lambda _=False: self._set_span(1, year_later(self._span(0))))
        grid.addWidget(again, 4, 0, 1, 2)
        return page

    def _breaks_page(self) -> QWidget:
        page, grid = _page()
        about = QLabel(
            self.tr(
                "The largest lasting step of each pixel's series, once its seasons and what all of the area did "
                "on a date are taken out: how large, how sure, and when."
            ),
            wordWrap=True,
        )
        about.setProperty("faint", True)
        self._sure = QDoubleSpinBox(minimum=0, maximum=10, value=3, singleStep=0.5, decimals=1)
        self._sure.setAccessibleName(self.tr("Confidence from which dates are drawn"))
        self._sure.setToolTip(
            self.tr(
                "A robust z: at 3, at most 1.4 % of unchanged pixels of the simulated landscape get a date"
            )
        )
        self._sure.valueChanged.connect(self._tell_change)
        grid.addWidget(about, 0, 0, 1, 2)
        grid.addWidget(QLabel(self.tr("Dates if confidence ≥")), 1, 0)
        grid.addWidget(self._sure, 1, 1)
        return page

    @property
    def wanted(self) -> ChangeWanted:
        kind = str(self._kinds.currentData())
        if kind == "periods":
            return ChangeWanted(kind, self._span(0), self._span(1))
        before, after = ((box.currentText(), box.currentText()) for box in self._days)
        return ChangeWanted(kind, before, after, self._sure.value())

    @property
    def told(self) -> str:
        return self._told.text()

    @property
    def hinted(self) -> str:
        return self._hint.text()

    def choose(self, wanted: ChangeWanted) -> None:
        """As if the user had; the days of the other kinds stay."""
        self._filling = True
        self._kinds.setCurrentIndex(self._kinds.findData(wanted.kind))
        for side, span in enumerate((wanted.before, wanted.after)):
            if wanted.kind == "dates":
                self._take_nearest(self._days[side], span[0])
            else:
                self._set_span(side, span)
        self._filling = False
        self._tell_change()

    def set_days(self, days: Sequence[str]) -> None:
        """Of the store; change between the first and the last one is chosen."""
        self._filling = True
        self._kinds.setCurrentIndex(0)
        for box in self._days:
            box.clear()
            box.addItems(list(days))
        self._days[1].setCurrentIndex(len(days) - 1)
        for side, end in enumerate((days[:1], days[-1:])):
            for day in end:
                self._set_span(side, (day, day))
        self._filling = False

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.shown.emit()

    def set_date(self, day: str) -> None:
        """That the map shows."""
        self._date = day

    def set_hint(self, hint: Hint, possible: bool) -> None:
        """What is in the way, or what must be known."""
        self._hint.setText(hint.problem or hint.note)
        self._hint.setProperty("warning", bool(hint.problem) or hint.warns)
        self._hint.style().polish(self._hint)
        self._hint.setVisible(bool(hint.problem or hint.note))
        self._go.setEnabled(possible and not hint.problem)

    def tell(self, text: str) -> None:
        self._told.setText(text)

    def _choose_kind(self) -> None:
        for number, page in enumerate(self._pages):
            page.setVisible(number == self._kinds.currentIndex())
        self._tell_change()

    def _tell_change(self) -> None:
        if not self._filling:
            self.wanted_changed.emit()

    def _take_nearest(self, box: QComboBox, day: str) -> None:
        wanted = QDate.fromString(day, "yyyy-MM-dd")
        days = [QDate.fromString(box.itemText(row), "yyyy-MM-dd") for row in range(box.count())]
        if wanted.isValid() and days:
            box.setCurrentIndex(min(range(len(days)), key=lambda row: abs(days[row].daysTo(wanted))))

    def _span(self, side: int) -> Span:
        first, last = (end.date().toString("yyyy-MM-dd") for end in self._ends[side])
        return first, last

    def _set_span(self, side: int, span: Span) -> None:
        for end, day in zip(self._ends[side], span, strict=True):
            if day:
                end.setDate(QDate.fromString(day, "yyyy-MM-dd"))


def _page() -> tuple[QWidget, QGridLayout]:
    page = QWidget()
    grid = QGridLayout(page)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setColumnStretch(1, 1)
    return page, grid


def _day_box() -> QDateEdit:
    box = QDateEdit()
    box.setDisplayFormat("yyyy-MM-dd")
    box.setCalendarPopup(True)
    return box
