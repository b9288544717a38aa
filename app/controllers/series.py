"""Curves: which places have them, what is asked of the engine for them, and their export."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from phenolens.engine.client.arrays import Grid
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.errors import InputError, ServiceError, TooLarge
from phenolens.engine.client.readings import ProbeSeries, Series
from PySide6.QtCore import QCoreApplication

from ..curve_table import write_table
from ..curves import KINDS, Curve, Subject, axis_of, chosen_parts, curves_of, kinds_of, parts_of, seconds
from ..engine_link import EngineLink
from ..geography import Geography
from ..masks import follows_dates
from ..panels.series import SeriesPanel
from ..probe_curves import parts_there, probes_of
from ..session import PLACE_COLOURS, Place, SeriesChoice, Session, SessionModel
from ..telling import sentences
from ..texts import QT_TRANSLATE_NOOP
from ..theme import Theme
from .curve_questions import (
    Answer,
    Asked,
    ask_probe,
    ask_series,
    dims_of,
    in_pixels,
    predicted,
    subjects_of,
)
from .selections import Found, name_of_selection

translate = QCoreApplication.translate  # by this name translators' tools find its texts

READING = "Reading acquisitions…"
NO_PROBE = QT_TRANSLATE_NOOP(
    "Series",
    "No probe yet: label places and let a preview be fitted, or fit one (step Probe); its output comes here.",
)
SLOTS = ("places", "selection")
"""Asked for apart from each other: places needn't wait for the many pixels of a selection."""
MOST_KEPT = 80


