"""What can be drawn of a store, by name: as colours, and as the values behind them."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ...classes import ClassTable
from ...dates import pick
from ...errors import InputError, TargetError
from ...store import EmbeddingStore, Glass
from ...views.clusters import Clusters, ClusterSpec, cluster_maps
from ...views.colour import FrozenColours
from ...views.layer import Layer
from ...views.maps import dimension_layer, frozen_colours, pca_layer, support_layer, times_of
from .kept import Kept
from .memory import load_sklearn
from .stores import OpenStore

PALETTES = ("cividis", "viridis", "magma", "inferno", "plasma", "Greys", "RdYlGn", "BrBG", "twilight")
MOST_DERIVED = 64
STORE_LAYERS = ("pca", "dim", "support", "embedding", "cluster")


@dataclass(frozen=True)
class Look:
    """What is to be seen of a store."""

    layer: str = "pca"
    """`pca`, `dim`, `support`, `embedding`, `cluster`; `true-colour`, `false-colour`, `ndvi`, `s1`;
    `similarity:ID`; `probe:ID` or `probe:FILE`; `map:FILE`."""
    date: str | None = None
    """Day (2018-05-01) or time of a target date, or of an acquisition; may be left out where there is one alone."""
    dim: int = 1
    """Of `dim`, from 1; of `embedding`, the number of leading dimensions."""
    sensor: str = "s2"
    """Of `support`."""
    palette: str = "cividis"
    """Of `dim` and `support`."""
    clusters: int = 8
    """Of `cluster`: how many."""
    output: str | None = None
    """Of `probe`: `class`, `confidence`, `value`, …; the first that there is, where left out."""

    def __post_init__(self) -> None:
        if self.palette not in PALETTES:
            raise InputError("there is no such palette", value=self.palette, remedy=", ".join(PALETTES))

    @property
    def kind(self) -> str:
        return self.layer.partition(":")[0]

    @property
    def identity(self) -> str:
        return self.layer.partition(":")[2]


@dataclass(frozen=True, eq=False)
class Values:
    """Numbers of a window."""

    array: npt.NDArray[Any]
    """[band, y, x], uint8, float16 or float32."""
    bands: tuple[str, ...]
    unit: str = ""
    nodata: float | None = None
    """None = every number counts."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """One kind of picture of one store and date, of whatever part of it."""

    layer: Callable[[EmbeddingStore], Layer]
    """The whole of a store or of an overview of it, in colours."""
    values: Callable[[EmbeddingStore], Values]
    key: Hashable = None
    """What it rests on beside store and look: another key, another picture."""
    classes: ClassTable | None = None
    """What codes stand for, where it shows classes."""
    most_pixels: int | None = None
    """Pixels of the window, where reading them takes longer than that of embeddings."""
    notes: tuple[str, ...] = ()
    """What one must know who reads it."""


class StoreLayers:
    """Pictures that need a store alone; colours and clusters are fitted once."""

    def __init__(self) -> None:
        self._derived: Kept[Any] = Kept(MOST_DERIVED)

    def drawing(self, opened: OpenStore, look: Look) -> Drawing:
        """`InputError` for a layer, dimension or sensor, `TargetError` for a date that there isn't."""
        makers = (self._pca, self._dimension, _support, _embedding, self._clusters)
        return dict(zip(STORE_LAYERS, makers, strict=True))[look.kind](opened, look)

    def colours(self, opened: OpenStore) -> FrozenColours:
        found: FrozenColours = self._derived.get(
            ("colours", opened.key), lambda: frozen_colours(opened.store)
        )
        return found

    def clusters(self, opened: OpenStore, count: int) -> Clusters:
        load_sklearn()
        key = ("clusters", opened.key, count)
        found: Clusters = self._derived.get(key, lambda: Clusters.fit(opened.store, ClusterSpec(count=count)))
        return found

    def _pca(self, opened: OpenStore, look: Look) -> Drawing:
        colours, date = self.colours(opened), date_of(opened.store, look.date)
        return picture(lambda view: pca_layer(view, colours, date))

    def _dimension(self, opened: OpenStore, look: Look) -> Drawing:
        colours, date = self.colours(opened), date_of(opened.store, look.date)
        dim, palette = look.dim - 1, look.palette
        dimension_layer(opened.store, colours, date, dim, palette)  # refuses before anything is read

        def values(view: EmbeddingStore) -> Values:
            glass = Glass(1, "float32", lambda read: read[dim:])
            read, validity = view.read_through(date, glass, dims=dim + 1)
            return Values(
                np.where(validity, read, np.float32(np.nan)), (f"dimension {dim + 1}",), "1", np.nan
            )

        return Drawing(lambda view: dimension_layer(view, colours, date, dim, palette), values)

    def _clusters(self, opened: OpenStore, look: Look) -> Drawing:
        clusters, date = self.clusters(opened, look.clusters), date_of(opened.store, look.date)

        def values(view: EmbeddingStore) -> Values:
            return Values(clusters.map(view, view.grid.window, date)[None], ("cluster",), nodata=0)

        return Drawing(lambda view: cluster_maps(view, clusters, date)[1], values, classes=clusters.classes)


