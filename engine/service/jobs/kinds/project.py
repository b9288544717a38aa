"""`project`: embeddings as points on a plane, and what a lasso drawn there encloses."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ...schema import Dims, Number, Seed, WorkspacePath
from ..context import JobContext, Kind
from .params import Days, StoreAsked, check_output, listed, made, outputs, plain

Corner = Annotated[list[Number], Field(min_length=2, max_length=2)]
Component = Annotated[int, Field(ge=1, le=3)]


class ProjectParams(StoreAsked):
    """Fit a projection, which is kept with the store, draw it, and map what a lasso encloses."""

    method: Literal["umap", "pca"] = "umap"
    components: Annotated[int, Field(ge=2, le=3)] = 2
    dims: Dims | None = None
    pixels: Annotated[int, Field(ge=10, le=2_000_000)] = 20_000
    neighbours: Annotated[int, Field(ge=2, le=1000)] = 30
    min_dist: Annotated[float, Field(ge=0, le=1)] = 0.1
    seed: Seed = 0
    refit: bool = False
    dates: Days = "all"
    colour: Literal["count", "date", "season", "dim", "class"] = "count"
    dim: Annotated[int, Field(ge=1, le=1024)] = 1
    class_map: WorkspacePath | None = None
    axes: Annotated[list[Component], Field(min_length=2, max_length=2)] = Field(
        default_factory=lambda: [1, 2]
    )
    lasso: Annotated[list[Corner], Field(min_length=3, max_length=10_000)] | None = None


def run(params: ProjectParams, context: JobContext) -> dict[str, Any]:
    """The files, how many pixels were drawn and selected, and what the projection keeps of neighbourhoods."""
    from ....tasks.project import ScatterChoice, project_store
    from ....views.projection import ProjectionSpec

    workspace = context.workspace
    stem = check_output(workspace, params.out)
    spec = ProjectionSpec(
        params.method,
        params.components,
        params.dims,
        params.pixels,
        params.neighbours,
        params.min_dist,
        params.seed,
    )
    x, y = params.axes
    class_map = workspace.existing(params.class_map) if params.class_map else None
    choice = ScatterChoice(listed(params.dates), params.colour, params.dim, class_map, (x, y), params.lasso)
    done = project_store(
        params.opened(workspace),
        spec,
        choice,
        stem,
        refit=params.refit,
        overwrite=context.replaces(stem, params.overwrite),
        watch=context.watch,
    )
    fidelity = plain(vars(done.projection.fidelity))
    files = made(context, done.files)
    return {"files": files, "pixels": done.pixels, "selected": done.selected, "fidelity": fidelity}


PROJECT = Kind("project", "Project", ProjectParams, run, outputs=outputs)
