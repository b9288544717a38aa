"""Probes for good: labels handed over, fitted and validated as jobs, their reports read and shown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from phenolens.engine.client.arrays import Grid
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.errors import NotFound, ServiceError
from phenolens.engine.client.look import Look
from phenolens.engine.client.readings import Probe
from phenolens.engine.client.results import Job
from PySide6.QtCore import QCoreApplication, QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from ..engine_link import EngineLink, EngineState
from ..panels.probe import ProbePanel
from ..panels.scores import ScoresPanel
from ..probe_curves import WHOLE, name_of
from ..report import Report, read_report
from ..selection import PixelPick
from ..session import MadeLayer, Session, SessionModel
from ..telling import plain, sentences
from .handing_over import Asked, hand_over_labels, hand_over_towers
from .jobs import JobsController
from .probes import when_of

translate = QCoreApplication.translate  # by this name translators' tools find its texts

NAME = re.compile(r"[\w][\w -]{0,59}")


class FitsController(QObject):
    """Fits what the session asks for; knows the probes of the workspace."""

    judged = Signal()
    """The scores of a new probe are shown."""
    listed = Signal(object)
    """Every `Probe` of the workspace, whenever they are read."""

    def __init__(
        self,
        model: SessionModel,
        link: EngineLink,
        jobs: JobsController,
        panel: ProbePanel,
        scores: ScoresPanel,
        say: Callable[[str, bool], None],
        forget: Callable[[str], None],
    ) -> None:
        super().__init__(scores)
        self._model, self._link, self._jobs, self._say, self._forget = model, link, jobs, say, forget
        self._panel, self._scores = panel, scores
        self._probes: dict[str, Probe] = {}
        self._report: Report | None = None
        self._judging = ""
        """The probe whose scores are on their way."""
        self._going = False
        panel.fit_asked.connect(self.fit)
        scores.probe_chosen.connect(self._load)
        scores.map_asked.connect(self.show_on_map)
        scores.report_asked.connect(self._open_report)
        scores.confused.connect(self._pick)
        link.state_changed.connect(self._engine_changed)
        model.listen(self._changed)
        scores.set_report(None)

    def fit(self, name: str) -> None:
        """Fit a probe on the session's labels or towers, and judge it."""
        now = self._model.now
        if now.store is None:
            return
        if not NAME.fullmatch(name):
            self._say(self.tr("A probe's name is made of letters, digits, spaces, - and _."), True)
            return
        if self._going:
            self._say(self.tr("A probe is being fitted: wait for it, or cancel it at the lower left."), True)
            return
        store, work, recipe, when = now.store, now.work, now.recipe, when_of(now)
        if recipe.learns == "towers":
            hand_over: Callable[[EngineClient], Asked] = partial(hand_over_towers, towers=recipe.towers)
        else:
            hand_over = partial(hand_over_labels, name=name, store=store, work=work, when=when)
        common = {
            "store": store.store,
            "features": recipe.features_asked(),
            "estimator": recipe.estimator,
            "settings": recipe.settings_asked(),
            "overwrite": True,
        }
        self._set_going(True)
        towers = recipe.learns == "towers"
        self._panel.set_busy(
            self.tr("Handing the towers over…") if towers else self.tr("Handing the labels over…")
        )
        self._link.ask(
            "hand over", hand_over, lambda learnt: self._submit(name, {**common, **learnt}), self._failed
        )

    def show_on_map(self, probe: str) -> None:
        """A fitted probe as a layer."""
        now, known = self._model.now, self._probes.get(probe)
        if now.store is None or known is None or known.problem:
            return
        made = self._layers_of(probe, known)
        names = {one.name for one in made}
        others = tuple(one for one in now.made if one.name not in names)
        self._model.change(made=(*others, *made), look=made[0].look)

    def _layers_of(self, probe: str, known: Probe) -> list[MadeLayer]:
        name = probe.removesuffix(".probe")
        period = self._model.now.recipe.period if known.features in ("period", "season") else None
        called, look = self.tr("Probe {}").format(name), Look(f"probe:{probe}", period)
        made = [MadeLayer(called, look, self.tr("What the probe predicts"))]
        for output, called, tip in (
            ("confidence", self.tr("Probe {}, confidence"), self.tr("How sure it is of its class")),
            ("interval", self.tr("Probe {}, uncertainty"), self.tr("How wide its interval is")),
            (
                "applicability",
                self.tr("Probe {}, applicability"),
                self.tr("Inside: pixels like those that it learnt from; outside its scores say nothing"),
            ),
        ):
            if output in known.maps:
                made.append(MadeLayer(called.format(name), replace(look, output=output), tip))
        return made

    def _offer_shown(self) -> None:
        """A project may come with a probe's map: its layers are in the list then."""
        now = self._model.now
        probe = now.look.layer.removeprefix("probe:")
        known = self._probes.get(probe)
        if known is None or known.problem or any(one.look.layer == now.look.layer for one in now.made):
            return
        self._model.change(made=(*now.made, *self._layers_of(probe, known)))

    def refresh(self, chosen: str = "") -> None:
        """Read anew which probes there are."""
        self._link.ask(
            "probes", lambda client: client.probes.listed(), lambda probes: self._listed(probes, chosen)
        )

    def _submit(self, name: str, asked: Asked) -> None:
        probe = f"{name}.probe"
        self._panel.set_busy(self.tr("Fitting…"))
        self._await_scores(self.tr("Fitting and validating {}; its scores come here.").format(name))
        self._jobs.submit(
            "probe-fit", {**asked, "out": probe}, lambda job: self._fitted(probe, asked, job), self._failed
        )

    def _fitted(self, probe: str, asked: Asked, job: Job) -> None:
        if job.state == "cancelled":
            self._end("")
            return
        if job.fault is not None:
            self._failed(job.fault)
            return
        self._forget(f"probe:{probe}")
        self._model.change(fits=self._model.now.fits + 1)
        self._judging = probe
        self.refresh(probe)
        told = fit_told(job.result or {})
        self._panel.set_busy(self.tr("{} Validating on places that it hasn't seen…").format(told))
        out = _report_stem(probe)
        self._jobs.submit(
            "probe-report",
            {**asked, "out": out},
            lambda job: self._judged(probe, told, asked["store"], job),
            self._failed,
        )

    def _judged(self, probe: str, told: str, store: str, job: Job) -> None:
        """A probe that can't be judged is one all the same."""
        self._judging = ""
        self._set_going(False)
        now = self._model.now
        if now.store is not None and now.store.store == store:  # the map of another one was never asked for
            self.show_on_map(probe)
        self._panel.set_busy(told)
        self._scores.choose(probe)
        self._load(probe)
        if job.fault is not None:
            why = self.tr("{} is fitted, but not validated: {}").format(name_of(probe), plain(job.fault))
            self._await_scores(why, warning=True)
            return
        self._say(self.tr("{} is fitted and validated: see Scores.").format(probe), False)
        self.judged.emit()

    def _failed(self, error: ServiceError) -> None:
        self._end(plain(error))
        self._say(plain(error), True)

    def _end(self, why: str) -> None:
        """Without a probe, or without scores."""
        self._judging = ""
        self._set_going(False)
        self._panel.set_busy(why, warning=True)
        self._load(self._scores.chosen)

    def _set_going(self, going: bool) -> None:
        self._going = going
        self._panel.set_going(going)

    def _listed(self, probes: tuple[Probe, ...], chosen: str) -> None:
        self._probes = {probe.probe: probe for probe in probes}
        days = [one for one in probes if one.preview and not one.problem and one.features != WHOLE]
        newest = sorted(days, key=lambda one: one.modified, reverse=True)  # whose curves are offered first
        self._model.change(probes=tuple(one.probe for one in newest))
        self._scores.set_probes(probes, chosen)
        self.listed.emit(probes)
        self._panel.set_taken([name.removesuffix(".probe") for name in self._probes])
        self._load(self._scores.chosen)
        self._offer_shown()

    def _await_scores(self, why: str, warning: bool = False) -> None:
        """Those that were shown are of another probe, or of another fit."""
        self._link.drop("report")
        self._report = None
        self._scores.set_report(None)
        self._scores.tell(why, warning)

    def _load(self, probe: str) -> None:
        known, store = self._probes.get(probe), self._model.now.store
        self._report = None
        self._scores.set_report(None)
        if known is None:
            return
        self._scores.set_map(store is not None and known.preview and not known.problem)
        if known.problem:
            self._scores.tell(self.tr("{}. Fit it again.").format(known.problem), True)
            return
        if probe == self._judging:
            self._await_scores(self.tr("Validating; the scores come here."))
            return
        self._scores.tell(self.tr("Reading the scores…"))
        folder, grid = self._link.workspace, store.grid if store else None
        self._link.ask("report", lambda _: report_of(folder, probe, grid), self._show, self._no_report)

    def _show(self, report: Report) -> None:
        self._report = report
        self._scores.set_report(report)

    def _no_report(self, error: ServiceError) -> None:
        self._scores.tell(sentences(error))

    def _open_report(self) -> None:
        path = self._link.workspace / f"{_report_stem(self._scores.chosen)}.html"
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            self._say(self.tr("No browser opened; the report is {}").format(path), True)

    def _pick(self, scheme: str, reference: str, predicted: str) -> None:
        if self._report is None:
            return
        pixels = self._report.confused(scheme, reference, predicted)
        if not pixels:
            self._say(self._not_here(self._report), False)
            return
        self._model.change(pick=PixelPick(pixels))
        called = self.tr("Selected: {:,} pixels of {} that were taken for {}.")
        if reference == predicted:
            called = self.tr("Selected: {:,} pixels of {} that were called right.")
        self._say(called.format(len(pixels), reference, predicted), False)

    def _not_here(self, report: Report) -> str:
        """Why a cell of a confusion matrix has no pixels on the map."""
        now = self._model.now.store
        if report.store and now is not None and not now.store.endswith(report.store):
            told = self.tr(
                "None of these samples lies in the area that is shown: the probe was judged on {}."
            )
            return told.format(report.store)
        return self.tr("There are no such pixels in the area that is shown.")

    def _engine_changed(self, state: EngineState) -> None:
        if state.name == "ready" and not self._probes:
            self.refresh()

    def _changed(self, old: Session, new: Session) -> None:
        if old.store != new.store and not self._going:
            self._panel.set_busy("")  # what became of a fit was said of another area
        if old.store != new.store and new.store is not None:
            self.refresh()  # samples of reports lie on the pixels of a store


