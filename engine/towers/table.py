"""Any other CSV of tower fluxes → records: its columns are named, its unit is stated."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import TowerError
from ..tablefile import need_columns
from .archive import Member
from .daily import GOOD_FLAGS, Records, TowerOptions
from .oneflux import MISSING, check_quality, numbers
from .units import known_unit

PARTS = ("year", "month", "day", "hour", "minute")
DOTTED = r"^(\d{1,2})\.(\d{1,2})\.(\d{4})"
"""Day, month, year: with dots nobody writes the month first."""


@dataclass(frozen=True)
class TableColumns:
    """Which column of a tower table is what."""

    gpp: str
    unit: str
    """Of GPP; stated, never guessed."""
    time: tuple[str, ...] = ("date",)
    """One column of dates or times, or those of year, month, day, hour and minute, in this order."""
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
    named = [columns.gpp, *columns.time, columns.quality, columns.site]
    need_columns(frame, [name for name in named if name], TowerError)
    check_quality(columns.quality is not None, options, member.label)
    if columns.site is None:
        yield None, _records(frame, columns, member)
        return
    for site, rows in frame.groupby(columns.site, sort=False):
        yield str(site), _records(rows, columns, member)


def _records(frame: pd.DataFrame, columns: TableColumns, member: Member) -> Records:
    times = _times(frame, columns, member)
    records = Records(
        time=times,
        gpp=numbers(frame[columns.gpp], columns.missing),
        unit=known_unit(columns.unit),
        quality=numbers(frame[columns.quality], columns.missing) if columns.quality else None,
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
        text = frame[columns.time[0]].astype("string").str.strip()
        text = text.str.replace(DOTTED, r"\3-\2-\1", regex=True)
        known = text.str.match(r"\d{4}") & ~text.str.fullmatch(r"\d{4}")  # a year alone is no day
        moments = pd.to_datetime(text.where(known), errors="coerce", format="mixed")
    else:
        parts = {part: frame[name] for part, name in zip(PARTS, columns.time, strict=False)}
        moments = pd.to_datetime(pd.DataFrame({"day": 1, **parts}), errors="coerce")
    unreadable = moments.isna().to_numpy()
    if unreadable.any():
        value = f"{member.label}: {frame.loc[unreadable, list(columns.time)].iloc[0].to_dict()}"
        raise TowerError("time stamps can't be read", value=value, remedy="write YYYY-MM-DD HH:MM")
    times: npt.NDArray[np.datetime64] = moments.to_numpy()
    return times.astype("datetime64[m]")
