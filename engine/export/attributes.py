"""The `.aux.xml` beside a GeoTIFF, where GDAL, QGIS and ArcGIS look for class names, counts and statistics.

Format: GDAL's Persistent Auxiliary Metadata (PAM); column types and usages are those of `GDALRATFieldUsage`."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ..classes import NODATA, ClassTable
from .product import Product
from .statistics import BandStatistics

_INTEGER, _TEXT = 0, 2
_COUNT, _NAME, _VALUE = 1, 2, 5  # GFU_PixelCount, GFU_Name, GFU_MinMax
_RED, _GREEN, _BLUE = 6, 7, 8
COLUMNS = (
    ("Value", _INTEGER, _VALUE),
    ("Count", _INTEGER, _COUNT),
    ("Class", _TEXT, _NAME),
    ("Red", _INTEGER, _RED),
    ("Green", _INTEGER, _GREEN),
    ("Blue", _INTEGER, _BLUE),
)


def attributes_path(raster: Path) -> Path:
    return raster.with_name(f"{raster.name}.aux.xml")


def attributes_xml(product: Product, statistics: Sequence[BandStatistics]) -> str:
    """Category names and attribute table of classes, and the statistics of every band that has values."""
    root = Element("PAMDataset")
    for number, (band, found) in enumerate(zip(product.bands, statistics, strict=True), start=1):
        node = SubElement(root, "PAMRasterBand", band=str(number))
        if band.classes is not None:
            _add_categories(node, band.classes)
            _add_table(node, band.classes, dict(found.counts))
        elif band.channel == "value" and found.valid:
            _add_statistics(node, found)
    indent(root)
    return tostring(root, encoding="unicode") + "\n"


def _add_categories(node: Element, classes: ClassTable) -> None:
    """One name for each number from 0 on; numbers without a class have none."""
    names = {NODATA: "", **{c.code: c.name for c in classes}}
    parent = SubElement(node, "CategoryNames")
    for number in range(max(classes.codes) + 1):
        SubElement(parent, "Category").text = names.get(number, "")


def _add_table(node: Element, classes: ClassTable, counts: dict[int, int]) -> None:
    table = SubElement(node, "GDALRasterAttributeTable", tableType="thematic")
    for index, (name, kind, usage) in enumerate(COLUMNS):
        column = SubElement(table, "FieldDefn", index=str(index))
        for tag, text in (("Name", name), ("Type", kind), ("Usage", usage)):
            SubElement(column, tag).text = str(text)
    for index, entry in enumerate(classes):
        row = SubElement(table, "Row", index=str(index))
        for value in (entry.code, counts.get(entry.code, 0), entry.name, *entry.rgb):
            SubElement(row, "F").text = str(value)


def _add_statistics(node: Element, found: BandStatistics) -> None:
    """Of the stored numbers, without scale and offset, as GDAL keeps them."""
    parent = SubElement(node, "Metadata")
    facts = {
        "MAXIMUM": found.maximum,
        "MEAN": found.mean,
        "MINIMUM": found.minimum,
        "STDDEV": found.deviation,
        "VALID_PERCENT": 100 * found.valid / found.pixels,
    }
    for key, value in facts.items():
        SubElement(parent, "MDI", key=f"STATISTICS_{key}").text = f"{value:.9g}"
