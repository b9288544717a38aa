"""Probes on maps: those that were fitted a moment ago on a person's labels, and those in files of the workspace."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ProbeError
from ...export.product import ProductBand, Ramp
from ...grid import Window
from ...mapping.maker import MapMaker, dates_of, notes_on
from ...mapping.outputs import MapLayer, names_of_maps
from ...mapping.series import PredictedSeries, predict_series
from ...probes.files import load_probe, read_record
from ...probes.probe import Probe, check_probe_fits
from ...probes.slots import Period
from ...store import EmbeddingStore
from ...trust.calibration import Trust, trust_of
from ...views.colour import Bytes
from ...views.layer import Layer, Palette
from ...views.maps import times_of
from ...views.percentile import scaled
from ..faults import NotFound
from ..workspace import Workspace
from .kept import Kept
from .layers import Drawing, Look, Values, named_time
from .memory import load_sklearn
from .series import QUALITIES, PixelsTold, pixel_series
from .stores import OpenStore

PREVIEW_BYTES, LOADED_BYTES = 48 * 2**20, 48 * 2**20
LEAST_BYTES, NODE_BYTES = 4 * 2**20, 64
MOST_RAMPS = 64
NO_TORCH = "temporal"
Shades = tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True, eq=False)
class _Known:
    """A probe, what judges it, and what tells it from others."""

    probe: Probe
    trust: Trust
    key: str


@dataclass(frozen=True, eq=False)
class ProbeSeries:
    """What a probe says of pixels on all dates, and what it rests on."""

    told: PixelsTold
    predicted: PredictedSeries
    probe: Probe
    trust: Trust
    qualities: tuple[str, ...] = QUALITIES


class Probes:
    """Draws probes; the previews fitted last are kept."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._previews: Kept[_Known] = Kept(PREVIEW_BYTES, _bytes)
        self._loaded: Kept[_Known] = Kept(LOADED_BYTES, _bytes)
        self._ramps: Kept[Ramp] = Kept(MOST_RAMPS)

    def keep(self, probe: Probe) -> str:
        """The number of a fitted preview: the same samples and recipe, the same number."""
        content = repr(
            (probe.training.sha256, probe.recipe.to_dict(), probe.response.to_dict(), probe.origin)
        )
        number = hashlib.sha256(content.encode()).hexdigest()[:16]
        self._previews.put(number, _Known(probe, Trust(), number))
        return number

    def listed(self) -> list[dict[str, Any]]:
        """What the probes of the workspace say of themselves; of one that can't be read, why."""
        return [self._described(name) for name in self._workspace.probes()]

    def _described(self, name: str) -> dict[str, Any]:
        try:
            path = self._workspace.existing(name)
            return {"probe": name, "modified": path.stat().st_mtime, **_summary(read_record(path))}
        except (ProbeError, KeyError, TypeError, AttributeError) as error:
            return {"probe": name, "problem": getattr(error, "cause", "the probe's record can't be read")}

    def drawing(self, opened: OpenStore, look: Look) -> Drawing:
        """`NotFound` for a preview that isn't kept, `ProbeError` where the probe can't be applied to the store."""
        known = self._known(look.identity)
        probe, store = known.probe, opened.store
        check_probe_fits(probe, store)
        period = _period(store, look.date)
        dates_of(store, probe, period)
        wanted = look.output or ("class" if probe.response.task == "classification" else "value")
        layer = MapMaker(probe, store, known.trust, [wanted]).layers[0]
        key = (opened.key, known.key, period, wanted)

        def shown(view: EmbeddingStore) -> Layer:
            ramp = self._ramps.get(key, lambda: _ramp(known, store, period, layer))
            return _in_colours(view, known, period, layer, ramp)

        classes = layer.bands[0].classes
        values = partial(_values, known, period, layer.name)
        return Drawing(shown, values, key, classes, notes=tuple(notes_on(probe, store)))

    def series(self, opened: OpenStore, identity: str, pixels: Sequence[tuple[int, int]]) -> ProbeSeries:
        """Predictions of every date; errors as `drawing` and `pixel_series`."""
        known = self._known(identity)
        check_probe_fits(known.probe, opened.store)
        told = pixel_series(opened.store, pixels, known.probe.recipe.spec.dims)
        predicted = predict_series(known.probe, told.series, known.trust)
        return ProbeSeries(told, predicted, known.probe, known.trust)

    def _known(self, identity: str) -> _Known:
        if not identity.endswith(".probe"):
            known = self._previews.find(identity)
            if known is None:
                raise NotFound("there is no such preview (any more)", value=identity, remedy="fit it again")
            return known
        path = self._workspace.existing(identity)
        changed = path.stat()
        return self._loaded.get((str(path), changed.st_mtime_ns, changed.st_size), lambda: _loaded(path))


def _bytes(known: _Known) -> int:
    """What a probe takes at least: trees are what makes some of them large."""
    trees = [tree.tree_ for tree in getattr(known.probe.estimator.learner, "estimators_", ())]
    return LEAST_BYTES + sum(int(NODE_BYTES * tree.node_count + tree.value.nbytes) for tree in trees)


