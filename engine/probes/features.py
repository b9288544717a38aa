"""Features of samples and of maps from an embedding store: every sample at its own dates, one computation."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..acquisitions.cube import CubeSource
from ..errors import InputError, ProbeError
from ..grid import Grid, Window
from ..response import Response
from ..store import EmbeddingStore, PixelSeries
from ..store_layout import CHUNK_SIDE
from .observed import observed_blocks
from .probe import embedding_names, past_only_of
from .slots import Period, Seen, Slots, When, dates_used, days_of, names_of, reduce_slots, slots_of, span_of
from .spec import FeatureSpec
from .table import Block, Floats, SampleTable

log = logging.getLogger(__name__)

PIXELS_AT_ONCE = 4096
"""Series of so many pixels are in memory at a time: 32 dimensions and 100 dates take 52 MB."""
UNKNOWN_REACH_DAYS = 200.0
"""For models that don't state their reach: the longest of them."""
UNDATED = "without a date (state one for all)"
NO_DATE = "without a target date near their day or in their period"
NEVER = "without a valid embedding there (never observed clearly)"
Bools = npt.NDArray[np.bool_]


class LabelledPixels(Protocol):
    """What samples are made of: pixels of a grid with their response, group and dates."""

    @property
    def grid(self) -> Grid: ...
    @property
    def response(self) -> Response: ...
    @property
    def rows(self) -> npt.NDArray[np.int64]: ...
    @property
    def cols(self) -> npt.NDArray[np.int64]: ...
    @property
    def y(self) -> npt.NDArray[Any]: ...
    @property
    def group(self) -> npt.NDArray[np.int64]: ...
    @property
    def start(self) -> npt.NDArray[np.datetime64]: ...
    @property
    def end(self) -> npt.NDArray[np.datetime64]: ...


