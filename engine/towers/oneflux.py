"""FLUXNET2015, ICOS and AmeriFlux files, which ONEFlux made alike → records.

Pastorello et al. (2020), Scientific Data 7, 225, doi:10.1038/s41597-020-0534-3: names, units and quality flags."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import TowerError
from .archive import Member
from .daily import Records, TowerOptions
from .units import GPP_UNIT, MOLAR_UNIT

MISSING = -9999
QUALITY = "NEE_VUT_REF_QC"  # GPP has no quality of its own: it is as good as the NEE that it was parted from
PERCENTILES = ("05", "16", "25", "50", "75", "84", "95", "SE")


def is_oneflux(columns: list[str]) -> bool:
    """Whether a header is that of a ONEFlux product."""
    timed = "TIMESTAMP" in columns or "TIMESTAMP_START" in columns
    return timed and any(name.startswith(("GPP_NT_", "GPP_DT_", "NEE_VUT_", "NEE_CUT_")) for name in columns)


def read_oneflux(member: Member, options: TowerOptions) -> Records:
    """Records of one file; `TowerError` without the GPP column, or without quality where that was not allowed."""
    columns = member.columns()
    gpp = f"GPP_{options.partitioning}_VUT_REF"
    if gpp not in columns:
        others = ", ".join(name for name in columns if name.startswith("GPP")) or "none"
        raise TowerError(
            "the file lacks its GPP column", value=f"{gpp} in {member.label}", remedy=f"it has {others}"
        )
    check_quality(QUALITY in columns, options, f"{QUALITY} in {member.label}")
    daily = "TIMESTAMP" in columns
    time = "TIMESTAMP" if daily else "TIMESTAMP_START"
    spread = [f"GPP_{options.partitioning}_VUT_{p}" for p in PERCENTILES] if daily else []
    frame = member.read({time, gpp, QUALITY, *spread})
    return Records(
        time=_times(frame[time], 8 if daily else 12, member),
        gpp=numbers(frame[gpp]),
        unit=GPP_UNIT if daily else MOLAR_UNIT,
        quality=numbers(frame[QUALITY]) if QUALITY in frame else None,
        where=member.label,
        extras=pd.DataFrame(
            {name: numbers(frame[name]) for name in spread if name in frame}, index=frame.index
        ),
    )


def check_quality(present: bool, options: TowerOptions, where: str) -> None:
    """`TowerError` where a file has no quality column and that was not allowed."""
    if not present and not options.without_quality:
        raise TowerError(
            "the tower file has no quality column",
            value=where,
            remedy="name the column (--quality-column), or allow files without quality (--without-quality), whose "
            "gap-filled days can't be told apart",
        )


def numbers(column: pd.Series, missing: tuple[float, ...] = (MISSING,)) -> npt.NDArray[np.float64]:
    """Floats; NaN for missing, infinite and unreadable values."""
    values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isfinite(values) & ~np.isin(values, missing), values, np.nan)


def _times(column: pd.Series, digits: int, member: Member) -> npt.NDArray[np.datetime64]:
    """datetime64[m] of YYYYMMDD (days) or YYYYMMDDHHMM (within days)."""
    text = column.astype("Int64").astype("string")
    if not (text.str.len() == digits).all():  # weeks have 8 digits but a start and an end; months 6, years 4
        raise TowerError(
            "the file holds neither days nor half-hours",
            value=f"{member.label}: time stamps such as {text.iloc[0] if len(text) else 'none'}",
            remedy="give the daily (DD), half-hourly (HH) or hourly (HR) file",
        )
    pattern = "%Y%m%d" if digits == 8 else "%Y%m%d%H%M"
    times: npt.NDArray[np.datetime64] = pd.to_datetime(text, format=pattern, errors="coerce").to_numpy()
    if np.isnat(times).any():
        raise TowerError(
            "time stamps can't be read", value=f"{member.label}: {text[np.isnat(times)].iloc[0]}"
        )
    return times.astype("datetime64[m]")
