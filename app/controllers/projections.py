"""The projection: which density is asked for, what a lasso there selects, and the job that fits a UMAP."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import ceil, sqrt

import numpy as np
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.errors import InputError, NotFound, ServiceError
from phenolens.engine.client.projections import Classes, Scope
from phenolens.engine.client.readings import Density, LegendClass, Store
from phenolens.engine.client.results import Job
from PySide6.QtCore import QCoreApplication

from ..colouring import Bytes
from ..density_picture import Picture, pictured, tinted_bins
from ..engine_link import EngineLink
from ..label_codes import label_codes
from ..masks import follows_dates
from ..panels.projection import ProjectionPanel
from ..panels.umap_dialog import UmapSettings
from ..selection import LassoPick, fits_of
from ..session import Session, SessionModel
from ..telling import sentences
from ..theme import Theme
from .jobs import JobsController
from .projection_words import counted, fitted_with, others
from .selections import Found

translate = QCoreApplication.translate  # by this name translators' tools find its texts

MOST_SHOWN = 4_000_000
"""Pixels × dates of a density: of larger areas it counts every n-th pixel along and across."""
MOST_SENT = 10_000_000
"""Pixels of a selection, one bit each, that are sent to be shown in the projection."""
NOWHERE = (0.0, 1.0, 0.0, 1.0)
Extent = tuple[float, float, float, float]


class ProjectionsController:
    """Keeps the projection at the session's method, colour and date."""

    def __init__(
        self,
        model: SessionModel,
        link: EngineLink,
        panel: ProjectionPanel,
        jobs: JobsController,
        theme: Theme,
    ) -> None:
        self._model, self._link, self._panel, self._jobs = model, link, panel, jobs
        self._theme = theme
        self._fitting: set[str] = set()
        self._asked: tuple[object, ...] | None = None
        self._kind: tuple[object, ...] | None = None
        """Store, method and choice that were asked for last."""
        self._found: Found | None = None
        self._whole: Density | None = None
        self._umap: str | None = None
        """The fit that was seen last."""
        self._told: tuple[str, str] = "", ""
        """What was said of it, and its tip."""
        model.listen(self._changed)
        panel.method_chosen.connect(lambda method: model.change(method=method))
        panel.choice_changed.connect(lambda choice: model.change(projection=choice))
        panel.drawn.connect(self.lasso)
        panel.emptied.connect(lambda: model.change(pick=None))
        panel.fit_wanted.connect(self.fit)
        panel.shown.connect(self.refresh)
        theme.changed.connect(self._show_selected)

    def select(self, found: Found | None) -> None:
        """Show where the pixels of the selection lie; a lasso drawn here is its own picture."""
        self._found = found
        self._show_selected()

    def lasso(self, corners: tuple[tuple[float, float], ...]) -> None:
        """What was drawn becomes the selection, among the dates that are shown."""
        now = self._model.now
        dates = None if now.projection.every_date else (now.date,)
        fit = None if self._whole is None or now.method != "umap" else self._whole.fit
        self._model.change(pick=LassoPick(now.method, corners, axes_of(now), dates, fit))

    def fit(self, settings: UmapSettings) -> None:
        """A UMAP of the store, as a job; it is shown once it is done, if it is still wanted."""
        store = self._model.now.store
        if store is None or store.store in self._fitting:
            return
        self._fitting.add(store.store)
        self._offer_fit()
        # files called after the store alone are the user's, made by `phenolens project`
        out = f"{store.store.removesuffix('.zarr')}-projection"
        asked = {"neighbours": settings.neighbours, "min_dist": settings.min_dist}
        params = {
            "store": store.store,
            "out": out,
            "method": "umap",
            "refit": True,
            "overwrite": True,
            **asked,
        }
        self._jobs.submit("project", params, self._fitted, lambda error: self._not_fitted(store, error))

    def _fitted(self, job: Job) -> None:
        """It is over, however it ended."""
        self._fitting.discard(str(job.params["store"]))
        self._asked = None
        self.refresh()

    def _not_fitted(self, store: Store, error: ServiceError) -> None:
        self._fitting.discard(store.store)
        if self._model.now.method == "umap":
            self._offer_fit()
            self._panel.say(sentences(error), self._told[1])

    def _take_up(self, job: Job | None) -> None:
        """One that was handed in before this window came up is waited for as well."""
        if job is None or job.params["store"] in self._fitting:
            return
        self._fitting.add(str(job.params["store"]))
        self._jobs.follow(job, self._fitted)
        if self._model.now.method == "umap":
            self._offer_fit()

    def refresh(self) -> None:
        """Ask for what is to be seen, where the panel is."""
        now = self._model.now
        if now.store is None or not self._panel.isVisible():
            return
        scope, choice = scope_of(now.store, now), now.projection
        asked = now.store, scope, choice, coloured_by(now)
        if asked == self._asked:
            return
        self._show_selected()
        kind = now.store, scope.method, choice
        if kind != self._kind:  # dates follow each other quickly; this may take some seconds
            self._kind = kind
            self._panel.say(translate("ProjectionsController", "Counting the pixels…"))
        self._asked = asked

        def work(client: EngineClient) -> tuple[Density, Picture, int]:
            density, classes = _coloured(client, now, scope)
            return density, pictured(density, choice, classes), scope.step

        self._link.ask("density", work, self._show, self._refused, late=True)

    def _changed(self, old: Session, new: Session) -> None:
        if old.store != new.store:
            self._panel.set_picture(None)
            self._whole, self._umap, self._told = None, None, ("", "")
            self._panel.offer_fit(False)
            if self._asked is None or self._asked[0] != new.store:  # else it came up before this was told
                self._asked = self._kind = None
                self._panel.say("")
        if (old.store, old.method, old.projection) != (new.store, new.method, new.projection):
            self._panel.set_choice(new.method, new.projection, new.store.dims if new.store else 1)
        if (old.pick, old.method, axes_of(old)) != (new.pick, new.method, axes_of(new)):
            own = new.pick.corners if isinstance(new.pick, LassoPick) and self._is_own(new) else ()
            self._panel.plot.set_outline(own)
        of_date = not new.projection.every_date and old.date != new.date
        chosen = (old.store, old.method, old.projection) != (new.store, new.method, new.projection)
        if of_date or chosen or coloured_by(old) != coloured_by(new):
            self.refresh()

    def _show_selected(self) -> None:
        now, found = self._model.now, self._found
        store = now.store
        if store is None or found is None or not self._panel.isVisible() or self._is_own(now):
            self._link.drop("density selected")
            self._panel.plot.set_chosen(None, NOWHERE)
            return
        if found.bits.size > MOST_SENT or not found.count:
            return
        scope, dates, colour = scope_of(store, now), None, self._theme.selection
        if follows_dates(found.pick):  # its pixels are known of one date alone
            scope, dates = replace(scope, dates=(store.times[found.date],)), (found.date,)

        def work(client: EngineClient) -> tuple[Bytes, Extent]:
            bits = np.packbits(found.bits).tobytes()
            density = client.projections.density(store.store, scope, selected=bits, selected_dates=dates)
            return tinted_bins(density, self._whole, colour), density.extent

        self._link.ask(
            "density selected",
            work,
            lambda answer: self._panel.plot.set_chosen(*answer),
            lambda _: self._panel.plot.set_chosen(None, NOWHERE),
        )

    def _is_own(self, now: Session) -> bool:
        """Whether the selection is a lasso of this very projection."""
        pick = now.pick
        if not isinstance(pick, LassoPick) or (pick.method, pick.axes) != (now.method, axes_of(now)):
            return False
        return pick.fit is None or self._whole is None or self._whole.fit in (None, pick.fit)

    def _show(self, answer: tuple[Density, Picture, int]) -> None:
        density, picture, step = answer
        self._whole = density
        self._panel.set_picture(picture)
        tip = translate(
            "ProjectionsController",
            "How far neighbours in the picture are neighbours in the embeddings: {}",
        ).format(density.fidelity)
        told = counted(density, step)
        if density.fit is not None:
            self._take_umap(density.fit)
            told = f"{told}{others(self._model.now, density.fit)}"
            tip = f"{fitted_with(density)}\n{tip}"
        self._told = told, tip
        self._offer_fit()

    def _take_umap(self, fit: str) -> None:
        """What was drawn in a UMAP before selects nothing in this one, and what is selected lies elsewhere in it."""
        if fits_of(self._model.now.pick) - {fit}:
            self._model.change(pick=None)
        before, self._umap = self._umap, fit
        if before not in (None, fit):
            self._show_selected()
            self._panel.replaced.emit()

    def _refused(self, error: ServiceError) -> None:
        self._panel.set_picture(None)
        self._whole, self._told = None, ("", "")
        store = self._model.now.store
        if store is not None and isinstance(error, NotFound) and self._model.now.method == "umap":
            self._offer_fit()
            name = store.store
            self._link.ask("umap", lambda client: _under_way(client, name), self._take_up, lambda _: None)
        else:
            self._asked = None
            self._panel.offer_fit(False)
            self._panel.say(sentences(error))

    def _offer_fit(self) -> None:
        store = self._model.now.store
        running = store is not None and store.store in self._fitting
        if self._told[0]:
            self._offer_again(running)
            return
        self._panel.offer_fit(True, running)
        self._panel.say(
            translate(
                "ProjectionsController", "The UMAP is being fitted; the status bar shows how far it is."
            )
            if running
            else translate(
                "ProjectionsController",
                "This store has no UMAP yet. Fitting one takes a minute or more, in the background.",
            )
        )

    def _offer_again(self, running: bool) -> None:
        """There is a picture: of a UMAP, which can be fitted otherwise, or of a PCA."""
        shown, (told, tip) = self._whole, self._told
        if shown is None or shown.neighbours is None or shown.min_dist is None:
            self._panel.offer_fit(False)
        else:
            self._panel.offer_fit(True, running, UmapSettings(shown.neighbours, shown.min_dist))
            if running:
                told += translate(
                    "ProjectionsController", " A new UMAP is being fitted; this one stays so long."
                )
        self._panel.say(told, tip)


