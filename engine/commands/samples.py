"""Flags that say what a probe is fitted on: labels or towers, which features, which estimator."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ..errors import InputError
from .labels import LabelFlags
from .sources import SourceFlags

if TYPE_CHECKING:
    from ..probes.probe import ProbeRecipe
    from ..probes.spec import FeatureSpec
    from ..tasks.samples import SampleChoice

_WHAT, _TOWERS, _FEATURES, _MODEL = "What to learn", "Towers", "Features", "Estimator"


def _flag(help_text: str, panel: str) -> Any:
    return typer.Option(help=help_text, rich_help_panel=panel)


@dataclass(frozen=True)
class WhatFlags:
    """Labels or towers."""

    labels: Annotated[Path | None, _flag("Labels: vector file, CSV or class raster.", _WHAT)] = None
    when: Annotated[
        str | None, _flag("Day or period of labels without a date: 2018-05-01, 2018-01-01/2018-12-31.", _WHAT)
    ] = None
    towers: Annotated[
        list[Path], _flag("Tower files, or the CSV of phenolens towers --out. Repeatable.", _TOWERS)
    ] = field(default_factory=list)
    sites: Annotated[Path | None, _flag("CSV of sites: site, lat, lon, igbp.", _TOWERS)] = None
    radius: Annotated[float, _flag("Footprint of a tower, metres.", _TOWERS)] = 100.0
    without_quality: Annotated[
        bool,
        typer.Option(
            "--without-quality",
            help="Take tower files without quality, and all days of a CSV of phenolens towers.",
            rich_help_panel=_TOWERS,
        ),
    ] = False


@dataclass(frozen=True)
class FeatureFlags:
    """Which features."""

    features: Annotated[str, _flag("date, period, season or window.", _FEATURES)] = "date"
    dims: Annotated[int | None, _flag("Leading dimensions to use; all by default.", _FEATURES)] = None
    statistics: Annotated[str, _flag("Of period features.", _FEATURES)] = "mean,p10,p90"
    parts: Annotated[int, _flag("Of season features.", _FEATURES)] = 4
    window_days: Annotated[int, _flag("Of window features.", _FEATURES)] = 90
    step_days: Annotated[int, _flag("Of window features.", _FEATURES)] = 10
    largest_gap: Annotated[float, _flag("Days from a label to the nearest target date.", _FEATURES)] = 16
    blocks: Annotated[
        str, _flag("What the probe sees: embedding, bands, indices, weather; several with commas.", _FEATURES)
    ] = "embedding"
    weather: Annotated[
        Path | None, _flag("CSV of daily weather: date, perhaps site, variables.", _FEATURES)
    ] = None

    def spec(self) -> "FeatureSpec":
        from ..probes.spec import FeatureSpec

        return FeatureSpec(
            kind=cast(Any, self.features),  # it is checked there
            dims=self.dims,
            statistics=listed(self.statistics),
            parts=self.parts,
            window_days=self.window_days,
            step_days=self.step_days,
            largest_gap_days=self.largest_gap,
        )


@dataclass(frozen=True)
class EstimatorFlags:
    """Which estimator."""

    estimator: Annotated[
        str, _flag("linear (logistic or ridge), knn, forest, boosting, mlp, temporal.", _MODEL)
    ] = "linear"
    setting: Annotated[list[str], _flag("Setting of it, such as trees=100. Repeatable.", _MODEL)] = field(
        default_factory=list
    )
    seed: Annotated[int, _flag("Of everything drawn at random.", _MODEL)] = 0

    def recipe(self, features: FeatureFlags) -> "ProbeRecipe":
        from ..probes.estimators import EstimatorSpec, ProbeRecipe

        parameters = dict(_setting(text) for text in self.setting)
        blocks = listed(features.blocks)
        return ProbeRecipe(features.spec(), EstimatorSpec(self.estimator, parameters), blocks, self.seed)


def listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InputError("a setting needs a value", value=text, remedy="write it as trees=100")
    try:
        return name.strip(), json.loads(value)
    except ValueError:
        return name.strip(), value.strip()


def sample_choice(
    what: WhatFlags, reading: LabelFlags, features: FeatureFlags, sources: SourceFlags
) -> "SampleChoice":
    """What all these flags add up to."""
    from ..tasks.samples import SampleChoice, TowerReading

    return SampleChoice(
        what.labels,
        what.when,
        what.towers,
        what.sites,
        what.radius,
        reading.reading,
        features.spec(),
        listed(features.blocks),
        features.weather,
        sources.choice,
        tower_reading=TowerReading(without_quality=what.without_quality),
    )
