"""Probes: which there are, and live previews of new ones."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from ...errors import InputError
from ..schema import Asked, Day, Dims, Number, Seed, Text, Told, WorkspacePath
from .at_once import AtOnce
from .forms import Numbers, Pixel, Polygon, Position, Step, WindowAsked, part_of, times_told

if TYPE_CHECKING:
    from ...probes.estimators import ProbeRecipe
    from ...response import Response
    from ..reading.desk import Desk
    from ..reading.previews import Label, Labels, Preview

router = APIRouter(tags=["probes"])
When = Annotated[str, Field(min_length=10, max_length=40)]
"""A day (2018-05-01), or a period (2018-01-01/2018-12-31)."""


class ClassAsked(Asked):
    code: Annotated[int, Field(ge=1, le=254)]
    name: Text
    colour: Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")]


class ResponseAsked(Asked):
    """What is predicted: classes, or a quantity with its unit."""

    name: Text
    task: Literal["classification", "regression"]
    unit: Annotated[str, Field(max_length=64)] = ""
    classes: Annotated[list[ClassAsked], Field(min_length=1, max_length=254)] | None = None

    def response(self) -> "Response":
        from ...classes import ClassTable, LandClass  # noqa: PLC0415 - numpy comes with these, and more below
        from ...response import Response  # noqa: PLC0415

        classes = self.classes and ClassTable(
            tuple(LandClass(c.code, c.name, c.colour) for c in self.classes)
        )
        return Response(self.name, self.task, self.unit, classes or None)


class FeaturesAsked(Asked):
    """How the embeddings of a pixel become features."""

    kind: Literal["date", "period", "season", "window"] = "date"
    dims: Dims | None = None
    statistics: Annotated[
        tuple[Literal["mean", "std", "p10", "p50", "p90"], ...], Field(min_length=1, max_length=5)
    ] = ("mean", "p10", "p90")
    parts: Annotated[int, Field(ge=1, le=36)] = 4
    window_days: Annotated[int, Field(ge=1, le=730)] = 90
    step_days: Annotated[int, Field(ge=1, le=365)] = 10
    largest_gap_days: Annotated[Number, Field(gt=0, le=366)] = 16.0


class RecipeAsked(Asked):
    """Everything that decides a probe beside its labels."""

    features: FeaturesAsked = Field(default_factory=FeaturesAsked)
    estimator: Literal["linear", "knn", "forest", "boosting", "mlp", "temporal"] = "linear"
    settings: Annotated[
        dict[Annotated[str, Field(max_length=32)], bool | Annotated[Number, Field(ge=-1e9, le=1e9)]],
        Field(max_length=16),
    ] = Field(default_factory=dict)
    """Of the estimator; what is not set keeps its default."""
    seed: Seed = 0

    def recipe(self) -> "ProbeRecipe":
        """`InputError`, `ProbeError` for settings that there aren't."""
        from ...probes.estimators import EstimatorSpec, ProbeRecipe  # noqa: PLC0415 - as above
        from ...probes.spec import FeatureSpec  # noqa: PLC0415

        given = self.features.model_dump()
        spec = FeatureSpec(**{**given, "statistics": tuple(given["statistics"])})
        whole = {k: int(v) if _whole(v) else v for k, v in self.settings.items()}
        return ProbeRecipe(spec, EstimatorSpec(self.estimator, whole), seed=self.seed)


def _whole(value: float) -> bool:
    """JSON has one kind of number: 48 trees may come as 48.0."""
    return not isinstance(value, bool) and float(value).is_integer()


class LabelAsked(Asked):
    """Pixels or polygons with their answer; its pixels stay together when a probe is validated."""

    value: Number
    """Class code, or value in the response's unit."""
    pixels: Annotated[list[Pixel], Field(max_length=5_000)] = Field(default_factory=list)
    polygon: Polygon | None = None
    start: Day | None = None
    """First day that it holds for; always, where left out."""
    end: Day | None = None


