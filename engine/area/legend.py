"""Class names and colours from files: a class table as CSV or JSON, or what lies beside a GeoTIFF."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ..classes import DISTINCT, ClassTable, LandClass
from ..errors import InputError
from ..export.attributes import attributes_path

log = logging.getLogger(__name__)

NAME_USAGE, VALUE_USAGES = 2, (5, 3)
"""GDAL's usages of a column of an attribute table: name; minimum and maximum, minimum."""


def read_class_table(path: Path) -> ClassTable:
    """A class table from CSV (`code`, `name`, `colour` or none) or JSON (a list of the same).

    `InputError` where it can't be read or lacks codes or names."""
    try:
        rows = _rows(path)
        return ClassTable(tuple(_class(number, row) for number, row in enumerate(rows)))
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise InputError(
            "the class table can't be read", value=path, remedy=f"give code, name and colour ({error})"
        ) from error


def _rows(path: Path) -> list[dict[str, Any]]:
    if path.suffix.lower() == ".json":
        rows = json.loads(path.read_text(encoding="utf-8-sig"))
    else:
        # pandas comes with it, which who reads a map's own legend does without
        from ..tablefile import read_table  # noqa: PLC0415

        rows = read_table(path, text=("name", "colour")).to_dict("records")
    return [dict(row) for row in rows]


def _class(number: int, row: Mapping[str, Any]) -> LandClass:
    colour = row.get("colour")
    given = colour if isinstance(colour, str) else DISTINCT[number % len(DISTINCT)]
    return LandClass(int(row["code"]), str(row["name"]), given)


def legend_beside(path: Path) -> dict[int, str]:
    """Class names by code from the attribute table or category names beside a GeoTIFF; empty without."""
    beside = attributes_path(path)
    if not beside.exists():
        return {}
    try:
        return _names(ElementTree.fromstring(beside.read_text(encoding="utf-8")))
    except ElementTree.ParseError as error:  # GDAL can't read it either: the codes will do
        log.warning("the names beside the map can't be read: %s (%s)", beside, error)
        return {}


def _names(root: ElementTree.Element) -> dict[int, str]:
    table = root.find(".//GDALRasterAttributeTable")
    if table is not None:
        return _attribute_names(table)
    return {
        code: category.text
        for code, category in enumerate(root.findall(".//CategoryNames/Category"))
        if category.text
    }


def _attribute_names(table: ElementTree.Element) -> dict[int, str]:
    usages = [int(column.findtext("Usage", "0")) for column in table.findall("FieldDefn")]
    value = next((usages.index(usage) for usage in VALUE_USAGES if usage in usages), None)
    if value is None or NAME_USAGE not in usages:
        return {}
    name = usages.index(NAME_USAGE)
    rows = [[cell.text or "" for cell in row.findall("F")] for row in table.findall("Row")]
    return {int(float(row[value])): row[name] for row in rows if row[name].strip()}
