"""Which columns of a file are what, before its labels are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QCheckBox, QInputDialog, QLineEdit, QWidget

from ..label_columns import DEGREES, guess, guess_crs, guess_place
from .columns_dialog import ColumnsDialog
from .crs_fault import crs_fault

translate = QCoreApplication.translate  # by this name translators' tools find its texts


class LabelImportDialog(ColumnsDialog):
    """Asks what the columns of a file are; `chosen` tells them by names of `LabelsAsked`."""

    def __init__(
        self,
        name: str,
        told: Mapping[str, Any],
        parent: QWidget | None = None,
        before: Mapping[str, Any] | None = None,
    ) -> None:
        """`before`: what was chosen for this file the last time."""
        super().__init__(
            translate("LabelImportDialog", "Import labels: {0}").format(name),
            _about(told),
            translate("LabelImportDialog", "Import"),
            parent,
        )
        self._columns: Sequence[Mapping[str, Any]] = told["columns"]
        self._is_table = name.lower().endswith(".csv")
        self._stated: str | None = told.get("crs")
        self._unit, self._crs = QLineEdit(), QLineEdit()
        self._unit.setPlaceholderText(self.tr("of the values, such as gC m-2 d-1"))
        self._unit.setAccessibleName(self.tr("Unit of the values"))
        self._crs.setAccessibleName(self.tr("Coordinate reference system"))
        self._zero = QCheckBox(self.tr("0 is a class too, not nodata"))
        if self._is_table:
            self._add_place()
        self._form.addRow(self.tr("CRS"), self._crs)
        self._add_rows()
        if before:
            self._choose(before)
        for edit in (self._unit, self._crs):
            edit.textChanged.connect(lambda _: self._check())
        self._check()

    @property
    def answer(self) -> dict[str, Any]:
        """What was chosen, without what wasn't."""
        found: dict[str, Any] = {
            role: str(box.currentData()) for role, box in self._boxes.items() if box.currentData()
        }
        if "value_column" in found and self._unit.text().strip():
            found["unit"] = self._unit.text().strip()
        if self._crs.text().strip():
            found["crs"] = self._crs.text().strip()
        if self._zero.isChecked() and self._of_numbers(found.get("class_column")):
            found["zero_is_class"] = True
        return found

    def _choose(self, before: Mapping[str, Any]) -> None:
        if all(box.findData(before.get(role, "")) >= 0 for role, box in self._boxes.items()):
            for role, box in self._boxes.items():
                box.setCurrentIndex(box.findData(before.get(role, "")))
            self._unit.setText(before.get("unit", ""))
            self._crs.setText(before.get("crs", ""))
            self._zero.setChecked("zero_is_class" in before)

    def _of_numbers(self, column: str | None) -> bool:
        return any(one["name"] == column and one["kind"] == "whole number" for one in self._columns)

    def _add_place(self) -> None:
        """Where the labels of a table lie, which a file of geometries says by itself."""
        guessed = guess_place(self._columns)
        for role, text in (
            ("x_column", self.tr("Longitude, or x")),
            ("y_column", self.tr("Latitude, or y")),
            ("wkt_column", self.tr("or shape (WKT)")),
        ):
            self._add_row(role, text, guessed)
        if not self._in_known_degrees:
            self._crs.setText(guess_crs(self._columns, guessed))

    def _add_rows(self) -> None:
        guessed = guess(self._columns)
        for role, text in (
            ("class_column", self.tr("Class")),
            ("value_column", self.tr("or measured value")),
            ("date_column", self.tr("Date, or year")),
            ("start_column", self.tr("or first day")),
            ("end_column", self.tr("and last day")),
            ("group_column", self.tr("Group (field, site)")),
            ("colour_column", self.tr("Colour")),
        ):
            self._add_row(role, text, guessed)
            if role == "class_column":
                self._form.addRow("", self._zero)
            if role == "value_column":
                self._form.addRow(self.tr("Unit"), self._unit)
        self._boxes["group_column"].setToolTip(
            self.tr("Labels of one group are never both learnt from and tested on")
        )

    def _add_row(self, role: str, text: str, guessed: Mapping[str, str]) -> None:
        fitting = [
            (str(one["name"]), one["examples"])
            for one in self._columns
            if role != "value_column" or one["kind"] in ("number", "whole number")
        ]
        self._form.addRow(text, self._box(role, text, fitting, guessed.get(role, "")))

    @property
    def _in_known_degrees(self) -> bool:
        """Whether the chosen columns say by their names that they are degrees."""
        x, y = (str(self._boxes[role].currentData()).lower() for role in ("x_column", "y_column"))
        return (x, y) in DEGREES

    @property
    def _crs_stated(self) -> str:
        """The CRS of the file, or of the columns chosen; empty where neither says it."""
        if not self._is_table:
            return self._stated or ""
        return "EPSG:4326" if self._in_known_degrees and "wkt_column" not in self.answer else ""

    def _check(self) -> None:
        super()._check()
        asked = self.answer
        self._form.setRowVisible(self._unit, "value_column" in asked)
        self._form.setRowVisible(self._zero, self._of_numbers(asked.get("class_column")))
        stated = self._crs_stated
        self._crs.setPlaceholderText(
            self.tr("{0}, as stated; or write another one").format(stated)
            if stated
            else self.tr("such as EPSG:32631; none is stated")
        )

    def _problem(self) -> str:
        asked = self.answer
        return self._misplaced(asked) or self._without_crs(asked) or self._unsaid(asked)

    def _misplaced(self, asked: Mapping[str, str]) -> str:
        if not self._is_table:
            return ""
        numbers = [role for role in ("x_column", "y_column") if role in asked]
        if "wkt_column" in asked and numbers:
            return self.tr("Choose longitude and latitude (x and y), or shapes.")
        if "wkt_column" not in asked and len(numbers) < 2:
            return self.tr("Choose the columns that say where the labels lie: x and y, or shapes (WKT).")
        if len(numbers) == 2 and asked["x_column"] == asked["y_column"]:
            return self.tr("x and y are the same column.")
        return ""

    def _without_crs(self, asked: Mapping[str, str]) -> str:
        if "crs" in asked:
            return crs_fault(asked["crs"])
        if not self._crs_stated:
            return self.tr("Say in which CRS the coordinates are.")
        return ""

    def _unsaid(self, asked: Mapping[str, str]) -> str:
        if ("class_column" in asked) == ("value_column" in asked):
            return self.tr("Choose the column of the classes, or that of the measured values.")
        if ("start_column" in asked) != ("end_column" in asked):
            return self.tr("A first day goes with a last day.")
        if "start_column" in asked and "date_column" in asked:
            return self.tr("Choose a date, or a first and last day.")
        return ""


def ask_layer(
    parent: QWidget, name: str, layers: Sequence[str], chosen: Callable[[str], None]
) -> QInputDialog:
    """A question which layer of a file holds the labels."""
    dialog = QInputDialog(parent)
    dialog.setObjectName("label layers")
    dialog.setWindowTitle(translate("LabelImportDialog", "Import labels: {0}").format(name))
    dialog.setLabelText(translate("LabelImportDialog", "Layer with the labels"))
    dialog.setComboBoxItems(list(layers))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.textValueSelected.connect(chosen)
    return dialog


def _about(told: Mapping[str, Any]) -> str:
    where = told.get("crs") or translate("LabelImportDialog", "no CRS is stated")
    many = int(told["features"])
    one, several = (
        translate("LabelImportDialog", "1 feature; {1}."),
        translate("LabelImportDialog", "{0:,} features; {1}."),
    )
    return (one if many == 1 else several).format(many, where)
