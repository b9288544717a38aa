"""`series`: what single pixels did over time, as CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import AreaError
from .flags import RunFlags, flattened, keep_config
from .sources import SourceFlags, gather, recorded_sources
from .terminal import Run
from .view import open_store

if TYPE_CHECKING:
    from ..grid import Grid
    from ..views.series import Place

_PLACES = "Pixels (repeatable)"


def _place(help_text: str) -> Any:
    return typer.Option(help=help_text, rich_help_panel=_PLACES)


@dataclass(frozen=True)
class PlaceFlags:
    """Which pixels."""

    lonlat: Annotated[
        list[str] | None, _place("Longitude,latitude in degrees, such as --lonlat=3.02,50.81.")
    ] = None
    xy: Annotated[list[str] | None, _place("Easting,northing in the store's CRS.")] = None
    pixel: Annotated[list[str] | None, _place("Row,column, from 0,0 at the upper left.")] = None

    def places(self, grid: "Grid") -> "list[Place]":
        """The pixels named; `AreaError` where none is, or one lies outside."""
        from ..views.series import Place

        named = [(text, grid.pixel_at(*_pair(text))) for text in self.lonlat or ()]
        named += [(text, grid.pixel_at_xy(*_pair(text))) for text in self.xy or ()]
        named += [(text, _inside(text, grid)) for text in self.pixel or ()]
        if not named:
            raise AreaError("no pixel was named", remedy="give --lonlat, --xy or --pixel")
        return [Place(text, *pixel) for text, pixel in named]


def _pair(text: str) -> tuple[float, float]:
    try:
        first, second = (float(part) for part in text.split(","))
    except ValueError as error:
        raise AreaError(
            "a position needs two numbers", value=text, remedy="write it as 3.02,50.81"
        ) from error
    return first, second


def _inside(text: str, grid: "Grid") -> tuple[int, int]:
    row, col = (int(part) for part in _pair(text))
    if not (0 <= row < grid.shape[0] and 0 <= col < grid.shape[1]):
        raise AreaError(
            "the pixel lies outside the area",
            value=text,
            remedy=f"rows 0 to {grid.shape[0] - 1}, columns 0 to {grid.shape[1] - 1}",
        )
    return row, col


@flattened
def series(
    ctx: typer.Context,
    store: Annotated[Path, typer.Argument(help="An embedding store.")],
    places: PlaceFlags,
    sources: SourceFlags,
    flags: RunFlags,
    bands: Annotated[
        bool, typer.Option("--bands", help="Add bands, backscatter and NDVI of the store's acquisitions.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="The CSV to write; STORE-series.csv otherwise.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
) -> None:
    """Write position, date, quality, support and embedding of pixels over all dates as CSV."""
    run: Run = ctx.obj
    from ..views.series import series_rows, write_series

    opened = open_store(store)
    wanted = places.places(opened.grid)
    acquisitions = None
    if bands or sources.given:
        flags_of = sources if sources.given else recorded_sources(store)
        acquisitions = gather(flags_of, grid=opened.grid).sources
    rows = list(series_rows(opened, wanted, acquisitions))
    path = write_series(rows, out or store.with_name(f"{store.stem}-series.csv"), overwrite=overwrite)
    config = keep_config(ctx, path)
    values = {"file": str(path), "config": str(config), "rows": len(rows), "pixels": _pixels(wanted)}
    run.result(values, f"{path}: {len(rows)} rows of {len(wanted)} pixels")


def _pixels(places: "Sequence[Place]") -> list[dict[str, Any]]:
    return [{"point": place.name, "row": place.row, "col": place.col} for place in places]
