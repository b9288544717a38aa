"""Pixels like this one: distance to seeds in whitened coordinates, as a percentile of the area."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..grid import Window
from ..progress import CancelToken, Progress
from ..store import EmbeddingStore
from .colour import Bytes, Floats
from .layer import Layer, Palette
from .maps import provenance, times_of
from .percentile import Ranking, computed, filled, index_layer, scaled
from .sampling import sample_store
from .whitening import Whitening

Array = npt.NDArray[np.float32]
MOST_PROTOTYPES = 16
"""More seeds (a polygon's pixels) are summed up by this many centres."""


@dataclass(frozen=True, eq=False)
class Similarity:
    """What is searched for, in which coordinates, and the distribution that gives percentiles.

    Score of a pixel = d⁺ + max(0, d⁺ − d⁻): the whitened (Mahalanobis) distance to the nearest positive seed,
    and once more by how much a negative seed is nearer than that. Without negatives it is d⁺ alone. A pixel far
    from all seeds stays far, whatever the negatives are. Similarity is the percentage of the sample (over space
    and dates) that scores worse: 100 = most alike; it means the same on every date of the store."""

    whitening: Whitening
    positive: Array
    """[seed, component]"""
    negative: Array
    """[seed, component]; may be empty."""
    ranking: Ranking

    @classmethod
    def fit(
        cls,
        store: EmbeddingStore,
        positive: Floats,
        negative: Floats | None = None,
        *,
        dims: int | None = None,
        seed: int = 0,
        sample: Array | None = None,
        cancel: CancelToken | None = None,
    ) -> Self:
        """From seeds' embeddings [seed, dim]; `InputError` where there is no positive one.

        `sample`: what `sample_store` draws with the same dims and seed, where it is known already."""
        if not len(positive):
            raise InputError("a search needs a positive seed", value=0, remedy="name a pixel to search for")
        if sample is None:
            sample = sample_store(store, dims=dims, seed=seed, cancel=cancel).values
        whitening = Whitening.fit(sample)
        like, unlike = (
            prototypes(whitening(seeds[:, : whitening.dims]), seed)
            for seeds in (positive, positive[:0] if negative is None else negative)
        )
        unranked = cls(whitening, like, unlike, Ranking(np.zeros(1, np.float32)))
        return cls(whitening, like, unlike, Ranking.fit(unranked.score(sample)))

    def score(self, values: Floats) -> Array:
        """[pixel, dim] → [pixel]: 0 = the same as a positive seed."""
        whitened = self.whitening(values)
        near = nearest(whitened, self.positive)
        return near if not len(self.negative) else combined(near, nearest(whitened, self.negative))

    def percent(self, values: Floats) -> Array:
        """[pixel, dim] → [pixel] 0 to 100, 100 = most alike."""
        return 100 - self.ranking.below(self.score(values))


def combined(like: Array, unlike: Array) -> Array:
    """Distances to the nearest positive and the nearest negative seed → score."""
    with np.errstate(invalid="ignore"):  # infinity = can't be compared; the caller knows which of both it is
        score: Array = like + np.maximum(like - unlike, 0)
    return score


def nearest(points: Array, seeds: Array) -> Array:
    """[pixel, component] and [seed, component] → [pixel] distance to the nearest seed."""
    squared = (points**2).sum(axis=1)[:, None] - 2 * points @ seeds.T + (seeds**2).sum(axis=1)
    distance: Array = np.sqrt(np.maximum(squared.min(axis=1), 0))
    return distance


def prototypes(seeds: Array, seed: int = 0, most: int = MOST_PROTOTYPES) -> Array:
    """[seed, component] → at most `most` of them, or centres of theirs where there are more."""
    if len(np.unique(seeds, axis=0)) <= most:
        return seeds
    from sklearn.cluster import KMeans  # noqa: PLC0415 - 60 MB, and few seeds do without

    centres: Array = KMeans(most, n_init=1, random_state=seed).fit(seeds).cluster_centers_.astype(np.float32)
    return centres


def seed_embeddings(
    store: EmbeddingStore, pixels: Sequence[tuple[int, int]], date: int, *, dims: int | None = None
) -> Array:
    """[seed, dim] of the valid ones among some pixels (row, column) on one date.

    `AreaError` where one lies outside, `InputError` where none has an embedding on that date."""
    drawn = [store.read_map(date, Window(row, col, 1, 1), dims, support=False) for row, col in pixels]
    valid = [found.embedding[:, 0, 0] for found in drawn if found.validity[0, 0]]
    if not valid:
        raise InputError(
            "none of the seeds has an embedding on this date",
            value=f"{len(pixels)} pixels, {times_of(store)[date]:%Y-%m-%d}",
            remedy="choose other pixels or another date",
        )
    return np.stack(valid)


def similarity_layer(
    store: EmbeddingStore,
    similarity: Similarity,
    date: int,
    *,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Layer:
    """Similarity of one date in percent, transparent where not valid."""
    dims = similarity.whitening.dims

    def compute(window: Window) -> Bytes:
        drawn = store.read_map(date, window, dims, support=False)
        percent = similarity.percent(drawn.embedding[:, drawn.validity].T)
        return scaled(filled(percent, drawn.validity), 0, 100)[None]

    indices = computed(store.grid, 1, compute, progress=progress, cancel=cancel)[0]
    seeds = f"{len(similarity.positive)} like, {len(similarity.negative)} unlike"
    tags = {**provenance(store, date), "PHENOLENS_SEEDS": seeds}
    title = f"Similarity to the seeds, {times_of(store)[date]:%Y-%m-%d} (percentile of the area, all dates)"
    return index_layer(title, store.grid, indices, "similarity", Palette.named("viridis", 0, 100, "%"), tags)
