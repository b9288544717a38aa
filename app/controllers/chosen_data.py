"""The data that an area is embedded from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from phenolens.engine.client.sources import Acquisition, Sources

from ..areas import Area, Bounds, Corner, Data, bounds_of
from ..masks import Bits, inside
from ..panels.acquisition_table import Row

POINTS = 100
"""Along each side of an area, to tell how much of it data cover."""


@dataclass(frozen=True)
class Chosen:
    """The data for an area: how the engine is asked for them, what they are called, what is known of them."""

    asked: dict[str, Any]
    names: tuple[str, ...]
    told: tuple[Sources, ...]
    aside: tuple[str, ...] = ()
    """Others that cover it and are left out, as other things were stated of them."""

    @property
    def keys(self) -> set[str]:
        """Of its acquisitions, as they can be left out."""
        sensors = [sensor for told in self.told for sensor in told.sensors]
        return {
            key for sensor in sensors for one in sensor.acquisitions for key in Row(sensor.sensor, one).keys
        }

    @property
    def sensors(self) -> set[str]:
        return {sensor.sensor for told in self.told for sensor in told.sensors}

    @property
    def rows(self) -> list[Row]:
        """Its acquisitions, before it is known which of them touch an area and are of one pass."""
        rows = [
            Row(sensor.sensor, one, provider=_brief(name))
            for name, told in zip(self.names, self.told, strict=True)
            for sensor in told.sensors
            for one in sensor.acquisitions
        ]
        return sorted(rows, key=lambda row: row.acquisition.time)

    def rows_over(self, found: Mapping[str, Sequence[Acquisition]]) -> list[Row]:
        """The acquisitions that the engine takes for an area, with the data that each is from."""
        providers: dict[tuple[str, str], list[str]] = {}
        for row in self.rows:
            for key, source in product(row.keys, row.acquisition.sources):
                providers.setdefault((key, source), []).append(row.provider)
        rows = []
        for sensor, acquisitions in found.items():
            for one in acquisitions:
                parts = product(Row(sensor, one).keys, one.sources)
                names = dict.fromkeys(name for part in parts for name in providers.get(part, ()))
                rows.append(Row(sensor, one, provider=", ".join(names)))
        return sorted(rows, key=lambda row: row.acquisition.time)

    def is_whole(self, area: Area) -> bool:
        """Whether the area is just the extent of these data."""
        extent = len(self.told) == 1 and bounds_of(self.told[0].footprint) == area.bounds
        return area.rectangle and extent

    def beyond(self, area: Area) -> float:
        """About the share of an area that none of these data cover; of their own extent, nothing."""
        if self.is_whole(area):  # whose corners stick out, as sides of a grid are slanting
            return 0.0
        wanted = _within(area.corners, area.bounds)
        for hole in area.holes:
            wanted &= ~_within(hole, area.bounds)
        missing = wanted.copy()
        for told in self.told:
            missing &= ~_within(told.footprint, area.bounds)
        return float(missing.sum() / max(1, wanted.sum()))


def joined(parts: Sequence[tuple[Data, Sources]]) -> Chosen:
    """Of each sensor all files of which the same was said: the engine reads them in one way."""
    said: dict[str, dict[str, Any]] = {}
    paths: dict[str, list[str]] = {}
    used, aside = list[tuple[Data, Sources]](), list[str]()
    for data, told in parts:
        mine = {name: files for name, files in (("s2", data.s2), ("s1", data.s1)) if files is not None}
        if any(files.stated != said.get(name, files.stated) for name, files in mine.items()):
            aside.append(data.name)
            continue
        used.append((data, told))
        for name, files in mine.items():
            said[name] = files.stated
            paths.setdefault(name, []).extend(files.paths)
    asked = {name: {"paths": paths[name], **said[name]} for name in paths}
    return Chosen(asked, tuple(data.name for data, _ in used), tuple(told for _, told in used), tuple(aside))


def _brief(name: str) -> str:
    """Of a sample, without what its title says of it."""
    return name.partition(",")[0]


def _within(ring: Sequence[Corner], bounds: Bounds) -> Bits:
    """[row, column]: which of some points, spread evenly over bounds, a ring encloses."""
    west, south, east, north = bounds
    corners = [((x - west) / (east - west) * POINTS, (north - y) / (north - south) * POINTS) for x, y in ring]
    return inside(tuple(corners), (POINTS, POINTS))
