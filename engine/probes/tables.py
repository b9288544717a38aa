"""Any table of features and a response → `SampleTable`: columns are mapped, and what is dropped is counted."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import Transformer

from ..classes import ClassTable
from ..errors import ProbeError
from ..response import Response, Task
from ..tablefile import days_of, need_columns, read_table
from .table import Block, SampleTable

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TableColumns:
    """Which column of a table is what."""

    response: str
    """Column of the response."""
    task: Task = "regression"
    name: str = ""
    """Of the response; the column's, where empty."""
    unit: str = ""
    """Of a regression; stated, never guessed."""
    blocks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Feature columns by origin: `bands`, `indices`, `weather`, …"""
    keys: Mapping[str, str] = field(default_factory=dict)
    """What samples share, by column: `site`, `biome`, `climate`, `polygon`, …"""
    day: str | None = None
    """Column of the day that the response belongs to."""
    span: tuple[str, str] | None = None
    """Columns of the first and last day behind the features; the day itself, where None."""
    lonlat: tuple[str, str] | None = None
    """Columns of longitude and latitude (WGS 84)."""
    missing: tuple[float, ...] = (-9999.0,)
    """Values that mean nodata, in features and response."""


@dataclass(frozen=True, eq=False)
class ImportedTable:
    """The samples of a table, and what became of its rows."""

    samples: SampleTable
    read: int
    dropped: Mapping[str, int]
    """Rows by reason."""
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "read": self.read,
            "kept": len(self.samples),
            "dropped": dict(self.dropped),
            "notes": self.notes,
        }


def table_from_file(path: Path, columns: TableColumns) -> ImportedTable:
    """The samples of a CSV or Parquet file; `ProbeError` where a column is absent or nothing is left."""
    return table_from_frame(read_table(path, error=ProbeError), columns)


def table_from_frame(frame: pd.DataFrame, columns: TableColumns) -> ImportedTable:
    """The samples of a frame.

    Rows without a usable response, or whose day can't be read, are dropped and counted; missing and infinite
    features become NaN. `ProbeError` where a column is absent, holds text instead of numbers, or nothing is left."""
    need_columns(frame, _named(columns), ProbeError)
    usable, dropped = _usable(frame, columns)
    if not usable.any():
        reasons = ", ".join(f"{count} {reason}" for reason, count in dropped.items()) or "it has no rows"
        raise ProbeError("no row of the table can be used", value=reasons, remedy="check the columns named")
    if dropped:
        log.warning("of %d rows dropped: %s", len(frame), dropped)
    return ImportedTable(_samples(frame[usable], columns), len(frame), dropped)


def _named(columns: TableColumns) -> list[str]:
    features = [name for names in columns.blocks.values() for name in names]
    lone = [columns.day] if columns.day else []
    return [
        columns.response,
        *features,
        *columns.keys.values(),
        *lone,
        *(columns.span or ()),
        *(columns.lonlat or ()),
    ]


def _usable(frame: pd.DataFrame, columns: TableColumns) -> tuple[npt.NDArray[np.bool_], dict[str, int]]:
    """[row] whether it can be a sample, and how many can't for each reason."""
    checks = {"without a response": _has_response(frame[columns.response], columns)}
    for name in (columns.day, *(columns.span or ())):
        if name:
            checks[f"whose {name} is no date"] = days_of(frame[name]) == days_of(
                frame[name]
            )  # NaT differs from itself
    usable = np.ones(len(frame), bool)
    dropped: dict[str, int] = {}
    for reason, passed in checks.items():
        lost = int((usable & ~passed).sum())
        dropped |= {reason: lost} if lost else {}
        usable &= passed
    return usable, dropped


def _has_response(values: pd.Series, columns: TableColumns) -> npt.NDArray[np.bool_]:
    if columns.task == "regression":
        present: npt.NDArray[np.bool_] = np.isfinite(_numbers(values, columns.missing))
        return present
    named: npt.NDArray[np.bool_] = (values.notna() & (values.astype(str).str.strip() != "")).to_numpy()
    return named


def _samples(frame: pd.DataFrame, columns: TableColumns) -> SampleTable:
    response, y = _response(frame[columns.response], columns)
    day = days_of(frame[columns.day]) if columns.day else None
    span = None if day is None else np.stack([day, day], axis=1)
    if columns.span:
        span = np.stack([days_of(frame[name]) for name in columns.span], axis=1)
    position, crs = _positions(frame, columns.lonlat)
    return SampleTable(
        response=response,
        y=y,
        blocks={origin: _block(frame, names, columns.missing) for origin, names in columns.blocks.items()},
        keys={key: _key(frame[name]) for key, name in columns.keys.items()},
        position=position,
        crs=crs,
        span=span,
        day=day,
    )


