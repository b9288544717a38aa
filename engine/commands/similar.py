"""`similar`: pixels like these, on a date or over all dates."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import AreaError
from .flags import RunFlags, flattened, keep_config
from .series import PlaceFlags
from .terminal import Bar, Run
from .view import open_store

if TYPE_CHECKING:
    from ..grid import Grid

Pixels = list[tuple[int, int]]


def _seed(help_text: str) -> Any:
    return typer.Option(help=help_text, rich_help_panel="Seeds (repeatable)")


@dataclass(frozen=True)
class SeedFlags:
    """What to search for, and what to keep away from."""

    like: Annotated[list[str] | None, _seed("Longitude,latitude of a pixel to search for.")] = None
    like_xy: Annotated[list[str] | None, _seed("Easting,northing of one, in the store's CRS.")] = None
    like_pixel: Annotated[list[str] | None, _seed("Row,column of one.")] = None
    like_file: Annotated[list[Path] | None, _seed("Polygons to search for (GeoPackage, GeoJSON, …).")] = None
    unlike: Annotated[list[str] | None, _seed("Longitude,latitude of a pixel to keep away from.")] = None
    unlike_xy: Annotated[list[str] | None, _seed("Easting,northing of one.")] = None
    unlike_pixel: Annotated[list[str] | None, _seed("Row,column of one.")] = None
    unlike_file: Annotated[list[Path] | None, _seed("Polygons to keep away from.")] = None

    def positive(self, grid: "Grid") -> Pixels:
        found = _pixels(PlaceFlags(self.like, self.like_xy, self.like_pixel), self.like_file, grid)
        if not found:
            raise AreaError("no seed was named", remedy="give --like, --like-xy, --like-pixel or --like-file")
        return found

    def negative(self, grid: "Grid") -> Pixels:
        return _pixels(PlaceFlags(self.unlike, self.unlike_xy, self.unlike_pixel), self.unlike_file, grid)


def _pixels(named: PlaceFlags, files: list[Path] | None, grid: "Grid") -> Pixels:
    """Pixels of points, then those of polygons."""
    from ..views.similarity_seeds import polygon_pixels

    given = any((named.lonlat, named.xy, named.pixel))
    points = [(place.row, place.col) for place in named.places(grid)] if given else []
    return points + [pixel for path in files or () for pixel in polygon_pixels(path, grid)]


@flattened
def similar(
    ctx: typer.Context,
    store: Annotated[Path, typer.Argument(help="An embedding store.")],
    seeds: SeedFlags,
    flags: RunFlags,
    date: Annotated[list[str] | None, typer.Option(help="Day to map, or all. Repeatable.")] = None,
    seed_date: Annotated[
        str | None, typer.Option(help="Day on which the seeds are taken; the day of the map otherwise.")
    ] = None,
    trajectory: Annotated[
        bool,
        typer.Option("--trajectory", help="Compare whole series: what behaved like this over all dates."),
    ] = False,
    shift: Annotated[int, typer.Option(help="With --trajectory: dates a series may run early or late.")] = 0,
    dims: Annotated[int | None, typer.Option(help="Leading dimensions; all otherwise.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the sample.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Beginning of the file names; -similar… is added.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
) -> None:
    """Map how alike every pixel is to some seeds, as a percentile: GeoTIFF (COG) and PNG."""
    from ..tasks.similar import SimilarChoice, map_similar

    run: Run = ctx.obj
    opened, stem = open_store(store), out or Path(store.stem)
    choice = SimilarChoice(
        seeds.positive(opened.grid),
        seeds.negative(opened.grid),
        date or (),
        seed_date,
        trajectory,
        shift,
        dims,
        seed,
    )
    with Bar(run) as bar:
        files = map_similar(opened, choice, stem, overwrite=overwrite, watch=run.watch(bar))
    config = keep_config(ctx, Path(f"{stem}-similar"))
    paths, like, unlike = [str(path) for path in files], len(choice.like), len(choice.unlike)
    values = {"files": paths, "config": str(config), "like": like, "unlike": unlike}
    run.result(values, "\n".join([*paths, f"{like} seed pixels, {unlike} to keep away from"]))
