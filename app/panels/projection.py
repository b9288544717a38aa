"""The projection: which one, of which dates, in which colours, and what is selected there."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..density_picture import ColourBar, Picture
from ..session import ProjectionChoice
from ..texts import QT_TRANSLATE_NOOP
from ..theme import Theme
from .class_key import ClassKey
from .elided import NarrowCombo
from .projection_plot import ProjectionPlot
from .umap_dialog import UmapDialog, UmapSettings

METHODS = (
    (
        "pca",
        QT_TRANSLATE_NOOP("ProjectionPanel", "PCA"),
        QT_TRANSLATE_NOOP("ProjectionPanel", "The two strongest directions of the embeddings, at once"),
    ),
    (
        "umap",
        QT_TRANSLATE_NOOP("ProjectionPanel", "UMAP"),
        QT_TRANSLATE_NOOP(
            "ProjectionPanel",
            "Neighbours stay neighbours, as far as a plane allows; it is fitted in the background",
        ),
    ),
)
COLOURS = (
    ("count", QT_TRANSLATE_NOOP("ProjectionPanel", "Number")),
    ("date", QT_TRANSLATE_NOOP("ProjectionPanel", "Date")),
    ("season", QT_TRANSLATE_NOOP("ProjectionPanel", "Season")),
    ("dimension", QT_TRANSLATE_NOOP("ProjectionPanel", "Dimension")),
    ("cluster", QT_TRANSLATE_NOOP("ProjectionPanel", "Clusters")),
    ("labels", QT_TRANSLATE_NOOP("ProjectionPanel", "Labels")),
    ("probe", QT_TRANSLATE_NOOP("ProjectionPanel", "Probe's classes")),
)
AXES = ((1, 2), (1, 3), (2, 3))
WAITING = QT_TRANSLATE_NOOP(
    "ProjectionPanel", "Open a store: its pixels appear here, those alike side by side."
)


class ProjectionPanel(QWidget):
    """Says what the user wants to see; shows what it is handed."""

    method_chosen = Signal(str)
    choice_changed = Signal(object)
    """`ProjectionChoice`"""
    drawn = Signal(object)
    """Corners (x, y) of a lasso or rectangle."""
    emptied = Signal()
    fit_wanted = Signal(object)
    """`UmapSettings`"""
    shown = Signal()
    replaced = Signal()
    """Another UMAP is shown: pixels lie elsewhere than before."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("projection")
        self._choice = ProjectionChoice()
        self.plot, self._bar, self._key = ProjectionPlot(theme), _Bar(theme), ClassKey()
        self.plot.drawn.connect(self.drawn)
        self.plot.emptied.connect(self.emptied)
        self._told = QLabel(self.tr(WAITING), wordWrap=True)
        self._told.setProperty("faint", True)
        self._told.setAccessibleName(self.tr("About the projection"))
        self._fit = QPushButton(self.tr("Fit a UMAP"))
        self._fit.setToolTip(
            self.tr(
                "Runs in the background for a minute or more; the status bar shows how far it is and can cancel it"
            )
        )
        self._fit.clicked.connect(lambda _=False: self.fit_wanted.emit(UmapSettings()))
        self._settings = QPushButton()
        self._settings.clicked.connect(lambda _=False: self._ask_settings())
        self._umap: UmapSettings | None = None
        fits = QHBoxLayout()
        fits.setSpacing(4)
        fits.addWidget(self._fit, 1)
        fits.addWidget(self._settings)
        column = QVBoxLayout(self)
        column.setContentsMargins(7, 4, 7, 4)
        column.setSpacing(4)
        column.addLayout(self._first_row())
        column.addLayout(self._second_row())
        column.addWidget(self.plot, 1)
        column.addWidget(self._bar)
        column.addWidget(self._key)
        column.addWidget(self._told)
        column.addLayout(fits)
        self.offer_fit(False)
        self.set_choice("pca", self._choice, 1)

    def _first_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        self._methods = QButtonGroup(self)
        for number, (method, name, tip) in enumerate(METHODS):
            button = _toggle(self.tr(name), self.tr(tip))
            button.clicked.connect(lambda _=False, method=method: self.method_chosen.emit(method))
            self._methods.addButton(button, number)
            row.addWidget(button)
        row.addSpacing(8)
        self._colours = NarrowCombo(6)
        self._colours.setAccessibleName(self.tr("Colour by"))
        self._colours.setToolTip(self.tr("What the colours say of the pixels of a bin"))
        for kind, name in COLOURS:
            self._colours.addItem(self.tr(name), kind)
        self._colours.activated.connect(lambda _: self._choose(colour=self._colours.currentData()))
        self._dim = QSpinBox(minimum=1, maximum=1)
        self._dim.setAccessibleName(self.tr("Dimension that colours"))
        self._dim.valueChanged.connect(lambda value: self._choose(dim=value))
        self._clusters = QSpinBox(minimum=2, maximum=30, value=8)
        self._clusters.setAccessibleName(self.tr("Number of clusters that colour"))
        self._clusters.setToolTip(self.tr("How many clusters; those of the layer of the same number"))
        self._clusters.setKeyboardTracking(False)  # each number is fitted once
        self._clusters.valueChanged.connect(lambda value: self._choose(clusters=value))
        row.addWidget(self._colours, 1)
        row.addWidget(self._dim)
        row.addWidget(self._clusters)
        return row

    def _second_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        self._shapes = QButtonGroup(self)
        for number, (name, tip) in enumerate(
            (
                (self.tr("Lasso"), self.tr("Drag around pixels to select them")),
                (self.tr("Box"), self.tr("Drag a rectangle to select pixels")),
            )
        ):
            button = _toggle(name, tip)
            button.clicked.connect(lambda _=False, n=number: self._take_shape(n == 1))
            button.setChecked(number == 0)
            self._shapes.addButton(button, number)
            row.addWidget(button)
        self._dates = NarrowCombo(5)
        self._dates.setAccessibleName(self.tr("Dates of the projection"))
        self._dates.setToolTip(
            self.tr("Pixels of all dates, or of the one on the map; a lasso selects among the same")
        )
        self._dates.addItem(self.tr("All dates"), True)
        self._dates.addItem(self.tr("This date"), False)
        self._dates.activated.connect(lambda _: self._choose(every_date=self._dates.currentData()))
        row.addWidget(self._dates, 1)
        self._axes = QComboBox()
        self._axes.setAccessibleName(self.tr("Axes of the projection"))
        self._axes.setToolTip(self.tr("Which components lie along x and y"))
        for x, y in AXES:
            self._axes.addItem(f"{x} × {y}", (x, y))
        self._axes.activated.connect(lambda number: self._choose(axes=AXES[number]))
        row.addWidget(self._axes)
        fit = QToolButton()
        fit.setText("⤢")
        fit.setToolTip(self.tr("All of it in view (the wheel zooms, the right button moves)"))
        fit.setAccessibleName(self.tr("All of the projection in view"))
        fit.setAutoRaise(True)
        fit.setProperty("compact", True)
        fit.clicked.connect(self.plot.fit)
        row.addWidget(fit)
        return row

    def set_choice(self, method: str, choice: ProjectionChoice, dims: int) -> None:
        self._choice = choice
        self._methods.button([one[0] for one in METHODS].index(method)).setChecked(True)
        self._colours.setCurrentIndex(self._colours.findData(choice.colour))
        self._dates.setCurrentIndex(self._dates.findData(choice.every_date))
        self._axes.setCurrentIndex(AXES.index(choice.axes))
        self._axes.setVisible(method == "pca")
        self._dim.setVisible(choice.colour == "dimension")
        self._dim.blockSignals(True)
        self._dim.setMaximum(dims)
        self._dim.setValue(choice.dim)
        self._dim.blockSignals(False)
        self._clusters.setVisible(choice.colour == "cluster")
        self._clusters.blockSignals(True)
        self._clusters.setValue(choice.clusters)
        self._clusters.blockSignals(False)

    def set_picture(self, picture: Picture | None) -> None:
        """None: there is nothing to be seen."""
        self._bar.set_bar(None if picture is None else picture.bar)
        self._key.set_classes(() if picture is None else picture.classes)
        if picture is None:
            self.plot.set_picture(None, (0, 1, 0, 1), ())
            self.plot.set_chosen(None, (0, 1, 0, 1))
        else:
            self.plot.set_picture(picture.rgba, picture.extent, picture.axes)

    def say(self, text: str, tip: str = "") -> None:
        """What the projection is worth, or why there is none."""
        self._told.setText(text or self.tr(WAITING))
        self._told.setToolTip(tip)

    @property
    def told(self) -> str:
        return self._told.text()

    def offer_fit(self, offered: bool, running: bool = False, umap: UmapSettings | None = None) -> None:
        """Whether a UMAP can be fitted; again, where there is one with settings `umap`."""
        self._umap = umap
        self._fit.setVisible(offered and umap is None)
        self._settings.setVisible(offered)
        self._settings.setText(self.tr("Settings…") if umap is None else self.tr("Fit again…"))
        self._settings.setToolTip(
            self.tr("Neighbours and minimum distance of the UMAP")
            if umap is None
            else self.tr("Fit the UMAP with other neighbours or another minimum distance")
        )
        for button in (self._fit, self._settings):
            button.setEnabled(not running)

    def showEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)  # type: ignore[arg-type]
        self.shown.emit()

    def _ask_settings(self) -> None:
        dialog = UmapDialog(self._umap or UmapSettings(), self._umap is not None, self)
        dialog.chosen.connect(self.fit_wanted)
        dialog.open()

    def _take_shape(self, rectangle: bool) -> None:
        self.plot.box.rectangle = rectangle

    def _choose(self, **changes: object) -> None:
        self.choice_changed.emit(ProjectionChoice(**{**vars(self._choice), **changes}))


