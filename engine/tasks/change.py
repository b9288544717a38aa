"""Maps of what changed between two days or periods, or of when a pixel's series broke."""

from dataclasses import dataclass
from pathlib import Path

from ..dates import parse_day, pick
from ..errors import InputError
from ..progress import Watch
from ..store import EmbeddingStore
from ..views.change import PeriodChange, check_dates, period_layers
from ..views.change_breaks import BreakSearch, break_layers
from ..views.layer import Layer
from ..views.maps import times_of
from ..views.periods import dates_within
from .mapfiles import check_maps_free, write_maps


@dataclass(frozen=True)
class ChangeChoice:
    """Between which periods; without them, the largest break of each pixel beside its seasons."""

    before: str | None = None
    """A day, or a period such as `2019-06-01..2019-08-31`."""
    after: str | None = None
    parts: int = 12
    """Of breaks: parts of the year that are compared."""
    least_confidence: float = 3.0
    """Of breaks: robust z from which on dates are mapped."""
    dims: int | None = None
    seed: int = 0

    @property
    def periods(self) -> tuple[str, str] | None:
        """Both, or None of breaks; `InputError` where one is missing."""
        if (self.before is None) != (self.after is None):
            raise InputError("change needs both periods or none", remedy="give --before and --after")
        return None if self.before is None or self.after is None else (self.before, self.after)


def map_change(
    store: EmbeddingStore, choice: ChangeChoice, stem: Path, *, overwrite: bool, watch: Watch
) -> list[Path]:
    """STEM-change-magnitude (percentile), -confidence and, of breaks, -date, as .tif and .png; the paths."""
    periods = choice.periods
    kinds = ["magnitude", "confidence", *([] if periods else ["date"])]
    check_maps_free(stem, [f"change-{kind}" for kind in kinds], overwrite=overwrite)
    found = _between(store, choice, periods, watch) if periods else _breaks(store, choice, watch)
    layers = {f"change-{kind}": layer for kind, layer in found.items()}
    return write_maps(layers, stem, overwrite=overwrite, watch=watch)


def _between(
    store: EmbeddingStore, choice: ChangeChoice, periods: tuple[str, str], watch: Watch
) -> dict[str, Layer]:
    check_dates(store)
    before, after = (_dates(store, text) for text in periods)
    found = PeriodChange.fit(store, before, after, dims=choice.dims, seed=choice.seed, cancel=watch.cancel)
    return period_layers(store, found, progress=watch.progress("compare"), cancel=watch.cancel)


def _dates(store: EmbeddingStore, text: str) -> tuple[int, ...]:
    """`2019-07-01`: that date of the store; `2019-06-01..2019-08-31`: all of them in between."""
    first, separator, last = text.partition("..")
    if not separator:
        return tuple(pick(times_of(store), [text], "dates of the store"))
    begin, end = parse_day(first), parse_day(last)
    if end < begin:
        raise InputError("the period ends before it begins", value=text, remedy=f"{end}..{begin}")
    return dates_within(store, begin, end)


def _breaks(store: EmbeddingStore, choice: ChangeChoice, watch: Watch) -> dict[str, Layer]:
    search = BreakSearch.fit(
        store, parts=choice.parts, dims=choice.dims, seed=choice.seed, cancel=watch.cancel
    )
    return break_layers(
        store,
        search,
        least_confidence=choice.least_confidence,
        progress=watch.progress("breaks"),
        cancel=watch.cancel,
    )
