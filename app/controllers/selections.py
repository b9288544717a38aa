"""Selections: which pixels the one of the moment means on the date shown, and the ones that have a name."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.errors import InputError, ServiceError
from phenolens.engine.client.readings import Legend, Store
from PySide6.QtCore import QCoreApplication, QObject, Signal

from ..cluster_labels import plain
from ..engine_link import EngineLink
from ..joining import beside
from ..masks import Bits, find_on, follows_dates
from ..panels.selections import SelectionsPanel
from ..selection import Combined, Corners, MapPick, Pick, Selection
from ..session import SELECTION_COLOURS, LandClass, Session, SessionModel
from ..telling import sentences

translate = QCoreApplication.translate  # by this name translators' tools find its texts

MOST_KEPT, MOST_KEPT_BYTES = 24, 60_000_000


@dataclass(frozen=True, eq=False)
class Found:
    """The pixels of a pick on a date of a store."""

    store: str
    pick: Pick
    date: int
    bits: Bits
    """[row, column]"""
    count: int


class SelectionsController(QObject):
    """Finds the pixels of the session's pick; keeps named ones."""

    found = Signal(object)
    """`Found`, or None where nothing is selected."""

    def __init__(self, model: SessionModel, link: EngineLink, panel: SelectionsPanel) -> None:
        super().__init__(panel)
        self._model, self._link, self._panel = model, link, panel
        self._kept: OrderedDict[tuple[str, Pick, int | None], Found] = OrderedDict()
        self._last: Found | None = None
        model.listen(self._changed)
        panel.lasso_wanted.connect(lambda on: model.change(tool="select" if on else "look"))
        panel.cleared.connect(lambda: model.change(pick=None))
        panel.saved.connect(self.save)
        panel.shown.connect(self.show)
        panel.renamed.connect(lambda number, name: self._edit(number, name=name))
        panel.recoloured.connect(lambda number, colour: self._edit(number, colour=colour))
        panel.ticked.connect(self.tick)
        panel.deleted.connect(self.delete)
        panel.combined.connect(self.combine)
        panel.classes_wanted.connect(self.classes_of_clusters)

    def forget(self) -> None:
        """A projection was replaced: what was found of lassos in it is out of date."""
        self._kept.clear()
        self._find(self._model.now)

    def outline(self, corners: Corners) -> None:
        """What was drawn on the map becomes the selection."""
        self._model.change(pick=MapPick(corners), tool="look")

    def save(self) -> None:
        """Give the selection a name and keep it."""
        pick, selections = self._model.now.pick, self._model.now.work.selections
        if pick is None:
            return
        names, colours = {one.name for one in selections}, {one.colour for one in selections}
        numbered = self.tr("selection {}")
        name = next(name for name in map(numbered.format, range(1, len(names) + 2)) if name not in names)
        again = SELECTION_COLOURS[len(selections) % len(SELECTION_COLOURS)]
        colour = next((one for one in SELECTION_COLOURS if one not in colours), again)
        self._model.do(selections=(*selections, Selection(name, colour, pick)))

    def show(self, number: int) -> None:
        self._model.change(pick=self._model.now.work.selections[number].pick)

    def delete(self, number: int) -> None:
        selections = self._model.now.work.selections
        self._model.do(selections=selections[:number] + selections[number + 1 :])

    def tick(self, number: int, shown: bool) -> None:
        """Draw a named one in its colour, or no longer."""
        selections = list(self._model.now.work.selections)
        selections[number] = replace(selections[number], shown=shown)
        self._model.do(selections=tuple(selections))

    def combine(self, number: int, how: Literal["and", "or", "not"]) -> None:
        """The selection of the moment with a named one."""
        pick, other = self._model.now.pick, self._model.now.work.selections[number].pick
        if pick is not None:
            self._model.change(pick=Combined(how, pick, other))

    def classes_of_clusters(self) -> None:
        """The clusters that the map shows become classes, in place of those without labels; can be undone."""
        now = self._model.now
        if now.store is None or now.look.layer != "cluster":
            return
        store, look = now.store.store, replace(now.look, date=now.time)
        self._link.ask("cluster classes", lambda client: client.views.legend(store, look), self._take_classes)

    def _take_classes(self, legend: Legend) -> None:
        """Classes that have labels keep their codes and names: their labels would become those of a cluster."""
        work, found = self._model.now.work, legend.classes or ()
        labelled = {int(one.value) for one in work.labels} if work.quantity is None else set()
        kept = [one for one in work.classes if one.code in labelled]
        clusters = tuple(LandClass(one.code, plain(one.name), one.colour) for one in found)
        try:
            classes, _ = beside(kept, clusters)
        except InputError as error:
            self._panel.say(sentences(error))
            return
        self._model.do(classes=classes)
        told = self.tr("{} clusters are now classes: see Label. Undo brings the others back.")
        if kept:
            told = self.tr(
                "{} clusters are now classes, beside those with labels: see Label. Undo takes them back."
            )
        self._panel.say(told.format(len(found)))

    def _edit(self, number: int, **changes: str) -> None:
        selections = list(self._model.now.work.selections)
        name = changes.get("name", selections[number].name).strip()
        if not name or any(one.name == name for n, one in enumerate(selections) if n != number):
            self._panel.set_selections(tuple(selections))  # as it was: names tell selections apart
            self._panel.say(self.tr("That name is empty or taken; choose another one."))
            return
        colour = changes.get("colour", selections[number].colour)
        selections[number] = replace(selections[number], name=name, colour=colour)
        self._model.do(selections=tuple(selections))

    def _changed(self, old: Session, new: Session) -> None:
        if old.store != new.store:
            self._kept.clear()
        if old.work.selections != new.work.selections:
            self._panel.set_selections(new.work.selections)
        if old.tool != new.tool:
            self._panel.set_outlining(new.tool == "select")
        if (old.look.layer == "cluster") != (new.look.layer == "cluster"):
            self._panel.set_clusters(new.look.layer == "cluster")
        if (old.store, old.pick, old.date) != (new.store, new.pick, new.date):
            self._find(new)
        elif old.work.classes != new.work.classes:
            self._count()  # what was said of the classes is over

    def _find(self, now: Session) -> None:
        store, pick = now.store, now.pick
        if store is None or pick is None:
            self._link.drop("selection")
            self._tell(None)
            return
        key = store.store, pick, now.date if follows_dates(pick) else None
        kept = self._kept.get(key)
        if kept is not None:
            self._link.drop("selection")
            self._tell(kept)
            return
        date = now.date

        def come(found: Found) -> None:
            self._keep(key, found)
            self._tell(found)

        work = partial(_found, store=store, pick=pick, date=date)
        self._link.ask("selection", work, come, self._refused)

    def _keep(self, key: tuple[str, Pick, int | None], found: Found) -> None:
        self._kept[key] = found
        size = sum(one.bits.nbytes for one in self._kept.values())
        while len(self._kept) > MOST_KEPT or (size > MOST_KEPT_BYTES and len(self._kept) > 1):
            size -= self._kept.popitem(last=False)[1].bits.nbytes

    def _tell(self, found: Found | None) -> None:
        self._last = found
        self._count()
        self.found.emit(found)

    def _count(self) -> None:
        """Say of how many pixels the selection is."""
        now, found = self._model.now, self._last
        count = None if found is None else found.count
        self._panel.set_count(count, _area(now.store, found), found is not None and follows_dates(found.pick))

    def _refused(self, error: ServiceError) -> None:
        self._tell(None)
        self._panel.say(sentences(error))


def name_of_selection() -> str:
    """Of the one of the moment, among places."""
    return translate("SelectionsController", "selection")


def _found(client: EngineClient, store: Store, pick: Pick, date: int) -> Found:
    """In a thread."""
    bits = find_on(pick, client, store, date)
    return Found(store.store, pick, date, bits, int(np.count_nonzero(bits)))


def _area(store: Store | None, found: Found | None) -> float:
    """Hectares."""
    if store is None or found is None:
        return 0.0
    a, b, _, d, e, _ = store.grid.transform
    return found.count * abs(a * e - b * d) / 10_000
