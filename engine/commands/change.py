"""`change`: what changed between two dates or periods, or when a pixel's series broke."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from .flags import RunFlags, flattened, keep_config
from .terminal import Bar, Run
from .view import open_store


@dataclass(frozen=True)
class ChangeFlags:
    """Which change."""

    before: Annotated[
        str | None, typer.Option(help="Day, or period such as 2019-06-01..2019-08-31. With --after.")
    ] = None
    after: Annotated[str | None, typer.Option(help="Day or period to compare with.")] = None
    parts: Annotated[int, typer.Option(help="Without periods: parts of the year that are compared.")] = 12
    least_confidence: Annotated[
        float, typer.Option(help="Without periods: robust z from which on dates are mapped; 3 is strict.")
    ] = 2.0
    dims: Annotated[int | None, typer.Option(help="Leading dimensions; all otherwise.")] = None
    seed: Annotated[int, typer.Option(help="Seed of the sample.")] = 0


@flattened
def change(
    ctx: typer.Context,
    store: Annotated[Path, typer.Argument(help="An embedding store.")],
    wanted: ChangeFlags,
    flags: RunFlags,
    out: Annotated[Path | None, typer.Option(help="Beginning of the file names; -change-… is added.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
) -> None:
    """Map change between two periods, or without them the largest break of each pixel beside its seasons.

    Writes magnitude (percentile), confidence and, of breaks, the date, as GeoTIFF (COG) and PNG."""
    from ..tasks.change import ChangeChoice, map_change

    run: Run = ctx.obj
    opened, stem = open_store(store), out or Path(store.stem)
    choice = ChangeChoice(**vars(wanted))
    with Bar(run) as bar:
        files = map_change(opened, choice, stem, overwrite=overwrite, watch=run.watch(bar))
    config = keep_config(ctx, Path(f"{stem}-change"))
    paths = [str(path) for path in files]
    run.result({"files": paths, "config": str(config)}, "\n".join(paths))
