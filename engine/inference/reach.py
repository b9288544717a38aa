"""Which acquisitions lie within a model's reach of the target dates."""

import numpy as np
import numpy.typing as npt

Days = npt.NDArray[np.float64]


def frames_in_reach(days: Days, targets: Days, reach_days: float, *, past_only: bool = False) -> slice:
    """The acquisitions (ascending `days`) that any target date (ascending) may use."""
    first, stop = frame_bounds(days, targets, reach_days, past_only=past_only)
    return slice(int(first[0]), max(int(first[0]), int(stop[-1])))


def frame_bounds(
    days: Days, targets: Days, reach_days: float, *, past_only: bool = False
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """First frame and first frame after the last that each target date may use, [target]; ends included."""
    first = np.searchsorted(days, targets - reach_days, side="left")
    stop = np.searchsorted(days, targets if past_only else targets + reach_days, side="right")
    return first.astype(np.int64), stop.astype(np.int64)
