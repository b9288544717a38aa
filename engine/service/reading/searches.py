"""Searches for pixels like some others: fitted on request, then drawn as a layer by their number."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ...store import EmbeddingStore
from ...views.percentile import filled
from ...views.sampling import sample_store
from ...views.similarity import MOST_PROTOTYPES, Similarity, seed_embeddings, similarity_layer
from ..faults import NotFound
from .kept import Kept
from .layers import Drawing, Look, Values, date_of
from .memory import load_sklearn
from .places import Pixels
from .stores import OpenStore

MOST_KEPT = 32
MOST_SAMPLES = 4


@dataclass(frozen=True)
class Seeds:
    """What is searched for, and what is to be kept away from: rows and columns."""

    like: tuple[tuple[int, int], ...]
    unlike: tuple[tuple[int, int], ...] = ()
    date: str | None = None
    """On which the seeds are taken."""
    dims: int | None = None


@dataclass(frozen=True, eq=False)
class Search:
    """A fitted search; the same seeds have the same number."""

    number: str
    similarity: Similarity


class Searches:
    """Fits and draws searches; the last few are kept."""

    def __init__(self) -> None:
        self._kept: Kept[Search] = Kept(MOST_KEPT)
        self._samples: Kept[Any] = Kept(MOST_SAMPLES)

    def fit(self, opened: OpenStore, seeds: Seeds) -> Search:
        """`InputError` where no seed has an embedding on that date, `AreaError` where one lies outside."""
        date = date_of(opened.store, seeds.date)
        number = _number(opened, seeds)
        return self._kept.get((opened.key, number), lambda: self._fitted(opened, seeds, date, number))

    def forget(self) -> None:
        """Let go of samples; searches stay, as they are asked for by their number."""
        self._samples.forget()

    def _fitted(self, opened: OpenStore, seeds: Seeds, date: int, number: str) -> Search:
        store, dims = opened.store, seeds.dims
        if max(len(seeds.like), len(seeds.unlike)) > MOST_PROTOTYPES:
            load_sklearn()
        like, unlike = (
            seed_embeddings(store, pixels, date, dims=dims) if pixels else None
            for pixels in (seeds.like, seeds.unlike)
        )
        nothing = np.empty((0, dims or store.dims), np.float32)
        sample = self._samples.get((opened.key, dims), lambda: sample_store(store, dims=dims).values)
        return Search(
            number,
            Similarity.fit(store, nothing if like is None else like, unlike, dims=dims, sample=sample),
        )

    def drawing(self, opened: OpenStore, look: Look) -> Drawing:
        """`NotFound` for a search that isn't kept any more, or was of another store."""
        search = self._kept.find((opened.key, look.identity))
        if search is None:
            raise NotFound("there is no such search (any more)", value=look.identity, remedy="search again")
        similarity, date = search.similarity, date_of(opened.store, look.date)

        def values(view: EmbeddingStore) -> Values:
            read = view.read_map(date, dims=similarity.whitening.dims, support=False)
            percent = similarity.percent(read.embedding[:, read.validity].T)
            return Values(filled(percent, read.validity)[None], ("similarity",), "%", np.nan)

        return Drawing(lambda view: similarity_layer(view, similarity, date), values)


def _number(opened: OpenStore, seeds: Seeds) -> str:
    content = json.dumps([opened.key, asdict(seeds)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def seed_pixels(pixels: Pixels) -> tuple[tuple[int, int], ...]:
    return tuple((int(row), int(col)) for row, col in pixels)
