"""Any other CSV of tower fluxes → records: its columns are named, its unit is stated."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import TowerError
from ..tablefile import need_columns, year_first
from .archive import Member
from .daily import GOOD_FLAGS, Records, TowerOptions
from .oneflux import MISSING, check_quality, numbers
from .units import known_unit

OF_YEAR, MONTHS = 2, 12
"""Columns of a year and its days; what the second of them exceeds unless it holds months."""
PARTS = ("year", "month", "day", "hour", "minute")
Reals = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TableColumns:
    """Which column of a tower table is what."""

    gpp: str
    unit: str
    """Of GPP; stated, never guessed."""
    time: tuple[str, ...] = ("date",)
    """One column of dates or times; two of the year and the day of the year (1.5 = noon of the first); or those of
    year, month, day, hour and minute, in this order."""
    time_is: Literal["start", "end"] = "start"
    """Of the interval that a record averages over."""
    quality: str | None = None
    good_flags: tuple[int, ...] = GOOD_FLAGS
    """Of a quality within days; of days it is a share."""
    site: str | None = None
    """Column of site ids; None: the file is of one site."""
    missing: tuple[float, ...] = (float(MISSING),)

    def __post_init__(self) -> None:
        known_unit(self.unit)
        if self.time_is not in ("start", "end") or not 1 <= len(self.time) <= len(PARTS):
            raise TowerError("times are named by one to five columns", value=f"{self.time}, {self.time_is}")


def read_tower_table(
    member: Member, columns: TableColumns, options: TowerOptions
) -> Iterator[tuple[str | None, Records]]:
    """(site id or None, records) of each site of a table; `TowerError` for missing columns or times."""
    frame = member.table()
    if len(columns.time) == OF_YEAR:
        need_columns(frame, columns.time, TowerError)
        _check_days_of_year(frame[columns.time[1]], member)
    named = [columns.gpp, *columns.time, columns.quality, columns.site]
    need_columns(frame, [name for name in named if name], TowerError)
    check_quality(columns.quality is not None, options, member.label)
    if columns.site is None:
        yield None, _records(frame, columns, member, options)
        return
    for site, rows in frame.groupby(columns.site, sort=False):
        yield str(site), _records(rows, columns, member, options)


def _records(frame: pd.DataFrame, columns: TableColumns, member: Member, options: TowerOptions) -> Records:
    times = _times(frame, columns, member)
    quality = numbers(frame[columns.quality], columns.missing) if columns.quality else None
    if options.without_quality and quality is not None and np.isnan(quality).all():
        quality = None  # of this site none is told
    records = Records(
        time=times,
        gpp=numbers(frame[columns.gpp], columns.missing),
        unit=known_unit(columns.unit),
        quality=quality,
        where=member.label,
        extras=pd.DataFrame(index=range(len(frame))),
        good_flags=columns.good_flags,
    )
    if columns.time_is == "end":  # the interval that ends at midnight belongs to the day before
        step = np.timedelta64(records.step_minutes, "m")
        return Records(**{**vars(records), "time": times - step})
    return records


def _times(frame: pd.DataFrame, columns: TableColumns, member: Member) -> npt.NDArray[np.datetime64]:
    if len(columns.time) == 1:
        text = year_first(frame[columns.time[0]].astype("string").str.strip())
        known = text.str.match(r"\d{4}") & ~text.str.fullmatch(r"\d{4}")  # a year alone is no day
        moments = pd.to_datetime(text.where(known), errors="coerce", format="mixed")
    elif len(columns.time) == OF_YEAR:
        moments = _of_year(*(numbers(frame[name]) for name in columns.time), ends=columns.time_is == "end")
    else:
        parts = {part: frame[name] for part, name in zip(PARTS, columns.time, strict=False)}
        moments = pd.to_datetime(pd.DataFrame({"day": 1, **parts}), errors="coerce")
    unreadable = moments.isna().to_numpy()
    if unreadable.any():
        value = f"{member.label}: {frame.loc[unreadable, list(columns.time)].iloc[0].to_dict()}"
        raise TowerError("time stamps can't be read", value=value, remedy="write YYYY-MM-DD HH:MM")
    times: npt.NDArray[np.datetime64] = moments.to_numpy()
    return times.astype("datetime64[m]")


def _of_year(year: Reals, day: Reals, *, ends: bool) -> pd.Series:
    """Moments, to the minute; NaT where a year has no such day. An interval may end as the next year begins."""
    first = pd.to_datetime(pd.Series(year).astype("Int64").astype("string"), format="%Y", errors="coerce")
    beyond = 366.0 + first.dt.is_leap_year.to_numpy()
    there = (day >= 1) & ((day <= beyond) if ends else (day < beyond))
    moments: pd.Series = first + pd.to_timedelta(np.where(there, day - 1, np.nan), unit="D").round("min")
    return moments


def _check_days_of_year(column: pd.Series, member: Member) -> None:
    """`TowerError` for a column of months: a year and a month are no day."""
    most = np.nanmax(numbers(column), initial=0)
    if most <= MONTHS:
        raise TowerError(
            "a year and a month are no day",
            value=f"{column.name} in {member.label}: up to {most:g}",
            remedy="name the columns of year, month and day, or of year and day of the year (1 to 366)",
        )
