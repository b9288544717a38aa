"""Which columns of a file are what, before its labels are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QInputDialog, QLineEdit, QWidget

from .columns_dialog import ColumnsDialog, usual

translate = QCoreApplication.translate  # by this name translators' tools find its texts

USUAL: Mapping[str, tuple[str, ...]] = {
    "class_column": (
        "class", "label", "landcover", "land_cover", "lc", "lulc", "landuse", "land_use", "crop", "crop_type",
        "croptype", "crop_name", "habitat", "species", "type", "kind", "category", "klasse", "classe", "clase", "code",
    ),
    "value_column": ("value", "gpp", "lai", "measured"),
    "date_column": ("date", "day", "datum", "fecha", "year", "jahr", "année", "annee", "año", "anno"),
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
    found = usual([str(one["name"]) for one in columns], USUAL)
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


class LabelImportDialog(ColumnsDialog):
    """Asks what the columns of a file are; `chosen` tells them by names of `LabelsAsked`."""

    def __init__(self, name: str, told: Mapping[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(
            translate("LabelImportDialog", "Import labels: {0}").format(name),
            _about(told),
            translate("LabelImportDialog", "Import"),
            parent,
        )
        self._columns: Sequence[Mapping[str, Any]] = told["columns"]
        self._nowhere = name.lower().endswith(".csv") and not _says_where(self._columns)
        self._needs_crs = told.get("crs") is None
        self._add_rows()
        self._unit, self._crs = QLineEdit(), QLineEdit()
        self._unit.setPlaceholderText(self.tr("of the values, such as gC m-2 d-1"))
        self._form.insertRow(2, self.tr("Unit"), self._unit)
        self._unit.setAccessibleName(self.tr("Unit of the values"))
        self._crs.setPlaceholderText(self.tr("such as EPSG:32631"))
        self._crs.setAccessibleName(self.tr("Coordinate reference system"))
        if self._needs_crs:
            self._form.addRow(self.tr("CRS (the file states none)"), self._crs)
        for edit in (self._unit, self._crs):
            edit.textChanged.connect(lambda _: self._check())
        self._check()

    @property
    def answer(self) -> dict[str, str]:
        """What was chosen, without what wasn't."""
        found = {role: str(box.currentData()) for role, box in self._boxes.items() if box.currentData()}
        if "value_column" in found and self._unit.text().strip():
            found["unit"] = self._unit.text().strip()
        if self._needs_crs and self._crs.text().strip():
            found["crs"] = self._crs.text().strip()
        return found

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
            fitting = [
                (str(one["name"]), one["examples"])
                for one in self._columns
                if role != "value_column" or one["kind"] in ("number", "whole number")
            ]
            self._form.addRow(text, self._box(role, text, fitting, guessed.get(role, "")))
        self._boxes["group_column"].setToolTip(
            self.tr("Labels of one group are never both learnt from and tested on")
        )

    def _check(self) -> None:
        super()._check()
        self._form.setRowVisible(self._unit, "value_column" in self.answer)

    def _problem(self) -> str:
        asked = self.answer
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
    return translate("LabelImportDialog", "{0:,} features; {1}.").format(int(told["features"]), where)
