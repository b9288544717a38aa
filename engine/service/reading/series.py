"""What pixels, or the pixels of a polygon, did over all dates: embeddings, how far to trust each date, bands."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...acquisitions.cube import CubeSource
from ...errors import InputError
from ...grid import Window
from ...store import EmbeddingStore, PixelSeries
from ...store_layout import CHUNK_SIDE
from ...views.series import CLEAR, GAP_FILLED, NO_DATA, Place, observed, qualities
from ..faults import TooLarge
from .places import Inside, Pixels, thinned

MOST_PIXELS = 400
"""Of a polygon; a larger one is sampled, and the answer says so."""
MOST_CHUNKS = 16
MOST_CHUNK_DATES = 20_000
"""Reading one costs about 0.03 ms where it is in memory."""
MOST_BAND_PIXELS = 256 * 256
MOST_BAND_VALUES = 4_000_000
"""Of acquisitions, in memory at a time."""
QUALITIES = (CLEAR, GAP_FILLED, NO_DATA)
DECIBEL, LEAST_POWER = "dB", 1e-10
PERCENTILES = (10, 50, 90)
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class PixelsTold:
    """Series of single pixels."""

    series: PixelSeries
    """[pixel, time, dim]"""
    quality: npt.NDArray[np.uint8]
    """[pixel, time] index into `QUALITIES`."""


@dataclass(frozen=True, eq=False)
class PolygonTold:
    """What the pixels of a polygon have in common."""

    times: npt.NDArray[np.datetime64]
    mean: Floats
    """[time, dim] over the valid pixels; NaN where there is none."""
    percentiles: Floats
    """[percentile, time, dim]: the 10th, 50th and 90th."""
    quality: npt.NDArray[np.int64]
    """[quality, time]: pixels that are clear, gap-filled, without data."""
    inside: int
    """Pixels of the polygon."""
    pixels: Pixels
    """Those that the numbers rest on."""


def pixel_series(store: EmbeddingStore, pixels: Sequence[tuple[int, int]], dims: int | None) -> PixelsTold:
    """`TooLarge` where the pixels lie in too many parts of the store, `AreaError` outside of it."""
    check_pixels(store, pixels)
    series = store.read_series_many(pixels, dims)
    return PixelsTold(series, _codes(series))


def check_pixels(store: EmbeddingStore, pixels: Sequence[tuple[int, int]]) -> None:
    if not pixels:
        raise InputError("no pixel was named", remedy="give pixels, lonlat or a polygon")
    places = np.array(pixels, np.int64).reshape(-1, 2)
    chunks = len(np.unique(places // CHUNK_SIDE, axis=0)) * len(store.times)
    if chunks > MOST_CHUNK_DATES:
        raise TooLarge(
            "the pixels lie too far apart to be read at once",
            value=f"{len(pixels)} pixels, {chunks:,} pieces of the store",
            remedy="ask for fewer of them",
        )


def polygon_series(store: EmbeddingStore, found: Inside, dims: int | None) -> PolygonTold:
    """Mean, percentiles and quality of the pixels of a polygon, or of a sample of them."""
    chosen = thinned(found.pixels, MOST_PIXELS, MOST_CHUNKS)
    told = pixel_series(store, [(int(row), int(col)) for row, col in chosen], dims)
    series, codes = told.series, told.quality
    return PolygonTold(
        series.times,
        *_summed_up(series),
        quality=np.stack([(codes == code).sum(axis=0) for code in range(len(QUALITIES))]),
        inside=found.count,
        pixels=chosen,
    )


def _summed_up(series: PixelSeries) -> tuple[Floats, Floats]:
    """[time, dim] means and [percentile, time, dim] over the valid pixels; NaN where there is none."""
    times, dims = series.embedding.shape[1:]
    mean = np.full((times, dims), np.nan, np.float32)
    spread = np.full((len(PERCENTILES), times, dims), np.nan, np.float32)
    for date in np.flatnonzero(series.validity.any(axis=0)):
        values = series.embedding[series.validity[:, date], date]
        mean[date] = values.mean(axis=0, dtype=np.float64)
        spread[:, date] = np.percentile(values, PERCENTILES, axis=0)
    return mean, spread


def _codes(series: PixelSeries) -> npt.NDArray[np.uint8]:
    found = qualities(series)
    codes = np.zeros(found.shape, np.uint8)
    for code, name in enumerate(QUALITIES):
        codes[found == name] = code
    return codes


def bands_of(sources: Mapping[str, CubeSource], row: int, col: int) -> dict[str, list[dict[str, Any]]]:
    """By sensor: time and valid bands (and NDVI) of every acquisition that saw the pixel."""
    place = Place("", row, col)
    return {
        name: [
            {"time": f"{time:%Y-%m-%dT%H:%M:%SZ}", "bands": bands} for time, bands in observed(source, place)
        ]
        for name, source in sources.items()
    }


def mean_bands(sources: Mapping[str, CubeSource], pixels: Pixels) -> dict[str, list[dict[str, Any]]]:
    """By sensor: time, band means over the valid ones of some pixels, and what share of them was `seen`, of every
    acquisition that saw any. Of decibels the power is averaged.

    `TooLarge` where the pixels lie far apart: acquisitions are read in rectangles."""
    (top, left), (bottom, right) = pixels.min(axis=0), pixels.max(axis=0) + 1
    window = Window(int(top), int(left), int(bottom - top), int(right - left))
    if window.height * window.width > MOST_BAND_PIXELS:
        raise TooLarge(
            "the polygon is too large for series of bands",
            value=f"{window.height} × {window.width} px around it",
            remedy="ask for a smaller one, or for single pixels",
        )
    return {name: list(_means(source, window, pixels - (top, left))) for name, source in sources.items()}


def _means(source: CubeSource, window: Window, pixels: Pixels) -> Iterator[dict[str, Any]]:
    names, (rows, cols) = source.modality.bands, pixels.T
    batch = max(1, MOST_BAND_VALUES // (len(names) * window.height * window.width))
    for first in range(0, len(source.acquisitions), batch):
        cube = source.read(window, range(first, min(first + batch, len(source.acquisitions))))
        values, valid = cube.values[..., rows, cols], cube.validity[..., rows, cols]
        mean, seen = _mean(values, valid, source.modality.unit), valid.any(axis=1).mean(axis=1)
        for frame, acquisition in enumerate(cube.acquisitions):
            told = zip(names, mean[frame].tolist(), valid[frame].any(axis=1), strict=True)
            bands = {name: round(value, 5) for name, value, there in told if there}
            if bands:
                time = f"{acquisition.time:%Y-%m-%dT%H:%M:%SZ}"
                yield {"time": time, "bands": bands, "seen": round(float(seen[frame]), 4)}


def _mean(values: Floats, valid: npt.NDArray[np.bool_], unit: str) -> npt.NDArray[np.float64]:
    """[frame, band] of [frame, band, pixel]; where nothing is valid it means nothing.

    A coarser pixel measures the mean of power: that of decibels lies below it, the more so the more pixels differ."""
    amounts = np.power(10, values / 10, dtype=np.float64) if unit == DECIBEL else values
    count = np.maximum(valid.sum(axis=2), 1)
    mean: npt.NDArray[np.float64] = np.where(valid, amounts, 0).sum(axis=2, dtype=np.float64) / count
    if unit != DECIBEL:
        return mean
    decibels: npt.NDArray[np.float64] = 10 * np.log10(np.maximum(mean, LEAST_POWER))
    return decibels