class _Bar(QWidget):
    """Colours from low to high with what they stand for."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._shown: ColourBar | None = None
        self.setAccessibleName(self.tr("Colours of the projection"))
        self.setFixedHeight(2 * self.fontMetrics().height() + 6)

    def set_bar(self, bar: ColourBar | None) -> None:
        self._shown = bar
        self.setVisible(bar is not None)
        if bar is not None:
            self.setAccessibleDescription(self.tr("{}: {} to {}").format(bar.title, bar.low, bar.high))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        bar = self._shown
        if bar is None:
            return
        painter = QPainter(self)
        line = self.fontMetrics().height()
        colours = QRectF(52, 2, self.width() - 56, line - 4)
        gradient = QLinearGradient(colours.topLeft(), colours.topRight())
        for number, shade in enumerate(bar.shades):
            gradient.setColorAt(number / max(1, len(bar.shades) - 1), QColor(shade))
        painter.fillRect(colours, gradient)
        painter.setPen(QColor(self._theme.faint))
        under = QRectF(52, line, self.width() - 56, line + 2)
        painter.drawText(under, Qt.AlignmentFlag.AlignLeft, bar.low)
        painter.drawText(under, Qt.AlignmentFlag.AlignRight, bar.high)
        metrics = self.fontMetrics()
        between = under.adjusted(
            metrics.horizontalAdvance(bar.low) + 4, 0, -metrics.horizontalAdvance(bar.high) - 4, 0
        )
        title = metrics.elidedText(bar.title, Qt.TextElideMode.ElideRight, int(between.width()))
        painter.drawText(between, Qt.AlignmentFlag.AlignHCenter, title)
        painter.end()


def _toggle(name: str, tip: str) -> QPushButton:
    button = QPushButton(name)
    button.setCheckable(True)
    button.setToolTip(tip)
    return button
