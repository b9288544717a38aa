"""Maps as files: what, of which dates, under which name; what that will write; and what was written before."""

from __future__ import annotations

from collections.abc import Sequence

from phenolens.engine.client.readings import Probe, Store
from phenolens.engine.client.results import Export
from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ..exporting import MAPS, SUMS, Wanted, maps_of, over_period, summed
from ..texts import QT_TRANSLATE_NOOP
from .day_span import DaySpan
from .elided import NarrowCombo

translate = QCoreApplication.translate  # by this name translators' tools find its texts

FEW_FILES = 72
"""Points of height that the list of files has at least."""
WHATS = (
    (
        "probe",
        QT_TRANSLATE_NOOP("ExportPanel", "Map of a probe"),
        QT_TRANSLATE_NOOP("ExportPanel", "Classes or values, and how far to trust them"),
    ),
    (
        "pca",
        QT_TRANSLATE_NOOP("ExportPanel", "Embedding, PCA colours"),
        QT_TRANSLATE_NOOP("ExportPanel", "A picture: the strongest directions as red, green and blue"),
    ),
    (
        "dim",
        QT_TRANSLATE_NOOP("ExportPanel", "Embedding, one dimension"),
        QT_TRANSLATE_NOOP("ExportPanel", "A single principal dimension as numbers"),
    ),
    (
        "support",
        QT_TRANSLATE_NOOP("ExportPanel", "Support"),
        QT_TRANSLATE_NOOP("ExportPanel", "Days to the nearest clear acquisition"),
    ),
    (
        "change",
        QT_TRANSLATE_NOOP("ExportPanel", "Change between two dates"),
        QT_TRANSLATE_NOOP("ExportPanel", "How much each pixel changed, and how sure that is"),
    ),
    (
        "embedding",
        QT_TRANSLATE_NOOP("ExportPanel", "Embedding, all numbers"),
        QT_TRANSLATE_NOOP("ExportPanel", "A band for each dimension"),
    ),
    (
        "netcdf",
        QT_TRANSLATE_NOOP("ExportPanel", "Embedding, all dates in one file"),
        QT_TRANSLATE_NOOP("ExportPanel", "NetCDF (CF): date, dimension, y, x"),
    ),
)
DATES = (
    ("this", QT_TRANSLATE_NOOP("ExportPanel", "the date of the map")),
    ("all", QT_TRANSLATE_NOOP("ExportPanel", "all dates")),
    ("range", QT_TRANSLATE_NOOP("ExportPanel", "from … to …")),
)
SUMMED = QT_TRANSLATE_NOOP("ExportPanel", "summed from … to …")
"""Of a quantity that a probe predicts day by day."""


