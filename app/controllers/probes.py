"""Probes: previewed while labels are drawn, fitted and judged for good, and listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from phenolens.engine.client.errors import ServiceError
from phenolens.engine.client.look import Look
from phenolens.engine.client.probes import Label as ClientLabel
from phenolens.engine.client.probes import LandClass as ClientClass
from phenolens.engine.client.probes import Predicted
from phenolens.engine.client.readings import Preview, Store
from PySide6.QtCore import QCoreApplication, QObject, QTimer

from ..engine_link import EngineLink, EngineState
from ..geography import Geography
from ..panels.probe import ProbePanel
from ..session import Label, MadeLayer, Session, SessionModel
from ..telling import numeral, sentences
from ..texts import QT_TRANSLATE_NOOP

translate = QCoreApplication.translate  # by this name translators' tools find its texts

SETTLED_MS = 150
"""A label that follows at once is fitted together with the one before."""
PREVIEW = QT_TRANSLATE_NOOP("MadeLayer", "Probe (preview)")
CONFIDENCE = QT_TRANSLATE_NOOP("MadeLayer", "Probe (preview), confidence")
LEAST_VALUES = 3
MOST_PREVIEWED = 2_000
"""Labels that the engine takes for a preview."""


class ProbesController(QObject):
    """Keeps the preview at the session's labels and recipe."""

    def __init__(
        self, model: SessionModel, link: EngineLink, panel: ProbePanel, forget: Callable[[str], None]
    ) -> None:
        super().__init__(panel)
        self._model, self._link, self._panel, self._forget = model, link, panel, forget
        self._timer = QTimer(self, singleShot=True, interval=SETTLED_MS)
        self._timer.timeout.connect(self._fit)
        self._lost = False
        """Whether the engine that knew the preview has gone."""
        model.listen(self._changed)
        link.state_changed.connect(self._engine_changed)
        panel.recipe_chosen.connect(lambda recipe: model.change(recipe=recipe))
        panel.live_chosen.connect(lambda live: model.change(live=live))
        panel.set_session(model.now)
        panel.set_ready(False)

    def _changed(self, old: Session, new: Session) -> None:
        if old.store != new.store and new.store is not None:
            self._begin(new.store)
        if (old.store, old.recipe, old.live) != (new.store, new.recipe, new.live):
            self._panel.set_session(new)
        if _asked(old) == _asked(new):
            return
        missing = what_is_missing(new)
        self._panel.set_ready(not missing, missing)
        if missing or not previewed(
            new
        ):  # a preview that is followed no more would pass for one of these labels
            self._forsake()
            self._panel.tell(missing)
        else:
            self._timer.start()

    def _forsake(self) -> None:
        """The preview is switched off or its labels are gone: what is shown, or on its way, is nothing of theirs."""
        self._timer.stop()
        self._link.drop("probe preview")
        without_layers(self._model, (PREVIEW, CONFIDENCE))

    def _begin(self, store: Store) -> None:
        """The period of a new store is all of it, unless one was chosen before."""
        first, last = (store.times[0][:10], store.times[-1][:10]) if store.times else ("", "")
        recipe = self._model.now.recipe
        if not first <= recipe.start <= recipe.end <= last:
            self._model.change(recipe=replace(recipe, start=first, end=last))
        self._panel.suggest(store.store.rpartition("/")[2].removesuffix(".zarr"))

    def _fit(self) -> None:
        now = self._model.now
        if now.store is None or not previewed(now):
            return
        store, labels, when = now.store, now.work.labels, when_of(now)
        some = spread(labels, MOST_PREVIEWED, now.work.quantity is None)
        predicted, recipe = predicted_of(now), now.recipe
        asked = {
            "features": recipe.features_asked(),
            "estimator": recipe.estimator,
            "settings": recipe.settings_asked(),
        }
        self._link.ask(
            "probe preview",
            lambda client: client.probes.preview(
                store.store, predicted, client_labels(store, some), when, recipe=asked
            ),
            lambda preview: self._fitted(store, preview, len(labels) - len(some)),
            self._refused,
            late=True,
        )

    def _fitted(self, store: Store, preview: Preview, left_out: int) -> None:
        now = self._model.now
        if now.store != store:
            return
        period = now.recipe.period if now.recipe.spans else None
        shown = [MadeLayer(PREVIEW, preview.look(period), self.tr("Fitted on your labels of this moment"))]
        if now.work.quantity is None:
            look = preview.look(period, "confidence")
            shown.append(MadeLayer(CONFIDENCE, look, self.tr("How sure the preview is of its class")))
        self._panel.tell(told(preview, left_out))
        self._show(shown)

    def _show(self, shown: Sequence[MadeLayer]) -> None:
        """The layers of the preview before make way, on the map as well; a first one goes onto the map."""
        now = self._model.now
        before = {one.look: one.name for one in now.made if one.name in (PREVIEW, CONFIDENCE)}
        looks = {one.name: one.look for one in shown}
        others = tuple(one for one in now.made if one.name not in (PREVIEW, CONFIDENCE))
        look = looks.get(before[now.look], shown[0].look) if now.look in before else now.look
        if not before:
            look = shown[0].look
        beside = now.beside and looks.get(before.get(now.beside, ""), now.beside)
        self._model.change(made=(*others, *shown), look=look, beside=beside)

    def _engine_changed(self, state: EngineState) -> None:
        """A new engine knows nothing of the preview: it is fitted again, or its layers go."""
        if state.name in ("starting", "away"):
            self._lost = True
        elif self._lost:
            self._lost = False
            now = self._model.now
            if previewed(now) and not what_is_missing(now):
                self._timer.start()
            else:
                without_layers(self._model, (PREVIEW, CONFIDENCE))

    def _refused(self, error: ServiceError) -> None:
        self._panel.tell(sentences(error), True)


