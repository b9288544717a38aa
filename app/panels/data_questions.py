"""What files don't say themselves and the user is asked: their CRS and day, how numbers are stored, the orbit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from phenolens.engine.client.sources import SensorFault
from PySide6.QtCore import QLocale, Qt, Signal
from PySide6.QtGui import QDoubleValidator
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from .crs_fault import crs_fault
from .elided import breakable

SENSORS = {"s1": "Sentinel-1", "s2": "Sentinel-2"}
REFLECTANCE, OTHER = "reflectance", "other"
"""Ways of storing numbers that have no name at the engine."""
UNITS = ("dB", "linear", "dn")
"""Of Sentinel-1."""


class NumbersQuestion(QWidget):
    """How the numbers of a sensor are stored: in one of the usual ways, or by a scale and offset."""

    answered = Signal(object)
    """As `FilesAsked` of the engine takes it."""

    def __init__(self, fault: SensorFault, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sensor = fault.sensor
        self._choices = self._make_choices(fault)
        self._scale, self._offset, self._nodata = QLineEdit("1"), QLineEdit("0"), QLineEdit()
        for edit in (self._scale, self._offset, self._nodata):
            numbers = QDoubleValidator()
            numbers.setLocale(QLocale.c())
            edit.setValidator(numbers)
            edit.textChanged.connect(lambda _: self._check())
        self._nodata.setPlaceholderText(self.tr("none"))
        self._unit = QComboBox()
        self._unit.addItems(UNITS)
        self._go = QPushButton(self.tr("Read them so"))
        self._go.setObjectName("state scale")
        self._go.clicked.connect(lambda _=False: self.answered.emit(self._stated()))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(
            QLabel(self.tr("How are these {0} numbers stored?").format(SENSORS[fault.sensor]), wordWrap=True)
        )
        column.addWidget(self._choices)
        column.addWidget(self._own())
        self._check()

    def _make_choices(self, fault: SensorFault) -> QComboBox:
        box = QComboBox()
        box.setObjectName(f"stored as {fault.sensor}")
        box.setAccessibleName(self.tr("How {0} numbers are stored").format(SENSORS[fault.sensor]))
        box.setMinimumContentsLength(6)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.addItem(self.tr("Choose…"), "")
        for name, text in fault.choices.items():
            box.addItem(text.partition(" (ReadOptions")[0], name)
        if fault.sensor == "s2":
            box.addItem(self.tr("Reflectance from 0 to 1, as it is"), REFLECTANCE)
        box.addItem(self.tr("Another scale…"), OTHER)
        for number in range(1, box.count()):
            box.setItemData(number, box.itemText(number), Qt.ItemDataRole.ToolTipRole)
        box.activated.connect(lambda _: self._choose())
        return box

    def _own(self) -> QWidget:
        self._form = QWidget()
        form = QFormLayout(self._form)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for text, tip, widget in (
            (self.tr("Unit"), self.tr("Of stored × scale + offset"), self._unit),
            (self.tr("Scale"), self.tr("Value = stored × scale + offset"), self._scale),
            (self.tr("Offset"), self.tr("Value = stored × scale + offset"), self._offset),
            (self.tr("No data"), self.tr("Stored number that means that nothing was seen"), self._nodata),
        ):
            widget.setAccessibleName(text)
            widget.setToolTip(tip)
            form.addRow(text, widget)
        form.setRowVisible(self._unit, self._sensor == "s1")
        form.addRow(self._go)
        self._form.hide()
        return self._form

    def _choose(self) -> None:
        chosen = str(self._choices.currentData())
        self._form.setVisible(chosen == OTHER)
        if chosen == REFLECTANCE:
            self.answered.emit({"scale": 1.0, "offset": 0.0})
        elif chosen not in ("", OTHER):
            self.answered.emit({"stored_as": chosen})

    def _stated(self) -> dict[str, Any]:
        stated: dict[str, Any] = {"scale": float(self._scale.text()), "offset": float(self._offset.text())}
        if self._nodata.text().strip():
            stated["nodata"] = (float(self._nodata.text()),)
        if self._sensor == "s1":
            stated["unit"] = self._unit.currentText()
        return stated

    def _check(self) -> None:
        needed = (self._scale.text(), self._offset.text())
        numbers = all(map(_is_number, (*needed, self._nodata.text() or "0")))
        self._go.setEnabled(numbers and float(needed[0]) != 0)


class DayQuestion(QWidget):
    """When files were taken that carry no date."""

    answered = Signal(object)
    """As `FilesAsked` of the engine takes it."""

    def __init__(self, sensor: str, file: str, among: bool = False, parent: QWidget | None = None) -> None:
        """`file`: one of them; `among`: others have dates, and can be read without an answer."""
        super().__init__(parent)
        self.setObjectName("day question")
        name = breakable(file.replace("\\", "/").rpartition("/")[2])
        text = self.tr(
            "{0}: when was {1} taken? All files without a date are read as of this day: where they are of several "
            "days, put each one's into its name, such as 20180704."
        )
        if among:
            text += " " + self.tr("Without an answer they are left out.")
        self._go = QPushButton(self.tr("Read them so"))
        self._go.setObjectName("state day")
        self._day = QLineEdit(placeholderText="2018-07-04")
        self._day.setObjectName("day")
        self._day.setAccessibleName(self.tr("Day of {0} files without a date").format(SENSORS[sensor]))
        self._day.textChanged.connect(lambda _: self._go.setEnabled(self._is_day))
        self._day.returnPressed.connect(self._answer)
        self._go.setEnabled(False)
        self._go.clicked.connect(lambda _=False: self._answer())
        row = QHBoxLayout()
        row.addWidget(self._day, 1)
        row.addWidget(self._go)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(QLabel(text.format(SENSORS[sensor], name), wordWrap=True))
        column.addLayout(row)

    @property
    def _is_day(self) -> bool:
        try:
            date.fromisoformat(self._day.text().strip())
        except ValueError:
            return False
        return True

    def _answer(self) -> None:
        if self._is_day:
            self.answered.emit({"day": date.fromisoformat(self._day.text().strip()).isoformat()})


class CrsQuestion(QWidget):
    """In which CRS files are that declare none; asked once of all sensors, as the same file is looked into for each."""

    answered = Signal(object)
    """By sensor, as `FilesAsked` of the engine takes it."""

    def __init__(self, faults: Sequence[SensorFault], parent: QWidget | None = None) -> None:
        """`faults`: of code `crs`, at least one."""
        super().__init__(parent)
        self.setObjectName("crs question")
        self._sensors = tuple(fault.sensor for fault in faults)
        self._crs = QLineEdit(placeholderText=self.tr("such as EPSG:32631"))
        self._crs.setObjectName("crs")
        self._crs.setAccessibleName(self.tr("Coordinate reference system of files that declare none"))
        self._go = QPushButton(self.tr("Read them so"))
        self._go.setObjectName("state crs")
        self._go.setEnabled(False)
        self._why = QLabel(wordWrap=True)
        self._why.setObjectName("crs fault")
        self._why.hide()
        self._crs.textChanged.connect(lambda _: self._check())
        self._crs.returnPressed.connect(self._answer)
        self._go.clicked.connect(lambda _=False: self._answer())
        row = QHBoxLayout()
        row.addWidget(self._crs, 1)
        row.addWidget(self._go)
        text = self.tr(
            "In which coordinate reference system (CRS) are the files? All that declare none are read in this one."
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(QLabel(text, wordWrap=True))
        column.addLayout(row)
        column.addWidget(self._why)

    @property
    def _typed(self) -> str:
        return self._crs.text().strip()

    def _check(self) -> None:
        fault = crs_fault(self._typed) if self._typed else ""
        self._why.setText(breakable(fault))
        self._why.setVisible(bool(fault))
        self._go.setEnabled(bool(self._typed) and not fault)

    def _answer(self) -> None:
        if self._go.isEnabled():
            self.answered.emit({sensor: {"crs": self._typed} for sensor in self._sensors})


class OrbitQuestion(QWidget):
    """From which side Sentinel-1 looked, where files don't say it: the same ground looks different from either."""

    answered = Signal(object)
    """As `FilesAsked` of the engine takes it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        box = QComboBox()
        box.setObjectName("orbit")
        box.setAccessibleName(self.tr("Orbit of the Sentinel-1 dates"))
        box.setToolTip(self.tr("Of dates that don't say it; the model makes use of it, and can do without"))
        for text, direction in (
            (self.tr("not known"), ""),
            (self.tr("ascending"), "ascending"),
            (self.tr("descending"), "descending"),
        ):
            box.addItem(text, direction)
        box.activated.connect(
            lambda _: self.answered.emit({"orbit_direction": str(box.currentData()) or None})
        )
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.tr("Sentinel-1 orbit"), box)


def is_asked(fault: SensorFault) -> bool:
    """Whether the user can state what is missing."""
    return fault.code in ("date", "crs") or bool(fault.choices)


def question_of(fault: SensorFault) -> DayQuestion | NumbersQuestion:
    """Of one sensor alone, but for the CRS."""
    if fault.code == "date":
        return DayQuestion(fault.sensor, fault.value or "")
    return NumbersQuestion(fault)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
