"""How far a projection can be trusted: what it keeps of the neighbourhoods among embeddings."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from .colour import Bools
from .projection import Fidelity
from .sampling import StoreSample

Array = npt.NDArray[np.float32]
HELD_SHARE = 0.2
HELD_DATE_STEP = 6
"""Every so many sampled dates are held out as a whole: the map is for dates that it never saw, too."""
NEIGHBOURS = 15
LARGEST = 2_500
"""Held-out pixels that are compared, pair by pair."""


def held_out(sample: StoreSample, seed: int, dates: npt.NDArray[np.int64] | None = None) -> Bools:
    """[sample]: what the distilled map must not see: squares of the area, and some of `dates` altogether.

    Neighbouring pixels nearly repeat each other: holding out single ones would flatter the map."""
    dates = np.unique(sample.dates) if dates is None else dates
    held = sample.in_tiles(HELD_SHARE, seed) | np.isin(sample.dates, dates[3::HELD_DATE_STEP])
    if held.all() or not held.any():  # an area of one square
        held = np.arange(len(sample)) % 5 == 0
    return held


def fidelity(whitened: Array, drawn: Mapping[str, Array], held: Bools, seed: int) -> Fidelity:
    """Compare projections [pixel, component] with the whitened embeddings [pixel, dim] on held-out pixels."""
    from sklearn.manifold import trustworthiness  # noqa: PLC0415 - 60 MB that looking at a projection does without

    chosen = np.flatnonzero(held)
    chosen = np.random.default_rng(seed).permutation(chosen)[:LARGEST]
    count = min(NEIGHBOURS, max(1, len(chosen) // 2 - 1))
    true = whitened[chosen]
    trust = {n: float(trustworthiness(true, d[chosen], n_neighbors=count)) for n, d in drawn.items()}
    kept = {n: _kept(true, d[chosen], count) for n, d in drawn.items()}
    errors = _errors(drawn["map"][chosen], drawn["umap"][chosen]) if "map" in drawn else np.zeros(1)
    median, p90 = np.percentile(errors, (50, 90))
    return Fidelity(
        len(chosen), count, float(np.sqrt((errors**2).mean())), float(median), float(p90), trust, kept
    )


def _errors(mapped: Array, places: Array) -> npt.NDArray[np.float64]:
    """[pixel] distance between both, in units of the spread."""
    spread = np.sqrt(((places - places.mean(axis=0)) ** 2).sum(axis=1).mean())
    distance: npt.NDArray[np.float64] = np.sqrt(((mapped - places) ** 2).sum(axis=1)) / spread
    return distance


def _kept(true: Array, drawn: Array, count: int) -> float:
    """Share of each pixel's nearest neighbours that it keeps, on average."""
    before, after = (_nearest(points, count) for points in (true, drawn))
    same = (before[:, :, None] == after[:, None, :]).any(axis=2)
    return float(same.mean())


def _nearest(points: Array, count: int) -> npt.NDArray[np.int64]:
    from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415 - as above

    found: npt.NDArray[np.int64] = NearestNeighbors(n_neighbors=count).fit(points).kneighbors()[1]
    return found