def refuse_torch(estimator: str) -> None:
    """`ProbeError` for the estimator that needs PyTorch."""
    if estimator == NO_TORCH:
        raise ProbeError(
            "the temporal probe has no live preview: it needs PyTorch, which only jobs load",
            value=estimator,
            remedy="fit and apply it as jobs, or preview another estimator",
        )


def _loaded(path: Path) -> _Known:
    record = read_record(path)
    try:
        refuse_torch(str(record["recipe"]["estimator"]["name"]))
    except (KeyError, TypeError) as error:
        raise ProbeError(
            "the probe's record can't be read", value=path.name, remedy="fit it again"
        ) from error
    load_sklearn()
    probe = load_probe(path)
    return _Known(probe, trust_of(probe), f"{path}{path.stat().st_mtime_ns}")


def _summary(record: Mapping[str, Any]) -> dict[str, Any]:
    recipe, training, origin = record["recipe"], record["training"], record["origin"] or {}
    return {
        "response": record["response"],
        "estimator": recipe["estimator"]["name"],
        "features": recipe["features"]["kind"],
        "samples": training["samples"],
        "model": origin.get("model"),
        "dims": origin.get("dims"),
        "preview": recipe["estimator"]["name"] != NO_TORCH,
        "maps": names_of_maps(record["response"]["task"], recipe["features"]["kind"], record["attachments"]),
    }


def _period(store: EmbeddingStore, date: str | None) -> Period:
    """The day or period asked for; that of the only date, where none is."""
    if date is None:
        times = times_of(store)
        return Period.of(times[named_time(times, None, "dates of the store")].date())
    return Period.of(date.partition("T")[0] if "/" not in date else date)


def _stored(
    view: EmbeddingStore, known: _Known, period: Period, name: str
) -> tuple[MapLayer, npt.NDArray[Any]]:
    """[band, y, x] of a whole view, window by window."""
    maker = MapMaker(known.probe, view, known.trust, [name])
    layer = maker.layers[0]
    out = np.empty((len(layer.bands), *view.grid.shape), layer.bands[0].dtype)

    def draw(window: Window) -> None:
        out[:, *window.slices] = layer.draw(maker.judge(window, period))

    for window in view.grid.tiles(maker.side([period])):
        draw(window)
    return layer, out


def _values(known: _Known, period: Period, name: str, view: EmbeddingStore) -> Values:
    layer, stored = _stored(view, known, period, name)
    first = layer.bands[0]
    if (first.scale, first.offset) != (1, 0):
        stored = np.stack([band.decode(s) for band, s in zip(layer.bands, stored, strict=True)]).astype(
            np.float32
        )
        return Values(stored, tuple(band.name for band in layer.bands), first.unit, np.nan)
    return Values(stored, tuple(band.name for band in layer.bands), first.unit, first.nodata)


def _in_colours(view: EmbeddingStore, known: _Known, period: Period, layer: MapLayer, ramp: Ramp) -> Layer:
    band = layer.bands[0]
    palette = _class_palette(band) if band.classes else _palette(ramp, band.unit)

    def render(window: Window) -> Bytes:
        drawn, stored = _stored(view, known, period, layer.name)
        index = (
            stored[:1]
            if band.classes
            else scaled(drawn.bands[0].decode(stored[:1]), palette.low, palette.high)
        )
        indices: Bytes = index[:, *window.slices]
        return indices

    title = layer.title if len(layer.bands) == 1 else band.name  # the first is what is drawn
    return Layer(f"{title}, {period}", view.grid, render, (band.name,), palette)


def _class_palette(band: ProductBand) -> Palette:
    assert band.classes is not None
    hues = dict.fromkeys(range(256), (0, 0, 0, 0)) | {c.code: (*c.rgb, 255) for c in band.classes}
    return Palette(hues, 1, 255)


def _palette(ramp: Ramp, unit: str) -> Palette:
    """The colours of a ramp at 255 steps between its ends."""
    assert ramp.low is not None
    assert ramp.high is not None
    stops = np.array([list(bytes.fromhex(colour[1:])) for colour in ramp.colours], np.float64)
    at = np.linspace(0, len(stops) - 1, 255)
    mixed = np.stack([np.interp(at, np.arange(len(stops)), stops[:, c]) for c in range(3)], axis=1).round()
    shades = {index + 1: (int(r), int(g), int(b), 255) for index, (r, g, b) in enumerate(mixed)}
    return Palette({0: (0, 0, 0, 0), **shades}, ramp.low, ramp.high, unit)


def _ramp(known: _Known, store: EmbeddingStore, period: Period, layer: MapLayer) -> Ramp:
    """The range of colours over the whole store, so that all windows and tiles agree."""
    band = layer.bands[0]
    if band.classes is not None or (band.ramp is not None and band.ramp.low is not None):
        return band.ramp or Ramp((), 0, 1)
    return MapMaker(known.probe, store, known.trust, [layer.name]).ramps([period])[layer.name]