class SeriesController:
    """Keeps the curves at the session's places and selection."""

    def __init__(self, model: SessionModel, link: EngineLink, panel: SeriesPanel, theme: Theme) -> None:
        self._model, self._link, self._panel, self._theme = model, link, panel, theme
        self._kept: OrderedDict[object, Series | ProbeSeries] = OrderedDict()
        self._selected: Found | None = None
        self._answers = dict.fromkeys(SLOTS, Answer())
        self._awaited: set[str] = set()
        self._answered: dict[str, Asked] = {}
        """What the answers that are shown were given to."""
        model.listen(self._changed)
        panel.kind_chosen.connect(lambda kind: model.change(series=SeriesChoice(kind)))
        panel.parts_chosen.connect(self._choose_parts)
        panel.date_chosen.connect(lambda date: model.change(date=date))
        panel.removed.connect(self.remove)
        panel.cleared.connect(lambda: model.do(places=()))
        panel.outline_wanted.connect(lambda on: model.change(tool="place" if on else "look"))
        panel.shown.connect(self.refresh)
        theme.changed.connect(self._recolour)
        self._arrange(model.now)

    @property
    def shown(self) -> Answer:
        """Curves of the kind that is chosen, with what they are of."""
        kind = self._model.now.series.kind
        answers = [self._answers[slot] for slot in SLOTS if self._answers[slot].kind == kind]
        return Answer(
            kind,
            tuple(one for answer in answers for one in answer.subjects),
            tuple(one for answer in answers for one in answer.curves),
            next((answer.note for answer in answers if answer.note), ""),
        )

    def pick(self, column: float, row: float, add: bool) -> None:
        """A pixel's curves: in place of the last pixel's, or beside them."""
        places = self._model.now.work.places
        pixel = (int(row), int(column))
        if any(place.pixel == pixel for place in places):
            return
        if places and not add and places[-1].pixel is not None:
            self._model.do(places=(*places[:-1], replace(places[-1], pixel=pixel)))
        else:
            self._model.do(places=(*places, replace(self._new(), pixel=pixel)))

    def outline(self, corners: tuple[tuple[float, float], ...]) -> None:
        """The curves of a polygon, beside the others."""
        self._model.do(places=(*self._model.now.work.places, replace(self._new(), corners=corners)))
        self._model.change(tool="look")

    def remove(self, number: int) -> None:
        places = self._model.now.work.places
        self._model.do(places=places[:number] + places[number + 1 :])

    def select(self, found: Found | None) -> None:
        """The pixels of the selection; its curve stays those of the date that it was made on."""
        before = self._selected
        if found is None or not found.count:
            self._selected = None
        elif before is None or before.pick != found.pick:
            self._selected = found
        if before is not self._selected:
            self._list_places(self._model.now)
            self.refresh()

    def refresh(self) -> None:
        """Ask for what isn't kept and show it all, where the panel is to be seen."""
        now = self._model.now
        if now.store is None or not self._panel.isVisible():
            return
        parts, probe = self._parts(now), ""
        if now.series.kind == "probe":
            if not parts:
                self._show_no_probe()
                return
            probe = probes_of(now)[parts[0]]
        subjects = tuple(Subject.of(place) for place in now.work.places)
        self._want("places", Asked(now.store, subjects, None, now.series.kind, parts, probe, now.fits))
        self._want("selection", Asked(now.store, (), self._selected, now.series.kind, parts, probe, now.fits))

    def _want(self, slot: str, asked: Asked) -> None:
        if asked == self._answered.get(slot):
            self._link.drop(f"series {slot}")  # to show it once more takes as long as to draw a plot
            self._awaited.discard(slot)
            self._panel.set_waiting(bool(self._awaited))
            self._tell()
            return
        if not asked.subjects and asked.selected is None:
            self._link.drop(f"series {slot}")
            self._take(slot, Answer())
            return
        self._awaited.add(slot)
        self._panel.set_waiting(True)
        if KINDS[asked.kind].bands:
            self._panel.say(READING)
        self._link.ask(
            f"series {slot}",
            lambda client: self._answer(client, asked),
            lambda answer: self._take(slot, answer, asked),
            lambda error: self._refused(slot, error),
        )

    def export(self, path: Path, done: Callable[[Path], None]) -> None:
        """Write the curves that are shown."""
        now, shown = self._model.now, self.shown
        if now.store is None or not shown.curves:
            return
        grid = now.store.grid
        self._link.ask("series csv", lambda _: _written(path, shown, grid), lambda _: done(path))

    def _changed(self, old: Session, new: Session) -> None:
        if old.store != new.store:
            self._kept.clear()
            self._selected = None
            for slot in SLOTS:
                self._link.drop(f"series {slot}")
                self._take(slot, Answer())
        if _arranged(old) != _arranged(new):
            self._arrange(new)
        if old.work.places != new.work.places:
            self._list_places(new)
        if (old.work.places, _arranged(old), _fitted(old)) != (new.work.places, _arranged(new), _fitted(new)):
            self.refresh()
        if old.date != new.date:
            self._panel.set_date(new.date)
        if old.tool != new.tool:
            self._panel.set_outlining(new.tool == "place")

    def _arrange(self, now: Session) -> None:
        store = now.store
        self._panel.set_choices(kinds_of(store) if store else ())
        self._panel.set_times(seconds(store.times if store else ()))
        self._panel.set_date(now.date)
        if store is not None:
            kind = now.series.kind
            there = tuple(probes_of(now)) if kind == "probe" else parts_of(store, kind)
            self._panel.set_choice(kind, there, self._parts(now))
        self._list_places(now)

    def _list_places(self, now: Session) -> None:
        selected = name_of_selection() if self._selected is not None else ""
        self._panel.set_places(now.work.places, selected, self._theme.selection)

    def _recolour(self) -> None:
        """The selection has a colour of the theme."""
        self._answered.clear()
        self._list_places(self._model.now)
        self.refresh()

    def _parts(self, now: Session) -> tuple[str, ...]:
        """What is shown of the kind that is chosen."""
        if now.series.kind == "probe":
            return parts_there(tuple(probes_of(now)), now.series.parts)
        return chosen_parts(now.store, now.series) if now.store is not None else ()

    def _show_no_probe(self) -> None:
        for slot in SLOTS:
            self._link.drop(f"series {slot}")
            self._take(slot, Answer())
        self._panel.set_curves((), axis_of("probe", ()))
        self._panel.say(translate("Series", NO_PROBE))

    def _choose_parts(self, parts: tuple[str, ...]) -> None:
        self._model.change(series=replace(self._model.now.series, parts=parts))

    def _new(self) -> Place:
        """Without a place yet: a letter and a colour that no other one has."""
        places = self._model.now.work.places
        names, colours = {place.name for place in places}, {place.colour for place in places}
        letters = [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", *(str(n) for n in range(27, 27 + len(places)))]
        name = next(letter for letter in letters if letter not in names)
        again = PLACE_COLOURS[len(places) % len(PLACE_COLOURS)]
        colour = next((one for one in PLACE_COLOURS if one not in colours), again)
        return Place(name, colour)

    def _answer(self, client: EngineClient, asked: Asked) -> Answer:
        """In a thread."""
        subjects, curves = subjects_of(asked, self._theme.selection), list[Curve]()
        told, refused = _each(subjects, lambda subject: self._told_of(client, asked, subject))
        if asked.kind == "probe":
            answer = predicted(asked, list(told), list(told.values()))
        else:
            for subject, series in told.items():
                curves += curves_of(subject, series, asked.kind, asked.parts)
            answer = Answer(asked.kind, tuple(told), tuple(curves))
        return replace(answer, note=" ".join((*refused, answer.note))) if refused else answer

    def _told_of(self, client: EngineClient, asked: Asked, subject: Subject) -> Any:
        tell = self._predicted if asked.kind == "probe" else self._told
        return tell(client, asked, in_pixels(asked.store, subject) if asked.kind == "support" else subject)

    def _told(self, client: EngineClient, asked: Asked, subject: Subject) -> Series:
        bands = KINDS[asked.kind].bands
        dims = dims_of(asked, subject, bands)
        key = asked.store.store, subject.pixels, subject.corners, bands, dims
        told: Series = self._keep(key, lambda: ask_series(client, asked.store, subject, dims, bands))
        return told

    def _predicted(self, client: EngineClient, asked: Asked, subject: Subject) -> ProbeSeries:
        key = asked.store.store, subject.pixels, subject.corners, asked.probe, asked.fits
        told: ProbeSeries = self._keep(key, lambda: ask_probe(client, asked.store, asked.probe, subject))
        return told

    def _keep(self, key: object, make: Callable[[], Any]) -> Any:
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = make()
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return kept

    def _take(self, slot: str, answer: Answer, asked: Asked | None = None) -> None:
        self._awaited.discard(slot)
        self._answered.pop(slot, None)
        if asked is not None:
            self._answered[slot] = asked
        if answer.kind or self._answers[slot].kind:
            self._answers[slot] = answer
            self._show()
        self._panel.set_waiting(bool(self._awaited))

    def _show(self) -> None:
        shown = self.shown
        self._panel.set_curves(shown.curves, axis_of(shown.kind, shown.curves))
        self._tell()

    def _tell(self) -> None:
        shown = self.shown
        waits = self._awaited and KINDS[shown.kind].bands
        self._panel.say(READING if waits else self._said(shown))

    def _said(self, shown: Answer) -> str:
        """What a selection's curve rests on, or why there is none."""
        if shown.subjects and not shown.curves:
            return translate(
                "SeriesController", "No values here. Another kind of curve, or another place, may have some."
            )
        sampled = next((one for one in shown.subjects if one.sampled), None)
        if sampled is None or self._selected is None:
            return shown.note
        rests_on = translate("SeriesController", "{} of {:,} pixels").format(
            len(sampled.pixels), self._selected.count
        )
        if self._of_date:
            rests_on = translate("SeriesController", "{}, selected on {}").format(rests_on, self._of_date)
        if shown.note:
            return translate("SeriesController", "{} Selection: {}.").format(shown.note, rests_on)
        return translate("SeriesController", "selection: mean and 10–90 % of {}").format(rests_on)

    @property
    def _of_date(self) -> str:
        """The day whose pixels the selection's curve is of, where other days have other ones."""
        store, found = self._model.now.store, self._selected
        if store is None or found is None or not follows_dates(found.pick):
            return ""
        return store.times[found.date][:10]

    def _refused(self, slot: str, error: ServiceError) -> None:
        self._take(slot, Answer())
        self._panel.say(sentences(error))


def _each(
    subjects: Sequence[Subject], tell: Callable[[Subject], Any]
) -> tuple[dict[Subject, Any], tuple[str, ...]]:
    """What is told of each, and why nothing is of some: one that lies outside takes the curves of no other away."""
    told, refused = dict[Subject, Any](), dict[str, ServiceError]()
    for subject in subjects:
        try:
            told[subject] = tell(subject)
        except (InputError, TooLarge) as error:
            refused[subject.name] = error
    if refused and not told:
        raise next(iter(refused.values()))
    return told, tuple(f"{name}: {sentences(error)}" for name, error in refused.items())


def _arranged(now: Session) -> tuple[object, ...]:
    """What the panel's choices depend on."""
    return now.store, now.series, tuple(probes_of(now))


def _fitted(now: Session) -> tuple[object, ...]:
    """What the curves of a probe depend on beside the choice of it."""
    return (now.fits, tuple(probes_of(now).values())) if now.series.kind == "probe" else ()


def _written(path: Path, shown: Answer, grid: Grid) -> None:
    try:
        write_table(path, shown.subjects, shown.curves, Geography(grid))
    except OSError as error:
        raise ServiceError(
            translate("Series", "the curves can't be written there"),
            value=str(error),
            remedy=translate("Series", "choose another folder"),
        ) from error
