"""The steps of the work: where am I, what comes next."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QLabel, QToolBar, QToolButton

from ..texts import QT_TRANSLATE_NOOP

STEPS = {
    QT_TRANSLATE_NOOP("StepBar", "Area"): QT_TRANSLATE_NOOP("StepBar", "Choose an area and the data at hand"),
    QT_TRANSLATE_NOOP("StepBar", "Compute"): QT_TRANSLATE_NOOP("StepBar", "Compute embeddings of every date"),
    QT_TRANSLATE_NOOP("StepBar", "Explore"): QT_TRANSLATE_NOOP(
        "StepBar", "Look at maps, series and the projection"
    ),
    QT_TRANSLATE_NOOP("StepBar", "Label"): QT_TRANSLATE_NOOP("StepBar", "Say what is where: classes, towers"),
    QT_TRANSLATE_NOOP("StepBar", "Probe"): QT_TRANSLATE_NOOP(
        "StepBar", "Fit a small model and see how far to trust it"
    ),
    QT_TRANSLATE_NOOP("StepBar", "Export"): QT_TRANSLATE_NOOP("StepBar", "Hand maps on as files"),
}


class StepBar(QToolBar):
    """One button for each step."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle(self.tr("Steps"))
        self.setObjectName("steps")
        self.setMovable(False)
        self._group = QButtonGroup(self)
        for number, (step, tip) in enumerate(STEPS.items()):
            if number:
                arrow = QLabel("›")
                arrow.setProperty("faint", True)
                self.addWidget(arrow)
            button = QToolButton(text=self.tr(step), toolTip=self.tr(tip), checkable=True)
            button.clicked.connect(lambda _=False, step=step: self.chosen.emit(step))
            self._group.addButton(button, number)
            self.addWidget(button)

    @property
    def step(self) -> str | None:
        """None: the start page."""
        number = self._group.checkedId()
        return list(STEPS)[number] if number >= 0 else None

    def set_step(self, step: str | None) -> None:
        """None: the start page, which is before them all."""
        if step is not None:
            self._group.button(list(STEPS).index(step)).setChecked(True)
            return
        self._group.setExclusive(False)
        for button in self._group.buttons():
            button.setChecked(False)
        self._group.setExclusive(True)
