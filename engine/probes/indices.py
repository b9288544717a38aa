"""Vegetation indices that baselines rest on."""

from collections.abc import Sequence

import numpy as np

from .table import Floats

INDICES = ("NDVI", "kNDVI", "NIRv")


def vegetation_indices(values: Floats, bands: Sequence[str]) -> Floats:
    """[…, 3, pixel] NDVI, kNDVI and NIRv of reflectances [band, pixel]; NaN where a band is missing or dark.

    kNDVI = tanh(NDVI²) (Camps-Valls et al. 2021, with σ at the mean of both bands); NIRv = NDVI × near
    infrared (Badgley et al. 2017). Near infrared is B08, or B8A where B08 is absent."""
    red, near = (_band(values, bands, *names) for names in (("B04",), ("B08", "B8A")))
    total = near + red
    with np.errstate(invalid="ignore", divide="ignore"):
        ndvi = np.where(total > 0, (near - red) / total, np.nan)
    return np.stack([ndvi, np.tanh(ndvi**2), ndvi * near]).astype(np.float32)


def _band(values: Floats, bands: Sequence[str], *names: str) -> Floats:
    """The first of some bands that is there, pixel by pixel."""
    found = np.full(values.shape[1:], np.nan, np.float32)
    for name in names:
        if name in bands:
            found = np.where(np.isnan(found), values[list(bands).index(name)], found)
    return found
