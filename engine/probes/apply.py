"""A probe applied to a store, streamed window by window: maps of a date, of a period, or of all dates."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError, ProbeError
from ..export.files import Written, check_products_free, write_products
from ..export.product import Product, ProductBand, Ramp, Stored
from ..export.provenance import Provenance, provenance_of
from ..grid import Window
from ..progress import CancelToken, Progress
from ..store import NO_FRAME, EmbeddingStore
from .features import feature_map
from .files import probe_sha256
from .outputs import Judged, MapLayer, Trust, map_layers
from .probe import Prediction, Probe, check_probe_fits
from .slots import Period, When, dates_used, days_of, slots_of
from .table import Floats

ALL = "all"
WINDOW_BYTES = 128_000_000
"""Features of a window and what their making needs at a time; about three windows are on the way at once."""
SIDES = (512, 256, 128, 64)
"""Of a window, in pixels: multiples of the store's chunks."""
PREVIEW_WINDOWS = 12
PREVIEW_DATES = 8


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

    `when`: a day, a period (`2018-01-01/2018-12-31`), a list of them, or `all` target dates of the store. The
    files of a day are written together, whole or not at all; where the work stops later on, those of earlier
    days stay. Memory doesn't grow with the area: a window at a time, of a size that follows from the features.
    Pixels without a valid embedding are nodata in every map. `ProbeError` where the probe belongs to another
    model or has no features at a date; `OutputError` before the work starts where a file exists."""
    options, trust = options or ApplyOptions(), trust or Trust()
    check_probe_fits(probe, store)
    maker = MapMaker(probe, store, map_layers(probe.response, trust, store.modalities, options.layers))
    periods = periods_of(store, probe, when)
    names = [{layer.name: file_of(out, layer, period) for layer in maker.layers} for period in periods]
    check_products_free([path for paths in names for path in paths.values()], overwrite=overwrite)
    ramps = maker.ramps(periods) if len(periods) > 1 else {}
    side = maker.side(periods)
    progress = progress or Progress("apply", 0)
    progress.total = len(list(store.grid.tiles(side))) * len(periods)
    applied = []
    for period, paths in zip(periods, names, strict=True):
        products = maker.products(period, ramps, options)
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
        _dates(store, probe, period)
    return periods


def _dates(store: EmbeddingStore, probe: Probe, period: Period) -> list[int]:
    """Target dates (indices) behind a map of a period."""
    spec = probe.recipe.spec
    if spec.kind == "period" and period.single:
        raise ProbeError(
            "a probe of period features needs a period",
            value=period,
            remedy="name its first and last day, such as 2018-01-01/2018-12-31",
        )
    used = sorted(set(dates_used(slots_of(spec, days_of(store.times), period))))
    if not used:
        raise ProbeError(
            "the store has no target date there",
            value=str(period),
            remedy=f"it runs from {store.times[0]} to {store.times[-1]}",
        )
    return used


class MapMaker:
    """Makes the maps of a probe, window by window; may be used from several threads."""

    def __init__(self, probe: Probe, store: EmbeddingStore, layers: Sequence[MapLayer]) -> None:
        self.probe = probe
        self.store = store
        self.layers = tuple(layers)
        self._with_support = any(layer.name == "support" for layer in layers)

    @cached_property
    def _probe_sha256(self) -> str:
        return probe_sha256(self.probe)

    def side(self, periods: Sequence[Period]) -> int:
        """Of the windows, so that one takes about `WINDOW_BYTES` whatever the features are."""
        spec = self.probe.recipe.spec
        dates = max(len(_dates(self.store, self.probe, period)) for period in periods)
        dims, features = spec.dims or self.store.dims, len(self.probe.feature_names)
        sorting = spec.kind == "period" and spec.statistics != ("mean",)
        # percentiles hold all dates of a strip twice; a forest's votes and the copy of the features count as well
        values = 3 * features + 2 * dims + (2 * dates * dims if sorting else 0)
        fitting = [side for side in SIDES if 4 * values * side**2 <= WINDOW_BYTES]
        return fitting[0] if fitting else SIDES[-1]

    def judge(self, window: Window, period: Period) -> Judged:
        """Predict the valid pixels of a window."""
        features, valid = feature_map(self.store, window, self.probe.recipe.spec, period)
        rows = np.ascontiguousarray(features.reshape(len(features), -1).T[valid.ravel()])
        support = self._support(window, period) if self._with_support else {}
        return Judged(valid, rows, self.probe.predict(rows) if len(rows) else self._nothing, support)

    @property
    def _nothing(self) -> Prediction:
        """The prediction for no pixel: estimators refuse an empty table."""
        classes = self.probe.response.classes
        return Prediction(np.zeros(0), np.zeros((0, len(classes)), np.float32) if classes else None)

    def _support(self, window: Window, period: Period) -> dict[str, Floats]:
        """Of the dates behind a map: their mean, NaN where no date has a clear frame."""
        dates = _dates(self.store, self.probe, period)
        total: dict[str, Floats] = {}
        count: dict[str, Floats] = {}
        for index in dates:
            read = self.store.read_map(index, window, dims=1)
            for name, layer in read.support.items():
                there = read.validity & ((layer != NO_FRAME) | name.startswith("clear_count"))
                total[name] = total.get(name, np.float32(0)) + np.where(there, layer, 0).astype(np.float32)
                count[name] = count.get(name, np.float32(0)) + there
        with np.errstate(invalid="ignore"):  # 0 / 0 = NaN: none
            return {name: total[name] / count[name] for name in total}

    def products(self, period: Period, ramps: dict[str, Ramp], options: ApplyOptions) -> list[Product]:
        """The maps of a period; those of one window are made of one prediction."""
        origin = provenance_of(self.store, _dates(self.store, self.probe, period))
        judge = _Once(partial(self.judge, period=period))
        tags, record = self._told(origin, period, options)
        return [
            Product(
                title=self._title(layer, period, origin),
                grid=self.store.grid,
                bands=_ramped(layer, ramps),
                render=partial(_drawn, layer, judge),
                tags=tags,
                record=record,
                start=origin.start,
                end=origin.end,
            )
            for layer in self.layers
        ]

    def _title(self, layer: MapLayer, period: Period, origin: Provenance) -> str:
        kind = " (simulated data)" if origin.simulated else ""
        return f"{layer.title}, {str(period).replace('/', ' to ')}{kind}"

    def _told(
        self, origin: Provenance, period: Period, options: ApplyOptions
    ) -> tuple[dict[str, str], dict[str, Any]]:
        training = self.probe.training
        notes = [note for note in (*notes_on(self.probe), options.note) if note]
        tags = {
            **origin.tags,
            "PHENOLENS_PROBE": f"{self.probe.recipe.estimator.name} on {self.probe.recipe.spec.kind} features",
            "PHENOLENS_PROBE_SHA256": self._probe_sha256,
            "PHENOLENS_TRAINING": _sizes(self.probe),
            "PHENOLENS_NOTE": " ".join(notes),
        }
        record = {
            **origin.record,
            "probe": {
                "sha256": self._probe_sha256,
                "response": self.probe.response.to_dict(),
                "recipe": self.probe.recipe.to_dict(),
                "samples": training.samples,
                "groups": dict(training.groups),
                "training_sha256": training.sha256,
                "scores": dict(self.probe.scores),
                "software": dict(self.probe.versions),
            },
            "when": str(period),
            "notes": notes,
            "config": options.config,
        }
        return {key: value for key, value in tags.items() if value}, record

    def ramps(self, periods: Sequence[Period]) -> dict[str, Ramp]:
        """Ranges of the quantities over some windows and dates, so that colours mean the same on all of them."""
        chosen = [periods[i] for i in np.unique(np.linspace(0, len(periods) - 1, PREVIEW_DATES).astype(int))]
        windows = list(self.store.grid.tiles(SIDES[-1]))
        some = [windows[i] for i in np.unique(np.linspace(0, len(windows) - 1, PREVIEW_WINDOWS).astype(int))]
        seen: dict[str, list[npt.NDArray[np.float64]]] = {}
        for period in chosen:
            for window in some:
                judged = self.judge(window, period)
                for layer in self.layers:
                    if _open_ended(layer.bands[0]):
                        values = layer.bands[0].decode(layer.draw(judged)[0])
                        seen.setdefault(layer.name, []).append(values[np.isfinite(values)])
        return {
            layer.name: _range(layer.bands[0], np.concatenate(seen[layer.name]))
            for layer in self.layers
            if layer.name in seen
        }


def notes_on(probe: Probe) -> list[str]:
    """What one must know who reads a map of the probe."""
    sites = probe.training.groups.get("site", 0)
    if probe.response.task == "classification" or not sites:
        return []
    return [
        f"Fitted on {sites} {'site' if sites == 1 else 'sites'}: towers see the mean of a footprint, and a single "
        "pixel lies outside of that.",
        "Embeddings know nothing of radiation: dips on cloudy days are not followed.",
    ]


def _sizes(probe: Probe) -> str:
    groups = [f"{count} different by {name}" for name, count in probe.training.groups.items()]
    return ", ".join([f"{probe.training.samples} samples", *groups])


def _open_ended(band: ProductBand) -> bool:
    """Whether its colours have no range of their own."""
    return band.classes is None and (band.ramp is None or band.ramp.low is None or band.ramp.high is None)


def _range(band: ProductBand, values: npt.NDArray[np.float64]) -> Ramp:
    ramp = band.ramp or Ramp.named("viridis")
    if not values.size:
        return ramp
    low, high = (float(v) for v in np.percentile(values, (2, 98)))
    return replace(ramp, low=low, high=high)


def _ramped(layer: MapLayer, ramps: dict[str, Ramp]) -> tuple[ProductBand, ...]:
    if layer.name not in ramps:
        return layer.bands
    return (replace(layer.bands[0], ramp=ramps[layer.name]), *layer.bands[1:])


def _drawn(layer: MapLayer, judge: "_Once", window: Window) -> Stored:
    return layer.draw(judge(window))


class _Once:
    """What a function made of the last window, per thread: the maps of a window are drawn one after the other."""

    def __init__(self, make: Callable[[Window], Judged]) -> None:
        self._make = make
        self._last = threading.local()

    def __call__(self, window: Window) -> Judged:
        if getattr(self._last, "window", None) != window:
            self._last.window = None
            self._last.judged = self._make(window)
            self._last.window = window
        judged: Judged = self._last.judged
        return judged
