"""How right a class map is, and how large its classes are: a sample is planned, later estimated from."""

from __future__ import annotations

from PySide6.QtWidgets import QScrollArea, QTabWidget, QVBoxLayout, QWidget

from ..theme import Theme
from .estimate_page import EstimatePage
from .sample_page import SamplePage

PLAN, ESTIMATE = range(2)


class AccuracyPanel(QWidget):
    """Two pages, days of interpreting apart."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("accuracy")
        self.sample, self.estimate = SamplePage(), EstimatePage(theme)
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        for page, name, tip in (
            (self.sample, self.tr("Plan"), self.tr("Points to interpret, drawn by chance within each class")),
            (self.estimate, self.tr("Estimate"), self.tr("Areas with 95 % intervals from the filled form")),
        ):
            scroll = QScrollArea(widgetResizable=True, frameShape=QScrollArea.Shape.NoFrame)
            scroll.setWidget(page)
            number = self._tabs.addTab(scroll, name)
            self._tabs.setTabToolTip(number, tip)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.addWidget(self._tabs)

    def show_page(self, number: int) -> None:
        self._tabs.setCurrentIndex(number)
