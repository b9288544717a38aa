"""Flags that say what a probe is fitted on: labels or towers, which features, which estimator."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ..errors import InputError
from .labels import LabelFlags, read_label_pixels
from .sources import SourceFlags, gather, recorded_sources

if TYPE_CHECKING:
    from ..acquisitions.cube import CubeSource
    from ..probes.features import Sampling
    from ..probes.probe import ProbeRecipe
    from ..probes.spec import FeatureSpec
    from ..probes.table import SampleTable
    from ..store import EmbeddingStore
    from ..towers.series import Towers

OBSERVED = ("bands", "indices")
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


@dataclass(frozen=True, eq=False)
class Samples:
    """What flags add up to."""

    table: "SampleTable"
    sampling: "Sampling"
    imported: str
    """The account of the labels or towers, for a person."""
    imported_values: dict[str, Any]


def read_samples(
    path: Path,
    store: "EmbeddingStore",
    what: WhatFlags,
    reading: LabelFlags,
    features: FeatureFlags,
    sources: SourceFlags,
    *,
    baselines: bool = False,
) -> Samples:
    """Samples with features of a store; with bands and indices where a block or `baselines` asks for them.

    Acquisitions are those of the flags, else those that the store was made of."""
    if bool(what.labels) == bool(what.towers):
        raise InputError(
            "a probe learns from labels or from towers", remedy="give --labels FILE or --towers FILE"
        )
    observed = baselines or bool(set(OBSERVED) & set(listed(features.blocks)))
    if what.towers:
        samples = _of_towers(store, what, features, observed)
    else:
        acquisitions = _acquisitions(path, store, sources) if observed or sources.given else None
        samples = _of_labels(store, what, reading, features, acquisitions)
    if features.weather is None:
        return samples
    from ..probes.weather import read_weather, with_weather

    table = with_weather(samples.table, read_weather(features.weather))
    return Samples(table, samples.sampling, samples.imported, samples.imported_values)


def _acquisitions(path: Path, store: "EmbeddingStore", sources: SourceFlags) -> "dict[str, CubeSource]":
    flags = sources if sources.given else recorded_sources(path)
    return dict(gather(flags, grid=store.grid).sources)


def _of_labels(
    store: "EmbeddingStore",
    what: WhatFlags,
    reading: LabelFlags,
    features: FeatureFlags,
    acquisitions: "dict[str, CubeSource] | None",
) -> Samples:
    from ..probes.features import sample

    assert what.labels is not None
    pixels = read_label_pixels(what.labels, reading, store)
    sampling = sample(store, pixels, features.spec(), sources=acquisitions, when=what.when)
    return Samples(sampling.table, sampling, pixels.report.text(), pixels.report.to_dict())


def _of_towers(store: "EmbeddingStore", what: WhatFlags, features: FeatureFlags, observed: bool) -> Samples:
    from ..probes.tower_samples import sample_towers

    if observed:
        raise InputError(
            "bands and indices of tower footprints are not made yet",
            remedy="use the blocks embedding, weather",
        )
    towers = _read_towers(what)
    sampling = sample_towers(store, towers, features.spec(), radius_m=what.radius)
    return Samples(sampling.table, sampling, towers.text(), towers.to_dict())


def _read_towers(what: WhatFlags) -> "Towers":
    """Tower files with the default demands on quality; a CSV of `phenolens towers` has met its own already."""
    from ..tablefile import read_csv
    from ..towers.daily import TowerOptions
    from ..towers.read import read_towers
    from ..towers.sites import read_sites
    from ..towers.table import TableColumns
    from ..towers.units import GPP_UNIT

    sites = read_sites(what.sites) if what.sites else None
    first = what.towers[0]
    ours = {"site", "date", "gpp", "unit"}
    if first.suffix == ".csv" and first.is_file() and ours <= set(read_csv(first, only=ours).columns):
        columns = TableColumns(gpp="gpp", unit=GPP_UNIT, site="site")
        return read_towers(what.towers, TowerOptions(without_quality=True), sites=sites, columns=columns)
    return read_towers(what.towers, sites=sites)
