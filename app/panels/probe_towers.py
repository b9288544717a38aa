"""The flux towers that a probe learns from: their files, the table of their sites, how far around them it looks."""

from __future__ import annotations

from pathlib import PurePath

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from ..recipe import Towers


class ProbeTowers(QWidget):
    """Asks for files, and tells which ones there are and how they are read."""

    files_asked = Signal()
    sites_asked = Signal()
    radius_chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._files, self._sites = QPushButton(self.tr("Choose files…")), QPushButton(self.tr("Sites…"))
        self._files.setToolTip(
            self.tr(
                "Daily or half-hourly files of FLUXNET, ICOS or AmeriFlux; or another CSV, whose columns are asked for"
            )
        )
        self._sites.setToolTip(self.tr("A table with site, lat, lon (CSV)"))
        self._files.clicked.connect(lambda _=False: self.files_asked.emit())
        self._sites.clicked.connect(lambda _=False: self.sites_asked.emit())
        self._radius = QSpinBox(minimum=10, maximum=10_000, singleStep=10, suffix=" m")
        self._radius.setAccessibleName(self.tr("Radius of a tower's footprint"))
        self._radius.setToolTip(
            self.tr("Around a tower, this is what its measurements are taken to stand for")
        )
        self._radius.editingFinished.connect(self.radius_chosen)
        self._note = QLabel(wordWrap=True)
        self._note.setProperty("faint", True)
        self._lay_out()

    @property
    def radius_m(self) -> float:
        return float(self._radius.value())

    def set_towers(self, towers: Towers) -> None:
        self._radius.setValue(int(towers.radius_m))
        self._note.setText(self._told(towers))

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        row, radius = QHBoxLayout(), QHBoxLayout()
        for widget in (self._files, self._sites):
            row.addWidget(widget, 1)
        radius.addWidget(QLabel(self.tr("Footprint radius")))
        radius.addWidget(self._radius, 1)
        column.addLayout(row)
        column.addLayout(radius)
        column.addWidget(self._note)

    def _told(self, towers: Towers) -> str:
        if not towers.files:
            return self.tr(
                "Choose the towers' files; GPP is read in gC m⁻² d⁻¹. Where these don't say where the towers are, "
                "Sites… takes a table with site, lat, lon."
            )
        names = ", ".join(PurePath(path).name for path in towers.files[:3])
        more = len(towers.files) - 3
        names += self.tr(" and {0} more").format(more) if more > 0 else ""
        sites = PurePath(towers.sites).name if towers.sites else self.tr("none; sites as the files tell them")
        told = self.tr("Files: {0}. Site table: {1}.").format(names, sites)
        if towers.columns is not None:
            read = self.tr(" GPP is the column {0}, in {1}.")
            told += read.format(towers.columns.gpp_column, towers.columns.unit)
        return told
