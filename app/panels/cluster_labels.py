"""Which class each cluster is, and how many of its pixels become labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..cluster_labels import Cluster, Naming
from ..session import LandClass
from .swatches import swatch

LEAVE, OWN = -2, -1
ROW_HEIGHT, MOST_ROWS = 34, 10


class ClusterLabels(QDialog):
    """A row for each cluster."""

    chosen = Signal(object)
    """`Naming`"""

    def __init__(
        self, clusters: Sequence[Cluster], classes: Sequence[LandClass], held: str, parent: QWidget
    ) -> None:
        """`held`: when the labels will hold, in words."""
        super().__init__(parent)
        self.setObjectName("cluster labels")
        self.setWindowTitle(self.tr("Label by clusters"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._clusters = tuple(clusters)
        self._boxes = [self._box(one, classes) for one in clusters]
        self._each = QSpinBox(minimum=1, maximum=500, value=50)
        self._each.setAccessibleName(self.tr("Labels of each cluster"))
        self._each.setToolTip(
            self.tr("Pixels drawn at random, away from the cluster's edges where it is large enough")
        )
        self._told = QLabel(wordWrap=True)
        self._told.setProperty("faint", True)
        self._held = held
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._go = buttons.addButton(self.tr("Label"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._go.setProperty("primary", True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.accepted.connect(lambda: self.chosen.emit(self.naming))
        self._lay_out(buttons)
        self._each.valueChanged.connect(self._tell)
        self._tell()
        self.adjustSize()

    def _lay_out(self, buttons: QDialogButtonBox) -> None:
        row = QHBoxLayout()
        row.addWidget(QLabel(self.tr("Labels of each cluster")))
        row.addWidget(self._each)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.addWidget(self._table())
        column.addLayout(row)
        column.addWidget(self._told)
        column.addWidget(buttons)
        self.setMinimumWidth(460)

    def _table(self) -> QTableWidget:
        table = QTableWidget(len(self._clusters), 3)
        table.setAccessibleName(self.tr("Clusters and their classes"))
        table.setHorizontalHeaderLabels([self.tr("Cluster"), self.tr("Pixels"), self.tr("Class")])
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        table.setShowGrid(False)
        table.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the boxes within have it
        table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        table.horizontalHeader().setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        for row, (cluster, box) in enumerate(zip(self._clusters, self._boxes, strict=True)):
            count = QTableWidgetItem(f"{cluster.pixels:,}")
            count.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            for column, item in enumerate((QTableWidgetItem(swatch(cluster.colour), cluster.name), count)):
                item.setFlags(Qt.ItemFlag.ItemIsEnabled)
                table.setItem(row, column, item)
            table.setCellWidget(row, 2, box)
        shown = min(len(self._clusters), MOST_ROWS)
        table.setMinimumHeight(shown * ROW_HEIGHT + table.horizontalHeader().sizeHint().height() + 8)
        return table

    def _box(self, cluster: Cluster, classes: Sequence[LandClass]) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(self.tr("Class of {0}").format(cluster.name))
        box.addItem(self.tr("a class of its own"), OWN)
        for one in classes:
            box.addItem(swatch(one.colour), one.name, one.code)
        box.addItem(self.tr("no labels"), LEAVE)
        same = next((one.code for one in classes if one.name.partition(" (")[0] == cluster.name), OWN)
        box.setCurrentIndex(box.findData(same if cluster.pixels else LEAVE))
        box.setEnabled(cluster.pixels > 0)
        box.currentIndexChanged.connect(self._tell)
        return box

    @property
    def naming(self) -> Naming:
        return Naming(self._classes, self._each.value())

    @property
    def told(self) -> str:
        return self._told.text()

    def choose(self, cluster: int, code: int | None) -> None:
        """As if the user had; None: a class of its own."""
        box = self._boxes[[one.code for one in self._clusters].index(cluster)]
        box.setCurrentIndex(box.findData(OWN if code is None else code))

    @property
    def _classes(self) -> Mapping[int, int | None]:
        chosen = {
            cluster.code: int(box.currentData())
            for cluster, box in zip(self._clusters, self._boxes, strict=True)
        }
        return {code: None if to == OWN else to for code, to in chosen.items() if to != LEAVE}

    def _tell(self) -> None:
        naming = self.naming
        labels = sum(min(naming.each, one.pixels) for one in self._clusters if one.code in naming.classes)
        told = self.tr("{0} labels of {1} clusters. {2}")
        self._told.setText(told.format(f"{labels:,}", len(naming.classes), self._held))
        self._go.setEnabled(labels > 0)
