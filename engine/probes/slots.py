"""Which dates make which features, and how the values of these dates become one number."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .spec import FeatureSpec
from .table import Floats

Days = npt.NDArray[np.int64]
"""Days since 1970-01-01, [time], ascending."""
Bools = npt.NDArray[np.bool_]
Seen = tuple[Floats, Bools]
"""Values [dim, pixel] of one date, and where they are valid: [pixel] or [dim, pixel]."""
Slots = tuple[Days, ...]
"""Indices of the dates behind each group of features; an empty one is a gap."""


@dataclass(frozen=True, order=True)
class Period:
    """The days, ends included, that a label holds for or a map is made for; a single day where they agree."""

    start: np.datetime64
    end: np.datetime64

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            object.__setattr__(self, name, np.datetime64(getattr(self, name), "D"))
        if not self.start <= self.end:  # also where one is not a time
            raise InputError(
                "a period ends before it begins, or has no days", value=f"{self.start} to {self.end}"
            )

    @classmethod
    def of(cls, when: "When") -> Self:
        """A day, a (first, last) pair, or text such as `2018-05-01` or `2018-01-01/2018-12-31`."""
        if isinstance(when, Period):
            return cls(when.start, when.end)
        ends: Any = when.split("/") if isinstance(when, str) else when
        start, end = (ends[0], ends[-1]) if isinstance(ends, list | tuple) else (ends, ends)
        try:
            return cls(_day(start), _day(end))
        except ValueError as error:
            raise InputError(
                "a date can't be read", value=when, remedy="write 2018-05-01 or 2018-01-01/2018-12-31"
            ) from error

    @property
    def single(self) -> bool:
        return bool(self.start == self.end)

    @property
    def day(self) -> np.datetime64:
        """The day itself, or the middle of the period."""
        middle: np.datetime64 = self.start + (self.end - self.start) // 2
        return middle

    @property
    def season_range(self) -> tuple[int, int]:
        """First and last day since 1970 of the period; of the calendar year around a single day."""
        if not self.single:
            return int(self.start.astype(np.int64)), int(self.end.astype(np.int64))
        year = self.start.astype("datetime64[Y]")
        first, after = year.astype("datetime64[D]"), (year + 1).astype("datetime64[D]")
        return int(first.astype(np.int64)), int(after.astype(np.int64)) - 1

    def __str__(self) -> str:
        return str(self.start) if self.single else f"{self.start}/{self.end}"


When = Period | date | datetime | np.datetime64 | str | tuple[Any, Any]


def _day(when: Any) -> np.datetime64:
    text = when.strip() if isinstance(when, str) else when
    return np.datetime64(text, "D")


def days_of(times: npt.NDArray[np.datetime64]) -> Days:
    """Times as whole days since 1970-01-01 (UTC)."""
    return times.astype("datetime64[D]").astype(np.int64)


def span_of(times: npt.NDArray[np.datetime64]) -> str:
    """`2018-01-05 to 2018-12-27`: the days of the first and last target date."""
    return f"{times[0].astype('datetime64[D]')} to {times[-1].astype('datetime64[D]')}"


def slots_of(spec: FeatureSpec, days: Days, period: Period) -> Slots:
    """The target dates behind each group of features."""
    day = int(period.day.astype(np.int64))
    if spec.kind == "date":
        return (nearest_first(days, day, spec.largest_gap_days)[:1],)
    if spec.kind == "window":
        ends = day - spec.step_days * np.arange(-(-spec.window_days // spec.step_days))
        starts = np.maximum(ends - spec.step_days, day - spec.window_days)
        return tuple(
            np.flatnonzero((days > start) & (days <= end)) for start, end in zip(starts, ends, strict=True)
        )
    first, last = period.season_range
    parts = spec.parts if spec.kind == "season" else 1
    edges = np.linspace(first, last + 1, parts + 1)
    return tuple(np.flatnonzero((days >= low) & (days < high)) for low, high in pairwise(edges))


def nearest_first(days: Days, day: int, largest_gap: float) -> Days:
    """Indices of the dates within a gap, the nearest first; the earlier one where two are equally near."""
    distance = np.abs(days - day)
    order = np.argsort(distance, kind="stable")
    return order[distance[order] <= largest_gap]


def statistics_of(spec: FeatureSpec) -> tuple[str, ...]:
    """How the dates of a slot become one value: those of a `period`, else their mean (of one date: itself)."""
    return spec.statistics if spec.kind == "period" else ("mean",)


def names_of(spec: FeatureSpec, bands: Sequence[str]) -> tuple[str, ...]:
    """Names of the features in their order: slot by slot, statistic by statistic, band by band."""
    if spec.kind == "date":
        return tuple(bands)
    if spec.kind == "period":
        return tuple(f"{band}_{statistic}" for statistic in spec.statistics for band in bands)
    if spec.kind == "season":
        return tuple(f"part{part + 1}_{band}" for part in range(spec.parts) for band in bands)
    lags = range(0, spec.window_days, spec.step_days)
    return tuple(f"lag{lag:03d}_{band}" for lag in lags for band in bands)


def reduce_slots(
    seen: Callable[[int], Seen], slots: Slots, spec: FeatureSpec, shape: tuple[int, int]
) -> Floats:
    """[feature, pixel] of (dim, pixel) values per date; NaN where a slot holds nothing valid.

    `seen` gives a date by index, so that dates can be read one after the other; both ways to features, of
    samples and of maps, come through here."""
    return np.concatenate(
        [reduced((seen(int(i)) for i in slot), statistics_of(spec), shape) for slot in slots]
    )


def reduced(dates: Iterable[Seen], statistics: Sequence[str], shape: tuple[int, int]) -> Floats:
    """[statistic × dim, pixel] over the valid values of some dates, NaN where there are none."""
    if tuple(statistics) == ("mean",):
        return _mean(dates, shape)
    stack = np.array([np.where(valid, values, np.nan) for values, valid in dates], np.float32)
    stack = np.sort(stack.reshape(-1, *shape), axis=0)  # NaN last
    count = np.isfinite(stack).sum(axis=0)
    return np.concatenate([_STATISTICS[name](stack, count) for name in statistics])


def first_valid(dates: Iterable[Seen], shape: tuple[int, int]) -> Floats:
    """[dim, pixel] of the first date on which a value is valid; NaN where there is none."""
    out = np.full(shape, np.nan, np.float32)
    for values, valid in dates:
        missing = np.isnan(out)
        if not missing.any():
            break
        np.copyto(out, values, where=missing & valid)
    return out


def _mean(dates: Iterable[Seen], shape: tuple[int, int]) -> Floats:
    total, count = np.zeros(shape, np.float32), np.zeros((1, shape[1]), np.float32)
    for values, valid in dates:
        np.add(total, values, out=total, where=valid)
        count = count + np.atleast_2d(valid)
    with np.errstate(invalid="ignore"):  # 0 / 0 = NaN is the gap that is meant
        return np.asarray(total / count, np.float32)


def _stack_mean(stack: Floats, count: npt.NDArray[Any]) -> Floats:
    with np.errstate(invalid="ignore"):  # 0 / 0 = NaN where nothing was valid
        return np.asarray(np.nansum(stack, axis=0, dtype=np.float32) / count.astype(np.float32), np.float32)


def _spread(stack: Floats, count: npt.NDArray[Any]) -> Floats:
    """Standard deviation over all valid values (divided by their number)."""
    away = stack - _stack_mean(stack, count)
    np.square(away, out=away)
    return np.sqrt(_stack_mean(away, count))


def _percentile(stack: Floats, count: npt.NDArray[Any], share: float) -> Floats:
    """Linear between neighbours, as NumPy's default, of the first `count` values of each sorted column."""
    if not len(stack):
        return np.full(stack.shape[1:], np.nan, np.float32)
    place = share * np.maximum(count - 1, 0)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    below, above = (np.take_along_axis(stack, i[None], axis=0)[0] for i in (low, high))
    between: Floats = below + (above - below) * (place - low)
    return between.astype(np.float32)


_STATISTICS: Mapping[str, Callable[[Floats, npt.NDArray[Any]], Floats]] = {
    "mean": _stack_mean,
    "std": _spread,
    "p10": lambda stack, count: _percentile(stack, count, 0.1),
    "p50": lambda stack, count: _percentile(stack, count, 0.5),
    "p90": lambda stack, count: _percentile(stack, count, 0.9),
}


def dates_used(slots: Slots) -> Iterator[int]:
    """Indices of all dates that features rest on."""
    return (int(i) for slot in slots for i in slot)
