"""Projections: how many pixels fall where, what a lasso encloses; and searches for pixels like some others."""

import base64
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from ...errors import InputError
from ..schema import Asked, Dims, Number, Told, WorkspacePath
from .at_once import AtOnce
from .forms import Date, Numbers, Pixel, Polygon, Position, Step, WindowAsked, part_of
from .reads import ClassTold

if TYPE_CHECKING:
    from ...views.projection_density import Colouring
    from ..reading.desk import Desk
    from ..reading.projections import Projected, Scope

router = APIRouter(tags=["projections"])
Component = Annotated[int, Field(ge=1, le=3)]


class _Projected(Asked):
    """Pixels of some dates in the projection that is kept with a store."""

    store: WorkspacePath
    method: Literal["umap", "pca"] = "umap"
    """A UMAP is fitted by the job `project`; PCA at once."""
    components: Literal[2, 3] = 2
    dates: Annotated[list[Date], Field(min_length=1, max_length=1_000)] | None = None
    """All, where left out."""
    window: WindowAsked | None = None
    step: Step = 1
    axes: Annotated[list[Component], Field(min_length=2, max_length=2)] = Field(
        default_factory=lambda: [1, 2]
    )
    """Components along x and y, from 1."""

    @property
    def xy(self) -> tuple[int, int]:
        return self.axes[0] - 1, self.axes[1] - 1

    @property
    def scope(self) -> "Scope":
        from ..reading.projections import Scope  # noqa: PLC0415 - scikit-learn comes with it

        dates = None if self.dates is None else tuple(self.dates)
        return Scope(self.method, self.components, dates, part_of(self.window, self.step), self.xy)

    def projected(self, desk: "Desk", selected: "SelectedAsked | None" = None) -> "Projected":
        """Of the pixels in scope, or of those among them that are selected."""
        from ..reading.projections import chosen_of  # noqa: PLC0415 - scikit-learn comes with it

        opened = desk.stores.open(self.store)
        found = desk.projections.projected(opened, self.scope)
        if selected is None:
            return found
        return found.among(chosen_of(opened.store, selected.dates, selected.bits))


class SelectedAsked(Asked):
    """Pixels of the whole store, one bit each, as a lasso tells them."""

    dates: (
        Annotated[list[Annotated[int, Field(ge=0, lt=10**6)]], Field(min_length=1, max_length=1_000)] | None
    ) = None
    """Indices into the store's times, a mask for each; where left out, one mask for all dates."""
    bits: Annotated[str, Field(max_length=16 * 2**20)]
    """Base64; row by row, the first pixel in the highest bit, each mask filled up to whole bytes."""


class ClassesAsked(Asked):
    """Classes that pixels belong to: of a layer on each date, or given ones on all dates."""

    layer: Annotated[str, Field(max_length=1100)] = "cluster"
    """`cluster`, or a probe that predicts classes: `probe:ID` of a preview or `probe:FILE.probe`."""
    clusters: Annotated[int, Field(ge=2, le=254)] = 8
    """Of `cluster`: how many."""
    period: Date | None = None
    """Of a probe, such as 2018-03-01/2018-10-31: its classes then, whatever the date."""
    codes: Annotated[str, Field(max_length=16 * 2**20)] | None = None
    """Base64; a byte for each pixel of the store, row by row, 0 = none. In place of a layer."""


class DensityAsked(_Projected):
    selected: SelectedAsked | None = None
    """Count these pixels alone."""
    colour: Literal["count", "date", "season", "dimension", "class"] = "count"
    """What `value` says of the pixels of a bin: their number, the mean date (days since 1970), day of year or
    dimension, or the code of the commonest class."""
    classes: ClassesAsked = Field(default_factory=ClassesAsked)
    """Of `class`."""
    dim: Dims = 1
    """Of `dimension`, from 1."""
    bins: Annotated[int, Field(ge=8, le=1024)] = 320


class DensityTold(Told):
    """A histogram; row 0 is at the bottom."""

    extent: list[float]
    """Left, right, bottom, top."""
    axes: list[str]
    count: Numbers
    """[y, x] pixel-dates."""
    value: Numbers
    """[y, x] what the colour shows; NaN where there is nothing."""
    pixels: int
    """Pixel-dates counted, those outside the picture included."""
    outside: int
    dates: int
    classes: list[ClassTold] | None
    """What the codes of a layer stand for."""
    fidelity: str
    """What the projection keeps of the embeddings' neighbourhoods, measured on pixels held out."""
    fit: str | None
    """Of a UMAP: which fit it is, for lassos that are drawn in it."""
    neighbours: int | None
    min_dist: float | None
    """What a UMAP was fitted with."""


class LassoAsked(_Projected):
    corners: Annotated[
        list[Annotated[list[Number], Field(min_length=2, max_length=2)]],
        Field(min_length=3, max_length=1_000),
    ]
    """Along the axes; one that crosses itself encloses what lies on the odd side of its lines."""
    fit: Annotated[str, Field(max_length=64)] | None = None
    """Of a UMAP: the fit that it was drawn in, as a density tells it; refused where the store keeps another one."""


class LassoTold(Told):
    """Pixels of some dates, one bit each: row by row, the first pixel in the highest bit of the first byte."""

    shape: list[int]
    """Rows and columns of the window, in steps."""
    dates: list[int]
    """Indices into the store's times, ascending."""
    selected: list[int]
    """Pixels, by date."""
    bits: str
    """Base64; the dates one after the other, each filled up to whole bytes."""


