"""What change is asked for: between two dates, two periods, or the largest break of each pixel's years."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from phenolens.engine.client.look import Look
from phenolens.engine.client.readings import Store
from phenolens.engine.client.results import Export
from PySide6.QtCore import QCoreApplication

from .masks import Bits
from .session import MadeLayer

translate = QCoreApplication.translate  # by this name translators' tools find its texts

LEAST_SPAN = 370
"""Days that a store must span for its years to be compared."""
SEASON_APART = 46
"""Days of the year from which on two dates lie in different seasons."""
CLEAR = 0.8
"""Of the area: two dates that both show so much are clear."""
YEAR, PERIOD = 365.25, 89
"""Days of a year, and of a period to begin with."""
MAGNITUDE, CONFIDENCE, WHEN = "-change-magnitude.tif", "-change-confidence.tif", "-change-date.tif"
Span = tuple[str, str]
"""First and last day, ISO."""


@dataclass(frozen=True)
class ChangeWanted:
    """`dates` (the first day of each span), `periods`, or `breaks` (neither)."""

    kind: str = "dates"
    before: Span = ("", "")
    after: Span = ("", "")
    least_confidence: float = 3.0
    """Of breaks: from which on their dates are mapped."""


@dataclass(frozen=True)
class Hint:
    """What stands in the way, or what must be known."""

    problem: str = ""
    note: str = ""
    warns: bool = False
    """Whether the note is a warning."""


def asked(store: Store, wanted: ChangeWanted) -> dict[str, Any]:
    """Parameters of the job `change`; each choice has files of its own."""
    stem = store.store.removesuffix(".zarr")
    if wanted.kind == "breaks":
        sure = {"least_confidence": wanted.least_confidence}
        return {"store": store.store, "out": f"{stem}-breaks", "overwrite": True, **sure}
    spans = (wanted.before, wanted.after)
    if wanted.kind == "dates":
        periods, days = [first for first, _ in spans], [first for first, _ in spans]
    else:
        periods, days = ["..".join(span) for span in spans], [day for span in spans for day in span]
    out = "-".join([stem, *(day.replace("-", "") for day in days)])
    return {"store": store.store, "out": out, "overwrite": True, "before": periods[0], "after": periods[1]}


def hint(store: Store, wanted: ChangeWanted) -> Hint:
    if len(store.times) < 2:
        return Hint(translate("Change", "This store holds one date only: change needs two."))
    if wanted.kind == "breaks":
        return _hint_of_breaks(store)
    if wanted.kind == "periods":
        return _hint_of_periods(store, wanted)
    if wanted.before[0] == wanted.after[0]:
        return Hint(translate("Change", "Choose two different dates."))
    season = _season_note(wanted.before[0], wanted.after[0])
    return Hint(note=season, warns=bool(season))


def _hint_of_periods(store: Store, wanted: ChangeWanted) -> Hint:
    if any(first > last for first, last in (wanted.before, wanted.after)):
        return Hint(translate("Change", "A period ends before it begins."))
    before, after = (days_within(store, span) for span in (wanted.before, wanted.after))
    if not before or not after:
        empty = wanted.after if before else wanted.before
        return Hint(translate("Change", "The store has no date from {0} to {1}.").format(*empty))
    if set(before) & set(after):
        return Hint(translate("Change", "The periods share dates: change lies between two that don't."))
    told = translate("Change", "{0} dates before, {1} after.").format(len(before), len(after))
    season = _season_note(_middle(wanted.before), _middle(wanted.after))
    return Hint(note=f"{told} {season}".strip(), warns=bool(season))


def _hint_of_breaks(store: Store) -> Hint:
    days = (_day(store.times[-1]) - _day(store.times[0])).days
    if days < LEAST_SPAN:
        return Hint(
            translate(
                "Change", "Years are compared with each other, and this store spans {0} days only."
            ).format(days)
        )
    return Hint()


def _season_note(first: str, second: str) -> str:
    apart = abs(_day(first).timetuple().tm_yday - _day(second).timetuple().tm_yday)
    if min(apart, 365 - apart) < SEASON_APART:
        return ""
    return translate("Change", "These lie in different seasons, so most of the change will be the season.")


def days_within(store: Store, span: Span) -> list[str]:
    """Dates of the store (ISO days), both ends included."""
    return [time[:10] for time in store.times if span[0] <= time[:10] <= span[1]]


def year_later(span: Span, years: int = 1) -> Span:
    """The same days of another year; 29 February becomes the 28th."""
    return _moved(span[0], years), _moved(span[1], years)


def first_guesses(store: Store, clear: Bits | None = None) -> tuple[ChangeWanted, ...]:
    """Periods and dates to begin with: of the same time of year, clear, and as many years apart as there are; of
    several, those on which most pixels were seen clearly, and around which most dates were clear.

    `clear`: [pixel, date] of pixels that stand for the area; all are, where it isn't known."""
    days = [_day(time) for time in store.times]
    if len(days) < 2:
        return ()
    one, other, years = _pair(days, np.ones((1, len(days)), bool) if clear is None else clear)
    before, after = _periods(days, days[one], years)
    dates = ChangeWanted("dates", (str(days[one]), ""), (str(days[other]), ""))
    return ChangeWanted("periods", before, after), dates


