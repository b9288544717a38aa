"""What files don't say themselves and the user is asked: which bands they hold, and how numbers are stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from phenolens.engine.client.sources import SensorFault, Unnamed, UnnamedBand
from PySide6.QtCore import QCoreApplication, QLocale, Qt, Signal
from PySide6.QtGui import QDoubleValidator, QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ..texts import QT_TRANSLATE_NOOP

translate = QCoreApplication.translate  # by this name translators' tools find its texts

SENSORS = {"s1": "Sentinel-1", "s2": "Sentinel-2"}
QUANTITIES = {
    "s2": QT_TRANSLATE_NOOP("DataPanel", "Sentinel-2: reflectance"),
    "s1": QT_TRANSLATE_NOOP("DataPanel", "Sentinel-1: backscatter"),
}
UNUSED = "unused"
"""How the engine is told that a band is none of a sensor's."""
BANDS = {
    "s2": (
        ("B02", QT_TRANSLATE_NOOP("DataPanel", "blue")),
        ("B03", QT_TRANSLATE_NOOP("DataPanel", "green")),
        ("B04", QT_TRANSLATE_NOOP("DataPanel", "red")),
        ("B05", QT_TRANSLATE_NOOP("DataPanel", "red edge 705 nm")),
        ("B06", QT_TRANSLATE_NOOP("DataPanel", "red edge 740 nm")),
        ("B07", QT_TRANSLATE_NOOP("DataPanel", "red edge 783 nm")),
        ("B08", QT_TRANSLATE_NOOP("DataPanel", "near infrared")),
        ("B8A", QT_TRANSLATE_NOOP("DataPanel", "narrow near infrared")),
        ("B11", QT_TRANSLATE_NOOP("DataPanel", "shortwave infrared 1610 nm")),
        ("B12", QT_TRANSLATE_NOOP("DataPanel", "shortwave infrared 2190 nm")),
        ("SCL", QT_TRANSLATE_NOOP("DataPanel", "scene classes: clouds are masked")),
    ),
    "s1": (
        ("VV", QT_TRANSLATE_NOOP("DataPanel", "like-polarised")),
        ("VH", QT_TRANSLATE_NOOP("DataPanel", "cross-polarised")),
    ),
}
"""Bands that are understood, and what they measure."""
REFLECTANCE, OTHER = "reflectance", "other"
"""Ways of storing numbers that have no name at the engine."""
UNITS = ("dB", "linear", "dn")
"""Of Sentinel-1."""


class BandsQuestion(QWidget):
    """A row for each band of a file without names: what is seen of it, and what the user says that it is."""

    answered = Signal(object)
    """`band_names` of each sensor that has any."""

    def __init__(self, unnamed: Unnamed, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bands question")
        self.unnamed = unnamed
        text = self.tr("The bands of {0} have no names. What are they?").format(_breakable(unnamed.file))
        if unnamed.files > 1:
            text += " " + self.tr("{0:,} files have as many bands; all are read so.").format(unnamed.files)
        self._why = QLabel(wordWrap=True)
        self._why.setProperty("faint", True)
        self._go = QPushButton(self.tr("Read them so"))
        self._go.setObjectName("name bands")
        self._go.clicked.connect(lambda _=False: self.answered.emit(self.names))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(QLabel(text, wordWrap=True))
        column.addLayout(self._table(unnamed.bands))
        column.addWidget(self._why)
        column.addWidget(self._go)
        self._check()

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """What was chosen, in the order of the file."""
        chosen = [str(box.currentData()) for box in self.boxes]
        found = {}
        for sensor, known in BANDS.items():
            mine = {name for name, _ in known}
            if mine & set(chosen):
                found[sensor] = tuple(name if name in mine else UNUSED for name in chosen)
        return found

    def _table(self, bands: Sequence[UnnamedBand]) -> QGridLayout:
        grid = QGridLayout()
        grid.setColumnStretch(2, 1)
        grid.setHorizontalSpacing(6)
        for column, text in enumerate((self.tr("Band"), self.tr("Values"), self.tr("What it is"))):
            head = QLabel(text)
            head.setProperty("faint", True)
            grid.addWidget(head, 0, column)
        self.boxes = [self._box(number) for number in range(1, len(bands) + 1)]
        for row, (band, box) in enumerate(zip(bands, self.boxes, strict=True), 1):
            values = QLabel(_seen(band))
            values.setToolTip(", ".join(filter(None, (band.description, band.dtype))))
            for column, widget in enumerate((QLabel(str(row)), values, box)):
                grid.addWidget(widget, row, column)
        return grid

    def _box(self, number: int) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(self.tr("Band {0}").format(number))
        box.setMinimumContentsLength(2)  # the dock may be narrow
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.addItem(self.tr("not used"), UNUSED)
        for sensor, known in BANDS.items():
            _head(box, translate("DataPanel", QUANTITIES[sensor]))
            for name, meaning in known:
                box.addItem(f"{name}  {translate('DataPanel', meaning)}", name)
                box.setItemData(box.count() - 1, box.itemText(box.count() - 1), Qt.ItemDataRole.ToolTipRole)
        box.currentIndexChanged.connect(lambda _: self._check())
        return box

    def _check(self) -> None:
        chosen = [box.currentData() for box in self.boxes if box.currentData() != UNUSED]
        twice = sorted({name for name in chosen if chosen.count(name) > 1})
        why = self.tr("Nothing is guessed: choose what each band is.") if not chosen else ""
        if twice:
            why = self.tr("Chosen twice: {0}.").format(", ".join(twice))
        self._why.setText(why)
        self._why.setVisible(bool(why))
        self._go.setEnabled(not why)


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


def _head(box: QComboBox, text: str) -> None:
    """An entry that can't be chosen: what those below it measure."""
    box.addItem(text)
    model = box.model()
    assert isinstance(model, QStandardItemModel)
    model.item(box.count() - 1).setEnabled(False)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _seen(band: UnnamedBand) -> str:
    """`312 – 4210`"""
    if band.low is None or band.high is None:
        return "—"
    return f"{band.low:.4g} – {band.high:.4g}".replace("-", "−")


def _breakable(name: str) -> str:
    """Names of files are long words."""
    return name.replace("_", "_\u200b").replace("-", "-\u200b")
