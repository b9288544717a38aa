"""Labels of a file on the pixels of a store."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import LabelError
from ..labels.labelset import LabelSet
from ..labels.pixels import LabelPixels, PixelRule, counted, pixels_and_used
from ..labels.raster import patches, read_label_raster
from ..labels.read import LabelColumns, read_labels
from ..labels.report import ImportReport
from ..labels.suffixes import is_raster
from ..labels.vectorfile import Place, column_names, columns_of, layers_of
from ..labels.write import write_label_shapes
from ..store import EmbeddingStore

REACH_DAYS = 16  # a label that lies further from every date of the store can't be used by a probe


@dataclass(frozen=True)
class LabelReading:
    """How a file of labels is read, and how they become pixels; the flags of the command line, by name."""

    layer: str | None = None
    variable: str | None = None
    """Of a NetCDF class raster."""
    crs: str | None = None
    classes: Path | None = None
    """Class table (CSV or JSON)."""
    zero_is_class: bool = False
    class_column: str | None = None
    value_column: str | None = None
    unit: str = ""
    """Of the value column."""
    colour_column: str | None = None
    group_column: str | None = None
    date_column: str | None = None
    start_column: str | None = None
    end_column: str | None = None
    x_column: str | None = None
    y_column: str | None = None
    wkt_column: str | None = None
    rule: str = "centre"
    """`centre`, `all-touched`: pixels that a polygon labels."""
    buffer: float = 0
    """Margin inside polygons to leave out, metres."""
    overlaps: str = "drop"
    """`drop`, `first`: pixels with different answers."""

    @property
    def columns(self) -> LabelColumns:
        return LabelColumns(
            classes=self.class_column,
            value=self.value_column,
            unit=self.unit,
            colour=self.colour_column,
            group=self.group_column,
            date=self.date_column,
            start=self.start_column,
            end=self.end_column,
            place=Place(self.x_column, self.y_column, self.wkt_column),
        )


_VECTOR_ONLY = tuple(
    field.name
    for field in fields(LabelReading)
    if field.name in ("layer", "crs", "zero_is_class", "unit") or field.name.endswith("_column")
)


MOST_SHOWN = 20_000
"""Features of an import that a face shows: files of more are labels for probes all the same."""
_EXAMPLES = 4


def peek(file: Path, layer: str | None = None) -> dict[str, Any]:
    """The columns of a vector file, each with its kind, examples and how many values differ; its CRS, None where
    the file states none. Of several layers their names alone, until one is named."""
    layers = layers_of(file)
    if layer is None and len(layers) > 1:
        return {"layers": layers}
    table, crs = columns_of(file, layer)
    return {"features": len(table), "crs": crs, "columns": [_column(table[name]) for name in table.columns]}


def _column(values: Any) -> dict[str, Any]:
    known = values.dropna()
    kinds = {"i": "whole number", "u": "whole number", "f": "number", "M": "date"}
    examples = [str(value) for value in known.astype("string").unique()[:_EXAMPLES]]
    kind = kinds.get(getattr(values.dtype, "kind", "O"), "text")
    return {"name": str(values.name), "kind": kind, "different": int(known.nunique()), "examples": examples}


def import_labels(
    file: Path, reading: LabelReading, store: EmbeddingStore, out: Path, *, overwrite: bool
) -> dict[str, Any]:
    """Write the usable labels of a file as GeoJSON in the CRS of a store's grid: `y`, `group`, `start`, `end`.

    Of a class raster: the outlines of touching pixels of a class. The account of the import and the response.
    `LabelError` where none can be used, or there are too many to show."""
    raster = is_raster(file)
    _check_meant(reading, file, raster)
    if raster:
        found, report = _outlined(read_label_pixels(file, reading, store))
    else:
        labels = read_label_set(file, reading)
        pixels, used = on_pixels(labels, reading, store)
        if used.sum() > MOST_SHOWN:  # of a whole country's parcels few may lie in the area
            remedy = f"at most {MOST_SHOWN:,}: save a part of them as a file of its own"
            raise LabelError(
                "there are too many labels to show one by one", value=f"{used.sum():,}", remedy=remedy
            )
        found, report = labels.take(used), pixels.report
    write_label_shapes(found, store.grid, out, overwrite=overwrite)
    return {"report": report.to_dict(), "response": found.response.to_dict(), "count": len(found)}


def _outlined(pixels: LabelPixels) -> tuple[LabelSet, ImportReport]:
    """The patches of a class raster as polygons along the edges of their pixels; of too many the largest."""
    report = pixels.report
    kept, counts = np.unique(pixels.group, return_counts=True)
    if len(kept) > MOST_SHOWN:
        kept = kept[np.argsort(counts)[::-1][:MOST_SHOWN]]
        wanted = np.isin(pixels.group, kept)
        reason = f"of patches smaller than the {MOST_SHOWN:,} largest ones"
        dropped = {**report.dropped, reason: int((~wanted).sum())}
        pixels = counted(replace(pixels.take(wanted), report=replace(report, dropped=dropped)))
    labels = patches(pixels)
    notes = (*pixels.report.notes, "a raster says no date: its labels stand for all days")
    return labels, replace(pixels.report, notes=notes)


def read_label_pixels(file: Path, reading: LabelReading, store: EmbeddingStore) -> LabelPixels:
    """The labels of a vector file or a class raster on the pixels of a store; `LabelError` where they can't be."""
    raster = is_raster(file)
    _check_meant(reading, file, raster)
    if raster:
        return read_label_raster(file, variable=reading.variable, grid=store.grid, class_file=reading.classes)
    return on_pixels(read_label_set(file, reading), reading, store)[0]


def read_label_set(file: Path, reading: LabelReading) -> LabelSet:
    """The labels of a vector file as they lie there."""
    return read_labels(
        file,
        reading.columns,
        layer=reading.layer,
        crs=reading.crs,
        class_file=reading.classes,
        zero_is_class=reading.zero_is_class,
    )


def on_pixels(
    found: LabelSet, reading: LabelReading, store: EmbeddingStore
) -> tuple[LabelPixels, npt.NDArray[np.bool_]]:
    """Labels on the pixels of a store, but for those of other times; which labels were not dropped."""
    rule = PixelRule(reading.rule, reading.buffer, reading.overlaps)  # type: ignore[arg-type] # it is checked there
    days = store.times.astype("datetime64[D]")
    return pixels_and_used(found, store.grid, rule, period=(days[0] - REACH_DAYS, days[-1] + REACH_DAYS))


def _check_meant(reading: LabelReading, file: Path, raster: bool) -> None:
    """`LabelError` for what such a file has no use for: it would be passed over without a word."""
    given = [name for name in (_VECTOR_ONLY if raster else ("variable",)) if getattr(reading, name)]
    if given:
        raise LabelError(
            "a class raster has no columns or layers" if raster else "only a NetCDF raster has variables",
            value=f"{file}: {', '.join('--' + name.replace('_', '-') for name in given)}",
            remedy="leave that out",
        )
    if not raster and not (reading.class_column or reading.value_column):
        raise LabelError(
            "which column holds the labels was not said",
            value=", ".join(column_names(file, reading.layer)) or file,
            remedy="name one of these, with --class-column or --value-column",
        )