def _under_way(client: EngineClient, store: str) -> Job | None:
    """In a thread: the job that fits a UMAP of the store, where there is one."""
    for job in client.jobs.list(states=("queued", "running")).jobs:
        if job.kind == "project" and (job.params["store"], job.params["method"]) == (store, "umap"):
            return job
    return None


def scope_of(store: Store, now: Session) -> Scope:
    """Method, dates and step of what the projection shows."""
    dates = None if now.projection.every_date else (store.times[now.date],)
    rows, columns = store.grid.shape
    count = len(store.times) if dates is None else 1
    step = max(1, ceil(sqrt(rows * columns * count / MOST_SHOWN)))
    axes = axes_of(now)
    return Scope(now.method, max(2, *axes), dates=dates, step=step, axes=axes)


def axes_of(now: Session) -> tuple[int, int]:
    return now.projection.axes if now.method == "pca" else (1, 2)


def coloured_by(now: Session) -> object:
    """What the classes that colour rest on; None where no classes do."""
    if now.projection.colour == "labels":
        return now.work.labels, now.work.classes
    return _probe(now) if now.projection.colour == "probe" else None


def _probe(now: Session) -> Classes | None:
    """The probe that the map shows, or the one that was made last."""
    looks = (now.look, *(one.look for one in reversed(now.made)))
    shown = next((look for look in looks if look.layer.startswith("probe:")), None)
    if shown is None:
        return None
    return Classes(shown.layer, period=shown.date if "/" in (shown.date or "") else None)


