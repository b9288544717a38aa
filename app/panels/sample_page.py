"""A sample of a class map is planned: its classes, how sure it is to be, how its points are shared."""

from __future__ import annotations

from collections.abc import Sequence

from phenolens.engine.client.results import Export
from phenolens.engine.client.sampling import SamplePlan, Stratum
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ..sampling import ALLOCATIONS, SampleWanted, hectares, plan_told
from ..texts import QT_TRANSLATE_NOOP
from .elided import NarrowCombo
from .message import tell
from .strata_table import StrataTable

AIMS = {
    "overall": QT_TRANSLATE_NOOP("SamplePage", "the overall accuracy"),
    "class": QT_TRANSLATE_NOOP("SamplePage", "the area of a class"),
    "size": QT_TRANSLATE_NOOP("SamplePage", "a number of points"),
}
SHARED = {
    "recommended": QT_TRANSLATE_NOOP("SamplePage", "by area, rare classes raised"),
    "proportional": QT_TRANSLATE_NOOP("SamplePage", "by area"),
    "equal": QT_TRANSLATE_NOOP("SamplePage", "equally"),
    "neyman": QT_TRANSLATE_NOOP("SamplePage", "best for the aim (Neyman)"),
}


class SamplePage(QWidget):
    """Tells what is wanted, and shows what that would take."""

    wanted_changed = Signal()
    other_map_asked = Signal()
    asked = Signal()
    folder_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sample page")
        self._quiet = False
        self._make_map()
        self._make_aim()
        self._make_end()
        self._lay_out()
        self.set_maps(())

    @property
    def wanted(self) -> SampleWanted:
        code = self._class.currentData()
        return SampleWanted(
            self.map,
            str(self._other_strata.currentData() or ""),
            str(self._aim.currentData()),
            self._error.value() / 100,
            None if code is None else int(code),
            self._size.value(),
            self._table.expected,
            str(self._sharing.currentData()),
            self._fewest.value(),
            self._lead.isChecked(),
            self._seed.value(),
            self._name.text().strip(),
        )

    @property
    def map(self) -> str:
        """As the engine names it; empty where there is none."""
        return str(self._maps.currentData() or "")

    def set_maps(self, exports: Sequence[Export], more: Sequence[str] = ()) -> None:
        """Class maps of the workspace, newest first, and files from elsewhere."""
        before = self.map, str(self._other_strata.currentData() or "")
        self._maps.blockSignals(True)
        self._maps.clear()
        for one in exports:
            self._maps.addItem(one.raster, one.raster)
            self._maps.setItemData(self._maps.count() - 1, one.title, Qt.ItemDataRole.ToolTipRole)
        for path in more:
            self._maps.addItem(path.rpartition("/")[2], path)
            self._maps.setItemData(self._maps.count() - 1, path, Qt.ItemDataRole.ToolTipRole)
        found = self._maps.findData(before[0])
        self._maps.setCurrentIndex(max(found, 0) if self._maps.count() else -1)
        self._maps.blockSignals(False)
        self._list_strata()
        self._show_rows()
        self._rest.setVisible(bool(self.map))
        self._maps.setEnabled(bool(self.map))
        self._none.setVisible(not self.map)
        if (self.map, str(self._other_strata.currentData() or "")) != before:
            self.begin()

    def choose_map(self, path: str) -> None:
        self._maps.setCurrentIndex(self._maps.findData(path))

    def set_name(self, name: str) -> None:
        self._name.setText(name)

    def set_plan(self, plan: SamplePlan) -> None:
        """What was asked for would take this."""
        way = plan.allocations[str(self._sharing.currentData())]
        if self._table.set_plan(plan, way):
            self._offer_classes(plan.strata)
        self._about.setText(
            self.tr("{0} in {1} classes, {2:,} pixels.").format(
                hectares(plan.pixels, plan.pixel_m2), len(plan.strata), plan.pixels
            )
        )
        self._say(self._plan, plan_told(plan, way, self.wanted), False)

    def refuse(self, text: str) -> None:
        """Why there is no plan."""
        self._say(self._plan, text, True)

    def set_possible(self, possible: bool, why: str = "") -> None:
        """Whether the sample can be drawn; why its name can't be."""
        self._go.setEnabled(possible)
        self._name_said.setText(why)
        self._name_said.setVisible(bool(why))

    def set_busy(self, busy: bool) -> None:
        self._go.setText(self.tr("Drawing…") if busy else self.tr("Draw the sample"))
        if busy:
            self._go.setEnabled(False)

    def tell(self, text: str, warning: bool = False, folder: bool = False) -> None:
        """What became of the sample."""
        self._say(self._done, text, warning)
        self._folder.setVisible(folder)

    def _list_strata(self) -> None:
        """The map's own classes, or those of any other map."""
        box, before = self._other_strata, str(self._other_strata.currentData() or "")
        box.blockSignals(True)
        box.clear()
        box.addItem(self.tr("the map's own"), "")
        for number in range(self._maps.count()):
            if self._maps.itemData(number) != self.map:
                box.addItem(self._maps.itemText(number), self._maps.itemData(number))
        box.setCurrentIndex(max(0, box.findData(before)))
        box.blockSignals(False)

    def _begin_map(self) -> None:
        self._list_strata()
        self.begin()

    def begin(self) -> None:
        """Another map, or other strata: nothing is known of the classes."""
        self._table.forget()
        self._offer_classes(())
        self._about.setText("")
        self.tell("")
        self._say(self._plan, self.tr("Counting pixels…") if self.map else "", False)
        self.wanted_changed.emit()

    def _offer_classes(self, strata: Sequence[Stratum]) -> None:
        """Those whose area may be the aim: a class of the map before is none of this one."""
        self._quiet = True
        self._class.clear()
        for one in strata:
            self._class.addItem(one.name, one.code)
        self._quiet = False

    def _make_map(self) -> None:
        self._maps = NarrowCombo(12)
        self._maps.setAccessibleName(self.tr("Class map"))
        self._maps.currentIndexChanged.connect(lambda _: self._begin_map())
        self._other = QPushButton(self.tr("Other…"))
        self._other.setAccessibleName(self.tr("Choose another class map"))
        self._other.setToolTip(
            self.tr("A GeoTIFF of class codes, 0 = none, in UTM or another equal-area CRS")
        )
        self._other.clicked.connect(lambda _=False: self.other_map_asked.emit())
        self._other_strata = NarrowCombo()
        self._other_strata.setAccessibleName(self.tr("Strata: classes that points are drawn from"))
        self._other_strata.setToolTip(
            self.tr(
                "Another class map on the same grid, such as one of change, may say where errors are likely"
            )
        )
        self._other_strata.currentIndexChanged.connect(lambda _: self.begin())
        self._none = QLabel(
            self.tr("No class map yet: export the map “class” of a probe (Export), or choose a file."),
            wordWrap=True,
        )
        self._about, self._table = QLabel(wordWrap=True), StrataTable()
        self._table.expected_changed.connect(self._changed)
        for label in (self._none, self._about):
            label.setProperty("faint", True)

    def _make_aim(self) -> None:
        self._aim, self._class, self._sharing = NarrowCombo(), NarrowCombo(), NarrowCombo()
        for value, text in AIMS.items():
            self._aim.addItem(self.tr(text), value)
        for value in ALLOCATIONS:
            self._sharing.addItem(self.tr(SHARED[value]), value)
        self._error = QDoubleSpinBox(
            minimum=0.05, maximum=20, value=1, singleStep=0.25, decimals=2, suffix=" %"
        )
        self._error.setToolTip(
            self.tr(
                "Standard error to reach, of the overall accuracy or of the class's share of the whole area; "
                "the 95 % interval is about ± twice as much"
            )
        )
        self._size = QSpinBox(minimum=2, maximum=1_000_000, value=500, singleStep=50)
        self._fewest = QSpinBox(minimum=2, maximum=100_000, value=50, singleStep=10)
        self._fewest.setToolTip(self.tr("Points that a rare class gets at least"))
        self._seed = QSpinBox(minimum=0, maximum=2**31 - 1)
        self._seed.setToolTip(self.tr("The same number draws the same points"))
        self._lead = QCheckBox(self.tr("Tell the map's class in the form"))
        self._lead.setToolTip(self.tr("Better not: who knows what the map says is led by it"))
        for box, name in (
            (self._aim, self.tr("What is to be known")),
            (self._class, self.tr("Class whose area is to be known")),
            (self._sharing, self.tr("How points are shared among classes")),
            (self._error, self.tr("Standard error to reach")),
            (self._size, self.tr("Number of points")),
            (self._fewest, self.tr("Fewest points of a class")),
            (self._seed, self.tr("Seed of the draw")),
        ):
            box.setAccessibleName(name)
            changed = box.currentIndexChanged if isinstance(box, NarrowCombo) else box.valueChanged
            changed.connect(lambda _: self._changed())

    def _make_end(self) -> None:
        self._name = QLineEdit()
        self._name.setAccessibleName(self.tr("Beginning of the file names"))
        self._name.setToolTip(
            self.tr("Written in the workspace: points (.gpkg), the form (.csv), the design")
        )
        self._name.textChanged.connect(lambda _: self._changed())
        self._plan, self._done = QLabel(wordWrap=True), QLabel(wordWrap=True)
        self._name_said = QLabel(wordWrap=True)
        self._name_said.setProperty("warning", True)
        self._done.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._go = QPushButton(self.tr("Draw the sample"))
        self._go.setProperty("primary", True)
        self._go.setToolTip(self.tr("Writes a GeoPackage of the points and the form to fill in"))
        self._go.clicked.connect(lambda _=False: self.asked.emit())
        self._folder = QPushButton(self.tr("Show in folder"))
        self._folder.clicked.connect(lambda _=False: self.folder_asked.emit())

    def _lay_out(self) -> None:
        self._rest = QWidget()
        inner = QVBoxLayout(self._rest)
        inner.setContentsMargins(0, 0, 0, 0)
        self._form = QFormLayout()
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for text, widget in (
            (self.tr("Strata"), self._other_strata),
            (self.tr("Know"), self._aim),
            (self.tr("Class"), self._class),
            (self.tr("Std. error"), self._error),
            (self.tr("Points"), self._size),
            (self.tr("Shared"), self._sharing),
            (self.tr("At least"), self._fewest),
            (self.tr("Seed"), self._seed),
            (self.tr("Name"), self._name),
        ):
            self._form.addRow(text, widget)
        inner.addWidget(self._about)
        inner.addWidget(self._table)
        inner.addLayout(self._form)
        for below in (self._lead, self._plan, self._name_said, self._go, self._done, self._folder):
            inner.addWidget(below)
        row = QHBoxLayout()
        row.addWidget(self._maps, 1)
        row.addWidget(self._other)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.addLayout(row)
        column.addWidget(self._none)
        column.addWidget(self._rest)
        column.addStretch(1)
        self.tell("")
        self._show_rows()

    def _changed(self) -> None:
        self._show_rows()
        if not self._quiet:
            self.wanted_changed.emit()

    def _show_rows(self) -> None:
        """Only the choices that go with the aim."""
        aim = self._aim.currentData()
        for widget, shown in (
            (self._class, aim == "class"),
            (self._error, aim != "size"),
            (self._size, aim == "size"),
            (self._fewest, self._sharing.currentData() == "recommended"),
            (self._other_strata, self._maps.count() > 1),
        ):
            self._form.setRowVisible(widget, shown)

    def _say(self, label: QLabel, text: str, warning: bool) -> None:
        tell(label, text, warning)
        label.setVisible(bool(text))
