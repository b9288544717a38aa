"""Sums over time, such as annual GPP, and how sure they are.

Errors of a probe on neighbouring dates are alike, and some of a place's error stays all year: taken as
independent, the error of an annual sum would come out several times too small, and taken as fully dependent too
large. So the residuals of held-out groups are used: their covariance over the days between two dates says how
errors add up over any set of dates, and the sums of residuals over whole years, where there are enough groups,
how wide an interval has to be (a conformal factor). Assumed: errors of new places are like those of the held-out
ones. What happens between the dates of a store (weather) is part of the error as far as the samples show it: with
daily samples, as from towers, wholly; with samples on the store's own dates, not at all.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ..errors import ProbeError
from ..probes.probe import Attachment
from .conformal import weighted_limit
from .heldout import HeldOut, series_of

Reals = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]
Ids = npt.NDArray[np.int64]

LONGEST_GAP = 45.0
"""Days without a date that a sum may bridge."""
YEAR = 365.25
FEWEST_GROUPS = 10
"""With year-long series, below which the interval rests on normal errors instead of sums of residuals."""
_SAME_DAY = 0.5
_SCALES = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)


@dataclass(frozen=True)
class SumError:
    """How errors add up: covariance (unit²) of the errors of one place on two days, by the days between."""

    persistent: float
    """Variance of the part that never changes at a place."""
    seasonal: float
    """Of the part that comes back at the same season; in whole years it cancels out."""
    lasting: float
    """Of the part that fades with `scale_days`."""
    scale_days: float
    single: float
    """Of the part that each date has for itself."""
    spacing: float
    """Days between the samples of a series behind this: how finely errors were seen to change."""
    confidence: float
    factor: float
    """Standard errors on each side of an interval of this confidence."""
    basis: str
    """What the factor rests on."""
    groups: int
    series: int
    """Place-years whose residuals were summed."""

    def covariance(self, lag: npt.ArrayLike) -> Reals:
        """Of errors so many days apart."""
        days: Reals = np.abs(np.asarray(lag, dtype=np.float64))
        return np.asarray(
            self.persistent
            + self.seasonal * np.cos(2 * np.pi * days / YEAR)
            + self.lasting * np.exp(-days / self.scale_days)
            + self.single * (days < _SAME_DAY)
        )

    def standard_error(self, days: Days, weights: npt.ArrayLike) -> float:
        """Of the sum of values on `days` times `weights` (`day_weights`), in unit × days.

        A date that stands for more days than lie between the samples behind this is taken for several: the
        truth changes in between, and so does the error."""
        when, weight = _spread(_numbers(days), np.asarray(weights, np.float64), self.spacing)
        variance = weight @ self.covariance(when[:, None] - when) @ weight
        return float(np.sqrt(np.maximum(variance, 0.0)))

    def margin(self, days: Days, weights: npt.ArrayLike) -> float:
        """Half the width of the interval of a sum."""
        return self.factor * self.standard_error(days, weights)

    def extremes(self, days: Days, weights: npt.ArrayLike) -> tuple[float, float]:
        """Standard errors if errors were independent, and if they were all the same: what is wrong to use."""
        weight = np.asarray(weights, np.float64)
        single = float(np.sqrt(self.covariance(0)))
        return single * float(np.sqrt(weight @ weight)), single * float(np.abs(weight).sum())

    def to_attachment(self) -> Attachment:
        return Attachment(dict(vars(self)))

    @classmethod
    def from_attachment(cls, stored: Attachment) -> Self:
        about: dict[str, Any] = dict(stored.settings)
        return cls(**about)


def day_weights(
    days: Days, first: np.datetime64, last: np.datetime64, *, longest_gap: float = LONGEST_GAP
) -> Reals:
    """[date] how many days each date stands for in a sum from `first` to `last`, both included.

    The sum of daily values on straight lines between the dates, constant before the first and after the last
    one. `ProbeError` where more than `longest_gap` days lie between two dates, or half of it beyond the ends."""
    when = _numbers(days)
    start, end = _numbers(np.array([first, last]))
    if not len(when) or end < start or (np.diff(when) <= 0).any():
        raise ProbeError("a sum needs dates in ascending order, and a period", value=f"{first} to {last}")
    daily = np.arange(start, end + 1)
    gap, since, until = _largest_gap(when, start, end)
    if gap > longest_gap:
        raise ProbeError(
            "the dates leave too long a gap for a sum",
            value=f"none from {_day(since)} to {_day(until)}, in a sum from {first} to {last}",
            remedy=f"at most {longest_gap:.0f} days are bridged between two dates, half as many before the first and "
            "after the last; choose another period",
        )
    right = np.clip(np.searchsorted(when, daily), 1, max(len(when) - 1, 1))
    if len(when) == 1:
        return np.array([float(len(daily))])
    share = np.clip((daily - when[right - 1]) / (when[right] - when[right - 1]), 0, 1)
    after, before = np.bincount(right, share, len(when)), np.bincount(right - 1, 1 - share, len(when))
    return np.asarray(after + before, np.float64)


def sum_over(
    values: npt.NDArray[np.floating[Any]],
    days: Days,
    first: np.datetime64,
    last: np.datetime64,
    *,
    longest_gap: float = LONGEST_GAP,
) -> Reals:
    """[date, …] values (NaN = none) → […] their sums from `first` to `last`, in unit × days.

    Each pixel is summed over the dates that it has; NaN where these leave too long a gap."""
    flat = values.reshape(len(values), -1).astype(np.float64)
    out = np.full(flat.shape[1], np.nan)
    patterns, member = np.unique(np.isfinite(flat), axis=1, return_inverse=True)
    for number, there in enumerate(patterns.T):
        mine = member.reshape(-1) == number
        try:
            weights = day_weights(days[there], first, last, longest_gap=longest_gap)
        except ProbeError:  # of a map some pixels may have no sum: they are nodata, not the end
            continue
        out[mine] = weights @ flat[there][:, mine]
    return out.reshape(values.shape[1:])


def fit_sum_error(held: HeldOut, confidence: float = 0.9, *, longest_gap: float = LONGEST_GAP) -> SumError:
    """Learn from held-out residuals how errors add up over time.

    `ProbeError` where samples have no day or place, or no place has two of them."""
    if held.table.day is None or held.table.response.task != "regression":
        raise ProbeError("sums over time need a quantity with days", value=held.table.response.name)
    place, when = series_of(held.table), _numbers(held.table.day)
    lags, found, counts = _autocovariance(held, place, when)
    parts = _fit_parts(lags, found, counts)
    spacing = _spacing(place, when)
    plain = SumError(*parts, spacing, confidence, _normal_factor(confidence), "normal errors", held.groups, 0)
    ratios, groups = _year_ratios(held, place, when, plain, longest_gap)
    several = len(np.unique(groups))
    about = {**vars(plain), "series": len(ratios)}
    if several >= FEWEST_GROUPS:
        limit = weighted_limit(ratios, groups, confidence, "group")
        if np.isfinite(limit):
            basis = f"sums of residuals over {len(ratios)} place-years in {several} held-out groups"
            about |= {"factor": limit, "basis": basis}
    return SumError(**about)


def _numbers(days: Days) -> Reals:
    """Days since 1970."""
    return days.astype("datetime64[D]").astype(np.int64).astype(np.float64)


def _spread(when: Reals, weight: Reals, spacing: float) -> tuple[Reals, Reals]:
    """Dates and weights with each date spread over the days that it stands for, in steps of `spacing`."""
    parts = np.maximum(np.round(np.abs(weight) / spacing), 1).astype(np.int64)
    step = np.arange(parts.sum()) - np.repeat(np.cumsum(parts) - parts, parts)
    share = np.repeat(weight / parts, parts)
    return np.repeat(when, parts) + (step - (np.repeat(parts, parts) - 1) / 2) * np.abs(share), share


def _spacing(place: Ids, when: Reals) -> float:
    """Median of the days between neighbouring samples of a place."""
    order = np.lexsort((when, place))
    steps = np.diff(when[order])[np.diff(place[order]) == 0]
    steps = steps[steps > 0]
    return float(np.median(steps)) if len(steps) else 1.0


def _largest_gap(when: Reals, start: float, end: float) -> tuple[float, float, float]:
    """(days, from, to) between two dates that matter to a period; beyond the outer ones days count twice."""
    near = when[max(np.searchsorted(when, start) - 1, 0) : np.searchsorted(when, end, "right") + 1]
    gaps = [(2 * (when[0] - start), start, float(when[0])), (2 * (end - when[-1]), float(when[-1]), end)]
    inner = np.diff(near)
    if len(inner):
        widest = int(inner.argmax())
        gaps.append((float(inner[widest]), float(near[widest]), float(near[widest + 1])))
    return max(gaps)


def _day(number: float) -> np.datetime64:
    return np.datetime64(int(number), "D")


def _autocovariance(held: HeldOut, place: Ids, when: Reals) -> tuple[Reals, Reals, Reals]:
    """(lag in days, covariance, pairs) of residuals of one place, every group counting the same."""
    from scipy.signal import correlate  # noqa: PLC0415 - heavy

    longest = int(YEAR) + 1
    total, seen = np.zeros(longest + 1), np.zeros(longest + 1)
    pairs = np.zeros(longest + 1)
    for group in np.unique(held.group):
        products, counts = np.zeros(longest + 1), np.zeros(longest + 1)
        for each in np.unique(place[held.group == group]):
            mine = (place == each) & (held.group == group)
            line, there = _daily(when[mine], held.residual[mine])
            top = min(longest, len(line) - 1)
            for out, series in ((products, line), (counts, there)):
                out[: top + 1] += correlate(series, series, method="fft")[len(line) - 1 :][: top + 1]
        here = counts > 0.5
        total[here] += products[here] / counts[here]
        seen += here
        pairs += np.round(counts)
    known = seen > 0
    if known.sum() < 2:
        raise ProbeError("no place has samples on two days", remedy="sums need series, not single days")
    return np.flatnonzero(known).astype(np.float64), total[known] / seen[known], pairs[known]


def _daily(when: Reals, values: Reals) -> tuple[Reals, Reals]:
    """(values, whether there is one) on every day from the first to the last; several of a day are averaged."""
    index = (when - when.min()).astype(np.int64)
    count = np.bincount(index)
    total = np.bincount(index, values)
    there = count > 0
    return np.where(there, total / np.maximum(count, 1), 0.0), there.astype(np.float64)


def _fit_parts(lags: Reals, found: Reals, counts: Reals) -> tuple[float, float, float, float, float]:
    """Persistent, seasonal, lasting, scale, single: none below 0, so that every sum has an error."""
    from scipy.optimize import nnls  # noqa: PLC0415 - heavy

    weight = np.sqrt(counts / counts.max())
    best: tuple[float, tuple[float, ...]] | None = None
    season = np.cos(2 * np.pi * lags / YEAR)
    for scale in _SCALES:
        shapes = np.stack([np.ones_like(lags), season, np.exp(-lags / scale), lags < _SAME_DAY], axis=1)
        parts, misfit = nnls(shapes * weight[:, None], found * weight)
        if best is None or misfit < best[0]:
            best = misfit, (parts[0], parts[1], parts[2], scale, parts[3])
    assert best is not None
    persistent, seasonal, lasting, scale, single = (float(value) for value in best[1])
    return persistent, seasonal, lasting, scale, single


def _year_ratios(
    held: HeldOut, place: Ids, when: Reals, error: SumError, longest_gap: float
) -> tuple[Reals, Ids]:
    """(|sum of residuals| in standard errors, group) of every place-year that is seen all year."""
    days = when.astype(np.int64).astype("datetime64[D]")
    year = days.astype("datetime64[Y]")
    ratios, groups = [], []
    for each in np.unique(place):
        for one in np.unique(year[place == each]):
            mine = (place == each) & (year == one)
            first, last = one.astype("datetime64[D]"), (one + 1).astype("datetime64[D]") - 1
            dates, index = np.unique(days[mine], return_index=True)
            try:
                weights = day_weights(dates, first, last, longest_gap=longest_gap)
            except ProbeError:  # not seen all year: nothing to compare
                continue
            size = error.standard_error(dates, weights)
            if size > 0:
                ratios.append(abs(weights @ held.residual[mine][index]) / size)
                groups.append(held.group[mine][0])
    return np.array(ratios), np.array(groups, dtype=np.int64)


def _normal_factor(confidence: float) -> float:
    from scipy.stats import norm  # noqa: PLC0415 - heavy

    return float(norm.ppf((1 + confidence) / 2))