def _coloured(client: EngineClient, now: Session, scope: Scope) -> tuple[Density, tuple[LegendClass, ...]]:
    """In a thread: the bins, and the classes that they may have."""
    assert now.store is not None
    store, choice = now.store, now.projection
    ask = partial(client.projections.density, store.store, scope)
    if choice.colour == "labels":
        return _counted_labels(client, now, scope)
    if choice.colour in ("cluster", "probe"):
        by = Classes(clusters=choice.clusters) if choice.colour == "cluster" else _probe(now)
        if by is None:
            remedy = translate("Projections", "label two classes and fit one (steps Label, Probe)")
            raise InputError(translate("Projections", "there is no probe yet"), remedy=remedy)
        density = ask(colour="class", classes=by)
        return density, density.classes or ()
    return ask(colour=choice.colour, dim=choice.dim if choice.colour == "dimension" else None), ()


def _counted_labels(
    client: EngineClient, now: Session, scope: Scope
) -> tuple[Density, tuple[LegendClass, ...]]:
    """In a thread."""
    assert now.store is not None
    if now.work.quantity is not None or not now.work.labels:
        raise InputError(
            translate("Projections", "there are no labels of classes yet"),
            remedy=translate("Projections", "draw some (step Label)"),
        )
    rows, columns = now.store.grid.shape
    if rows * columns > MOST_SENT:
        raise InputError(
            translate("Projections", "the area is too large to be coloured by labels"),
            remedy=translate("Projections", "colour by a probe's classes"),
        )
    day = None if now.projection.every_date else (now.time or "")[:10]
    codes = label_codes(now.work.labels, now.store.grid.shape, day)
    if not codes.any():
        raise InputError(
            translate("Projections", "no label holds on this date"),
            remedy=translate("Projections", "choose another date, or all of them"),
        )
    classes = Classes(codes=codes.tobytes())
    density = client.projections.density(now.store.store, scope, colour="class", classes=classes)
    return density, tuple(LegendClass(one.code, one.name, one.colour) for one in now.work.classes)