def picture(layer: Callable[[EmbeddingStore], Layer]) -> Drawing:
    """A drawing whose colours are all that there is of it."""
    return Drawing(layer, partial(_rgba, layer))


def _rgba(layer: Callable[[EmbeddingStore], Layer], view: EmbeddingStore) -> Values:
    drawn = layer(view)
    return Values(drawn.colours(drawn.grid.window), ("red", "green", "blue", "alpha"))


def _support(opened: OpenStore, look: Look) -> Drawing:
    date, sensor, palette = date_of(opened.store, look.date), look.sensor, look.palette
    support_layer(opened.store, date, sensor, palette)  # refuses before anything is read
    name = f"nearest_days_{sensor}"

    def values(view: EmbeddingStore) -> Values:
        return Values(view.read_map(date, dims=1).support[name][None], (name,), "d", 255)

    return Drawing(lambda view: support_layer(view, date, sensor, palette), values)


def _embedding(opened: OpenStore, look: Look) -> Drawing:
    """The numbers themselves; in colours, the layer `dim` shows one of them."""
    date, dims = date_of(opened.store, look.date), look.dim
    if not 1 <= dims <= opened.store.dims:
        remedy = f"1 to {opened.store.dims}"
        raise InputError("the store doesn't hold that many dimensions", value=dims, remedy=remedy)

    def values(view: EmbeddingStore) -> Values:
        halves, validity = view.read_through(date, Glass(dims, "float16"), dims=dims)
        if not validity.all():
            halves[:, ~validity] = np.nan
        return Values(halves, tuple(f"dimension {n + 1}" for n in range(dims)), "1", np.nan)

    def layer(_: EmbeddingStore) -> Layer:
        raise InputError(
            "embeddings are no picture", value="embedding", remedy="ask for raw, or for pca or dim"
        )

    return Drawing(layer, values)


def date_of(store: EmbeddingStore, text: str | None) -> int:
    """The target date that a day or time names; `TargetError` where the store doesn't hold it."""
    return named_time(times_of(store), text, "dates of the store")


def named_time(times: list[datetime], text: str | None, what: str) -> int:
    """Index of the time that a day, or an exact time, names."""
    if text is not None and "T" in text:
        return _exactly(times, text, what)
    return pick(times, [] if text is None else [text], what)[0]


def _exactly(times: list[datetime], text: str, what: str) -> int:
    try:
        wanted = datetime.fromisoformat(text)
        distance = [abs((time - wanted).total_seconds()) for time in times]
    except (ValueError, TypeError) as error:  # no time; one without its zone
        raise TargetError("this is no time", value=text, remedy="write it as 2018-05-01T10:30:00Z") from error
    nearest = min(range(len(times)), key=distance.__getitem__)
    if distance[nearest] >= 1:
        remedy = f"the nearest is {times[nearest]:%Y-%m-%dT%H:%M:%SZ}"
        raise TargetError(f"the time is not among the {what}", value=text, remedy=remedy)
    return nearest
