"""Acquisitions at hand, and what embedding them would take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .arrays import Grid
from .part import Part, given
from .results import Told
from .transport import Request

OPENING_S = 180.0
"""Seconds: a folder may hold hundreds of files."""

Asked = Mapping[str, Any]
"""As jobs are given it: `{"sample": name}`, or `{"s2": {"paths": [...], "stored_as": ...}, "s1": ...}`."""


@dataclass(frozen=True)
class Acquisition(Told):
    """One date of one sensor; time is UTC, ISO 8601; what isn't known is None.

    `times` are those of the scenes of a pass that were merged, where they differ."""

    time: str
    platform: Optional[str] = None
    orbit_direction: Optional[str] = None
    relative_orbit: Optional[int] = None
    processing_baseline: Optional[str] = None
    sources: tuple[str, ...] = ()
    times: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sensor(Told):
    """What is there of `s1` or `s2`; files that are `undated` are left out unless their `day` is said."""

    sensor: str
    acquisitions: tuple[Acquisition, ...]
    kinds: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    pixels: tuple[str, ...] = ()
    masked: bool = False
    skipped: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    undated: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class SensorFault(Told):
    """Why a sensor's files can't be read as they are; `choices` are what can be stated about their numbers.

    Of code `date` the `day` has to be stated, of `crs` the `crs`."""

    sensor: str
    code: str
    cause: str
    value: Optional[str] = None
    remedy: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class UnnamedBand(Told):
    """What is seen of a band: its description, the type of its numbers, the range of a sample of them."""

    description: str
    dtype: str
    low: Optional[float] = None
    high: Optional[float] = None


@dataclass(frozen=True)
class Unnamed(Told):
    """GeoTIFFs whose bands have no names: one of them, how many have as many bands, and the bands."""

    file: str
    files: int
    bands: tuple[UnnamedBand, ...]


@dataclass(frozen=True)
class Sources(Told):
    """Acquisitions as they were found; `footprint` is longitude and latitude along the edge."""

    name: str
    sensors: tuple[Sensor, ...]
    title: str = ""
    simulated: bool = False
    attribution: str = ""
    notes: tuple[str, ...] = ()
    faults: tuple[SensorFault, ...] = ()
    grid: Optional[Grid] = None
    footprint: tuple[tuple[float, float], ...] = ()
    unnamed: Optional[Unnamed] = None
    """Where no sensor could be read, as bands have no names: `band_names` says what they are, in order."""


@dataclass(frozen=True)
class Plan(Told):
    """What an embedding would take: `dates` are `about` so where clear ones were asked for.

    `seconds` are `measured` where this workspace has embedded before. Storage is an upper bound.
    """

    grid: Grid
    km2: float
    acquisitions: Mapping[str, int]
    dates: tuple[str, ...]
    pixel_dates: int
    storage_bytes: int
    peak_memory_bytes: int
    seconds: float
    tiles: int = 1
    about: bool = False
    measured: bool = False
    read_bytes: int = 0
    free_bytes: int = 0
    free_memory_bytes: int = 0
    footprint: tuple[tuple[float, float], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Samples(Told):
    samples: tuple[Sources, ...]


@dataclass(frozen=True)
class _Over(Told):
    acquisitions: Mapping[str, tuple[Acquisition, ...]]


@dataclass(frozen=True)
class _Clear(Told):
    clear: tuple[float, ...]


@dataclass(frozen=True)
class Outlines(Told):
    """Outer edges of polygons, [polygon][corner] (longitude, latitude), the largest first."""

    polygons: tuple[tuple[tuple[float, float], ...], ...]
    holes: tuple[tuple[tuple[tuple[float, float], ...], ...], ...] = ()
    """[polygon][hole][corner]"""
    filled: int = 0
    """How many holes were left out, the smallest ones."""
    mended: int = 0
    """How many polygons of the file crossed themselves: what each encloses was taken."""


@dataclass(frozen=True)
class _Models(Told):
    models: tuple[str, ...]


@dataclass(frozen=True)
class _Folder(Told):
    path: str


class SourcesAtHand(Part):
    """Samples, files, and plans."""

    def samples(self) -> tuple[Sources, ...]:
        """The bundled ones."""
        return _Samples.from_json(self._get("/v1/samples").parsed()).samples

    def admit(self, path: str) -> str:
        """Let jobs read a file, or a folder and below, by its absolute path; how requests name it from then on."""
        return _Folder.from_json(self._slow("/v1/folders", {"path": path})).path

    def describe(self, sources: Asked) -> Sources:
        """What a sample or files hold; `AcquisitionError` and the like only where nothing could be tried."""
        return Sources.from_json(self._slow("/v1/sources", sources))

    def outlines(self, file: str) -> Outlines:
        """The polygons of a GeoPackage, GeoJSON or Shapefile."""
        return Outlines.from_json(self._slow("/v1/outlines", {"file": file}))

    def models(self) -> tuple[str, ...]:
        """What can be embedded with, the usual one first."""
        return _Models.from_json(self._get("/v1/models").parsed()).models

    def over(self, sources: Asked, area: Asked | None = None) -> Mapping[str, tuple[Acquisition, ...]]:
        """By sensor, the acquisitions that an area would be embedded from: those that touch it, passes merged."""
        return _Over.from_json(
            self._slow("/v1/sources/over", {"sources": sources, "area": area})
        ).acquisitions

    def clear(self, sources: Asked, area: Asked | None = None) -> tuple[float, ...]:
        """About the share of an area that each Sentinel-2 acquisition saw, 0 to 1."""
        return _Clear.from_json(self._slow("/v1/sources/clear", {"sources": sources, "area": area})).clear

    def plan(self, asked: Asked) -> Plan:
        """What an `embed` job with these parameters (without `out`) would take."""
        return Plan.from_json(self._slow("/v1/plan", asked))

    def _slow(self, path: str, asked: Asked) -> object:
        request = Request("POST", path, json=given(asked), timeout_s=OPENING_S, repeatable=True)
        return self._transport.send(request).checked().parsed()