def without_layers(model: SessionModel, names: Sequence[str]) -> None:
    """Take layers away that can't be drawn any more; the map shows another one in their place."""
    now = model.now
    gone = {one.look for one in now.made if one.name in names}
    if gone:
        model.change(
            made=tuple(one for one in now.made if one.name not in names),
            look=Look() if now.look in gone else now.look,
            beside=None if now.beside in gone else now.beside,
        )


def previewed(now: Session) -> bool:
    """Whether a preview is wanted, and of a kind that there are previews of: of labels, and quickly fitted."""
    return now.live and now.recipe.learns == "labels" and now.recipe.estimator != "temporal"


def _asked(session: Session) -> tuple[object, ...]:
    """What a preview depends on; the date alone doesn't, as a preview is drawn on any."""
    work = session.work
    return session.store, session.live, session.recipe, work.labels, work.classes, work.quantity


def what_is_missing(now: Session) -> str:
    """What a probe still needs, in a sentence; empty where it has all."""
    if now.store is None:
        return translate("Probes", "Open a sample or compute embeddings first.")
    if now.recipe.learns == "towers":
        return "" if now.recipe.towers.files else translate("Probes", "Choose the towers' files.")
    if now.recipe.estimator == "temporal" and now.recipe.features not in ("window", "season"):
        return translate(
            "Probes", "Attention needs a series: choose “the days before” or “a period, part by part”."
        )
    labels = now.work.labels
    if now.work.quantity is not None:
        few = len(labels) < LEAST_VALUES
        return (
            translate("Probes", "Label at least {} places with their values.").format(LEAST_VALUES)
            if few
            else ""
        )
    classes = {label.value for label in labels}
    if len(classes) < 2:
        return translate("Probes", "Label a second class: a probe learns what tells classes apart.") if classes else (
            translate("Probes", "Label some places of two classes or more (step Label).")
        )  # fmt: skip
    return ""


def predicted_of(now: Session) -> Predicted:
    quantity = now.work.quantity
    if quantity is not None:
        return Predicted(quantity.name, "regression", quantity.unit)
    classes = tuple(ClientClass(one.code, one.name, one.colour) for one in now.work.classes)
    return Predicted("land cover", "classification", classes=classes)


def when_of(now: Session) -> str:
    """The day or period of labels that hold always."""
    if now.recipe.spans:
        return now.recipe.period
    return (now.time or "")[:10]


def client_labels(store: Store, labels: Sequence[Label]) -> list[ClientLabel]:
    """Labels as the engine takes them; those outside of the area are left out."""
    geography = Geography(store.grid)
    rows, columns = store.grid.shape
    found = []
    for label in labels:
        if len(label.corners) > 2:
            rings = [
                [list(geography.xy(*corner)) for corner in ring] for ring in (label.corners, *label.holes)
            ]
            polygon = {"type": "Polygon", "crs": "grid", "coordinates": rings}
            found.append(ClientLabel(label.value, polygon=polygon, start=label.start, end=label.end))
            continue
        column, row = label.corners[0]
        if 0 <= column < columns and 0 <= row < rows:
            pixels = ((int(row), int(column)),)
            found.append(ClientLabel(label.value, pixels=pixels, start=label.start, end=label.end))
    return found


def spread(labels: Sequence[Label], most: int, of_classes: bool) -> Sequence[Label]:
    """All of them, or as many evenly (of each class), the last one included; those of rare classes all."""
    if len(labels) <= most:
        return labels
    of: dict[float, list[int]] = {}
    for number, label in enumerate(labels):
        of.setdefault(label.value if of_classes else 0.0, []).append(number)
    kept: list[int] = []
    for left, numbers in zip(range(len(of), 0, -1), sorted(of.values(), key=len), strict=True):
        share = (most - len(kept)) // left
        places = np.linspace(0, len(numbers) - 1, share + 1)[1:]
        kept += numbers if len(numbers) <= share else [numbers[round(place)] for place in places]
    return [labels[number] for number in sorted(kept)]


def told(preview: Preview, left_out: int) -> str:
    """`124 pixels of 2 classes; …`: what the preview rests on, and that it proves nothing yet."""
    score = next(iter(preview.training_score.items()), None)
    parts = [
        translate("Probes", "Fitted on {:,} of {:,} labelled pixels").format(preview.samples, preview.pixels)
    ]
    parts += [f"{count:,} {reason}" for reason, count in preview.dropped.items()]
    said = "; ".join(parts) + "."
    if left_out:
        said += translate("Probes", " {:,} labels are left out of the preview alone.").format(left_out)
    if score is not None:
        name = score[0].removeprefix("training ").replace("R2", "R²")
        said += translate("Probes", " On these very pixels: {} {}").format(name, numeral(score[1], ".2f"))
        said += translate("Probes", ", which says nothing of other places: fit and validate for that.")
    return said
