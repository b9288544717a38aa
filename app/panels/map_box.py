"""The part of the map that the mouse moves in: pans, zooms, and draws outlines with a tool."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal

CLOSE_PX = 8
"""So near to the first corner a click ends an outline, as on the area map."""


class MapBox(pg.ViewBox):
    """Pans and zooms; with a tool, drags and clicks outline a polygon instead."""

    picked = Signal(float, float)
    outlined = Signal(object)
    outlining = Signal(object)

    def __init__(self) -> None:
        super().__init__(lockAspect=True, invertY=True, enableMenu=False, defaultPadding=0)
        self.tool = "look"
        self._corners: list[tuple[float, float]] = []

    def set_tool(self, tool: str) -> None:
        """What was begun with another one is dropped."""
        self.tool, self._corners = tool, []
        self.outlining.emit(())

    def mouseDragEvent(self, event: object, axis: int | None = None) -> None:  # noqa: N802 - pyqtgraph's name
        left = event.button() == Qt.MouseButton.LeftButton  # type: ignore[attr-defined]
        if not left or self.tool in ("look", "point"):
            super().mouseDragEvent(event, axis)
            return
        event.accept()  # type: ignore[attr-defined]
        if event.isStart():  # type: ignore[attr-defined]
            self._corners = [self._at(event.buttonDownScenePos())]  # type: ignore[attr-defined]
        self._corners.append(self._at(event.scenePos()))  # type: ignore[attr-defined]
        if event.isFinish():  # type: ignore[attr-defined]
            self._finish()
        else:
            self.outlining.emit(tuple(self._corners))

    def mouseClickEvent(self, event: object) -> None:  # noqa: N802 - pyqtgraph's name
        if event.button() != Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            self._corners = []
            self.outlining.emit(())
            return
        event.accept()  # type: ignore[attr-defined]
        place = self._at(event.scenePos())  # type: ignore[attr-defined]
        if self.tool in ("look", "point"):
            self.picked.emit(*place)
        elif event.double() or self._closes(event.scenePos()):  # type: ignore[attr-defined]
            self._finish()
        else:
            self._corners.append(place)
            self.outlining.emit(tuple(self._corners))

    def _closes(self, scene: QPointF) -> bool:
        """A click on the first corner of three or more."""
        if len(self._corners) < 3:
            return False
        return (self.mapViewToScene(QPointF(*self._corners[0])) - scene).manhattanLength() <= CLOSE_PX

    def _at(self, scene: QPointF) -> tuple[float, float]:
        place = self.mapSceneToView(scene)
        return place.x(), place.y()

    def _finish(self) -> None:
        corners, self._corners = tuple(self._corners), []
        self.outlining.emit(())
        if len(corners) > 2:
            self.outlined.emit(corners)
