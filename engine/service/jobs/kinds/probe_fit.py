"""`probe-fit`: a small model on embeddings, from labels or towers."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from ...schema import Asked, Dims, Number, Seed, Text
from ...workspace import Workspace
from ..context import JobContext, Kind
from .params import SourcePath, SourcesAsked, StoreAsked, check_output, locate, outputs, plain

if TYPE_CHECKING:
    from ....probes.probe import ProbeRecipe
    from ....probes.spec import FeatureSpec
    from ....tasks.labels import LabelReading
    from ....tasks.samples import SampleChoice, TowerReading

Metres = Annotated[Number, Field(ge=0, le=100_000)]
DaysCount = Annotated[int, Field(ge=1, le=3660)]


Block = Literal["embedding", "bands", "indices", "weather"]


def _embedding() -> list[Block]:
    return ["embedding"]


class LabelsAsked(Asked):
    """Labels of a file, and how they become pixels; names as on the command line."""

    file: SourcePath
    when: Text | None = None
    """Day or period of labels without a date: `2018-05-01`, `2018-01-01/2018-12-31`."""
    layer: Text | None = None
    variable: Text | None = None
    crs: Text | None = None
    classes: SourcePath | None = None
    zero_is_class: bool = False
    class_column: Text | None = None
    value_column: Text | None = None
    unit: Annotated[str, Field(max_length=64)] = ""
    colour_column: Text | None = None
    group_column: Text | None = None
    date_column: Text | None = None
    start_column: Text | None = None
    end_column: Text | None = None
    x_column: Text | None = None
    y_column: Text | None = None
    wkt_column: Text | None = None
    rule: Literal["centre", "all-touched"] = "centre"
    buffer: Metres = 0
    overlaps: Literal["drop", "first"] = "drop"

    def reading(self, workspace: Workspace) -> "LabelReading":
        from ....tasks.labels import LabelReading

        stated = self.model_dump(exclude={"file", "when", "classes"})
        return LabelReading(**stated, classes=workspace.source(self.classes) if self.classes else None)


class TowerColumnsAsked(Asked):
    """Which columns of tower tables of another kind are what; names as on the command line."""

    gpp_column: Text
    unit: Annotated[str, Field(min_length=1, max_length=64)]
    """gC m-2 d-1 or umol m-2 s-1."""
    time_columns: Annotated[list[Text], Field(min_length=1, max_length=5)]
    """One of dates or times, two of year and day of the year, or those of year, month, day, hour and minute."""
    time_is: Literal["start", "end"] = "start"
    quality_column: Text | None = None
    good_flags: Annotated[list[int], Field(min_length=1, max_length=16)] = Field(
        default_factory=lambda: [0, 1]
    )
    without_quality: bool = False
    site_column: Text | None = None
    site: Text | None = None
    """Id of the site, where no column says it."""

    def reading(self) -> "TowerReading":
        from ....tasks.samples import TowerReading
        from ....towers.table import TableColumns

        columns = TableColumns(
            self.gpp_column,
            self.unit,
            tuple(self.time_columns),
            self.time_is,
            self.quality_column,
            tuple(self.good_flags),
            self.site_column,
        )
        return TowerReading(columns, self.site, self.without_quality)


class TowersAsked(Asked):
    """Flux towers."""

    files: Annotated[list[SourcePath], Field(min_length=1, max_length=1000)]
    sites: SourcePath | None = None
    radius_m: Annotated[Number, Field(gt=0, le=10_000)] = 100.0
    columns: TowerColumnsAsked | None = None
    """Of tables that are of none of the networks' formats."""


class FeaturesAsked(Asked):
    """What the probe sees."""

    kind: Literal["date", "period", "season", "window"] = "date"
    dims: Dims | None = None
    statistics: Annotated[list[Text], Field(min_length=1, max_length=8)] = Field(
        default_factory=lambda: ["mean", "p10", "p90"]
    )
    parts: Annotated[int, Field(ge=1, le=366)] = 4
    window_days: DaysCount = 90
    step_days: DaysCount = 10
    largest_gap_days: Annotated[Number, Field(gt=0, le=3660)] = 16
    blocks: Annotated[list[Block], Field(min_length=1, max_length=4)] = Field(default_factory=_embedding)
    weather: SourcePath | None = None

    def spec(self) -> "FeatureSpec":
        from ....probes.spec import FeatureSpec

        stated = self.model_dump(exclude={"statistics", "blocks", "weather"})
        return FeatureSpec(**stated, statistics=tuple(self.statistics))


class ProbeAsked(StoreAsked):
    """What a probe learns from, and what it is."""

    labels: LabelsAsked | None = None
    towers: TowersAsked | None = None
    features: FeaturesAsked = Field(default_factory=FeaturesAsked)
    sources: SourcesAsked | None = None
    """Acquisitions for bands and indices; those that the store was made of otherwise."""
    estimator: Text = "linear"
    settings: Annotated[dict[Text, bool | int | Number | Text], Field(default_factory=dict, max_length=32)]
    seed: Seed = 0

    def choice(self, workspace: Workspace) -> "SampleChoice":
        return _choice(self, workspace)

    def recipe(self) -> "ProbeRecipe":
        return _recipe(self)


class ProbeFitParams(ProbeAsked):
    """Fit a probe on labels or towers, with trust calibrated by group; `out` is its file, `NAME.probe`."""

    trust: bool = True


def run(params: ProbeFitParams, context: JobContext) -> dict[str, Any]:
    """The probe's file, what it was fitted on, and its honest scores where there are any."""
    from ....tasks.probes import fit_and_save

    out = check_output(context.workspace, params.out, ".probe")
    done = fit_and_save(
        params.opened(context.workspace),
        params.choice(context.workspace),
        params.recipe(),
        out,
        trust=params.trust,
        overwrite=context.replaces(out, params.overwrite),
        watch=context.watch,
        say=context.log.info,
    )
    told: dict[str, Any] = plain(done.to_dict())
    return {"probe": context.workspace.relative(done.path), **told}


def _choice(params: ProbeAsked, workspace: Workspace) -> "SampleChoice":
    from ....acquisitions.choice import SourceChoice
    from ....tasks.labels import LabelReading
    from ....tasks.samples import SampleChoice, TowerReading

    labels, towers, features = params.labels, params.towers, params.features
    return SampleChoice(
        labels=workspace.source(labels.file) if labels else None,
        when=labels.when if labels else None,
        towers=[workspace.source(path) for path in towers.files] if towers else (),
        sites=workspace.source(towers.sites) if towers and towers.sites else None,
        radius_m=towers.radius_m if towers else 100.0,
        reading=labels.reading(workspace) if labels else LabelReading(),
        spec=features.spec(),
        blocks=features.blocks,
        weather=workspace.source(features.weather) if features.weather else None,
        sources=params.sources.choice(workspace) if params.sources else SourceChoice(),
        locate=locate(workspace),
        tower_reading=towers.columns.reading() if towers and towers.columns else TowerReading(),
    )


def _recipe(params: ProbeAsked) -> "ProbeRecipe":
    from ....probes.estimators import EstimatorSpec
    from ....probes.probe import ProbeRecipe

    estimator = EstimatorSpec(params.estimator, params.settings)
    return ProbeRecipe(params.features.spec(), estimator, tuple(params.features.blocks), params.seed)


PROBE_FIT = Kind("probe-fit", "Fit a probe", ProbeFitParams, run, outputs=outputs)
