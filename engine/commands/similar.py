"""`similar`: pixels like these, on a date or over all dates."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..dates import pick
from ..errors import AreaError, InputError
from ..progress import Progress
from .flags import RunFlags, flattened, keep_config
from .layers import check_layers_free, write_layers
from .series import PlaceFlags
from .terminal import Bar, Run
from .view import open_store

if TYPE_CHECKING:
    from ..grid import Grid
    from ..store import EmbeddingStore
    from ..views.layer import Layer

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
    from ..views.maps import times_of

    run: Run = ctx.obj
    opened = open_store(store)
    like, unlike = seeds.positive(opened.grid), seeds.negative(opened.grid)
    if trajectory and (date or seed_date):
        raise InputError("a date was given for a comparison over all dates", remedy="leave out --date")
    times = times_of(opened)
    dates = [] if trajectory else pick(times, date or (), "dates of the store")
    names = ["similar-trajectory"] if trajectory else [f"similar-{times[d]:%Y-%m-%d}" for d in dates]
    stem = out or Path(store.stem)
    check_layers_free(stem, names, overwrite=overwrite)
    if trajectory:
        layers = {names[0]: _trajectory(run, opened, like, unlike, shift, dims, seed)}
    else:
        origins = pick(times, [seed_date], "dates of the store") * len(dates) if seed_date else dates
        drawn = [
            _dated(run, opened, like, unlike, *pair, dims, seed) for pair in zip(dates, origins, strict=True)
        ]
        layers = dict(zip(names, drawn, strict=True))
    files = write_layers(run, layers, stem, overwrite=overwrite)
    config = keep_config(ctx, Path(f"{stem}-similar"))
    values = {"files": files, "config": str(config), "like": len(like), "unlike": len(unlike)}
    run.result(values, "\n".join([*files, f"{len(like)} seed pixels, {len(unlike)} to keep away from"]))


def _trajectory(
    run: Run, store: "EmbeddingStore", like: Pixels, unlike: Pixels, shift: int, dims: int | None, seed: int
) -> "Layer":
    from ..views.trajectory import TrajectorySearch, trajectory_layer

    search = TrajectorySearch.fit(store, like, unlike, shift=shift, dims=dims, seed=seed, cancel=run.cancel)
    with Bar(run) as bar:
        return trajectory_layer(store, search, progress=Progress("compare", 0, bar), cancel=run.cancel)


def _dated(
    run: Run,
    store: "EmbeddingStore",
    like: Pixels,
    unlike: Pixels,
    date: int,
    origin: int,
    dims: int | None,
    seed: int,
) -> "Layer":
    from ..views.similarity import Similarity, seed_embeddings, similarity_layer

    positive, negative = (
        seed_embeddings(store, pixels, origin, dims=dims) if pixels else None for pixels in (like, unlike)
    )
    if positive is None:
        raise AreaError("no seed was named", remedy="give --like")
    found = Similarity.fit(store, positive, negative, dims=dims, seed=seed, cancel=run.cancel)
    with Bar(run) as bar:
        return similarity_layer(store, found, date, progress=Progress("compare", 0, bar), cancel=run.cancel)
