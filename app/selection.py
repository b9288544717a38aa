"""What is selected, as a value: pixels and dates picked on the map or in the projection, and what they combine to.

Nothing here holds a mask: a pick says how it came about, and `masks` finds its pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Point = tuple[float, float]
Corners = tuple[Point, ...]


@dataclass(frozen=True)
class MapPick:
    """Pixels whose centres a polygon on the map encloses, on every date; corners are (column, row) in pixels."""

    corners: Corners


@dataclass(frozen=True)
class LassoPick:
    """Pixels of the dates on which a lasso in the projection encloses them; corners along its axes."""

    method: str
    corners: Corners
    axes: tuple[int, int] = (1, 2)
    dates: tuple[int, ...] | None = None
    """Indices into the store's times that it was drawn for; None: all."""
    fit: str | None = None
    """Of a UMAP: the fit that it was drawn in, as no other one has its places."""


@dataclass(frozen=True)
class PixelPick:
    """Single pixels (row, column), on every date."""

    pixels: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Combined:
    """What two picks make together."""

    how: Literal["and", "or", "not"]
    """`not`: the first without the second."""
    first: Pick
    second: Pick


Pick = MapPick | LassoPick | PixelPick | Combined


@dataclass(frozen=True)
class Selection:
    """A pick that has a name and a colour, and stays."""

    name: str
    colour: str
    pick: Pick
    shown: bool = False
    """Whether it is drawn in its colour, beside the selection of the moment."""


def drawn_in_projection(pick: Pick) -> bool:
    """Whether any part of it means places in a projection, which are others once that is made of other numbers."""
    if isinstance(pick, Combined):
        return drawn_in_projection(pick.first) or drawn_in_projection(pick.second)
    return isinstance(pick, LassoPick)


def fits_of(pick: Pick | None) -> frozenset[str]:
    """The UMAPs that any part of it was drawn in."""
    if isinstance(pick, Combined):
        return fits_of(pick.first) | fits_of(pick.second)
    return frozenset((pick.fit,)) if isinstance(pick, LassoPick) and pick.fit else frozenset()
