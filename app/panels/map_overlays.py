"""What lies over the map and doesn't move with it: read-out, scale bar; legends are beside this."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from ..theme import Theme

MARGIN = 10
PADDING = 8
BAR_LENGTH = 140
SCALE_WIDTH = BAR_LENGTH + 2 * PADDING + 22
WRAPPED = int(Qt.TextFlag.TextWordWrap)


class Overlay(QWidget):
    """Keeps to its corner of the map and lets the mouse through."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        parent.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Resize:
            self.place()
        return False

    def place(self) -> None:
        raise NotImplementedError

    def background(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = QColor(self.theme.window)
        colour.setAlpha(225)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(QRectF(self.rect()), 5, 5)
        painter.setPen(QColor(self.theme.text))

    def holder(self) -> QWidget:
        holder = self.parentWidget()
        assert holder is not None
        return holder


class ReadOut(Overlay):
    """Position and values under the mouse, at the lower left; or why there is nothing to be seen."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._told = ""
        self._said: dict[str, str] = {}
        self.hide()

    def tell(self, text: str) -> None:
        self._told = text
        self._update()

    def say(self, slot: str, text: str) -> None:
        """Of one layer."""
        self._said[slot] = text
        self._update()

    @property
    def text(self) -> str:
        return "   ".join(filter(None, (self._told, *self._said.values())))

    def place(self) -> None:
        """Left of the scale bar, in as many lines as that takes."""
        holder = self.holder()
        widest = max(160, holder.width() - SCALE_WIDTH - 3 * MARGIN - 2 * PADDING)
        needed = self.fontMetrics().boundingRect(QRect(0, 0, widest, 1000), WRAPPED, self.text)
        width, height = needed.width() + 2 * PADDING + 2, needed.height() + PADDING
        self.setGeometry(MARGIN, holder.height() - height - MARGIN, width, height)

    def _update(self) -> None:
        self.setVisible(bool(self.text))
        self.place()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        self.background(painter)
        painter.drawText(self.rect().adjusted(PADDING, PADDING // 2, 0, 0), WRAPPED, self.text)


class ScaleBar(Overlay):
    """A round length at the lower right, and where north is."""

    metres_per_pixel = 0.0
    north = 0.0
    """Degrees clockwise from up."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._pixels_per_point = 0.0
        self.hide()

    def set_scale(self, pixels_per_point: float) -> None:
        """Pixels of the store for each point of the screen."""
        self._pixels_per_point = pixels_per_point
        self.setVisible(self.metres_per_pixel > 0)
        self.place()
        self.update()

    def place(self) -> None:
        holder = self.holder()
        width, height = SCALE_WIDTH, self.fontMetrics().height() + 18
        self.setGeometry(holder.width() - width - MARGIN, holder.height() - height - MARGIN, width, height)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        metres_per_point = self._pixels_per_point * self.metres_per_pixel
        if metres_per_point <= 0:
            return
        length = round_below(metres_per_point * BAR_LENGTH)
        painter = QPainter(self)
        self.background(painter)
        left, base = PADDING, self.height() - 9
        points = length / metres_per_point
        painter.drawLine(QPointF(left, base), QPointF(left + points, base))
        for x in (left, left + points):
            painter.drawLine(QPointF(x, base - 4), QPointF(x, base + 1))
        text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
        painter.drawText(QPointF(left, base - 7), text)
        x = self.width() - PADDING - 6
        painter.drawText(QRectF(x - 8, 2, 16, self.height() - 16), Qt.AlignmentFlag.AlignCenter, "N")
        painter.translate(x, self.height() - 11)
        painter.rotate(self.north)
        for end, tip in (((0, 5), (0, -5)), ((-3, -1), (0, -5)), ((3, -1), (0, -5))):
            painter.drawLine(QPointF(*end), QPointF(*tip))


def round_below(length: float) -> float:
    """The largest of 1, 2, 5 × 10ⁿ that isn't longer."""
    size = 10.0 ** (len(f"{max(length, 1):.0f}") - 1)
    return max((step * size for step in (1, 2, 5) if step * size <= length), default=size)
