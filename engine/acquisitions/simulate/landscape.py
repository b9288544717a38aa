"""A simulated landscape: its known truth, and the Sentinel-1 and Sentinel-2 series that see it."""

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ...errors import AcquisitionError, AreaError
from ...grid import RESOLUTION_M, Grid, Window
from ..cube import CubeSource
from .climate import Climate, Weather
from .ground import LATE_DAYS, Ground, patches
from .phenology import Days
from .sources import (
    SimulatedSentinel1,
    SimulatedSentinel2,
    absolute,
    day_number,
    sentinel1_passes,
    sentinel2_passes,
)


@dataclass(frozen=True)
class Landscape:
    """A simulated place over a period; the same seed, climate and coordinates give the same pixels always."""

    grid: Grid
    seed: int
    start: date
    end: date
    """Last day, included."""
    climate: Climate = field(default_factory=Climate)
    s1_repeat_days: int = 12
    """Days between passes of one orbit: 12 (one satellite) or 6 (two)."""
    s2_orbits: int = 1
    """Relative orbits that see the area: 1, a view every 5 days, or 2."""

    def __post_init__(self) -> None:
        if abs(self.grid.resolution - RESOLUTION_M) > 1e-6:
            raise AreaError(
                "simulated pixels have 10 m", value=self.grid.resolution, remedy="give a 10 m grid"
            )
        if self.end < self.start:
            raise AcquisitionError(
                "the simulated period is empty",
                value=f"{self.start} to {self.end}",
                remedy="end after the start",
            )
        if not 0 <= self.seed < 2**31:
            raise AcquisitionError("the seed can't be used", value=self.seed, remedy="give 0 to 2147483647")
        if self.s1_repeat_days not in {6, 12} or self.s2_orbits not in {1, 2}:
            raise AcquisitionError(
                "no such orbit plan is simulated",
                value=f"S1 every {self.s1_repeat_days} days, {self.s2_orbits} S2 orbits",
                remedy="S1 repeats after 6 or 12 days; S2 has 1 or 2 orbits",
            )

    @cached_property
    def weather(self) -> Weather:
        """Daily weather over the period, shared by the whole area."""
        return Weather(self.climate, self.seed, day_number(self.start) - LATE_DAYS, day_number(self.end))

    @cached_property
    def _ground(self) -> Ground:
        return Ground(self.seed, self.weather)

    @property
    def days(self) -> Days:
        """Every day of the period, days since 1970-01-01."""
        return np.arange(day_number(self.start), day_number(self.end) + 1)

    def source(self, modality: str, *, true_mask: bool = False) -> CubeSource:
        """The series of `s1` or `s2`; the S2 mask misses thin cloud and faint shadow unless `true_mask`."""
        if modality == "s1":
            return SimulatedSentinel1(
                self.grid,
                sentinel1_passes(self.seed, self.start, self.end, self.s1_repeat_days),
                self._ground,
            )
        if modality == "s2":
            passes = sentinel2_passes(self.seed, self.start, self.end, self.s2_orbits)
            return SimulatedSentinel2(self.grid, passes, self._ground, true_mask)
        raise AcquisitionError("no such modality is simulated", value=modality, remedy="ask for s1 or s2")

    def land_cover(self, window: Window) -> npt.NDArray[np.uint8]:
        """True land cover, [y, x], codes of `LAND_COVER`; 0 does not occur."""
        return self._ground.land_cover(absolute(self.grid, window))

    def parcels(self, window: Window) -> npt.NDArray[np.int64]:
        """Ids of fields, stands, lots and lanes, [y, x]: what the pixels of one polygon share."""
        return self._ground.parcels(absolute(self.grid, window))

    def gpp(self, window: Window, days: npt.ArrayLike | None = None) -> npt.NDArray[np.float32]:
        """True gross primary production, gC m-2 d-1, [day, y, x], of `days` since 1970-01-01 or of all."""
        wanted = self.days if days is None else np.asarray(days, dtype=np.int64)
        return self._ground.gpp(absolute(self.grid, window), wanted)

    def reflectance(self, window: Window, days: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """True cloud-free, noise-free reflectance in 0-1, [day, band, y, x], as Sentinel-2 resolves it."""
        wanted = np.asarray(days, dtype=np.int64)
        out = np.empty((len(wanted), 10, window.height, window.width), dtype=np.float32)
        for patch in patches(absolute(self.grid, window)):
            for index, image in enumerate(self._ground.reflectances(patch.window, wanted)):
                out[index, :, patch.rows, patch.cols] = image
        return out
