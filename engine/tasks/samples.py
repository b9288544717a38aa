"""Samples of a store for a probe: labels or towers, with the features that it learns from."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pandas import isna

from ..acquisitions.choice import SourceChoice
from ..acquisitions.cube import CubeSource
from ..acquisitions.recorded import recorded_choice
from ..errors import InputError, TowerError
from ..probes.features import Sampling, sample
from ..probes.spec import FeatureSpec
from ..probes.table import SampleTable
from ..probes.tower_samples import sample_towers
from ..probes.weather import read_weather, with_weather
from ..store import EmbeddingStore
from ..tablefile import need_columns, read_csv, read_table
from ..towers.daily import TowerOptions
from ..towers.read import read_towers
from ..towers.series import Towers
from ..towers.sites import read_sites
from ..towers.table import TableColumns
from ..towers.units import known_unit
from .labels import LabelReading, read_label_pixels

OBSERVED = ("bands", "indices")
OUR_QUALITY, QUALITY = "qc", re.compile(r"qc|quality|((gpp|nee)(_\w+)?_qc)", re.IGNORECASE)
"""How `phenolens towers` calls the column of quality, and how others do: TA_F_QC says nothing of GPP."""
OURS = frozenset({"site", "date", "gpp", "unit"})
"""Columns of the table that `phenolens towers` writes."""


@dataclass(frozen=True)
class TowerReading:
    """What tower files of another kind don't say themselves."""

    columns: TableColumns | None = None
    site: str | None = None
    """Id of the site of a file that holds none."""
    without_quality: bool = False
    """Take them without a column of quality; tables like ours whatever theirs says."""


@dataclass(frozen=True)
class SampleChoice:
    """What a probe learns from, and what it sees."""

    labels: Path | None = None
    when: str | None = None
    """Day or period of labels without a date."""
    towers: Sequence[Path] = ()
    """Instead of labels: tower files, or the CSV of `phenolens towers --out`."""
    sites: Path | None = None
    radius_m: float = 100.0
    """Footprint of a tower."""
    reading: LabelReading = field(default_factory=LabelReading)
    spec: FeatureSpec = field(default_factory=FeatureSpec)
    blocks: Sequence[str] = ("embedding",)
    weather: Path | None = None
    """CSV of daily weather."""
    sources: SourceChoice = field(default_factory=SourceChoice)
    """Acquisitions for bands and indices; those that the store was made of where none are given."""
    locate: Callable[[str], Path] = Path
    """Finds a file by the path that was recorded with the store, or refuses it."""
    tower_reading: TowerReading = field(default_factory=TowerReading)


@dataclass(frozen=True, eq=False)
class Samples:
    """What the choice adds up to."""

    table: SampleTable
    sampling: Sampling
    imported: str
    """The account of the labels or towers, for a person."""
    imported_values: dict[str, Any]


def read_samples(store: EmbeddingStore, choice: SampleChoice, *, baselines: bool = False) -> Samples:
    """Samples with features of a store; with bands and indices where a block or `baselines` asks for them."""
    if bool(choice.labels) == bool(choice.towers):
        raise InputError(
            "a probe learns from labels or from towers", remedy="give --labels FILE or --towers FILE"
        )
    observed = baselines or bool(set(OBSERVED) & set(choice.blocks))
    samples = _of_towers(store, choice, observed) if choice.towers else _of_labels(store, choice, observed)
    if choice.weather is None:
        return samples
    table = with_weather(samples.table, read_weather(choice.weather))
    return Samples(table, samples.sampling, samples.imported, samples.imported_values)


def _acquisitions(store: EmbeddingStore, choice: SampleChoice) -> dict[str, CubeSource]:
    sources = choice.sources if choice.sources.given else recorded_choice(store.path, choice.locate)
    return dict(sources.open(store.grid).sources)


def _of_labels(store: EmbeddingStore, choice: SampleChoice, observed: bool) -> Samples:
    assert choice.labels is not None
    acquisitions: Mapping[str, CubeSource] | None = None
    if observed or choice.sources.given:
        acquisitions = _acquisitions(store, choice)
    pixels = read_label_pixels(choice.labels, choice.reading, store)
    sampling = sample(store, pixels, choice.spec, sources=acquisitions, when=choice.when)
    return Samples(sampling.table, sampling, pixels.report.text(), pixels.report.to_dict())


def _of_towers(store: EmbeddingStore, choice: SampleChoice, observed: bool) -> Samples:
    acquisitions = _acquisitions(store, choice) if observed or choice.sources.given else None
    towers = chosen_towers(list(choice.towers), choice.sites, choice.tower_reading)
    sampling = sample_towers(store, towers, choice.spec, radius_m=choice.radius_m, sources=acquisitions)
    return Samples(sampling.table, sampling, towers.text(), towers.to_dict())


def chosen_towers(files: list[Path], site_file: Path | None, reading: TowerReading) -> Towers:
    """Tower files with the default demands on quality, which days of a CSV of `phenolens towers` meet as well unless
    less was asked of them there; `without_quality` takes them as they are."""
    sites = read_sites(site_file) if site_file else None
    if reading.columns is not None:
        options = TowerOptions(without_quality=reading.without_quality)
        return read_towers(files, options, sites=sites, columns=reading.columns, site=reading.site)
    first = files[0]
    if first.suffix.lower() == ".csv" and first.is_file() and set(read_csv(first, only=OURS).columns) >= OURS:
        columns = TableColumns("gpp", _unit_told(files), quality=_quality_of(files, reading), site="site")
        return read_towers(files, TowerOptions(without_quality=True), sites=sites, columns=columns)
    return read_towers(files, TowerOptions(without_quality=reading.without_quality), sites=sites)


def _quality_of(files: Sequence[Path], reading: TowerReading) -> str | None:
    """The column of quality of tables like ours, where they have one and it isn't to be passed over.

    `TowerError` where it can't be told which one it is."""
    if reading.without_quality:
        return None
    names = dict.fromkeys(str(name) for file in files for name in read_csv(file).columns)
    found = [name for name in names if QUALITY.fullmatch(name)]
    if len(found) > 1 and OUR_QUALITY not in found:
        raise TowerError(
            "several columns may be the quality of GPP", value=", ".join(found), remedy="keep one, called qc"
        )
    return OUR_QUALITY if OUR_QUALITY in found else next(iter(found), None)


def _unit_told(files: list[Path]) -> str:
    """The unit that tables of ours, or made like them, state in each row; `TowerError` where they differ."""
    units: set[str] = set()
    for file in files:
        table = read_table(file, error=TowerError)
        need_columns(table, ["unit"], TowerError)
        units |= {known_unit("" if isna(unit) else str(unit)) for unit in table["unit"].unique()}
    if len(units) != 1:
        value = ", ".join(sorted(units)) or "no rows"
        raise TowerError(
            "the towers' tables are not of one unit", value=value, remedy="bring them to one unit first"
        )
    return units.pop()
