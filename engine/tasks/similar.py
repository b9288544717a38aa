"""Maps of what is like some pixels and unlike others, on a date or over all dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..dates import pick
from ..errors import AreaError, InputError
from ..progress import Watch
from ..store import EmbeddingStore
from ..views.layer import Layer
from ..views.maps import times_of
from ..views.similarity import Similarity, seed_embeddings, similarity_layer
from ..views.trajectory import TrajectorySearch, trajectory_layer
from .mapfiles import check_maps_free, write_maps

Pixels = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class SimilarChoice:
    """What is searched for, and how."""

    like: Pixels
    """(row, column) of pixels to search for."""
    unlike: Pixels = ()
    """Of pixels to keep away from."""
    days: Sequence[str] = ()
    """To map."""
    seed_day: str | None = None
    """On which the seeds are taken; the day of the map when None."""
    trajectory: bool = False
    """Compare whole series instead of days."""
    shift: int = 0
    """Of trajectories: steps by which a series may come earlier or later."""
    dims: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.like:
            raise AreaError("no seed was named", remedy="name pixels or polygons to search for")
        if self.trajectory and (self.days or self.seed_day):
            raise InputError("a date was given for a comparison over all dates", remedy="leave out --date")


def map_similar(
    store: EmbeddingStore, choice: SimilarChoice, stem: Path, *, overwrite: bool, watch: Watch
) -> list[Path]:
    """STEM-similar-DAY.tif and .png of each day, or STEM-similar-trajectory…; the paths."""
    if choice.trajectory:
        check_maps_free(stem, ["similar-trajectory"], overwrite=overwrite)
        layers = {"similar-trajectory": _trajectory(store, choice, watch)}
        return write_maps(layers, stem, overwrite=overwrite, watch=watch)
    times = times_of(store)
    dates = pick(times, choice.days, "dates of the store")
    names = [f"similar-{times[date]:%Y-%m-%d}" for date in dates]
    check_maps_free(stem, names, overwrite=overwrite)
    seeds = pick(times, [choice.seed_day], "dates of the store") * len(dates) if choice.seed_day else dates
    drawn = [_dated(store, choice, date, origin, watch) for date, origin in zip(dates, seeds, strict=True)]
    return write_maps(dict(zip(names, drawn, strict=True)), stem, overwrite=overwrite, watch=watch)


def _trajectory(store: EmbeddingStore, choice: SimilarChoice, watch: Watch) -> Layer:
    search = TrajectorySearch.fit(
        store,
        choice.like,
        choice.unlike,
        shift=choice.shift,
        dims=choice.dims,
        seed=choice.seed,
        cancel=watch.cancel,
    )
    return trajectory_layer(store, search, progress=watch.progress("compare"), cancel=watch.cancel)


def _dated(store: EmbeddingStore, choice: SimilarChoice, date: int, origin: int, watch: Watch) -> Layer:
    like = seed_embeddings(store, choice.like, origin, dims=choice.dims)
    unlike = seed_embeddings(store, choice.unlike, origin, dims=choice.dims) if choice.unlike else None
    found = Similarity.fit(store, like, unlike, dims=choice.dims, seed=choice.seed, cancel=watch.cancel)
    return similarity_layer(store, found, date, progress=watch.progress("compare"), cancel=watch.cancel)
