"""What a service shows of its stores, as values."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

from .arrays import Array, Grid, Raster
from .errors import BadAnswer
from .look import Look
from .results import Export, Told


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
    simulated: bool = False
    dtype: str = ""
    modalities: tuple[str, ...] = ()
    model: Mapping[str, Any] = field(default_factory=dict)
    scenes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attribution: str = ""
    licence: str = ""


@dataclass(frozen=True)
class Scale(Told):
    """Colours (#rrggbb) from `low` to `high`, evenly spaced."""

    low: float
    high: float
    colours: tuple[str, ...]
    unit: str = ""


@dataclass(frozen=True)
class LegendClass(Told):
    code: int
    name: str
    colour: str


@dataclass(frozen=True)
class Legend(Told):
    """What the colours of a layer mean: `channels` of a picture, a scale, or classes."""

    title: str
    channels: tuple[str, ...] = ()
    scale: Optional[Scale] = None
    classes: Optional[tuple[LegendClass, ...]] = None
    simulated: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class BandsAt(Told):
    """One acquisition: its valid bands in the sensor's unit (reflectance, dB), and NDVI of single pixels.

    Of a polygon means over the share of its pixels that was `seen` clearly; of decibels the power is averaged.
    """

    time: str
    bands: Mapping[str, float]
    seen: float = 1.0


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


@dataclass(frozen=True)
class Density(Told):
    """A projection's pixel-dates, counted in bins; arrays are [y, x], row 0 at the bottom.

    `extent` is left, right, bottom, top along `axes`; `value` is what the colour shows, NaN where that has no mean;
    `pixels` are all, of which `outside` lie beyond the picture; `fidelity` says how far to trust neighbourhoods.
    """

    extent: tuple[float, float, float, float]
    axes: tuple[str, ...]
    count: Array
    value: Array
    pixels: int
    outside: int = 0
    dates: int = 0
    fidelity: str = ""
    classes: Optional[tuple[LegendClass, ...]] = None
    """What the codes of a layer stand for."""
    fit: Optional[str] = None
    """Of a UMAP: which fit it is; a lasso drawn in one means nothing in another."""
    neighbours: Optional[int] = None
    min_dist: Optional[float] = None
    """What a UMAP was fitted with."""


@dataclass(frozen=True)
class Positions(Told):
    """Where single pixels lie in a projection: `points` [pixel, date, axis], NaN where there is no embedding.

    `dates` are indices into the store's times.
    """

    points: Array
    dates: tuple[int, ...]
    axes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Selection:
    """Selected pixels of some dates, one bit each; `shape` is rows and columns of the window, in steps.

    `dates` are indices into the store's times, `selected` the number of pixels on each.
    """

    shape: tuple[int, int]
    dates: tuple[int, ...]
    selected: tuple[int, ...]
    bits: bytes = field(repr=False)
    """Dates one after the other, each filled up to whole bytes; a byte's highest bit is its first pixel."""

    @classmethod
    def from_json(cls, values: object) -> Selection:
        told = _SelectionTold.from_json(values)
        try:
            bits = base64.b64decode(told.bits, validate=True)
        except ValueError as error:
            raise BadAnswer("the selection's bits can't be read", value=error) from None
        found = cls(told.shape, told.dates, told.selected, bits)
        if len(bits) != len(told.dates) * found._stride or len(told.selected) != len(told.dates):
            raise BadAnswer(
                "the selection's bits don't fit its shape", value=f"{told.shape}, {len(bits)} bytes"
            )
        return found

    def contains(self, date: int, row: int, column: int) -> bool:
        """Whether a pixel of the window is selected on a date (an index into the store's times)."""
        if date not in self.dates:
            return False
        rows, columns = self.shape
        if not (0 <= row < rows and 0 <= column < columns):
            return False
        place = row * columns + column
        return bool(self.bits[self.dates.index(date) * self._stride + place // 8] & (0x80 >> place % 8))

    def mask(self, date: int) -> bytes:
        """One byte for each pixel of the window, row by row: 1 where it is selected on a date."""
        rows, columns = self.shape
        if date not in self.dates:
            return bytes(rows * columns)
        first = self.dates.index(date) * self._stride
        packed = self.bits[first : first + self._stride]
        return b"".join(_UNPACKED[byte] for byte in packed)[: rows * columns]

    @property
    def _stride(self) -> int:
        return -(-self.shape[0] * self.shape[1] // 8)


_UNPACKED = [bytes(byte >> (7 - bit) & 1 for bit in range(8)) for byte in range(256)]


@dataclass(frozen=True)
class _SelectionTold(Told):
    shape: tuple[int, int]
    dates: tuple[int, ...]
    selected: tuple[int, ...]
    bits: str


@dataclass(frozen=True)
class Search(Told):
    """A search by similarity, from so many pixels `like` and `unlike`."""

    id: str
    like: int = 0
    unlike: int = 0

    def look(self, date: str | None = None) -> Look:
        """How it is drawn on a date."""
        return Look(f"similarity:{self.id}", date)


@dataclass(frozen=True)
class MapTold(Told):
    """Numbers of a window, [band, y, x]."""

    values: Array
    grid: Grid
    bands: tuple[str, ...] = ()
    unit: str = ""
    nodata: Optional[float] = None

    def raster(self) -> Raster:
        """The same as a raster; among fractions, NaN is no number."""
        nodata = math.nan if self.nodata is None and self.values.dtype.startswith("float") else self.nodata
        values = self.values
        if len(values.shape) != 3:
            raise BadAnswer("the map isn't made of bands, rows and columns", value=values.shape)
        return Raster(values.data, values.shape, values.dtype, self.bands, self.unit, nodata, self.grid)


@dataclass(frozen=True)
class Preview(Told):
    """A probe fitted on a few labels; it says nothing of other places yet.

    `samples` of the labelled `pixels` took part, `dropped` counts the others by reason; `training_score` is on the
    training samples themselves.
    """

    id: str
    pixels: int
    samples: int
    per_class: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    training_score: Mapping[str, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    map: Optional[MapTold] = None

    def look(self, date: str | None = None, output: str | None = None) -> Look:
        """How it is drawn on a date."""
        return Look(f"probe:{self.id}", date, output=output)


@dataclass(frozen=True)
class Probe(Told):
    """What a probe's file says of it; `problem` where it can't be read, `preview` whether it can be drawn at once.

    `maps`: those that it can make, such as `value`, `interval`; `sum` and `sum-interval` of a period."""

    probe: str
    response: Optional[Mapping[str, Any]] = None
    estimator: Optional[str] = None
    features: Optional[str] = None
    samples: Optional[int] = None
    model: Optional[str] = None
    dims: Optional[int] = None
    preview: bool = False
    maps: tuple[str, ...] = ()
    problem: Optional[str] = None
    modified: float = 0.0
    """When its file was written: seconds since 1970."""


@dataclass(frozen=True)
class ProbeList(Told):
    probes: tuple[Probe, ...]


@dataclass(frozen=True)
class ProbeSeries(Told):
    """What a probe predicts on all `times`, [pixel, time] each; NaN (class 0) where there is no embedding.

    `values` are class codes or in the `response`'s unit; `low` and `high` their conformal interval of nominal
    `coverage`, None where the probe isn't calibrated, learnt from so many `groups`, each a `group` (site, block,
    polygon); `confidence` the probability of the class that is told.
    """

    times: tuple[str, ...]
    pixels: tuple[tuple[int, int], ...]
    qualities: tuple[str, ...]
    quality: Array
    response: Mapping[str, Any]
    values: Array
    low: Optional[Array] = None
    high: Optional[Array] = None
    confidence: Optional[Array] = None
    coverage: Optional[float] = None
    promise: str = ""
    groups: int = 0
    group: str = ""


@dataclass(frozen=True)
class Upload(Told):
    """A file that the service has taken: its workspace-relative path."""

    path: str
    bytes: int = 0


@dataclass(frozen=True)
class Qgis(Told):
    """What QGIS needs to show a layer of a store.

    `raster` is the file of this very layer and day, None where it wasn't exported; `files` are all of the store (and
    day). `tiles` is the path of XYZ tiles on the service, with {z}, {x} and {y}, for what isn't exported; each needs
    the token. Bounds are left, bottom, right, top.
    """

    folder: str
    crs: str
    bounds: tuple[float, float, float, float]
    lonlat_bounds: tuple[float, float, float, float]
    title: str
    legend: Legend
    tiles: str
    deepest_zoom: int
    raster: Optional[Export] = None
    files: tuple[Export, ...] = ()

    def path(self, name: str) -> Path:
        """Where a file of this answer lies on this machine: the service's workspace is on it too."""
        return Path(self.folder) / name
