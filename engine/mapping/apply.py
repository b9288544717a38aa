"""A probe applied to a store, streamed window by window: maps of a date, of a period, or of all dates."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, ProbeError
from ..export.files import Written, check_products_free, write_products
from ..probes.probe import Probe, check_probe_fits
from ..probes.slots import Period, When, days_of
from ..progress import CancelToken, Progress
from ..store import EmbeddingStore
from ..trust.calibration import Trust, trust_of
from .maker import MapMaker, dates_of
from .outputs import MapLayer

ALL = "all"


@dataclass(frozen=True)
class ApplyOptions:
    """Which maps are made of a probe, and how."""

    layers: tuple[str, ...] | None = None
    """Names of maps (`class`, `probability`, `confidence`, `set-size`; `value`, `interval`; `applicability`,
    `dissimilarity`, `support`); None = all that the probe can make."""
    threads: int = 2
    """Windows predicted at a time, beside the one that is compressed."""
    note: str = ""
    """A remark for the provenance of the files."""
    config: dict[str, Any] = field(default_factory=dict)
    """The settings of the run, JSON-able, kept in the STAC items."""

    def __post_init__(self) -> None:
        if self.threads < 0:
            raise InputError("threads must not be below 0", value=self.threads)


@dataclass(frozen=True, eq=False)
class Applied:
    """The maps of one day or period."""

    when: Period
    files: dict[str, Written]
    """By the name of the map."""


def apply_probe(
    probe: Probe,
    store: EmbeddingStore,
    when: When | Sequence[When],
    out: Path,
    *,
    trust: Trust | None = None,
    options: ApplyOptions | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> list[Applied]:
    """Write maps of a probe as `OUT-MAP-DATE.tif` with sidecars, for each of the given days or periods.

    `when`: a day, a period (`2018-01-01/2018-12-31`), a list of them, or `all` target dates of the store.
    `trust`: what judges the predictions; by default what is attached to the probe.
    The files of a day are written together, whole or not at all; where the work stops later on, those of earlier
    days stay. Memory doesn't grow with the area: a window at a time, of a size that follows from the features.
    Pixels without a valid embedding are nodata in every map. `ProbeError` where the probe belongs to another
    model or has no features at a date; `OutputError` before the work starts where a file exists."""
    options, trust = options or ApplyOptions(), trust or trust_of(probe)
    check_probe_fits(probe, store)
    maker = MapMaker(probe, store, trust, options.layers)
    periods = periods_of(store, probe, when)
    names = [{layer.name: file_of(out, layer, period) for layer in maker.layers} for period in periods]
    check_products_free([path for paths in names for path in paths.values()], overwrite=overwrite)
    ramps = maker.ramps(periods) if len(periods) > 1 else {}
    side = maker.side(periods)
    progress = progress or Progress("apply", 0)
    progress.total = len(list(store.grid.tiles(side))) * len(periods)
    applied = []
    for period, paths in zip(periods, names, strict=True):
        products = maker.products(period, ramps, options.note, options.config)
        written = write_products(
            list(zip(products, paths.values(), strict=True)),
            overwrite=overwrite,
            progress=progress,
            cancel=cancel,
            threads=options.threads,
            side=side,
        )
        applied.append(Applied(period, dict(zip(paths, written, strict=True))))
    return applied


def file_of(out: Path, layer: MapLayer, period: Period) -> Path:
    return out.with_name(f"{out.name}-{layer.name}-{label_of(period)}.tif")


def label_of(period: Period) -> str:
    """As in file names: `2018-05-01`, `2018-01-01_2018-12-31`."""
    return str(period).replace("/", "_")


def periods_of(store: EmbeddingStore, probe: Probe, when: When | Sequence[When]) -> list[Period]:
    """What is asked for, as periods; `ProbeError` where the store has no date for one of them."""
    kind, days = probe.recipe.spec.kind, days_of(store.times)
    if when == ALL:
        if kind in ("period", "season"):
            raise ProbeError(
                f"a probe of {kind} features has no map for every date",
                value=ALL,
                remedy="name periods, such as 2018-01-01/2018-12-31",
            )
        asked: list[Any] = [np.datetime64(int(day), "D") for day in np.unique(days)]
    else:
        asked = (
            [when] if isinstance(when, str | date | datetime | np.datetime64 | Period | tuple) else list(when)
        )
    periods = list(dict.fromkeys(Period.of(one) for one in asked))
    for period in periods:
        dates_of(store, probe, period)
    return periods
