"""Which bands files without names hold: seen, and said by the user."""

from __future__ import annotations

from collections.abc import Sequence

from phenolens.engine.client.sources import Unnamed, UnnamedBand
from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ..telling import numeral
from ..texts import QT_TRANSLATE_NOOP
from .elided import breakable

translate = QCoreApplication.translate  # by this name translators' tools find its texts

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


class BandsQuestion(QWidget):
    """A row for each band of a file without names: what is seen of it, and what the user says that it is."""

    answered = Signal(object)
    """`band_names` of each sensor that has any."""

    def __init__(self, unnamed: Unnamed, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bands question")
        self.unnamed = unnamed
        text = self.tr("The bands of {0} have no names. What are they?").format(breakable(unnamed.file))
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


def _head(box: QComboBox, text: str) -> None:
    """An entry that can't be chosen: what those below it measure."""
    box.addItem(text)
    model = box.model()
    assert isinstance(model, QStandardItemModel)
    model.item(box.count() - 1).setEnabled(False)


def _seen(band: UnnamedBand) -> str:
    """`312 – 4210`"""
    if band.low is None or band.high is None:
        return "—"
    return f"{numeral(band.low, '.4g')} – {numeral(band.high, '.4g')}"
