"""What lies below the pointer in one view is previewed in the others: map, projection, curves.

A pointer moves far more often than an engine answers: it is looked at every so often, answers that come too late
are dropped, and what costs more (a whole series) waits until the pointer rests.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil, floor, sqrt

import numpy as np
from phenolens.engine.client.errors import ServiceError
from phenolens.engine.client.projections import Scope
from phenolens.engine.client.readings import Series, Store
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QGuiApplication

from ..colouring import Bytes
from ..curves import KINDS, Subject, chosen_parts, curves_of
from ..engine_link import EngineLink
from ..panels.hover_marks import CurveMarks, MapMarks, PlaneMarks, Points, circle
from ..panels.map import MapPanel
from ..panels.projection import ProjectionPanel
from ..panels.series import SeriesPanel
from ..pixel_facts import told_interval, told_quality
from ..probe_curves import LAYER
from ..session import Place, Session, SessionModel
from ..theme import Theme
from .hover_questions import Meant, Near, Pixel, near_pixels, pixels_of, positions
from .maps import ACQUIRED
from .projections import axes_of

LOOKED_AT_MS, RESTED_MS = 40, 220
RADIUS_PX = 7
"""Around the pointer in the projection."""
MOST_PREVIEWED = 1_000_000
"""Pixels that are looked at around it: of larger areas every n-th along and across."""
CHANNELS = ("hover place", "hover pixels", "hover series", "hover trail", "hover interval")


class HoverController(QObject):
    """Previews in the other views what the pointer is on in one."""

    def __init__(
        self,
        model: SessionModel,
        link: EngineLink,
        map: MapPanel,
        series: SeriesPanel,
        projection: ProjectionPanel,
        theme: Theme,
    ) -> None:
        super().__init__(map)
        self._model, self._link, self._theme = model, link, theme
        self._map, self._series, self._projection = map, series, projection
        self.on_map, self.on_plane = MapMarks(map, theme), PlaneMarks(projection.plot, theme)
        self.on_curves = CurveMarks(series.plot, theme)
        self._meant: Meant = None
        self._shown: Meant = None
        self._facts: dict[str, str] = {}
        """Of the pixel that the pointer rests on."""
        self._curve_at: QPointF | None = None
        """Where the pointer is among the curves: which one is meant is found once it is looked at."""
        self._look = QTimer(self, singleShot=True, interval=LOOKED_AT_MS)
        self._look.timeout.connect(self._looked)
        self._rest = QTimer(self, singleShot=True, interval=RESTED_MS)
        self._rest.timeout.connect(self._rested)
        map.hovered.connect(self._over_map)
        projection.plot.scene().sigMouseMoved.connect(self._over_plane)
        series.plot.scene().sigMouseMoved.connect(self._over_curves)
        series.place_hovered.connect(self._over_place)
        for widget in (map, projection.plot, series.plot, series):
            widget.installEventFilter(self)
        model.listen(self._changed)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Leave:
            self._mean(None)
        return False

    def _over_map(self, place: tuple[float, float] | None) -> None:
        self._mean(None if place is None else Pixel(floor(place[1]), floor(place[0])))

    def _over_plane(self, scene: QPointF) -> None:
        box = self._projection.plot.box
        if not box.sceneBoundingRect().contains(scene):
            self._mean(None)
            return
        at, (wide, high) = box.mapSceneToView(scene), box.viewPixelSize()
        self._mean(Near(at.x(), at.y(), RADIUS_PX * wide, RADIUS_PX * high))

    def _over_curves(self, scene: QPointF) -> None:
        self._curve_at = scene
        self._soon()

    def _over_place(self, number: int) -> None:
        places = self._model.now.work.places
        self._mean(places[number] if 0 <= number < len(places) else None)

    def _mean(self, meant: Meant) -> None:
        self._meant, self._curve_at = meant, None
        self._soon()

    def _soon(self) -> None:
        if QGuiApplication.mouseButtons() == Qt.MouseButton.NoButton and not self._look.isActive():
            self._look.start()

    def _looked(self) -> None:
        """What is meant by now."""
        if self._curve_at is not None:
            owner = self.on_curves.owner_at(self._curve_at)
            self._meant = next((one for one in self._model.now.work.places if one.name == owner), None)
            self._curve_at = None
        if self._meant != self._shown:
            self._show(self._meant)

    def _show(self, meant: Meant) -> None:
        store, before = self._model.now.store, self._shown
        self._shown = meant
        self._rest.stop()
        self._drop()
        if type(meant) is not type(before):
            self._clear()
        if store is None or meant is None:
            return
        self.on_plane.clear_trail()
        if isinstance(meant, Near):
            self._find_near(store, meant)
            return
        if isinstance(meant, Place):
            self.on_map.show_place(meant)
        elif self._map.aside:
            self.on_map.show_place(Place("", "", (meant.row, meant.column)))  # where it is on the other map
        self._find_in_plane(store, meant)
        self._rest.start()

    def _rested(self) -> None:
        """A single pixel's other dates and its curves."""
        now, meant = self._model.now, self._shown
        if now.store is None or not isinstance(meant, Pixel | Place):
            return
        pixel = (meant.row, meant.column) if isinstance(meant, Pixel) else meant.pixel
        if pixel is not None and self._in_plane and now.projection.every_date:
            self._ask_trail(now.store, pixel)
        if isinstance(meant, Pixel):
            self._facts = {}
            self._ask_series(now, now.store, meant)
            self._ask_interval(now, now.store, meant)

    def _find_near(self, store: Store, meant: Near) -> None:
        """Pixels of the map's date that lie near the pointer."""
        if not self._in_plane:
            return
        rows, columns = store.grid.shape
        step = max(1, ceil(sqrt(rows * columns / MOST_PREVIEWED)))
        corners = circle(QPointF(meant.x, meant.y), meant.radius_x, meant.radius_y)
        scope, colour = self._scope(step), self._theme.selection
        self._link.ask(
            "hover pixels",
            lambda client: near_pixels(client, store, corners, scope, colour),
            lambda tint: self._show_near(tint, step),
            self._refused,
            late=True,
        )

    def _show_near(self, tint: Bytes | None, step: int) -> None:
        if tint is None:
            self.on_map.clear_pixels()
        else:
            self.on_map.show_pixels(tint, step)

    def _find_in_plane(self, store: Store, meant: Pixel | Place) -> None:
        if self._in_plane:
            scope = self._scope(1)
            self._link.ask(
                "hover place",
                lambda client: positions(client, store, pixels_of(store, meant), scope)[:, 0],
                self._show_in_plane,
                self._refused,
                late=True,
            )

    def _show_in_plane(self, points: Points) -> None:
        there = points[np.isfinite(points).all(axis=1)]
        if len(there):
            self.on_plane.rings.show(there)
        else:
            self.on_plane.rings.clear()

    def _ask_trail(self, store: Store, pixel: tuple[int, int]) -> None:
        scope = replace(self._scope(1), dates=None)

        def come(points: Points) -> None:
            self.on_plane.show_trail(points[0][np.isfinite(points[0]).all(axis=1)])

        self._link.ask(
            "hover trail", lambda client: positions(client, store, (pixel,), scope), come, self._refused
        )

    def _ask_series(self, now: Session, store: Store, meant: Pixel) -> None:
        """For the read-out, and for the curves where there are any of this kind."""
        parts, kind = chosen_parts(store, now.series), now.series.kind
        curves = KINDS[kind].glance and self._series.isVisible() and bool(self._series.plot.curves)
        dims = max(int(part) for part in parts) if curves and kind == "embedding" else 1
        subject = Subject("", "", ((meant.row, meant.column),))

        def come(told: Series) -> None:
            if now.look.layer not in ACQUIRED:  # embeddings are filled in, acquisitions aren't
                self._tell("quality", told_quality(told, now.date))
            if curves:
                self.on_curves.show(curves_of(subject, told, kind, parts))

        self._link.ask(
            "hover series",
            lambda client: client.views.series(store.store, pixels=subject.pixels, dims=dims),
            come,
            self._refused,
        )

    def _ask_interval(self, now: Session, store: Store, meant: Pixel) -> None:
        """Of the probe that the map shows, where it says something of single days."""
        layer, date = now.look.layer, now.look.date or ""
        if not layer.startswith(LAYER) or "/" in date:
            return
        probe, pixel = layer.removeprefix(LAYER), (meant.row, meant.column)
        self._link.ask(
            "hover interval",
            lambda client: client.probes.series(store.store, probe, pixels=(pixel,)),
            lambda told: self._tell("interval", told_interval(told, now.date)),
            lambda _: None,
        )

    def _tell(self, name: str, fact: str) -> None:
        """In the read-out, the interval beside the value."""
        self._facts[name] = fact
        told = (self._facts.get("interval"), self._facts.get("quality"))
        self._map.set_facts(tuple(fact for fact in told if fact))

    @property
    def _in_plane(self) -> bool:
        """Whether there is a projection to be seen."""
        return self._projection.isVisible() and self._projection.plot.picture is not None

    def _scope(self, step: int) -> Scope:
        now = self._model.now
        assert now.time is not None
        axes = axes_of(now)
        return Scope(now.method, max(2, *axes), dates=(now.time,), step=step, axes=axes)

    def _refused(self, error: ServiceError) -> None:
        """A preview that can't be had is none; whoever asks for more hears why."""
        self._clear()

    def _drop(self) -> None:
        for channel in CHANNELS:
            self._link.drop(channel)

    def _clear(self) -> None:
        self.on_map.clear()
        self.on_plane.clear()
        self.on_curves.clear()
        self._map.set_facts(())

    def _changed(self, old: Session, new: Session) -> None:
        """What is previewed is of a date, a projection, a kind of curve."""
        if _seen(old) != _seen(new):
            self._shown = None
            self._drop()
            self._clear()
            self._soon()


def _seen(now: Session) -> tuple[object, ...]:
    return now.store, now.date, now.look, now.method, now.projection, now.series, now.beside, now.compare
