"""What lies over the map and doesn't move with it: read-out, legend, scale bar."""

from __future__ import annotations

from phenolens.engine.client.readings import Legend, LegendClass, Scale
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from ..theme import Theme

MARGIN = 10
PADDING = 8
MOST_CLASSES = 12
BAR_LENGTH = 140
CHANNEL_COLOURS = ("#d43d3d", "#3fa34d", "#3d6fd4")  # red, green, blue


class _Overlay(QWidget):
    """Keeps to its corner of the map and lets the mouse through."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        parent.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Resize:
            self.place()
        return False

    def place(self) -> None:
        raise NotImplementedError

    def _background(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = QColor(self._theme.window)
        colour.setAlpha(225)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(QRectF(self.rect()), 5, 5)
        painter.setPen(QColor(self._theme.text))

    def _holder(self) -> QWidget:
        holder = self.parentWidget()
        assert holder is not None
        return holder


class ReadOut(_Overlay):
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
        width = QFontMetricsF(self.font()).horizontalAdvance(self.text) + 2 * PADDING
        height = self.fontMetrics().height() + PADDING
        holder = self._holder()
        self.setGeometry(
            MARGIN,
            holder.height() - height - MARGIN,
            int(min(width + 1, holder.width() - 2 * MARGIN)),
            height,
        )

    def _update(self) -> None:
        self.setVisible(bool(self.text))
        self.place()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        self._background(painter)
        text = self.fontMetrics().elidedText(self.text, Qt.TextElideMode.ElideRight, self.width() - PADDING)
        painter.drawText(self.rect().adjusted(PADDING, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)


class ScaleBar(_Overlay):
    """A round length at the lower right, and where north is (the grid's)."""

    metres_per_pixel = 0.0

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
        holder = self._holder()
        width, height = BAR_LENGTH + 2 * PADDING + 22, self.fontMetrics().height() + 18
        self.setGeometry(holder.width() - width - MARGIN, holder.height() - height - MARGIN, width, height)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        metres_per_point = self._pixels_per_point * self.metres_per_pixel
        if metres_per_point <= 0:
            return
        length = round_below(metres_per_point * BAR_LENGTH)
        painter = QPainter(self)
        self._background(painter)
        left, base = PADDING, self.height() - 9
        points = length / metres_per_point
        painter.drawLine(QPointF(left, base), QPointF(left + points, base))
        for x in (left, left + points):
            painter.drawLine(QPointF(x, base - 4), QPointF(x, base + 1))
        text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
        painter.drawText(QPointF(left, base - 7), text)
        x = self.width() - PADDING - 6
        painter.drawText(QRectF(x - 8, 2, 16, self.height() - 16), Qt.AlignmentFlag.AlignCenter, "N")
        painter.drawLine(QPointF(x, self.height() - 6), QPointF(x, self.height() - 16))
        painter.drawLine(QPointF(x, self.height() - 16), QPointF(x - 3, self.height() - 12))
        painter.drawLine(QPointF(x, self.height() - 16), QPointF(x + 3, self.height() - 12))


def round_below(length: float) -> float:
    """The largest of 1, 2, 5 × 10ⁿ that isn't longer."""
    size = 10.0 ** (len(f"{max(length, 1):.0f}") - 1)
    return max((step * size for step in (1, 2, 5) if step * size <= length), default=size)


class LegendBox(_Overlay):
    """What the colours mean, at the upper right: of the layer, and of the one beside it."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._legends: dict[str, Legend] = {}
        self.hide()

    def show_legend(self, slot: str, legend: Legend | None) -> None:
        slot = slot.split(maxsplit=1)[0]
        if self._legends.get(slot) == legend:
            return
        if legend is None:
            self._legends.pop(slot, None)
        else:
            self._legends[slot] = legend
        self.setVisible(bool(self._legends))
        self.place()
        self.update()

    def place(self) -> None:
        holder = self._holder()
        line = self.fontMetrics().height() + 3
        height = sum(self._lines(legend) * line for legend in self._legends.values())
        shown = self._legends.values()
        texts = [text for one in shown for text in (one.title, *one.channels)]
        texts += [each.name for one in shown for each in one.classes or ()]
        width = max((self.fontMetrics().horizontalAdvance(text) + 24 for text in texts), default=0)
        width = max(width, 170) + 2 * PADDING
        self.setGeometry(holder.width() - width - MARGIN, MARGIN, width, height + PADDING)

    def _lines(self, legend: Legend) -> int:
        if legend.classes is not None:
            return 1 + min(len(legend.classes), MOST_CLASSES)
        return 3 if legend.scale is not None else 1 + len(legend.channels)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        self._background(painter)
        line = self.fontMetrics().height() + 3
        y = PADDING / 2
        for legend in self._legends.values():
            painter.setPen(QColor(self._theme.text))
            self._text(painter, PADDING, y, legend.title)
            if legend.classes is not None:
                self._classes(painter, legend.classes[:MOST_CLASSES], y + line, line)
            elif legend.scale is not None:
                self._gradient(painter, legend.scale, y + line, line)
            else:
                self._channels(painter, legend.channels, y + line, line)
            y += self._lines(legend) * line

    def _channels(self, painter: QPainter, channels: tuple[str, ...], y: float, line: int) -> None:
        for number, (channel, colour) in enumerate(zip(channels, CHANNEL_COLOURS, strict=False)):
            painter.fillRect(QRectF(PADDING, y + number * line + 3, 12, line - 6), QColor(colour))
            painter.setPen(QColor(self._theme.faint))
            self._text(painter, PADDING + 20, y + number * line, channel)

    def _text(self, painter: QPainter, x: float, y: float, text: str) -> None:
        painter.drawText(QPointF(x, y + self.fontMetrics().ascent() + 1), text)

    def _classes(self, painter: QPainter, classes: tuple[LegendClass, ...], y: float, line: int) -> None:
        for number, one in enumerate(classes):
            top = y + number * line
            painter.fillRect(QRectF(PADDING, top + 3, 12, line - 6), QColor(one.colour))
            painter.setPen(QColor(self._theme.text))
            self._text(painter, PADDING + 20, top, one.name)

    def _gradient(self, painter: QPainter, scale: Scale, y: float, line: int) -> None:
        bar = QRectF(PADDING, y + 2, self.width() - 2 * PADDING, line - 6)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        last = max(1, len(scale.colours) - 1)
        for number in range(0, len(scale.colours), max(1, last // 32)):
            gradient.setColorAt(number / last, QColor(scale.colours[number]))
        painter.fillRect(bar, gradient)
        painter.setPen(QColor(self._theme.text))
        unit = "" if scale.unit in ("", "1") else f" {scale.unit}"
        self._text(painter, PADDING, y + line, f"{scale.low:.3g}")
        right = f"{scale.high:.3g}{unit}"
        self._text(
            painter, self.width() - PADDING - self.fontMetrics().horizontalAdvance(right), y + line, right
        )
