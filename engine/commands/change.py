"""`change`: what changed between two dates or periods, or when a pixel's series broke."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..dates import parse_day
from ..errors import InputError
from ..progress import Progress
from .flags import RunFlags, flattened, keep_config
from .layers import check_layers_free, write_layers
from .terminal import Bar, Run
from .view import open_store

if TYPE_CHECKING:
    from ..store import EmbeddingStore
    from ..views.layer import Layer


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

    @property
    def periods(self) -> tuple[str, str] | None:
        if (self.before is None) != (self.after is None):
            raise InputError("change needs both periods or none", remedy="give --before and --after")
        return None if self.before is None or self.after is None else (self.before, self.after)


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
    run: Run = ctx.obj
    opened = open_store(store)
    periods = wanted.periods
    kinds = ["magnitude", "confidence", *([] if periods else ["date"])]
    stem = out or Path(store.stem)
    check_layers_free(stem, [f"change-{kind}" for kind in kinds], overwrite=overwrite)
    found = _between(run, opened, wanted, periods) if periods else _breaks(run, opened, wanted)
    layers = {f"change-{kind}": layer for kind, layer in found.items()}
    files = write_layers(run, layers, stem, overwrite=overwrite)
    config = keep_config(ctx, Path(f"{stem}-change"))
    run.result({"files": files, "config": str(config)}, "\n".join(files))


def _between(
    run: Run, store: "EmbeddingStore", wanted: ChangeFlags, periods: tuple[str, str]
) -> "dict[str, Layer]":
    from ..views.change import PeriodChange, check_dates, period_layers

    check_dates(store)
    before, after = (_dates(store, text) for text in periods)
    found = PeriodChange.fit(store, before, after, dims=wanted.dims, seed=wanted.seed, cancel=run.cancel)
    with Bar(run) as bar:
        return period_layers(store, found, progress=Progress("compare", 0, bar), cancel=run.cancel)


def _dates(store: "EmbeddingStore", text: str) -> tuple[int, ...]:
    """`2019-07-01`: that date of the store; `2019-06-01..2019-08-31`: all of them in between."""
    from ..dates import pick
    from ..views.maps import times_of
    from ..views.periods import dates_within

    first, separator, last = text.partition("..")
    if not separator:
        return tuple(pick(times_of(store), [text], "dates of the store"))
    begin, end = parse_day(first), parse_day(last)
    if end < begin:
        raise InputError("the period ends before it begins", value=text, remedy=f"{end}..{begin}")
    return dates_within(store, begin, end)


def _breaks(run: Run, store: "EmbeddingStore", wanted: ChangeFlags) -> "dict[str, Layer]":
    from ..views.change_breaks import BreakSearch, break_layers

    search = BreakSearch.fit(store, parts=wanted.parts, dims=wanted.dims, seed=wanted.seed, cancel=run.cancel)
    with Bar(run) as bar:
        return break_layers(
            store,
            search,
            least_confidence=wanted.least_confidence,
            progress=Progress("breaks", 0, bar),
            cancel=run.cancel,
        )
