"""Sentinel-1 and Sentinel-2 series of a simulated landscape, read window by window."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from ...grid import RESOLUTION_M, Grid, Window
from ..cube import EPOCH, Acquisition, Cube
from ..modality import SENTINEL1, SENTINEL2, Modality
from .ground import Ground, patches
from .noise import Field, hashed, stream, white_noise
from .radar import NOISE_FLOOR_DB, power, speckle
from .sky import Sky, sky

_S2_NOISE = np.array(
    [0.0014, 0.0014, 0.0014, 0.0018, 0.002, 0.0022, 0.0022, 0.0022, 0.0018, 0.0018], dtype=np.float32
)
_STORED_STEP = np.float32(1e-4)  # Level-2A products store ten-thousandths
_SCENE_GAIN = 0.012  # standard deviation of calibration and view-angle differences between scenes
_S2_CYCLE = ((0, 79), (3, 36))  # day of a five-day cycle and relative orbit
_S1_PASSES = (("descending", 0, time(5, 50), 80), ("ascending", 4, time(17, 20), 29))


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH.date()).days


def absolute(grid: Grid, window: Window) -> Window:
    """A window of a grid in pixels counted from the CRS's origin: overlapping grids share their pixels."""
    left, _, _, top = grid.bounds
    return Window(
        round(-top / RESOLUTION_M) + window.row,
        round(left / RESOLUTION_M) + window.col,
        window.height,
        window.width,
    )


def sentinel2_passes(seed: int, start: date, end: date, orbits: int) -> tuple[Acquisition, ...]:
    """A view every five days of each relative orbit, S2A and S2B in turn."""
    first = int(hashed(stream(seed, "s2 passes"))[0] % np.uint64(10))
    passes = []
    for number in range(day_number(start), day_number(end) + 1):
        for orbit, (offset, relative) in enumerate(_S2_CYCLE[:orbits]):
            if (number - first - offset) % 5 == 0:
                platform = "S2A" if (number - first - offset) % 10 == 0 else "S2B"
                when = _utc(number, time(10, 30, 10 * orbit))
                passes.append(_acquisition(when, platform, "descending", relative))
    return tuple(passes)


def sentinel1_passes(seed: int, start: date, end: date, repeat_days: int) -> tuple[Acquisition, ...]:
    """Descending passes at dawn and ascending ones in the evening, each every `repeat_days`."""
    first = int(hashed(stream(seed, "s1 passes"))[0] % np.uint64(12))
    passes = []
    for number in range(day_number(start), day_number(end) + 1):
        for direction, offset, clock, relative in _S1_PASSES:
            since = number - first - offset
            if since % repeat_days == 0:
                platform = "S1A" if since % 12 == 0 else "S1B"
                passes.append(_acquisition(_utc(number, clock), platform, direction, relative))
    return tuple(sorted(passes, key=lambda a: a.time))


def _utc(number: int, clock: time) -> datetime:
    return datetime.combine(EPOCH.date() + timedelta(days=number), clock, UTC)


def _acquisition(when: datetime, platform: str, direction: str, relative: int) -> Acquisition:
    name = f"simulated/{platform}_{when:%Y%m%dT%H%M%S}_R{relative:03d}"
    return Acquisition(when, (name,), platform, direction, relative)


@dataclass(frozen=True)
class _Simulated:
    grid: Grid
    acquisitions: tuple[Acquisition, ...]
    ground: Ground

    def _empty(
        self, modality: Modality, window: Window, frames: Sequence[int] | None
    ) -> tuple[Cube, list[int]]:
        wanted = list(range(len(self.acquisitions)) if frames is None else frames)
        shape = (len(wanted), len(modality.bands), window.height, window.width)
        acquisitions = tuple(self.acquisitions[i] for i in wanted)
        values, validity = np.empty(shape, dtype=np.float32), np.ones(shape, dtype=np.bool_)
        cube = Cube(modality, self.grid.crop(window), acquisitions, values, validity)
        return cube, [day_number(a.time.date()) for a in acquisitions]


@dataclass(frozen=True)
class SimulatedSentinel2(_Simulated):
    """Simulated Level-2A reflectance under simulated clouds, its mask as faulty as a real one."""

    true_mask: bool = False
    """Mask by the true state of the sky instead."""

    @property
    def modality(self) -> Modality:
        return SENTINEL2

    def read(self, window: Window, frames: Sequence[int] | None = None) -> Cube:
        """The cube of any window: the landscape goes on beyond the grid."""
        cube, days = self._empty(SENTINEL2, window, frames)
        for patch in patches(absolute(self.grid, window)):
            for index, (seen, above) in enumerate(self._scenes(patch.window, days, cube.acquisitions)):
                clear = above.truly_clear if self.true_mask else above.called_clear
                cube.values[index, :, patch.rows, patch.cols] = seen
                cube.validity[index, :, patch.rows, patch.cols] = clear
        return cube

    def _scenes(
        self, window: Window, days: list[int], acquisitions: tuple[Acquisition, ...]
    ) -> Iterator[tuple[Field, Sky]]:
        surfaces = self.ground.reflectances(window, np.array(days, dtype=np.int64))
        for surface, day, acquisition in zip(surfaces, days, acquisitions, strict=True):
            above = sky(self.ground.weather, day, window)
            seen = above.seen_through(surface * self._gain(day, acquisition))
            noise = white_noise(stream(self.ground.seed, "s2 noise"), day, window, len(SENTINEL2.bands))
            seen += noise * _S2_NOISE[:, None, None]
            stored = np.round(np.maximum(seen, _STORED_STEP) / _STORED_STEP) * _STORED_STEP
            yield stored.astype(np.float32, copy=False), above

    def _gain(self, day: int, acquisition: Acquisition) -> Field:
        """Scene-wide factor per band: calibration, and the view angle of the orbit."""
        draw = white_noise(
            stream(self.ground.seed, "s2 gain"), day, Window(0, 0, 1, 1), len(SENTINEL2.bands) + 1
        )
        orbit = 0.97 if acquisition.relative_orbit == _S2_CYCLE[1][1] else 1.0
        gain: Field = np.float32(orbit) * (
            1 + np.float32(_SCENE_GAIN) * (draw[0] + np.float32(0.4) * draw[1:])
        )
        return gain


@dataclass(frozen=True)
class SimulatedSentinel1(_Simulated):
    """Simulated terrain-corrected γ0 in dB, with speckle, from both orbits."""

    @property
    def modality(self) -> Modality:
        return SENTINEL1

    def read(self, window: Window, frames: Sequence[int] | None = None) -> Cube:
        """The cube of any window: the landscape goes on beyond the grid."""
        cube, days = self._empty(SENTINEL1, window, frames)
        orbits = [str(a.orbit_direction) for a in cube.acquisitions]
        floor = np.float32(power(np.array(NOISE_FLOOR_DB)))
        for patch in patches(absolute(self.grid, window)):
            scenes = self.ground.backscatters(patch.window, np.array(days, dtype=np.int64), orbits)
            for index, (clean, acquisition) in enumerate(zip(scenes, cube.acquisitions, strict=True)):
                number = 2 * days[index] + (acquisition.orbit_direction == "ascending")
                noisy = (clean + floor) * speckle(self.ground.seed, number, patch.window)
                cube.values[index, :, patch.rows, patch.cols] = 10 * np.log10(noisy)
        return cube
