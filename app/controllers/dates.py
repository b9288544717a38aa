"""What the strip of dates says of the store: how clear each date is, and when acquisitions were."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.readings import Store

from ..colouring import array_of
from ..engine_link import EngineLink
from ..masks import Bits
from ..panels.dates import DateBar
from ..session import Session, SessionModel

NEAR_DAYS = 5
"""A date counts as clear where an acquisition saw the pixel so many days before or after."""
MOST_PIXELS, MOST_READ = 36, 4_000
"""Pixels that stand for the area; parts of the store times dates that they may lie in."""


class DatesController:
    """Asks once for each store."""

    def __init__(self, model: SessionModel, link: EngineLink, bar: DateBar) -> None:
        self._link, self._bar = link, bar
        model.listen(self._changed)

    def _changed(self, old: Session, new: Session) -> None:
        store = new.store
        if old.store == store or store is None:
            return
        self._bar.set_acquisitions(store.scenes)
        self._link.ask(
            "clear shares",
            lambda client: clear_shares(client, store),
            self._bar.set_clear_shares,
            lambda _: self._bar.set_clear_shares(()),
        )


def clear_shares(client: EngineClient, store: Store) -> Sequence[float]:
    """0 to 1 by date."""
    clear = clear_pixels(client, store)
    shares: list[float] = [] if clear is None else clear.mean(axis=0, dtype=np.float64).tolist()
    return shares


def clear_pixels(client: EngineClient, store: Store) -> Bits | None:
    """[pixel, date], of pixels spread over the area: all dates of a few pixels are read at once."""
    told = client.views.series(store.store, pixels=spread(store), dims=1)
    sensor = "s2" if "nearest_days_s2" in told.support else next(iter(store.modalities), "")
    days = told.support.get(f"nearest_days_{sensor}")
    return None if days is None else array_of(days).astype(np.int64) <= NEAR_DAYS


def spread(store: Store) -> tuple[tuple[int, int], ...]:
    """(row, column) on a lattice."""
    side = max(1, int(min(MOST_PIXELS, MOST_READ // max(1, len(store.times))) ** 0.5))
    rows, columns = store.grid.shape
    centres = (np.arange(side) + 0.5) / side
    return tuple(
        sorted(
            {(int(y * rows), int(x * columns)) for y in centres for x in centres}
        )  # fewer where it is small
    )
