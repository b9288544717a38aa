"""`project`: embeddings as points on a plane, and what a lasso drawn there encloses."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .flags import RunFlags, flattened, keep_config
from .terminal import Bar, Run
from .view import open_store

if TYPE_CHECKING:
    from ..views.projection import ProjectionSpec


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
    from ..tasks.project import ScatterChoice, project_store

    run: Run = ctx.obj
    opened, stem = open_store(store), out or Path(store.stem)
    choice = ScatterChoice(
        picture.date or (),
        picture.colour.value,
        picture.dim,
        picture.class_map,
        _axes(picture.axes),
        None if picture.lasso is None else _corners(picture.lasso),
    )
    with Bar(run) as bar:
        made = project_store(
            opened, fit.spec, choice, stem, refit=fit.refit, overwrite=overwrite, watch=run.watch(bar)
        )
    config = keep_config(ctx, Path(f"{stem}-{fit.method}"))
    paths, fidelity = [str(path) for path in made.files], made.projection.fidelity
    values = {"files": paths, "config": str(config), "pixels": made.pixels, "selected": made.selected}
    run.result(values | {"fidelity": vars(fidelity)}, "\n".join([*paths, str(fidelity)]))


def _axes(text: str) -> tuple[int, int]:
    try:
        first, second = (int(part) for part in text.split(","))
    except ValueError as error:
        raise InputError("the axes are not two components", value=text, remedy="write them as 1,2") from error
    return first, second


def _corners(text: str) -> list[list[float]]:
    try:
        corners = [[float(part) for part in pair.split(",")] for pair in text.split()]
    except ValueError as error:
        raise InputError("a lasso is made of numbers", value=text, remedy="'0,0 2,0 1,2'") from error
    if any(len(pair) != 2 for pair in corners):
        raise InputError("a corner of a lasso has two numbers", value=text, remedy="'0,0 2,0 1,2'")
    return corners
