"""Class names and colours from files: a class table as CSV or JSON, or what lies beside a GeoTIFF."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import rasterio

from ..classes import DISTINCT, ClassTable, LandClass
from ..errors import InputError

NAME_USAGE, VALUE_USAGES = 2, (5, 3)
"""GDAL's usages of a column of an attribute table: name; minimum and maximum, minimum."""


def read_class_table(path: Path) -> ClassTable:
    """A class table from CSV (`code,name[,colour]`) or JSON (a list of the same); `InputError` else."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = json.loads(text) if path.suffix.lower() == ".json" else list(csv.DictReader(text.splitlines()))
        return ClassTable(tuple(_class(number, row) for number, row in enumerate(rows)))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("the class table can't be read", value=path, remedy=str(error)) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            "the class table is incomplete", value=path, remedy=f"give code, name and colour ({error})"
        ) from error


def _class(number: int, row: Mapping[str, str]) -> LandClass:
    return LandClass(int(row["code"]), row["name"], row.get("colour") or DISTINCT[number % len(DISTINCT)])


def legend_beside(path: Path) -> dict[int, str]:
    """Class names by code from a GeoTIFF's attribute table or category names; empty where it has none."""
    beside = path.with_name(f"{path.name}.aux.xml")
    texts = [beside.read_text(encoding="utf-8")] if beside.exists() else []
    with rasterio.open(path) as source:
        texts += source.tags(ns="xml:GDAL_METADATA").values()
    for text in texts:
        try:
            found = _names(ElementTree.fromstring(text))
        except ElementTree.ParseError:  # a sidecar that GDAL couldn't read either: the codes will do
            continue
        if found:
            return found
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
