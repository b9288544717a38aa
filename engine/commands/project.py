"""`project`: embeddings as points on a plane, and what a lasso drawn there encloses."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..dates import ALL, pick
from ..errors import InputError
from ..output import check_free
from ..progress import Progress
from .flags import RunFlags, flattened, keep_config
from .layers import check_layers_free, write_layers
from .terminal import Bar, Run
from .view import open_store

if TYPE_CHECKING:
    from ..grid import Grid
    from ..store import EmbeddingStore
    from ..views.projection import Projection, ProjectionSpec
    from ..views.projection_density import Colouring, ColourKind


class ProjectionMethod(StrEnum):
    PCA = "pca"
    UMAP = "umap"


class ColourBy(StrEnum):
    COUNT = "count"
    DATE = "date"
    SEASON = "season"
    DIM = "dim"
    CLASS = "class"


@dataclass(frozen=True)
class ProjectionFlags:
    """How the projection is fitted; once fitted it is kept with the store."""

    method: Annotated[ProjectionMethod, typer.Option(help="umap, or pca (linear, whitened).")] = (
        ProjectionMethod.UMAP
    )
    components: Annotated[int, typer.Option(help="2 or 3.")] = 2
    dims: Annotated[int | None, typer.Option(help="Leading dimensions; all otherwise.")] = None
    pixels: Annotated[int, typer.Option(help="Pixel-dates in the sample that it is fitted on.")] = 20_000
    neighbours: Annotated[int, typer.Option(help="Of umap: more show the whole, fewer the detail.")] = 30
    min_dist: Annotated[float, typer.Option(help="Of umap: how close points may lie, 0 to 1.")] = 0.1
    seed: Annotated[int, typer.Option(help="Seed of the sample and the fit.")] = 0
    refit: Annotated[bool, typer.Option("--refit", help="Fit again and replace the one kept.")] = False

    @property
    def spec(self) -> "ProjectionSpec":
        from ..views.projection import ProjectionSpec

        return ProjectionSpec(
            self.method.value,
            self.components,
            self.dims,
            self.pixels,
            self.neighbours,
            self.min_dist,
            self.seed,
        )


@dataclass(frozen=True)
class PictureFlags:
    """What is drawn and selected."""

    date: Annotated[list[str] | None, typer.Option(help="Day to project; all otherwise. Repeatable.")] = None
    colour: Annotated[ColourBy, typer.Option(help="What colours show.")] = ColourBy.COUNT
    dim: Annotated[int, typer.Option(help="Dimension of --colour dim, from 1.", min=1)] = 1
    class_map: Annotated[
        Path | None, typer.Option(help="Of --colour class: a map such as the one that cluster writes.")
    ] = None
    axes: Annotated[str, typer.Option(help="Components along x and y.")] = "1,2"
    lasso: Annotated[
        str | None,
        typer.Option(help="Corners on the picture, such as '0,0 2,0 1,2': what lies inside is mapped."),
    ] = None


@flattened
def project(
    ctx: typer.Context,
    store: Annotated[Path, typer.Argument(help="An embedding store.")],
    fit: ProjectionFlags,
    picture: PictureFlags,
    flags: RunFlags,
    out: Annotated[
        Path | None, typer.Option(help="Beginning of the file names; -umap.png … is added.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
) -> None:
    """Draw where embeddings lie in a frozen projection; map and list (CSV) what a lasso encloses."""
    from ..views.maps import times_of
    from ..views.projection_density import density, write_density
    from ..views.projection_fit import frozen_projection

    run: Run = ctx.obj
    opened = open_store(store)
    dates = pick(times_of(opened), picture.date or [ALL], "dates of the store")
    axes, corners = _axes(picture.axes), None if picture.lasso is None else _corners(picture.lasso)
    colouring = _colouring(picture, opened.grid)
    stem = Path(f"{out or Path(store.stem)}-{fit.method}")
    drawn = Path(f"{stem}.png")
    check_free(drawn, overwrite=overwrite)
    if corners is not None:
        check_free(Path(f"{stem}-selected.csv"), overwrite=overwrite)
        check_layers_free(stem, ["selected"], overwrite=overwrite)
    with Bar(run) as bar:
        projection = frozen_projection(
            opened, fit.spec, refit=fit.refit, progress=Progress("fit", 4, bar), cancel=run.cancel
        )
        counted = density(
            opened,
            projection,
            dates,
            colouring=colouring,
            axes=axes,
            progress=Progress("project", 0, bar),
            cancel=run.cancel,
        )
    files = [str(write_density(counted, drawn, overwrite=overwrite))]
    selected = 0
    if corners is not None:
        more, selected = _select(run, opened, projection, corners, dates, axes, stem, overwrite)
        files += more
    config = keep_config(ctx, stem)
    values = {"files": files, "config": str(config), "pixels": counted.pixels, "selected": selected}
    run.result(
        values | {"fidelity": vars(projection.fidelity)}, "\n".join([*files, str(projection.fidelity)])
    )


def _colouring(picture: PictureFlags, grid: "Grid") -> "Colouring":
    from ..views.projection_classes import read_class_map
    from ..views.projection_density import Colouring

    if picture.colour is ColourBy.CLASS:
        if picture.class_map is None:
            raise InputError("colouring by class needs a map of classes", remedy="give --class-map MAP.tif")
        codes, classes = read_class_map(picture.class_map, grid)
        return Colouring("class", classes=classes, codes=codes)
    kinds: dict[ColourBy, ColourKind] = {
        ColourBy.COUNT: "count",
        ColourBy.DATE: "date",
        ColourBy.SEASON: "season",
        ColourBy.DIM: "dimension",
    }
    return Colouring(kinds[picture.colour], picture.dim - 1)


def _axes(text: str) -> tuple[int, int]:
    try:
        first, second = (int(part) - 1 for part in text.split(","))
    except ValueError as error:
        raise InputError("the axes are not two components", value=text, remedy="write them as 1,2") from error
    return first, second


def _corners(text: str) -> list[list[float]]:
    """Checked before the projection is fitted, which takes longer."""
    from ..views.projection_lasso import lasso_polygon

    try:
        corners = [[float(part) for part in pair.split(",")] for pair in text.split()]
    except ValueError as error:
        raise InputError("a lasso is made of numbers", value=text, remedy="'0,0 2,0 1,2'") from error
    if any(len(pair) != 2 for pair in corners):
        raise InputError("a corner of a lasso has two numbers", value=text, remedy="'0,0 2,0 1,2'")
    lasso_polygon(corners)
    return corners


def _select(
    run: Run,
    store: "EmbeddingStore",
    projection: "Projection",
    corners: list[list[float]],
    dates: list[int],
    axes: tuple[int, int],
    stem: Path,
    overwrite: bool,
) -> tuple[list[str], int]:
    from ..views.maps import provenance
    from ..views.projection_lasso import lasso, selection_layer, write_selection

    with Bar(run) as bar:
        selection = lasso(
            store,
            projection,
            corners,
            dates,
            axes=axes,
            progress=Progress("lasso", 0, bar),
            cancel=run.cancel,
        )
    title = f"Inside a lasso on the {projection.spec.method.upper()}, share of {len(dates)} dates"
    layer = selection_layer(selection, title, dict(provenance(store, dates[0])))
    table = write_selection(selection, store, Path(f"{stem}-selected.csv"), overwrite=overwrite)
    return [*write_layers(run, {"selected": layer}, stem, overwrite=overwrite), str(table)], len(selection)
