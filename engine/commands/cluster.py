"""`cluster`: classes that nobody named, as a map."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .flags import RunFlags, flattened, keep_config
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
    from ..tasks.clusters import map_clusters
    from ..views.clusters import ClusterSpec

    run: Run = ctx.obj
    opened, stem = open_store(store), out or Path(store.stem)
    spec = ClusterSpec(
        wanted.method.value,
        wanted.of.value,
        wanted.count,
        wanted.least_share,
        dims=wanted.dims,
        seed=wanted.seed,
    )
    with Bar(run) as bar:
        files, clusters = map_clusters(
            opened, spec, date or (), stem, overwrite=overwrite, watch=run.watch(bar)
        )
    config = keep_config(ctx, Path(f"{stem}-clusters"))
    paths = [str(path) for path in files]
    values = {"files": paths, "config": str(config), "shares": clusters.shares, "noise": clusters.noise}
    said = f"{len(clusters.shares)} clusters, {clusters.noise:.0%} of the sample in none"
    run.result(values, "\n".join([*paths, said]))
