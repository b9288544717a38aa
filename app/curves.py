"""What pixels, polygons and selections did over time, as curves: embeddings, indices, bands, support."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from phenolens.engine.client.readings import BandsAt, Series, Store
from PySide6.QtCore import QCoreApplication

from .colouring import array_of
from .session import Place, SeriesChoice
from .telling import numeral
from .texts import QT_TRANSLATE_NOOP

translate = QCoreApplication.translate  # by this name translators' tools find its texts

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]
Summary = tuple[Floats, Codes, Floats | None, Floats | None]
CLEAR, GAP_FILLED, NO_DATA, OBSERVED, IN_PART = range(5)
QUALITIES = (
    QT_TRANSLATE_NOOP("Curves", "clear"),
    QT_TRANSLATE_NOOP("Curves", "gap-filled"),
    QT_TRANSLATE_NOOP("Curves", "no data"),
    QT_TRANSLATE_NOOP("Curves", "observed"),
    QT_TRANSLATE_NOOP("Curves", "observed, less than half of it"),
)
"""Of embeddings, as the engine numbers them; of acquisitions, whether most of the pixels were seen."""
MOSTLY = 0.5
"""Share of the pixels: means over fewer are as often the edge of a cloud as the place."""
PERCENTILES = (10, 90)
NO_FRAME = 255
INDICES = ("NDVI", "kNDVI", "NIRv")
SENSOR_BANDS = {
    "s2": ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12"),
    "s1": ("VV", "VH"),
}


@dataclass(frozen=True)
class Kind:
    """What can be shown of a place, what its axis says, and what is asked for."""

    name: str
    axis: str
    bands: bool = False
    """Whether acquisitions are read, which takes longer than embeddings."""
    glance: bool = True
    """Whether it comes quickly enough for a pointer that rests."""


KINDS = {
    "embedding": Kind(
        QT_TRANSLATE_NOOP("Curves", "Embedding"), QT_TRANSLATE_NOOP("Curves", "value (no unit)")
    ),
    "index": Kind(
        QT_TRANSLATE_NOOP("Curves", "Vegetation indices"),
        QT_TRANSLATE_NOOP("Curves", "index (no unit)"),
        bands=True,
        glance=False,
    ),
    "s2": Kind(
        QT_TRANSLATE_NOOP("Curves", "Sentinel-2 bands"),
        QT_TRANSLATE_NOOP("Curves", "reflectance"),
        bands=True,
        glance=False,
    ),
    "s1": Kind(
        QT_TRANSLATE_NOOP("Curves", "Sentinel-1 backscatter"),
        QT_TRANSLATE_NOOP("Curves", "backscatter (dB)"),
        bands=True,
        glance=False,
    ),
    "probe": Kind(
        QT_TRANSLATE_NOOP("Curves", "Probe"), QT_TRANSLATE_NOOP("Curves", "prediction"), glance=False
    ),
    "support": Kind(QT_TRANSLATE_NOOP("Curves", "Support"), QT_TRANSLATE_NOOP("Curves", "nearest (days)")),
}


@dataclass(frozen=True)
class Subject:
    """What has curves: a place, or a sample of the pixels of a selection."""

    name: str
    colour: str
    pixels: tuple[tuple[int, int], ...] = ()
    """Row, column."""
    corners: tuple[tuple[float, float], ...] = ()
    """Column, row, of a polygon."""
    sampled: bool = False
    """Whether the pixels are shown by their mean."""

    @classmethod
    def of(cls, place: Place) -> Subject:
        pixels = () if place.pixel is None else (place.pixel,)
        return cls(place.name, place.colour, pixels, place.corners)

    @property
    def centre(self) -> tuple[float, float]:
        """Column, row: the mean of the pixels, or a polygon's centre of gravity."""
        if self.pixels:
            row, column = np.mean(self.pixels, axis=0)
            return float(column) + 0.5, float(row) + 0.5
        return _middle(np.array(self.corners))


