"""Series to learn from: cubes of one place, with targets screened for cloud that the mask has missed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..acquisitions.cube import Cube
from ..representation.interface import Observations

HAZE_REFLECTANCE = 0.03
SHADOW_SHARE = 0.6


@dataclass(frozen=True, eq=False)
class Series:
    """All acquisitions of one place, as tensors, surrounded by a margin where nothing is valid."""

    name: str
    observations: Mapping[str, Observations]
    truth: Mapping[str, Tensor]
    """Per modality [frame, band, y, x] bool: where a value may serve as target."""

    @classmethod
    def from_cubes(
        cls,
        name: str,
        cubes: Mapping[str, Cube],
        margin: int,
        *,
        known_clear: Mapping[str, npt.NDArray[np.bool_]] | None = None,
    ) -> "Series":
        """Pad and screen; `known_clear` [frame, band, y, x] replaces the screening where the truth is simulated."""
        clear = known_clear or {}
        observations, truth = {}, {}
        for modality, cube in cubes.items():
            screened = clear.get(modality, cube.validity)
            if modality == "s2" and modality not in clear:
                screened = screen_residual_cloud(cube)
            observations[modality] = Observations.from_cube(cube).padded(margin)
            truth[modality] = torch.nn.functional.pad(torch.from_numpy(screened.copy()), (margin,) * 4)
        return cls(name, observations, truth)


def screen_residual_cloud(cube: Cube) -> npt.NDArray[np.bool_]:
    """Validity without pixels that a temporal filter takes for missed thin cloud or shadow, [frame, band, y, x].

    A pixel of a frame is dropped where its blue (B02, else the shortest of B03, B04, B05) lies more than
    0.03 + 15 % above the linear interpolation of its nearest clear neighbours in time, or where its near infrared
    (B08, else B8A) falls below 60 % of that interpolation while blue does not rise. Real events so fast (fresh snow,
    one-date floods) are dropped with them. Only targets are screened; what a model sees is not."""
    bands = cube.modality.bands
    present = np.atleast_1d(cube.validity.any(axis=(0, 2, 3)))
    blue, infrared = (
        _first(("B02", "B03", "B04", "B05"), bands, present),
        _first(("B08", "B8A"), bands, present),
    )
    kept: npt.NDArray[np.bool_] = cube.validity.copy()
    if blue is None:
        return kept
    expected = _neighbour_interpolation(cube, blue)
    excess = cube.values[:, blue] - expected
    suspicious = excess > HAZE_REFLECTANCE + 0.15 * expected
    if infrared is not None:
        dark = cube.values[:, infrared] < SHADOW_SHARE * _neighbour_interpolation(cube, infrared)
        suspicious |= dark & (excess < 0)
    return kept & ~suspicious[:, None]


def _first(names: tuple[str, ...], bands: tuple[str, ...], present: npt.NDArray[np.bool_]) -> int | None:
    return next((bands.index(n) for n in names if n in bands and present[bands.index(n)]), None)


def _neighbour_interpolation(cube: Cube, band: int) -> npt.NDArray[np.float32]:
    around = Neighbouring.of(cube.values[:, band], cube.validity[:, band], cube.days)
    return around.linear()


@dataclass(frozen=True, eq=False)
class Neighbouring:
    """The nearest valid frames strictly before and after each frame; NaN = none. Shapes [frame, …] as given."""

    days: npt.NDArray[np.float64]
    before: npt.NDArray[np.float32]
    after: npt.NDArray[np.float32]
    day_before: npt.NDArray[np.float64]
    day_after: npt.NDArray[np.float64]

    @classmethod
    def of(
        cls, values: npt.NDArray[np.float32], valid: npt.NDArray[np.bool_], days: npt.NDArray[np.float64]
    ) -> "Neighbouring":
        before, day_before = _carried(values, valid, days, forward=True)
        after, day_after = _carried(values, valid, days, forward=False)
        return cls(days.reshape(-1, *(1,) * (values.ndim - 1)), before, after, day_before, day_after)

    def linear(self) -> npt.NDArray[np.float32]:
        """Linear interpolation between both, or the one that is there."""
        share = (self.days - self.day_before) / (self.day_after - self.day_before)
        both = self.before + share * (self.after - self.before)
        one = np.where(np.isnan(self.before), self.after, self.before)
        return np.where(np.isnan(both), one, both).astype(np.float32)

    def nearest(self) -> npt.NDArray[np.float32]:
        """The value of whichever is nearer in time."""
        use_after = np.isnan(self.before) | (self.day_after - self.days < self.days - self.day_before)
        return np.where(use_after, self.after, self.before)


def _carried(
    values: npt.NDArray[np.float32],
    valid: npt.NDArray[np.bool_],
    days: npt.NDArray[np.float64],
    *,
    forward: bool,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Value and day of the nearest valid frame strictly before (or after) each frame; NaN = none."""
    carried = np.full(values.shape, np.nan, dtype=np.float32)
    times = np.full(values.shape, np.nan)
    order = range(1, len(values)) if forward else range(len(values) - 2, -1, -1)
    for frame in order:
        near = frame - 1 if forward else frame + 1
        carried[frame] = np.where(valid[near], values[near], carried[near])
        times[frame] = np.where(valid[near], days[near], times[near])
    return carried, times
