"""Date columns → the first and last day that a label holds for."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .labelset import Days

UNREADABLE, BACKWARDS = "whose date can't be read", "that end before they start"


def periods(
    first: pd.Series | None, last: pd.Series | None, count: int
) -> tuple[Days, Days, npt.NDArray[Any]]:
    """([feature] first day, last day, why there is none) of one column, of two, or of none.

    A whole year (`2021`) or month (`2021-05`) stands for all its days; an empty cell for no period."""
    if first is None or last is None:
        none = np.full(count, "NaT", "datetime64[D]")
        return none, none.copy(), np.full(count, "", object)
    starts, _, wrong = _read(first)
    _, ends, bad = _read(last)
    why = np.where(wrong | bad, UNREADABLE, np.where(ends < starts, BACKWARDS, "")).astype(object)
    return starts, ends, why


def _read(column: pd.Series) -> tuple[Days, Days, npt.NDArray[np.bool_]]:
    """(first day, last day, unreadable) of each cell."""
    text = _text(column)
    days = pd.to_datetime(text, errors="coerce", format="mixed", utc=True).dt.tz_localize(None)
    starts: Days = days.to_numpy().astype("datetime64[D]")
    ends = starts.copy()
    for pattern, unit in ((r"\d{4}", "Y"), (r"\d{4}-\d{2}", "M")):
        whole = text.str.fullmatch(pattern).fillna(False).to_numpy(bool) & ~np.isnat(starts)
        following = starts[whole].astype(f"datetime64[{unit}]") + 1
        ends[whole] = following.astype("datetime64[D]") - np.timedelta64(1, "D")
    return starts, ends, np.isnat(starts) & text.notna().to_numpy()


def _text(column: pd.Series) -> pd.Series:
    """Cells as text; missing where empty. Whole numbers are years or YYYYMMDD, never nanoseconds."""
    if pd.api.types.is_float_dtype(column):
        column = column.astype("Int64")
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.dt.strftime("%Y-%m-%dT%H:%M:%S%z")
    text = column.astype("string").str.strip()
    return text.mask(text == "")
