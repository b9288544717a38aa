"""Samples of class maps: planned as they are chosen, drawn and estimated from as jobs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path, PurePath

from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.errors import ServiceError
from phenolens.engine.client.results import Export, Job
from phenolens.engine.client.sampling import AreaEstimate, Drawn, SamplePlan
from PySide6.QtCore import QCoreApplication, QObject

from ..engine_link import EngineLink, EngineState
from ..panels.accuracy import AccuracyPanel
from ..sampling import REPORT_ENDS, EstimateWanted, SampleWanted, free_name, sample_pixels, why_no_name
from ..selection import PixelPick
from ..session import SessionModel
from ..telling import sentences
from .dialogs import show_folder
from .jobs import JobsController

DESIGN = ".design.json"
translate = QCoreApplication.translate  # by this name translators' tools find its texts


class AccuracyController(QObject):
    """Does what the panel says."""

    def __init__(
        self,
        model: SessionModel,
        link: EngineLink,
        jobs: JobsController,
        panel: AccuracyPanel,
        say: Callable[[str, bool], None],
    ) -> None:
        super().__init__(panel)
        self._model, self._link, self._jobs, self._panel, self._say = model, link, jobs, panel, say
        self._exports: tuple[Export, ...] = ()
        self._more: tuple[str, ...] = ()
        """Maps from elsewhere."""
        self._named = ""
        """The map that the name was suggested for."""
        self._planned: SampleWanted | None = None
        """What the plan that is shown is of."""
        self._busy = False
        self._estimated: EstimateWanted | None = None
        self._report = ""
        """What its report is called, once it was saved."""
        self._written = ""
        sample, estimate = panel.sample, panel.estimate
        sample.wanted_changed.connect(self._plan)
        sample.asked.connect(self.draw)
        sample.folder_asked.connect(self._show_folder)
        estimate.asked.connect(self.estimate)
        estimate.save_asked.connect(self.save)
        estimate.folder_asked.connect(self._show_folder)
        estimate.points_asked.connect(self.show_points)
        estimate.wanted_changed.connect(lambda: link.drop("area form"))
        link.state_changed.connect(self._engine_changed)

    def set_exports(self, exports: Sequence[Export]) -> None:
        """Those of classes can be sampled."""
        before = self._written_at()
        self._exports = tuple(one for one in exports if one.classes > 1)
        self._panel.sample.set_maps(self._exports, self._more)
        if self._written_at() != before:  # another map of the same name
            self._panel.sample.begin()

    def add_map(self, path: str) -> None:
        """A class map from anywhere on this machine."""
        self._link.ask(
            "area map",
            lambda client: client.sources.admit(path),
            self._added,
            lambda error: self._panel.sample.tell(sentences(error), True),
        )

    def choose_form(self, path: str) -> None:
        self._panel.estimate.set_form(path)

    def draw(self) -> None:
        """The sample as planned, as a job."""
        wanted = self._panel.sample.wanted
        if self._busy or wanted != self._planned:
            return
        self._set_busy(True)
        self._panel.sample.tell("")
        self._jobs.submit("area-sample", wanted.job(), lambda job: self._drawn(wanted, job), self._not_drawn)

    def estimate(self) -> None:
        """From the form that the panel names."""
        wanted = self._panel.estimate.wanted
        self._panel.estimate.set_busy(True)
        self._panel.estimate.tell("")
        self._submit(wanted, None, lambda job: self._found(wanted, job))

    def save(self) -> None:
        """The report of the estimate that is shown; that of another form, or of one filled since, stays."""
        if self._estimated is None:
            return
        name = f"{self._estimated.design.removesuffix(DESIGN)}-estimate"
        self._report = self._report or free_name(name, self._link.workspace, REPORT_ENDS)
        self._submit(self._estimated, self._report, self._saved)

    def show_points(self, design: str) -> None:
        """Select the points of a sample, where its map lies on the grid that is shown."""
        store = self._model.now.store
        if store is None:
            return
        path = self._link.workspace / design

        def found(pixels: tuple[tuple[int, int], ...]) -> None:
            self._model.change(pick=PixelPick(pixels))
            self._say(self.tr("Selected: the {:,} points of the sample.").format(len(pixels)), False)

        self._link.ask("area points", lambda _: sample_pixels(path, store.grid), found, self._refused)

    def refresh(self, chosen: str = "") -> None:
        """Read anew which samples there are."""

        def listed(samples: tuple[Drawn, ...]) -> None:
            self._panel.estimate.set_samples(samples, chosen)

        self._link.ask("area samples", lambda client: client.sampling.samples(), listed)

    def _written_at(self) -> float | None:
        """When the chosen map was written."""
        chosen = self._panel.sample.map
        return next((one.modified for one in self._exports if one.raster == chosen), None)

    def _plan(self) -> None:
        wanted = self._panel.sample.wanted
        self._planned = None
        self._panel.sample.set_possible(False)
        if not wanted.map:
            self._link.drop("area plan")
            return
        if wanted.map != self._named:
            self._named = wanted.map
            self._panel.sample.set_name(self._suggested(wanted.map))  # which comes back here
            wanted = self._panel.sample.wanted
        self._link.ask(
            "area plan",
            lambda client: client.sampling.plan(wanted.map, **wanted.planned()),
            lambda plan: self._take(wanted, plan),
            lambda error: self._panel.sample.refuse(sentences(error)),
        )

    def _take(self, wanted: SampleWanted, plan: SamplePlan) -> None:
        self._panel.sample.set_plan(plan)
        now = self._panel.sample.wanted  # a first plan has told which classes there are
        if not wanted.expected and now.aim == "class":
            self._plan()
            return
        self._planned = wanted if wanted.expected else now
        self._show_possible()

    def _show_possible(self) -> None:
        why = why_no_name(self._panel.sample.wanted.name, self._link.workspace)
        self._panel.sample.set_possible(not why and not self._busy and self._planned is not None, why)

    def _suggested(self, path: str) -> str:
        """Beside the map, or in the workspace where the map is elsewhere."""
        stem = PurePath(path).with_suffix("")
        name = f"{stem.name if stem.is_absolute() else stem}-sample"
        return free_name(name, self._link.workspace)

    def _added(self, path: str) -> None:
        if path not in self._more and path not in {one.raster for one in self._exports}:
            self._more = (*self._more, path)
        self._panel.sample.set_maps(self._exports, self._more)
        self._panel.sample.choose_map(path)

    def _drawn(self, wanted: SampleWanted, job: Job) -> None:
        self._set_busy(False)
        if job.fault is not None or job.result is None:
            if job.fault is not None:
                self._panel.sample.tell(sentences(job.fault), True)
            self._show_possible()
            return
        self._written = str(job.result["form"])
        self._panel.sample.tell(drawn_told(job.result["total"], job.result["files"]), folder=True)
        self._say(self.tr("{:,} points are drawn: {}").format(job.result["total"], self._written), False)
        self.refresh(str(job.result["design"]))
        # another sample of this map has another name
        self._panel.sample.set_name(self._suggested(wanted.map))

    def _not_drawn(self, error: ServiceError) -> None:
        self._set_busy(False)
        self._panel.sample.tell(sentences(error), True)
        self._show_possible()

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        self._panel.sample.set_busy(busy)

    def _submit(self, wanted: EstimateWanted, out: str | None, ended: Callable[[Job], None]) -> None:
        """The form may lie anywhere; the engine reads it where it may."""
        asked = {"design": wanted.design, "unit": wanted.unit, "finite": wanted.finite}
        if out is not None:
            asked |= {"out": out, "overwrite": True}
        self._link.ask(
            "area form",
            lambda client: _readable(client, wanted.form),
            lambda form: self._jobs.submit("area-estimate", {**asked, "form": form}, ended, self._refused),
            self._refused,
        )

    def _found(self, wanted: EstimateWanted, job: Job) -> None:
        self._panel.estimate.set_busy(False)
        if wanted != self._panel.estimate.wanted:
            return  # it is of another question
        if job.fault is not None or job.result is None:
            self._refused(job.fault)
            return
        self._estimated, self._report = wanted, ""
        found = AreaEstimate.from_json(job.result)
        self._panel.estimate.set_estimate(found)
        self._say(
            self.tr("Estimated from {:,} points.").format(sum(one.units_used for one in found.strata)), False
        )

    def _saved(self, job: Job) -> None:
        if job.fault is not None or job.result is None:
            self._refused(job.fault)
            return
        files = [str(name) for name in job.result["files"]]
        self._written = files[0]
        self._panel.estimate.set_written(files)
        self._say(self.tr("Written: {}").format(", ".join(files)), False)

    def _refused(self, error: ServiceError | None) -> None:
        self._panel.estimate.set_busy(False)
        self._panel.estimate.tell(sentences(error) if error else self.tr("The estimate was stopped."), True)

    def _show_folder(self) -> None:
        show_folder((self._link.workspace / self._written).parent, self._say)

    def _engine_changed(self, state: EngineState) -> None:
        if state.name == "ready":
            self.refresh()


def drawn_told(total: int, files: Sequence[str]) -> str:
    """What was written, and what to do with it."""
    drawn = translate("AccuracyController", "{:,} points are drawn. Written: {}.").format(
        total, ", ".join(files)
    )
    how = translate(
        "AccuracyController",
        "Look at each point in better sources than the map, and write its class (name or code) into the column "
        "“reference” of the CSV, or of the points in QGIS; leave empty what can't be told. Then go to Estimate.",
    )
    return f"{drawn}\n{how}"


def _readable(client: EngineClient, form: str) -> str:
    """In a thread: how the engine names the file."""
    return client.sources.admit(form) if Path(form).is_absolute() else form