class MapWanted(Asked):
    """The part of the map that is wanted at once."""

    window: WindowAsked | None = None
    step: Step = 1
    output: Annotated[str, Field(max_length=32)] | None = None


class PreviewAsked(Asked):
    """Labels and a recipe: a probe is fitted, and kept for a while under its number."""

    store: WorkspacePath
    response: ResponseAsked
    labels: Annotated[list[LabelAsked], Field(min_length=1, max_length=2_000)]
    recipe: RecipeAsked = Field(default_factory=RecipeAsked)
    when: When
    """Of the map, and of labels without a date."""
    map: MapWanted | None = None


class MapTold(Told):
    """Numbers of a window."""

    values: Numbers
    """[band, y, x]"""
    bands: list[str]
    unit: str
    nodata: float | None
    """None: NaN where there is no value, or every number counts."""
    grid: dict[str, Any]


class PreviewTold(Told):
    """A fitted probe, to be drawn as the layer `probe:ID` on any date; it says nothing of other places yet."""

    id: str
    pixels: int
    """Labelled pixels."""
    samples: int
    """Those that it was fitted on."""
    per_class: dict[str, int]
    dropped: dict[str, int]
    """Labels and pixels that were left out, by reason."""
    training_score: dict[str, float]
    """On the training samples themselves: whether fitting worked, nothing about other places."""
    seconds: dict[str, float]
    map: MapTold | None


class ProbeTold(Told):
    """What a probe's file says of it; `problem` where it can't be read."""

    probe: str
    response: dict[str, Any] | None = None
    estimator: str | None = None
    features: str | None = None
    samples: int | None = None
    model: str | None = None
    dims: int | None = None
    preview: bool = False
    """Whether it can be drawn as the layer `probe:FILE`; a temporal one can't, as only jobs load PyTorch."""
    maps: tuple[str, ...] = ()
    """Those that it can make: `value`, `interval`, …; `sum` and `sum-interval` of a period."""
    problem: str | None = None
    modified: float = 0
    """When its file was written: seconds since 1970."""


class ProbeList(Told):
    probes: list[ProbeTold]


class ProbeSeriesAsked(Asked):
    """Pixels, or a polygon, of which at most 400 pixels are told."""

    store: WorkspacePath
    probe: Annotated[str, Field(min_length=1, max_length=1100)]
    """The number of a preview, or the file of a fitted one."""
    pixels: Annotated[list[Pixel], Field(max_length=400)] = Field(default_factory=list)
    lonlat: Annotated[list[Position], Field(max_length=400)] = Field(default_factory=list)
    polygon: Polygon | None = None


class ProbeSeriesTold(Told):
    """What a probe predicts on all dates, [pixel, time] each; NaN (class 0) where there is no embedding."""

    times: list[str]
    pixels: list[list[int]]
    qualities: list[str]
    quality: Numbers
    """Of the embedding, as in a series."""
    response: dict[str, Any]
    """`task`, `name`, `unit`, `classes`."""
    values: Numbers
    """Class codes, or values in the unit."""
    low: Numbers | None
    high: Numbers | None
    """Conformal interval of values; null where the probe isn't calibrated, as previews aren't."""
    confidence: Numbers | None
    """Probability of the class that is told."""
    coverage: float | None
    """Nominal, of the interval."""
    promise: str
    """How that was kept on samples that were left out."""
    groups: int = 0
    """Held-out groups that it was learnt from."""
    group: str = ""
    """What they are: `site`, `block` or `polygon`."""


@router.get("/probes")
async def probes(reads: AtOnce) -> ProbeList:
    """The probes of the workspace."""
    return ProbeList(probes=[ProbeTold(**one) for one in await reads(lambda desk: desk.probes.listed())])


@router.post("/probe/preview")
async def preview(reads: AtOnce, asked: PreviewAsked) -> PreviewTold:
    """Fit a probe on labels, and map a window with it."""
    return await reads(lambda desk: _preview(desk, asked), long=True)


