"""Computing embeddings: what they would take, what is missing, and the job."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from phenolens.engine.client.errors import AcquisitionError, ServiceError
from phenolens.engine.client.results import Job
from phenolens.engine.client.sources import Plan
from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

from ..areas import Area, Plans, PlansModel
from ..engine_link import EngineLink, EngineState
from ..panels.acquisition_table import Row
from ..panels.acquisitions import AcquisitionsPanel
from ..panels.compute import ComputePanel
from ..telling import sentences
from ..texts import QT_TRANSLATE_NOOP
from .chosen_data import Chosen
from .data import DataController
from .jobs import JobsController

translate = QCoreApplication.translate  # by this name translators' tools find its texts

SETTLED_MS = 150
LEAST_BEYOND = 0.02
"""Of an area: less is but its edge."""
NO_NAME = re.compile(r'[/\\:*?"<>|\x00-\x1f]|^\.|^\s*$')
NO_DATA = QT_TRANSLATE_NOOP(
    "ComputeController",
    "No data at hand cover this area. Add a folder or files of Sentinel-1 or Sentinel-2 that do, or move the area "
    "onto an outline on the map. Scenes can't be fetched from catalogues yet.",
)
ALONE = {
    "s2": QT_TRANSLATE_NOOP(
        "ComputeController",
        "Sentinel-1 is missing: embeddings rest on Sentinel-2 alone, and under clouds on its other dates",
    ),
    "s1": QT_TRANSLATE_NOOP(
        "ComputeController",
        "Sentinel-2 is missing: embeddings rest on Sentinel-1 alone, which sees no colours",
    ),
}
"""What data of one sensor mean for embeddings."""


class ComputeController(QObject):
    """Asks for the cost of what the form says, and hands the job in."""

    handed_in = Signal()

    def __init__(
        self,
        plans: PlansModel,
        link: EngineLink,
        data: DataController,
        panel: ComputePanel,
        acquisitions: AcquisitionsPanel,
        jobs: JobsController,
        done: Callable[[Job], None],
        say: Callable[[str, bool], None],
    ) -> None:
        super().__init__(panel)
        self._plans, self._link, self._data = plans, link, data
        self._panel, self._acquisitions, self._jobs, self.done = panel, acquisitions, jobs, done
        self._say = say
        self._taken: set[str] = set()
        """Stores of the workspace, and …"""
        self._handed_in: set[str] = set()
        """… those that jobs of this window are to write."""
        self._plan: Plan | None = None
        self._listed: tuple[object, ...] = ()
        self._counting = False
        """Whether a plan is under way."""
        self._rows: list[Row] = []
        """Of the chosen area, as the engine told them."""
        self._look: Callable[[], None] | None = None
        self._soon = QTimer(self, singleShot=True, interval=SETTLED_MS)
        self._soon.timeout.connect(self._ask)
        plans.listen(self._changed)
        data.listen(self._soon.start)
        link.state_changed.connect(self._engine_changed)
        panel.changed.connect(self._soon.start)
        panel.started.connect(self.start)
        panel.all_started.connect(self.start_all)
        panel.area_chosen.connect(lambda number: plans.change(chosen=number))
        panel.area_removed.connect(plans.remove_area)
        acquisitions.ticked.connect(lambda keys, used: plans.leave_out(keys, not used))
        acquisitions.all_wanted.connect(lambda: plans.change(left_out=()))
        panel.area_renamed.connect(self._rename)

    def refresh(self) -> None:
        """Which names are taken, which models there are."""
        self._link.ask(
            "names taken", lambda client: set(client.views.stores()), self._take_names, lambda _: None
        )
        self._link.ask(
            "models", lambda client: client.sources.models(), self._panel.set_models, lambda _: None
        )

    def start(self) -> None:
        """Hand the job of the chosen area in."""
        params = self._params(self._plans.now.area)
        if params is not None:
            self._submit(params, self._panel.wishes().out)
            self._go_on()

    def start_all(self) -> None:
        """One job for each area that data cover, named after it."""
        uncovered = []
        for area in self._plans.now.areas:
            params = self._params(area)
            if params is None:
                uncovered.append(area.name)
                continue
            chosen = area == self._plans.now.area
            self._submit(params, self._panel.wishes().out if chosen else f"{self._free(area.name)}.zarr")
        self._go_on()
        if uncovered:
            self._say(
                self.tr("Left out, as no data at hand cover them: {}.").format(", ".join(uncovered)), True
            )

    def _submit(self, params: dict[str, Any], out: str) -> None:
        self._handed_in.add(out)
        self._link.ask(
            f"embed {out}",  # a channel of its own: several may be handed in at once
            lambda client: client.jobs.submit("embed", {**params, "out": out}),
            self._queued,
            lambda error: self._refused(out, error),
        )

    def _queued(self, job: Job) -> None:
        self._jobs.follow(job, self._ended)
        self.handed_in.emit()

    def _go_on(self) -> None:
        """To the next one."""
        self._panel.set_plan(self._plan, "", waiting=True)
        self._panel.out.setModified(False)
        self._suggest()
        self._soon.start()

    def _ended(self, job: Job) -> None:
        self._handed_in.discard(str(job.params.get("out")))
        self.refresh()
        self.done(job)

    def _refused(self, out: str, error: ServiceError) -> None:
        self._handed_in.discard(out)
        self._panel.set_plan(self._plan, sentences(error))

    def _rename(self, number: int, name: str) -> None:
        if name and number < len(self._plans.now.areas):
            self._plans.replace_area(number, name=name)
        else:
            self._panel.set_areas(self._plans.now.areas, self._plans.now.chosen)

    def _changed(self, old: Plans, new: Plans) -> None:
        if old.left_out != new.left_out:
            self._acquisitions.set_left_out(new.left_out)
        if (old.areas, old.chosen) != (new.areas, new.chosen):
            self._panel.set_areas(new.areas, new.chosen)
            self._suggest()
        self._soon.start()

    def _engine_changed(self, state: EngineState) -> None:
        if state.name == "ready":
            self.refresh()

    def _take_names(self, names: set[str]) -> None:
        self._taken = names
        self._suggest()
        self._soon.start()

    def _suggest(self) -> None:
        area = self._plans.now.area
        self._panel.set_out(self._free(area.name if area else "area"))

    def _free(self, name: str) -> str:
        """A name for a result that nothing else has."""
        plain = re.sub(r"[^\w-]+", "-", name).strip("-") or "area"
        free, number = plain, 2
        while f"{free}.zarr" in self._taken | self._handed_in:
            free, number = f"{plain}-{number}", number + 1
        return free

    def _params(self, area: Area | None) -> dict[str, Any] | None:
        """Of the plan and of the job; None where something is missing."""
        chosen = self._data.for_area(area) if area else None
        if area is None or chosen is None:
            return None
        here = chosen.keys & set(self._plans.now.left_out)
        left_out = {"leave_out": sorted(here)} if here else {}
        asked = {"sources": {**chosen.asked, **left_out}, **self._panel.wishes().asked}
        if not chosen.is_whole(area):  # all of the data: on their own pixels
            asked["area"] = area.asked
        return asked

    def _problem(self) -> str:
        """What keeps it from being started, as far as the form can tell."""
        wishes = self._panel.wishes()
        if wishes.out in self._taken | self._handed_in:
            return self.tr("There is a result called {} already: choose another name.").format(wishes.out)
        if NO_NAME.search(wishes.out.removesuffix(".zarr")):
            return self.tr("The name can't hold / \\ : * ? \" < > | or begin with a dot.")
        return wishes.problem

    def _ask(self) -> None:
        """For what the form says now."""
        area = self._plans.now.area
        chosen = self._data.for_area(area) if area else None
        self._panel.set_data(self._data_told(chosen, area, chosen.sensors) if area and chosen else "")
        params = self._params(area)
        if area is None or chosen is None or params is None:
            self._link.drop("plan")
            self._plan, self._counting = None, False
            self._panel.set_plan(None, "" if area is None else self.tr(NO_DATA), area=area)
            others = any(self._params(one) for one in self._plans.now.areas)
            self._panel.offer_all(others and not self._panel.wishes().problem)
            self._list(None, None)
            return
        self._list(chosen, params.get("area"))
        problem = self._problem()
        if self._panel.wishes().problem:
            self._look_how_clear()
            self._panel.set_plan(self._plan, problem)
            return
        self._panel.set_plan(self._plan, problem, waiting=True)
        self._counting = True

        def failed(error: ServiceError) -> None:
            self._no_plan(error)
            if isinstance(error, AcquisitionError) and "leave_out" in params["sources"]:
                self._data.look_again(chosen)  # what is left out may be gone from its folder

        self._link.ask("plan", lambda client: client.sources.plan(params), self._planned, failed)

    def _data_told(self, chosen: Chosen, area: Area, sensors: Collection[str]) -> str:
        """Which data are used, the one sensor that they are of, and what of the area they leave empty."""
        sentences = [self.tr("Data: {}").format(_used(chosen))]
        if len(sensors) == 1:
            sentences.append(self.tr(ALONE[next(iter(sensors))]))
        if not area.rectangle:
            sentences.append(self.tr("Pixels whose centre lies inside the polygon"))
        beyond = chosen.beyond(area)
        if beyond >= LEAST_BEYOND:
            sentences.append(self.tr("About {:.0f} % of the area lies beyond them").format(100 * beyond))
        return ". ".join(sentences)

    def _look_how_clear(self) -> None:
        """After the cost, which is waited for: this reads pixels."""
        look, self._look = self._look, None
        if look is not None:
            look()

    def _planned(self, plan: Plan) -> None:
        self._plan, self._counting = plan, False
        self._look_how_clear()
        area = self._plans.now.area
        chosen = self._data.for_area(area) if area else None
        if area is not None and chosen is not None:  # one of its sensors may be beyond the area, or left out
            self._panel.set_data(self._data_told(chosen, area, plan.acquisitions))
        short = ""
        if plan.storage_bytes > plan.free_bytes:
            short = self.tr("The disk has not enough room: store fewer dates or dimensions, or 8 bit.")
        self._panel.set_plan(plan, self._problem() or short)

    def _no_plan(self, error: ServiceError) -> None:
        self._plan, self._counting = None, False
        self._look_how_clear()
        self._panel.set_plan(None, sentences(error))

    def _list(self, chosen: Chosen | None, area: dict[str, Any] | None) -> None:
        """The acquisitions of the chosen data; which of them touch the area, and how clear they are, follow."""
        key = () if chosen is None else (repr(chosen.asked), repr(area), chosen.told)
        if key != self._listed:
            self._listed, self._rows, self._look = key, [], None
            self._link.drop("acquisitions")
            self._link.drop("clear")
            rows = [] if chosen is None else chosen.rows
            self._acquisitions.set_rows(rows, "" if chosen is None else self._rows_told(chosen, rows))
        if chosen is not None:  # also of data that are listed: their files may be others by now
            self._link.ask(
                "acquisitions",
                lambda client: client.sources.over(chosen.asked, area),
                lambda found: self._found(chosen, area, chosen.rows_over(found)),
                lambda _: None,  # the plan says why
            )

    def _found(self, chosen: Chosen, area: dict[str, Any] | None, rows: list[Row]) -> None:
        if rows == self._rows:
            return
        self._rows = rows
        if not chosen.keys.issuperset(key for row in rows for key in row.keys):
            self._data.look_again(chosen)  # scenes have come to its folder: they couldn't be left out
        told = self._rows_told(chosen, rows)
        if not any(row.sensor == "s2" for row in rows):
            self._acquisitions.set_rows(rows, told)
            return
        self._acquisitions.set_rows(rows, self.tr("{}. Looking how clear they are…").format(told))
        self._look = lambda: self._link.ask(
            "clear",
            lambda client: client.sources.clear(chosen.asked, area),
            lambda clear: self._show_clear(rows, told, clear),
            lambda error: self._acquisitions.set_rows(rows, f"{told}. {error.cause}"),
        )
        if not self._counting:
            self._look_how_clear()

    def _rows_told(self, chosen: Chosen, rows: list[Row]) -> str:
        return self.tr("{}: {} acquisitions").format(", ".join(chosen.names), len(rows))

    def _show_clear(self, rows: list[Row], told: str, clear: tuple[float, ...]) -> None:
        shares = iter(clear)  # both in order of time
        known = [replace(row, clear=next(shares, None)) if row.sensor == "s2" else row for row in rows]
        seen = sum(one >= 0.1 for one in clear)
        some = self.tr("{}; {} of {} Sentinel-2 dates show at least 10 % of the area")
        self._acquisitions.set_rows(known, some.format(told, seen, len(clear)))


def _used(chosen: Chosen) -> str:
    """Names of the data, and of those that are left out."""
    names = ", ".join(chosen.names)
    if not chosen.aside:
        return names
    told = translate(
        "ComputeController", "{}; not used, as bands, numbers, CRS or day are stated otherwise for them: {}"
    )
    return told.format(names, ", ".join(chosen.aside))