def report_of(folder: Path, probe: str, grid: Grid | None) -> Report:
    """In a thread: `NotFound` where there is none, or where it is of a probe that was replaced since."""
    path = folder / f"{_report_stem(probe)}.json"
    try:
        stale = path.stat().st_mtime < (folder / probe).stat().st_mtime
    except OSError:
        stale = False  # it is missing, which reading says
    if stale:
        remedy = translate("Fits", "fit and validate it here")
        raise NotFound(
            translate("Fits", "this probe was fitted anew and not validated since"),
            value=probe,
            remedy=remedy,
        )
    return read_report(path, grid)


def fit_told(result: Mapping[str, Any]) -> str:
    """`Fitted on 18 samples. Left out: 90 without a valid embedding.`, and what else was left out."""
    imported = result.get("imported") or {}
    sites = imported.get("sites") or []
    counted: Counter[str] = Counter()
    for dropped in (*(site.get("dropped") or {} for site in sites), result.get("dropped") or {}):
        counted.update(dropped)
    parts = [f"{count:,} {reason}" for reason, count in counted.items()]
    labels, pixels = translate("Fits", "{:,} labels {}"), translate("Fits", "{:,} labelled pixels {}")
    for said, which in ((labels, "dropped"), (pixels, "left_out")) if not sites else ():
        parts += [said.format(count, reason) for reason, count in (imported.get(which) or {}).items()]
    told = translate("Fits", "Fitted on {:,} samples.").format(int(result.get("samples", 0)))
    told += translate("Fits", " Left out: {}.").format("; ".join(parts)) if parts else ""
    repeated = [
        str(site["id"]) for site in sites if any("repeated" in note for note in site.get("notes") or ())
    ]
    if repeated:
        told += translate("Fits", " Times that occur twice (the first was taken): {}.").format(
            ", ".join(repeated)
        )
    return told


def _report_stem(probe: str) -> str:
    return f"{probe.removesuffix('.probe')}-report"
