"""Labels and classes: drawn on the map, changed in their lists; all of it can be undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import floor, hypot
from pathlib import Path

import numpy as np
from PySide6.QtCore import QCoreApplication

from ..engine_link import EngineLink
from ..joining import made_one, put_aside
from ..label_file import placed, write_labels
from ..masks import Bits, find_on
from ..panels.labels import LabelsPanel
from ..panels.map import MapPanel
from ..recipe import Quantity
from ..selection import MapPick
from ..session import CLASS_COLOURS, Label, LandClass, Session, SessionModel
from ..telling import sentences

translate = QCoreApplication.translate  # by this name translators' tools find its texts

MOST_CLASSES = 254
SHORTEST_EDGE = 0.4
"""Pixels: corners of a freehand polygon that lie closer together are one."""
MOST_POINTS = 300
"""Labels that one selection makes."""
Corners = tuple[tuple[float, float], ...]


class LabelsController:
    """Turns what is drawn and typed into labels and classes of the session."""

    def __init__(
        self,
        model: SessionModel,
        link: EngineLink,
        map: MapPanel,
        panel: LabelsPanel,
        say: Callable[[str, bool], None],
    ) -> None:
        self._model, self._link, self._map, self._panel, self._say = model, link, map, panel, say
        model.listen(self._changed)
        map.clicked.connect(self._clicked)
        map.drawn.connect(self._drawn)
        panel.tool_chosen.connect(self.take)
        panel.class_added.connect(self.add_class)
        panel.class_removed.connect(self.remove_class)
        panel.refusal.joined.connect(self._join)
        panel.classes.picked.connect(lambda code: model.change(label_class=code))
        panel.classes.renamed.connect(self._rename)
        panel.classes.recoloured.connect(self._recolour)
        panel.quantity_chosen.connect(self._measure)
        panel.value_chosen.connect(lambda value: model.change(label_value=value))
        panel.span_chosen.connect(self._hold)
        panel.selection_asked.connect(self.label_selection)
        panel.list.removed.connect(self.remove)
        panel.list.reclassed.connect(self._reclass)
        panel.list.shown.connect(self._centre)
        panel.set_session(model.now)

    def take(self, tool: str) -> None:
        """A tool: `point`, `polygon`, or `look` for none. The first one makes the first class."""
        now = self._model.now
        if now.store is None:
            return
        if tool != "look":
            self._need_class()
        self._model.change(tool=tool)

    def toggle(self, tool: str) -> None:
        """As its key does: taken, or put back."""
        self.take("look" if self._model.now.tool == tool else tool)

    def add_class(self, rename: bool = True) -> None:
        classes = self._model.now.work.classes
        if len(classes) >= MOST_CLASSES:
            return
        code = next(code for code in range(1, MOST_CLASSES + 1) if code not in {one.code for one in classes})
        used = {one.colour for one in classes}
        colour = next(
            (colour for colour in CLASS_COLOURS if colour not in used),
            CLASS_COLOURS[code % len(CLASS_COLOURS)],
        )
        names, numbered = {one.name for one in classes}, translate("LabelsController", "class {}")
        name = next(name for name in map(numbered.format, range(code, 2000)) if name not in names)
        self._model.do(classes=(*classes, LandClass(code, name, colour)))
        self._model.change(label_class=code)
        if rename:
            self._panel.classes.rename(code)

    def remove_class(self, code: int) -> None:
        work = self._model.now.work
        kept = tuple(one for one in work.classes if one.code != code)
        self._model.do(classes=kept, labels=tuple(label for label in work.labels if label.value != code))
        if self._model.now.label_class == code and kept:
            self._model.change(label_class=kept[0].code)

    def remove(self, numbers: tuple[int, ...]) -> None:
        gone = set(numbers)
        labels = self._model.now.work.labels
        self._model.do(labels=tuple(one for number, one in enumerate(labels) if number not in gone))

    def _reclass(self, numbers: tuple[int, ...], code: int) -> None:
        changed, labels = set(numbers), self._model.now.work.labels
        self._model.do(
            labels=tuple(
                replace(one, value=float(code)) if number in changed else one
                for number, one in enumerate(labels)
            )
        )

    def save(self, path: Path) -> None:
        """Write the labels as GeoJSON."""
        store, work = self._model.now.store, self._model.now.work
        if store is None:
            return
        saved = translate("LabelsController", "The labels are in {}.").format(path)
        self._link.ask(
            "save labels",
            lambda _: write_labels(path, store, work),  # in a thread: there may be thousands
            lambda _: self._say(saved, False),
            lambda error: self._say(sentences(error), True),
        )

    def label_selection(self) -> None:
        """The selected pixels get the class of the moment: an outline as a polygon, others one by one."""
        now = self._model.now
        if now.store is None or now.pick is None:
            self._say(
                translate(
                    "LabelsController",
                    "Nothing is selected: draw a lasso on the map (L) or in the projection.",
                ),
                False,
            )
            return
        self._need_class()
        if isinstance(now.pick, MapPick):
            self._label(thinned(now.pick.corners))
            return
        store, pick, date = now.store, now.pick, now.date
        self._link.ask(
            "label selection", lambda client: find_on(pick, client, store, date), self._label_pixels
        )

    def _label_pixels(self, bits: Bits) -> None:
        """All of them, or evenly spread ones of many: neighbours teach a probe nothing new."""
        rows, columns = np.nonzero(bits)
        step = max(1, -(-len(rows) // MOST_POINTS))
        shapes = [
            ((column + 0.5, row + 0.5),) for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        ]
        self._label(*shapes[::step])
        if step > 1:
            self._say(
                translate("LabelsController", "Labelled {:,} of the {:,} selected pixels.").format(
                    len(shapes[::step]), len(rows)
                ),
                False,
            )

    def _need_class(self) -> None:
        """New labels need a class that there is."""
        now = self._model.now
        if now.work.quantity is not None:
            return
        if not now.work.classes:
            self.add_class(rename=False)
        elif now.label_class not in {one.code for one in now.work.classes}:
            self._model.change(label_class=now.work.classes[0].code)

    def _clicked(self, column: float, row: float) -> None:
        if self._model.now.tool == "point":
            self._label(((floor(column) + 0.5, floor(row) + 0.5),))

    def _drawn(self, corners: Corners) -> None:
        if self._model.now.tool == "polygon":
            fewer = thinned(corners)
            if len(fewer) > 2:
                self._label(fewer)

    def _label(self, *shapes: Corners) -> None:
        """A pixel that is labelled again changes its class."""
        self._need_class()
        now = self._model.now
        value = float(now.label_class) if now.work.quantity is None else now.label_value
        start, end = now.new_label_days
        again = set(shapes)
        kept = tuple(one for one in now.work.labels if one.corners not in again or one.start != start)
        self._model.do(labels=(*kept, *(Label(value, corners, start, end) for corners in shapes)))

    def _rename(self, code: int, name: str) -> None:
        others = {one.name: one.code for one in self._model.now.work.classes if one.code != code}
        if name and name not in others:
            self._panel.refusal.say("")
            self._edit(code, lambda one: replace(one, name=name))
            return
        self._panel.set_session(self._model.now)  # the table shows the old one again
        if name:
            why = translate("LabelsController", "Another class is called {} already.").format(name)
            self._panel.refusal.say(why, (code, others[name]))
        else:
            self._panel.refusal.say(
                translate("LabelsController", "A class needs a name: it keeps the one it had.")
            )

    def _join(self, code: int, into: int) -> None:
        work = made_one(self._model.now.work, code, into)
        self._model.do(classes=work.classes, labels=work.labels)
        if self._model.now.label_class == code:
            self._model.change(label_class=into)

    def _recolour(self, code: int, colour: str) -> None:
        self._edit(code, lambda one: replace(one, colour=colour))

    def _edit(self, code: int, change: Callable[[LandClass], LandClass]) -> None:
        classes = self._model.now.work.classes
        self._model.do(classes=tuple(change(one) if one.code == code else one for one in classes))

    def _measure(self, quantity: Quantity | None) -> None:
        """Labels of classes say nothing of values, and the other way round: they go, and undo brings them back."""
        work = self._model.now.work
        if (quantity is None) != (work.quantity is None):
            self._model.do(quantity=quantity, labels=())
            if work.labels:
                self._panel.tell(put_aside(work))
        else:
            self._model.do(quantity=quantity)

    def _hold(self, span: tuple[str, str] | None) -> None:
        """A range that was just chosen begins as that of the store."""
        store = self._model.now.store
        known = self._model.now.label_span
        if span and span[0] and store and not (known and known[0]):
            span = (store.times[0][:10], store.times[-1][:10])
        self._model.change(label_span=span)

    def _centre(self, number: int) -> None:
        corners = self._model.now.work.labels[number].corners
        self._map.centre_on(*(sum(axis) / len(corners) for axis in zip(*corners, strict=True)))

    def _changed(self, old: Session, new: Session) -> None:
        if _shown(old) != _shown(new):
            self._panel.set_session(new)


def _shown(session: Session) -> tuple[object, ...]:
    work = session.work
    chosen = (session.tool, session.label_class, session.label_value, session.label_span)
    return session.store, session.pick, work.labels, work.classes, work.quantity, *chosen


def thinned(corners: Corners) -> Corners:
    """Without the corners that a slow hand draws too many of; as exact as files of labels are."""
    kept: list[tuple[float, float]] = []
    for corner in map(placed, corners):
        if not kept or hypot(corner[0] - kept[-1][0], corner[1] - kept[-1][1]) >= SHORTEST_EDGE:
            kept.append(corner)
    if len(kept) > 3 and hypot(kept[0][0] - kept[-1][0], kept[0][1] - kept[-1][1]) < SHORTEST_EDGE:
        kept.pop()
    return tuple(kept)
