"""`embed --dask`: the same run on the workers of a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .sources import SourceFlags, gather

if TYPE_CHECKING:
    from ..acquisitions.cube import CubeSource
    from ..grid import Grid
    from ..inference.cluster import ClusterChoice
    from ..inference.reach import Days
    from ..inference.runner import RunOptions
    from ..representation.checkpoint import Checkpoint
    from ..store import EmbeddingStore
    from ..store_place import Place


@dataclass(frozen=True)
class Reopened:
    """Opens the acquisitions that flags name once more, in another process: paths are absolute."""

    flags: SourceFlags
    grid: "Grid"

    @classmethod
    def of(cls, flags: SourceFlags, grid: "Grid") -> "Reopened":
        s1, s2 = ([path.absolute() for path in paths] for paths in (flags.s1, flags.s2))
        return cls(replace(flags, s1=s1, s2=s2), grid)

    def __call__(self) -> "Mapping[str, CubeSource]":
        return gather(self.flags, grid=self.grid).sources


@dataclass(frozen=True)
class Scaled:
    """`embed_area` on a cluster: called with the same arguments, makes the same store."""

    cluster: "ClusterChoice"
    flags: SourceFlags

    @classmethod
    def of(cls, dask: str, flags: SourceFlags) -> "Scaled":
        """`InputError` where `dask` names no cluster."""
        from ..inference.cluster import ClusterChoice

        return cls(ClusterChoice.parse(dask), flags)

    def __call__(
        self,
        checkpoint: "Checkpoint",
        _sources: "Mapping[str, CubeSource]",
        grid: "Grid",
        targets: "Days",
        out: "Path | Place",
        *,
        options: "RunOptions",
        **how: Any,
    ) -> "EmbeddingStore":
        """`how` are further arguments of `embed_on`; each worker opens the acquisitions itself."""
        from ..inference.cluster import connected

        with connected(self.cluster) as client:
            from ..inference.scaleout import embed_on
            from ..inference.tile_maker import Job

            return embed_on(
                client, Job(checkpoint, Reopened.of(self.flags, grid), grid, targets, options), out, **how
            )
