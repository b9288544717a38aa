"""Pixels in the plane of a projection, counted; a lasso or rectangle drawn there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainterPath
from PySide6.QtWidgets import QGraphicsPathItem

from ..colouring import Bytes
from ..texts import QT_TRANSLATE_NOOP
from ..theme import Theme
from .map_shapes import cosmetic_pen, path_of
from .value_axis import NumberAxis

MOST_CORNERS = 400
"""Of a lasso: more than a hand draws on purpose."""
OWN_FIT = QT_TRANSLATE_NOOP(
    "ProjectionPlot", "Fitted for the projection alone: the components that colour the map are others"
)
Corners = tuple[tuple[float, float], ...]


class PlaneBox(pg.ViewBox):
    """Dragging draws; the wheel zooms, the right or middle button pans."""

    drawing = Signal(object)
    drawn = Signal(object)
    emptied = Signal()
    """A click without a drag."""

    def __init__(self) -> None:
        super().__init__(enableMenu=False, defaultPadding=0)
        self.rectangle = False
        self._corners: list[tuple[float, float]] = []

    def mouseDragEvent(self, event: object, axis: int | None = None) -> None:  # noqa: N802 - pyqtgraph's name
        if event.button() != Qt.MouseButton.LeftButton or axis is not None:  # type: ignore[attr-defined]
            self._pan(event)
            return
        event.accept()  # type: ignore[attr-defined]
        if event.isStart():  # type: ignore[attr-defined]
            self._corners = [self._at(event.buttonDownScenePos())]  # type: ignore[attr-defined]
        self._corners.append(self._at(event.scenePos()))  # type: ignore[attr-defined]
        outline = self._outline()
        if not event.isFinish():  # type: ignore[attr-defined]
            self.drawing.emit(outline)
        elif len(outline) > 2:
            self.drawn.emit(outline)

    def mouseClickEvent(self, event: object) -> None:  # noqa: N802 - pyqtgraph's name
        if event.button() == Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            event.accept()  # type: ignore[attr-defined]
            self.emptied.emit()

    def _pan(self, event: object) -> None:
        event.accept()  # type: ignore[attr-defined]
        moved = self._at(event.lastScenePos())  # type: ignore[attr-defined]
        now = self._at(event.scenePos())  # type: ignore[attr-defined]
        self.translateBy(x=moved[0] - now[0], y=moved[1] - now[1])

    def _outline(self) -> Corners:
        if not self.rectangle:
            every = max(1, -(-len(self._corners) // MOST_CORNERS))
            return tuple(self._corners[::every])
        (left, bottom), (right, top) = self._corners[0], self._corners[-1]
        if left == right or bottom == top:
            return ()
        return (left, bottom), (right, bottom), (right, top), (left, top)

    def _at(self, scene: QPointF) -> tuple[float, float]:
        place = self.mapSceneToView(scene)
        return place.x(), place.y()


class ProjectionPlot(pg.PlotWidget):
    """A picture along two components, what is selected in it, and the outline that was drawn."""

    drawn = Signal(object)
    """Corners (x, y)."""
    emptied = Signal()

    def __init__(self, theme: Theme) -> None:
        self.box = PlaneBox()
        super().__init__(viewBox=self.box, axisItems={side: NumberAxis(side) for side in ("bottom", "left")})
        self.setAccessibleName(self.tr("Projection: drag to select pixels"))
        self.setBackground(theme.base)
        self.hideButtons()
        for axis in ("bottom", "left"):
            self.getAxis(axis).setPen(pg.mkPen(theme.line))
            self.getAxis(axis).setTextPen(pg.mkPen(theme.faint))
        self.getAxis("left").setWidth(52)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._picture, self._chosen = (pg.ImageItem(axisOrder="row-major") for _ in range(2))
        self._outline = QGraphicsPathItem()
        self._outline.setPen(cosmetic_pen(theme.selection, 2))
        fill = QColor(theme.selection)
        fill.setAlpha(24)
        self._outline.setBrush(fill)
        for z, item in enumerate((self._picture, self._chosen, self._outline)):
            item.setZValue(z)
            self.addItem(item, ignoreBounds=True)
        self._kept: Corners = ()
        self._extent: tuple[float, float, float, float] | None = None
        self.box.drawing.connect(self._draw)
        self.box.drawn.connect(self._finish)
        self.box.emptied.connect(self.emptied)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(280, 170)

    @property
    def picture(self) -> Bytes | None:
        """[y, x, 4], row 0 at the bottom."""
        image = self._picture.image
        return None if image is None or not self._picture.isVisible() else np.asarray(image)

    @property
    def chosen(self) -> Bytes | None:
        image = self._chosen.image
        return None if image is None or not self._chosen.isVisible() else np.asarray(image)

    def set_picture(
        self, rgba: Bytes | None, extent: tuple[float, float, float, float], axes: Sequence[str]
    ) -> None:
        """Row 0 at the bottom; left, right, bottom, top."""
        self._show(self._picture, rgba, extent)
        for axis in ("bottom", "left"):  # those of another picture would mean nothing
            self.showAxis(axis, rgba is not None)
        if rgba is None:
            return
        for axis, name in zip(("bottom", "left"), axes, strict=False):
            self.getAxis(axis).setLabel(_short(name))
            own = f"{name}\n{self.tr(OWN_FIT)}" if name.startswith("component") else name
            self.getAxis(axis).setToolTip(own)
        if extent != self._extent:
            self._extent = extent
            left, right, bottom, top = extent
            self.box.setRange(QRectF(left, bottom, right - left, top - bottom), padding=0.02)

    def set_chosen(self, rgba: Bytes | None, extent: tuple[float, float, float, float]) -> None:
        """Where the selected pixels are."""
        self._show(self._chosen, rgba, extent)

    def set_outline(self, corners: Corners) -> None:
        """The lasso that the selection is; none where it came about in another way."""
        self._kept = corners
        self._draw(corners)

    def fit(self) -> None:
        if self._extent is not None:
            left, right, bottom, top = self._extent
            self.box.setRange(QRectF(left, bottom, right - left, top - bottom), padding=0.02)

    def _show(
        self, image: pg.ImageItem, rgba: Bytes | None, extent: tuple[float, float, float, float]
    ) -> None:
        image.setVisible(rgba is not None)
        if rgba is not None:
            left, right, bottom, top = extent
            image.setImage(rgba, autoLevels=False, levels=None)
            image.setRect(QRectF(left, bottom, right - left, top - bottom))

    def _draw(self, corners: Corners) -> None:
        self._outline.setPath(path_of(corners) if len(corners) > 1 else QPainterPath())

    def _finish(self, corners: Corners) -> None:
        self._draw(corners)
        self.drawn.emit(corners)


def _short(axis: str) -> str:
    """`component 1 (28% of variance; whitened)` without what has no room at the smallest size."""
    return axis.replace(" of variance", "").replace("; whitened", "")
