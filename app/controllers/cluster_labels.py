"""Labels from the clusters that the map shows."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, sqrt

import numpy as np
from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.errors import ServiceError
from phenolens.engine.client.look import Look
from phenolens.engine.client.readings import Store
from PySide6.QtCore import QObject

from ..cluster_labels import Clustered, Naming, labels_of, named
from ..colouring import array_of
from ..engine_link import EngineLink
from ..panels.cluster_labels import ClusterLabels
from ..panels.selections import SelectionsPanel
from ..session import Label, Session, SessionModel
from ..telling import sentences

MOST_PIXELS = 4_000_000
"""Of larger areas every n-th pixel along and across may become a label."""


class ClusterLabelsController(QObject):
    """Asks which cluster is which class; labels."""

    def __init__(self, model: SessionModel, link: EngineLink, panel: SelectionsPanel) -> None:
        super().__init__(panel)
        self._model, self._link, self._panel = model, link, panel
        panel.labels_wanted.connect(self.begin)

    def begin(self) -> None:
        """Read the clusters of the map's date, then ask."""
        now = self._model.now
        if now.store is None or now.look.layer != "cluster":
            return
        if now.work.quantity is not None:
            self._panel.say(self.tr("Labels measure a quantity now; choose classes in Labels first."))
            return
        store, look = now.store, replace(now.look, date=now.time)
        before = self._panel.told
        self._panel.say(self.tr("Reading the clusters…"))

        def come(clustered: Clustered) -> None:
            if self._model.now.store == store:
                self._panel.say(before)
                self._ask(clustered)

        self._link.ask("cluster labels", lambda client: _clustered(client, store, look), come, self._refused)

    def _ask(self, clustered: Clustered) -> None:
        now = self._model.now
        dialog = ClusterLabels(clustered.clusters, now.work.classes, self._held(now), self._panel.window())
        dialog.chosen.connect(lambda naming: self._label(clustered, naming))
        dialog.open()

    def _label(self, clustered: Clustered, naming: Naming) -> None:
        """In a thread, as an area may have millions of pixels; all of it is undone at once."""
        now = self._model.now
        classes, class_of = named(clustered, naming, now.work.classes)
        span = now.new_label_days

        def come(labels: tuple[Label, ...]) -> None:
            again = {one.corners for one in labels}
            work = self._model.now.work
            kept = tuple(one for one in work.labels if one.corners not in again or one.start != span[0])
            self._model.do(classes=classes, labels=(*kept, *labels))
            told = self.tr("{0} labels of {1} classes: see Label. Undo takes them back.")
            self._panel.say(told.format(f"{len(labels):,}", len(set(class_of.values()))))

        self._link.ask(
            "cluster pixels", lambda _: labels_of(clustered, class_of, naming.each, span), come, self._refused
        )

    def _held(self, now: Session) -> str:
        start, end = now.new_label_days
        if start is None:
            return self.tr("They hold always (the step Label says otherwise).")
        return self.tr("They hold from {0} to {1} (as the step Label says).").format(start, end)

    def _refused(self, error: ServiceError) -> None:
        self._panel.say(sentences(error))


def _clustered(client: EngineClient, store: Store, look: Look) -> Clustered:
    """In a thread."""
    rows, columns = store.grid.shape
    step = max(1, ceil(sqrt(rows * columns / MOST_PIXELS)))
    legend = client.views.legend(store.store, look)
    raster = client.views.map_raw(store.store, look, step=step)
    codes = array_of(raster)[0].astype(np.uint8)
    return Clustered.of(codes, step, legend.classes or ())
