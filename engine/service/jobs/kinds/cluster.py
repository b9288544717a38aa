"""`cluster`: classes that nobody named, as maps."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ...schema import Dims, Seed
from ..context import JobContext, Kind
from .params import Days, StoreAsked, check_output, listed, made, outputs, plain


class ClusterParams(StoreAsked):
    """Group pixels into clusters."""

    method: Literal["kmeans", "hdbscan"] = "kmeans"
    of: Literal["date", "mean", "seasons"] = "seasons"
    dates: Days = Field(default_factory=list)
    """Of `date` alone."""
    count: Annotated[int, Field(ge=2, le=254)] = 8
    least_share: Annotated[float, Field(gt=0, lt=1)] = 0.01
    dims: Dims | None = None
    seed: Seed = 0


def run(params: ClusterParams, context: JobContext) -> dict[str, Any]:
    """The files, the share of each cluster in the sample, and that of noise."""
    from ....tasks.clusters import map_clusters
    from ....views.clusters import ClusterSpec

    stem = check_output(context.workspace, params.out)
    spec = ClusterSpec(
        params.method, params.of, params.count, params.least_share, dims=params.dims, seed=params.seed
    )
    files, clusters = map_clusters(
        params.opened(context.workspace),
        spec,
        listed(params.dates),
        stem,
        overwrite=context.replaces(stem, params.overwrite),
        watch=context.watch,
    )
    return {
        "files": made(context, files),
        "shares": plain(clusters.shares),
        "noise": plain(clusters.noise),
    }


CLUSTER = Kind("cluster", "Cluster", ClusterParams, run, outputs=outputs)
