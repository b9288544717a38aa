"""Asking what a UMAP is to be fitted with."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)


@dataclass(frozen=True)
class UmapSettings:
    """Those of the engine, where nobody chose others."""

    neighbours: int = 30
    min_dist: float = 0.1


class UmapDialog(QDialog):
    """Neighbours and minimum distance, and one button to go on; it goes once it is closed."""

    chosen = Signal(object)
    """`UmapSettings`"""

    def __init__(self, settings: UmapSettings, again: bool, parent: QWidget | None = None) -> None:
        """`again`: there is a UMAP with these settings already."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Fit the UMAP again") if again else self.tr("Settings of the UMAP"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.neighbours = QSpinBox(minimum=2, maximum=200, value=settings.neighbours)
        self.neighbours.setAccessibleName(self.tr("Neighbours of the UMAP"))
        self.neighbours.setToolTip(self.tr("More of them show more of the whole and less of the detail"))
        self.min_dist = QDoubleSpinBox(minimum=0, maximum=0.99, singleStep=0.05, decimals=2)
        self.min_dist.setValue(settings.min_dist)
        self.min_dist.setAccessibleName(self.tr("Minimum distance of the UMAP"))
        self.min_dist.setToolTip(
            self.tr("How close points may lie: 0 packs those alike, larger values spread them evenly")
        )
        form = QFormLayout()
        form.addRow(self.tr("Neighbours"), self.neighbours)
        form.addRow(self.tr("Minimum distance"), self.min_dist)
        buttons = QDialogButtonBox()
        self.go = buttons.addButton(
            self.tr("Fit again") if again else self.tr("Fit a UMAP"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        told = self.tr("Runs in the background for a minute or more.")
        if again:
            told = self.tr(
                "The UMAP of now stays until the new one is ready. Selections that were drawn in it mean "
                "nothing in one with other settings; the same settings give the same UMAP."
            )
        about = QLabel(told, wordWrap=True)
        about.setProperty("faint", True)
        column = QVBoxLayout(self)
        column.addWidget(about)
        column.addLayout(form)
        column.addWidget(buttons)
        self.setMinimumWidth(360)

    def _accept(self) -> None:
        self.chosen.emit(UmapSettings(self.neighbours.value(), round(self.min_dist.value(), 2)))
        self.accept()
