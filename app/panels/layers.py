"""Which layer the map shows, which one it is compared with, and how opaque it is."""

from __future__ import annotations

from dataclasses import dataclass, replace

from phenolens.engine.client.look import Look
from phenolens.engine.client.readings import Store
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from .elided import ElidedRadio

translate = QCoreApplication.translate  # by this name translators' tools find its texts

MOST_LETTERS = 36
"""Of a layer's name: a long one would take the map's room."""


@dataclass(frozen=True)
class Choice:
    """A layer by the name that users know it by."""

    name: str
    look: Look
    tip: str = ""


def choices_of(store: Store) -> tuple[Choice, ...]:
    """What can be shown of a store without further ado."""
    shown = [
        Choice(
            translate("LayersPanel", "Embedding, PCA colours"),
            Look("pca"),
            translate("LayersPanel", "Strongest directions as red, green, blue; alike on every date"),
        ),
        Choice(
            translate("LayersPanel", "Embedding, one dimension"),
            Look("dim", dim=1),
            translate("LayersPanel", "A single principal dimension"),
        ),
    ]
    if "s2" in store.modalities:
        shown += [
            Choice(
                translate("LayersPanel", "Sentinel-2, true colour"),
                Look("true-colour"),
                translate("LayersPanel", "The acquisition nearest to this date"),
            ),
            Choice(
                translate("LayersPanel", "Sentinel-2, false colour"),
                Look("false-colour"),
                translate("LayersPanel", "Near infrared, red, green"),
            ),
            Choice(
                translate("LayersPanel", "Sentinel-2, NDVI"),
                Look("ndvi"),
                translate("LayersPanel", "How green the acquisition nearest to this date saw it"),
            ),
        ]
    if "s1" in store.modalities:
        shown.append(
            Choice(
                "Sentinel-1",
                Look("s1"),
                translate("Layers", "VV, VH and their ratio, of the nearest acquisition"),
            )
        )
    shown.append(
        Choice(
            translate("LayersPanel", "Clusters"),
            Look("cluster", clusters=8),
            translate("LayersPanel", "k-means classes of the embeddings"),
        )
    )
    shown += [
        Choice(
            translate("LayersPanel", "Support, {}").format(sensor.upper()),
            Look("support", sensor=sensor),
            translate("LayersPanel", "Days to the nearest clear acquisition"),
        )
        for sensor in store.modalities
    ]
    return tuple(shown)


