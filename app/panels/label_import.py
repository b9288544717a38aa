"""Which columns of a file are what, before its labels are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

USUAL: Mapping[str, tuple[str, ...]] = {
    "class_column": (
        "class", "label", "landcover", "land_cover", "lc", "lulc", "landuse", "land_use", "crop", "crop_type",
        "croptype", "crop_name", "habitat", "species", "type", "kind", "category", "klasse", "classe", "clase", "code",
    ),
    "value_column": ("value", "gpp", "lai", "measured"),
    "date_column": ("date", "day", "datum", "fecha", "year"),
    "start_column": ("start", "from", "begin"),
    "end_column": ("end", "to"),
    "group_column": ("group", "polygon", "field_id", "parcel"),
    "colour_column": ("colour", "color"),
}  # fmt: skip
"""How columns are usually called; small letters."""
PAIRS = (
    ("lon", "lat"),
    ("longitude", "latitude"),
    ("long", "lat"),
    ("lng", "lat"),
    ("x", "y"),
    ("easting", "northing"),
)
SHAPES = ("wkt", "geometry", "geom", "geom_text", "the_geom")
PLACES = frozenset((*SHAPES, *(name for pair in PAIRS for name in pair)))
"""Columns of tables that say where; the engine knows them by these names."""


def guess(columns: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Which column is probably what, by the names of `LabelsAsked`."""
    columns = [one for one in columns if str(one["name"]).lower() not in PLACES]
    named = {str(one["name"]).lower(): str(one["name"]) for one in columns}
    found = {
        role: next(named[name] for name in names if name in named)
        for role, names in USUAL.items()
        if any(name in named for name in names)
    }
    if "class_column" not in found and "value_column" not in found:
        texts = [one for one in columns if one["kind"] == "text" and 1 < int(one["different"]) <= 60]
        if texts:
            found["class_column"] = str(texts[0]["name"])
    if "class_column" in found:
        found.pop("value_column", None)
    if ("start_column" in found) != ("end_column" in found):
        found.pop("start_column", None)
        found.pop("end_column", None)
    if "start_column" in found:
        found.pop("date_column", None)
    return found


def _says_where(columns: Sequence[Mapping[str, Any]]) -> bool:
    names = {str(one["name"]).lower() for one in columns}
    return any(set(pair) <= names for pair in PAIRS) or bool(names & set(SHAPES))


class LabelImportDialog(QDialog):
    """Asks what the columns of a file are; `chosen` tells them."""

    chosen = Signal(object)
    """Mapping of `LabelsAsked` names."""

    def __init__(self, name: str, told: Mapping[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Import labels: {0}").format(name))
        self.setMinimumWidth(460)
        self._columns: Sequence[Mapping[str, Any]] = told["columns"]
        self._nowhere = name.lower().endswith(".csv") and not _says_where(self._columns)
        self._boxes: dict[str, QComboBox] = {}
        self._form = QFormLayout()
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._make_boxes()
        self._unit, self._crs = QLineEdit(), QLineEdit()
        self._unit.setPlaceholderText(self.tr("of the values, such as gC m-2 d-1"))
        self._form.insertRow(2, self.tr("Unit"), self._unit)
        self._unit.setAccessibleName(self.tr("Unit of the values"))
        self._crs.setPlaceholderText(self.tr("such as EPSG:32631"))
        self._crs.setAccessibleName(self.tr("Coordinate reference system"))
        self._needs_crs = told.get("crs") is None
        if self._needs_crs:
            self._form.addRow(self.tr("CRS (the file states none)"), self._crs)
        where = self.tr("no CRS is stated") if self._needs_crs else str(told["crs"])
        about = QLabel(self.tr("{0:,} features; {1}.").format(int(told["features"]), where), wordWrap=True)
        about.setProperty("faint", True)
        self._why = QLabel(wordWrap=True)
        self._why.setProperty("warning", True)
        self._buttons = QDialogButtonBox()
        self._read = self._buttons.addButton(self.tr("Import"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self._buttons.accepted.connect(self._accept)
        self._buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(about)
        column.addLayout(self._form)
        column.addWidget(self._why)
        column.addWidget(self._buttons)
        for edit in (self._unit, self._crs):
            edit.textChanged.connect(lambda _: self._check())
        self._check()

    @property
    def asked(self) -> dict[str, str]:
        """What was chosen, without what wasn't."""
        found = {role: str(box.currentData()) for role, box in self._boxes.items() if box.currentData()}
        if "value_column" in found and self._unit.text().strip():
            found["unit"] = self._unit.text().strip()
        if self._needs_crs and self._crs.text().strip():
            found["crs"] = self._crs.text().strip()
        return found

    def _make_boxes(self) -> None:
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
            box = QComboBox()
            box.setAccessibleName(text)
            box.addItem(self.tr("—"), "")
            for one in self._columns:
                if role == "value_column" and one["kind"] not in ("number", "whole number"):
                    continue
                examples = ", ".join(one["examples"][:3])
                box.addItem(f"{one['name']}   ({examples})", str(one["name"]))
            box.setCurrentIndex(max(0, box.findData(guessed.get(role, ""))))
            box.currentIndexChanged.connect(lambda _: self._check())
            self._boxes[role] = box
            self._form.addRow(text, box)
        self._boxes["group_column"].setToolTip(
            self.tr("Labels of one group are never both learnt from and tested on")
        )

    def _check(self) -> None:
        why = self._problem(self.asked)
        self._why.setText(why)
        self._why.setVisible(bool(why))
        self._read.setEnabled(not why)
        self._form.setRowVisible(self._unit, "value_column" in self.asked)

    def _problem(self, asked: Mapping[str, str]) -> str:
        if self._nowhere:
            return self.tr(
                "No column says where the labels lie: call them lon and lat, x and y, or wkt, and import it again."
            )
        if ("class_column" in asked) == ("value_column" in asked):
            return self.tr("Choose the column of the classes, or that of the measured values.")
        if ("start_column" in asked) != ("end_column" in asked):
            return self.tr("A first day goes with a last day.")
        if "start_column" in asked and "date_column" in asked:
            return self.tr("Choose a date, or a first and last day.")
        if self._needs_crs and "crs" not in asked:
            return self.tr("Say in which CRS the coordinates are.")
        return ""

    def _accept(self) -> None:
        self.chosen.emit(self.asked)
        self.accept()
