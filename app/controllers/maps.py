"""The map: which parts of which layer are asked for, kept, and shown."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil, sqrt

from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.look import Look
from phenolens.engine.client.readings import Legend, Store

from ..colouring import Painted, paint
from ..engine_link import EngineLink
from ..panels.map import MapPanel, View
from ..session import Label, LandClass, Session, SessionModel
from ..telling import sentences

MOST_PIXELS = 1_500_000
"""Of one part: larger areas are shown by every n-th pixel, and in full where the map is zoomed in."""
MOST_KEPT, MOST_KEPT_BYTES = 80, 120_000_000
"""Thirty pictures of a million pixels, eighty of less: so many dates are stepped through without asking again."""
ACQUIRED = {"true-colour": "s2", "false-colour": "s2", "ndvi": "s2", "s1": "s1"}
"""Layers that show an acquisition, and of which sensor: the one nearest to the date."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Part:
    """A window (row, column, height, width) of a layer of a store, by every `step`-th pixel."""

    store: str
    look: Look
    window: tuple[int, int, int, int]
    step: int


class MapsController:
    """Keeps the map at the session's date and layers."""

    def __init__(self, model: SessionModel, link: EngineLink, panel: MapPanel) -> None:
        self._model, self._link, self._panel = model, link, panel
        self._kept: OrderedDict[Part, Painted] = OrderedDict()
        self._bytes = 0
        self._legends: dict[tuple[str, Look], Legend] = {}
        self._view: View | None = None
        model.listen(self._changed)
        panel.view_changed.connect(self._looked)

    @property
    def kept_bytes(self) -> int:
        """Of the pictures and the numbers behind them."""
        return self._bytes

    def forget(self, layer: str = "") -> None:
        """Drop what is kept of layers that begin so: their content has changed."""
        self._link.drop("map ahead")
        for part in [part for part in self._kept if part.look.layer.startswith(layer)]:
            self._bytes -= self._kept.pop(part).nbytes
        for key in [key for key in self._legends if key[1].layer.startswith(layer)]:
            del self._legends[key]

    def _changed(self, old: Session, new: Session) -> None:
        if old.store != new.store:
            self.forget()
            self._view = None
            self._panel.set_store(new.store)
        if old.opacity != new.opacity:
            self._panel.set_opacity(new.opacity)
        if old.tool != new.tool:
            self._panel.set_tool(new.tool)
        if _labelled(old) != _labelled(new):
            self._panel.set_labels(*_labelled(new))
        if old.work.places != new.work.places:
            self._panel.set_places(new.work.places)
        if (old.beside is None) != (new.beside is None) or old.compare != new.compare:
            self._panel.set_compare(new.compare if new.beside else None)
        if (old.store, old.date, old.look, old.beside) != (new.store, new.date, new.look, new.beside):
            self._show()

    def _looked(self, view: View) -> None:
        self._view = view
        self._show(details_only=True)

    def _show(self, details_only: bool = False) -> None:
        now = self._model.now
        if now.store is None:
            return
        for slot, look in (("base", now.look), ("beside", now.beside)):
            if look is None:
                self._link.drop(f"map {slot}")
                continue
            dated = dated_look(now.store, look, now.date)
            whole = _whole(now.store, dated)
            if not details_only:
                self._want(slot, whole, now.store)
            detail = _detail(now.store, whole, self._view)
            if detail is not None:
                self._want(f"{slot} detail", detail, now.store)
            else:
                self._link.drop(f"map {slot} detail")
                self._panel.clear(f"{slot} detail")

    def _want(self, slot: str, part: Part, store: Store) -> None:
        kept = self._kept.get(part)
        if kept is not None:
            self._kept.move_to_end(part)
            self._link.drop(f"map {slot}")
            self._come(slot, kept, part)
            return

        def come(painted: Painted) -> None:
            self._keep(part, painted)
            self._come(slot, painted, part)

        self._link.ask(
            f"map {slot}",
            lambda client: self._painted(client, part),
            come,
            lambda error: self._panel.refuse(slot, sentences(error)),
            late=not slot.endswith("detail"),
        )

    def _come(self, slot: str, painted: Painted, part: Part) -> None:
        self._panel.show_part(slot, painted, part.window)
        if slot == "base":
            self._fetch_ahead(self._model.now)

    def _fetch_ahead(self, now: Session) -> None:
        """The dates beside this one: stepping through them is what is done most. One by one, lest what is asked for
        next waits for all of them."""
        store = now.store
        if store is None:
            return
        if now.live and any(one.look == now.look for one in now.made):
            return  # the next label makes another preview
        near = (now.date, now.date + 1, now.date - 1, now.date + 2)
        dates = [date for date in near if 0 <= date < len(store.times)]
        parts = [_whole(store, dated_look(store, now.look, date)) for date in dates]
        part = next((part for part in parts if part not in self._kept), parts[0])
        if part == parts[0]:
            return  # all are there, or it is still to come

        def come(painted: Painted) -> None:
            self._keep(part, painted)
            self._fetch_ahead(self._model.now)

        self._link.ask_ahead("map ahead", lambda client: self._painted(client, part), come)

    def _painted(self, client: EngineClient, part: Part) -> Painted:
        """In a thread."""
        undated = replace(part.look, date=None)
        legend = self._legends.get((part.store, undated))
        if legend is None:
            legend = client.views.legend(part.store, part.look)
            self._legends[part.store, undated] = legend
        raster = client.views.map_raw(part.store, part.look, window=part.window, step=part.step)
        return paint(raster, _of_date(legend, part.look.date))

    def _keep(self, part: Part, painted: Painted) -> None:
        if part not in self._kept:
            self._bytes += painted.nbytes
        self._kept[part] = painted
        while len(self._kept) > MOST_KEPT or (self._bytes > MOST_KEPT_BYTES and len(self._kept) > 1):
            self._bytes -= self._kept.popitem(last=False)[1].nbytes


