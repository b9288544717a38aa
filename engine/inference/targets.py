"""Target dates: clear Sentinel-2 acquisitions, every N days, or a list; float64 days since 1970-01-01."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from ..acquisitions.cube import EPOCH, CubeSource, clear_share, days_since_epoch
from ..dates import utc
from ..errors import TargetError
from ..outline import Outline
from .reach import Days

# A tenth of the area: below that, a date stores mostly gap-filled pixels at the price of a clear one, while
# its few clear pixels still serve as frames for the dates beside it.
CLEAR_ENOUGH = 0.1
NOON = time(12)
MOST_TARGETS = 100_000


@dataclass(frozen=True)
class TargetChoice:
    """Which dates are wanted, as a person says it."""

    dates: str | None = None
    """`clear`, `every:N` (days), or days such as `2018-05-01,2018-06-01`; None = clear where there is
    Sentinel-2, else every 10 days."""
    start: date | None = None
    end: date | None = None
    """Last day, included."""
    clear_share: float = CLEAR_ENOUGH

    def wanted(self, sources: Mapping[str, CubeSource]) -> str:
        """The dates asked for, or what stands in for them."""
        return self.dates or ("clear" if "s2" in sources else "every:10")

    def days(self, sources: Mapping[str, CubeSource], outline: Outline | None = None) -> Days:
        """Target dates as days since 1970-01-01; `TargetError` where none is left.

        What is clear is counted within `outline`, else on the whole grid."""
        dates = self.wanted(sources)
        if dates.startswith("every:"):
            return regular_targets(sources, _number(dates), self.start, self.end)
        if dates != "clear":
            return self._inside(listed_targets(p.strip() for p in dates.split(",") if p.strip()))
        if "s2" not in sources:
            remedy = "give --dates every:10, or a list of days"
            raise TargetError("clear dates need Sentinel-2", value=", ".join(sources), remedy=remedy)
        return self._inside(clear_targets(sources["s2"], self.clear_share, outline))

    def _inside(self, days: Days) -> Days:
        low = days_since_epoch(utc(self.start)) if self.start else -float("inf")
        high = days_since_epoch(utc(self.end)) + 1 if self.end else float("inf")
        inside: Days = days[(days >= low) & (days < high)]
        if not len(inside):
            span = f"{self.start or 'the first'} to {self.end or 'the last'}"
            remedy = f"the dates run from {_text(days[0])} to {_text(days[-1])}"
            raise TargetError("no target date lies in the date range", value=span, remedy=remedy)
        return inside


def _number(text: str) -> float:
    try:
        return float(text.removeprefix("every:"))
    except ValueError as error:
        raise TargetError("this is no number of days", value=text, remedy="write every:10") from error


def clear_targets(
    source: CubeSource, min_share: float = CLEAR_ENOUGH, outline: Outline | None = None
) -> Days:
    """Times of the acquisitions with at least `min_share` (0-1) of their pixels clear, ascending.

    Reads the whole source once. `TargetError` if none is clear enough."""
    if not 0 < min_share <= 1:
        raise TargetError("the clear share must be above 0 and at most 1", value=min_share)
    share = clear_share(source, outline=outline)
    if not len(share) or share.max() < min_share:
        best = f"the clearest has {share.max():.1%}" if len(share) else "there are none"
        raise TargetError(
            f"no {source.modality.name} acquisition is clear enough",
            value=f"{len(share)} acquisitions, {best}, {min_share:.0%} asked for",
            remedy="lower the share, widen the dates, or ask for every N days",
        )
    days = acquisition_days(source)
    return _ordered(days[share >= min_share])


def regular_targets(
    sources: Mapping[str, CubeSource], every_days: float, start: date | None = None, end: date | None = None
) -> Days:
    """Every `every_days` days at noon UTC, from `start` to `end`, both included.

    Without them, from the first acquisition to the last."""
    if not every_days > 0:
        raise TargetError("the days between target dates must be above 0", value=every_days)
    times = [a.time for source in sources.values() for a in source.acquisitions]
    if not times:
        raise TargetError("there are no acquisitions", remedy="widen the dates or the area")
    first = _day(start or min(times).date())
    last = _day(end or max(times).date())
    if last < first:
        raise TargetError("the date range is empty", value=f"{start} to {end}", remedy="start before the end")
    if (last - first) / every_days > MOST_TARGETS:
        raise TargetError(
            "these are too many target dates",
            value=f"one in {every_days:g} days",
            remedy=f"stay below {MOST_TARGETS:,}",
        )
    return _ordered(np.arange(first, last + 1e-6, every_days))


def listed_targets(dates: Iterable[date | datetime | str]) -> Days:
    """Dates (noon UTC), times (UTC if no zone is given) or ISO texts of either → days, ascending, unique."""
    days = [_day(_parsed(d) if isinstance(d, str) else d) for d in dates]
    if not days:
        raise TargetError("the list of target dates is empty", remedy="give at least one date")
    return _ordered(np.array(days))


def check_targets(targets: Days, sources: Mapping[str, CubeSource], reach_days: float) -> Days:
    """The targets, if each lies between first and last acquisition ± `reach_days`; else `TargetError`."""
    if not len(targets):
        raise TargetError("there are no target dates", remedy="give at least one date")
    days = np.concatenate([acquisition_days(source) for source in sources.values()])
    if not len(days):
        raise TargetError("there are no acquisitions", remedy="widen the dates or the area")
    first, last = days.min(), days.max()
    outside = targets[~((targets >= first - reach_days) & (targets <= last + reach_days))]
    if len(outside):
        raise TargetError(
            f"{len(outside)} of {len(targets)} target dates lie outside the acquisitions",
            value=", ".join(_text(d) for d in outside[:3]) + (" …" if len(outside) > 3 else ""),
            remedy=f"acquisitions run from {_text(first)} to {_text(last)}, reach is {reach_days:g} days",
        )
    return _ordered(targets)


def acquisition_days(source: CubeSource) -> Days:
    """Days since 1970-01-01 of a source's acquisitions, [frame]."""
    return np.array([days_since_epoch(a.time) for a in source.acquisitions], dtype=np.float64)


def _ordered(days: Days) -> Days:
    """Ascending, unique, on whole seconds: what a store can hold."""
    return np.unique(np.rint(days * 86_400)) / 86_400


def _parsed(text: str) -> date | datetime:
    try:
        if len(text) <= len("2020-01-01"):
            return date.fromisoformat(text)
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise TargetError(
            "this is no date", value=text, remedy="write 2020-06-30 or 2020-06-30T10:30"
        ) from error


def _day(when: date | datetime) -> float:
    if not isinstance(when, datetime):
        when = datetime.combine(when, NOON)
    return days_since_epoch(when if when.tzinfo else when.replace(tzinfo=UTC))


def _text(day: float) -> str:
    if not np.isfinite(day):
        return str(day)
    return f"{EPOCH + timedelta(days=float(day)):%Y-%m-%d}"
