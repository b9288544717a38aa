"""Clusters: classes that nobody named, fitted on a sample and applied to every pixel."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import matplotlib
import numpy as np
import numpy.typing as npt

from ..classes import LARGEST_CODE, ClassTable
from ..errors import InputError
from ..export.product import Product, ProductBand
from ..grid import Window
from ..progress import CancelToken, Progress
from ..store import EmbeddingStore
from .colour import Bools, Bytes, Floats
from .layer import Layer, Palette
from .maps import provenance, times_of
from .percentile import computed
from .periods import group_means, season_groups, span
from .sampling import sample_map, sample_store
from .whitening import Whitening

Array = npt.NDArray[np.float32]
Method = Literal["kmeans", "hdbscan"]
Of = Literal["date", "mean", "seasons"]
DISTINCT_HUES = 10


@dataclass(frozen=True)
class ClusterSpec:
    """What is clustered, and how."""

    method: Method = "kmeans"
    of: Of = "date"
    """`date`: embeddings of single dates, fitted over all dates so that classes mean the same on each ·
    `mean`: the mean over the dates · `seasons`: the means of the seasons, one beside the other."""
    count: int = 8
    """Of `kmeans`."""
    least_share: float = 0.01
    """Of `hdbscan`: share of the sample that makes the smallest cluster."""
    components: int = 8
    """Of `hdbscan`: leading whitened components; densities can't be told apart in many more."""
    dims: int | None = None
    pixels: int = 20_000
    """In the sample of `kmeans`; `hdbscan`, which takes the square of the time, has at most `HDBSCAN_PIXELS`."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in ("kmeans", "hdbscan"):
            raise InputError("there is no such method", value=self.method, remedy="kmeans or hdbscan")
        if self.of not in ("date", "mean", "seasons"):
            raise InputError("clusters can't be of this", value=self.of, remedy="date, mean or seasons")
        if not 2 <= self.count <= LARGEST_CODE:
            raise InputError("the number of clusters is out of range", value=self.count, remedy="2 to 254")
        if not 0 < self.least_share < 0.5:
            raise InputError("least_share must lie in 0 to 0.5", value=self.least_share)
        if self.components < 1 or self.pixels < 2:
            raise InputError("components and pixels must be above 0", value=(self.components, self.pixels))


HDBSCAN_PIXELS = 8_000
LEAST_MEMBERS = 5


@dataclass(frozen=True, eq=False)
class Clusters:
    """Clusters in whitened coordinates: points with their codes, the nearest of which decides.

    k-means (MiniBatch; Sculley 2010): the centres. HDBSCAN (Campello, Moulavi & Sander 2013): the sample itself;
    a pixel is noise (0) where its nearest sample point is noise, or farther than that cluster's sparsest member
    is from its own neighbours. Codes run by falling size, 1 the largest."""

    spec: ClusterSpec
    whitening: Whitening
    points: Array
    """[point, component]"""
    codes: Bytes
    """[point] 1 to 254; 0 = noise."""
    reach: Array
    """[point]: largest distance at which it decides."""
    groups: tuple[tuple[int, ...], ...]
    """Date indices of `mean` and of each of the `seasons`; empty for `date`."""
    shares: tuple[float, ...]
    """Of the sample in each cluster, by code; what lacks to 1 is noise."""

    @classmethod
    def fit(cls, store: EmbeddingStore, spec: ClusterSpec, *, cancel: CancelToken | None = None) -> Self:
        """`InputError` where fewer pixels are valid than clusters are wanted, or no cluster is found."""
        groups = _groups(store, spec.of)
        sample = _sample(store, spec, groups, cancel)
        if len(sample) < (spec.count if spec.method == "kmeans" else 2 * LEAST_MEMBERS):
            raise InputError(
                "fewer valid pixels than clusters",
                value=f"{len(sample)} pixels, {spec.count} clusters",
                remedy="ask for fewer clusters, more dates or a larger area",
            )
        whitening = Whitening.fit(sample)
        whitened = whitening(sample)
        if cancel is not None:
            cancel.check()
        fitted = _kmeans(whitened, spec) if spec.method == "kmeans" else _hdbscan(whitened, spec)
        return cls(spec, whitening, *fitted[:3], groups, fitted[3])

    @property
    def classes(self) -> ClassTable:
        """`cluster 1 (23 % of the sample)`, …"""
        names = [f"cluster {n + 1} ({share:.1%} of the sample)" for n, share in enumerate(self.shares)]
        if len(names) <= DISTINCT_HUES:
            return ClassTable.of_names(names)
        hues = matplotlib.colormaps["tab20" if len(names) <= 20 else "nipy_spectral"](
            np.arange(len(names)) if len(names) <= 20 else np.linspace(0.05, 0.95, len(names)), bytes=True
        )
        colours = [f"#{bytes(hue[:3].tolist()).hex()}" for hue in hues]
        return ClassTable.of_names(names, dict(zip(names, colours, strict=True)))

    @property
    def noise(self) -> float:
        """Share of the sample in no cluster."""
        return max(0.0, 1 - sum(self.shares))

    def apply(self, values: Floats) -> Bytes:
        """[pixel, feature] → [pixel] codes, 0 = noise."""
        whitened = self.whitening(values)[:, : self.points.shape[1]]
        if self.spec.method == "kmeans":
            nearest = ((self.points**2).sum(axis=1) - 2 * whitened @ self.points.T).argmin(axis=1)
            codes: Bytes = self.codes[nearest]
            return codes
        distance, found = self._tree.query(whitened)
        return np.where(distance[:, 0] <= self.reach[found[:, 0]], self.codes[found[:, 0]], 0).astype(
            np.uint8
        )

    @property
    def _tree(self) -> Any:
        from sklearn.neighbors import KDTree  # noqa: PLC0415 - 60 MB, and only fitting needs it

        return KDTree(self.points)

    def map(self, store: EmbeddingStore, window: Window, date: int = 0) -> Bytes:
        """[y, x] codes of a window, 0 = not valid or noise; `date` matters for clusters of dates alone."""
        values, validity = _features(
            store, window, self.groups or ((date,),), self.spec.dims, bool(self.groups)
        )
        codes = np.zeros(validity.shape, np.uint8)
        codes[validity] = self.apply(values[:, validity].T)
        return codes


def _groups(store: EmbeddingStore, of: Of) -> tuple[tuple[int, ...], ...]:
    if of == "date":
        return ()
    return (tuple(range(len(store.times))),) if of == "mean" else tuple(season_groups(store).values())


def _features(
    store: EmbeddingStore, window: Window, groups: Sequence[Sequence[int]], dims: int | None, means: bool
) -> tuple[Array, Bools]:
    """[feature, y, x] and validity: of one date as it is, of groups their means."""
    if not means:
        drawn = store.read_map(groups[0][0], window, dims, support=False)
        return drawn.embedding, drawn.validity
    found = group_means(store, window, groups, dims)
    return found.mean.reshape(-1, window.height, window.width), found.validity


def _sample(
    store: EmbeddingStore, spec: ClusterSpec, groups: tuple[tuple[int, ...], ...], cancel: CancelToken | None
) -> Array:
    pixels = spec.pixels if spec.method == "kmeans" else min(spec.pixels, HDBSCAN_PIXELS)
    if not groups:
        return sample_store(store, dims=spec.dims, pixels=pixels, seed=spec.seed, cancel=cancel).values
    cancel = cancel or CancelToken()

    def read(window: Window) -> tuple[Array, Bools]:
        cancel.check()
        return _features(store, window, groups, spec.dims, True)

    return sample_map(read, store.grid, pixels=pixels, seed=spec.seed).values


Fitted = tuple[Array, Bytes, Array, tuple[float, ...]]
"""Points, codes, reach, shares."""


def _kmeans(whitened: Array, spec: ClusterSpec) -> Fitted:
    if len(np.unique(whitened[: 50 * spec.count], axis=0)) < spec.count:
        raise InputError("the sample holds fewer different pixels than clusters", value=spec.count)
    from sklearn.cluster import MiniBatchKMeans  # noqa: PLC0415 - 60 MB, and only fitting needs it

    fitted = MiniBatchKMeans(spec.count, random_state=spec.seed, n_init=5, batch_size=2048).fit(whitened)
    codes, shares = _by_size(fitted.labels_, spec.count)
    centres: Array = fitted.cluster_centers_.astype(np.float32)
    return centres, codes[:-1], np.full(spec.count, np.inf, np.float32), shares


def _hdbscan(whitened: Array, spec: ClusterSpec) -> Fitted:
    from sklearn.cluster import HDBSCAN  # noqa: PLC0415 - 60 MB, and only fitting needs it
    from sklearn.neighbors import KDTree  # noqa: PLC0415

    points = np.ascontiguousarray(whitened[:, : spec.components])
    members = max(LEAST_MEMBERS, round(spec.least_share * len(points)))
    fitted = HDBSCAN(min_cluster_size=members, min_samples=LEAST_MEMBERS, copy=True).fit(points)
    count = int(fitted.labels_.max()) + 1
    if not 1 <= count <= LARGEST_CODE:
        raise InputError(
            "no clusters were found: the embeddings form one cloud" if not count else "too many clusters",
            value=f"{len(points)} pixels, {count} clusters of at least {members}",
            remedy="lower least_share, or use kmeans" if not count else "raise least_share",
        )
    codes, shares = _by_size(fitted.labels_, count)
    own = KDTree(points).query(points, k=LEAST_MEMBERS + 1)[0][:, -1]
    reach = np.array([own[fitted.labels_ == n].max() for n in range(count)] + [np.inf], np.float32)
    return points, codes[fitted.labels_], reach[fitted.labels_], shares


def _by_size(labels: npt.NDArray[np.integer[Any]], count: int) -> tuple[Bytes, tuple[float, ...]]:
    """[label] codes from 1 by falling size, with 0 (noise) at the end; shares by code."""
    sizes = np.bincount(labels[labels >= 0], minlength=count)
    order = np.argsort(-sizes, kind="stable")
    codes = np.zeros(count + 1, np.uint8)
    codes[order] = np.arange(1, count + 1)
    return codes, tuple((sizes[order] / len(labels)).tolist())


def cluster_maps(
    store: EmbeddingStore,
    clusters: Clusters,
    date: int = 0,
    *,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> tuple[Product, Layer]:
    """The class map as a product (names, colours, attribute table) and as a picture of it."""
    codes = computed(
        store.grid, 1, lambda w: clusters.map(store, w, date)[None], progress=progress, cancel=cancel
    )
    classes = clusters.classes
    dates = [index for group in clusters.groups for index in group] or [date]
    tags = {**provenance(store, dates[0]), "PHENOLENS_CLUSTERS": str(clusters.spec)}
    title = f"{len(classes)} clusters ({clusters.spec.method}, {clusters.spec.of}), {span(store, dates)}"

    def render(window: Window) -> Bytes:
        return codes[:, *window.slices]

    times = times_of(store)
    band = ProductBand.of_classes("cluster", classes)
    start, end = times[min(dates)], times[max(dates)]
    product = Product(title, store.grid, (band,), render, tags, start=start, end=end)
    hues = dict.fromkeys(range(256), (0, 0, 0, 0)) | {c.code: (*c.rgb, 255) for c in classes}
    return product, Layer(title, store.grid, render, ("cluster",), Palette(hues, 1, 255), tags)