def _response(values: pd.Series, columns: TableColumns) -> tuple[Response, npt.NDArray[Any]]:
    name = columns.name or columns.response
    if columns.task == "regression":
        return Response(name, "regression", columns.unit), _numbers(values, columns.missing)
    text = values.astype(str).str.strip()
    names = sorted(text.unique())
    codes = {name: number + 1 for number, name in enumerate(names)}
    return Response(name, "classification", classes=ClassTable.of_names(names)), text.map(codes).to_numpy(
        np.int64
    )


def _block(frame: pd.DataFrame, names: Sequence[str], missing: Sequence[float]) -> Block:
    values = np.stack([_numbers(frame[name], missing) for name in names], axis=1)
    return Block(tuple(names), np.where(np.isfinite(values), values, np.nan).astype(np.float32))


def _numbers(values: pd.Series, missing: Sequence[float]) -> npt.NDArray[np.float64]:
    """Floats with NaN for what is missing; `ProbeError` for text."""
    numbers = pd.to_numeric(values, errors="coerce")
    text = values[numbers.isna() & values.notna()].astype(str).str.strip()
    wrong = text[~text.str.lower().isin(("", "na", "nan", "null", "none", "inf", "-inf"))]
    if len(wrong):
        raise ProbeError(
            "a column that should hold numbers holds text",
            value=f"{values.name}: {wrong.iloc[0]!r} and {len(wrong) - 1} more",
            remedy="name another column, or take the response as classes",
        )
    floats = numbers.to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isin(floats, missing), np.nan, floats)


def _key(values: pd.Series) -> npt.NDArray[Any]:
    whole = pd.api.types.is_integer_dtype(values)
    key: npt.NDArray[Any] = values.to_numpy(np.int64) if whole else values.astype(str).to_numpy(dtype=np.str_)
    return key


def _positions(
    frame: pd.DataFrame, lonlat: tuple[str, str] | None
) -> tuple[npt.NDArray[np.float64] | None, str]:
    """[sample, 2] in metres: of the UTM zone of their middle, or of an equal-area grid where they lie far apart."""
    if lonlat is None:
        return None, ""
    lon, lat = (frame[name].to_numpy(np.float64) for name in lonlat)
    zone = int(np.clip((np.median(lon) + 180) // 6 + 1, 1, 60))
    crs = f"EPSG:{(32600 if np.median(lat) >= 0 else 32700) + zone}" if np.ptp(lon) <= 6 else "EPSG:6933"
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(lon, lat)
    return np.stack([x, y], axis=1), crs


TOWER_GPP_HLS = TableColumns(
    response="GPP",
    name="GPP",
    unit="gC m-2 d-1",
    blocks={
        "bands": ("b2", "b3", "b4", "b5", "b6", "b7"),
        # the file's GCI is green/red - 1, not the published NIR/green - 1, and stays out
        "indices": ("NDVI", "EVI", "NDWI", "NIRv", "kNDVI"),
        "weather": (
            "T2MIN", "T2MAX", "T2MEAN", "TSMDEWMEAN", "GWETROOT", "LHLAND", "SHLAND", "SWLAND", "PARDFLAND",
            "PRECTOTLAND",
        ),
    },
    keys={"site": "SITE_ID", "biome": "PFT", "climate": "koppen", "tile": "TILE_ID_x", "sensor": "Satellite"},
    day="date",
)  # fmt: skip
"""Tower-days of measured GPP with chip means of HLS (b2 blue, b3 green, b4 red, b5 narrow NIR, b6 and b7 SWIR)
and MERRA-2 weather, of the Prithvi-EO-2.0 GPP task (Zenodo, CC-BY-4.0)."""

CLOUDY_BLUE = 0.2  # reflectance; vegetated land without cloud or snow stays below


def tower_gpp_hls_table(path: Path, *, largest_blue: float | None = None) -> ImportedTable:
    """The `TOWER_GPP_HLS` file; with `largest_blue` (such as `CLOUDY_BLUE`) without rows that look cloudy or snowy."""
    frame = read_table(path, error=ProbeError)
    need_columns(frame, _named(TOWER_GPP_HLS), ProbeError)
    clear = np.ones(len(frame), bool) if largest_blue is None else (frame["b2"] <= largest_blue).to_numpy()
    table = table_from_frame(frame[clear], TOWER_GPP_HLS)
    lost = int((~clear).sum())
    dropped = {**table.dropped, **({f"blue above {largest_blue}": lost} if lost else {})}
    return ImportedTable(table.samples, len(frame), dropped, table.notes)
