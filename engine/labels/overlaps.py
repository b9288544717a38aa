"""Pixels that more than one feature claims for the same time."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .labelset import Answers, Days

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Claims:
    """One row per feature and pixel, in the order of the features."""

    pixel: npt.NDArray[np.int64]
    """Flat index on the grid."""
    y: Answers
    start: Days
    end: Days


def settle(claims: Claims, *, keep_first: bool) -> tuple[Mask, Mask]:
    """([claim] in conflict and dropped, [claim] repeated and dropped).

    Two claims meet where their pixel is the same and their periods share a day (no period: always). With the same
    answer the earlier one stays; with different answers both go, or, with `keep_first`, the later one."""
    order = np.argsort(claims.pixel, kind="stable")
    pixel = claims.pixel[order]
    conflict, repeated = np.zeros(len(pixel), bool), np.zeros(len(pixel), bool)
    for shift in range(1, _deepest(pixel)):
        first, second = order[:-shift], order[shift:]
        meeting = (pixel[:-shift] == pixel[shift:]) & _share_a_day(claims, first, second)
        same = claims.y[first] == claims.y[second]
        repeated[second[meeting & same]] = True
        conflict[second[meeting & ~same]] = True
        if not keep_first:
            conflict[first[meeting & ~same]] = True
    return conflict, repeated & ~conflict


def _deepest(pixel: npt.NDArray[np.int64]) -> int:
    """Most claims on one pixel."""
    return int(np.unique(pixel, return_counts=True)[1].max(initial=0))


def _share_a_day(claims: Claims, first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> Mask:
    apart = (claims.end[first] < claims.start[second]) | (claims.end[second] < claims.start[first])
    shared: Mask = ~apart  # comparisons with NaT are False: a label without a period meets every other
    return shared
