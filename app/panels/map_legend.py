"""What the colours of the map mean: a legend for the layer, and one for the layer that is compared with it."""

from __future__ import annotations

from collections.abc import Sequence

from phenolens.engine.client.readings import Legend, LegendClass, Scale
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from ..colouring import YEAR, told_year
from ..telling import numeral
from ..theme import Theme
from .map_overlays import MARGIN, PADDING, WRAPPED, Overlay

WIDTH, NARROW = 230, 170
"""Of a legend: at most, and of one with little to say. Longer titles take more lines."""
MOST_CLASSES = 12
MOST_NOTES = 1
"""Under the colours; exports have them all."""
SWATCH = 20
CHANNEL_COLOURS = ("#d43d3d", "#3fa34d", "#3d6fd4")  # red, green, blue


class Legends(QObject):
    """Below each other at the upper right; of maps side by side each over its own."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._holder, self._aside = parent, False
        self._boxes = {slot: LegendBox(theme, parent) for slot in ("base", "beside")}
        parent.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def show_legend(self, slot: str, legend: Legend | None) -> None:
        """Of a slot of the map; a detail has that of the whole."""
        if self._boxes[slot.split(maxsplit=1)[0]].set_legend(legend):
            self._place()

    def set_aside(self, aside: bool) -> None:
        """Whether the second layer has a map of its own."""
        self._aside = aside
        self._place()

    def _place(self) -> None:
        base, beside = self._boxes["base"], self._boxes["beside"]
        right = self._holder.width() - MARGIN
        base.fit_into(self._holder.width() // 2 - MARGIN if self._aside else right, MARGIN)
        below = MARGIN + base.height() + 2 if not base.isHidden() and not self._aside else MARGIN
        beside.fit_into(right, below)


class LegendBox(Overlay):
    """One legend: a title over classes, a scale, or the channels of a picture."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._legend: Legend | None = None
        self.hide()

    def set_legend(self, legend: Legend | None) -> bool:
        """Whether it is another one."""
        changed, self._legend = legend != self._legend, legend
        self.setVisible(legend is not None)
        self.update()
        return changed

    def place(self) -> None:
        """Whoever owns it does, since legends make room for each other."""

    def fit_into(self, right: int, top: int) -> None:
        legend = self._legend
        if legend is None:
            return
        metrics = self.fontMetrics()
        texts = [metrics.horizontalAdvance(text) + SWATCH for text in _rows(legend)]
        wanted = max([NARROW, metrics.horizontalAdvance(legend.title), *texts]) + 2 * PADDING
        width = min(wanted, WIDTH, max(NARROW, right - MARGIN))
        lines = 2 if legend.scale is not None and legend.classes is None else len(_rows(legend))
        height = self._height(legend.title, width) + lines * self._line + PADDING
        height += sum(self._height(note, width) for note in legend.notes[:MOST_NOTES])
        self.setGeometry(right - width, top, width, height)

    @property
    def _line(self) -> int:
        return self.fontMetrics().height() + 3

    def _height(self, text: str, width: int) -> int:
        room = QRect(0, 0, width - 2 * PADDING, 1000)
        return self.fontMetrics().boundingRect(room, WRAPPED, text).height() + 3

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        legend = self._legend
        if legend is None:
            return
        painter = QPainter(self)
        self.background(painter)
        title = self.rect().adjusted(PADDING, PADDING // 2, -PADDING, -PADDING // 2)
        painter.drawText(title, WRAPPED, legend.title)
        top = PADDING / 2 + self._height(legend.title, self.width())
        notes = "\n".join(legend.notes[:MOST_NOTES])
        painter.setPen(QColor(self.theme.warning))
        painter.drawText(title, WRAPPED | int(Qt.AlignmentFlag.AlignBottom), notes)
        if legend.classes is None and legend.scale is not None:
            self._gradient(painter, legend.scale, top)
            return
        colours = _colours(legend.classes) if legend.classes is not None else CHANNEL_COLOURS
        self._swatches(painter, _rows(legend), colours, top)

    def _swatches(self, painter: QPainter, rows: Sequence[str], colours: Sequence[str], top: float) -> None:
        room = self.width() - 2 * PADDING - SWATCH
        for number, text in enumerate(rows):
            y = top + number * self._line
            if number < len(colours):
                painter.fillRect(QRectF(PADDING, y + 2, 12, self._line - 6), QColor(colours[number]))
            painter.setPen(QColor(self.theme.text))
            short = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
            self._text(painter, PADDING + SWATCH, y, short)

    def _text(self, painter: QPainter, x: float, y: float, text: str) -> None:
        painter.drawText(QPointF(x, y + self.fontMetrics().ascent()), text)

    def _gradient(self, painter: QPainter, scale: Scale, y: float) -> None:
        bar = QRectF(PADDING, y + 1, self.width() - 2 * PADDING, self._line - 6)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        last = max(1, len(scale.colours) - 1)
        for number in range(0, len(scale.colours), max(1, last // 32)):
            gradient.setColorAt(number / last, QColor(scale.colours[number]))
        painter.fillRect(bar, gradient)
        painter.setPen(QColor(self.theme.text))
        unit = "" if scale.unit in ("", "1") else f" {scale.unit}"
        low, right = numeral(scale.low, ".3g"), numeral(scale.high, ".3g") + unit
        if scale.unit == YEAR:
            low, right = told_year(scale.low), told_year(scale.high)
        self._text(painter, PADDING, y + self._line, low)
        left = self.width() - PADDING - self.fontMetrics().horizontalAdvance(right)
        self._text(painter, left, y + self._line, right)


def _rows(legend: Legend) -> tuple[str, ...]:
    """Texts beside swatches; the last one may say how many there is no room for."""
    if legend.classes is None:
        return legend.channels
    names = tuple(one.name for one in legend.classes)
    if len(names) <= MOST_CLASSES:
        return names
    more = QCoreApplication.translate("LegendBox", "and {} more").format(len(names) - MOST_CLASSES + 1)
    return (*names[: MOST_CLASSES - 1], more)


def _colours(classes: Sequence[LegendClass]) -> tuple[str, ...]:
    shown = classes if len(classes) <= MOST_CLASSES else classes[: MOST_CLASSES - 1]
    return tuple(one.colour for one in shown)
