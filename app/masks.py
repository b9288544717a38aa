"""Picks → the pixels that they mean, on each date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.projections import Scope
from phenolens.engine.client.readings import Store
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPolygonF

from .selection import Combined, Corners, LassoPick, MapPick, Pick, PixelPick

Bits = npt.NDArray[np.bool_]
_COMBINED: dict[str, Callable[..., npt.NDArray[Any]]] = {
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "not": lambda first, second: first & ~second,
}


@dataclass(frozen=True, eq=False)
class Mask:
    """The pixels of a pick: the same ones on all dates, or some of each."""

    shape: tuple[int, int]
    """Rows and columns of the store."""
    always: Bits | None = None
    """[row, column]"""
    packed: npt.NDArray[np.uint8] | None = None
    """[date, bytes]: bits row by row, the first pixel in the highest bit."""

    def on(self, date: int) -> Bits:
        """[row, column] of one date."""
        if self.always is not None:
            return self.always
        assert self.packed is not None
        rows, columns = self.shape
        return np.unpackbits(self.packed[date], count=rows * columns).view(bool).reshape(self.shape)

    def ever(self) -> Bits:
        """[row, column]: on any date."""
        if self.always is not None:
            return self.always
        assert self.packed is not None
        rows, columns = self.shape
        either = np.bitwise_or.reduce(self.packed, axis=0)
        return np.unpackbits(either, count=rows * columns).view(bool).reshape(self.shape)

    def counts(self, dates: int) -> npt.NDArray[np.int64]:
        """Selected pixels by date."""
        if self.always is not None:
            return np.full(dates, np.count_nonzero(self.always))
        assert self.packed is not None
        return np.bitwise_count(self.packed).sum(axis=1, dtype=np.int64)

    def every(self, dates: int) -> npt.NDArray[np.uint8]:
        """[date, bytes], as `packed`."""
        if self.packed is not None:
            return self.packed
        assert self.always is not None
        return np.broadcast_to(np.packbits(self.always), (dates, -(-self.always.size // 8)))


def find(pick: Pick, client: EngineClient, store: str, shape: tuple[int, int], dates: int) -> Mask:
    """The pixels of a pick; lassos are answered by the engine."""
    if isinstance(pick, MapPick):
        return Mask(shape, always=inside(pick.corners, shape))
    if isinstance(pick, LassoPick):
        return _lassoed(pick, client, store, dates)
    if isinstance(pick, PixelPick):
        return Mask(shape, always=_single(pick, shape))
    first = find(pick.first, client, store, shape, dates)
    return _combined(pick.how, first, find(pick.second, client, store, shape, dates), dates)


def find_on(pick: Pick, client: EngineClient, store: Store, date: int) -> Bits:
    """[row, column] of a pick on one date: of large areas, all dates at once would be too much to ask."""
    shape = store.grid.shape
    if isinstance(pick, MapPick):
        return inside(pick.corners, shape)
    if isinstance(pick, PixelPick):
        return _single(pick, shape)
    if isinstance(pick, Combined):
        return _COMBINED[pick.how](
            find_on(pick.first, client, store, date), find_on(pick.second, client, store, date)
        )
    if pick.dates is not None and date not in pick.dates:
        return np.zeros(shape, bool)
    scope = Scope(pick.method, max(2, *pick.axes), dates=(store.times[date],), axes=pick.axes)
    found = client.projections.lasso(store.store, pick.corners, scope, fit=pick.fit)
    bits = np.frombuffer(found.bits, np.uint8)
    return np.unpackbits(bits, count=shape[0] * shape[1]).view(bool).reshape(shape)


def follows_dates(pick: Pick) -> bool:
    """Whether other pixels are meant on other dates."""
    if isinstance(pick, Combined):
        return follows_dates(pick.first) or follows_dates(pick.second)
    return isinstance(pick, LassoPick)


def inside(corners: Corners, shape: tuple[int, int]) -> Bits:
    """[row, column]: pixels whose centres a polygon of (column, row) corners encloses."""
    rows, columns = shape
    image = QImage(columns, rows, QImage.Format.Format_Grayscale8)
    image.fill(0)
    painter = QPainter(image)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor("white"))
    painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
    painter.end()
    lines = np.frombuffer(image.constBits(), np.uint8).reshape(rows, image.bytesPerLine())
    return lines[:, :columns] > 127


def _single(pick: PixelPick, shape: tuple[int, int]) -> Bits:
    bits = np.zeros(shape, bool)
    rows, columns = np.array(pick.pixels, int).reshape(-1, 2).T
    bits[rows, columns] = True
    return bits


def _lassoed(pick: LassoPick, client: EngineClient, store: str, dates: int) -> Mask:
    scope = Scope(pick.method, max(2, *pick.axes), axes=pick.axes)
    found = client.projections.lasso(store, pick.corners, scope, fit=pick.fit)
    packed = np.zeros((dates, -(-found.shape[0] * found.shape[1] // 8)), np.uint8)
    packed[list(found.dates)] = np.frombuffer(found.bits, np.uint8).reshape(len(found.dates), -1)
    if pick.dates is not None:
        packed[np.setdiff1d(np.arange(dates), pick.dates)] = 0
    return Mask(found.shape, packed=packed)


def _combined(how: str, first: Mask, second: Mask, dates: int) -> Mask:
    if first.always is not None and second.always is not None:
        one, other = first.always, second.always
        return Mask(first.shape, always=_COMBINED[how](one, other))
    left, right = first.every(dates), second.every(dates)
    return Mask(first.shape, packed=_COMBINED[how](left, right))
