"""A stack of acquisitions of one modality on one grid, and where such stacks come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..errors import AcquisitionError
from ..grid import Grid, Window
from ..outline import Outline
from .modality import Modality

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def days_since_epoch(time: datetime) -> float:
    """Days since 1970-01-01 00:00 UTC: the engine's one time axis."""
    return (time - EPOCH).total_seconds() / 86_400


@dataclass(frozen=True)
class Acquisition:
    """One scene of one sensor at one time, with what is known of it (None = not known)."""

    time: datetime
    """UTC, timezone-aware."""
    sources: tuple[str, ...] = ()
    """File or product names, several where duplicates of a date were merged."""
    platform: str | None = None
    orbit_direction: str | None = None
    """`ascending` or `descending`."""
    relative_orbit: int | None = None
    processing_baseline: str | None = None
    times: tuple[datetime, ...] = ()
    """Of the scenes that were merged, where they differ."""

    def __post_init__(self) -> None:
        if self.time.tzinfo is None:
            raise AcquisitionError(
                "an acquisition time lacks its time zone", value=self.time, remedy="give UTC"
            )

    def names(self, sensor: str) -> set[str]:
        """By which it can be left out: of a pass that was merged, by the time of any of its scenes."""
        times = (self.time, *self.times)
        return {f"{sensor}:{time:{form}}" for time in times for form in ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ")}


@dataclass(frozen=True, eq=False)
class Cube:
    """Values and validity of one modality in one window, in memory."""

    modality: Modality
    grid: Grid
    acquisitions: tuple[Acquisition, ...]
    """In order of time, [frame]."""
    values: npt.NDArray[np.float32]
    """[frame, band, y, x] in the modality's unit; arbitrary where not valid."""
    validity: npt.NDArray[np.bool_]
    """[frame, band, y, x], True where observed: no nodata, no cloud, no shadow."""

    def __post_init__(self) -> None:
        expected = (len(self.acquisitions), len(self.modality.bands), *self.grid.shape)
        for name, array in (("values", self.values), ("validity", self.validity)):
            if array.shape != expected:
                raise AcquisitionError(
                    f"{self.modality.name} {name} don't have the axes [frame, band, y, x]",
                    value=f"shape {array.shape}",
                    remedy=f"{expected} is needed for this grid and these acquisitions",
                )

    @property
    def days(self) -> npt.NDArray[np.float64]:
        """Days since 1970-01-01, [frame]."""
        return np.array([days_since_epoch(a.time) for a in self.acquisitions], dtype=np.float64)


class CubeSource(Protocol):
    """Acquisitions on a grid that can be read window by window: files, or a simulation."""

    @property
    def modality(self) -> Modality: ...

    @property
    def grid(self) -> Grid: ...

    @property
    def acquisitions(self) -> tuple[Acquisition, ...]:
        """In order of time."""
        ...

    def read(self, window: Window, frames: Sequence[int] | None = None) -> Cube:
        """The cube of a window (it may reach beyond the grid: real data where there is some, else not valid),
        of all acquisitions or of those with the given indices. The same pixel reads the same in any window.
        """
        ...


@dataclass(frozen=True, eq=False)
class CubeInMemory:
    """A cube as a source; nothing is valid beyond it."""

    cube: Cube

    @property
    def modality(self) -> Modality:
        return self.cube.modality

    @property
    def grid(self) -> Grid:
        return self.cube.grid

    @property
    def acquisitions(self) -> tuple[Acquisition, ...]:
        return self.cube.acquisitions

    def read(self, window: Window, frames: Sequence[int] | None = None) -> Cube:
        chosen = list(range(len(self.acquisitions)) if frames is None else frames)
        shape = (len(chosen), len(self.modality.bands), window.height, window.width)
        values, validity = np.zeros(shape, np.float32), np.zeros(shape, np.bool_)
        (top, bottom), (left, right) = (
            (max(first, 0), max(0, min(first + length, end)))
            for first, length, end in zip(
                (window.row, window.col), (window.height, window.width), self.grid.shape, strict=True
            )
        )
        rows, cols = (
            slice(top - window.row, bottom - window.row),
            slice(left - window.col, right - window.col),
        )
        if top < bottom and left < right:
            values[..., rows, cols] = self.cube.values[chosen][..., top:bottom, left:right]
            validity[..., rows, cols] = self.cube.validity[chosen][..., top:bottom, left:right]
        acquisitions = tuple(self.acquisitions[frame] for frame in chosen)
        return Cube(self.modality, self.grid.crop(window), acquisitions, values, validity)


@dataclass(frozen=True, eq=False)
class PartOfSource:
    """A window of a source as a source of its own; beyond it the source goes on where it has data."""

    source: CubeSource
    window: Window

    @property
    def modality(self) -> Modality:
        return self.source.modality

    @property
    def grid(self) -> Grid:
        return self.source.grid.crop(self.window)

    @property
    def acquisitions(self) -> tuple[Acquisition, ...]:
        return self.source.acquisitions

    def read(self, window: Window, frames: Sequence[int] | None = None) -> Cube:
        row, col = self.window.row + window.row, self.window.col + window.col
        return self.source.read(Window(row, col, window.height, window.width), frames)


@dataclass(frozen=True, eq=False)
class SomeFrames:
    """A source with some of its acquisitions alone."""

    source: CubeSource
    kept: tuple[int, ...]
    """Their indices, ascending."""

    @property
    def modality(self) -> Modality:
        return self.source.modality

    @property
    def grid(self) -> Grid:
        return self.source.grid

    @property
    def acquisitions(self) -> tuple[Acquisition, ...]:
        return tuple(self.source.acquisitions[frame] for frame in self.kept)

    def read(self, window: Window, frames: Sequence[int] | None = None) -> Cube:
        wanted = self.kept if frames is None else [self.kept[frame] for frame in frames]
        return self.source.read(window, wanted)


def clear_share(
    source: CubeSource, tile: int = 512, outline: Outline | None = None
) -> npt.NDArray[np.float64]:
    """Share of the pixels, of the grid or of an outline on it, with at least one valid band, [frame] in 0-1."""
    clear, pixels = np.zeros(len(source.acquisitions)), 0
    for window in source.grid.tiles(tile):
        wanted = outline.mask(source.grid, window) if outline else np.ones((1, 1), np.bool_)
        if not wanted.any():
            continue
        pixels += int(wanted.sum()) if outline else window.height * window.width
        for frame in range(len(clear)):  # one at a time: memory stays at one frame of one tile
            clear[frame] += (source.read(window, [frame]).validity.any(axis=1) & wanted).sum()
    return clear / max(pixels, 1)
