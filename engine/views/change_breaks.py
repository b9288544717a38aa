"""Season-aware change: the largest lasting break of each pixel's series, once its seasons are taken out.

For every candidate date a season (the mean of each slot of the year) and a step are fitted together by weighted
least squares; the step that explains most is the break. By the theorem of Frisch, Waugh and Lovell this needs no
fit per candidate: with residuals r of the weighted slot means, the sum C(b) = Σ_{t<b} w r (a weighted CUSUM, cf.
Brown, Durbin & Evans 1975) and D(b) = Σ_slots A (1 - A/W), where A is a slot's weight before b and W all of its
weight, the step is -C/D and the sum of squares that it explains |C|²/D. The model is that of BFAST (Verbesselt
et al. 2010) with one break, slots for harmonics, and whitened embeddings for an index. What all of the area did
on a date (its median residual: weather, sensors) is taken out before, after Hamunyela, Verbesselt & Herold (2016).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..grid import Window
from ..progress import CancelToken, Progress
from ..store import EmbeddingStore
from .change import LARGEST_Z, check_dates
from .colour import Bools, Bytes
from .layer import Layer, Palette
from .maps import provenance, times_of
from .percentile import Ranking, computed, index_layer, scaled
from .periods import support_weight
from .sampling import sample_map, sample_store
from .whitening import Whitening

Array = npt.NDArray[np.float32]
SAMPLE = 3_000
WINDOW_BYTES = 96e6
LEAST_WEIGHT = 1.5
"""Smallest D of a candidate: about three clear dates on either side in slots that both sides share."""
LEAST_PART = 0.3
"""Of the largest D of the pixel: nearer to the ends a step can't be told from a few odd dates."""
CLIP = 1.5
"""Of a pixel's median residual: both were chosen on changes planted into a simulated landscape."""
SURE = 2.0
"""Robust z that 2 to 7 % of the unchanged pixels in the quarters of the simulated landscape reach; 3: at most 1.4 %."""
YEAR_APART = 300
"""Days between two dates of a slot that make it one of two years."""


@dataclass(frozen=True, eq=False)
class Breaks:
    """The largest break of each pixel of a window; NaN where it can't be told."""

    magnitude: Array
    """[…] length of the step, in whitened units."""
    index: Array
    """[…] index of the first date after it."""
    ratio: Array
    """[…] explained over unexplained sum of squares."""


