"""Date columns → the first and last day that a label holds for."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..tablefile import day_text, days_of
from .labelset import Days

UNREADABLE, BACKWARDS = "whose date can't be read (write YYYY-MM-DD)", "that end before they start"


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
    text, starts = day_text(column), days_of(column)
    ends = starts.copy()
    for pattern, unit in ((r"\d{4}", "Y"), (r"\d{4}-\d{2}", "M")):
        whole = text.str.fullmatch(pattern).fillna(False).to_numpy(bool) & ~np.isnat(starts)
        following = starts[whole].astype(f"datetime64[{unit}]") + 1
        ends[whole] = following.astype("datetime64[D]") - np.timedelta64(1, "D")
    return starts, ends, np.isnat(starts) & text.notna().to_numpy()
