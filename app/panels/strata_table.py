"""The classes that points are drawn from: how large, how right they are expected to be, how many points they get."""

from __future__ import annotations

from phenolens.engine.client.sampling import Allocation, SamplePlan, Stratum
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSpinBox

from ..sampling import margins
from .score_tables import ScoreTable
from .swatches import swatch

SHARE, EXPECTED, POINTS, MARGIN = range(1, 5)
"""Columns after that of the names."""


class StrataTable(ScoreTable):
    """Filled from a plan; what is expected of a class can be said in its row."""

    expected_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Classes of the map, and their points"))
        self._strata: tuple[Stratum, ...] = ()
        self._spins: dict[int, QSpinBox] = {}

    @property
    def expected(self) -> tuple[tuple[int, float], ...]:
        """(class code, expected user's accuracy); empty before the first plan."""
        return tuple((code, spin.value() / 100) for code, spin in self._spins.items())

    def forget(self) -> None:
        """Nothing is known of the classes."""
        self._strata, self._spins = (), {}
        self.setVisible(False)

    def set_plan(self, plan: SamplePlan, way: Allocation) -> bool:
        """Whether these are other classes than before."""
        others = [one.code for one in plan.strata] != [one.code for one in self._strata]
        if others:
            self._set_strata(plan)
        ours = margins(way)
        for row, one in enumerate(plan.strata):
            self.put(row, SHARE, f"{100 * one.pixels / plan.pixels:.2f}")
            self.put(row, POINTS, f"{way.units[str(one.code)]:,}")
            self.put(row, MARGIN, f"{100 * ours[str(one.code)]:.2f}")
        self.fit_height()
        self.setVisible(True)
        return others

    def _set_strata(self, plan: SamplePlan) -> None:
        self._strata = plan.strata
        header = (
            self.tr("class"),
            self.tr("map\n%"),
            self.tr("right\n%"),
            self.tr("points"),
            self.tr("± %"),
        )
        self.fill(header, [(one.name, "", "", "", "") for one in plan.strata])
        for column, text in (
            (SHARE, self.tr("Share of the map's pixels")),
            (
                EXPECTED,
                self.tr(
                    "How many of the pixels that the map shows as the class you expect to be right: a guess"
                ),
            ),
            (POINTS, self.tr("Points to interpret")),
            (MARGIN, self.tr("Half the 95 % interval to expect of the class's share of the whole area")),
        ):
            self.tip(-1, column, text)
        self._spins = {one.code: self._spin(one) for one in plan.strata}
        for row, one in enumerate(plan.strata):
            self.put(row, 0, icon=swatch(one.colour))
            self.tip(row, 0, one.name)
            self.setCellWidget(row, EXPECTED, self._spins[one.code])

    def _spin(self, one: Stratum) -> QSpinBox:
        spin = QSpinBox(minimum=1, maximum=99, value=round(100 * one.expected))
        spin.setAccessibleName(self.tr("Expected user's accuracy of {0}, %").format(one.name))
        spin.setFrame(False)
        spin.setAlignment(Qt.AlignmentFlag.AlignRight)
        spin.valueChanged.connect(lambda _: self.expected_changed.emit())
        return spin
