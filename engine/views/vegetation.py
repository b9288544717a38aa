"""NDVI of acquisitions, in a fixed stretch: a colour means the same on every date."""

import numpy as np

from ..acquisitions.cube import Cube, CubeSource
from ..grid import Window
from .colour import Bytes, Floats
from .layer import Layer, Palette
from .maps import acquisition_tags

NDVI = "ndvi"
LOW, HIGH = -0.2, 1.0
"""Ends of the palette: below are water, snow and cloud alone."""


def ndvi_of(cube: Cube, frame: int = 0) -> Floats:
    """[y, x] (near infrared − red) / (near infrared + red), of B08 and B04; NaN where either is not valid."""
    bands = [cube.modality.bands.index(name) for name in ("B08", "B04")]
    near, red = cube.values[frame, bands]
    total = near + red
    there = cube.validity[frame, bands].all(axis=0) & (total > 0)
    return np.where(there, (near - red) / np.where(there, total, 1), np.nan).astype(np.float32)


def ndvi_layer(source: CubeSource, frame: int) -> Layer:
    """NDVI of one acquisition of Sentinel-2."""
    acquisition = source.acquisitions[frame]

    def render(window: Window) -> Bytes:
        ndvi = ndvi_of(source.read(window, [frame]))
        level = 1 + np.round((np.clip(ndvi, LOW, HIGH) - LOW) * (254 / (HIGH - LOW)))
        index: Bytes = np.nan_to_num(level)[None].astype(np.uint8)
        return index

    shades = Palette.named("viridis", LOW, HIGH)
    title = f"Sentinel-2 NDVI, {acquisition.time:%Y-%m-%d}"
    return Layer(title, source.grid, render, ("NDVI",), shades, acquisition_tags(acquisition))
