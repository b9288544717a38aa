"""What is to be embedded, as values: areas, and the data that the user has pointed at."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from PySide6.QtCore import QCoreApplication

from .frozen_json import from_json, to_json

translate = QCoreApplication.translate  # by this name translators' tools find its texts

Corner = tuple[float, float]
Bounds = tuple[float, float, float, float]
KM_PER_DEGREE = 111.32
WORLD = 360.0


@dataclass(frozen=True)
class Area:
    """Corners are (longitude, latitude)."""

    name: str
    corners: tuple[Corner, ...]
    rectangle: bool = True
    holes: tuple[tuple[Corner, ...], ...] = ()
    """Of a polygon: what isn't embedded."""

    @property
    def bounds(self) -> Bounds:
        """West, south, east, north."""
        return bounds_of(self.corners)

    @property
    def km2(self) -> float:
        """About; of one that crosses itself not even that."""
        _, south, _, north = self.bounds
        square_degrees = _enclosed(self.corners) - sum(map(_enclosed, self.holes))
        return max(0.0, square_degrees) * KM_PER_DEGREE**2 * math.cos(math.radians((south + north) / 2))

    @property
    def asked(self) -> dict[str, Any]:
        """As the engine takes it: of a polygon, pixels whose centre lies inside."""
        if self.rectangle:
            return {"bounds": list(self.bounds)}
        holes = [[list(corner) for corner in hole] for hole in self.holes]
        polygon: dict[str, Any] = {"polygon": [list(corner) for corner in self.corners]}
        return {**polygon, **({"holes": holes} if holes else {})}


@dataclass(frozen=True)
class Files:
    """Files of one sensor, as the engine names them, and what they don't say themselves."""

    paths: tuple[str, ...]
    stored_as: str | None = None
    band_names: tuple[str, ...] = ()
    """Of files that name none, in order."""
    scale: float | None = None
    """Value = stored × scale + offset, in the unit."""
    offset: float | None = None
    unit: str | None = None
    nodata: tuple[float, ...] = ()
    orbit_direction: str | None = None
    """Of Sentinel-1."""
    day: str | None = None
    """Of those that carry no date."""
    crs: str | None = None
    """Of those that declare none."""

    @property
    def stated(self) -> dict[str, Any]:
        """What the user said of them, as the engine takes it."""
        said = {name: value for name, value in vars(self).items() if name != "paths"}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in said.items()
            if value not in (None, ())
        }

    @property
    def asked(self) -> dict[str, Any]:
        return {"paths": list(self.paths), **self.stated}


@dataclass(frozen=True)
class Data:
    """A sample, or what lies at a path: of one sensor or both."""

    name: str
    sample: bool = False
    s2: Files | None = None
    s1: Files | None = None
    used: bool = True

    @property
    def paths(self) -> tuple[str, ...]:
        """Of its files, each once."""
        return tuple(dict.fromkeys(path for files in (self.s2, self.s1) if files for path in files.paths))

    @property
    def asked(self) -> dict[str, Any]:
        """As the engine takes it."""
        if self.sample:
            return {"sample": self.name}
        return {name: files.asked for name, files in (("s2", self.s2), ("s1", self.s1)) if files}


@dataclass(frozen=True)
class Plans:
    """Everything that the user has chosen before anything is embedded."""

    areas: tuple[Area, ...] = ()
    chosen: int = 0
    data: tuple[Data, ...] = ()
    """Added by the user; samples are always at hand."""
    left_out: tuple[str, ...] = ()
    """Acquisitions not to use, as the engine names them: `s2:2020-05-01T10:30:00Z`."""

    @property
    def area(self) -> Area | None:
        return self.areas[self.chosen] if 0 <= self.chosen < len(self.areas) else None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Any) -> Plans:
        """`ValueError` where it is something else."""
        try:
            areas = tuple(
                Area(
                    str(one["name"]),
                    _corners(one["corners"]),
                    bool(one["rectangle"]),
                    tuple(_corners(hole) for hole in one.get("holes", ())),
                )
                for one in stored["areas"]
            )
            data = tuple(_data(one) for one in stored["data"])
            left_out = tuple(str(one) for one in stored.get("left_out", ()))
            return cls(areas, int(stored["chosen"]), data, left_out)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no areas can be read from this: {error!r}") from error


def _corners(stored: Iterable[Sequence[float]]) -> tuple[Corner, ...]:
    return tuple((float(corner[0]), float(corner[1])) for corner in stored)


def _data(stored: Mapping[str, Any]) -> Data:
    files = {name: from_json(Files, to_json(stored[name])) for name in ("s2", "s1") if stored.get(name)}
    return Data(str(stored["name"]), False, files.get("s2"), files.get("s1"), bool(stored["used"]))


Listener = Callable[[Plans, Plans], None]