def _middle(corners: Floats) -> tuple[float, float]:
    """Centre of gravity of a polygon; of one that crosses itself or has no area, the middle of its box."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    box = (low + high) / 2
    here = corners - box  # near zero, where nothing is lost to rounding
    there = np.roll(here, -1, axis=0)
    swept = here[:, 0] * there[:, 1] - there[:, 0] * here[:, 1]
    area = swept.sum()
    middle = box + (swept[:, None] * (here + there)).sum(axis=0) / (3 * area) if area else box
    column, row = middle if ((low <= middle) & (middle <= high)).all() else box
    return float(column), float(row)


@dataclass(frozen=True, eq=False)
class Curve:
    """One line of the plot."""

    owner: str
    colour: str
    name: str
    times: Floats
    """Seconds since 1970, ascending."""
    values: Floats
    """NaN = none."""
    quality: Codes
    low: Floats | None = None
    high: Floats | None = None
    """10th and 90th percentile of the pixels that the values are the mean of; or other `ends`."""
    order: int = 0
    """Among the curves of its owner: how its line is dashed."""
    column: str = ""
    """What it is called in tables, in every language."""
    ends: tuple[str, str] = ("p10", "p90")
    """What `low` and `high` are called there, after the name."""
    observed: bool = False
    """Whether it tells acquisitions themselves, which nothing filled."""
    seen: Floats | None = None
    """Of acquisitions of several pixels: the share of them that each one saw."""
    facts: tuple[tuple[str, str], ...] = ()
    """Further columns of tables that say the same of every row."""
    axis: str = ""
    """What the values are, where their kind doesn't say so."""
    classes: tuple[str, ...] = ()
    """The class at each time, empty where there is none; no classes at all for other curves."""
    shades: tuple[str, ...] = ()
    """Colours of the marks; its own otherwise."""


def kinds_of(store: Store) -> tuple[str, ...]:
    """What there is to be shown of a store."""
    kinds = ["embedding"]
    if "s2" in store.modalities:
        kinds += ["index", "s2"]
    if "s1" in store.modalities:
        kinds.append("s1")
    return (*kinds, "probe", "support")


def parts_of(store: Store, kind: str) -> tuple[str, ...]:
    if kind == "embedding":
        return tuple(str(dim + 1) for dim in range(store.dims))
    if kind == "support":
        return store.modalities
    if kind == "probe":
        return ()  # they are no part of the store
    return INDICES if kind == "index" else SENSOR_BANDS[kind]


def chosen_parts(store: Store, choice: SeriesChoice) -> tuple[str, ...]:
    """Those that were chosen, or the first ones."""
    there = parts_of(store, choice.kind)
    chosen = tuple(part for part in there if part in choice.parts)
    if chosen:
        return chosen
    first = {"embedding": there[:3], "index": there[:1], "s2": ("B04", "B08"), "support": there[-1:]}
    return first.get(choice.kind, there)


def axis_of(kind: str, curves: Sequence[Curve]) -> str:
    """NIRv has the unit of reflectance, the other indices have none; a probe says what it predicts."""
    if curves and curves[0].axis:
        return curves[0].axis
    if kind == "index" and any(curve.name == "NIRv" for curve in curves):
        return translate("Curves", "index, reflectance")
    return translate("Curves", KINDS[kind].axis)


def part_name(kind: str, part: str) -> str:
    probe = part.rpartition("/")[2].removesuffix(".probe")
    names = {
        "embedding": translate("Curves", "dimension {}").format(part),
        "support": translate("Curves", "nearest {}").format(part.upper()),
        "probe": probe,
    }
    return names.get(kind, part)


def quality_name(code: int) -> str:
    return translate("Curves", QUALITIES[code])


def column_of(kind: str, part: str) -> str:
    """What a part is called in tables: in every language, and by the command line too."""
    return {"embedding": f"e{part:>02}", "support": f"nearest_days_{part}"}.get(kind, part)


def curves_of(subject: Subject, told: Series, kind: str, parts: Sequence[str]) -> tuple[Curve, ...]:
    """The curves of one subject; in a thread, where many pixels are summed up."""
    if kind == "probe":
        return ()
    if KINDS[kind].bands:
        return tuple(_bands(subject, told, kind, parts))
    if kind == "support":
        return tuple(_support(subject, told, parts))
    return tuple(_embedding(subject, told, parts))


def seconds(times: Iterable[str]) -> Floats:
    return np.array([datetime.fromisoformat(time).timestamp() for time in times], np.float64)


def _embedding(subject: Subject, told: Series, parts: Sequence[str]) -> Iterable[Curve]:
    times, quality = seconds(told.times), quality_of(array_of(told.quality), told.mean is not None)
    for order, part in enumerate(parts):
        dim = int(part) - 1
        name, column = part_name("embedding", part), column_of("embedding", part)
        if told.mean is not None and told.percentiles is not None:
            spread = array_of(told.percentiles)[:, :, dim].astype(np.float64)
            mean = array_of(told.mean)[:, dim].astype(np.float64)
            summary: Summary = mean, quality, spread[0], spread[2]
            yield Curve(subject.name, subject.colour, name, times, *summary, order, column=column)
        elif told.embedding is not None:
            values = array_of(told.embedding)[:, :, dim].astype(np.float64)
            values[array_of(told.quality) == NO_DATA] = np.nan
            summary = summed(values, quality)
            yield Curve(subject.name, subject.colour, name, times, *summary, order, column=column)


