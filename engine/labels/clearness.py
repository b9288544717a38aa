"""Label pixels against a store: has the embedding a value there, and had the sensor a clear look?"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..errors import LabelError
from ..store import EmbeddingStore
from .pixels import LabelPixels

Mask = npt.NDArray[np.bool_]
PIXELS_AT_ONCE = 20_000


def look_at_store(
    pixels: LabelPixels,
    store: EmbeddingStore,
    *,
    dates: Sequence[int] | None = None,
    modality: str = "s2",
    clear_within_days: int = 10,
) -> LabelPixels:
    """The same pixels; the report says how many have no valid embedding or no clear look at their dates.

    A pixel's dates are the store's within its period, the nearest one where that holds none, all without a period;
    `dates` (indices of the store's) replaces them. Clear: a clear acquisition of `modality` within so many days of
    one of them. `LabelError` where no label has a valid embedding."""
    valid, clear = looks(pixels, store, dates=dates, modality=modality, clear_within_days=clear_within_days)
    if not valid.any():
        raise LabelError(
            "no label has a valid embedding at its dates",
            value=f"{len(pixels)} pixels under cloud or outside the computed part",
            remedy="choose other dates, or a store that covers the labels",
        )
    counts = {
        "without a valid embedding at any of their dates": int((~valid).sum()),
        f"without a clear look of {modality} within {clear_within_days} days": int((valid & ~clear).sum()),
    }
    return replace(pixels, report=replace(pixels.report, cloud=counts))


def looks(
    pixels: LabelPixels,
    store: EmbeddingStore,
    *,
    dates: Sequence[int] | None = None,
    modality: str = "s2",
    clear_within_days: int = 10,
) -> tuple[Mask, Mask]:
    """([n] an embedding is valid, [n] a clear look lies near) at one or more of each pixel's dates."""
    if pixels.grid != store.grid:
        raise LabelError(
            "the labels lie on another grid than the store", value=pixels.grid, remedy="label it again"
        )
    wanted = _dates(pixels, store, dates)
    valid, clear = np.zeros(len(pixels), bool), np.zeros(len(pixels), bool)
    layer = f"nearest_days_{modality}"
    for start in range(0, len(pixels), PIXELS_AT_ONCE):
        part = slice(start, start + PIXELS_AT_ONCE)
        places = [(int(row), int(col)) for row, col in zip(pixels.rows[part], pixels.cols[part], strict=True)]
        series = store.read_series_many(places, dims=1)
        valid[part] = (series.validity & wanted[part]).any(axis=1)
        if layer in series.support:  # a store without this sensor has no clear look of it
            near = series.support[layer] <= clear_within_days  # 255: none
            clear[part] = (near & series.validity & wanted[part]).any(axis=1)
    return valid, clear


def _dates(pixels: LabelPixels, store: EmbeddingStore, dates: Sequence[int] | None) -> Mask:
    """[n, time] which dates of the store matter for each pixel."""
    if dates is not None:
        return np.tile(np.isin(np.arange(len(store.times)), list(dates)), (len(pixels), 1))
    days = store.times.astype("datetime64[D]")
    first, last = pixels.start[:, None], pixels.end[:, None]
    within = ~((days < first) | (days > last))  # NaT compares False: without a period every date counts
    nearest = np.abs((days - np.where(np.isnat(first), days[0], first)).astype(np.int64)).argmin(axis=1)
    within[np.arange(len(pixels)), nearest] |= ~within.any(axis=1)
    return within
