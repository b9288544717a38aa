"""The map of a date: layers, selection, labels and places, with read-out, scale bar and legend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor
from typing import TypeVar

import pyqtgraph as pg
from phenolens.engine.client.readings import Store
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainterPath
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPathItem, QGraphicsRectItem, QVBoxLayout, QWidget

from ..colouring import Painted
from ..geography import Geography
from ..masks import Bits
from ..session import Label, LandClass, Place
from ..texts import QT_TRANSLATE_NOOP
from ..theme import Theme
from .map_box import MapBox
from .map_layers import SLOTS, MapLayers, Window
from .map_legend import WIDTH, Legends
from .map_marks import WorkMarks
from .map_offer import LEAST_SEEN, ClearOffer
from .map_overlays import ReadOut, ScaleBar
from .map_selection import SelectionItem
from .map_shapes import cosmetic_pen, path_of

SETTLED_MS = 120
NOTHING_CLEAR = QT_TRANSLATE_NOOP(
    "MapPanel", "Nothing clear was seen in the acquisition nearest to this date"
)
AROUND = 0.03
"""Of the area's length, left free around it."""
Item = TypeVar("Item", bound=QGraphicsItem)


@dataclass(frozen=True)
class View:
    """What of the area is in view, in pixels of the store, and how many of them share a point of the screen."""

    left: float
    top: float
    right: float
    bottom: float
    pixels_per_point: float


