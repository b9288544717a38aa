"""GeoTIFFs whose bands have no names: what is seen of them, so that somebody can say what they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rasterio.errors import RasterioError

from ..errors import AcquisitionError
from .bands import band_of
from .discover import take_stock
from .modality import MODALITIES
from .rasterfile import RasterFile
from .reading import Pool

MOST_OPENED = 50
"""Files that are opened to tell how many there are of a kind."""


@dataclass(frozen=True)
class UnnamedBand:
    """One band of a file, from what is stored."""

    description: str
    dtype: str
    low: float | None
    """Smallest and largest stored number of a sample; None where it holds none."""
    high: float | None


@dataclass(frozen=True)
class UnnamedBands:
    """The bands of a file, and how many other files are alike."""

    file: str
    files: int
    bands: tuple[UnnamedBand, ...]


def unnamed_bands(paths: Sequence[Path]) -> UnnamedBands | None:
    """Of the first GeoTIFF none of whose bands has a name that is understood; None where there is none."""
    pool, first, alike = Pool(), None, 0
    for path in _geotiffs(paths)[:MOST_OPENED]:
        try:
            file = RasterFile(path, pool)
        except AcquisitionError:
            continue
        if _is_named(file):
            continue
        first = first or file
        alike += file.file.count == first.file.count
    if first is None:
        return None
    bands = tuple(_seen(first, layer) for layer in range(first.file.count))
    return UnnamedBands(first.name, alike, bands)


def _geotiffs(paths: Sequence[Path]) -> list[Path]:
    try:
        return take_stock(paths).geotiffs
    except AcquisitionError:
        return []


def _is_named(file: RasterFile) -> bool:
    names = [name or "" for name in file.file.descriptions]
    return any(band_of(name, modality) for name in names for modality in MODALITIES.values())


def _seen(file: RasterFile, layer: int) -> UnnamedBand:
    try:
        sample = file.sample(layer)
    except RasterioError:
        sample = np.empty(0)
    finite = sample[np.isfinite(sample)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (None, None)
    return UnnamedBand(file.file.descriptions[layer] or "", file.file.dtypes[layer], low, high)
