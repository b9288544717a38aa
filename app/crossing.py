"""Outlines that cross themselves, and what is taken of them: of areas, places, selections and labels alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate  # by this name translators' tools find its texts

PIXEL = 1.0
"""Of corners in pixels: a hand that draws a loop and meets its beginning goes beyond it a little."""
Reals = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


def crossing_told(corners: Sequence[tuple[float, float]], least: float = 0.0) -> str:
    """What to say of an outline that crosses itself, the engine's rule in words; empty where it doesn't."""
    if not crosses_itself(corners, least):
        return ""
    return translate(
        "Crossing",
        "The outline crosses itself: what it encloses is taken, but for parts that it goes around twice. "
        "Draw it anew if something else is meant.",
    )


def crossings_told(count: int) -> str:
    """The same of outlines of a file, which the engine has mended."""
    return translate(
        "Crossing",
        "Outlines that cross themselves or are broken otherwise: {:,}. What each encloses is taken, but for parts "
        "that it goes around twice.",
    ).format(count)


def crosses_itself(corners: Sequence[tuple[float, float]], least: float = 0.0) -> bool:
    """Whether edges cross and part it in two, neither smaller than `least` (the corners' unit, squared)."""
    starts = np.array(corners, np.float64)
    starts -= starts[0]
    ends = np.roll(starts, -1, axis=0)
    one, other = _near(starts, ends)
    before, after = (_side(starts[one], ends[one], points[other]) for points in (starts, ends))
    back = [_side(starts[other], ends[other], points[one]) for points in (starts, ends)]
    cross = (before * after < 0) & (back[0] * back[1] < 0)
    if not cross.any():
        return False
    one, other = one[cross], other[cross]
    near, far = (side[cross, None] for side in back)
    share = near / (near - far)
    meeting = starts[one] + share * (ends[one] - starts[one])
    swept = np.cumsum(_cross(starts, ends))
    loop = swept[other - 1] - swept[one] + _cross(meeting, ends[one]) + _cross(starts[other], meeting)
    smaller = np.minimum(np.abs(loop), np.abs(swept[-1] - loop)) / 2
    return bool((smaller >= least).any())


def _near(starts: Reals, ends: Reals) -> tuple[Numbers, Numbers]:
    """Pairs of edges whose boxes meet, the first one's number below the second's."""
    low, high = np.minimum(starts, ends), np.maximum(starts, ends)
    order = np.argsort(low[:, 0])
    beyond = np.searchsorted(low[order, 0], high[order, 0], side="right")
    number = np.arange(len(order))
    counts = beyond - number - 1
    first = np.repeat(number, counts)
    second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts)
    one, other = order[first], order[second]
    meet = (low[one, 1] <= high[other, 1]) & (low[other, 1] <= high[one, 1])
    return np.minimum(one, other)[meet], np.maximum(one, other)[meet]


def _side(start: Reals, end: Reals, point: Reals) -> Reals:
    """On which side of a line: positive to its left."""
    return _cross(end - start, point - start)


def _cross(one: Reals, other: Reals) -> Reals:
    product: Reals = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    return product