class MapPanel(QWidget):
    """Shows parts of layers where they lie; x is the column, y the row."""

    view_changed = Signal(object)
    """`View`, once it has settled."""
    clicked = Signal(float, float)
    """Column, row."""
    hovered = Signal(object)
    """(column, row), or None outside the area."""
    drawn = Signal(object)
    """Corners (column, row) of a polygon that was drawn with a tool."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("map")
        self.setAccessibleName(self.tr("Map"))
        self._theme = theme
        self._store: Store | None = None
        self._geography: Geography | None = None
        self._view = pg.GraphicsLayoutWidget()
        self._view.setBackground(theme.window)
        self._view.ci.layout.setContentsMargins(0, 0, 0, 0)
        self._view.ci.layout.setSpacing(2)
        self._box, self._side_box = MapBox(), MapBox()
        self._view.addItem(self._box, 0, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._view)
        self._make_items()
        self._read_out, self._legends = ReadOut(theme, self._view), Legends(theme, self._view)
        self._scale = ScaleBar(theme, self._view)
        self.offer = ClearOffer(self._view)
        self._settled = QTimer(self, singleShot=True, interval=SETTLED_MS)
        self._settled.timeout.connect(self._tell_view)
        self._fitted = False
        """Whether the whole area is in view and stays so when the panel gets another size."""
        self._box.sigRangeChanged.connect(self._moved)
        self._box.sigRangeChangedManually.connect(self._let_go)
        self._box.sigResized.connect(self._refit)
        for box in (self._box, self._side_box):
            box.picked.connect(self._pick)
            box.outlined.connect(self.drawn)
            box.outlining.connect(self._show_outline)
        self._side_box.setXLink(self._box)
        self._side_box.setYLink(self._box)
        self._view.scene().sigMouseMoved.connect(self._hover)
        self._under_mouse: tuple[float, float] | None = None
        self._facts: tuple[str, ...] = ()
        """Further ones of the pixel under the mouse."""

    def _make_items(self) -> None:
        self.layers = MapLayers(self._box, self._side_box, self._theme)
        self._selected = [SelectionItem(box, self._theme) for box in (self._box, self._side_box)]
        self._edges = [QGraphicsRectItem() for _ in range(2)]
        for edge, box in zip(self._edges, (self._box, self._side_box), strict=True):
            edge.setPen(cosmetic_pen(self._theme.line, 1))
            box.addItem(edge, ignoreBounds=True)
        self.marks = WorkMarks((self._box, self._side_box))
        self._outline = QGraphicsPathItem()
        self._outline.setPen(cosmetic_pen(self._theme.selection, 2))
        self._outline.setZValue(40)
        self._box.addItem(self._outline, ignoreBounds=True)

    @property
    def shown(self) -> dict[str, tuple[Painted, Window]]:
        """What is drawn: colours and window (row, column, height, width) by slot."""
        return self.layers.painted

    @property
    def told(self) -> str:
        """What the read-out says."""
        return self._read_out.text

    def set_facts(self, facts: tuple[str, ...]) -> None:
        """What the read-out says of the pixel under the mouse beside its values, until the mouse is on another one."""
        self._facts = facts
        self._tell()

    def set_store(self, store: Store | None) -> None:
        """Another area: nothing of the one before is left."""
        self._store, self._under_mouse = store, None
        for slot in SLOTS:
            self.clear(slot)
        self.set_selected(None)
        self._geography = Geography(store.grid) if store else None
        self._scale.metres_per_pixel = abs(store.grid.transform[0]) if store else 0.0
        if store is not None and self._geography is not None:
            rows, columns = store.grid.shape
            self._scale.north = self._geography.north(columns / 2, rows / 2)
            for edge in self._edges:
                edge.setRect(QRectF(0, 0, columns, rows))
            self.layers.set_area(rows, columns)
            self.marks.set_area(rows, columns)
            self._box.setLimits(
                xMin=-4 * columns, xMax=5 * columns, yMin=-rows, yMax=2 * rows, minXRange=4, minYRange=4
            )
            self.fit()

    def fit(self) -> None:
        """All of the area in view."""
        if self._store is not None:
            rows, columns = self._store.grid.shape
            self._fitted = True
            self._box.setRange(self._whole(rows, columns), padding=0)

    def _refit(self) -> None:
        if self._fitted:
            self.fit()

    def _let_go(self) -> None:
        """The user has moved the map."""
        self._fitted = False

    def _whole(self, rows: int, columns: int) -> QRectF:
        """The area and what is around it: room on the right, where there is any, so that no legend covers it."""
        edge = AROUND * max(rows, columns)
        high = rows + 2 * edge
        wide = high * self._box.width() / max(1.0, self._box.height())
        spare = wide - columns - 2 * edge
        if self.aside or spare <= 0:
            return QRectF(-edge, -edge, columns + 2 * edge, high)
        legend = WIDTH * high / max(1.0, self._box.height())
        right = max(spare / 2, min(spare, legend))
        return QRectF(right - spare - edge, -edge, wide, high)

    def zoom(self, factor: float) -> None:
        """Above 1: closer."""
        self._fitted = False
        self._box.scaleBy((1 / factor, 1 / factor))

    def centre_on(self, column: float, row: float) -> None:
        (left, right), (top, bottom) = self._box.viewRange()
        half_x, half_y = (right - left) / 2, (bottom - top) / 2
        self._fitted = False
        self._box.setRange(QRectF(column - half_x, row - half_y, 2 * half_x, 2 * half_y), padding=0)

    def show_part(self, slot: str, painted: Painted, window: Window) -> None:
        """Colours of a window (row, column, height, width)."""
        self.layers.show(slot, painted, window)
        self._legends.show_legend(slot, painted.legend)
        if not slot.endswith("detail"):
            self.say(slot, "" if painted.seen else self.tr(NOTHING_CLEAR))
            self.offer.set_blank(slot, painted.seen < LEAST_SEEN)
        self._tell()

    def clear(self, slot: str) -> None:
        """Nothing is known of a part."""
        self.layers.hide(slot)
        if not slot.endswith("detail"):
            self._legends.show_legend(slot, None)
            self.offer.set_blank(slot, False)
        self._tell()

    def refuse(self, slot: str, why: str) -> None:
        """A part can't be drawn."""
        self.clear(slot)
        self.say(slot, why)
        if not slot.endswith("detail"):
            self.offer.set_refused(slot)

    def say(self, slot: str, text: str) -> None:
        """Why there is nothing to be seen; empty once there is."""
        if not slot.endswith("detail"):
            self._read_out.say(slot, text)

    def set_opacity(self, opacity: float) -> None:
        self.layers.set_opacity(opacity)

    def set_compare(self, how: str | None) -> None:
        """`swipe`: the second layer right of a handle; `side`: in a pane of its own; None: no second layer."""
        second = {slot: self.shown[slot] for slot in SLOTS[2:] if slot in self.shown}
        for slot in SLOTS[2:]:
            self.clear(slot)
        parted = (how == "side") != self.aside
        self.layers.compare = how
        if parted:
            self._show_side(self.aside)
        self._legends.set_aside(self.aside)
        self.offer.set_aside(self.aside)
        self.layers.place_handle()
        if how is not None:
            for slot, (painted, window) in second.items():
                self.show_part(slot, painted, window)

    def _show_side(self, shown: bool) -> None:
        whole = self._whole_in_view()
        if shown:
            self._view.addItem(self._side_box, 0, 1)
        else:
            self._view.removeItem(self._side_box)
        if whole:
            self._view.ci.layout.activate()
            self.fit()

    def _whole_in_view(self) -> bool:
        (left, right), (top, bottom) = self._box.viewRange()
        rows, columns = self._store.grid.shape if self._store else (0, 0)
        return left <= 0 and top <= 0 and right >= columns and bottom >= rows

    def set_selected(self, mask: Bits | None) -> None:
        """Outline and tint of the selected pixels, [row, column] of the store."""
        for item in self._selected:
            item.set_mask(mask)

    @property
    def selected(self) -> Bits | None:
        """[row, column], where a selection is shown."""
        return self._selected[0].mask

    def add_overlays(self, make: Callable[[], Item]) -> tuple[Item, Item]:
        """Something that lies over the layers, in their coordinates; once for each map that may lie side by side."""
        items = make(), make()
        for item, box in zip(items, (self._box, self._side_box), strict=True):
            box.addItem(item, ignoreBounds=True)
        return items

    @property
    def aside(self) -> bool:
        """Whether two maps lie side by side."""
        return self.layers.compare == "side"

    @property
    def pixels_per_point(self) -> float:
        """Pixels of the store along a point of the screen."""
        (left, right), _ = self._box.viewRange()
        return float((right - left) / max(1.0, self._box.width()))

    def set_labels(self, labels: Sequence[Label], classes: Sequence[LandClass]) -> None:
        """Points and polygons in the colours of their classes."""
        self.marks.set_labels(labels, classes)

    def set_places(self, places: Sequence[Place]) -> None:
        """What the series are of."""
        self.marks.set_places(places)

    def set_tool(self, tool: str) -> None:
        """`look`, `select` (a lasso), `point`, `polygon`."""
        for box in (self._box, self._side_box):
            box.set_tool(tool)
        cursor = Qt.CursorShape.ArrowCursor if tool == "look" else Qt.CursorShape.CrossCursor
        self._view.setCursor(cursor)

    def _moved(self) -> None:
        self._settled.start()
        self.layers.keep_handle()
        self._scale.set_scale(self.pixels_per_point)

    def _tell_view(self) -> None:
        (left, right), (top, bottom) = self._box.viewRange()
        points = max(1.0, self._box.width() * self.devicePixelRatioF())
        self.view_changed.emit(View(left, top, right, bottom, (right - left) / points))

    def _pick(self, column: float, row: float) -> None:
        if self._inside(column, row):
            self.clicked.emit(column, row)

    def _hover(self, position: QPointF) -> None:
        aside = self.aside and self._side_box.sceneBoundingRect().contains(position)
        place = (self._side_box if aside else self._box).mapSceneToView(position)
        column, row = place.x(), place.y()
        before, self._under_mouse = self._under_mouse, (column, row) if self._inside(column, row) else None
        if before is None or (floor(column), floor(row)) != (floor(before[0]), floor(before[1])):
            self._facts = ()
        self.hovered.emit(self._under_mouse)
        self._tell()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Nothing is under the mouse any more."""
        self._under_mouse = None
        self.hovered.emit(None)
        self._tell()
        super().leaveEvent(event)

    def _tell(self) -> None:
        self._read_out.tell(self._told(*self._under_mouse) if self._under_mouse else "")

    def _told(self, column: float, row: float) -> str:
        assert self._geography is not None
        parts = [self._geography.told(column, row)]
        for slot in ("base", "beside"):
            value = self.layers.value_at(slot, column, row)
            if value:
                parts.append(value)
        return "   ".join((*parts, *self._facts))

    def _inside(self, column: float, row: float) -> bool:
        if self._store is None:
            return False
        rows, columns = self._store.grid.shape
        return 0 <= column < columns and 0 <= row < rows

    def _show_outline(self, corners: Sequence[tuple[float, float]]) -> None:
        self._outline.setPath(path_of(corners) if corners else QPainterPath())
