"""The state of the app as one frozen value, and who hears of its changes.

`Work` is what the user has made (undone, redone and saved in the project); the rest is what is looked at. The
selection of the moment is undone and redone too: a stray click mustn't cost a careful lasso.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from phenolens.engine.client.look import Look
from phenolens.engine.client.readings import Store

from .recipe import Quantity, Recipe
from .selection import Pick, Selection

MOST_UNDONE = 200
CLASS_COLOURS = (  # Okabe & Ito (2008) and two more, told apart with any colour vision
    "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#999999", "#882255", "#332288",
)  # fmt: skip
PLACE_COLOURS = ("#d0101c", "#5484f0", "#606c54", "#9a20f4", "#008080", "#c030c0")
"""Of places: readable as lines on light and dark, and told apart with any colour vision from each other, from classes
and from the selection."""
SELECTION_COLOURS = ("#3c24d8", "#6ccc6c", "#9c1800", "#d8a8c0", "#6c3c84", "#fc6054")
"""Of named selections, which are seen as areas: told apart in the same way, from places too."""


@dataclass(frozen=True)
class Place:
    """A pixel (row, column), or a polygon of (column, row) corners, whose series is shown."""

    name: str
    colour: str
    pixel: tuple[int, int] | None = None
    corners: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class LandClass:
    """Code 1 to 254 (0 is never a class), name, colour."""

    code: int
    name: str
    colour: str


@dataclass(frozen=True)
class Label:
    """A point (one corner) or polygon of (column, row) corners with its class, or a value where there are none."""

    value: float
    corners: tuple[tuple[float, float], ...]
    start: str | None = None
    end: str | None = None
    """First and last day (ISO) that it holds for; always, where None."""
    holes: tuple[tuple[tuple[float, float], ...], ...] = ()
    group: int | None = None
    """Labels of one group stay together when a probe is validated; None: a group of its own."""


@dataclass(frozen=True)
class MadeLayer:
    """A layer that was made on the way (a preview, a search), and how it is called."""

    name: str
    look: Look
    tip: str = ""


@dataclass(frozen=True)
class Work:
    """What the user has made of one store."""

    places: tuple[Place, ...] = ()
    selections: tuple[Selection, ...] = ()
    classes: tuple[LandClass, ...] = ()
    labels: tuple[Label, ...] = ()
    quantity: Quantity | None = None
    """What the labels measure; None: they are classes."""


@dataclass(frozen=True)
class SeriesChoice:
    """Which curves the series show: `embedding`, `index`, `s2`, `s1`, `probe`, `support`, and which parts of that."""

    kind: str = "embedding"
    parts: tuple[str, ...] = ()
    """Dimensions from 1, names of indices, bands, probes, sensors; none: the first ones."""


@dataclass(frozen=True)
class ProjectionChoice:
    """What the projection counts and how it colours it."""

    colour: str = "count"
    """`count`; the mean `date`, `season` or `dimension`; or the commonest class of `cluster`, `labels`, `probe`."""
    dim: int = 1
    clusters: int = 8
    """How many."""
    axes: tuple[int, int] = (1, 2)
    """Components of the PCA along x and y, from 1; a UMAP has two."""
    every_date: bool = True
    """Pixels of all dates, or of the one that the map shows; a lasso selects among the same."""


@dataclass(frozen=True)
class Session:
    """Everything that the panels show, but for what the engine answers."""

    store: Store | None = None
    date: int = 0
    """Index into the store's times."""
    look: Look = field(default_factory=Look)
    """The layer on the map; its date is `date`."""
    beside: Look | None = None
    """The layer it is compared with."""
    compare: str = "swipe"
    """`swipe` or `side`."""
    opacity: float = 1.0
    pick: Pick | None = None
    """The selection of the moment."""
    tool: str = "look"
    """What a click on the map does: `look`, `select` (a lasso), `place` (a polygon for series), `point`, `polygon`."""
    label_class: int = 1
    """The code that new labels get."""
    label_value: float = 0.0
    """The value that new labels get where they aren't classes."""
    label_span: tuple[str, str] | None = None
    """First and last day of new labels; `("", "")`: the day of the map; None: they hold always."""
    recipe: Recipe = field(default_factory=Recipe)
    """Of the probe that is being made."""
    live: bool = False
    """Whether the probe is fitted anew, as a preview, after each change of the labels."""
    probes: tuple[str, ...] = ()
    """Files of fitted probes that say something of single days."""
    fits: int = 0
    """How many probes were fitted: what was read of one of them before is out of date."""
    made: tuple[MadeLayer, ...] = ()
    """Layers beside those of the store."""
    method: str = "pca"
    """Of the projection: `pca` or `umap`."""
    projection: ProjectionChoice = field(default_factory=ProjectionChoice)
    series: SeriesChoice = field(default_factory=SeriesChoice)
    work: Work = field(default_factory=Work)

    @property
    def new_label_days(self) -> tuple[str | None, str | None]:
        """First and last day of new labels, the day of the map put in; None: they hold always."""
        if self.label_span is None:
            return None, None
        if self.label_span[0]:
            return self.label_span
        day = self.time[:10] if self.time else None
        return day, day

    @property
    def time(self) -> str | None:
        """ISO 8601, UTC."""
        return self.store.times[self.date] if self.store and self.store.times else None


Listener = Callable[[Session, Session], None]
Undoable = tuple[Work, Pick | None]
"""The work and the selection of the moment."""


class SessionModel:
    """Holds the session of the moment; tells listeners (old, new) after each change, and undoes work and selections."""

    def __init__(self) -> None:
        self._now = Session()
        self._listeners: list[Listener] = []
        self._undone: list[Undoable] = []
        self._done: list[Undoable] = []
        self._changes: list[tuple[Session, Session]] = []

    @property
    def now(self) -> Session:
        return self._now

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def change(self, **changes: Any) -> None:
        """Replace fields of the session; nothing is told where nothing differs. A selection can be undone."""
        if changes.get("pick", self._now.pick) != self._now.pick:
            self._note()
        self._tell(replace(self._now, **changes))

    def do(self, **changes: Any) -> None:
        """Replace fields of the work; can be undone."""
        work = replace(self._now.work, **changes)
        if work == self._now.work:
            return
        self._note()
        self._tell(replace(self._now, work=work))

    def begin(self, session: Session) -> None:
        """Another store or project: its work can't be mixed with what was undone before."""
        self._done.clear()
        self._undone.clear()
        self._tell(session)

    @property
    def can_undo(self) -> bool:
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        return bool(self._undone)

    def undo(self) -> None:
        self._swap(self._done, self._undone)

    def redo(self) -> None:
        self._swap(self._undone, self._done)

    def _note(self) -> None:
        """What is now can be had again."""
        self._done = [*self._done[1 - MOST_UNDONE :], (self._now.work, self._now.pick)]
        self._undone.clear()

    def _swap(self, taken: list[Undoable], kept: list[Undoable]) -> None:
        if taken:
            kept.append((self._now.work, self._now.pick))
            work, pick = taken.pop()
            self._tell(replace(self._now, work=work, pick=pick))

    def _tell(self, session: Session) -> None:
        """Every listener hears of every change, in order, also of those that listeners make."""
        if session == self._now:
            return
        self._changes.append((self._now, session))
        self._now = session
        if len(self._changes) > 1:
            return  # a listener made it: told below, once all have heard of the one before
        try:
            while self._changes:
                for listener in tuple(self._listeners):
                    listener(*self._changes[0])
                del self._changes[0]
        finally:
            self._changes.clear()  # of a listener that failed: the next change is told again
