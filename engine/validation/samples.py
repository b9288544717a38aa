"""Checks of a sample table before anything is fitted, and which samples share a place or a window."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ProbeError
from ..probes.table import SampleTable

Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
CONTEXT_METRES = 150.0
"""Closer than this the windows of two samples overlap: 15 × 15 px of 10 m."""
CELLS = 100
"""About so many cells stand in for polygons where samples only have positions."""


def check_samples(table: SampleTable, folds: int = 1) -> None:
    """`ProbeError` where nothing can be learnt: too few samples, one class, unknown classes, NaN or infinite values."""
    if not len(table):
        raise ProbeError("there are no samples", remedy="check the import report of the labels")
    if len(table) < folds:
        raise ProbeError(
            "there are fewer samples than folds",
            value=f"{len(table)} < {folds}",
            remedy="label more, or ask for fewer folds",
        )
    bad = int((~np.isfinite(np.asarray(table.y, np.float64))).sum())
    if bad:
        raise ProbeError(
            "the response holds NaN or infinite values", value=f"{bad} samples", remedy="drop them"
        )
    for name, block in table.blocks.items():
        if np.isinf(block.values).any():
            rows = int(np.isinf(block.values).any(axis=1).sum())
            raise ProbeError(
                "features are infinite", value=f"{name}: {rows} samples", remedy="use NaN for missing"
            )
    if table.response.task == "classification":
        _check_classes(table)
    elif np.ptp(table.y) == 0:
        raise ProbeError(
            "all samples have the same value", value=f"{table.y[0]:g} {table.response.unit}".strip()
        )


def _check_classes(table: SampleTable) -> None:
    names, present = class_names(table), np.unique(table.y)
    unknown = [int(code) for code in present if int(code) not in names]
    if unknown:
        raise ProbeError("samples have a class that the class table lacks", value=unknown)
    if len(present) < 2:
        raise ProbeError(
            "there is one class only", value=names[int(present[0])], remedy="label at least one other class"
        )
    if len(table) < len(names):
        raise ProbeError("there are fewer samples than classes", value=f"{len(table)} < {len(names)}")


def class_names(table: SampleTable) -> dict[int, str]:
    """Names by code; none of a regression."""
    classes = table.response.classes
    return {c.code: c.name for c in classes} if classes else {}


def place_of(table: SampleTable) -> Ids | None:
    """[sample] which samples have the same place: to the metre, else by site, else by polygon; None = unknown."""
    if table.position is not None:
        return np.unique(np.round(table.position), axis=0, return_inverse=True)[1].reshape(-1)
    for key in ("site", "polygon"):
        if key in table.keys:
            return np.unique(table.keys[key], return_inverse=True)[1].reshape(-1)
    return None


def group_of(table: SampleTable) -> tuple[npt.NDArray[Any], str]:
    """[sample] what is drawn when intervals are bootstrapped, and its name: sites, polygons, cells, samples."""
    for key in ("site", "polygon"):
        if key in table.keys and len(np.unique(table.keys[key])) > 1:
            return np.unique(table.keys[key], return_inverse=True)[1].reshape(-1), f"{key}s"
    if table.position is not None:
        side = block_side(table.position, CELLS, 2 * CONTEXT_METRES)
        cells = np.unique(cells_of(table.position, side))
        if len(cells) > 1:
            return cells_of(table.position, side), f"cells of {side / 1000:,.1f} km"
    for key in ("site", "polygon"):
        if key in table.keys:  # a single one: its days or pixels are too much alike to be drawn one by one
            return np.zeros(len(table), np.int64), f"{key}s"
    return np.arange(len(table)), "samples"


def block_side(position: npt.NDArray[np.float64], blocks: int, least: float) -> float:
    """Metres: the side of square blocks of which about so many cover the extent of the positions."""
    width, height = np.ptp(position, axis=0)
    area = max(width * height, max(width, height) ** 2 / 100)  # points on a line have an extent too
    return float(max(np.sqrt(area / blocks), least))


def cells_of(position: npt.NDArray[np.float64], side: float) -> Ids:
    """[sample] number of the square cell that it lies in."""
    cells = np.floor((position - position.min(axis=0)) / side).astype(np.int64)
    return np.unique(cells, axis=0, return_inverse=True)[1].reshape(-1)


def shares_window(place: Ids, span: npt.NDArray[np.datetime64], *, rows: Ids, others: Ids) -> Mask:
    """[row] whether the span of a sample overlaps that of one of the others at the same place.

    Counted instead of compared: spans that began by one's end, less those that had ended before its start."""
    days = span.astype("datetime64[D]").astype(np.int64)
    first, width = int(days.min()), int(np.ptp(days)) + 2
    starts = np.sort(place[others] * width + (days[others, 0] - first))
    ends = np.sort(place[others] * width + (days[others, 1] - first))
    here = place[rows] * width
    begun = np.searchsorted(starts, here + (days[rows, 1] - first), "right") - np.searchsorted(starts, here)
    ended = np.searchsorted(ends, here + (days[rows, 0] - first)) - np.searchsorted(ends, here)
    overlapping: Mask = begun > ended
    return overlapping
