"""Opening a store, the sample among them; its dates and layers."""

from __future__ import annotations

from collections.abc import Callable

from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.errors import ConnectionLost, NotFound, NotRunning, ServiceError
from phenolens.engine.client.readings import Store
from phenolens.engine.client.results import Job
from PySide6.QtCore import QCoreApplication

from ..engine_link import EngineLink
from ..geography import Geography
from ..panels.dates import DateBar
from ..panels.layers import Choice, LayersPanel, choices_of
from ..session import Session, SessionModel
from ..telling import sentences

translate = QCoreApplication.translate  # by this name translators' tools find its texts

SAMPLES = {"landscape": "every:10", "romania": "every:30"}
"""Bundled samples and the dates that they are embedded at."""


class StoresController:
    """What is open, and at which date."""

    def __init__(self, model: SessionModel, link: EngineLink, dates: DateBar, layers: LayersPanel) -> None:
        self._model, self._link, self._dates, self._layers = model, link, dates, layers
        self.session_of: Callable[[Store], Session] = _afresh
        """What a store is shown with; the project knows what was made of it before."""
        self.missing = ""
        """What was said of the last store that wasn't there."""
        model.listen(self._changed)
        dates.chosen.connect(lambda date: model.change(date=date))
        layers.chosen.connect(lambda look: model.change(look=look))
        layers.compared.connect(lambda look: model.change(beside=look))
        layers.arranged.connect(lambda how: model.change(compare=how))
        layers.opacity_changed.connect(lambda opacity: model.change(opacity=opacity))

    def open(self, store: str) -> None:
        """Show a store of the workspace."""
        self._link.ask(
            "open",
            lambda client: _store(client, store),
            self._opened,
            lambda error: self._gone(store, error),
        )

    def open_sample(self, name: str, computing: Callable[[Job], None]) -> None:
        """Show a bundled sample; it is embedded first where that hasn't been done, and `computing` gets the job."""
        out = f"{name}.zarr"

        def found(got: Store | Job) -> None:
            if isinstance(got, Job):
                computing(got)
            else:
                self._opened(got)

        self._link.ask("open", lambda client: _store_or_job(client, name, out), found)

    def _gone(self, store: str, error: ServiceError) -> None:
        """A project may have been moved without its results."""
        if isinstance(error, NotFound):
            error = NotFound(
                translate("StoresController", "this folder has no result {}").format(store),
                value=self._link.workspace,
                remedy=translate(
                    "StoresController",
                    "bring it there again, or the project to where it is; what you made of it stays in the project",
                ),
            )
            self.missing = sentences(error)
        if not isinstance(error, (NotRunning, ConnectionLost)):
            self._link.failed.emit(error)

    def _opened(self, store: Store) -> None:
        self._model.begin(self.session_of(store))

    def _changed(self, old: Session, new: Session) -> None:
        if old.store != new.store:
            self._dates.set_times(new.store.times if new.store else ())
        if (old.store, old.made) != (new.store, new.made):
            made = tuple(Choice(translate("MadeLayer", one.name), one.look, one.tip) for one in new.made)
            choices = choices_of(new.store) + made if new.store else ()
            self._layers.set_choices(choices, new.store.dims if new.store else 1)
        if (old.store, old.date) != (new.store, new.date):
            self._dates.set_date(new.date)
        if _shown(old) != _shown(new):
            self._layers.set_shown(new.look, new.beside, new.compare)


def _shown(session: Session) -> tuple[object, ...]:
    return session.store, session.look, session.beside, session.compare, session.made


def _afresh(store: Store) -> Session:
    return Session(store=store, date=len(store.times) // 2)


def _store(client: EngineClient, name: str) -> Store:
    store = client.views.store(name)
    Geography(store.grid).look_up()  # the map wants it at once
    return store


def _store_or_job(client: EngineClient, name: str, out: str) -> Store | Job:
    try:
        store = _store(client, out)
    except NotFound:
        store = None
    if store is not None and store.complete:
        return store
    under_way = client.jobs.list(states=("queued", "running")).jobs
    for job in under_way:
        if job.kind == "embed" and job.params.get("out") == out:
            return job
    asked = {"sources": {"sample": name}, "out": out, "dates": SAMPLES[name], "overwrite": store is not None}
    return client.jobs.submit("embed", asked, priority=10)
