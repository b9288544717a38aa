"""A confusion matrix whose cells can be clicked, and the scores of each class."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..report import MEANINGS, METRICS, Confusion, Score
from ..theme import Theme
from .score_tables import ScoreTable

HEAD = 58
"""Points of a column with a class's name over it, at least."""
KINDS = ("precision", "recall", "f1")
WHOLE = ("accuracy", "kappa")
"""Of all classes together."""


class ConfusionPanel(QWidget):
    """Rows are the reference, columns what was predicted."""

    picked = Signal(str, str)
    """Names of the reference class and the predicted one."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._classes: tuple[str, ...] = ()
        self._caption, self._matrix, self._scores = QLabel(wordWrap=True), ScoreTable(), ScoreTable()
        self._whole = ScoreTable()
        self._whole.setAccessibleName(self.tr("Overall accuracy and kappa"))
        self._caption.setText(
            self.tr("Rows: reference ↓   Columns: predicted →\nClick a cell to see its pixels on the map.")
        )
        self._caption.setProperty("faint", True)
        self._matrix.setAccessibleName(
            self.tr("Confusion matrix: rows are the reference, columns the prediction")
        )
        self._scores.setAccessibleName(self.tr("Scores of each class"))
        self._matrix.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._matrix.cellClicked.connect(self._clicked)
        self._matrix.cellActivated.connect(self._clicked)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        for widget in (self._whole, self._caption, self._matrix, self._scores):
            column.addWidget(widget)
        column.addStretch(1)

    def set_confusion(
        self, found: Confusion, scores: Mapping[str, Mapping[str, Score]], whole: Mapping[str, Score]
    ) -> None:
        """Counts, and their shares of each row as shades; `whole` are scores of all classes together."""
        self._classes = found.classes
        size = len(found.classes)
        self._matrix.clear()
        self._matrix.setRowCount(size)
        self._matrix.setColumnCount(size)
        self._matrix.head(found.classes, HEAD)
        self._matrix.setVerticalHeaderLabels(list(found.classes))
        for row, counts in enumerate(found.counts):
            total = max(1, sum(counts))
            for column, count in enumerate(counts):
                self._matrix.setItem(row, column, self._cell(row, column, count, count / total))
        self._matrix.fit_height()
        self._show_whole(whole)
        self._show_scores(scores)

    def _cell(self, row: int, column: int, count: int, share: float) -> QTableWidgetItem:
        item = QTableWidgetItem(f"{count:,}")
        item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
        shade = QColor(self._theme.accent if row == column else self._theme.warning)
        shade.setAlpha(round(150 * share))
        item.setBackground(QBrush(shade))
        right, said = self._classes[row], self._classes[column]
        verb = self.tr("{0:,} of {1} called right ({3:.0%})") if row == column else self.tr(
            "{0:,} of {1} taken for {2} ({3:.0%})"
        )  # fmt: skip
        item.setToolTip(verb.format(count, right, said, share))
        return item

    def _show_whole(self, whole: Mapping[str, Score]) -> None:
        """Of a report that has them."""
        names = {"accuracy": self.tr("overall accuracy"), "kappa": METRICS["kappa"]}
        kinds = [kind for kind in WHOLE if kind in whole]
        rows = [(names[kind], whole[kind].told, whole[kind].interval, f"{whole[kind].n:,}") for kind in kinds]
        self._whole.fill(("", self.tr("score"), "95 %", "n"), rows)
        for row, kind in enumerate(kinds):
            self._whole.tip(row, 0, QCoreApplication.translate("Report", MEANINGS[kind]))
            self._whole.embolden(row, (1,))
        self._whole.setVisible(bool(kinds))

    def _show_scores(self, scores: Mapping[str, Mapping[str, Score]]) -> None:
        rows = [
            (name, *(found[kind].told for kind in KINDS), f"{found['recall'].n:,}")
            for name, found in scores.items()
        ]
        self._scores.fill((self.tr("class"), *(METRICS[kind] for kind in KINDS), "n"), rows)
        for column, kind in enumerate(KINDS, 1):
            self._scores.tip(-1, column, QCoreApplication.translate("Report", MEANINGS[kind]))
            for row, found in enumerate(scores.values()):
                self._scores.tip(row, column, self.tr("95 %: {0}").format(found[kind].interval))

    def _clicked(self, row: int, column: int) -> None:
        self.picked.emit(self._classes[row], self._classes[column])
