"""Change: asked for as a job, drawn as layers of the map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from phenolens.engine.client.errors import ServiceError
from phenolens.engine.client.readings import Store
from phenolens.engine.client.results import Export, Job
from PySide6.QtCore import QObject

from ..changing import ChangeWanted, about, asked, first_guesses, hint, layers_of, newest
from ..engine_link import EngineLink
from ..panels.change import ChangePanel
from ..session import MadeLayer, Session, SessionModel
from ..telling import sentences
from .dates import clear_pixels
from .jobs import JobsController


class ChangesController(QObject):
    """Keeps the panel at the store's dates; shows what was found, also by sessions before."""

    def __init__(
        self,
        model: SessionModel,
        link: EngineLink,
        jobs: JobsController,
        panel: ChangePanel,
        forget: Callable[[str], None],
    ) -> None:
        super().__init__(panel)
        self._model, self._link, self._jobs, self._panel, self._forget = model, link, jobs, panel, forget
        self._finding = False
        self._guessed: Store | None = None
        """Whose dates the panel began with were looked for."""
        model.listen(self._changed)
        panel.wanted_changed.connect(self._show_hint)
        panel.asked.connect(self.find)
        panel.shown.connect(self._guess)

    def find(self) -> None:
        """Hand in what the panel says."""
        store = self._model.now.store
        if store is None or self._finding:
            return
        params = asked(store, self._panel.wanted)
        self._set_finding(True)
        self._panel.tell(self.tr("Looking for change; the status bar shows how far it is and can cancel it."))
        self._jobs.submit("change", params, lambda job: self._found(store, params, job), self._refused)

    def _found(self, store: Store, params: dict[str, Any], job: Job) -> None:
        self._set_finding(False)
        if job.state != "done" or job.result is None:
            self._panel.tell("" if job.fault is None else sentences(job.fault))
            return
        files = tuple(str(name) for name in job.result["files"] if str(name).endswith(".tif"))
        layers = layers_of(files, about(params))
        for one in layers:
            self._forget(one.look.layer)  # the same files may have held something else
        if self._model.now.store == store and layers:
            self._show(layers)
            self._model.change(look=layers[0].look)
        self._panel.tell(
            self.tr("Shown on the map, and in the list of layers. Written: {0}").format(", ".join(files))
        )

    def _refused(self, error: ServiceError) -> None:
        self._set_finding(False)
        self._panel.tell(sentences(error))

    def _set_finding(self, finding: bool) -> None:
        self._finding = finding
        self._show_hint()

    def _show(self, layers: tuple[MadeLayer, ...]) -> None:
        """In place of those with the same names."""
        names = {one.name for one in layers}
        others = tuple(one for one in self._model.now.made if one.name not in names)
        self._model.change(made=(*others, *layers))

    def _show_hint(self) -> None:
        store = self._model.now.store
        if store is not None:
            self._panel.set_hint(hint(store, self._panel.wanted), not self._finding)

    def _changed(self, old: Session, new: Session) -> None:
        if old.store != new.store and new.store is not None:
            self._begin(new.store)
        if old.time != new.time and new.time is not None:
            self._panel.set_date(new.time[:10])

    def _begin(self, store: Store) -> None:
        self._panel.set_days([time[:10] for time in store.times])
        self._panel.tell("")
        self._guessed = None
        self._guess()
        self._link.ask(
            "change files",
            lambda client: client.files.exports(store.store),
            lambda exports: self._listed(store, exports),
            lambda _: None,
        )

    def _guess(self) -> None:
        """Which dates to begin with, once for each store, as soon as they are to be seen."""
        store, begun = self._model.now.store, self._panel.wanted
        if store is None or store == self._guessed or not self._panel.isVisible():
            return
        self._guessed = store
        self._link.ask(
            "change dates",
            lambda client: first_guesses(store, clear_pixels(client, store)),
            lambda guesses: self._choose(begun, guesses),
            lambda _: self._choose(begun, first_guesses(store)),
        )

    def _choose(self, begun: ChangeWanted, guesses: Sequence[ChangeWanted]) -> None:
        """Unless the user has chosen meanwhile."""
        if self._panel.wanted == begun:
            for one in guesses:
                self._panel.choose(one)

    def _listed(self, store: Store, exports: tuple[Export, ...]) -> None:
        found = newest(exports)
        if found and self._model.now.store == store:
            self._show(found)
