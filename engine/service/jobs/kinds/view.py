"""`view`: dates of a store, or of acquisitions, as GeoTIFF (COG) and PNG."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ...schema import Asked, Text, WorkspacePath
from ..context import JobContext, Kind
from .params import Days, SourcesAsked, check_output, listed, locate, made, outputs

OF_STORE = ("pca", "dim", "support")


class ViewParams(Asked):
    """Draw embeddings in frozen colours, or acquisitions."""

    show: Literal["pca", "dim", "support", "true-colour", "false-colour", "s1"]
    """The last three show acquisitions: those of `sources`, else those that the store was made of."""
    store: WorkspacePath | None = None
    sources: SourcesAsked | None = None
    dates: Days
    dim: Annotated[int, Field(ge=1, le=1024)] = 1
    sensor: Text = "s2"
    palette: Text = "cividis"
    out: WorkspacePath
    """Beginning of the file names; -SHOW-DATE.tif and .png are added."""
    overwrite: bool = False


def run(params: ViewParams, context: JobContext) -> dict[str, Any]:
    """The files."""
    from ....tasks.pictures import write_pictures

    stem = check_output(context.workspace, params.out)
    pictures = _of_store(params, context) if params.show in OF_STORE else _of_sources(params, context)
    overwrite = context.replaces(stem, params.overwrite)
    return {"files": made(context, write_pictures(pictures, stem, overwrite=overwrite, watch=context.watch))}


def _of_store(params: ViewParams, context: JobContext) -> Any:
    from ....errors import InputError
    from ....store import EmbeddingStore
    from ....tasks.pictures import Picture, store_pictures

    if params.store is None:
        raise InputError("no store was given", remedy="name an output of embed, such as area.zarr")
    assert params.show in OF_STORE
    picture = Picture(params.show, params.dim, params.sensor, params.palette)  # type: ignore[arg-type]
    store = EmbeddingStore(context.workspace.existing(params.store))
    return store_pictures(store, picture, listed(params.dates))


def _of_sources(params: ViewParams, context: JobContext) -> Any:
    from ....acquisitions.recorded import recorded_choice
    from ....errors import InputError
    from ....store import EmbeddingStore
    from ....tasks.pictures import acquisition_pictures

    workspace = context.workspace
    path = workspace.existing(params.store) if params.store else None
    if params.sources is not None:
        choice = params.sources.choice(workspace)
    elif path is not None:
        choice = recorded_choice(path, locate(workspace))
    else:
        raise InputError("no acquisitions were given", remedy="give sources, or a store")
    grid = EmbeddingStore(path).grid if path else None
    return acquisition_pictures(choice.open(grid), params.show, listed(params.dates))


VIEW = Kind("view", "Draw maps", ViewParams, run, outputs=outputs)
