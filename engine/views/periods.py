"""Means over groups of dates: seasons of a year, periods before and after, everything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import numpy.typing as npt

from ..errors import TargetError
from ..grid import Window
from ..store import NO_FRAME, DateMap, EmbeddingStore
from .colour import Bools
from .maps import times_of
from .whitening import Whitening

Array = npt.NDArray[np.float32]
Groups = tuple[tuple[int, ...], ...]
"""Date indices of each group."""
SEASONS = {"winter": (12, 1, 2), "spring": (3, 4, 5), "summer": (6, 7, 8), "autumn": (9, 10, 11)}
HALF_WEIGHT_DAYS = 10
"""Days to the nearest clear frame at which a date counts half: it rests on others more than on itself."""
NO_FRAME_WEIGHT = 0.1


@dataclass(frozen=True, eq=False)
class GroupMeans:
    """Weighted means of groups of dates in one window."""

    mean: Array
    """[group, dim, y, x]; 0 where there is nothing."""
    spread: Array
    """[group, y, x]: weighted variance around the mean, summed over the dimensions."""
    dates: Array
    """[group, y, x]: effective number of dates, (Σw)² / Σw² (Kish 1965)."""

    @property
    def validity(self) -> Bools:
        """[y, x]: every group has a date."""
        return np.asarray((self.dates > 0).all(axis=0), bool)


def season_groups(store: EmbeddingStore) -> dict[str, tuple[int, ...]]:
    """Dates of each season (of all years together) that the store holds."""
    months = [time.month for time in times_of(store)]
    groups = {name: tuple(i for i, m in enumerate(months) if m in of) for name, of in SEASONS.items()}
    return {name: dates for name, dates in groups.items() if dates}


def dates_within(store: EmbeddingStore, first: date, last: date) -> tuple[int, ...]:
    """Indices of the store's dates from `first` to `last`, both included; `TargetError` where there is none."""
    times = times_of(store)
    found = tuple(i for i, time in enumerate(times) if first <= time.date() <= last)
    if not found:
        nearest = min(times, key=lambda t: min(abs((t.date() - day).days) for day in (first, last)))
        raise TargetError(
            "the store has no date in this period",
            value=f"{first} to {last}",
            remedy=f"the nearest is {nearest:%Y-%m-%d}",
        )
    return found


def support_weight(drawn: DateMap) -> Array:
    """[y, x] 0 to 1: 1 on a clear date, half at ten days from the nearest one, 0 where not valid.

    Optical frames decide where the store has them, as in the quality of series: radar sees through clouds."""
    nearest = {n: days for n, days in drawn.support.items() if n.startswith("nearest_days")}
    days = (
        nearest["nearest_days_s2"] if "nearest_days_s2" in nearest else np.minimum.reduce([*nearest.values()])
    )
    near = HALF_WEIGHT_DAYS / (HALF_WEIGHT_DAYS + days.astype(np.float32))
    weight = np.where(days == NO_FRAME, NO_FRAME_WEIGHT, near)
    return np.where(drawn.validity, weight, 0).astype(np.float32)


def group_means(
    store: EmbeddingStore,
    window: Window,
    groups: Sequence[Sequence[int]],
    dims: int | None = None,
    whitening: Whitening | None = None,
) -> GroupMeans:
    """Means weighted by support over groups of dates, whitened if asked for; one date in memory at a time."""
    shape = (window.height, window.width)
    count, size = len(groups), dims or store.dims
    total: Array = np.zeros((count, size, *shape), np.float32)
    squares, weights, weights2 = (np.zeros((count, *shape), np.float32) for _ in range(3))
    for index in sorted({index for group in groups for index in group}):
        drawn = store.read_map(index, window, dims)
        weight = support_weight(drawn)
        values = drawn.embedding if whitening is None else whitening.map(drawn.embedding)
        for number in (n for n, group in enumerate(groups) if index in group):
            total[number] += values * weight
            squares[number] += (values**2).sum(axis=0) * weight
            weights[number] += weight
            weights2[number] += weight**2
    known = np.maximum(weights, 1e-9).astype(np.float32)
    mean: Array = total / known[:, None]
    spread = np.maximum(squares / known - (mean**2).sum(axis=1), 0)
    effective = weights**2 / np.maximum(weights2, 1e-9)
    return GroupMeans(mean, spread.astype(np.float32), effective.astype(np.float32))


def span(store: EmbeddingStore, dates: Sequence[int]) -> str:
    """`2019-07-01`, or `2019-06-01 to 2019-08-30`."""
    times: list[datetime] = [times_of(store)[index] for index in dates]
    first, last = min(times), max(times)
    return f"{first:%Y-%m-%d}" if first == last else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