@dataclass
class PlansModel:
    """Holds the plans of the moment; tells listeners (old, new) after each change."""

    now: Plans = field(default_factory=Plans)
    _listeners: list[Listener] = field(default_factory=list)

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def change(self, **changes: Any) -> None:
        self.begin(replace(self.now, **changes))

    def begin(self, plans: Plans) -> None:
        old, self.now = self.now, plans
        if old != plans:
            for listener in tuple(self._listeners):
                listener(old, plans)

    def add_area(
        self,
        corners: Sequence[Corner],
        rectangle: bool,
        name: str = "",
        holes: Sequence[Sequence[Corner]] = (),
    ) -> None:
        """A new one, which becomes the chosen one."""
        area = Area(self.free_name(name or "area"), tuple(corners), rectangle, tuple(map(tuple, holes)))
        self.change(areas=(*self.now.areas, area), chosen=len(self.now.areas))

    def remove_area(self, number: int) -> None:
        areas = self.now.areas[:number] + self.now.areas[number + 1 :]
        chosen = self.now.chosen - (number < self.now.chosen)
        self.change(areas=areas, chosen=max(0, min(chosen, len(areas) - 1)))

    def leave_out(self, acquisitions: Collection[str], out: bool) -> None:
        """Use them no more, or again."""
        kept = [one for one in self.now.left_out if one not in acquisitions]
        self.change(left_out=(*kept, *acquisitions) if out else tuple(kept))

    def replace_area(self, number: int, **changes: Any) -> None:
        areas = list(self.now.areas)
        areas[number] = replace(areas[number], **changes)
        self.change(areas=tuple(areas))

    def free_name(self, name: str) -> str:
        """The name, with a number where there is one of that name already."""
        taken = {area.name for area in self.now.areas}
        number = len(self.now.areas) + 1
        if name != "area" and name not in taken:
            return name
        while f"{name} {number}" in taken:
            number += 1
        return f"{name} {number}"


def _enclosed(corners: Sequence[Corner]) -> float:
    """Square degrees."""
    left, low = corners[0]
    turned = zip(corners, (*corners[1:], corners[0]), strict=True)
    return abs(sum((x - left) * (v - low) - (u - left) * (y - low) for (x, y), (u, v) in turned)) / 2


def bounds_of(corners: Sequence[Corner]) -> Bounds:
    """West, south, east, north."""
    longitudes, latitudes = zip(*corners, strict=True)
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


def overlap(one: Bounds, other: Bounds) -> float:
    """Square degrees that two rectangles share."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, wide) * max(0.0, high)


def corners_of(text: str) -> tuple[Corner, ...]:
    """The rectangle of `west, south, east, north`; `ValueError` says in words what is wrong.

    East below west means across the date line: its east then lies beyond 180."""
    try:
        west, south, east, north = (float(part) for part in text.replace(";", ",").split(","))
    except ValueError:
        raise ValueError(
            translate(
                "Areas",
                "Four numbers are needed: west, south, east, north, such as 10.29, 46.02, 10.32, 46.04",
            )
        ) from None
    if not (-180 <= west <= 180 and -180 <= east <= 180):
        raise ValueError(translate("Areas", "West and east must lie between -180 and 180"))
    wide = (east - west) % WORLD
    if not 0 < wide < WORLD / 2 and not west < east:
        raise ValueError(
            translate("Areas", "West must lie below east, but for areas across the date line (180°)")
        )
    if not (-85 <= south < north <= 85):
        raise ValueError(translate("Areas", "South must lie below north, both between -85 and 85"))
    return _rectangle(west, south, east if west < east else east + WORLD, north)


def within_world(corners: Sequence[Corner], rectangle: bool) -> tuple[tuple[Corner, ...], ...]:
    """The same between -180 and 180 degrees: turned by whole turns; a rectangle across the date line as two.

    `ValueError` of another outline across it: pixels have one UTM zone, and those at its sides don't meet."""
    west, south, east, north = bounds_of(corners)
    turned = WORLD * math.floor(((west + east) / 2 + 180) / WORLD)
    west, east = west - turned, east - turned
    if west >= -180 and east <= 180:
        return (tuple((x - turned, y) for x, y in corners),)
    if not rectangle:
        raise ValueError(
            translate(
                "Areas",
                "The outline crosses the date line (180°), {:.4f}° beyond it: draw one on each of its sides.",
            ).format(max(east - 180, -180 - west))
        )
    if east - west >= WORLD:
        return (_rectangle(-180.0, south, 180.0, north),)
    if west < -180:
        west, east = west + WORLD, east + WORLD
    return _rectangle(west, south, 180.0, north), _rectangle(-180.0, south, east - WORLD, north)


def _rectangle(west: float, south: float, east: float, north: float) -> tuple[Corner, ...]:
    return (west, south), (west, north), (east, north), (east, south)
