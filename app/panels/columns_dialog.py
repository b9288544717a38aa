"""Asking what the columns of a table are, whatever it is a table of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLabel, QVBoxLayout, QWidget

MOST_EXAMPLES, MOST_LETTERS = 3, 28


class ColumnsDialog(QDialog):
    """A choice of a column for each role, what is still missing, and one button to go on; it goes once it is closed."""

    chosen = Signal(object)
    """What `answer` is, once nothing is missing."""

    def __init__(self, title: str, about: str, done: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(480)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._boxes: dict[str, QComboBox] = {}
        self._form = QFormLayout()
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        told, self._why = QLabel(about, wordWrap=True), QLabel(wordWrap=True)
        told.setProperty("faint", True)
        self._why.setProperty("warning", True)
        buttons = QDialogButtonBox()
        self._done = buttons.addButton(done, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(told)
        column.addLayout(self._form)
        column.addWidget(self._why)
        column.addWidget(buttons)

    @property
    def answer(self) -> object:
        """What was chosen."""
        raise NotImplementedError  # each kind of table has its own

    def _problem(self) -> str:
        """The first thing that is missing or wrong; empty where all is there."""
        raise NotImplementedError  # each kind of table has its own

    def _box(
        self, role: str, text: str, columns: Iterable[tuple[str, Sequence[str]]], guessed: str
    ) -> QComboBox:
        """A choice among columns (name, examples), or none of them."""
        box = self._boxes[role] = QComboBox()
        box.setAccessibleName(text)
        box.setMinimumContentsLength(12)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.addItem("—", "")
        for name, examples in columns:
            shown = ", ".join(map(_short, examples[:MOST_EXAMPLES]))
            box.addItem(f"{name}   ({shown})", name)
        box.setCurrentIndex(max(0, box.findData(guessed)))
        box.currentIndexChanged.connect(lambda _: self._check())
        return box

    def _check(self) -> None:
        """Say what is missing; there is no going on before that."""
        why = self._problem()
        self._why.setText(why)
        self._why.setVisible(bool(why))
        self._done.setEnabled(not why)

    def _accept(self) -> None:
        self.chosen.emit(self.answer)
        self.accept()


def _short(example: str) -> str:
    """Shapes as text are long."""
    return example if len(example) <= MOST_LETTERS else f"{example[: MOST_LETTERS - 1]}…"


def usual(columns: Iterable[str], names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Which column is probably what: by the names (small letters) that columns of each role usually have."""
    there = {column.lower(): column for column in columns}
    found = {role: next((there[one] for one in known if one in there), "") for role, known in names.items()}
    return {role: column for role, column in found.items() if column}
