"""`embed`: acquisitions of an area → an embedding store."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ..dates import parse_day
from ..errors import Cancelled, InputError
from .flags import RunFlags, flattened, keep_config
from .sources import AreaFlags, SourceFlags, gather
from .terminal import Bar, Run

if TYPE_CHECKING:
    from ..inference.runner import RunOptions
    from ..inference.targets import TargetChoice
    from ..store import EmbeddingStore
    from ..store_place import Place

_TARGETS, _MODEL = "Target dates", "Model and machine"


def _target(help_text: str) -> Any:
    return typer.Option(help=help_text, rich_help_panel=_TARGETS)


def _model(help_text: str, **more: Any) -> Any:
    return typer.Option(help=help_text, rich_help_panel=_MODEL, **more)


@dataclass(frozen=True)
class TargetFlags:
    """At which dates pixels are embedded."""

    dates: Annotated[
        str | None,
        _target("clear (S2 dates that are clear enough), every:N (days), or days: 2018-05-01,2018-06-01."),
    ] = None
    start: Annotated[str | None, _target("First target day, such as 2018-01-01.")] = None
    end: Annotated[str | None, _target("Last target day, included.")] = None
    clear_share: Annotated[float, _target("Share of clear pixels that makes an S2 date clear enough.")] = 0.1
    past_only: Annotated[bool, _target("Use no acquisition after the target date.")] = False

    @property
    def choice(self) -> "TargetChoice":
        from ..inference.targets import TargetChoice

        first, last = (parse_day(day) if day else None for day in (self.start, self.end))
        return TargetChoice(self.dates, first, last, self.clear_share)


@dataclass(frozen=True)
class ComputeFlags:
    """With which model, and how."""

    model: Annotated[str | None, _model("A shipped model's name or a .safetensors file.")] = None
    dims: Annotated[
        int | None, _model("Leading dimensions to store: 7, 16, 32; the model's own choice otherwise, 16.")
    ] = None
    dtype: Annotated[str, _model("Storage type: float16, int8.")] = "float16"
    device: Annotated[str, _model("auto, cpu or cuda.")] = "auto"
    precision: Annotated[str, _model("auto, float32 or bfloat16.")] = "auto"
    compile: Annotated[bool, _model("Compile the model: pays for runs of more than some minutes.")] = False
    memory: Annotated[float | None, _model("Peak memory to plan for, in GB.")] = None
    screen: Annotated[bool, _model("Take out cloud, shadow and snow that the Sentinel-2 mask missed.")] = True

    def options(self, *, past_only: bool) -> "RunOptions":
        from ..inference.device import Compute
        from ..inference.runner import RunOptions

        if self.memory is not None and not self.memory > 0:
            raise InputError("the memory must be above 0", value=self.memory, remedy="give GB, such as 3")
        return RunOptions(
            dims=self.dims,
            dtype=cast(Any, self.dtype),  # checked by StoreSpec
            past_only=past_only,
            screen=self.screen,
            memory_bytes=None if self.memory is None else int(self.memory * 1e9),
            compute=Compute(cast(Any, self.device), cast(Any, self.precision), self.compile),
        )


@flattened
def embed(
    ctx: typer.Context,
    sources: SourceFlags,
    area: AreaFlags,
    targets: TargetFlags,
    compute: ComputeFlags,
    flags: RunFlags,
    out: Annotated[
        Path | None, typer.Option(help="The store to write, on a disk or at s3://bucket/NAME.zarr.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace another embedding store.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Say what it would take, and stop.")] = False,
    dask: Annotated[
        str | None,
        typer.Option(help="Work on a cluster: tcp://host:8786, local:2, ssh:host1,host2, slurm:1-20, k8s:4."),
    ] = None,
) -> None:
    """Embed every pixel of an area at every target date.

    Run again after a stop or a crash, and it goes on where it was."""
    run: Run = ctx.obj
    from ..inference.device import Compute
    from ..inference.runner import embed_area, prepare_run
    from ..representation.checkpoint import DEFAULT_MODEL, load_checkpoint
    from ..store_place import Folder
    from .scaled import Scaled

    scaled = Scaled.of(dask, sources) if dask else None
    checkpoint = load_checkpoint(compute.model or DEFAULT_MODEL)
    found = gather(sources, area)
    options = replace(compute.options(past_only=targets.past_only), outline=found.outline)
    for note in found.notes:
        run.say(note)
    work = (checkpoint, found.sources, found.grid, targets.choice.days(found.sources, found.outline))
    # whether there is such a device is for the workers to say, if there are any
    estimate = prepare_run(*work, replace(options, compute=Compute()) if dask else options).estimate
    if plan:
        run.result({"plan": vars(estimate)}, _said(estimate))
        return
    run.say(_said(estimate))
    place = _place(out or Path(f"{found.name}.zarr"))
    kept = place.path if isinstance(place, Folder) else Path(place.name)  # where the settings are kept
    effective = {
        "out": str(kept.absolute() if isinstance(place, Folder) else place),
        "model": compute.model or DEFAULT_MODEL,
        "dates": targets.choice.wanted(found.sources),
    }
    try:
        with Bar(run) as bar:
            store = (scaled or embed_area)(
                *work, place, options=options, listener=bar, cancel=run.cancel, overwrite=overwrite
            )
    except Cancelled:
        if place.exists():
            run.say(f"finished tiles are kept; go on with --config {keep_config(ctx, kept, **effective)}")
        raise
    run.result(*_outcome(store, keep_config(ctx, kept, **effective)))


def _place(out: Path) -> "Place":
    """A folder, or the bucket that a path was made of: `s3://bucket/a.zarr` has become `s3:/bucket/a.zarr`."""
    from ..store_place import Bucket, Folder

    scheme, *rest = out.parts or ("",)
    if scheme.endswith(":") and len(scheme) > 2:
        return Bucket.at(f"{scheme}//{'/'.join(rest)}")
    return Folder(out)


def _said(estimate: Any) -> str:
    return (
        f"{estimate.pixel_dates:,} pixel-dates in {estimate.tiles} tiles; at most "
        f"{estimate.storage_bytes / 1e6:,.0f} MB of disk and {estimate.peak_memory_bytes / 1e9:.1f} GB memory"
    )


def _outcome(store: "EmbeddingStore", config: Path) -> tuple[dict[str, Any], str]:
    dates = [str(time)[:10] for time in store.times]
    values = {
        "store": str(store.place),
        "config": str(config),
        "shape": {
            "dates": len(dates),
            "dims": store.dims,
            "rows": store.grid.shape[0],
            "cols": store.grid.shape[1],
        },
        "dates": dates,
        "sensors": list(store.modalities),
        "model": {name: store.model[name] for name in ("name", "sha256")},
        "grid": store.grid.to_dict(),
    }
    text = f"{store.place}: {len(dates)} dates, {dates[0]} to {dates[-1]}, {store.dims} dimensions"
    return values, f"{text}\nreplay with phenolens embed --config {config}"