@router.post("/probe/series")
async def series(reads: AtOnce, asked: ProbeSeriesAsked) -> ProbeSeriesTold:
    """What a probe predicts of pixels on every date of a store."""
    return await reads(lambda desk: _series(desk, asked), long=True)


def _series(desk: "Desk", asked: ProbeSeriesAsked) -> ProbeSeriesTold:
    if asked.polygon is not None and (asked.pixels or asked.lonlat):
        raise InputError("pixels and a polygon were given", remedy="give one or the other")
    rings = None if asked.polygon is None else (asked.polygon.rings, asked.polygon.crs)
    places, made = desk.probe_series(asked.store, asked.probe, asked.pixels, asked.lonlat, rings)
    said = made.predicted

    def numbers(array: Any) -> Numbers | None:
        return None if array is None else Numbers.of(array)

    return ProbeSeriesTold(
        times=times_told(made.told.series.times),
        pixels=[list(pixel) for pixel in places],
        qualities=list(made.qualities),
        quality=Numbers.of(made.told.quality),
        response=made.probe.response.to_dict(),
        values=Numbers.of(said.values),
        low=numbers(said.low),
        high=numbers(said.high),
        confidence=numbers(said.confidence),
        coverage=None if said.low is None else made.trust.coverage,
        promise=made.trust.promise,
        groups=made.trust.groups,
        group=made.trust.group,
    )


def _preview(desk: "Desk", asked: PreviewAsked) -> PreviewTold:
    from ..reading.previews import fit  # noqa: PLC0415 - scikit-learn comes with it

    opened = desk.stores.open(asked.store)
    found = fit(opened, _labels(asked, opened.store.grid), asked.recipe.recipe(), asked.when)
    number = desk.probes.keep(found.probe)
    training = found.probe.training
    return PreviewTold(
        id=number,
        pixels=found.pixels,
        samples=training.samples,
        per_class=dict(training.per_class),
        dropped=_dropped(found),
        training_score=dict(training.score),
        seconds=dict(found.seconds),
        map=_map(desk, asked, number) if asked.map else None,
    )


def _map(desk: "Desk", asked: PreviewAsked, number: str) -> MapTold:
    from ..reading.layers import Look  # noqa: PLC0415 - as above

    wanted = asked.map or MapWanted()
    look = Look(f"probe:{number}", asked.when, output=wanted.output)
    grid, values = desk.values(desk.stores.open(asked.store), look, part_of(wanted.window, wanted.step))
    nodata = None if values.nodata is None or values.nodata != values.nodata else values.nodata
    return MapTold(
        values=Numbers.of(values.array),
        bands=list(values.bands),
        unit=values.unit,
        nodata=nodata,
        grid=grid.to_dict(),
    )


def _dropped(found: "Preview") -> dict[str, int]:
    return {**found.report.dropped, **found.report.left_out, **found.sampling.dropped}


def _labels(asked: PreviewAsked, grid: Any) -> "Labels":
    from ..reading.places import LONLAT  # noqa: PLC0415 - as above
    from ..reading.previews import Labels  # noqa: PLC0415

    frames = {label.polygon.crs for label in asked.labels if label.polygon is not None} or {"grid"}
    if len(frames) > 1:
        remedy = "give all polygons in lonlat, or all in grid"
        raise InputError(
            "the labels' polygons are in two reference systems", value="lonlat, grid", remedy=remedy
        )
    crs = LONLAT if frames == {"lonlat"} else grid.crs
    return Labels(asked.response.response(), tuple(_label(one, crs, grid) for one in asked.labels), crs)


def _label(asked: LabelAsked, crs: str, grid: Any) -> "Label":
    from ..reading.places import named_pixels, polygons_of  # noqa: PLC0415 - as above
    from ..reading.previews import Label  # noqa: PLC0415

    pixels = tuple(named_pixels(grid, asked.pixels))
    polygons = None if asked.polygon is None else polygons_of(asked.polygon.rings, crs)
    return Label(asked.value, pixels, polygons, asked.start, asked.end)
