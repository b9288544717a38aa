"""`embed`: acquisitions of an area → an embedding store."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from .... import __version__
from ....output import write_text
from ...schema import Asked, Day, Dims, Number, WorkspacePath
from ...workspace import is_unfinished
from ..context import JobContext, Kind
from .params import AreaAsked, SourcesAsked, check_output, day, outputs

if TYPE_CHECKING:
    from ....inference.runner import RunOptions
    from ....store import EmbeddingStore


ModelName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$|\.safetensors$", max_length=1024)
]


class EmbedParams(Asked):
    """Embed every pixel of an area at every target date."""

    sources: SourcesAsked
    area: AreaAsked | None = None
    """The extent of the data, where it is left out."""
    out: WorkspacePath
    """The store to write, `NAME.zarr`."""
    overwrite: bool = False
    """Replace another embedding store."""
    dates: Annotated[str, Field(min_length=1, max_length=100_000)] | None = None
    """`clear`, `every:N` (days), or days such as `2018-05-01,2018-06-01`."""
    start: Day | None = None
    end: Day | None = None
    clear_share: Annotated[float, Field(gt=0, le=1)] = 0.1
    past_only: bool = False
    model: ModelName | None = None
    """A shipped model's name, or a .safetensors file of the workspace."""
    dims: Dims | None = None
    dtype: Literal["float16", "int8"] = "float16"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    compile: bool = False
    memory_gb: Annotated[Number, Field(gt=0, le=100_000)] | None = None
    screen: bool = True


_KEPT = {
    "start",
    "end",
    "clear_share",
    "past_only",
    "dims",
    "dtype",
    "device",
    "precision",
    "compile",
    "screen",
}


def run(params: EmbedParams, context: JobContext) -> dict[str, Any]:
    """The store's description; finished tiles of an earlier attempt are kept."""
    from ....inference.runner import embed_area, prepare_run
    from ....inference.targets import TargetChoice
    from ....outline import Outline
    from ....representation.checkpoint import DEFAULT_MODEL, load_checkpoint

    workspace = context.workspace
    out = check_output(workspace, params.out, ".zarr")
    going_on = context.owns(out) and is_unfinished(out)
    if params.overwrite or not out.exists():
        context.own(out)
    area = params.area.grid(workspace) if params.area else None
    shape = params.area.shape(workspace) if params.area else None
    checkpoint = load_checkpoint(_model(context, params.model) or DEFAULT_MODEL)
    context.cancel.check()
    found = params.sources.choice(workspace).open(area)
    for note in found.notes:
        context.log.info(note)
    targets = TargetChoice(params.dates, day(params.start), day(params.end), params.clear_share)
    outline = Outline.of(shape, found.grid.crs) if shape else None
    days = targets.days(found.sources, outline)
    context.cancel.check()
    options = replace(_options(params), outline=outline)
    work = prepare_run(checkpoint, found.sources, found.grid, days, options).estimate
    store = embed_area(
        checkpoint,
        found.sources,
        found.grid,
        days,
        out,
        options=options,
        listener=context.listener,
        cancel=context.cancel,
        overwrite=params.overwrite and not going_on,
    )
    config = _keep_config(params, context, out, targets.wanted(found.sources))
    # what later plans tell their time by
    effort = {"read_bytes": work.read_bytes, "pixel_dates": work.pixel_dates, "whole": not going_on}
    return {"store": params.out, "config": config, **_told(store), "effort": effort}


def _keep_config(params: EmbedParams, context: JobContext, out: Path, dates: str) -> str:
    """Beside the store, as the command leaves it: it replays there, and tells where the acquisitions are."""
    from ....config import config_beside, to_toml
    from ....representation.checkpoint import DEFAULT_MODEL

    workspace = context.workspace
    area = params.area.flags(workspace) if params.area else {}
    kept = params.model_dump(include=_KEPT)
    stated = {**params.sources.flags(workspace), **area, **kept, "dates": dates, "out": out}
    stated |= {"memory": params.memory_gb, "model": _model(context, params.model) or DEFAULT_MODEL}
    path = config_beside(out)
    note = f"phenolens {__version__}; replay: phenolens embed --config {path.name} --overwrite"
    flags = {name.replace("_", "-"): value for name, value in stated.items()}
    write_text(path, to_toml("embed", flags, note), overwrite=True)
    return workspace.relative(path)


def _model(context: JobContext, model: str | None) -> str | None:
    """A name, or the absolute path of a file."""
    if model is None or not model.endswith(".safetensors"):
        return model
    return str(context.workspace.source(model))


def _options(params: EmbedParams) -> "RunOptions":
    from ....inference.device import Compute
    from ....inference.runner import RunOptions

    return RunOptions(
        dims=params.dims,
        dtype=params.dtype,
        past_only=params.past_only,
        screen=params.screen,
        memory_bytes=None if params.memory_gb is None else int(params.memory_gb * 1e9),
        compute=Compute(params.device, params.precision, params.compile),
    )


def _told(store: "EmbeddingStore") -> dict[str, Any]:
    rows, cols = store.grid.shape
    return {
        "shape": {"dates": len(store.times), "dims": store.dims, "rows": rows, "cols": cols},
        "dates": [str(time)[:10] for time in store.times],
        "sensors": list(store.modalities),
        "model": {name: store.model[name] for name in ("name", "sha256")},
        "grid": store.grid.to_dict(),
    }


EMBED = Kind(
    "embed",
    "Embed an area",
    EmbedParams,
    run,
    outputs=outputs,
    gpu=True,
)
