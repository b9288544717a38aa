"""Named selections that are ticked: their pixels on the map's date, on map and projection, in their colours."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from math import ceil, sqrt

import numpy as np
import numpy.typing as npt
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.errors import InputError, NotFound
from phenolens.engine.client.projections import Scope
from phenolens.engine.client.readings import Store
from PySide6.QtCore import QObject

from ..colouring import Bytes
from ..density_picture import tinted_bins
from ..engine_link import EngineLink
from ..masks import Bits, find_on, follows_dates
from ..panels.map import MapPanel
from ..panels.named_marks import Extent, NamedMarks, stacked, tint_of
from ..panels.projection import ProjectionPanel
from ..selection import Pick, Selection
from ..session import Session, SessionModel
from .projections import MOST_SENT, scope_of

MOST_KEPT = 24
MOST_TINTED = 1_500_000
"""Pixels of the picture over the map: of larger areas it shows every n-th."""
Packed = npt.NDArray[np.uint8]


class NamedController(QObject):
    """Finds what is ticked and draws it."""

    def __init__(
        self, model: SessionModel, link: EngineLink, map: MapPanel, projection: ProjectionPanel
    ) -> None:
        super().__init__(map)
        self._model, self._link, self._projection = model, link, projection
        self.marks = NamedMarks(map, projection.plot)
        self._kept: OrderedDict[tuple[str, Pick, int | None], Packed] = OrderedDict()
        """Bits of picks, used and filled by one thread at a time: that of the channel `named map`."""
        model.listen(self._changed)
        projection.shown.connect(self._show_on_plane)
        projection.replaced.connect(self._show_anew)

    def _changed(self, old: Session, new: Session) -> None:
        if old.store != new.store:
            self._kept = OrderedDict()
        if _on_map(old) != _on_map(new):
            self._show_on_map()
        if (_on_map(old), old.method, old.projection) != (_on_map(new), new.method, new.projection):
            self._show_on_plane()

    def _show_anew(self) -> None:
        """Lassos of the projection before have no pixels any more."""
        self._kept = OrderedDict()
        self._show_on_map()
        self._show_on_plane()

    def _show_on_map(self) -> None:
        now = self._model.now
        store, shown, kept = now.store, ticked(now), self._kept
        if store is None or not shown:
            self._link.drop("named map")
            self.marks.show_on_map(None)
            return
        rows, columns = store.grid.shape
        step = max(1, ceil(sqrt(rows * columns / MOST_TINTED)))
        self._link.ask(
            "named map",
            lambda client: _tints(client, store, shown, now.date, step, kept),
            lambda tint: self.marks.show_on_map(tint, step),
            lambda _: self.marks.show_on_map(None),
        )

    def _show_on_plane(self) -> None:
        now = self._model.now
        store, shown = now.store, ticked(now)
        there = store is not None and self._projection.isVisible()
        if store is None or not there or not shown or store.grid.shape[0] * store.grid.shape[1] > MOST_SENT:
            self._link.drop("named bins")
            self.marks.show_on_plane(None)
            return
        scope = scope_of(store, now)
        self._link.ask(
            "named bins",
            lambda client: _bins(client, store, shown, now.date, scope),
            lambda answer: self.marks.show_on_plane(*answer),
            lambda _: self.marks.show_on_plane(None),
        )


def ticked(now: Session) -> tuple[Selection, ...]:
    return tuple(one for one in now.work.selections if one.shown)


def _on_map(now: Session) -> tuple[object, ...]:
    """What the picture on the map rests on: not the names, and the date only where pixels follow it."""
    shown = tuple((one.colour, one.pick) for one in ticked(now))
    return now.store, shown, now.date if any(follows_dates(pick) for _, pick in shown) else None


def _tints(
    client: EngineClient,
    store: Store,
    shown: tuple[Selection, ...],
    date: int,
    step: int,
    kept: OrderedDict[tuple[str, Pick, int | None], Packed],
) -> Bytes | None:
    """In a thread."""
    rows, columns = store.grid.shape
    tints = []
    for one in shown:
        key = store.store, one.pick, date if follows_dates(one.pick) else None
        packed = kept.get(key)
        if packed is None:
            found = _found(client, store, one, date)
            if found is None:
                continue
            packed = kept[key] = np.packbits(found)
            while len(kept) > MOST_KEPT:
                kept.popitem(last=False)
        bits = np.unpackbits(packed, count=rows * columns).view(bool).reshape(rows, columns)
        tints.append(tint_of(bits[::step, ::step], one.colour))
    return stacked(tints)


def _bins(
    client: EngineClient, store: Store, shown: tuple[Selection, ...], date: int, scope: Scope
) -> tuple[Bytes | None, Extent]:
    """In a thread: how much of each bin is selected, against all that it holds."""
    whole = client.projections.density(store.store, scope)
    tints = []
    for one in shown:
        found = _found(client, store, one, date)
        if found is None:
            continue
        bits, of, dates = np.packbits(found).tobytes(), scope, None
        if follows_dates(one.pick):  # its pixels are known of one date alone
            of, dates = replace(scope, dates=(store.times[date],)), (date,)
        density = client.projections.density(store.store, of, selected=bits, selected_dates=dates)
        tints.append(tinted_bins(density, whole, one.colour))
    return stacked(tints), whole.extent


def _found(client: EngineClient, store: Store, one: Selection, date: int) -> Bits | None:
    """In a thread; None for one that was drawn in a UMAP before: the others are shown all the same."""
    try:
        return find_on(one.pick, client, store, date)
    except (InputError, NotFound):
        return None
