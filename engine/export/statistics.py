"""What the numbers of a band are, gathered while they are written."""

from dataclasses import dataclass

import numpy as np

from .product import ProductBand, Stored

SAMPLE = 4096
"""Values kept of each window for the percentiles."""


@dataclass(frozen=True)
class BandStatistics:
    """Of the stored numbers that are not nodata; None where there is none."""

    pixels: int
    """All pixels, nodata too."""
    valid: int
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    deviation: float | None = None
    """Standard deviation."""
    low: float | None = None
    """2nd percentile; of a regular sample, where a window holds more than `SAMPLE` pixels."""
    high: float | None = None
    """98th percentile, likewise."""
    counts: tuple[tuple[int, int], ...] = ()
    """Of uint8: (number, pixels), those that occur."""


class Gatherer:
    """Gathers the statistics of one band, window by window."""

    def __init__(self, band: ProductBand) -> None:
        self._band = band
        self._pixels = self._valid = 0
        self._sum = self._squares = 0.0
        self._least, self._most = np.inf, -np.inf
        self._counts = np.zeros(256, np.int64)
        self._sample: list[Stored] = []

    def add(self, stored: Stored) -> None:
        """[y, x] as stored."""
        self._pixels += stored.size
        values = stored[self._band.seen(stored)]
        self._valid += values.size
        if not values.size:
            return
        exact = values.astype(np.float64)
        self._sum += float(exact.sum())
        self._squares += float(exact @ exact)
        self._least = min(self._least, float(values.min()))
        self._most = max(self._most, float(values.max()))
        self._sample.append(values[:: max(1, values.size // SAMPLE)])
        if stored.dtype == np.uint8:
            self._counts += np.bincount(values, minlength=256)

    def result(self) -> BandStatistics:
        if not self._valid:
            return BandStatistics(self._pixels, 0)
        mean = self._sum / self._valid
        spread = max(0.0, self._squares / self._valid - mean**2) ** 0.5
        low, high = (float(v) for v in np.percentile(np.concatenate(self._sample), (2, 98)))
        counts = tuple((int(n), int(self._counts[n])) for n in np.flatnonzero(self._counts))
        return BandStatistics(
            self._pixels, self._valid, self._least, self._most, mean, spread, low, high, counts
        )
