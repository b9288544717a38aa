"""Half-hours or days of one tower → the days that can be used."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import TowerError
from .series import Floats
from .units import GRAMS_PER_DAY, MOLAR_UNIT, check_plausible

GOOD_FLAGS = (0, 1)  # of ONEFlux half-hours: measured, and gap-filled with good confidence; 2 medium, 3 poor


@dataclass(frozen=True)
class TowerOptions:
    """What counts as a usable day."""

    partitioning: Literal["NT", "DT"] = "NT"
    """Night-time or daytime partitioning of NEE."""
    least_quality: float = 0.7
    """Share of measured and well gap-filled half-hours that a day needs."""
    least_complete: float = 1.0
    """Share of a day's half-hours that must have a value at all: a mean without noon is too low."""
    without_quality: bool = False
    """Take files that have no quality column."""

    def __post_init__(self) -> None:
        if self.partitioning not in ("NT", "DT"):
            raise TowerError("there is no such partitioning", value=self.partitioning, remedy="NT or DT")
        for name in ("least_quality", "least_complete"):
            if not 0 <= getattr(self, name) <= 1:
                raise TowerError(f"{name} is a share", value=getattr(self, name), remedy="give 0 to 1")


@dataclass(frozen=True, eq=False)
class Records:
    """GPP of one site as the file has it, in time order or not."""

    time: npt.NDArray[np.datetime64]
    """[record] datetime64[m], start of the interval, local standard time."""
    gpp: Floats
    """[record] in `unit`; NaN = missing."""
    unit: str
    quality: Floats | None
    """[record] share of a day (daily) or flag (within days)."""
    where: str
    """File, for messages."""
    extras: pd.DataFrame
    """[record] structural-uncertainty columns of daily files."""
    good_flags: tuple[int, ...] = GOOD_FLAGS

    @property
    def step_minutes(self) -> int:
        """Most frequent distance of records."""
        steps = np.diff(np.sort(self.time)).astype(np.int64)
        steps = steps[steps > 0]
        return int(np.bincount(steps).argmax()) if len(steps) else 1440

    @property
    def daily(self) -> bool:
        return self.step_minutes >= 1440


@dataclass(frozen=True, eq=False)
class Days:
    """Days that passed, and why others didn't."""

    day: npt.NDArray[np.datetime64]
    gpp: Floats
    quality: Floats
    extras: pd.DataFrame
    read: int
    dropped: dict[str, int]
    notes: tuple[str, ...] = ()


def usable_days(records: Records, options: TowerOptions) -> Days:
    """Daily GPP in gC m-2 d-1 of the days that pass; `TowerError` for wrong units or quality that is no quality."""
    daily = records.daily
    check_plausible(records.gpp, records.unit, daily=daily, where=records.where)
    if not daily and records.unit != MOLAR_UNIT:
        raise TowerError(
            f"values within days can't be in {records.unit}",
            value=f"{records.where}: every {records.step_minutes} minutes",
            remedy=f"state {MOLAR_UNIT}, or give daily values",
        )
    once = np.sort(np.unique(records.time, return_index=True)[1])
    table = _of_days(records, once) if daily else _of_half_hours(records, once)
    found = _judged(table, options, records.extras.iloc[once].reset_index(drop=True) if daily else None)
    repeats = len(records.time) - len(once)
    notes = (f"{repeats} repeated time stamps: the first was taken",) if repeats else ()
    return replace(found, notes=found.notes + notes + _told(records, options))


def _told(records: Records, options: TowerOptions) -> tuple[str, ...]:
    if records.quality is None:
        return ("no quality column: every day was taken as it is",)
    if records.daily:
        return (f"days need a quality share of {options.least_quality:g}",)
    flags = ", ".join(map(str, records.good_flags))
    return (
        f"days need a share of {options.least_quality:g} of half-hours flagged {flags}, "
        f"and values at {options.least_complete:g} of all",
    )


def _of_days(records: Records, once: npt.NDArray[np.int64]) -> pd.DataFrame:
    """One row per day, as stored."""
    quality = None if records.quality is None else records.quality[once]
    if quality is not None and (np.nanmax(quality, initial=0) > 1 or np.nanmin(quality, initial=0) < 0):
        raise TowerError(
            "the quality of a daily file is a share from 0 to 1",
            value=f"{records.where}: {np.nanmin(quality):g} to {np.nanmax(quality):g}",
            remedy="name the right quality column",
        )
    factor = GRAMS_PER_DAY if records.unit == MOLAR_UNIT else 1.0
    return pd.DataFrame(
        {
            "day": records.time[once].astype("datetime64[D]"),
            "gpp": records.gpp[once] * factor,
            "quality": np.nan if quality is None else quality,
            "rated": quality is not None,
            "complete": 1.0,
        }
    )


def _of_half_hours(records: Records, once: npt.NDArray[np.int64]) -> pd.DataFrame:
    """One row per day: mean flux as grams, share of good half-hours, share of half-hours with a value."""
    expected = 1440 // records.step_minutes
    gpp = records.gpp[once]
    flags = None if records.quality is None else records.quality[once]
    if flags is not None:
        known = flags[np.isfinite(flags)]
        if (known != np.floor(known)).any():
            value = f"{records.where}: {known[known != np.floor(known)][0]:g}"
            raise TowerError(
                "the quality of half-hours is a whole number", value=value, remedy="name the flag column"
            )
    good = np.isin(flags, records.good_flags) if flags is not None else np.zeros(len(gpp), bool)
    table = pd.DataFrame({"day": records.time[once].astype("datetime64[D]"), "gpp": gpp, "good": good})
    by_day = table.groupby("day", sort=True)
    rated = flags is not None
    return pd.DataFrame(
        {
            "gpp": by_day["gpp"].mean() * GRAMS_PER_DAY,
            "quality": by_day["good"].sum() / expected if rated else np.nan,
            "rated": rated,
            "complete": by_day["gpp"].count() / expected,
        }
    ).reset_index()


def _judged(table: pd.DataFrame, options: TowerOptions, extras: pd.DataFrame | None) -> Days:
    checks = {
        "without a value": table["gpp"].isna(),
        "that lack half-hours": table["complete"] < options.least_complete - 1e-9,
        "without a quality": table["rated"] & table["quality"].isna(),
        f"of a quality below {options.least_quality:g}": table["rated"]
        & (table["quality"] < options.least_quality - 1e-9),
    }
    why = np.full(len(table), "", object)
    for reason, failed in checks.items():
        why[(why == "") & failed.to_numpy(bool)] = reason
    kept = np.flatnonzero(why == "")
    order = kept[np.argsort(table["day"].to_numpy()[kept], kind="stable")]

    def column(name: str) -> npt.NDArray[Any]:
        values: npt.NDArray[Any] = table[name].to_numpy()[order]
        return values

    return Days(
        day=column("day").astype("datetime64[D]"),
        gpp=column("gpp").astype(np.float64),
        quality=column("quality").astype(np.float64),
        extras=pd.DataFrame(index=range(len(order))) if extras is None else extras.iloc[order],
        read=len(table),
        dropped=dict(Counter(why[why != ""])),
    )
