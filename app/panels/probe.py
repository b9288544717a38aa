"""A probe in the making: what it learns from, what it sees, which model; preview, and the fit for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ..recipe import Recipe
from ..session import Session
from ..texts import QT_TRANSLATE_NOOP
from .day_span import DaySpan
from .elided import NarrowCombo
from .message import tell
from .probe_towers import ProbeTowers

translate = QCoreApplication.translate  # by this name translators' tools find its texts

SOURCES = (
    ("labels", QT_TRANSLATE_NOOP("ProbePanel", "labels of the map")),
    ("towers", QT_TRANSLATE_NOOP("ProbePanel", "flux towers (GPP)")),
)
FEATURES = (
    (
        "date",
        QT_TRANSLATE_NOOP("ProbePanel", "one day"),
        QT_TRANSLATE_NOOP(
            "ProbePanel", "The embedding of the label's day: for what can be told from a single date"
        ),
    ),
    (
        "period",
        QT_TRANSLATE_NOOP("ProbePanel", "a period, summed up"),
        QT_TRANSLATE_NOOP("ProbePanel", "Mean, 10th and 90th percentile over the period: land cover, crops"),
    ),
    (
        "season",
        QT_TRANSLATE_NOOP("ProbePanel", "a period, part by part"),
        QT_TRANSLATE_NOOP("ProbePanel", "Means of four parts of the period: what comes early or late in it"),
    ),
    (
        "window",
        QT_TRANSLATE_NOOP("ProbePanel", "the days before"),
        QT_TRANSLATE_NOOP(
            "ProbePanel", "The series of the days up to the label's: for GPP and what else follows growth"
        ),
    ),
)
ESTIMATORS = (
    (
        "linear",
        QT_TRANSLATE_NOOP("ProbePanel", "linear"),
        QT_TRANSLATE_NOOP(
            "ProbePanel", "Logistic or ridge regression: steady with few labels, and hard to fool"
        ),
    ),
    (
        "knn",
        QT_TRANSLATE_NOOP("ProbePanel", "nearest neighbours"),
        QT_TRANSLATE_NOOP(
            "ProbePanel", "Votes of the most similar labels: needs labels of every kind of place"
        ),
    ),
    (
        "forest",
        QT_TRANSLATE_NOOP("ProbePanel", "random forest"),
        QT_TRANSLATE_NOOP(
            "ProbePanel", "Many decision trees: bends with the data, wants some hundred labels"
        ),
    ),
    (
        "boosting",
        QT_TRANSLATE_NOOP("ProbePanel", "gradient boosting"),
        QT_TRANSLATE_NOOP(
            "ProbePanel", "Trees that mend each other's errors: strong with thousands of labels"
        ),
    ),
    (
        "mlp",
        QT_TRANSLATE_NOOP("ProbePanel", "small neural network"),
        QT_TRANSLATE_NOOP("ProbePanel", "One hidden layer: smooth and flexible, wants some hundred labels"),
    ),
    (
        "temporal",
        QT_TRANSLATE_NOOP("ProbePanel", "attention over the series"),
        QT_TRANSLATE_NOOP("ProbePanel", "For “the days before” and “part by part”; no live preview"),
    ),
)


def _choices(rows: tuple[tuple[str, ...], ...], name: str) -> NarrowCombo:
    box = NarrowCombo(10)
    for number, (value, text, *tip) in enumerate(rows):
        box.addItem(translate("ProbePanel", text), value)
        if tip:
            box.setItemData(number, translate("ProbePanel", tip[0]), Qt.ItemDataRole.ToolTipRole)
    box.setAccessibleName(name)
    return box


class ProbePanel(QWidget):
    """Shows the session's recipe, and what its preview or fit said."""

    recipe_chosen = Signal(object)
    """`Recipe`"""
    live_chosen = Signal(bool)
    fit_asked = Signal(str)
    """The probe's name, without suffix."""
    towers_asked = Signal()
    sites_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("probe")
        self._recipe = Recipe()
        self._taken: set[str] = set()
        self._ready, self._going = False, False
        self._make_choices()
        self._make_towers()
        self._make_doing()
        self._lay_out()
        self._show()

    def set_session(self, now: Session) -> None:
        self.setEnabled(now.store is not None)
        self._recipe = now.recipe
        self._live.setChecked(now.live)
        if now.store is not None:
            self._dims.setMaximum(now.store.dims)
        self._show()

    def tell(self, text: str, warning: bool = False) -> None:
        """What the preview says of itself, or why there is none."""
        tell(self._said, text, warning)

    def set_ready(self, ready: bool, why: str = "") -> None:
        """Whether there is enough to fit a probe on; `why` not."""
        self._ready = ready
        self._fit.setEnabled(ready and not self._going)
        self._fit.setToolTip(
            why or self.tr("Writes the probe, judges it on places that it hasn't seen, and shows the scores")
        )

    def set_going(self, going: bool) -> None:
        """While one probe is fitted and judged, no other one is."""
        self._going = going
        self._fit.setEnabled(self._ready and not going)
        self._show_name()

    def set_busy(self, text: str, warning: bool = False) -> None:
        """While a fit goes on, and what it failed of; empty once it is over."""
        tell(self._fitting, text, warning)
        self._fitting.setVisible(bool(text))

    def set_taken(self, names: Sequence[str]) -> None:
        """Names of the probes that there are."""
        self._taken = set(names)
        self._show_name()

    def suggest(self, name: str) -> None:
        if not self._name.isModified():
            self._name.setText(name)

    def _show_name(self) -> None:
        taken = self.name in self._taken and not self._going  # the one that is just made
        self._replaced.setText(self.tr("{0}.probe is there already and will be replaced.").format(self.name))
        self._replaced.setVisible(taken)

    @property
    def name(self) -> str:
        return self._name.text().strip()

    def _make_choices(self) -> None:
        self._source = _choices(SOURCES, self.tr("What the probe learns from"))
        self._features = _choices(FEATURES, self.tr("What the probe sees"))
        self._estimator = _choices(ESTIMATORS, self.tr("Model"))
        self._period = DaySpan(self.tr("Period from"), self.tr("Period to"))
        self._period.changed.connect(self._choose)
        self._window = QSpinBox(minimum=10, maximum=730, suffix=self.tr(" days"))
        self._window.setAccessibleName(self.tr("Days of the window"))
        self._dims = QSpinBox(minimum=0, maximum=32, specialValueText=self.tr("all"))
        self._dims.setAccessibleName(self.tr("Leading dimensions"))
        self._dims.setToolTip(
            self.tr("Leading dimensions that are used: fewer are steadier where labels are few")
        )
        for box in (self._source, self._features, self._estimator):
            box.activated.connect(lambda _: self._choose())
        for spin in (self._window, self._dims):
            spin.editingFinished.connect(self._choose)
        self._features_note, self._estimator_note = QLabel(wordWrap=True), QLabel(wordWrap=True)
        for note in (self._features_note, self._estimator_note):
            note.setProperty("faint", True)

    def _make_towers(self) -> None:
        self._towers = ProbeTowers()
        self._towers.files_asked.connect(self.towers_asked)
        self._towers.sites_asked.connect(self.sites_asked)
        self._towers.radius_chosen.connect(self._choose)

    def _make_doing(self) -> None:
        self._live = QCheckBox(self.tr("Live preview on the map"))
        self._live.clicked.connect(self.live_chosen)
        self._said, self._fitting = QLabel(wordWrap=True), QLabel(wordWrap=True)
        for label in (self._said, self._fitting):
            label.setProperty("faint", True)
        self._fitting.hide()
        self._name = QLineEdit("probe")
        self._name.setAccessibleName(self.tr("Name of the probe"))
        self._name.setToolTip(self.tr("Of its file in the workspace; its report and labels are called alike"))
        self._replaced = QLabel(wordWrap=True)
        self._replaced.setProperty("faint", True)
        self._replaced.hide()
        self._name.textChanged.connect(lambda _: self._show_name())
        self._fit = QPushButton(self.tr("Fit and validate"))
        self._fit.setProperty("primary", True)
        self._fit.clicked.connect(lambda _=False: self.fit_asked.emit(self.name))

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.tr("Learns from"), self._source)
        form.addRow(self._towers)
        form.addRow(self.tr("Sees"), self._features)
        form.addRow(self._features_note)
        form.addRow(self.tr("Period"), self._period)
        form.addRow(self.tr("Length"), self._window)
        form.addRow(self.tr("Dimensions"), self._dims)
        form.addRow(self.tr("Model"), self._estimator)
        form.addRow(self._estimator_note)
        self._form = form
        column.addLayout(form)
        column.addSpacing(6)
        column.addWidget(self._live)
        column.addWidget(self._said)
        column.addSpacing(6)
        name = QHBoxLayout()
        name.addWidget(QLabel(self.tr("Name")))
        name.addWidget(self._name, 1)
        column.addLayout(name)
        column.addWidget(self._replaced)
        column.addWidget(self._fit)
        column.addWidget(self._fitting)
        column.addStretch(1)

    def _show(self) -> None:
        """The recipe, and only the choices that it has."""
        recipe = self._recipe
        for box, value in (
            (self._source, recipe.learns),
            (self._features, recipe.features),
            (self._estimator, recipe.estimator),
        ):
            box.setCurrentIndex(box.findData(value))
        self._features_note.setText(
            self.tr(next(tip for name, _, tip in FEATURES if name == recipe.features))
        )
        self._estimator_note.setText(
            self.tr(next(tip for name, _, tip in ESTIMATORS if name == recipe.estimator))
        )
        self._window.setValue(recipe.window_days)
        self._dims.setValue(recipe.dims or 0)
        self._period.set_days(recipe.start, recipe.end)
        self._towers.set_towers(recipe.towers)
        towers = recipe.learns == "towers"
        self._show_live(towers)
        self._form.setRowVisible(self._towers, towers)
        self._form.setRowVisible(self._period, recipe.spans)
        self._form.setRowVisible(self._window, recipe.features == "window")

    def _show_live(self, towers: bool) -> None:
        """Whether a preview is possible; else its tooltip says why not."""
        temporal = self._recipe.estimator == "temporal"
        why = self.tr("Fitted anew after each change of the labels")
        if temporal:
            why = self.tr("Attention over the series takes too long to be fitted after each change")
        if towers:
            why = self.tr("Only probes of labels have a preview: fit and validate this one")
        self._live.setEnabled(not towers and not temporal)
        self._live.setToolTip(why)

    def _choose(self) -> None:
        recipe = self._recipe
        start, end = self._period.days
        chosen = replace(
            recipe,
            learns=self._source.currentData(),
            features=self._features.currentData(),
            estimator=self._estimator.currentData(),
            dims=self._dims.value() or None,
            start=start,
            end=end,
            window_days=self._window.value(),
            towers=replace(recipe.towers, radius_m=self._towers.radius_m),
        )
        if chosen != recipe:
            self.recipe_chosen.emit(chosen)