def _support(subject: Subject, told: Series, parts: Sequence[str]) -> Iterable[Curve]:
    """Of pixels alone; the engine sums up no support."""
    times, quality = seconds(told.times), quality_of(array_of(told.quality), told.mean is not None)
    for order, part in enumerate(parts):
        days = told.support.get(f"nearest_days_{part}")
        if days is not None:
            values = array_of(days).astype(np.float64)
            values[values == NO_FRAME] = np.nan
            name, column = part_name("support", part), column_of("support", part)
            found = summed(values, quality)
            yield Curve(subject.name, subject.colour, name, times, *found, order, column=column)


def quality_of(told: npt.NDArray[Any], counted: bool = False) -> Codes:
    """[time] of [pixel, time]: of several pixels, what most of those with data are; `counted`: [quality, time]."""
    counts = told.astype(np.int64)
    if not counted:
        if len(counts) == 1:
            codes: Codes = counts[0].astype(np.uint8)
            return codes
        counts = np.stack([(counts == code).sum(axis=0) for code in (CLEAR, GAP_FILLED, NO_DATA)])
    better = np.where(counts[CLEAR] >= counts[GAP_FILLED], CLEAR, GAP_FILLED)
    return np.where(counts[:NO_DATA].sum(axis=0) > 0, better, NO_DATA).astype(np.uint8)


def summed(values: Floats, quality: Codes, decibels: bool = False) -> Summary:
    """[pixel, time] → mean, quality, 10th and 90th percentile over the pixels with data; of decibels the mean power,
    as the engine tells it of polygons."""
    if len(values) == 1:
        return values[0], quality, None, None
    mean = np.full(values.shape[1], np.nan)
    low, high = mean.copy(), mean.copy()
    for time in np.flatnonzero(np.isfinite(values).any(axis=0)):
        there = values[np.isfinite(values[:, time]), time]
        mean[time] = 10 * np.log10(np.mean(10 ** (there / 10))) if decibels else there.mean()
        low[time], high[time] = np.percentile(there, PERCENTILES)
    return mean, quality, low, high


def _bands(subject: Subject, told: Series, kind: str, parts: Sequence[str]) -> Iterable[Curve]:
    sensor, pixels = "s1" if kind == "s1" else "s2", told.bands or ()
    frames: dict[str, dict[int, BandsAt]] = {}  # by time and pixel; of tiles that overlap the last one
    for row, each in enumerate(pixels):
        for frame in each.get(sensor, ()):
            frames.setdefault(frame.time, {})[row] = frame
    ordered = sorted(frames)
    times = seconds(ordered)
    share = np.array([sum(one.seen for one in frames[time].values()) for time in ordered])
    share /= max(1, len(pixels))
    quality = np.where(share >= MOSTLY, OBSERVED, IN_PART).astype(np.uint8)
    several = len(pixels) > 1 or bool(subject.corners)
    values = np.full((len(parts), len(pixels), len(ordered)), np.nan)
    for column, time in enumerate(ordered):
        for row, frame in frames[time].items():
            bands = _with_indices(frame)
            values[:, row, column] = [bands.get(part, np.nan) for part in parts]
    for order, part in enumerate(parts):
        there = np.isfinite(values[order]).any(axis=0)
        if not there.any():
            continue
        found = summed(values[order][:, there], quality[there], decibels=kind == "s1")
        where = subject.name, subject.colour, part, times[there]
        seen = share[there] if several else None
        yield Curve(*where, *found, order, column=part, observed=True, seen=seen)


def _with_indices(frame: BandsAt) -> Mapping[str, float]:
    """NDVI; kNDVI = tanh(NDVI²) (Camps-Valls et al. 2021); NIRv = NDVI × NIR (Badgley et al. 2017)."""
    bands = frame.bands
    red, nir = bands.get("B04"), bands.get("B08")
    if red is None or nir is None or red + nir <= 0:
        return bands
    ndvi = (nir - red) / (nir + red)
    return {**bands, "NDVI": ndvi, "kNDVI": float(np.tanh(ndvi**2)), "NIRv": ndvi * nir}


def value_near(curve: Curve, time: float) -> tuple[float, str, float]:
    """Value, what there is to say of it (quality, class or interval) and time of the point nearest to a time."""
    index = int(np.abs(curve.times - time).argmin())
    said = quality_name(int(curve.quality[index]))
    if curve.classes and curve.classes[index]:
        said = f"{curve.classes[index]}, {said}"
    if curve.low is not None and curve.high is not None and np.isfinite(curve.low[index]):
        said = f"{numeral(curve.low[index], '.3g')} to {numeral(curve.high[index], '.3g')}, {said}"
    return float(curve.values[index]), said, float(curve.times[index])
