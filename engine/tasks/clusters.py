"""Classes that nobody named, as maps."""

from collections.abc import Sequence
from pathlib import Path

from ..dates import pick
from ..errors import InputError
from ..progress import Watch
from ..store import EmbeddingStore
from ..views.clusters import Clusters, ClusterSpec, cluster_maps
from ..views.maps import times_of
from .mapfiles import check_maps_free, write_maps


def map_clusters(
    store: EmbeddingStore,
    spec: ClusterSpec,
    days: Sequence[str],
    stem: Path,
    *,
    overwrite: bool,
    watch: Watch,
) -> tuple[list[Path], Clusters]:
    """STEM-clusters….tif and .png, and what the classes are; `days` only of clusters of single dates."""
    single = spec.of == "date"
    if days and not single:
        raise InputError("a date was given for clusters of all dates", value=spec.of, remedy="--of date")
    times = times_of(store)
    dates = pick(times, days, "dates of the store") if single else [0]
    names = [f"clusters-{times[date]:%Y-%m-%d}" if single else "clusters" for date in dates]
    check_maps_free(stem, names, overwrite=overwrite)
    clusters = Clusters.fit(store, spec, cancel=watch.cancel)
    products, layers = {}, {}
    for name, date in zip(names, dates, strict=True):
        products[name], layers[name] = cluster_maps(
            store, clusters, date, progress=watch.progress(name), cancel=watch.cancel
        )
    files = write_maps(layers, stem, overwrite=overwrite, watch=watch, products=products)
    return files, clusters