@dataclass(frozen=True, eq=False)
class Sampling:
    """Samples with their features, and what became of the others."""

    table: SampleTable
    kept: npt.NDArray[np.int64]
    """[sample] which of the given pixels they are."""
    given: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Number of pixels by the reason why they have no features."""

    def __str__(self) -> str:
        parts = [f"{len(self.kept)} of {self.given} samples have features"]
        return "; ".join(parts + [f"{count} dropped: {why}" for why, count in self.dropped.items()])


def sample_table(
    store: EmbeddingStore,
    pixels: LabelledPixels,
    spec: FeatureSpec,
    *,
    sources: Mapping[str, CubeSource] | None = None,
    when: When | None = None,
) -> SampleTable:
    """The table of `sample`, with a warning where pixels were dropped."""
    sampling = sample(store, pixels, spec, sources=sources, when=when)
    if sampling.dropped:
        log.warning("%s", sampling)
    return sampling.table


def sample(
    store: EmbeddingStore,
    pixels: LabelledPixels,
    spec: FeatureSpec,
    *,
    sources: Mapping[str, CubeSource] | None = None,
    when: When | None = None,
) -> Sampling:
    """Features of labelled pixels, each at its own date or period; of undated ones at `when`.

    With `sources` (acquisitions on the store's grid) the blocks `bands` and `indices` are made from the same
    days: the nearest clear acquisition where the embedding is that of a date, else the same statistics over
    clear ones. `ProbeError` where no pixel is left."""
    if pixels.grid != store.grid:
        raise InputError(
            "the labels lie on another grid than the store",
            value=pixels.grid.crs,
            remedy="rasterise them anew",
        )
    days, places = days_of(store.times), np.stack([pixels.rows, pixels.cols], axis=1)
    moments = _moments(pixels, None if when is None else Period.of(when), spec, days)
    plans = [slots_of(spec, days, period) if period else () for period in moments.periods]
    values, seen = _sampled(store, places, moments.of, plans, spec)
    why = _reasons(moments, plans, seen)
    kept = np.flatnonzero(why == "")
    dropped = {reason: int((why == reason).sum()) for reason in dict.fromkeys(why[why != ""].tolist())}
    if not len(kept):
        raise ProbeError(
            "no sample has features",
            value="; ".join(f"{count} {reason}" for reason, count in dropped.items()) or "no samples",
            remedy=f"the store runs from {span_of(store.times)}; check the labels' place and dates, "
            "or state one for all of them (when)",
        )
    names = names_of(spec, embedding_names(spec.dims or store.dims))
    blocks = {"embedding": Block(names, values[kept])}
    if sources:
        periods = [moments.periods[i] for i in moments.of[kept]]
        blocks |= observed_blocks(sources, store.grid, places[kept], periods, spec)
    spans = spans_of(store, plans, days)[moments.of[kept]]
    table = SampleTable(
        response=pixels.response,
        y=pixels.y[kept],
        blocks=blocks,
        keys={"polygon": pixels.group[kept]},
        position=np.stack([store.grid.x[pixels.cols[kept]], store.grid.y[pixels.rows[kept]]], axis=1),
        crs=store.grid.crs,
        span=spans,
        day=np.array([moments.periods[i].day for i in moments.of[kept]], "datetime64[D]"),
    )
    return Sampling(table, kept, len(places), dropped)


@dataclass(frozen=True, eq=False)
class _Moments:
    periods: list[Period | None]
    """Different ones; None = samples without any date."""
    of: npt.NDArray[np.int64]
    """[sample] index of its period."""


def _moments(
    pixels: LabelledPixels, default: Period | None, spec: FeatureSpec, days: npt.NDArray[np.int64]
) -> _Moments:
    if default is None and spec.kind in ("period", "season"):  # what holds always holds over all of the store
        first, last = (np.datetime64(int(day), "D") for day in (days[0], days[-1]))
        default = Period(first, last)
    ends = _both_ends(pixels, days)
    unique, of = np.unique(ends.astype(np.int64), axis=0, return_inverse=True)
    dates = unique.astype("datetime64[D]")
    periods = [default if np.isnat(start) else Period(start, end) for start, end in dates]
    return _Moments(periods, of.reshape(-1))


def _both_ends(pixels: LabelledPixels, days: npt.NDArray[np.int64]) -> npt.NDArray[np.datetime64]:
    """[sample, 2] first and last day; what holds until or from a day reaches as far as the store does."""
    first, last = (np.datetime64(int(day), "D") for day in (days[0], days[-1]))
    start, end = (each.astype("datetime64[D]") for each in (pixels.start, pixels.end))
    return np.stack(
        [
            np.where(np.isnat(start), np.minimum(first, end), start),  # without both: NaT
            np.where(np.isnat(end), np.maximum(last, start), end),
        ],
        axis=1,
    )


def _reasons(moments: _Moments, plans: list[Slots], seen: Bools) -> npt.NDArray[Any]:
    """[sample] why it has no features, empty where it has some."""
    of_period = [
        UNDATED if period is None else ("" if any(len(slot) for slot in plan) else NO_DATE)
        for period, plan in zip(moments.periods, plans, strict=True)
    ]
    why = np.array(of_period, dtype=object)[moments.of]
    why[(why == "") & ~seen] = NEVER
    return why


def _sampled(
    store: EmbeddingStore,
    places: npt.NDArray[np.int64],
    of: npt.NDArray[np.int64],
    plans: list[Slots],
    spec: FeatureSpec,
) -> tuple[Floats, Bools]:
    """[sample, feature] and [sample] where any feature is there."""
    dims = spec.dims or store.dims
    values = np.full((len(places), len(names_of(spec, embedding_names(dims)))), np.nan, np.float32)
    for chosen, wanted in _batches(places, of, plans):
        unique, which = np.unique(places[chosen], axis=0, return_inverse=True)
        series = store.read_series_many(
            [(row, col) for row, col in unique.tolist()], dims, support=False, dates=wanted
        )
        for number in np.unique(of[chosen]):
            mine = of[chosen] == number
            if plans[number]:
                seen = _series_reader(series, which.reshape(-1)[mine], wanted.start)
                values[chosen[mine]] = reduce_slots(seen, plans[number], spec, (dims, mine.sum())).T
    there: Bools = np.logical_or.reduce(np.isfinite(values), axis=1)
    return values, there


def _series_reader(series: PixelSeries, pixels: npt.NDArray[np.int64], first: int) -> Callable[[int], Seen]:
    """Reads a date of some pixels out of series that begin at date `first`."""

    def seen(date: int) -> Seen:
        return series.embedding[pixels, date - first].T, series.validity[pixels, date - first]

    return seen


def _batches(
    places: npt.NDArray[np.int64], of: npt.NDArray[np.int64], plans: list[Slots]
) -> Iterator[tuple[npt.NDArray[np.int64], range]]:
    """Samples that are read together, chunk by chunk, and the range of dates that they need."""
    chunks = places // CHUNK_SIDE
    order = np.lexsort((places[:, 1], places[:, 0], chunks[:, 1], chunks[:, 0]))
    fresh = np.ones(len(order), bool)
    fresh[1:] = (places[order][1:] != places[order][:-1]).any(axis=1)
    batch = (np.cumsum(fresh) - 1) // PIXELS_AT_ONCE  # a pixel with samples of many days is read once
    for number in np.unique(batch):
        chosen = order[batch == number]
        dates = [date for plan in np.unique(of[chosen]) for date in dates_used(plans[plan])]
        if dates:
            yield chosen, range(min(dates), max(dates) + 1)


def spans_of(
    store: EmbeddingStore, plans: list[Slots], days: npt.NDArray[np.int64]
) -> npt.NDArray[np.datetime64]:
    """[period, 2] first and last day that the features rest on, the model's reach around target dates included."""
    reach = int(store.model.get("config", {}).get("reach_days", UNKNOWN_REACH_DAYS))
    ahead = 0 if past_only_of(store) else reach
    out = np.full((len(plans), 2), np.datetime64("NaT", "D"), "datetime64[D]")
    for number, plan in enumerate(plans):
        used = [days[date] for date in dates_used(plan)]
        if used:
            out[number] = np.array([min(used) - reach, max(used) + ahead]).astype("datetime64[D]")
    return out


def feature_map(store: EmbeddingStore, window: Window, spec: FeatureSpec, when: When) -> tuple[Floats, Bools]:
    """Features of every pixel of a window for a day or period: [feature, y, x] (NaN = a gap) and [y, x].

    Equal to those of `sample_table` at the same dates. A pixel is valid where any feature is. Percentiles hold
    the dates of a strip of the window in memory, means and single dates no more than one date.
    `ProbeError` where the store has no target date for them."""
    days = days_of(store.times)
    plan = slots_of(spec, days, Period.of(when))
    if not any(len(slot) for slot in plan):
        raise ProbeError(
            "the store has no target date there",
            value=str(Period.of(when)),
            remedy=f"it runs from {span_of(store.times)}",
        )
    dims = spec.dims or store.dims
    values = np.empty((len(names_of(spec, embedding_names(dims))), window.height, window.width), np.float32)
    for strip in _strips(window):
        rows = slice(strip.row - window.row, strip.row - window.row + strip.height)

        def seen(date: int, strip: Window = strip) -> Seen:
            read = store.read_map(date, strip, dims, support=False)
            return read.embedding.reshape(dims, -1), read.validity.reshape(-1)

        size = strip.height * strip.width
        values[:, rows] = reduce_slots(seen, plan, spec, (dims, size)).reshape(-1, strip.height, strip.width)
    valid: Bools = np.logical_or.reduce(np.isfinite(values), axis=0)
    return values, valid


def _strips(window: Window) -> Iterator[Window]:
    """A window in strips that end where the store's chunks do."""
    row = window.row
    while row < window.row + window.height:
        below = min((row // CHUNK_SIDE + 1) * CHUNK_SIDE, window.row + window.height)
        yield Window(row, window.col, below - row, window.width)
        row = below