@dataclass(frozen=True, eq=False)
class BreakSearch:
    """How breaks are found in a store.

    Magnitude percentile: share of the area's pixels whose largest break is smaller (every pixel has a largest
    one). Confidence: robust z of the log ratio of explained to unexplained variance (the pixel's own year-to-year
    and within-season variability), against the area's median and MAD, cut at 0: it takes for granted that most of
    the area did not change. With two years a lasting change and one odd year are the same to it."""

    whitening: Whitening
    slots: npt.NDArray[np.int64]
    """[time]: slot of the year; -1 where that slot was seen in one year only, which tells nothing."""
    common: Array
    """[time, component]: what the area did on each date, beside its seasons."""
    ranking: Ranking
    usual: tuple[float, float]
    """Median and 1.4826 MAD of log ratio in the sample."""

    @classmethod
    def fit(
        cls,
        store: EmbeddingStore,
        *,
        parts: int = 12,
        dims: int | None = None,
        seed: int = 0,
        cancel: CancelToken | None = None,
    ) -> Self:
        """`InputError` where fewer than a quarter of the slots were seen in two years."""
        check_dates(store)
        slots = year_slots(store, parts)
        whitening = Whitening.fit(sample_store(store, dims=dims, seed=seed, cancel=cancel).values)
        values, weights = _sampled_series(store, whitening, seed, cancel or CancelToken())
        residual, _ = _deseasonalised(values.copy(), weights, slots)
        seen = np.where(weights[:, None] > 0, residual, np.nan)
        common = np.zeros(residual.shape[:2], np.float32)
        there = (weights > 0).any(axis=1)
        common[there] = np.nanmedian(seen[there], axis=2)
        found = largest_breaks(values - common[:, :, None], weights, slots)
        ranking = Ranking.fit(found.magnitude)
        log = np.log(found.ratio[np.isfinite(found.ratio)])
        median = float(np.median(log))
        mad = 1.4826 * float(np.median(np.abs(log - median)))
        return cls(whitening, slots, common, ranking, (median, max(mad, 1e-3)))

    def find(self, store: EmbeddingStore, window: Window) -> Breaks:
        """The breaks of a window, [y, x] each."""
        values, weights = whitened_series(store, window, self.whitening)
        found = largest_breaks(values - self.common[:, :, None], weights, self.slots)
        shape = (window.height, window.width)
        return Breaks(found.magnitude.reshape(shape), found.index.reshape(shape), found.ratio.reshape(shape))

    def confidence(self, found: Breaks) -> Array:
        """Robust z, 0 and above; NaN where there is no break."""
        median, scale = self.usual
        z: Array = np.maximum((np.log(found.ratio) - median) / scale, 0).astype(np.float32)
        return z

    def side(self, store: EmbeddingStore) -> int:
        """Pixels along a window whose series fit into memory."""
        pixel = 4 * len(store.times) * self.whitening.dims
        return max(16, int((WINDOW_BYTES / pixel) ** 0.5) // 16 * 16)


def year_slots(store: EmbeddingStore, parts: int) -> npt.NDArray[np.int64]:
    """[time] slot of the year, 0 to parts - 1; -1 where it was seen in one year only.

    `InputError` where less than a quarter of the slots repeat."""
    if not 2 <= parts <= 36:
        raise InputError("the number of slots in a year is out of range", value=parts, remedy="2 to 36")
    days = store.days
    year_day = np.array([time.timetuple().tm_yday - 1 for time in times_of(store)])
    slots = (year_day * parts // 366).astype(np.int64)
    for slot in range(parts):
        among = days[slots == slot]
        if len(among) and among.max() - among.min() < YEAR_APART:
            slots[slots == slot] = -1
    repeated = len(np.unique(slots[slots >= 0]))
    if repeated < max(2, parts / 4):
        times = times_of(store)
        raise InputError(
            "season-aware change needs the same season in two years",
            value=f"{times[0]:%Y-%m-%d} to {times[-1]:%Y-%m-%d}, {repeated} of {parts} parts of the year repeat",
            remedy="embed a longer period, or compare two dates",
        )
    return slots


def whitened_series(store: EmbeddingStore, window: Window, whitening: Whitening) -> tuple[Array, Array]:
    """[time, component, pixel] of a window and weights [time, pixel] from 0 to 1."""
    pixels = window.height * window.width
    values = np.zeros((len(store.times), whitening.dims, pixels), np.float32)
    weights = np.zeros((len(store.times), pixels), np.float32)
    for date in range(len(store.times)):
        drawn = store.read_map(date, window, whitening.dims)
        values[date] = whitening.map(drawn.embedding).reshape(whitening.dims, -1)
        weights[date] = support_weight(drawn).ravel()
    return values, weights


def _sampled_series(
    store: EmbeddingStore, whitening: Whitening, seed: int, cancel: CancelToken
) -> tuple[Array, Array]:
    """As `whitened_series`, of pixels all over the area."""
    times, dims = len(store.times), whitening.dims

    def read(window: Window) -> tuple[Array, Bools]:
        cancel.check()
        values, weights = whitened_series(store, window, whitening)
        shape = (window.height, window.width)
        stacked = np.concatenate([values.reshape(times * dims, *shape), weights.reshape(times, *shape)])
        return stacked, np.asarray(weights.any(axis=0).reshape(shape), bool)

    drawn = sample_map(read, store.grid, pixels=SAMPLE, seed=seed).values.T
    return np.ascontiguousarray(drawn[: times * dims]).reshape(times, dims, -1), drawn[times * dims :]


def _deseasonalised(values: Array, weights: Array, slots: npt.NDArray[np.int64]) -> tuple[Array, Array]:
    """Residuals of the weighted slot means (in place) and the weight of each slot [slot, pixel]."""
    total = np.zeros((int(slots.max()) + 1, weights.shape[1]), np.float32)
    for slot in np.unique(slots[slots >= 0]):
        rows = np.flatnonzero(slots == slot)
        total[slot] = weights[rows].sum(axis=0)
        mean = np.einsum("tcp,tp->cp", values[rows], weights[rows]) / np.maximum(total[slot], 1e-9)
        values[rows] -= mean
    values[slots < 0] = 0
    return values, total


def largest_breaks(values: Array, weights: Array, slots: npt.NDArray[np.int64]) -> Breaks:
    """Of series [time, component, pixel] (overwritten) with weights [time, pixel]: [pixel] each."""
    weights = np.where(slots[:, None] >= 0, weights, 0).astype(np.float32)
    residual, total = _deseasonalised(
        _clipped(_deseasonalised(values, weights, slots)[0], weights), weights, slots
    )
    scatter = np.einsum("tcp,tcp,tp->p", residual, residual, weights)
    lever = _levers(weights, total, slots)
    usable = (lever >= LEAST_WEIGHT) & (lever >= LEAST_PART * lever.max(axis=0))
    residual *= weights[:, None]
    before = np.cumsum(residual, axis=0, out=residual)[:-1]
    squared = np.einsum("tcp,tcp->tp", before, before)
    explained = np.where(usable, squared / np.maximum(lever, 1e-9), -1)
    best = explained.argmax(axis=0)
    at = best, np.arange(len(best))
    known = explained[at] > 0
    rest = np.maximum(scatter - explained[at], 1e-6 * np.maximum(scatter, 1e-6))
    with np.errstate(invalid="ignore", divide="ignore"):
        step = np.sqrt(squared[at]) / lever[at]
    parts = (step, best + 1.0, explained[at] / rest)
    return Breaks(*(np.where(known, part, np.nan).astype(np.float32) for part in parts))


def _clipped(residual: Array, weights: Array) -> Array:
    """Residuals (in place) no longer than `CLIP` times the pixel's median length (Huber 1964): a missed cloud
    on one date is far longer than any lasting change."""
    length = np.sqrt(np.einsum("tcp,tcp->tp", residual, residual))
    seen = np.count_nonzero(weights, axis=0)
    ordered = np.sort(np.where(weights > 0, length, np.inf), axis=0)
    usual = np.take_along_axis(ordered, np.maximum(seen - 1, 0)[None] // 2, axis=0)[0]
    usual = np.where(seen > 0, usual, 0)
    residual *= np.minimum(1, CLIP * usual / np.maximum(length, 1e-9))[:, None]
    return residual


def _levers(weights: Array, total: Array, slots: npt.NDArray[np.int64]) -> Array:
    """D before each date but the first, [time - 1, pixel]."""
    before = np.zeros_like(total)
    lever = np.zeros((len(weights) - 1, weights.shape[1]), np.float32)
    running = np.zeros(weights.shape[1], np.float32)
    for date in range(len(lever)):
        slot = slots[date]
        if slot >= 0:
            part = np.maximum(total[slot], 1e-9)
            running -= before[slot] * (1 - before[slot] / part)
            before[slot] += weights[date]
            running += before[slot] * (1 - before[slot] / part)
        lever[date] = running
    return lever


def break_layers(
    store: EmbeddingStore,
    search: BreakSearch,
    *,
    least_confidence: float = SURE,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> dict[str, Layer]:
    """`magnitude` in percent of the area, `confidence`, and `date` as decimal year (to 1/254 of the period)
    where the confidence is at least `least_confidence`."""
    years = decimal_years(store)

    def compute(window: Window) -> Bytes:
        found = search.find(store, window)
        z = search.confidence(found)
        after = np.nan_to_num(found.index).astype(int).clip(1)
        when = np.where(z >= least_confidence, (years[after - 1] + years[after]) / 2, np.nan)
        percent = scaled(search.ranking.below(found.magnitude), 0, 100)
        return np.stack([percent, scaled(z, 0, LARGEST_Z), scaled(when, years[0], years[-1])])

    indices = computed(store.grid, 3, compute, side=search.side(store), progress=progress, cancel=cancel)
    times = times_of(store)
    period = f"{times[0]:%Y-%m-%d} to {times[-1]:%Y-%m-%d}"
    tags = {**provenance(store, 0), "PHENOLENS_TIME": period.replace(" to ", "/")}
    about = {
        "magnitude": (
            "Largest break, seasons taken out, {} (percentile of the area)",
            "magma",
            (0.0, 100.0),
            "%",
        ),
        "confidence": ("Confidence of the largest break, {} (robust z)", "cividis", (0.0, LARGEST_Z), "1"),
        "date": (
            f"Date of the largest break, {{}}, where confidence is at least {least_confidence:g}",
            "viridis",
            (float(years[0]), float(years[-1])),
            "year",
        ),
    }
    return {
        name: index_layer(
            title.format(period), store.grid, indices[n], name, Palette.named(hues, *limits, unit), tags
        )
        for n, (name, (title, hues, limits, unit)) in enumerate(about.items())
    }


def decimal_years(store: EmbeddingStore) -> npt.NDArray[np.float64]:
    """[time] such as 2019.5."""
    days, years = store.times.astype("datetime64[D]"), store.times.astype("datetime64[Y]")
    start, end = years.astype("datetime64[D]"), (years + 1).astype("datetime64[D]")
    decimal: npt.NDArray[np.float64] = 1970 + years.astype(int) + (days - start) / (end - start)
    return decimal
