"""Dates that a person types, against the dates that are there."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from .errors import TargetError

ALL = "all"


def parse_day(text: str) -> date:
    """A day in ISO form, `2018-05-01`; `TargetError` otherwise."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise TargetError("this is no date", value=text, remedy="write it as 2018-05-01") from error


def utc(day: date) -> datetime:
    """Midnight UTC of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def pick(times: Sequence[datetime], wanted: Sequence[str], what: str) -> list[int]:
    """Indices of the wanted days in `times` (`all` = every one); `what` says whose dates they are.

    `TargetError` names the nearest dates where one is absent."""
    if ALL in wanted or (not wanted and len(times) == 1):
        return list(range(len(times)))
    if not wanted:
        span = f"{len(times)} {what}, {times[0]:%Y-%m-%d} to {times[-1]:%Y-%m-%d}"
        remedy = f"give --date {times[0]:%Y-%m-%d}, or --date all"
        raise TargetError("no date was given", value=span, remedy=remedy)
    return [_index(times, parse_day(text), what) for text in wanted]


def _index(times: Sequence[datetime], day: date, what: str) -> int:
    days = [time.date() for time in times]
    if day in days:
        return days.index(day)
    nearest = sorted(set(days), key=lambda there: abs((there - day).days))[:2]
    remedy = f"the nearest are {' and '.join(str(there) for there in sorted(nearest))}"
    raise TargetError(f"the date is not among the {what}", value=day, remedy=remedy)
