"""What a service shows of its stores, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .arrays import Array, Grid
from .results import Told


@dataclass(frozen=True)
class StoreList(Told):
    """Embedding stores by their workspace-relative paths, finished or not."""

    stores: tuple[str, ...]


@dataclass(frozen=True)
class Store(Told):
    """An embedding store; times are UTC, ISO 8601, `scenes` those of the acquisitions behind it by sensor."""

    store: str
    dims: int
    grid: Grid
    times: tuple[str, ...]
    title: str = ""
    complete: bool = True
    dtype: str = ""
    modalities: tuple[str, ...] = ()
    model: Mapping[str, Any] = field(default_factory=dict)
    scenes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attribution: str = ""
    licence: str = ""


@dataclass(frozen=True)
class BandsAt(Told):
    """One acquisition: its valid bands in the sensor's unit (reflectance, dB), and NDVI of single pixels."""

    time: str
    bands: Mapping[str, float]


@dataclass(frozen=True)
class Series(Told):
    """What pixels, or a polygon, did over all `times`; `quality` numbers index `qualities`.

    Of pixels: `embedding` [pixel, time, dim], `quality` [pixel, time], `support` by name [pixel, time].
    Of a polygon: `mean` [time, dim] (NaN where nothing is valid), `percentiles` [10th/50th/90th, time, dim],
    `quality` [quality, time] numbers of pixels; `pixels` are those that it rests on, of `inside` in all.
    `bands` by sensor, one for each pixel or one for the polygon.
    """

    times: tuple[str, ...]
    qualities: tuple[str, ...]
    quality: Array
    pixels: tuple[tuple[int, int], ...] = ()
    inside: Optional[int] = None
    embedding: Optional[Array] = None
    support: Mapping[str, Array] = field(default_factory=dict)
    mean: Optional[Array] = None
    percentiles: Optional[Array] = None
    bands: Optional[tuple[Mapping[str, tuple[BandsAt, ...]], ...]] = None
