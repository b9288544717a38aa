"""What the pointer may be on, and what is asked of the engine for it, in threads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.projections import Scope
from phenolens.engine.client.readings import Store
from PySide6.QtGui import QColor

from ..colouring import Bytes, array_of
from ..masks import inside
from ..panels.hover_marks import Points, haloed
from ..session import Place
from .curve_questions import sample

MOST_OF_PLACE, MOST_CHUNKS = 60, 4
"""Pixels of a polygon that are shown in the projection, out of so many parts of the store."""


@dataclass(frozen=True)
class Pixel:
    """Of the map: row, column."""

    row: int
    column: int


@dataclass(frozen=True)
class Near:
    """A place in the projection, and how far around it is meant."""

    x: float
    y: float
    radius_x: float
    radius_y: float


Meant = Pixel | Near | Place | None


def near_pixels(
    client: EngineClient, store: Store, corners: tuple[tuple[float, float], ...], scope: Scope, colour: str
) -> Bytes | None:
    """In a thread: RGBA of the pixels; None where there are none."""
    found = client.projections.lasso(store.store, corners, scope)
    if not sum(found.selected):
        return None
    rows, columns = found.shape
    bits = np.unpackbits(np.frombuffer(found.bits, np.uint8), count=rows * columns)
    return haloed(bits.view(bool).reshape(rows, columns), QColor(colour))


def pixels_of(store: Store, meant: Pixel | Place) -> tuple[tuple[int, int], ...]:
    """In a thread: of a polygon, some."""
    if isinstance(meant, Pixel):
        return ((meant.row, meant.column),)
    if meant.pixel is not None:
        return (meant.pixel,)
    return sample(inside(meant.corners, store.grid.shape), MOST_OF_PLACE, MOST_CHUNKS)


def positions(
    client: EngineClient, store: Store, pixels: tuple[tuple[int, int], ...], scope: Scope
) -> Points:
    """[pixel, date, 2]"""
    if not pixels:
        return np.zeros((0, 1, 2), np.float32)
    return array_of(client.projections.positions(store.store, pixels, scope).points).astype(np.float32)
