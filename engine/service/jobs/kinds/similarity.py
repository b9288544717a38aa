"""`similarity`: maps of what is like some pixels."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from ...schema import Asked, Day, Dims, Number, Seed
from ..context import JobContext, Kind
from .params import Days, SourcePath, StoreAsked, check_output, listed, made, outputs

if TYPE_CHECKING:
    from ....grid import Grid
    from ...workspace import Workspace

Pixel = Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=2, max_length=2)]
LonLat = Annotated[list[Number], Field(min_length=2, max_length=2)]


class SeedsAsked(Asked):
    """Pixels, by row and column, by longitude and latitude, or below polygons."""

    pixels: Annotated[list[Pixel], Field(default_factory=list, max_length=100_000)]
    lonlat: Annotated[list[LonLat], Field(default_factory=list, max_length=100_000)]
    files: Annotated[list[SourcePath], Field(default_factory=list, max_length=100)]

    def found(self, workspace: "Workspace", grid: "Grid") -> list[tuple[int, int]]:
        """(row, column) of all; `AreaError` where one lies outside."""
        from ....errors import AreaError
        from ....views.similarity_seeds import polygon_pixels

        pixels = [(row, col) for row, col in self.pixels]
        for row, col in pixels:
            if row >= grid.shape[0] or col >= grid.shape[1]:
                remedy = f"rows 0 to {grid.shape[0] - 1}, columns 0 to {grid.shape[1] - 1}"
                raise AreaError("the pixel lies outside the area", value=f"{row},{col}", remedy=remedy)
        pixels += [grid.pixel_at(lon, lat) for lon, lat in self.lonlat]
        paths: list[Path] = [workspace.source(path) for path in self.files]
        return pixels + [pixel for path in paths for pixel in polygon_pixels(path, grid)]


class SimilarityParams(StoreAsked):
    """Map how alike every pixel is to some seeds, as a percentile."""

    like: SeedsAsked
    unlike: SeedsAsked | None = None
    dates: Days = Field(default_factory=list)
    seed_date: Day | None = None
    """Day on which the seeds are taken; the day of the map otherwise."""
    trajectory: bool = False
    """Compare whole series instead of days."""
    shift: Annotated[int, Field(ge=0, le=1000)] = 0
    dims: Dims | None = None
    seed: Seed = 0


def run(params: SimilarityParams, context: JobContext) -> dict[str, Any]:
    """The files, and from how many pixels they were made."""
    from ....tasks.similar import SimilarChoice, map_similar

    workspace = context.workspace
    stem, store = check_output(workspace, params.out), params.opened(workspace)
    choice = SimilarChoice(
        params.like.found(workspace, store.grid),
        params.unlike.found(workspace, store.grid) if params.unlike else (),
        listed(params.dates),
        params.seed_date,
        params.trajectory,
        params.shift,
        params.dims,
        params.seed,
    )
    overwrite = context.replaces(stem, params.overwrite)
    files = map_similar(store, choice, stem, overwrite=overwrite, watch=context.watch)
    return {"files": made(context, files), "like": len(choice.like), "unlike": len(choice.unlike)}


SIMILARITY = Kind("similarity", "Search for what is alike", SimilarityParams, run, outputs=outputs)
