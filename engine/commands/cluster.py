"""`cluster`: classes that nobody named, as a map."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..dates import pick
from ..errors import InputError
from ..progress import Progress
from .flags import RunFlags, flattened, keep_config
from .layers import check_layers_free, write_layers
from .terminal import Bar, Run
from .view import open_store


class ClusterMethod(StrEnum):
    KMEANS = "kmeans"
    HDBSCAN = "hdbscan"


class ClusterOf(StrEnum):
    DATE = "date"
    MEAN = "mean"
    SEASONS = "seasons"


@dataclass(frozen=True)
class ClusterFlags:
    """What is clustered, and how."""

    method: Annotated[ClusterMethod, typer.Option(help="k-means, or HDBSCAN with noise left out.")] = (
        ClusterMethod.KMEANS
    )
    of: Annotated[
        ClusterOf, typer.Option(help="Single dates, their mean, or the means of the seasons side by side.")
    ] = ClusterOf.SEASONS
    count: Annotated[int, typer.Option(help="Number of clusters of kmeans, 2 to 254.")] = 8
    least_share: Annotated[
        float, typer.Option(help="Smallest cluster of hdbscan, as a share of the sample.")
    ] = 0.01
    dims: Annotated[int | None, typer.Option(help="Leading dimensions; all otherwise.")] = None
    seed: Annotated[int, typer.Option(help="Seed of the sample and the fit.")] = 0


@flattened
def cluster(
    ctx: typer.Context,
    store: Annotated[Path, typer.Argument(help="An embedding store.")],
    wanted: ClusterFlags,
    flags: RunFlags,
    date: Annotated[
        list[str] | None, typer.Option(help="With --of date: day to map, or all. Repeatable.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Beginning of the file names; -clusters… is added.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
) -> None:
    """Group pixels into clusters and write them as class maps: GeoTIFF (COG) with classes, and PNG."""
    from ..views.clusters import Clusters, ClusterSpec, cluster_maps
    from ..views.maps import times_of

    run: Run = ctx.obj
    opened = open_store(store)
    times = times_of(opened)
    if date and wanted.of is not ClusterOf.DATE:
        raise InputError("a date was given for clusters of all dates", value=wanted.of, remedy="--of date")
    dates = pick(times, date or (), "dates of the store") if wanted.of is ClusterOf.DATE else [0]
    names = [f"clusters-{times[d]:%Y-%m-%d}" if wanted.of is ClusterOf.DATE else "clusters" for d in dates]
    stem = out or Path(store.stem)
    check_layers_free(stem, names, overwrite=overwrite)
    spec = ClusterSpec(
        wanted.method.value,
        wanted.of.value,
        wanted.count,
        wanted.least_share,
        dims=wanted.dims,
        seed=wanted.seed,
    )
    clusters = Clusters.fit(opened, spec, cancel=run.cancel)
    products, layers = {}, {}
    with Bar(run) as bar:
        for name, index in zip(names, dates, strict=True):
            products[name], layers[name] = cluster_maps(
                opened, clusters, index, progress=Progress(name, 0, bar), cancel=run.cancel
            )
    files = write_layers(run, layers, stem, overwrite=overwrite, products=products)
    config = keep_config(ctx, Path(f"{stem}-clusters"))
    values = {"files": files, "config": str(config), "shares": clusters.shares, "noise": clusters.noise}
    said = f"{len(clusters.shares)} clusters, {clusters.noise:.0%} of the sample in none"
    run.result(values, "\n".join([*files, said]))