class LayersPanel(QWidget):
    """One layer on the map, and perhaps one beside it."""

    chosen = Signal(object)
    """`Look`"""
    compared = Signal(object)
    """`Look` or None."""
    opacity_changed = Signal(float)
    arranged = Signal(str)
    """`swipe` or `side`."""
    change_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("layers")
        self._choices: tuple[Choice, ...] = ()
        self._shown, self._beside = QButtonGroup(self), QButtonGroup(self)
        self._beside.setExclusive(False)
        self._shown.idClicked.connect(lambda number: self.chosen.emit(self._choices[number].look))
        self._beside.idClicked.connect(self._compare)
        self._list = QGridLayout()
        self._list.setColumnStretch(0, 1)
        self._list.setVerticalSpacing(0)
        self._list.setHorizontalSpacing(2)
        self._dim = QSpinBox(minimum=1, maximum=32, prefix=self.tr("dimension "))
        self._dim.setAccessibleName(self.tr("Dimension"))
        self._dim.valueChanged.connect(self._choose_dim)
        self._clusters = QSpinBox(minimum=2, maximum=30, value=8, suffix=self.tr(" clusters"))
        self._clusters.setAccessibleName(self.tr("Number of clusters"))
        self._clusters.editingFinished.connect(self._choose_clusters)
        self._clustered = self._clusters.value()
        """How many there are on the map."""
        self._side = QCheckBox(self.tr("Compare side by side"))
        self._side.setToolTip(
            self.tr("The layer that is compared with (◨) in a map of its own, instead of a swipe handle")
        )
        self._side.toggled.connect(lambda side: self.arranged.emit("side" if side else "swipe"))
        self._side.hide()
        self._empty = QLabel(
            self.tr("Open a sample or compute embeddings: their layers appear here."), wordWrap=True
        )
        self._empty.setProperty("faint", True)
        self._lay_out()

    def _lay_out(self) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(8, 6, 5, 6)
        column.setSpacing(4)
        column.addWidget(self._empty)
        column.addLayout(self._list)
        self._change = QPushButton(self.tr("Find what changed…"))
        self._change.setToolTip(self.tr("Between two dates or periods, or when it broke: becomes a layer"))
        self._change.clicked.connect(lambda _=False: self.change_wanted.emit())
        self._change.hide()
        options = QHBoxLayout()
        options.addWidget(self._dim)
        options.addWidget(self._clusters)
        column.addLayout(options)
        column.addLayout(self._opacity_row())
        column.addWidget(self._side)
        column.addWidget(self._change)
        column.addStretch(1)
        scroll = QScrollArea(widgetResizable=True, frameShape=QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        self._scroll, self._inner = scroll, inner
        inner.installEventFilter(self)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)
        self._dim.hide()
        self._clusters.hide()

    def _opacity_row(self) -> QHBoxLayout:
        self._opacity = QSlider(Qt.Orientation.Horizontal, minimum=0, maximum=100, value=100)
        self._opacity.setAccessibleName(self.tr("Opacity of the layer"))
        self._opacity.valueChanged.connect(lambda value: self.opacity_changed.emit(value / 100))
        row = QHBoxLayout()
        row.addWidget(QLabel(self.tr("Opacity")))
        row.addWidget(self._opacity)
        return row

    @property
    def choices(self) -> tuple[Choice, ...]:
        return self._choices

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """What the layers need is known once they are laid out: nothing is cut off at the right."""
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Show, QEvent.Type.Resize):
            bar = self._scroll.verticalScrollBar().sizeHint().width()
            self._scroll.setMinimumWidth(self._inner.minimumSizeHint().width() + bar)
        return False

    def set_choices(self, choices: tuple[Choice, ...], dims: int) -> None:
        """What there is to be seen."""
        same = [choice.name for choice in choices] == [choice.name for choice in self._choices]
        self._choices = choices
        self._dim.setMaximum(max(1, dims))
        self._empty.setVisible(not choices)
        self._change.setVisible(bool(choices))
        if same:
            return  # their buttons keep the focus
        for group in (self._shown, self._beside):
            for button in group.buttons():
                group.removeButton(button)
                button.deleteLater()
        for number, choice in enumerate(choices):
            self._add(number, choice)

    def set_shown(self, look: Look, beside: Look | None, compare: str = "swipe") -> None:
        """What the map shows now."""
        for number, choice in enumerate(self._choices):
            self._shown.button(number).setChecked(_same(choice.look, look))
            self._beside.button(number).setChecked(beside is not None and _same(choice.look, beside))
        self._side.setVisible(beside is not None)
        self._side.setChecked(compare == "side")
        self._dim.setVisible(look.layer == "dim")
        self._clusters.setVisible(look.layer == "cluster")
        self._clustered = look.clusters or self._clusters.value()
        for spin, value in ((self._dim, look.dim), (self._clusters, look.clusters)):
            if value is not None:
                spin.blockSignals(True)
                spin.setValue(value)
                spin.blockSignals(False)

    def pick(self, number: int) -> None:
        """The n-th layer, from 0; nothing where there is none."""
        if 0 <= number < len(self._choices):
            self.chosen.emit(self._choices[number].look)

    def _add(self, number: int, choice: Choice) -> None:
        long = len(choice.name) > MOST_LETTERS
        shown = ElidedRadio(f"{choice.name[: MOST_LETTERS - 1]}…" if long else choice.name)
        shown.setToolTip(f"{choice.name}\n{choice.tip}".strip() if long else choice.tip)
        shown.setAccessibleName(choice.name)
        beside = QToolButton(text="◨", checkable=True, autoRaise=True)
        beside.setProperty("compact", True)
        beside.setToolTip(self.tr("Compare with: {} (swipe)").format(choice.name))
        beside.setAccessibleName(self.tr("Compare with {}").format(choice.name))
        self._shown.addButton(shown, number)
        self._beside.addButton(beside, number)
        self._list.addWidget(shown, number, 0)
        self._list.addWidget(beside, number, 1)

    def _compare(self, number: int) -> None:
        checked = self._beside.button(number).isChecked()
        self.compared.emit(self._choices[number].look if checked else None)

    def _choose_dim(self, dim: int) -> None:
        self.chosen.emit(Look("dim", dim=dim))

    def _choose_clusters(self) -> None:
        """Also told when the box loses the focus, as it does when another layer hides it."""
        if self._clusters.value() != self._clustered:
            self.chosen.emit(Look("cluster", clusters=self._clusters.value()))


def _same(one: Look, other: Look) -> bool:
    """The same row: a dimension's number and the like are chosen beside it."""
    first, second = (replace(look, date=None, dim=None, clusters=None) for look in (one, other))
    return first == second