class PositionsAsked(_Projected):
    pixels: Annotated[list[Pixel], Field(min_length=1, max_length=400)]
    """Of the store; window and step have no part in it."""


class PositionsTold(Told):
    """Where single pixels lie in a projection."""

    points: Numbers
    """[pixel, date, axis]; NaN where there is no embedding."""
    dates: list[int]
    """Indices into the store's times, ascending."""
    axes: list[str]


class Seeded(Asked):
    """Pixels: by row and column, by position, or those of a polygon (at most 400 of them, evenly)."""

    pixels: Annotated[list[Pixel], Field(max_length=400)] = Field(default_factory=list)
    lonlat: Annotated[list[Position], Field(max_length=400)] = Field(default_factory=list)
    polygon: Polygon | None = None

    def found(self, desk: "Desk", store: str) -> tuple[tuple[int, int], ...]:
        rings = None if self.polygon is None else (self.polygon.rings, self.polygon.crs)
        return desk.named(store, self.pixels, self.lonlat, rings)


class SimilarityAsked(Asked):
    store: WorkspacePath
    like: Seeded
    unlike: Seeded | None = None
    date: Date | None = None
    """On which the seeds are taken."""
    dims: Dims | None = None


class SimilarityTold(Told):
    """A search, to be drawn as the layer `similarity:ID`, on any date."""

    id: str
    like: int
    unlike: int


@router.post("/density")
async def density(reads: AtOnce, asked: DensityAsked) -> DensityTold:
    """Where the pixels of some dates fall in a projection, counted in bins."""
    return await reads(lambda desk: _density(desk, asked), long=True)


@router.post("/lasso")
async def lasso(reads: AtOnce, asked: LassoAsked) -> LassoTold:
    """Which pixels, on which dates, a lasso drawn on a projection encloses."""
    return await reads(lambda desk: _lasso(desk, asked))


@router.post("/positions")
async def positions(reads: AtOnce, asked: PositionsAsked) -> PositionsTold:
    """Where some pixels lie in a projection, on each date."""
    return await reads(lambda desk: _positions(desk, asked))


@router.post("/similarity")
async def similarity(reads: AtOnce, asked: SimilarityAsked) -> SimilarityTold:
    """Search for pixels like some others; the result is a layer of the map."""
    return await reads(lambda desk: _similarity(desk, asked), long=True)


def _density(desk: "Desk", asked: DensityAsked) -> DensityTold:
    projected = asked.projected(desk, asked.selected)
    colouring = _colouring(desk, asked, projected)
    found = projected.density(colouring, asked.xy, asked.bins)
    names, classes = found.projection.axis_names, colouring.classes
    umap = found.projection if found.projection.spec.method == "umap" else None
    return DensityTold(
        extent=list(found.extent),
        axes=[names[axis] for axis in found.axes],
        count=Numbers.of(found.count.astype("int32")),
        value=Numbers.of(found.value.astype("float32")),
        pixels=found.pixels,
        outside=found.outside,
        dates=len(found.times),
        classes=[ClassTold(**one) for one in classes.to_dict()]
        if classes and not asked.classes.codes
        else None,
        fidelity=str(found.projection.fidelity),
        fit=umap.fit if umap else None,
        neighbours=umap.spec.neighbours if umap else None,
        min_dist=umap.spec.min_dist if umap else None,
    )


def _colouring(desk: "Desk", asked: DensityAsked, projected: "Projected") -> "Colouring":
    from ...views.projection_density import Colouring  # noqa: PLC0415 - matplotlib comes with it
    from ..reading.coded import given_classes  # noqa: PLC0415
    from ..reading.layers import Look  # noqa: PLC0415

    if asked.colour != "class":
        return Colouring(asked.colour, asked.dim - 1)
    opened, classes = desk.stores.open(asked.store), asked.classes
    if classes.codes is not None:
        return given_classes(opened, projected, classes.codes)
    look = Look(classes.layer, classes.period, clusters=classes.clusters)
    return desk.classes.colouring(desk, opened, projected, look, asked.scope.part)


def _lasso(desk: "Desk", asked: LassoAsked) -> LassoTold:
    projected = asked.projected(desk)
    if asked.method == "umap" and asked.fit not in (None, projected.projection.fit):
        raise InputError(
            "the lasso was drawn in a UMAP that was replaced since",
            value=asked.store,
            remedy="draw it again, or fit the UMAP with the settings it had then",
        )
    found: Any = projected.lasso(asked.corners, asked.xy)
    return LassoTold(
        shape=list(found.grid.shape),
        dates=list(found.dates),
        selected=found.counts().tolist(),
        bits=base64.b64encode(found.bits.tobytes()).decode("ascii"),
    )


def _positions(desk: "Desk", asked: PositionsAsked) -> PositionsTold:
    pixels = [(row, col) for row, col in asked.pixels]
    found = desk.projections.positions(desk.stores.open(asked.store), asked.scope, pixels)
    return PositionsTold(points=Numbers.of(found.points), dates=list(found.dates), axes=list(found.axes))


def _similarity(desk: "Desk", asked: SimilarityAsked) -> SimilarityTold:
    from ..reading.searches import Seeds  # noqa: PLC0415 - scikit-learn comes with it

    like = asked.like.found(desk, asked.store)
    unlike = asked.unlike.found(desk, asked.store) if asked.unlike else ()
    found = desk.searches.fit(desk.stores.open(asked.store), Seeds(like, unlike, asked.date, asked.dims))
    return SimilarityTold(id=found.number, like=len(like), unlike=len(unlike))
