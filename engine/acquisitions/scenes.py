"""What a folder or file holds, as values: scenes, made of layers of rasters, merged to one frame per date."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from ..errors import AcquisitionError, DateError
from ..grid import Window
from .cube import Acquisition
from .units import Encoding, Raw
from .warp import RasterGrid

SAME_PASS = timedelta(
    minutes=10
)  # granules and slices of one pass are seconds apart, neighbouring orbits 50 minutes


log = logging.getLogger(__name__)


class UnreadableError(AcquisitionError):
    """A file that can't be opened: alone it stops, in a stack it is skipped."""


class Raster(Protocol):
    """Layers of one file that share a grid."""

    @property
    def name(self) -> str:
        """File, for messages."""
        ...

    @property
    def grid(self) -> RasterGrid: ...

    def read(self, layers: Sequence[int], window: Window) -> Raw:
        """Stored numbers [layer, y, x] of a window inside the file; OSError where they can't be read."""
        ...


@dataclass(frozen=True, eq=False)
class Layer:
    """One band of one scene: which raster, which layer in it, and how its numbers are meant."""

    raster: Raster
    index: int
    encoding: Encoding


@dataclass(frozen=True, eq=False)
class MaskLayer:
    """One mask: scene classes, or anything but 0 = not valid."""

    raster: Raster
    index: int
    is_scl: bool


@dataclass(frozen=True, eq=False)
class Scene:
    """What one file (or product) has of one acquisition."""

    acquisition: Acquisition
    bands: Mapping[str, Layer]
    masks: tuple[MaskLayer, ...] = ()

    @property
    def pixel_size(self) -> float:
        return min((abs(layer.raster.grid.transform.a) for layer in self.bands.values()), default=0.0)

    @property
    def grids(self) -> list[RasterGrid]:
        return [layer.raster.grid for layer in self.bands.values()]


@dataclass(frozen=True, eq=False)
class Frame:
    """One acquisition of the cube: its scenes, the first valid of which wins."""

    acquisition: Acquisition
    scenes: tuple[Scene, ...]
    masks: tuple[MaskLayer, ...] = ()
    """Masks from files of their own, for all scenes."""

    def borrowed_by(self, scene: Scene) -> tuple[MaskLayer, ...]:
        """Masks of the same date for a scene that has none itself (10 m bands, SCL in the 20 m file)."""
        others = () if scene.masks else tuple(mask for other in self.scenes for mask in other.masks)
        return others + self.masks


@dataclass
class Findings:
    """What a reader found, beside the scenes: for the report."""

    scenes: list[Scene] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    """(file, why) of unreadable files."""
    ignored: list[tuple[str, str]] = field(default_factory=list)
    """(file or variable, why) of what is of no use here."""
    undated: list[DateError] = field(default_factory=list)
    """Of files that would be read if anybody said when they were taken; the value is the file."""

    def skip(self, path: Path, error: AcquisitionError, *, strict: bool) -> None:
        """Note an unreadable file and warn, or raise its error under `strict`."""
        if strict:
            raise error
        log.warning("%s is skipped: %s", path, error)
        self.skipped.append((path.name, f"{error.cause}, {error.remedy}"))

    def leave_undated(self, error: DateError, *, strict: bool) -> None:
        """Note a file without a date and warn, or raise its error under `strict`."""
        if strict:
            raise error
        log.warning("%s is left out: %s", error.value, error.cause)
        self.undated.append(error)

    def add(self, other: "Findings") -> None:
        self.scenes += other.scenes
        self.skipped += other.skipped
        self.ignored += other.ignored
        self.undated += other.undated


def merge(scenes: Sequence[Scene]) -> list[Frame]:
    """Frames in order of time: scenes of one pass of one platform become one frame, finest pixels first."""
    ordered = sorted(scenes, key=lambda s: (s.acquisition.time, s.pixel_size, s.acquisition.sources))
    groups: list[list[Scene]] = []
    for scene in ordered:
        home = next((g for g in _recent(groups, scene) if all(_same_pass(s, scene) for s in g)), None)
        if home is None:
            groups.append([scene])
        else:
            home.append(scene)
    return [_frame(sorted(group, key=_preference)) for group in groups]


def _preference(scene: Scene) -> tuple[float, float]:
    """Finest pixels first, then the newest processing."""
    baseline = scene.acquisition.processing_baseline or "0"
    return scene.pixel_size, -float(baseline) if baseline.replace(".", "").isdigit() else 0.0


def _recent(groups: list[list[Scene]], scene: Scene) -> Iterator[list[Scene]]:
    """Groups of the last day, latest first."""
    for group in reversed(groups):
        if scene.acquisition.time - group[0].acquisition.time > timedelta(days=1):
            return
        yield group


def _same_pass(one: Scene, other: Scene) -> bool:
    a, b = one.acquisition, other.acquisition
    pairs = (
        (a.platform, b.platform),
        (a.orbit_direction, b.orbit_direction),
        (a.relative_orbit, b.relative_orbit),
    )
    if any(x is not None and y is not None and x != y for x, y in pairs):
        return False
    if abs(a.time - b.time) <= SAME_PASS:
        return True
    known_orbit = a.platform is not None and a.relative_orbit is not None
    whole_day = any(t.time().isoformat() == "00:00:00" for t in (a.time, b.time))  # a date without a time
    agree = whole_day or (known_orbit and pairs[0][0] == pairs[0][1] and pairs[2][0] == pairs[2][1])
    return a.time.date() == b.time.date() and agree


def _frame(scenes: list[Scene]) -> Frame:
    """One frame of scenes; what only some of them know is known, the exact time beats a bare date."""
    facts = [s.acquisition for s in scenes]
    time = min((a.time for a in facts if a.time.time().isoformat() != "00:00:00"), default=facts[0].time)
    known = {
        name: next((v for a in facts if (v := getattr(a, name)) is not None), None)
        for name in ("platform", "orbit_direction", "relative_orbit", "processing_baseline")
    }
    sources = tuple(dict.fromkeys(source for a in facts for source in a.sources))
    every = sorted({a.time for a in facts})
    times = tuple(every) if len(every) > 1 else ()
    return Frame(replace(facts[0], time=time, sources=sources, times=times, **known), tuple(scenes))
