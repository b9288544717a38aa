"""The data at hand: samples, and what the user has pointed at; what is found in it before it is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from phenolens.engine.client.sources import Sensor, SensorFault, Sources, Unnamed
from PySide6.QtCore import QCoreApplication, Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..texts import QT_TRANSLATE_NOOP
from .data_bands import BandsQuestion
from .data_questions import CrsQuestion, DayQuestion, NumbersQuestion, OrbitQuestion, is_asked, question_of
from .data_report import report_of

translate = QCoreApplication.translate  # by this name translators' tools find its texts

LOWEST, MOST_HIGH = 96, 16_777_215
"""Points of the list's height: questions need the room."""


@dataclass(frozen=True)
class Line:
    """One entry of the list; `told` is None while it is being looked at."""

    name: str
    sample: bool
    used: bool
    told: Sources | None
    problem: str = ""
    place: str = ""
    """Where it lies, for two of one name."""


class DataPanel(QWidget):
    """A list, and below it a report."""

    folder_wanted = Signal()
    files_wanted = Signal()
    dropped = Signal(object)
    """Paths, as a list."""
    used = Signal(int, bool)
    removed = Signal(int)
    extent_wanted = Signal(int)
    picked = Signal(int)
    """Chosen in the list by the user."""
    stated = Signal(str, object)
    """A sensor and what was said of its files, as the engine takes it."""
    placed = Signal(object)
    """The same by sensor: the CRS of files that declare none."""
    named = Signal(object)
    """The same of all sensors at once: which bands files without names hold."""
    accepted = Signal()
    discarded = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("data")
        self.setAcceptDrops(True)
        self._lines: tuple[Line, ...] = ()
        self._pending = False
        self._bands: BandsQuestion | None = None
        """Of the files that are looked at, with what was answered."""
        self._make_list()
        self._make_report()
        self._lay_out()
        self.set_lines(())

    def set_lines(self, lines: Sequence[Line]) -> None:
        """Samples and data of the user's, in order."""
        chosen = self._chosen()
        self._lines = tuple(lines)
        self._list.blockSignals(True)
        self._list.clear()
        for number, line in enumerate(self._lines):
            item = QTreeWidgetItem([line.name, _short(line)])
            item.setToolTip(0, line.place or line.name)
            item.setData(0, Qt.ItemDataRole.UserRole, number)
            if not line.sample:
                item.setCheckState(0, Qt.CheckState.Checked if line.used else Qt.CheckState.Unchecked)
                item.setToolTip(0, f"{line.place}\n" + self.tr("Ticked: used for areas that it covers"))
            self._list.addTopLevelItem(item)
            if number == chosen:
                self._list.setCurrentItem(item)
        self._list.blockSignals(False)
        self._show_chosen()

    def set_pending(self, name: str, told: Sources | None, problem: str = "") -> None:
        """What was found at a path that isn't taken yet; `told` None and no problem: it is being looked at."""
        self._pending = True
        looking = told is None and not problem
        self._report.setText(
            self.tr("Looking into {}…").format(escape(name)) if looking else report_of(name, told, problem)
        )
        self._ask(told.faults if told else ())
        for sensor in told.sensors if told is not None else ():
            if sensor.undated:
                self._add_question(DayQuestion(sensor.sensor, sensor.undated[0], among=True), sensor.sensor)
            if _lacks_orbit(sensor):
                self._add_question(OrbitQuestion(), sensor.sensor)
        self._ask_bands(told.unnamed if told else None)
        self._list.setMaximumHeight(LOWEST if self._bands is not None else MOST_HIGH)
        open_questions = told is not None and any(map(is_asked, told.faults))
        self._add.setEnabled(told is not None and bool(told.sensors) and not open_questions)
        self._discard.setText(self.tr("Discard") if told and told.sensors else self.tr("Close"))
        self._enable()

    def end_pending(self) -> None:
        self._pending = False
        self._ask(())
        self._ask_bands(None)
        self._list.setMaximumHeight(MOST_HIGH)
        self._show_chosen()

    @property
    def add_button(self) -> QPushButton:
        return self._add

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(paths)

    def _make_list(self) -> None:
        self._list = QTreeWidget()
        self._list.setAccessibleName(self.tr("Data at hand"))
        self._list.setColumnCount(2)
        self._list.setHeaderHidden(True)
        self._list.setRootIsDecorated(False)
        self._list.setMinimumHeight(LOWEST)
        self._list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header = self._list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self._list.itemChanged.connect(self._toggle)
        self._list.currentItemChanged.connect(lambda *_: self._choose())

    def _make_report(self) -> None:
        self._report = QLabel(wordWrap=True, textFormat=Qt.TextFormat.RichText)
        self._report.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._report.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._report.setAccessibleName(self.tr("What was found"))
        self._band_place, self._questions = QVBoxLayout(), QVBoxLayout()
        self._add, self._discard = QPushButton(self.tr("Add")), QPushButton(self.tr("Discard"))
        self._add.setProperty("primary", True)
        self._add.setObjectName("accept data")
        self._add.clicked.connect(self.accepted)
        self._discard.clicked.connect(self.discarded)
        self._extent = QPushButton(self.tr("Use its extent"))
        self._extent.setToolTip(self.tr("Make an area of all that it covers"))
        self._extent.clicked.connect(lambda: self.extent_wanted.emit(self._chosen()))
        self._remove = QPushButton(self.tr("Remove"))
        self._remove.setToolTip(self.tr("Take it off the list; its files stay where they are"))
        self._remove.clicked.connect(lambda: self.removed.emit(self._chosen()))

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        for text, tip, signal in (
            (
                self.tr("Add folder…"),
                self.tr("A folder of GeoTIFFs, SAFE products, or a Zarr cube"),
                self.folder_wanted,
            ),
            (self.tr("Add files…"), self.tr("NetCDF cubes or GeoTIFFs"), self.files_wanted),
        ):
            tool = QToolButton(text=text, toolTip=tip)
            tool.setAccessibleName(text)
            tool.setProperty("boxed", True)
            tool.clicked.connect(signal)
            top.addWidget(tool)
        top.addStretch(1)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 6, 0)
        column.addWidget(self._report)
        column.addLayout(self._band_place)
        column.addLayout(self._questions)
        column.addStretch(1)
        scroll = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        scroll.setAccessibleName(self.tr("Data and what was found in them"))
        scroll.verticalScrollBar().rangeChanged.connect(self._follow)
        self._scroll = scroll
        buttons = QHBoxLayout()
        for button in (self._extent, self._remove, self._add, self._discard):
            buttons.addWidget(button)
        buttons.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(10, 6, 10, 8)
        whole.addLayout(top)
        whole.addWidget(self._list, 1)
        whole.addWidget(scroll, 3)
        whole.addLayout(buttons)

    def _ask_bands(self, unnamed: Unnamed | None) -> None:
        """What was answered stays while the same files are looked at."""
        if self._bands is not None and (unnamed is None or self._bands.unnamed != unnamed):
            self._band_place.removeWidget(self._bands)
            self._bands.deleteLater()
            self._bands = None
        if unnamed is not None and self._bands is None:
            self._bands = BandsQuestion(unnamed)
            self._bands.answered.connect(self._name_bands)
            self._band_place.addWidget(self._bands)

    def _follow(self, _least: int, most: int) -> None:
        """A second question may come below what is to be seen."""
        if self._bands is not None and self._questions.count():
            self._scroll.verticalScrollBar().setValue(most)

    def _name_bands(self, names: Mapping[str, tuple[str, ...]]) -> None:
        self.named.emit({sensor: {"band_names": mine} for sensor, mine in names.items()})

    def _ask(self, faults: Sequence[SensorFault]) -> None:
        while self._questions.count():
            item = self._questions.takeAt(0)
            widget = item.widget() if item else None
            if widget is not None:
                widget.deleteLater()
        placeless = [fault for fault in faults if fault.code == "crs"]
        if placeless:
            question = CrsQuestion(placeless)
            question.answered.connect(self.placed)
            self._questions.addWidget(question)
        for fault in faults:
            if is_asked(fault) and fault not in placeless:
                self._add_question(question_of(fault), fault.sensor)

    def _add_question(self, question: DayQuestion | NumbersQuestion | OrbitQuestion, sensor: str) -> None:
        question.answered.connect(lambda said: self.stated.emit(sensor, said))
        self._questions.addWidget(question)

    def _chosen(self) -> int:
        item = self._list.currentItem()
        return -1 if item is None else int(item.data(0, Qt.ItemDataRole.UserRole))

    def choose(self, number: int) -> None:
        """As if the user had chosen it in the list."""
        item = self._list.topLevelItem(number)
        if item is not None:
            self._list.setCurrentItem(item)

    def _choose(self) -> None:
        self._show_chosen()
        if self._chosen() >= 0:
            self.picked.emit(self._chosen())

    def _toggle(self, item: QTreeWidgetItem) -> None:
        number, used = (
            int(item.data(0, Qt.ItemDataRole.UserRole)),
            item.checkState(0) == Qt.CheckState.Checked,
        )
        # afterwards: who hears of it fills the list anew, and Qt isn't done with the item
        QTimer.singleShot(0, self, lambda: self.used.emit(number, used))

    def _show_chosen(self) -> None:
        if not self._pending:
            number = self._chosen()
            line = self._lines[number] if 0 <= number < len(self._lines) else None
            self._report.setText(report_of(line.name, line.told, line.problem) if line else self.tr(_EMPTY))
        self._enable()

    def _enable(self) -> None:
        number = self._chosen()
        line = self._lines[number] if 0 <= number < len(self._lines) else None
        self._list.setEnabled(not self._pending)  # one click there must not lose what was answered
        for button in (self._add, self._discard):
            button.setVisible(self._pending)
        self._extent.setVisible(
            not self._pending and line is not None and line.told is not None and bool(line.told.footprint)
        )
        self._remove.setVisible(not self._pending and line is not None and not line.sample)


_EMPTY = QT_TRANSLATE_NOOP(
    "DataPanel",
    "Point at your own Sentinel data: a folder or files, dropped here or chosen above. What is found is shown "
    "before it is added. The samples can be used at once.",
)


def _lacks_orbit(sensor: Sensor) -> bool:
    return sensor.sensor == "s1" and any(one.orbit_direction is None for one in sensor.acquisitions)


def _short(line: Line) -> str:
    if line.problem:
        return translate("DataPanel", "⚠ can't be read")
    if line.told is None:
        return translate("DataPanel", "looking…")
    return ", ".join(f"{len(one.acquisitions)} {one.sensor.upper()}" for one in line.told.sensors)
