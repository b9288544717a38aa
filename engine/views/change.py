"""Change between two dates or two periods: how far, compared with the area and with the pixel's own scatter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..grid import Window
from ..progress import CancelToken, Progress
from ..store import EmbeddingStore
from .colour import Bools, Bytes
from .layer import Layer, Palette
from .maps import provenance, times_of
from .percentile import Ranking, computed, index_layer, scaled
from .periods import group_means, span
from .sampling import sample_map, sample_store
from .whitening import Whitening

Array = npt.NDArray[np.float32]
SAMPLE = 20_000
LARGEST_Z = 10.0
LEAST_DATES = 1.5
"""Effective dates in each period from which on the scatter within it can be told."""


@dataclass(frozen=True, eq=False)
class PeriodChange:
    """Change between two periods (a date is a period of one).

    Distance = whitened distance between the two means, each weighted by support so that gap-filled dates count
    less. Percentile: the share of the area's pixels that changed less between the same two periods, so that what
    changed everywhere (weather, season) ranks nobody high by itself. Confidence: the distance in units of the
    standard error that the scatter within both periods explains, √(s₁²/n₁ + s₂²/n₂) with effective numbers of
    dates n (Kish 1965): about 1 for a pixel that did not change, if dates were independent, which they are not;
    read it beside the percentile. Compare the same season of different years: otherwise the season is the
    change."""

    whitening: Whitening
    before: tuple[int, ...]
    """Date indices, as `after`."""
    after: tuple[int, ...]
    ranking: Ranking

    @classmethod
    def fit(
        cls,
        store: EmbeddingStore,
        before: Sequence[int],
        after: Sequence[int],
        *,
        dims: int | None = None,
        seed: int = 0,
        cancel: CancelToken | None = None,
    ) -> Self:
        """`InputError` for a store of one date, an empty period, or periods that share dates."""
        check_dates(store)
        if not before or not after or set(before) & set(after):
            shared = sorted({str(times_of(store)[n].date()) for n in set(before) & set(after)})
            raise InputError(
                "change needs two periods that share no date",
                value=", ".join(shared) or f"{len(before)} and {len(after)} dates",
                remedy="choose other dates",
            )
        whitening = Whitening.fit(sample_store(store, dims=dims, seed=seed, cancel=cancel).values)
        unranked = cls(whitening, tuple(before), tuple(after), Ranking(np.zeros(1, np.float32)))
        cancel = cancel or CancelToken()

        def read(window: Window) -> tuple[Array, Bools]:
            cancel.check()
            distance = unranked.distance(store, window)[:1]
            return distance, np.isfinite(distance[0])

        ranking = Ranking.fit(sample_map(read, store.grid, pixels=SAMPLE, seed=seed).values)
        return cls(whitening, tuple(before), tuple(after), ranking)

    def distance(self, store: EmbeddingStore, window: Window) -> Array:
        """[2, y, x]: distance and confidence (NaN for single dates); NaN where a period has no valid date."""
        dims = self.whitening.dims
        found = group_means(store, window, (self.before, self.after), dims, whitening=self.whitening)
        difference = np.sqrt(((found.mean[0] - found.mean[1]) ** 2).sum(axis=0))
        # an effective number n leaves n - 1 degrees of freedom: the plain weighted variance is too small
        known = (found.dates >= LEAST_DATES).all(axis=0)
        freedom = np.maximum(found.dates - 1, 0.1)
        error = np.sqrt((found.spread / freedom).sum(axis=0))
        confidence = np.where(known, difference / np.maximum(error, 1e-6), np.nan)
        both = np.stack([difference, confidence])
        return np.where(found.validity, both, np.nan).astype(np.float32)


def check_dates(store: EmbeddingStore) -> None:
    """`InputError` where a store holds one date only: nothing can have changed."""
    if len(store.times) < 2:
        raise InputError(
            "the store holds one date only: change needs two",
            value=f"{times_of(store)[0]:%Y-%m-%d}",
            remedy="embed more dates, such as --dates every:10",
        )


def period_layers(
    store: EmbeddingStore,
    change: PeriodChange,
    *,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> dict[str, Layer]:
    """`magnitude` in percent of the area and, unless both periods are single dates, `confidence`."""

    def compute(window: Window) -> Bytes:
        distance, confidence = change.distance(store, window)
        return np.stack([scaled(change.ranking.below(distance), 0, 100), scaled(confidence, 0, LARGEST_Z)])

    indices = computed(store.grid, 2, compute, progress=progress, cancel=cancel)
    between = f"{span(store, change.before)} and {span(store, change.after)}"
    tags = {**provenance(store, change.before[0]), "PHENOLENS_TIME": between.replace(" and ", "/")}
    layers = {
        "magnitude": index_layer(
            f"Change between {between} (percentile of the area)",
            store.grid,
            indices[0],
            "change",
            Palette.named("magma", 0, 100, "%"),
            tags,
        )
    }
    if len(change.before) > 1 and len(change.after) > 1:
        layers["confidence"] = index_layer(
            f"Change between {between}, in standard errors of the scatter within both",
            store.grid,
            indices[1],
            "confidence",
            Palette.named("cividis", 0, LARGEST_Z, "1"),
            tags,
        )
    return layers