class ExportPanel(QWidget):
    """Tells what is wanted, and shows what comes of it."""

    wanted_changed = Signal(object)
    """`Wanted`"""
    asked = Signal()
    folder_asked = Signal(str)
    """The workspace-relative path of a file."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("export")
        self._known: dict[str, Probe] = {}
        self._picked = ""
        """The probe that the user chose."""
        self._make_choices()
        self._make_end()
        self._lay_out()
        self._show()

    @property
    def wanted(self) -> Wanted:
        return Wanted(
            str(self._what.currentData()),
            self._dim.value(),
            str(self._sensor.currentData() or "s2"),
            str(self._probe.currentData() or ""),
            tuple(name for name, box in self._maps.items() if box.isChecked() and not box.isHidden()),
            str(self._dates.currentData()),
            *self._span.days,
            self._name.text().strip(),
        )

    def set_store(self, store: Store | None) -> None:
        self.setEnabled(store is not None)
        if store is None:
            return
        self._dim.setMaximum(store.dims)
        self._sensor.clear()
        for sensor in store.modalities:
            self._sensor.addItem(
                {"s1": "Sentinel-1", "s2": self.tr("Sentinel-2")}.get(sensor, sensor), sensor
            )
        if store.times:
            self._span.set_days(store.times[0][:10], store.times[-1][:10])
        self._name.setText(store.store.rpartition("/")[2].removesuffix(".zarr"))
        self._changed()

    def set_probes(self, probes: Sequence[Probe]) -> None:
        """Those that can be drawn; the one fitted last is offered unless the user chose another."""
        self._known = {probe.probe: probe for probe in probes if not probe.problem}
        newest = max(self._known.values(), key=lambda probe: probe.modified, default=None)
        offered = self._picked if self._picked in self._known else newest.probe if newest else ""
        self._probe.blockSignals(True)
        self._probe.clear()
        for name in self._known:
            self._probe.addItem(name.removesuffix(".probe"), name)
        self._probe.setCurrentIndex(self._probe.findData(offered))
        self._probe.blockSignals(False)
        self._changed()

    def set_plan(self, text: str, possible: bool) -> None:
        """What would be written, or why nothing can be."""
        self._plan.setText(text)
        self._go.setEnabled(possible)

    def set_busy(self, busy: bool) -> None:
        self._go.setText(self.tr("Writing…") if busy else self.tr("Export"))
        if busy:
            self._go.setEnabled(False)

    def set_exports(self, exports: Sequence[Export]) -> None:
        """Newest first."""
        self._files.clear()
        for one in exports:
            item = QListWidgetItem(one.raster)
            item.setToolTip(self.tr("{}, {:.1f} MB").format(one.title, one.bytes / 1000000.0))
            self._files.addItem(item)
        self._none.setVisible(not exports)
        self._files.setVisible(bool(exports))
        self._folder.setEnabled(bool(exports))

    def _make_choices(self) -> None:
        self._what, self._dates, self._sensor, self._probe = (NarrowCombo(10) for _ in range(4))
        for number, (value, text, tip) in enumerate(WHATS):
            self._what.addItem(self.tr(text), value)
            self._what.setItemData(number, self.tr(tip), Qt.ItemDataRole.ToolTipRole)
        for value, text in DATES:
            self._dates.addItem(self.tr(text), value)
        for box, name in (
            (self._what, self.tr("What to write")),
            (self._dates, self.tr("Which dates")),
            (self._sensor, self.tr("Sensor")),
            (self._probe, self.tr("Probe")),
        ):
            box.setAccessibleName(name)
            box.currentIndexChanged.connect(lambda _: self._changed())
        self._probe.currentIndexChanged.connect(lambda _: self._pick())
        self._maps = {
            name: QCheckBox(translate("Exporting", text), checked=name in ("class", "value"))
            for name, text in MAPS.items()
        }
        for tick in self._maps.values():
            tick.toggled.connect(lambda _: self._changed())
        self._dim = QSpinBox(minimum=1, maximum=1)
        self._dim.setAccessibleName(self.tr("Dimension"))
        self._dim.valueChanged.connect(lambda _: self._changed())
        self._span = DaySpan(self.tr("First day"), self.tr("Last day"))
        self._span.changed.connect(self._changed)
        self._name = QLineEdit()
        self._name.setAccessibleName(self.tr("Beginning of the file names"))
        self._name.setToolTip(
            self.tr("What they show, the probe and the date are added; folders are made: maps/field")
        )
        self._name.textChanged.connect(lambda _: self._changed())

    def _make_end(self) -> None:
        self._plan = QLabel(wordWrap=True)
        self._plan.setProperty("faint", True)
        self._go = QPushButton(self.tr("Export"))
        self._go.setProperty("primary", True)
        self._go.clicked.connect(lambda _=False: self.asked.emit())
        self._files = QListWidget()
        self._files.setAccessibleName(self.tr("Files that were written"))
        self._files.setMinimumHeight(FEW_FILES)
        self._files.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._files.setTextElideMode(Qt.TextElideMode.ElideLeft)  # names differ at their end
        self._files.itemDoubleClicked.connect(lambda item: self.folder_asked.emit(item.text()))
        self._none = QLabel(self.tr("Nothing was written of this store yet."), wordWrap=True)
        self._none.setProperty("faint", True)
        self._folder = QPushButton(self.tr("Show in folder"))
        self._folder.setToolTip(
            self.tr("The folder of the marked file; they open in QGIS with their colours")
        )
        self._folder.clicked.connect(lambda _=False: self._ask_folder())

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        self._form = QFormLayout()
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._ticks = QWidget()
        ticks = QVBoxLayout(self._ticks)
        ticks.setContentsMargins(0, 0, 0, 0)
        for tick in self._maps.values():
            ticks.addWidget(tick)
        for text, widget in (
            (self.tr("What"), self._what),
            (self.tr("Probe"), self._probe),
            (self.tr("Maps"), self._ticks),
            (self.tr("Dimension"), self._dim),
            (self.tr("Sensor"), self._sensor),
            (self.tr("Dates"), self._dates),
            (self.tr("Period"), self._span),
            (self.tr("Name"), self._name),
        ):
            self._form.addRow(text, widget)
        column.addLayout(self._form)
        column.addWidget(self._plan)
        column.addWidget(self._go)
        column.addSpacing(10)
        heading = QLabel(self.tr("Written before"))
        heading.setProperty("heading", True)
        before = QHBoxLayout()
        before.addWidget(heading, 1)
        before.addWidget(self._folder)
        column.addLayout(before)
        column.addWidget(self._none)
        column.addWidget(self._files, 1)
        column.addStretch(0)
        self.set_exports(())

    def _pick(self) -> None:
        self._picked = str(self._probe.currentData() or "")

    def _changed(self) -> None:
        self._show()
        self.wanted_changed.emit(self.wanted)

    def _show(self) -> None:
        """Only the choices that go with the others."""
        what, probe = self._what.currentData(), self._known.get(str(self._probe.currentData() or ""))
        self._offer_sum(what == "probe" and probe is not None and SUMS[0] in probe.maps)
        period, total = what == "probe" and over_period(probe), summed(self.wanted, probe)
        for widget, shown in (
            (self._probe, what == "probe"),
            (self._ticks, what == "probe" and probe is not None and not total),
            (self._dim, what == "dim"),
            (self._sensor, what == "support"),
            (self._dates, not period and what != "change"),
            (self._span, period or what == "change" or self._dates.currentData() in ("range", "sum")),
        ):
            self._form.setRowVisible(widget, shown)
        made = maps_of(probe) if probe is not None else ()
        for name, tick in self._maps.items():
            tick.setVisible(name in made)

    def _offer_sum(self, possible: bool) -> None:
        number = self._dates.findData("sum")
        self._dates.blockSignals(True)
        if possible and number < 0:
            self._dates.addItem(self.tr(SUMMED), "sum")
        elif not possible and number >= 0:
            self._dates.removeItem(number)  # if it was chosen, the choice before it is
        self._dates.blockSignals(False)

    def _ask_folder(self) -> None:
        item = self._files.currentItem() or self._files.item(0)
        if item is not None:
            self.folder_asked.emit(item.text())
