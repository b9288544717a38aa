"""Towers on the map: those that a probe is to learn from, or has learnt from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

from PySide6.QtCore import QObject

from ..engine_link import EngineLink
from ..geography import Geography
from ..panels.map import MapPanel
from ..panels.map_towers import TowerMarks
from ..recipe import TowerColumns
from ..session import Session, SessionModel
from ..theme import Theme
from ..tower_sites import Towers, parted, towers_of, towers_of_report
from ..tower_tables import sites_named

MOST_NAMED = 4


@dataclass(frozen=True)
class _Sources:
    """Files that say where towers stand."""

    files: tuple[str, ...] = ()
    sites: str | None = None
    columns: TowerColumns | None = None
    probes: tuple[str, ...] = ()
    fits: int = 0
    """Reports are written anew."""


class TowersController(QObject):
    """Reads in a thread; says once which towers lie outside of the area."""

    def __init__(
        self,
        model: SessionModel,
        link: EngineLink,
        panel: MapPanel,
        theme: Theme,
        say: Callable[[str, bool], None],
        unsay: Callable[[str], None],
    ) -> None:
        super().__init__(panel)
        self._model, self._link, self._say, self._unsay = model, link, say, unsay
        self.marks = TowerMarks(panel, theme)
        self._said = ""
        panel.hovered.connect(self.marks.point_at)
        model.listen(self._changed)

    def _changed(self, old: Session, new: Session) -> None:
        if (old.store, _sources(old)) == (new.store, _sources(new)):
            return
        store, sources, folder = new.store, _sources(new), self._link.workspace
        if store is None or sources == _Sources():
            self._link.drop("towers")
            self._show(Towers())
            self._tell("", warning=False)
            return
        geography = Geography(store.grid)
        self._link.ask("towers", lambda _: _found(sources, folder, geography), self._come)

    def _come(self, found: tuple[Towers, str]) -> None:
        towers, problem = found
        self._show(towers)
        told = problem and self.tr(
            "Where towers stand can't be read there (needed are columns site, lat, lon): {}"
        ).format(problem)
        self._tell(told or (self._told(towers) if towers.outside else ""), bool(problem) or not towers.within)

    def _tell(self, text: str, warning: bool) -> None:
        """Once; what was said of another area, or of other towers, goes."""
        if text != self._said:
            self._unsay(self._said)
            self._said = text
            if text:
                self._say(text, warning)

    def _show(self, towers: Towers) -> None:
        self.marks.set_towers(towers.within)

    def _told(self, towers: Towers) -> str:
        """Of those that can't be marked."""
        names = ", ".join(
            self.tr("{} ({:,.0f} km away)").format(tower.name, max(1.0, away / 1000))
            for tower, away in towers.outside[:MOST_NAMED]
        )
        more = len(towers.outside) - MOST_NAMED
        names += self.tr(" and {} more").format(more) if more > 0 else ""
        if not towers.within:
            return self.tr("No tower lies within the area, so a probe can't learn from them here: {}").format(
                names
            )
        return self.tr("Towers outside of the area aren't used: {}").format(names)


def _sources(now: Session) -> _Sources:
    towers = now.recipe.towers if now.recipe.learns == "towers" else None
    layers = [look.layer for look in (now.look, now.beside) if look is not None]
    probes = tuple(layer[len("probe:") :] for layer in layers if layer.startswith("probe:"))
    probes = tuple(name for name in probes if name.endswith(".probe"))
    if towers is None or not (towers.sites or towers.files):
        return _Sources(probes=probes, fits=now.fits) if probes else _Sources()
    return _Sources(towers.files, towers.sites, towers.columns, probes, now.fits)


def _found(sources: _Sources, folder: Path, geography: Geography) -> tuple[Towers, str]:
    """In a thread: the towers, and what could not be read."""
    found, problem = {}, ""
    for probe in sources.probes:
        stem = probe.removesuffix(".probe")
        try:
            for tower in towers_of_report(folder / f"{stem}-report-heldout.csv", geography):
                found[tower.name] = tower
        except (OSError, ValueError):
            pass  # it was never judged, or its table was changed: nothing to mark
    try:
        used = _in_use(sources)
        for tower in towers_of(sources.files, sources.sites, geography):
            if used is None or tower.name in used:
                found[tower.name] = tower
    except (OSError, ValueError) as error:
        problem = str(error)
    return parted(found.values(), geography), problem


def _in_use(sources: _Sources) -> frozenset[str] | None:
    """None where it isn't known: files that can't be read are told by the fit."""
    try:
        return sites_named(sources.files, sources.columns)
    except (OSError, ValueError, BadZipFile):
        return None
