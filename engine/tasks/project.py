"""Embeddings as points on a plane, drawn, and what a lasso drawn there encloses, mapped and listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..dates import ALL, pick
from ..errors import InputError
from ..grid import Grid
from ..output import check_free
from ..progress import Watch
from ..store import EmbeddingStore
from ..views.maps import provenance, times_of
from ..views.projection import Projection, ProjectionSpec
from ..views.projection_classes import read_class_map
from ..views.projection_density import Colouring, ColourKind, density
from ..views.projection_fit import frozen_projection
from ..views.projection_lasso import lasso, lasso_polygon, selection_layer, write_selection
from ..views.projection_picture import write_density
from .mapfiles import check_maps_free, write_maps

ColourBy = Literal["count", "date", "season", "dim", "class"]
_KINDS: dict[str, ColourKind] = {"count": "count", "date": "date", "season": "season", "dim": "dimension"}


@dataclass(frozen=True)
class ScatterChoice:
    """What is drawn and selected."""

    days: Sequence[str] = ()
    """All when empty."""
    colour: ColourBy = "count"
    dim: int = 1
    """Of colour `dim`, from 1."""
    class_map: Path | None = None
    """Of colour `class`."""
    axes: tuple[int, int] = (1, 2)
    """Components along x and y, from 1."""
    lasso: Sequence[Sequence[float]] | None = None
    """Corners on the picture."""

    def colouring(self, grid: Grid) -> Colouring:
        if self.colour != "class":
            return Colouring(_KINDS[self.colour], self.dim - 1)
        if self.class_map is None:
            raise InputError("colouring by class needs a map of classes", remedy="give --class-map MAP.tif")
        codes, classes = read_class_map(self.class_map, grid)
        return Colouring("class", classes=classes, codes=codes)

    @property
    def components(self) -> tuple[int, int]:
        """From 0."""
        return self.axes[0] - 1, self.axes[1] - 1


@dataclass(frozen=True, eq=False)
class Projected:
    """What a projection has given."""

    projection: Projection
    files: list[Path]
    pixels: int
    selected: int


def project_store(
    store: EmbeddingStore,
    spec: ProjectionSpec,
    choice: ScatterChoice,
    stem: Path,
    *,
    refit: bool,
    overwrite: bool,
    watch: Watch,
) -> Projected:
    """STEM-METHOD.png, and with a lasso -selected.tif, .png and .csv; everything is checked before the fit."""
    dates = pick(times_of(store), list(choice.days) or [ALL], "dates of the store")
    colouring = choice.colouring(store.grid)
    named = Path(f"{stem}-{spec.method}")
    drawn = Path(f"{named}.png")
    check_free(drawn, overwrite=overwrite)
    if choice.lasso is not None:
        lasso_polygon(choice.lasso)
        check_free(Path(f"{named}-selected.csv"), overwrite=overwrite)
        check_maps_free(named, ["selected"], overwrite=overwrite)
    projection = frozen_projection(
        store, spec, refit=refit, progress=watch.progress("fit", 4), cancel=watch.cancel
    )
    counted = density(
        store,
        projection,
        dates,
        colouring=colouring,
        axes=choice.components,
        progress=watch.progress("project"),
        cancel=watch.cancel,
    )
    files, selected = [write_density(counted, drawn, overwrite=overwrite)], 0
    if choice.lasso is not None:
        more, selected = _select(store, projection, choice, dates, named, overwrite, watch)
        files += more
    return Projected(projection, files, counted.pixels, selected)


def _select(
    store: EmbeddingStore,
    projection: Projection,
    choice: ScatterChoice,
    dates: list[int],
    stem: Path,
    overwrite: bool,
    watch: Watch,
) -> tuple[list[Path], int]:
    assert choice.lasso is not None
    selection = lasso(
        store,
        projection,
        choice.lasso,
        dates,
        axes=choice.components,
        progress=watch.progress("lasso"),
        cancel=watch.cancel,
    )
    title = f"Inside a lasso on the {projection.spec.method.upper()}, share of {len(dates)} dates"
    layer = selection_layer(selection, title, dict(provenance(store, dates[0])))
    table = write_selection(selection, store, Path(f"{stem}-selected.csv"), overwrite=overwrite)
    files = write_maps({"selected": layer}, stem, overwrite=overwrite, watch=watch)
    return [*files, table], len(selection)
