"""Counted pixels of a projection → a picture and its colour bar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from phenolens.engine.client.readings import Density, LegendClass
from PySide6.QtCore import QCoreApplication

from .colouring import Bytes, array_of
from .session import ProjectionChoice
from .telling import numeral

translate = QCoreApplication.translate  # by this name translators' tools find its texts

MAPS = {"count": "cividis", "date": "viridis", "season": "CET-CBC1", "dimension": "viridis"}
"""Colour-blind-safe; of seasons, a circle (Kovesi 2015): December lies beside January."""
Floats = npt.NDArray[np.float32]
PALEST = 0.3
"""Where on its scale the colour of a bin with one pixel is: below, dark grounds swallow it."""
FAINTEST = 0.35
"""Opacity of a bin with one pixel, where the colour says something else than their number."""
SHADES = 256


@dataclass(frozen=True)
class ColourBar:
    """What colours mean, from left to right."""

    title: str
    low: str
    high: str
    shades: tuple[str, ...]
    """#rrggbb"""


@dataclass(frozen=True, eq=False)
class Picture:
    """Of a density; row 0 at the bottom."""

    rgba: Bytes
    extent: tuple[float, float, float, float]
    axes: tuple[str, ...]
    bar: ColourBar | None
    classes: tuple[LegendClass, ...] = ()
    """In place of a bar."""


def pictured(density: Density, choice: ProjectionChoice, classes: tuple[LegendClass, ...] = ()) -> Picture:
    """Bins without pixels are transparent; numbers of pixels by their logarithm; `classes` where bins have some."""
    count = array_of(density.count).astype(np.float32)
    weight = np.log1p(count) / max(np.log1p(count.max(initial=0)), 1e-6)
    if classes:
        return _of_classes(density, weight, classes)
    shades = _shades(choice.colour)
    if choice.colour == "count":
        rgba = shades[(weight * (SHADES - 1)).astype(np.uint8)]
        low, high = "1", f"{int(count.max(initial=0)):,}"
        bar = _bar(translate("DensityPicture", "pixels in a bin (logarithmic)"), low, high, shades)
    else:
        value = array_of(density.value).astype(np.float64)
        start, stop = _span(value, choice.colour)
        share = np.nan_to_num((value - start) / max(stop - start, 1e-9))
        rgba = shades[(share.clip(0, 1) * (SHADES - 1)).astype(np.uint8)]
        rgba[..., 3] = 255 * (FAINTEST + (1 - FAINTEST) * weight)
        bar = _named_bar(choice, start, stop, shades)
    rgba[count == 0] = 0
    return Picture(rgba, density.extent, density.axes, bar)


def _of_classes(density: Density, weight: Floats, classes: tuple[LegendClass, ...]) -> Picture:
    """Bins without a class are grey."""
    table = np.full((256, 4), (128, 128, 128, 0), np.uint8)
    for one in classes:
        table[one.code, :3] = tuple(bytes.fromhex(one.colour[1:7]))
    codes = np.nan_to_num(array_of(density.value).astype(np.float32)).astype(np.uint8)
    rgba = table[codes]
    strength = np.where(codes > 0, FAINTEST + (1 - FAINTEST) * weight, 0.3 * np.sqrt(weight))
    rgba[..., 3] = np.where(weight > 0, 255 * strength, 0)
    return Picture(rgba, density.extent, density.axes, None, classes)


def tinted_bins(density: Density, whole: Density | None, colour: str) -> Bytes:
    """RGBA of the bins that selected pixels fall into: the more of a bin's pixels are selected, the fuller."""
    count = array_of(density.count).astype(np.float32)
    most = count.max(initial=1)
    if whole is not None and whole.count.shape == density.count.shape and whole.extent == density.extent:
        most = np.maximum(array_of(whole.count).astype(np.float32), 1)
    rgba = np.zeros((*count.shape, 4), np.uint8)
    rgba[...] = (*bytes.fromhex(colour[1:7]), 0)
    rgba[..., 3] = np.where(count > 0, 60 + 195 * np.minimum(count / most, 1), 0)
    return rgba


@cache
def _shades(kind: str) -> Bytes:
    """[256, 4]"""
    first = PALEST if kind == "count" else 0.0
    table: Bytes = pg.colormap.get(MAPS[kind]).getLookupTable(start=first, nPts=SHADES, alpha=True)
    return table


def _span(value: np.ndarray[tuple[int, ...], np.dtype[np.float64]], kind: str) -> tuple[float, float]:
    if kind == "season":
        return 0.0, 365.25
    there = value[np.isfinite(value)]
    if not there.size:
        return 0.0, 1.0
    if kind == "date":
        return float(there.min()), float(there.max())
    low, high = np.percentile(there, (2, 98))
    return float(low), float(high)


def _named_bar(choice: ProjectionChoice, start: float, stop: float, shades: Bytes) -> ColourBar:
    if choice.colour == "season":
        return _bar(translate("DensityPicture", "mean day of the year"), "1 Jan", "31 Dec", shades)
    if choice.colour == "date":
        first = datetime(1970, 1, 1, tzinfo=UTC)
        low, high = (f"{first + timedelta(days=day):%Y-%m-%d}" for day in (start, stop))
        return _bar(translate("DensityPicture", "mean date"), low, high, shades)
    return _bar(
        translate("DensityPicture", "mean dimension {} (no unit)").format(choice.dim),
        numeral(start, ".2g"),
        numeral(stop, ".2g"),
        shades,
    )


def _bar(title: str, low: str, high: str, shades: Bytes) -> ColourBar:
    return ColourBar(
        title, low, high, tuple(f"#{r:02x}{g:02x}{b:02x}" for r, g, b, _ in shades[::8].tolist())
    )
