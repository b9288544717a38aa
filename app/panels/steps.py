"""The steps of the work: where am I, what comes next."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QLabel, QToolBar, QToolButton

STEPS = {
    "Area": "Choose an area and the data at hand",
    "Compute": "Compute embeddings of every date",
    "Explore": "Look at maps, series and the projection",
    "Label": "Say what is where: classes, towers",
    "Probe": "Fit a small model and see how far to trust it",
    "Export": "Hand maps on as files",
}


class StepBar(QToolBar):
    """One button for each step."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__("Steps")
        self.setObjectName("steps")
        self.setMovable(False)
        self._group = QButtonGroup(self)
        for number, (step, tip) in enumerate(STEPS.items()):
            if number:
                arrow = QLabel("›")
                arrow.setProperty("faint", True)
                self.addWidget(arrow)
            button = QToolButton(text=step, toolTip=tip, checkable=True)
            button.clicked.connect(lambda _=False, step=step: self.chosen.emit(step))
            self._group.addButton(button, number)
            self.addWidget(button)

    def set_step(self, step: str) -> None:
        self._group.button(list(STEPS).index(step)).setChecked(True)
