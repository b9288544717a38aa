"""Behaved like this one: whole series of embeddings compared date by date with those of seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..grid import Window
from ..progress import CancelToken, Progress
from ..store import EmbeddingStore
from .colour import Bytes
from .layer import Layer, Palette
from .maps import provenance, times_of
from .percentile import Ranking, computed, index_layer, scaled
from .sampling import sample_map, sample_store
from .similarity import combined
from .whitening import Whitening

Array = npt.NDArray[np.float32]
LEAST_DATES = 3
LEAST_SHARE = 0.5
"""Of a seed's valid dates: a pixel that shares fewer with it can't be compared."""
MOST_SEEDS = 12
"""More (a polygon's pixels) are thinned evenly."""
SAMPLE = 6_000


@dataclass(frozen=True, eq=False)
class SeedSeries:
    """Whitened series of some pixels."""

    values: Array
    """[seed, time, component]; 0 where not valid."""
    validity: npt.NDArray[np.bool_]
    """[seed, time]"""

    @classmethod
    def read(cls, store: EmbeddingStore, pixels: Sequence[tuple[int, int]], whitening: Whitening) -> Self:
        """The series of pixels (row, column) that have at least three valid dates; `InputError` for none."""
        chosen = np.unique(np.linspace(0, len(pixels) - 1, min(MOST_SEEDS, len(pixels))).round().astype(int))
        series = store.read_series_many([pixels[n] for n in chosen], whitening.dims, support=False)
        usable = series.validity.sum(axis=1) >= LEAST_DATES
        if not usable.any():
            raise InputError(
                "none of the seeds has enough valid dates",
                value=f"{len(chosen)} pixels, at most {series.validity.sum(axis=1).max()} dates",
                remedy=f"choose pixels with at least {LEAST_DATES} valid dates",
            )
        values, validity = series.embedding[usable], series.validity[usable]
        whitened = whitening(values.reshape(-1, whitening.dims)).reshape(values.shape)
        return cls(whitened * validity[:, :, None], validity)

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, eq=False)
class TrajectorySearch:
    """What is searched for over all dates.

    Distance of a pixel to a seed = root mean squared whitened distance over the dates on which both are valid
    (at least half of the seed's and three). With `shift` the pixel may run up to so many dates early or late,
    as one whole (the best shift counts): a crop sown two weeks later behaved alike. Positive and negative seeds
    combine as in `Similarity`; the percentile is that of the area's own pixels."""

    whitening: Whitening
    positive: SeedSeries
    negative: SeedSeries | None
    shift: int
    """Dates."""
    ranking: Ranking

    @classmethod
    def fit(
        cls,
        store: EmbeddingStore,
        positive: Sequence[tuple[int, int]],
        negative: Sequence[tuple[int, int]] = (),
        *,
        shift: int = 0,
        dims: int | None = None,
        seed: int = 0,
        cancel: CancelToken | None = None,
    ) -> Self:
        """From pixels (row, column); `InputError` where a seed is missing or not valid, or there are too few
        dates; `AreaError` where one lies outside."""
        if not positive:
            raise InputError("a search needs a positive seed", value=0, remedy="name a pixel to search for")
        dates = len(store.times)
        if dates < LEAST_DATES:
            raise InputError(
                "too few dates to compare series", value=dates, remedy="use similarity on a date"
            )
        if not 0 <= shift <= (dates - LEAST_DATES):
            raise InputError(
                "the shift can't be used", value=shift, remedy=f"0 to {dates - LEAST_DATES} dates"
            )
        whitening = Whitening.fit(sample_store(store, dims=dims, seed=seed, cancel=cancel).values)
        like = SeedSeries.read(store, positive, whitening)
        unlike = SeedSeries.read(store, negative, whitening) if negative else None
        cancel = cancel or CancelToken()
        unranked = cls(whitening, like, unlike, shift, Ranking(np.zeros(1, np.float32)))

        def read(window: Window) -> tuple[Array, npt.NDArray[np.bool_]]:
            cancel.check()
            score = unranked.score(store, window)
            return score[None], np.isfinite(score)

        ranking = Ranking.fit(sample_map(read, store.grid, pixels=SAMPLE, seed=seed).values)
        return cls(whitening, like, unlike, shift, ranking)

    def score(self, store: EmbeddingStore, window: Window) -> Array:
        """[y, x]: 0 = the same series; NaN where it can't be compared."""
        parts = [part for part in (self.positive, self.negative) if part is not None]
        nearest = self._nearest(store, window, parts)
        score = nearest[0] if len(nearest) == 1 else combined(nearest[0], nearest[1])
        return np.where(np.isfinite(nearest[0]), score, np.nan).astype(np.float32)

    def percent(self, store: EmbeddingStore, window: Window) -> Array:
        """[y, x] 0 to 100, 100 = most alike; NaN where it can't be compared."""
        return 100 - self.ranking.below(self.score(store, window))

    def _nearest(self, store: EmbeddingStore, window: Window, parts: Sequence[SeedSeries]) -> list[Array]:
        """[y, x] distance to the nearest seed of each part; dates are read one after the other."""
        seeds, valid = (np.concatenate([getattr(p, name) for p in parts]) for name in ("values", "validity"))
        shifts, count, times = 2 * self.shift + 1, len(seeds), len(store.times)
        shape = (shifts, count, window.height * window.width)
        total, common = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        for date in range(times):
            drawn = store.read_map(date, window, self.whitening.dims, support=False)
            there = drawn.validity.ravel()
            points = self.whitening(drawn.embedding.reshape(self.whitening.dims, -1).T)
            for number in range(shifts):
                other = date + number - self.shift
                if 0 <= other < times:
                    usable = valid[:, other, None] & there
                    total[number] += _squared(seeds[:, other], points) * usable
                    common[number] += usable
        distance = _rooted(total, common, valid.sum(axis=1))
        bounds = np.cumsum([0, *map(len, parts)])
        return [
            distance[first:last].min(axis=0).reshape(window.height, window.width)
            for first, last in pairwise(bounds)
        ]


