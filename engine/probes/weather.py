"""Daily weather beside the embeddings: what an optical and radar signal can't tell of a cloudy day."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import ProbeError
from ..tablefile import need_columns, read_table
from .table import Block, Floats, SampleTable

BLOCK = "weather"
DATE, SITE = "date", "site"


@dataclass(frozen=True, eq=False)
class Weather:
    """Values by day, and by site where the table has sites."""

    names: tuple[str, ...]
    values: Floats
    """[row, variable]; finite."""
    rows: "dict[tuple[str, int], int]"
    """(site, day since 1970-01-01) → row; the site is empty where there are none."""
    sites: frozenset[str]
    source: str = ""

    def at(self, days: npt.NDArray[np.datetime64], sites: npt.NDArray[Any] | None = None) -> Floats:
        """[sample, variable] of some days; `ProbeError` where any is missing."""
        if self.sites and sites is None:
            raise ProbeError(
                "the weather is told by site, and the samples have no sites",
                value=self.source,
                remedy="give a table without a site column",
            )
        numbers = days.astype("datetime64[D]").astype(np.int64).tolist()
        places = [str(site) for site in sites] if self.sites and sites is not None else [""] * len(numbers)
        wanted = list(zip(places, numbers, strict=True))
        missing = sorted({key for key in wanted if key not in self.rows})
        if missing:
            place, number = missing[0]
            first = f"{place} {np.datetime64(number, 'D')}".strip()
            raise ProbeError(
                "the weather of some days is missing",
                value=f"{len(missing)} of {len(set(wanted))} days, the first {first}",
                remedy=f"complete {self.source or 'the table'}, or leave the weather out",
            )
        return self.values[[self.rows[key] for key in wanted]]


def read_weather(path: Path, variables: Collection[str] = ()) -> Weather:
    """A CSV or Parquet table with a `date` column, perhaps a `site` column, and variables in the others.

    `variables`: those to take, in order; by default all numeric columns. `ProbeError` where a value is missing
    or a day is there twice."""
    frame = read_table(path, error=ProbeError, text=(SITE,))
    need_columns(frame, [DATE, *variables], ProbeError)
    names = tuple(variables) or _numeric(frame)
    if not names:
        raise ProbeError("the weather table has no numeric column", value=path, remedy="add variables")
    days = pd.to_datetime(frame[DATE], errors="coerce", format="ISO8601")
    if days.isna().any():
        bad = frame[DATE][days.isna()].iloc[0]
        raise ProbeError("a date of the weather can't be read", value=bad, remedy="write 2018-05-01")
    values = frame[list(names)].apply(pd.to_numeric, errors="coerce").to_numpy(np.float32)
    _check_values(values, names, days)
    sites = frame[SITE].astype(str).tolist() if SITE in frame else [""] * len(frame)
    numbers = days.to_numpy().astype("datetime64[D]").astype(np.int64).tolist()
    keys = list(zip(sites, numbers, strict=True))
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        value = f"{twice[0]} {np.datetime64(twice[1], 'D')}".strip()
        raise ProbeError("a day of the weather is there twice", value=value, remedy="keep one row per day")
    return Weather(
        names, values, {key: row for row, key in enumerate(keys)}, frozenset(sites) - {""}, str(path)
    )


def _numeric(frame: pd.DataFrame) -> tuple[str, ...]:
    return tuple(
        name for name in frame if name not in (DATE, SITE) and pd.api.types.is_numeric_dtype(frame[name])
    )


def _check_values(values: Floats, names: tuple[str, ...], days: "pd.Series[Any]") -> None:
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0]
        raise ProbeError(
            "a value of the weather is missing or not numeric",
            value=f"{names[column]} on {days.iloc[row]:%Y-%m-%d}, {len(bad)} in all",
            remedy="fill it, or leave these days out",
        )


def with_weather(table: SampleTable, weather: Weather) -> SampleTable:
    """The table with the block `weather` of each sample's day (and site)."""
    if table.day is None or np.isnat(table.day).any():
        raise ProbeError("samples without a day have no weather", remedy="give labels with dates")
    values = weather.at(table.day, table.keys.get(SITE))
    return replace(table, blocks={**table.blocks, BLOCK: Block(weather.names, values)})
