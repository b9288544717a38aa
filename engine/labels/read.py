"""Label files → `LabelSet`: which column is what, what is dropped, and why."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from ..errors import LabelError
from ..response import Response
from ..tablefile import need_columns
from .labelset import Answers, Days, LabelSet
from .legend import classify, read_class_file
from .periods import periods
from .report import ImportReport
from .vectorfile import Place, read_vector

EMPTY, BROKEN, LINES = (
    "with an empty geometry",
    "whose geometry can't be mended",
    "that are neither points nor polygons",
)
NOT_NUMERIC, DUPLICATE = "whose value is no finite number", "that repeat another one exactly"


@dataclass(frozen=True)
class LabelColumns:
    """Which column of a label file is what."""

    classes: str | None = None
    """Text or whole numbers: a classification."""
    value: str | None = None
    """Numbers: a regression."""
    name: str = ""
    """Of the response; `land cover`, or the value column's, where empty."""
    unit: str = ""
    """Of the values."""
    colour: str | None = None
    """`#rrggbb` or `r,g,b` per feature."""
    group: str | None = None
    """Polygon id; None: every feature is a group of its own."""
    date: str | None = None
    """Day, month or year of the label."""
    start: str | None = None
    end: str | None = None
    place: Place = field(default_factory=Place)
    """Of a CSV."""

    def __post_init__(self) -> None:
        if (self.classes is None) == (self.value is None):
            raise LabelError(
                "labels need a class column or a value column, and not both",
                value="neither was named" if self.classes is None else f"{self.classes} and {self.value}",
                remedy="name one of them",
            )
        if (self.start is None) != (self.end is None) or None not in (self.date, self.start):
            value = f"date {self.date}, start {self.start}, end {self.end}"
            raise LabelError("labels have a date column, or a start and an end column", value=value)

    @property
    def named(self) -> list[str]:
        found = (self.classes, self.value, self.colour, self.group, self.date, self.start, self.end)
        return [name for name in found if name is not None]


def read_labels(
    path: Path,
    columns: LabelColumns,
    *,
    layer: str | None = None,
    crs: str | None = None,
    class_file: Path | None = None,
    zero_is_class: bool = False,
) -> LabelSet:
    """Labels of a GeoPackage, GeoJSON, Shapefile or CSV, in the file's CRS.

    `class_file`: names, colours and codes (`read_class_file`); classes that it lacks are dropped. `zero_is_class`
    keeps class 0 under another code. `LabelError`: no such file, layer or column, no CRS, nothing usable."""
    path = Path(path)
    file = read_vector(path, layer=layer, crs=crs, place=columns.place)
    need_columns(file.table, columns.named, LabelError)
    if file.table.empty:
        raise LabelError("the file holds no labels", value=path, remedy="look at how it was exported")
    geometries, why, repaired = _mended(file.geometries)
    response, y, because, notes = _answers(file.table, columns, class_file, zero_is_class)
    day = file.table[columns.date] if columns.date else None
    span = (
        (file.table[columns.start], file.table[columns.end]) if columns.start and columns.end else (day, day)
    )
    start, end, late = periods(*span, len(file.table))
    for more in (because, late):
        why = np.where(why == "", more, why)
    group, grouping = _groups(file.table, columns.group)
    why = _without_repeats(why, geometries, y, start, end)
    kept = why == ""
    report = ImportReport(
        source=str(path),
        read=len(why),
        dropped=dict(Counter(why[~kept])),
        repaired=int((repaired & kept).sum()),
        notes=file.notes + notes + grouping + _undated(columns, start[kept], end[kept]),
    )
    if not kept.any():
        told = ", ".join(f"{count} {reason}" for reason, count in report.dropped.items())
        named = f"check the file and the columns named: {', '.join(columns.named)}"
        raise LabelError("no label can be used", value=told, remedy=named)
    return LabelSet(
        geometries[kept], file.crs, response, y[kept], group[kept], start[kept], end[kept], report
    )


def _mended(given: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """(geometries, why one can't be used, which were invalid and are not any more)."""
    flat = shapely.force_2d(given)
    empty = shapely.is_missing(flat) | shapely.is_empty(flat)
    broken = ~empty & ~shapely.is_valid(flat)
    flat[broken] = shapely.make_valid(flat[broken])
    for index in np.flatnonzero(~empty & (shapely.get_type_id(flat) == 7)):  # 7: a collection
        flat[index] = _polygonal(flat[index])
    why = np.where(empty, EMPTY, "").astype(object)
    usable = np.isin(shapely.get_type_id(flat), (0, 3, 4, 6)) & ~shapely.is_empty(
        flat
    )  # (multi)points, (multi)polygons
    why[~empty & ~usable] = LINES
    why[broken & ~usable] = BROKEN
    return flat, why, broken


def _polygonal(collection: Any) -> Any:
    parts = [part for part in shapely.get_parts(collection) if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts)


def _answers(
    table: pd.DataFrame, columns: LabelColumns, class_file: Path | None, zero_is_class: bool
) -> tuple[Response, Answers, npt.NDArray[Any], tuple[str, ...]]:
    """(response, answers, why there is none, notes)."""
    if columns.classes is not None:
        entries = read_class_file(class_file) if class_file else ()
        colours = table[columns.colour] if columns.colour else None
        found = classify(
            table[columns.classes], entries=entries, colours=colours, zero_is_class=zero_is_class
        )
        response = Response(columns.name or "land cover", "classification", classes=found.table)
        return response, found.y, found.why, found.notes
    column = table[str(columns.value)]
    values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    if len(values) and not np.isfinite(values).any():
        raise LabelError(
            "the value column holds no number",
            value=f"{columns.value}: {', '.join(map(repr, column.iloc[:3]))}",
            remedy="name a numeric column, or give it as the class column",
        )
    notes = () if columns.unit else (f"no unit was stated for {columns.value}",)
    why = np.where(np.isfinite(values), "", NOT_NUMERIC).astype(object)
    return Response(columns.name or str(columns.value), "regression", columns.unit), values, why, notes


def _groups(table: pd.DataFrame, column: str | None) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """[feature] polygon ids: whole numbers as they are, text numbered, the features' own numbers without a column."""
    if column is None:
        return np.arange(len(table), dtype=np.int64), (
            "no group column: every feature is a group of its own",
        )
    values = table[column]
    missing = int(values.isna().sum())
    if pd.api.types.is_integer_dtype(values) and not missing:
        return values.to_numpy(np.int64), ()
    ids = pd.factorize(values.astype("string"), sort=True)[0].astype(np.int64)
    alone = np.flatnonzero(ids < 0)
    ids[alone] = ids.max(initial=-1) + 1 + np.arange(len(alone))
    notes = (f"{missing} features without {column} are groups of their own",) if missing else ()
    return ids, notes


def _without_repeats(
    why: npt.NDArray[Any], geometries: npt.NDArray[Any], y: Answers, start: Any, end: Any
) -> npt.NDArray[Any]:
    """Features that have geometry, answer and period in common with an earlier one are dropped."""
    keys = pd.DataFrame({"shape": shapely.to_wkb(geometries), "y": y, "start": start, "end": end})
    repeats = keys[why == ""].duplicated()
    out = why.copy()
    out[repeats.index[repeats]] = DUPLICATE
    return out


def _undated(columns: LabelColumns, start: Days, end: Days) -> tuple[str, ...]:
    if not (columns.date or columns.start):
        return ()
    undated = int((np.isnat(start) & np.isnat(end)).sum())
    many = "1 label has no date and stands" if undated == 1 else f"{undated:,} labels have no date and stand"
    return (f"{many} for all days",) if undated else ()
