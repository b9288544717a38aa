"""Searches by similarity: from places and the selection, as a layer of the map or as a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.errors import InputError, ServiceError
from phenolens.engine.client.projections import Seeds
from phenolens.engine.client.readings import Search, Store
from phenolens.engine.client.results import Job
from PySide6.QtCore import QCoreApplication, QObject

from ..engine_link import EngineLink, EngineState
from ..masks import find_on, inside
from ..panels.search import SearchPanel
from ..selection import Pick
from ..session import MadeLayer, Place, Session, SessionModel
from ..telling import sentences
from ..theme import Theme
from .jobs import JobsController
from .probes import without_layers
from .selections import name_of_selection

translate = QCoreApplication.translate  # by this name translators' tools find its texts

LAYER = "Similarity"
MOST_SEEDS = 400
"""Of all places together, as many as the engine takes; of larger ones every n-th pixel."""
Pixels = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Sought:
    """What a search starts from."""

    store: Store
    date: int
    like: tuple[Place | Pick, ...]
    unlike: tuple[Place | Pick, ...]


class SearchesController(QObject):
    """Keeps the panel at the session's places; searches."""

    def __init__(
        self,
        model: SessionModel,
        link: EngineLink,
        jobs: JobsController,
        panel: SearchPanel,
        say: Callable[[str, bool], None],
        theme: Theme,
    ) -> None:
        super().__init__(panel)
        self._model, self._link, self._jobs, self._panel, self._say = model, link, jobs, panel, say
        self._theme = theme
        model.listen(self._changed)
        theme.changed.connect(lambda: self._list(model.now))
        link.state_changed.connect(self._engine_changed)
        panel.asked.connect(self.search)
        panel.write_asked.connect(self.write)

    def search(self) -> None:
        """Fit a search and draw it."""
        sought = self._sought()
        if sought is not None:
            self._panel.tell(self.tr("Searching…"))
            self._say("", False)
            self._link.ask("similarity", lambda client: _search(client, sought), self._found, self._refused)

    def write(self) -> None:
        """The same as a file."""
        sought = self._sought()
        if sought is not None:
            self._link.ask(
                "similarity seeds", lambda client: _seeds(client, sought), lambda seeds: self._submit(sought, *seeds),
                self._refused,
            )  # fmt: skip

    def _sought(self) -> _Sought | None:
        now, roles = self._model.now, self._panel.roles
        if now.store is None:
            return None
        named: dict[str, Place | Pick] = {place.name: place for place in now.work.places}
        if now.pick is not None:
            named[name_of_selection()] = now.pick
        like, unlike = (
            tuple(named[name] for name, role in roles.items() if role == wanted and name in named)
            for wanted in ("like", "unlike")
        )
        return _Sought(now.store, now.date, like, unlike) if like else None

    def _found(self, search: Search) -> None:
        now = self._model.now
        tip = self.tr("How alike every pixel is to the places of your search, as a percentile")
        made = MadeLayer(LAYER, search.look(), tip)
        others = tuple(one for one in now.made if one.name != LAYER)
        self._model.change(made=(*others, made), look=made.look)
        unlike = self.tr(", less what is like {}").format(_counted(search.unlike)) if search.unlike else ""
        self._panel.tell(
            self.tr("Like {}{}. It can be seen on any date.").format(_counted(search.like), unlike)
        )

    def _submit(self, sought: _Sought, like: Pixels, unlike: Pixels) -> None:
        asked = {
            "store": sought.store.store,
            "out": sought.store.store.removesuffix(".zarr"),
            "overwrite": True,
            "dates": [sought.store.times[sought.date][:10]],
            "like": {"pixels": [list(pixel) for pixel in like]},
        }
        if unlike:
            asked["unlike"] = {"pixels": [list(pixel) for pixel in unlike]}
        self._panel.tell(self.tr("Writing…"))
        self._jobs.submit("similarity", asked, self._written, self._refused)

    def _written(self, job: Job) -> None:
        if job.state == "done" and job.result is not None:
            self._panel.tell(self.tr("Written: {}").format(job.result["files"][0]))
        else:
            self._panel.tell("")

    def _engine_changed(self, state: EngineState) -> None:
        """A new engine knows nothing of the search."""
        if state.name in ("starting", "away"):
            without_layers(self._model, (LAYER,))

    def _refused(self, error: ServiceError) -> None:
        self._panel.tell("")
        self._say(sentences(error), True)

    def _changed(self, old: Session, new: Session) -> None:
        if (old.work.places, old.pick is None) != (new.work.places, new.pick is None):
            self._list(new)

    def _list(self, now: Session) -> None:
        shown = [(place.name, place.colour, True) for place in now.work.places]
        shown += [(name_of_selection(), self._theme.selection, False)] if now.pick is not None else []
        self._panel.set_places(shown)


def _counted(pixels: int) -> str:
    many = translate("Searches", "one pixel") if pixels == 1 else translate("Searches", "{:,} pixels")
    return many.format(pixels)


def _search(client: EngineClient, sought: _Sought) -> Search:
    """In a thread."""
    like, unlike = _seeds(client, sought)
    day = sought.store.times[sought.date]
    shunned = Seeds(pixels=unlike) if unlike else None
    return client.projections.similarity(sought.store.store, Seeds(pixels=like), shunned, date=day)


def _seeds(client: EngineClient, sought: _Sought) -> tuple[Pixels, Pixels]:
    """In a thread: pixels (row, column) of both kinds."""
    like, unlike = (
        tuple(
            pixel
            for one in several[:MOST_SEEDS]
            for pixel in _pixels(client, sought, one, max(1, MOST_SEEDS // len(several)))
        )
        for several in (sought.like, sought.unlike)
    )
    if not like:
        raise InputError(
            translate("Searches", "what is to be searched for holds no pixel"),
            remedy=translate("Searches", "choose a larger place"),
        )
    return like, unlike


def _pixels(client: EngineClient, sought: _Sought, one: Place | Pick, most: int) -> Sequence[tuple[int, int]]:
    if isinstance(one, Place) and one.pixel is not None:
        return (one.pixel,)
    if isinstance(one, Place):
        bits = inside(one.corners, sought.store.grid.shape)
    else:
        bits = find_on(one, client, sought.store, sought.date)
    rows, columns = np.nonzero(bits)
    step = max(1, -(-len(rows) // most))
    return list(zip(rows[::step].tolist(), columns[::step].tolist(), strict=True))