def _labelled(session: Session) -> tuple[tuple[Label, ...], tuple[LandClass, ...]]:
    """Labels and the classes that they are of; measured values are of none."""
    work = session.work
    return work.labels, work.classes if work.quantity is None else ()


def dated_look(store: Store, look: Look, date: int) -> Look:
    """A layer on a date of the store; of acquisitions, the nearest one. What is of a period, or was written as a map,
    stays as it is."""
    if (look.date and "/" in look.date) or look.layer.startswith("map:"):
        return look
    time = store.times[date]
    scenes = store.scenes.get(ACQUIRED.get(look.layer, ""), ())
    return replace(look, date=nearest_scene(scenes, time) if scenes else time)


def nearest_scene(scenes: Sequence[str], time: str) -> str:
    """The acquisition nearest to a date, as the map draws it."""
    wanted = datetime.fromisoformat(time)
    return min(scenes, key=lambda scene: abs(datetime.fromisoformat(scene) - wanted))


def _of_date(legend: Legend, date: str | None) -> Legend:
    """What one date's legend says holds for the others, but for the day in its title."""
    if not date or "/" in date:
        return legend
    return replace(legend, title=_DATE.sub(date[:10], legend.title, count=1))


def _whole(store: Store, look: Look) -> Part:
    rows, columns = store.grid.shape
    step = max(1, ceil(sqrt(rows * columns / MOST_PIXELS)))
    return Part(store.store, look, (0, 0, rows, columns), step)


def _detail(store: Store, whole: Part, view: View | None) -> Part | None:
    """The part in view in more detail than the whole has; on a lattice, so that it is found again."""
    if view is None or whole.step == 1:
        return None
    step = max(1, int(view.pixels_per_point))
    if step >= whole.step:
        return None
    rows, columns = store.grid.shape
    lattice = 256 * step
    left, top = (max(0, int(edge // lattice) * lattice) for edge in (view.left, view.top))
    right = min(columns, ceil(view.right / lattice) * lattice)
    bottom = min(rows, ceil(view.bottom / lattice) * lattice)
    if right <= left or bottom <= top or (bottom - top) * (right - left) / step**2 > 2 * MOST_PIXELS:
        return None
    return replace(whole, window=(top, left, bottom - top, right - left), step=step)
