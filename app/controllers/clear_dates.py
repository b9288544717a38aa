"""Which dates have a clear frame: a blank map leads to the nearest one, and keys go from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.readings import Store
from PySide6.QtCore import QObject

from ..colouring import array_of
from ..engine_link import EngineLink
from ..panels.map import MapPanel
from ..session import Session, SessionModel
from .dates import spread
from .maps import ACQUIRED, nearest_scene

ENOUGH, LEAST = 0.6, 0.05
"""Of the area: a frame that shows so much is clear; where none does, the clearest will do, unless it shows less."""
SECONDS = 86_400
HALF_A_DAY = 0.6
"""Days to the nearest clear frame are whole ones."""
Shares = tuple[float, ...]


class ClearDatesController(QObject):
    """Asks once for each store and sensor, as soon as its acquisitions are looked at."""

    def __init__(
        self, model: SessionModel, link: EngineLink, panel: MapPanel, say: Callable[[str], None]
    ) -> None:
        super().__init__(panel)
        self._model, self._link, self._panel, self._say = model, link, panel, say
        self._shares: dict[str, Shares] = {}
        """By sensor, of the store that is open."""
        model.listen(self._changed)
        panel.offer.clicked.connect(lambda _=False: self.go())

    def go(self, way: int = 0) -> None:
        """To the nearest clear date; of those before (-1) or after (1) the one that is shown, or of all."""
        now = self._model.now
        if now.store is None:
            return
        sensor = _sensor_of(now) or next(iter(now.store.scenes), "")
        self._know(now.store, sensor, lambda: self._jump(sensor, way))

    def _jump(self, sensor: str, way: int) -> None:
        now = self._model.now
        shares = self._shares.get(sensor, ())
        if now.store is None or not shares:
            self._say(self.tr("How clear its dates are isn't known of this store."))
            return
        if way == 0 and not self._panel.offer.isVisible() and shares[now.date] >= _enough(shares):
            self._say(self.tr("This date is a clear one."))
            return
        date = nearest_clear(now.store, shares, now.date, way)
        if date is None:
            self._say(self.tr("There is no clear date any more in this direction."))
        else:
            self._model.change(date=date)

    def _changed(self, old: Session, new: Session) -> None:
        if old.store != new.store:
            self._shares.clear()
            self._link.drop("clear frames")
        if (old.store, old.date, old.look, old.beside) == (new.store, new.date, new.look, new.beside):
            return
        sensor = _sensor_of(new)
        self._offer(new, sensor)
        if new.store is not None and sensor and sensor not in self._shares:
            self._know(new.store, sensor, lambda: self._offer(self._model.now, _sensor_of(self._model.now)))

    def _know(self, store: Store, sensor: str, then: Callable[[], None]) -> None:
        if sensor in self._shares:
            then()
            return

        def come(shares: Shares) -> None:
            self._shares[sensor] = shares
            then()

        self._link.ask(
            "clear frames", lambda client: clear_frames(client, store, sensor), come, lambda _: then()
        )

    def _offer(self, now: Session, sensor: str) -> None:
        shares = self._shares.get(sensor, ())
        date = nearest_clear(now.store, shares, now.date) if now.store is not None and shares else None
        if now.store is None or date is None:
            self._panel.offer.set_offer("")
            return
        time = datetime.fromisoformat(now.store.times[date])
        text = (
            self.tr("Show the nearest date with data ({})")
            if sensor == "s1"
            else self.tr("Show the nearest clear date ({})")
        )
        tip = self.tr(
            "{:.0%} of the area was seen clearly then. N comes here as well; Shift+← and Shift+→ go on"
        )
        cloudy = shares[now.date] < LEAST
        self._panel.offer.set_offer(text.format(f"{time.day} {time:%b %Y}"), tip.format(shares[date]), cloudy)


def nearest_clear(store: Store, shares: Sequence[float], date: int, way: int = 0) -> int | None:
    """Index of another date; None where there is none (in that direction)."""
    if max(shares, default=0.0) < LEAST:
        return None
    there = datetime.fromisoformat(store.times[date])
    clear = [
        other
        for other, share in enumerate(shares)
        if share >= _enough(shares) and other != date and (other - date) * way >= 0
    ]
    return min(clear, key=lambda other: abs(datetime.fromisoformat(store.times[other]) - there), default=None)


def clear_frames(client: EngineClient, store: Store, sensor: str) -> Shares:
    """In a thread: 0 to 1 by date, how much of the area the frame shows that the map draws on that date.

    A pixel is seen in it where its nearest clear frame isn't further away than that one."""
    told = client.views.series(store.store, pixels=spread(store), dims=1)
    days = told.support.get(f"nearest_days_{sensor}")
    if days is None or not store.scenes.get(sensor):
        return ()
    away = np.array([_days_away(store, sensor, time) for time in store.times])
    seen = array_of(days).astype(np.float64) <= away + HALF_A_DAY
    return tuple(seen.mean(axis=0, dtype=np.float64).tolist())


def _days_away(store: Store, sensor: str, time: str) -> float:
    scene = datetime.fromisoformat(nearest_scene(store.scenes[sensor], time))
    return abs((scene - datetime.fromisoformat(time)).total_seconds()) / SECONDS


def _enough(shares: Sequence[float]) -> float:
    return min(ENOUGH, max(shares, default=0.0))


def _sensor_of(now: Session) -> str:
    """Whose acquisitions the map shows; empty where it shows none."""
    looks = [now.look] if now.beside is None else [now.look, now.beside]
    return next((ACQUIRED[look.layer] for look in looks if look.layer in ACQUIRED), "")
