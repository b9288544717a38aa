"""Labels → the class of each pixel that they lie on."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPolygonF

from .selection import Corners
from .session import Label

Codes = npt.NDArray[np.uint8]


def label_codes(labels: Iterable[Label], shape: tuple[int, int], day: str | None = None) -> Codes:
    """[row, column]: class codes, 0 = no label; of labels that hold on a day (ISO), or of all.

    Where labels overlap, the later one holds. May be called in any thread."""
    rows, columns = shape
    image = QImage(columns, rows, QImage.Format.Format_Grayscale8)
    image.fill(0)
    held = [one for one in labels if day is None or holds(one, day)]
    painter = QPainter(image)
    painter.setPen(Qt.PenStyle.NoPen)
    for label in held:
        if len(label.corners) > 2:
            painter.setBrush(QColor(*(int(label.value),) * 3))
            painter.drawPath(_path((label.corners, *label.holes)))
    painter.end()
    lines = np.frombuffer(image.constBits(), np.uint8).reshape(rows, image.bytesPerLine())
    codes: Codes = lines[:, :columns].copy()
    for label in held:
        column, row = (floor(each) for each in label.corners[0])
        if len(label.corners) < 3 and 0 <= row < rows and 0 <= column < columns:
            codes[row, column] = int(label.value)
    return codes


def holds(label: Label, day: str) -> bool:
    """Whether a label is of a day."""
    return (label.start is None or label.start <= day) and (label.end is None or day <= label.end)


def _path(rings: Iterable[Corners]) -> QPainterPath:
    """What lies in an even number of rings is outside: holes."""
    path = QPainterPath()
    for ring in rings:
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in ring]))
        path.closeSubpath()
    return path