def _pair(days: Sequence[date], clear: Bits) -> tuple[int, int, int]:
    """Of all pairs the best one, and the years between them (0: they lie in different seasons)."""
    numbers = np.array([day.toordinal() for day in days])
    ones, others = np.triu_indices(len(days), 1)
    apart = numbers[others] - numbers[ones]
    years = np.round(apart / YEAR)
    off = np.abs(apart - years * YEAR)
    years[off >= SEASON_APART / 2] = 0
    seen = clear.astype(np.float32)
    both = (seen.T @ seen / len(seen))[ones, others]
    near = np.abs(numbers[:, None] - numbers) <= PERIOD / 2
    around = near @ seen.mean(axis=0) / near.sum(axis=1)  # the periods lie there
    worth = both + np.minimum(around[ones], around[others]) - off / SEASON_APART
    far, best = (years, years > 0) if years.any() else (apart, apart > 0)
    best &= both >= min(CLEAR, both[best].max())
    best &= far == far[best].max()
    chosen = int(np.flatnonzero(best)[worth[best].argmax()])
    return int(ones[chosen]), int(others[chosen]), int(years[chosen])


def _periods(days: Sequence[date], middle: date, years: int) -> tuple[Span, Span]:
    """90 days around a day, and the same days years later; the first and the last where there is but one year."""
    first, last, quarter = days[0], days[-1], timedelta(days=PERIOD)
    if not years:
        after = max(first + quarter + timedelta(days=1), last - quarter)
        return (str(first), str(first + quarter)), (str(after), str(last))
    latest = _day(_moved(str(last), -years))
    end = min(max(first, middle - quarter / 2) + quarter, latest)
    before = str(max(first, end - quarter)), str(end)
    return before, year_later(before, years)


def layers_of(files: Sequence[str], tip: str = "") -> tuple[MadeLayer, ...]:
    """Layers of the files of one job, what they show first."""
    breaks = any(name.endswith(WHEN) for name in files)
    first = translate("Change", "Break") if breaks else translate("Change", "Change")
    tips = {
        MAGNITUDE: translate("Change", "In percent of all pixels, which changed less"),
        CONFIDENCE: translate("Change", "How far the change stands out from the pixel's own ups and downs"),
        WHEN: translate("Change", "When the largest break happened, where it is sure"),
    }
    names = {
        MAGNITUDE: first,
        CONFIDENCE: translate("Change", "{0}, confidence").format(first),
        WHEN: translate("Change", "{0}, date").format(first),
    }
    return tuple(
        MadeLayer(
            names[ending],
            Look(f"map:{name}"),
            translate("Change", "{0}: {1}").format(tips[ending], tip) if tip else tips[ending],
        )
        for ending in names
        for name in files
        if name.endswith(ending)
    )


def newest(exports: Sequence[Export]) -> tuple[MadeLayer, ...]:
    """The change that was found last, and the breaks, of all that was written of a store."""
    sets: dict[str, list[Export]] = {}
    for one in exports:
        for ending in (MAGNITUDE, CONFIDENCE, WHEN):
            if one.raster.endswith(ending):
                sets.setdefault(one.raster.removesuffix(ending), []).append(one)
    found: dict[bool, tuple[MadeLayer, ...]] = {}
    for stem in sorted(sets, key=lambda stem: max(one.modified for one in sets[stem])):
        files = [one.raster for one in sets[stem]]
        found[any(name.endswith(WHEN) for name in files)] = layers_of(files, sets[stem][0].title)
    return found.get(False, ()) + found.get(True, ())


def about(params: Mapping[str, Any]) -> str:
    """In the words of the read-out: `2020-06-01 and 2021-06-01`."""
    if "before" not in params:
        return ""
    return " → ".join(str(params[name]).replace("..", " – ") for name in ("before", "after"))


def _middle(span: Span) -> str:
    first, last = (_day(day) for day in span)
    return str(first + (last - first) / 2)


def _moved(day: str, years: int) -> str:
    there = _day(day)
    try:
        return str(there.replace(year=there.year + years))
    except ValueError:
        return str(there.replace(year=there.year + years, day=28))


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])
