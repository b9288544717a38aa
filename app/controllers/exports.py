"""Exports: planned while they are chosen, written as jobs, and listed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from phenolens.engine.client.errors import ServiceError
from phenolens.engine.client.readings import Probe
from phenolens.engine.client.results import Export, Job
from PySide6.QtCore import QObject, Signal

from ..engine_link import EngineLink
from ..exporting import Plan, days_of, missing, plan, told
from ..panels.export import ExportPanel
from ..session import Session, SessionModel
from ..telling import sentences
from .dialogs import show_folder
from .jobs import JobsController


class ExportsController(QObject):
    """Writes what the panel says."""

    listed = Signal(object)
    """Every `Export` of the store, newest first, whenever they are read."""

    def __init__(
        self,
        model: SessionModel,
        link: EngineLink,
        jobs: JobsController,
        panel: ExportPanel,
        say: Callable[[str, bool], None],
    ) -> None:
        super().__init__(panel)
        self._model, self._link, self._jobs, self._panel, self._say = model, link, jobs, panel, say
        self._probes: dict[str, Probe] = {}
        self._plan: Plan | None = None
        self._busy = False
        model.listen(self._changed)
        panel.wanted_changed.connect(lambda _: self._show_plan())
        panel.asked.connect(self.write)
        panel.folder_asked.connect(self._show_folder)
        panel.set_store(None)
        self._show_plan()

    def set_probes(self, probes: Sequence[Probe]) -> None:
        self._probes = {probe.probe: probe for probe in probes}
        self._panel.set_probes(probes)

    def write(self) -> None:
        """What is planned, as a job."""
        if self._plan is None or self._busy:
            return
        self._set_busy(True)
        self._jobs.submit(self._plan.kind, self._plan.params, self._written, self._refused)

    def _written(self, job: Job) -> None:
        self._set_busy(False)
        self.refresh()
        self._show_plan()
        if job.state == "done" and job.result is not None:
            files = [str(name) for name in job.result["files"] if str(name).endswith((".tif", ".nc"))]
            more = self.tr(" and {:,} more").format(len(files) - 1) if len(files) > 1 else ""
            self._say(self.tr("Written: {}{}.").format("".join(files[:1]), more), False)

    def _refused(self, error: ServiceError) -> None:
        self._set_busy(False)
        self._show_plan()
        self._say(sentences(error), True)

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        self._panel.set_busy(busy)

    def _show_plan(self) -> None:
        now, wanted = self._model.now, self._panel.wanted
        probe = self._probes.get(wanted.probe) if wanted.what == "probe" else None
        days = days_of(wanted, now.store, now.date) if now.store and now.store.times else ()
        why = missing(wanted, now.store, probe, days)
        self._plan = None
        if why or now.store is None:
            self._panel.set_plan(why, False)
            return
        self._plan = plan(wanted, now.store, probe, days)
        there = there_already(self._link.workspace, self._plan.files)
        self._panel.set_plan(told(self._plan, there), not self._busy)

    def _changed(self, old: Session, new: Session) -> None:
        if old.store != new.store:
            self._panel.set_store(new.store)
            self.refresh()
        if (old.store, old.date) != (new.store, new.date):
            self._show_plan()

    def refresh(self) -> None:
        """Read anew what was written of the store."""
        store = self._model.now.store
        if store is not None:
            self._link.ask("exports", lambda client: client.files.exports(store.store), self._listed)

    def _listed(self, exports: tuple[Export, ...]) -> None:
        newest = sorted(exports, key=lambda one: -one.modified)
        self._panel.set_exports(newest)
        self.listed.emit(newest)

    def _show_folder(self, name: str) -> None:
        show_folder((self._link.workspace / name).parent, self._say)


def there_already(root: Path, names: Sequence[str]) -> int:
    """How many files are there already; folders are listed, as asking for each of thousands takes long."""
    parts = [os.path.split(name) for name in names]  # thousands of paths as objects would take long, too
    folders = {folder: root / folder for folder in {folder for folder, _ in parts}}
    there = {folder: set(os.listdir(path)) for folder, path in folders.items() if path.is_dir()}
    return sum(name in there.get(folder, ()) for folder, name in parts)
