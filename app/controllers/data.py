"""Data at hand: what samples and the user's files hold, and what is asked before they are taken."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.errors import ServiceError
from phenolens.engine.client.sources import Sources
from PySide6.QtCore import QCoreApplication

from ..areas import Area, Data, Files, Plans, PlansModel, bounds_of, overlap
from ..engine_link import EngineLink, EngineState
from ..panels.data import DataPanel, Line
from ..telling import sentences
from .chosen_data import Chosen, joined

translate = QCoreApplication.translate  # by this name translators' tools find its texts

Found = Callable[[], None]
MOST_NAMED = 5
"""Of paths, where the mouse rests on data."""
LASTING = {"band_names", "orbit_direction", "day", "crs"}
"""What was said of files and holds whichever way their numbers are stored."""


@dataclass
class _Pending:
    """Paths that are being looked at before they are taken."""

    name: str
    paths: tuple[str, ...]
    """As the engine names them."""
    stated: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What was said of each sensor's files."""
    told: Sources | None = None


class DataController:
    """Looks into data, and keeps what was found."""

    def __init__(
        self, plans: PlansModel, link: EngineLink, panel: DataPanel, say: Callable[[str, bool], None]
    ) -> None:
        self._plans, self._link, self._panel, self._say = plans, link, panel, say
        self._samples: tuple[Sources, ...] = ()
        self._told: dict[Data, Sources] = {}
        self._problems: dict[Data, str] = {}
        self._pending: _Pending | None = None
        self._listeners: list[Found] = []
        plans.listen(self._changed)
        link.state_changed.connect(self._engine_changed)
        panel.dropped.connect(self.add)
        panel.stated.connect(lambda sensor, said: self._state({sensor: said}))
        panel.placed.connect(self._state)
        panel.named.connect(self._name)
        panel.accepted.connect(self._accept)
        panel.discarded.connect(self._discard)
        panel.used.connect(self._use)
        panel.removed.connect(self._remove)
        panel.extent_wanted.connect(self._extent)

    def listen(self, found: Found) -> None:
        """Told whenever something new is known of the data at hand."""
        self._listeners.append(found)

    @property
    def at_hand(self) -> tuple[tuple[Data, Sources], ...]:
        """The user's data that are known, then the samples."""
        mine = [(one, self._told[one]) for one in self._plans.now.data if one in self._told]
        return (*mine, *((Data(one.name, sample=True), one) for one in self._samples))

    def for_area(self, area: Area) -> Chosen | None:
        """The user's data that cover it, joined; else the sample that does; None where nothing does."""
        covering = [
            (data, told)
            for data, told in self.at_hand
            if data.used and told.footprint and overlap(bounds_of(told.footprint), area.bounds) > 0
        ]
        mine = [(data, told) for data, told in covering if not data.sample]
        if mine:
            return joined(mine)
        best = max(covering, key=lambda one: overlap(bounds_of(one[1].footprint), area.bounds), default=None)
        if best is None:
            return None
        data, told = best
        return Chosen(data.asked, (told.title or data.name,), (told,))

    def forget(self) -> None:
        """What is known of the user's data: files may have changed."""
        self._told.clear()
        self._problems.clear()

    def add(self, paths: Sequence[str]) -> None:
        """Look into paths; they are taken once the user has seen what is there."""
        if not paths:
            return
        name = Path(paths[0]).stem or paths[0]
        before = self._pending
        if before is not None and before.told is not None and before.told.sensors:
            told_so = translate("DataController", "{} wasn't added: {} is looked into instead.")
            self._say(told_so.format(before.name, name), True)
        self._pending = _Pending(name, ())
        self._panel.set_pending(name, None)

        def admitted(found: tuple[tuple[str, ...], Sources]) -> None:
            self._pending = _Pending(name, *found[:1], told=found[1])
            self._panel.set_pending(name, found[1])

        self._link.ask("look into", lambda client: _admitted(client, paths), admitted, self._not_found)

    def _name(self, said: Mapping[str, Mapping[str, Any]]) -> None:
        """Which bands files hold: how the numbers of other ones were stored says nothing of them."""
        if self._pending is not None:
            before, kept = self._pending.stated, LASTING - {"band_names"}
            self._pending.stated = {sensor: _only(kept, mine) for sensor, mine in before.items()}
        self._state(said)

    def _state(self, said: Mapping[str, Mapping[str, Any]]) -> None:
        pending = self._pending
        if pending is None:
            return
        for sensor, mine in said.items():
            before = pending.stated.get(sensor, {})
            lasting = before if set(mine) <= LASTING else _only(LASTING, before)
            pending.stated[sensor] = {**lasting, **mine}
        stated = dict(pending.stated)

        def found(told: Sources) -> None:
            pending.told = told
            self._panel.set_pending(pending.name, told)

        self._link.ask(
            "look into",
            lambda client: client.sources.describe(_asked(pending.paths, stated)),
            found,
            self._not_found,
        )

    def _not_found(self, error: ServiceError) -> None:
        if self._pending is not None:
            self._panel.set_pending(self._pending.name, None, sentences(error))

    def _accept(self) -> None:
        pending = self._pending
        if pending is None or pending.told is None:
            return
        files = {
            sensor.sensor: Files(pending.paths, **pending.stated.get(sensor.sensor, {}))
            for sensor in pending.told.sensors
        }
        data = Data(pending.name, s2=files.get("s2"), s1=files.get("s1"))
        self._pending = None
        self._panel.end_pending()
        self._take(data, pending.told)

    def _take(self, data: Data, told: Sources) -> None:
        """The same files, by whatever spelling they were found, are listed once: what was said last holds."""
        listed = list(self._plans.now.data)
        same = [number for number, one in enumerate(listed) if set(one.paths) == set(data.paths)]
        if same:
            data = replace(data, name=listed[same[0]].name)
            listed[same[0]] = data
            told_so = translate("DataController", "{} was at hand already: it is read as it was said now.")
        else:
            listed.append(data)
            told_so = translate(
                "DataController", "{} is at hand now: draw an area on its outline, or use its extent."
            )
        self._told[data] = told
        self._problems.pop(data, None)
        self._plans.change(data=tuple(listed))
        self._say(told_so.format(data.name), False)
        self._tell()
        # the map goes there, and what can be done with it is to be seen
        self._panel.choose(listed.index(data))

    def _discard(self) -> None:
        self._link.drop("look into")
        self._pending = None
        self._panel.end_pending()

    def _use(self, number: int, used: bool) -> None:
        data = list(self._plans.now.data)
        if number < len(data):
            old, data[number] = data[number], replace(data[number], used=used)
            if old in self._told:
                self._told[data[number]] = self._told[old]
            self._plans.change(data=tuple(data))

    def _remove(self, number: int) -> None:
        data = self._plans.now.data
        self._plans.change(data=data[:number] + data[number + 1 :])

    def listed(self, number: int) -> Sources | None:
        """What is known of one of the list: the user's data, then the samples."""
        mine = self._plans.now.data
        return self._told.get(mine[number]) if number < len(mine) else self._samples[number - len(mine)]

    def _extent(self, number: int) -> None:
        """An area of all that one of the list covers."""
        told = self.listed(number)
        if told is not None and told.footprint:
            self.use_extent(told)

    def use_extent(self, told: Sources) -> None:
        """An area of all that it covers."""
        west, south, east, north = bounds_of(told.footprint)
        corners = ((west, south), (west, north), (east, north), (east, south))
        same = [n for n, area in enumerate(self._plans.now.areas) if area.corners == corners]
        if same:
            self._plans.change(chosen=same[0])
        else:
            self._plans.add_area(corners, True, told.name)

    def _engine_changed(self, state: EngineState) -> None:
        if state.name == "ready" and not self._samples:
            self._link.ask("samples", lambda client: client.sources.samples(), self._take_samples)

    def _take_samples(self, samples: tuple[Sources, ...]) -> None:
        self._samples = samples
        self._tell()

    def _changed(self, old: Plans, new: Plans) -> None:
        if old.data == new.data:
            return
        for one in new.data:
            if one not in self._told and one not in self._problems:
                self._look_again(one)
        self._tell()

    def look_again(self, chosen: Chosen) -> None:
        """Into the user's data among these: their files are others than they were."""
        for data in self._plans.now.data:
            if data.used and data.name in chosen.names:
                self._look_again(data)

    def _look_again(self, data: Data) -> None:
        """Into data of a project that was opened, or whose files have changed."""

        def found(told: Sources) -> None:
            if told == self._told.get(data):
                return
            if told.sensors:
                self._told[data] = told
                self._problems.pop(data, None)
            else:
                self._told.pop(data, None)
                self._problems[data] = (
                    told.faults[0].cause if told.faults else translate("DataController", "Nothing was found")
                )
            self._tell()

        def failed(error: ServiceError) -> None:
            why = sentences(error)
            if self._problems.get(data) != why:  # else there is nothing new to those who ask again
                self._problems[data] = why
                self._tell()

        # a channel for each: folders of several places are often called alike
        channel = f"look into {data.asked}"
        self._link.ask(channel, lambda client: client.sources.describe(data.asked), found, failed)

    def _tell(self) -> None:
        lines = [
            Line(
                one.name,
                False,
                one.used,
                self._told.get(one),
                self._problems.get(one, ""),
                "\n".join(one.paths[:MOST_NAMED]),
            )
            for one in self._plans.now.data
        ]
        lines += [Line(one.title.partition(",")[0], True, True, one) for one in self._samples]
        self._panel.set_lines(lines)
        for found in self._listeners:
            found()


def _only(kept: Collection[str], stated: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in stated.items() if name in kept}


def _asked(paths: Sequence[str], stated: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Both sensors are looked for in the same paths."""
    return {sensor: Files(tuple(paths), **stated.get(sensor, {})).asked for sensor in ("s2", "s1")}


def _admitted(client: EngineClient, paths: Sequence[str]) -> tuple[tuple[str, ...], Sources]:
    """In a thread."""
    names = tuple(client.sources.admit(path) for path in paths)
    return names, client.sources.describe(_asked(names, {}))
