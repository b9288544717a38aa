"""Makes the maps of a probe, window by window: one prediction for all of them, with what they come from."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import ProbeError
from ..export.product import Product, ProductBand, Ramp, Stored, apart
from ..export.provenance import Provenance, provenance_of
from ..grid import Window
from ..probes.features import feature_map
from ..probes.files import probe_sha256
from ..probes.probe import Prediction, Probe
from ..probes.slots import Period, dates_used, days_of, slots_of, span_of
from ..probes.table import Floats
from ..store import NO_FRAME, EmbeddingStore
from ..trust.calibration import Trust
from .outputs import OF_SIMILARITY, Judged, MapLayer, map_layers

WINDOW_BYTES = 128_000_000
"""Features of a window and what their making needs at a time; about three windows are on the way at once."""
SIDES = (512, 256, 128, 64)
"""Of a window, in pixels: multiples of the store's chunks."""
PREVIEW_WINDOWS = 12
PREVIEW_DATES = 8
Made = TypeVar("Made")


def dates_of(store: EmbeddingStore, probe: Probe, period: Period) -> list[int]:
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
            remedy=f"it runs from {span_of(store.times)}",
        )
    return used


class MapMaker:
    """Makes the maps of a probe, window by window; may be used from several threads."""

    def __init__(
        self, probe: Probe, store: EmbeddingStore, trust: Trust, layers: Sequence[str] | None = None
    ) -> None:
        self.probe = probe
        self.store = store
        self.trust = trust
        self.layers = tuple(map_layers(probe.response, trust, store.modalities, layers))
        names = {layer.name for layer in self.layers}
        self._with_support = "support" in names
        self._with_similarity = not names.isdisjoint(OF_SIMILARITY)

    @cached_property
    def _probe_sha256(self) -> str:
        return probe_sha256(self.probe)

    def side(self, periods: Sequence[Period]) -> int:
        """Of the windows, so that one takes about `WINDOW_BYTES` whatever the features are."""
        spec = self.probe.recipe.spec
        dates = max(len(dates_of(self.store, self.probe, period)) for period in periods)
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
        said = self.probe.predict(rows) if len(rows) else self._nothing
        unlike = (
            self.trust.dissimilarity(rows) if self.trust.dissimilarity and self._with_similarity else None
        )
        support = self._support(window, period) if self._with_support else {}
        return Judged(valid, rows, said, unlike, support)

    @property
    def _nothing(self) -> Prediction:
        """The prediction for no pixel: estimators refuse an empty table."""
        classes = self.probe.response.classes
        return Prediction(np.zeros(0), np.zeros((0, len(classes)), np.float32) if classes else None)

    def _support(self, window: Window, period: Period) -> dict[str, Floats]:
        """Of the dates behind a map: their mean, NaN where no date has a clear frame."""
        dates = dates_of(self.store, self.probe, period)
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

    def products(
        self, period: Period, ramps: dict[str, Ramp], note: str = "", config: Mapping[str, Any] | None = None
    ) -> list[Product]:
        """The maps of a period; those of one window are made of one prediction."""
        origin = provenance_of(self.store, dates_of(self.store, self.probe, period))
        judge = Once(partial(self.judge, period=period))
        tags, record = self.told(origin, period, note, config or {})
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

    def told(
        self, origin: Provenance, when: object, note: str, config: Mapping[str, Any]
    ) -> tuple[dict[str, str], dict[str, Any]]:
        """Tags and record of what was made of an origin."""
        training = self.probe.training
        notes = [note for note in (*notes_on(self.probe, self.store), note) if note]
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
            "when": str(when),
            "notes": notes,
            "config": dict(config),
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


def notes_on(probe: Probe, store: EmbeddingStore) -> list[str]:
    """What one must know who reads a map of the probe; what matters most comes first."""
    sites, fitted_on = probe.training.groups.get("site", 0), probe.origin.store if probe.origin else ""
    elsewhere = fitted_on and fitted_on != store.path.name
    notes = (
        [f"Fitted on {fitted_on}, not on {store.path.name}: how good it is here is not known."]
        if elsewhere
        else []
    )
    if probe.response.task == "classification" or not sites:
        return notes
    return [
        *notes,
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
    low, high = apart(*(float(v) for v in np.percentile(values, (2, 98))))
    return replace(ramp, low=low, high=high)


def _ramped(layer: MapLayer, ramps: dict[str, Ramp]) -> tuple[ProductBand, ...]:
    if layer.name not in ramps:
        return layer.bands
    return (replace(layer.bands[0], ramp=ramps[layer.name]), *layer.bands[1:])


def _drawn(layer: MapLayer, judge: "Once[Judged]", window: Window) -> Stored:
    return layer.draw(judge(window))


class Once(Generic[Made]):
    """What a function made of the last window, per thread: the maps of a window are drawn one after the other."""

    def __init__(self, make: Callable[[Window], Made]) -> None:
        self._make = make
        self._last = threading.local()

    def __call__(self, window: Window) -> Made:
        if getattr(self._last, "window", None) != window:
            self._last.window = None
            self._last.made = self._make(window)
            self._last.window = window
        made: Made = self._last.made
        return made
