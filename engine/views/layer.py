"""A picture of a grid that is rendered window by window, so that its size never has to fit in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import matplotlib
import numpy as np

from ..grid import Grid, Window
from .colour import Bytes

Render = Callable[[Window], Bytes]
"""Window → [band, y, x] uint8."""


@dataclass(frozen=True)
class Palette:
    """Colours of the indices 1-255 of a one-band layer and the values they stand for; 0 is transparent."""

    colours: Mapping[int, tuple[int, int, int, int]]
    low: float
    """Value of index 1."""
    high: float
    """Value of index 255."""
    unit: str = ""

    @classmethod
    def named(cls, name: str, low: float, high: float, unit: str = "") -> "Palette":
        """A palette of matplotlib, such as `cividis` or `viridis`, over (low, high)."""
        shades = matplotlib.colormaps[name](np.linspace(0, 1, 255), bytes=True)
        colours = {index + 1: (int(r), int(g), int(b), 255) for index, (r, g, b, _) in enumerate(shades)}
        return cls({0: (0, 0, 0, 0), **colours}, low, high, unit)

    @property
    def step(self) -> float:
        """Value per index."""
        return (self.high - self.low) / 254

    def rgba(self, index: Bytes) -> Bytes:
        """[1, y, x] → [4, y, x]"""
        table = np.array([self.colours[number] for number in range(256)], dtype=np.uint8)
        return np.ascontiguousarray(table[index[0]].transpose(2, 0, 1))


@dataclass(frozen=True)
class Layer:
    """What a GeoTIFF or PNG shows: RGBA [4, y, x], or with a palette one band of indices [1, y, x]."""

    title: str
    grid: Grid
    render: Render
    channels: tuple[str, ...]
    """What red, green and blue (or the one band) show."""
    palette: Palette | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    """Provenance, written into the file."""

    def colours(self, window: Window) -> Bytes:
        """RGBA [4, y, x] of a window, with the palette applied."""
        drawn = self.render(window)
        return drawn if self.palette is None else self.palette.rgba(drawn)