def _squared(seeds: Array, points: Array) -> Array:
    """[seed, component] and [pixel, component] → [seed, pixel]"""
    products = seeds @ points.T
    squared: Array = (seeds**2).sum(axis=1)[:, None] - 2 * products + (points**2).sum(axis=1)
    return np.maximum(squared, 0)


def _rooted(total: Array, common: Array, dates: npt.NDArray[np.int64]) -> Array:
    """[shift, seed, pixel] sums and counts → [seed, pixel] distance at the best shift; inf where there is none."""
    least = np.maximum(LEAST_DATES, LEAST_SHARE * dates)[:, None]
    enough = common >= least
    mean = np.where(enough, total / np.maximum(common, 1), np.inf).min(axis=0)
    distance: Array = np.sqrt(mean).astype(np.float32)
    return distance


def trajectory_layer(
    store: EmbeddingStore,
    search: TrajectorySearch,
    *,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Layer:
    """Similarity of the whole series in percent, transparent where it can't be told."""

    def compute(window: Window) -> Bytes:
        return scaled(search.percent(store, window), 0, 100)[None]

    indices = computed(store.grid, 1, compute, progress=progress, cancel=cancel)[0]
    times = times_of(store)
    tags = dict(provenance(store, 0)) | {
        "PHENOLENS_TIME": f"{times[0].isoformat()}/{times[-1].isoformat()}",
        "PHENOLENS_SEEDS": f"{len(search.positive)} like, {len(search.negative or ())} unlike",
        "PHENOLENS_SHIFT": f"{search.shift} dates",
    }
    span = f"{len(times)} dates, {times[0]:%Y-%m-%d} to {times[-1]:%Y-%m-%d}"
    title = f"Behaved like the seeds, {span} (percentile of the area)"
    return index_layer(title, store.grid, indices, "similarity", Palette.named("viridis", 0, 100, "%"), tags)
