"""Curves as a table: a row for each place and date. Columns are called the same in every language of the app, and as
`phenolens series` calls them where it has them; the help tells what they mean."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from .curves import Curve, Subject
from .geography import Geography

Row = dict[str, object]
QUALITIES, OBSERVED = ("clear", "gap-filled", "no-data"), "observed"


def write_table(
    path: Path, subjects: Sequence[Subject], curves: Sequence[Curve], geography: Geography
) -> None:
    """CSV; what a row doesn't have is empty. The file appears whole, or not at all."""
    rows = list(_rows(subjects, curves, geography))
    columns = list(dict.fromkeys(name for row in rows for name in row))
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _rows(subjects: Sequence[Subject], curves: Sequence[Curve], geography: Geography) -> Iterator[Row]:
    for subject in subjects:
        where = _position(subject, geography)
        rows: dict[float, Row] = {}
        for curve in curves:
            if curve.owner == subject.name:
                _fill(rows, curve)
        for time in sorted(rows):
            date = datetime.fromtimestamp(time, UTC)
            yield {**where, "date": f"{date:%Y-%m-%dT%H:%M:%SZ}", **rows[time]}


def _position(subject: Subject, geography: Geography) -> Row:
    """Of a pixel its centre, of several that of all of them; x and y in the CRS of the store."""
    x, y = geography.xy(*subject.centre)
    longitude, latitude = geography.lonlat(*subject.centre)
    pixels = {} if not subject.sampled else {"pixels": len(subject.pixels)}
    return {
        "point": subject.name,
        "x": round(x, 2),
        "y": round(y, 2),
        "lon": round(longitude, 7),
        "lat": round(latitude, 7),
        **pixels,
    }


def _fill(rows: dict[float, Row], curve: Curve) -> None:
    columns = (
        (curve.column, curve.values),
        (f"{curve.column}_{curve.ends[0]}", curve.low),
        (f"{curve.column}_{curve.ends[1]}", curve.high),
    )
    for number, time in enumerate(curve.times):
        quality = OBSERVED if curve.observed else QUALITIES[curve.quality[number]]
        row = rows.setdefault(float(time), {"quality": quality})
        row.update(curve.facts)
        if curve.seen is not None:
            row["seen"] = round(float(curve.seen[number]), 4)
        if curve.classes and curve.classes[number]:
            row["class"] = curve.classes[number]
        for name, values in columns:
            if values is not None and np.isfinite(values[number]):
                row[name] = _number(float(values[number]), days=curve.column.startswith("nearest_days"))


def _number(value: float, days: bool) -> float:
    """Days of a single pixel are whole ones."""
    return int(value) if days and value.is_integer() else round(value, 6)
