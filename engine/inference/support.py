"""Support layers: how many clear frames an embedding rests on, and how near they are."""

import numpy as np
import numpy.typing as npt

from ..store_layout import NO_FRAME
from .reach import Days, frame_bounds

Days32 = npt.NDArray[np.float32]
LARGEST_COUNT = 255
LARGEST_DISTANCE = 254  # 255 says that there is none


def support_layers(
    clear: npt.NDArray[np.bool_], days: Days, targets: Days, reach_days: float, *, past_only: bool = False
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Count of clear frames within reach and days to the nearest of them (255 = none), both [target, y, x].

    clear [frame, y, x]: at least one band valid; days [frame] and targets [target], ascending. Distances are
    rounded to whole days; counts end at 255, distances at 254."""
    first, stop = frame_bounds(days, targets, reach_days, past_only=past_only)
    shape = (len(targets), *clear.shape[1:])
    counts, nearest = np.zeros(shape, np.uint8), np.full(shape, NO_FRAME, np.uint8)
    total = np.zeros((len(days) + 1, *clear.shape[1:]), np.uint16)
    np.cumsum(clear, axis=0, dtype=np.uint16, out=total[1:])
    origin = days[0] if len(days) else 0.0  # small numbers, so that float32 keeps seconds
    relative = (days - origin).astype(np.float32)
    last, following = _last_clear(clear, relative), _next_clear(clear, relative)
    for index, target in enumerate(targets):
        begin, end = first[index], max(first[index], stop[index])
        counts[index] = np.minimum(total[end] - total[begin], LARGEST_COUNT)
        here = int(np.searchsorted(days, target, side="right"))
        distance = np.full(clear.shape[1:], np.inf, np.float32)
        if here > 0:
            distance = np.float32(target - origin) - last[here - 1]
        if here < end:
            distance = np.minimum(distance, following[here] - np.float32(target - origin))
        rounded = np.clip(np.rint(distance), 0, LARGEST_DISTANCE)
        nearest[index] = np.where(counts[index] > 0, rounded, NO_FRAME)
    return counts, nearest


def _last_clear(clear: npt.NDArray[np.bool_], days: Days32) -> Days32:
    """Day of the last clear frame up to each frame, [frame, y, x]; −inf = none."""
    return np.maximum.accumulate(np.where(clear, days[:, None, None], np.float32(-np.inf)), axis=0)


def _next_clear(clear: npt.NDArray[np.bool_], days: Days32) -> Days32:
    """Day of the first clear frame from each frame on, [frame, y, x]; +inf = none."""
    backwards = np.where(clear, days[:, None, None], np.float32(np.inf))[::-1]
    return np.minimum.accumulate(backwards, axis=0)[::-1]
