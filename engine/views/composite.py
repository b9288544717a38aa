"""Acquisitions as pictures, in fixed stretches: a colour means the same on every date."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..acquisitions.cube import Cube
from ..errors import BandError
from .colour import Bools, Bytes, Floats, rgba, stretched


@dataclass(frozen=True)
class Composite:
    """Three bands or band differences as red, green and blue."""

    name: str
    title: str
    modality: str
    channels: tuple[str, str, str]
    """Band names; `A-B` is a difference."""
    limits: tuple[tuple[float, float], ...]
    """Values that become black and full colour, per channel, in the modality's unit."""
    gamma: float = 1.0
    """Above 1 brightens what is dark (vegetation in true colour)."""

    @property
    def bands(self) -> set[str]:
        return {band for channel in self.channels for band in channel.split("-")}


TRUE_COLOUR = Composite(
    "true-colour", "Sentinel-2 true colour", "s2", ("B04", "B03", "B02"), ((0.0, 0.30),) * 3, gamma=1.8
)
FALSE_COLOUR = Composite(
    "false-colour",
    "Sentinel-2 false colour (near infrared, red, green)",
    "s2",
    ("B08", "B04", "B03"),
    ((0.0, 0.55), (0.0, 0.25), (0.0, 0.25)),
    gamma=1.4,
)
SENTINEL1_COMPOSITE = Composite(
    "s1",
    "Sentinel-1 composite (VV, VH, VV−VH)",
    "s1",
    ("VV", "VH", "VV-VH"),
    ((-22.0, -2.0), (-28.0, -8.0), (0.0, 14.0)),
)
COMPOSITES = {each.name: each for each in (TRUE_COLOUR, FALSE_COLOUR, SENTINEL1_COMPOSITE)}


def compose(cube: Cube, composite: Composite, frame: int = 0, *, masked: bool = True) -> Bytes:
    """One frame of a cube → RGBA [4, y, x]; transparent where a channel is not valid.

    With `masked` false, what only a cloud mask hides is drawn as well; just zeros and NaN stay transparent.
    `BandError` where the sensor lacks a band of the composite."""
    values, shown = _channels(cube, composite, frame)
    if not masked:
        shown = np.isfinite(values).all(axis=0) & (values != 0).any(axis=0)
    level = stretched(values, composite.limits)
    return rgba(level ** np.float32(1 / composite.gamma), shown)


def _channels(cube: Cube, composite: Composite, frame: int) -> tuple[Floats, Bools]:
    """[3, y, x] values and [y, x] validity of the composite's channels."""
    index = {band: number for number, band in enumerate(cube.modality.bands)}
    missing = composite.bands - index.keys()
    if missing:
        raise BandError(
            f"{composite.title} needs bands that {cube.modality.name} lacks",
            value=", ".join(sorted(missing)),
            remedy=f"there are {', '.join(cube.modality.bands)}",
        )
    picked = [
        _channel(cube, frame, [index[band] for band in channel.split("-")]) for channel in composite.channels
    ]
    return np.stack([values for values, _ in picked]), _all([valid for _, valid in picked])


def _channel(cube: Cube, frame: int, bands: Sequence[int]) -> tuple[Floats, Bools]:
    values = cube.values[frame, bands[0]]
    for band in bands[1:]:
        values = values - cube.values[frame, band]
    return values, _all([cube.validity[frame, band] for band in bands])


def _all(masks: Sequence[Bools]) -> Bools:
    together: Bools = np.logical_and.reduce(masks)
    return together
