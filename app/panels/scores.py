"""What to expect of a probe: scores under every way of holding out, beside baselines, in words and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import inf

from phenolens.engine.client.readings import Probe
from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ..report import MEANINGS, METRICS, Report, Row, Score
from ..theme import Theme
from .confusion import ConfusionPanel
from .elided import NarrowCombo
from .message import tell
from .score_plots import CurvePlot, ScatterPlot, SitePlot
from .score_tables import ScoreTable
from .score_words import curve_told, described, errors_told, gap_told, held_out

translate = QCoreApplication.translate  # by this name translators' tools find its texts

EXPECT, WHERE, CURVE = range(3)
BELOW = 8
"""Points between a plot that is brought into view and the edge."""
SCATTER_HEIGHT = 250
"""Points: sites and their series are to be found below it."""


class ScoresPanel(QWidget):
    """Shows one probe of the workspace and its report."""

    probe_chosen = Signal(str)
    """Its file."""
    map_asked = Signal(str)
    report_asked = Signal()
    confused = Signal(str, str, str)
    """Scheme, reference, predicted."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("scores")
        self._report: Report | None = None
        self._brings = False
        """Whether a site was chosen whose series is to be in view."""
        self._make_head()
        self._make_expect()
        self._make_where(theme)
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        for content, name in (
            (self._expect, self.tr("Expect")),
            (self._where, self.tr("Classes")),
            (self._curve_page, self.tr("More data")),
        ):
            scroll = QScrollArea(widgetResizable=True, frameShape=QScrollArea.Shape.NoFrame)
            scroll.setWidget(content)
            self._tabs.addTab(scroll, name)
            if content is self._where:
                self._follow(scroll)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.addLayout(self._head)
        column.addWidget(self._said)
        column.addWidget(self._tabs, 1)
        self.set_probes(())

    @property
    def chosen(self) -> str:
        """The probe's file, or empty."""
        return str(self._probes.currentData() or "")

    def set_probes(self, probes: Sequence[Probe], chosen: str = "") -> None:
        """All of the workspace; those that can't be read say why."""
        wanted = chosen or self.chosen
        self._probes.blockSignals(True)
        self._probes.clear()
        for number, probe in enumerate(probes):
            mark = self.tr(" — can't be used") if probe.problem else ""
            self._probes.addItem(probe.probe.removesuffix(".probe") + mark, probe.probe)
            self._probes.setItemData(number, probe.problem or described(probe), Qt.ItemDataRole.ToolTipRole)
        self._probes.setCurrentIndex(max(0, self._probes.findData(wanted)) if probes else -1)
        self._probes.blockSignals(False)
        self._probes.setEnabled(bool(probes))
        if not probes:
            self.tell(self.tr("No probe yet: label places, then fit and validate one (step Probe)."))

    def choose(self, probe: str) -> None:
        """Its scores are another matter: `set_report`."""
        self._probes.setCurrentIndex(self._probes.findData(probe))

    def tell(self, text: str, warning: bool = False) -> None:
        """Why there are no scores, or that they are on their way."""
        tell(self._said, text, warning)
        self._said.setVisible(bool(text))

    def set_report(self, report: Report | None) -> None:
        """None: there is none (any more)."""
        self._brings = False
        self._report = report
        self._tabs.setVisible(report is not None)
        self._open.setEnabled(report is not None)
        if report is None:
            return
        self.tell("")
        self._lead.setText(report.lead)
        self._show_schemes(report)
        self._show_baselines(report)
        self._gap.setText(gap_told(report.gap(), METRICS[report.metric], report.question))
        self._scheme.clear()
        for scheme in report.schemes:
            self._scheme.addItem(f"{held_out(scheme.name)}: {scheme.question}", scheme.name)
        self._scheme.setCurrentIndex(self._scheme.findData(report.honest))
        self._show_where()
        self._curve.set_points(report.learning_curve, report.metric)
        self._curve_said.setText(curve_told(report.learning_curve, METRICS[report.metric]))
        self._made_up.setVisible(report.origin == "simulated")
        self._tabs.setTabText(WHERE, self._where_called(report))
        self._tabs.setTabVisible(CURVE, len(report.learning_curve) > 1)  # one point is no curve

    def _where_called(self, report: Report) -> str:
        if not report.regression:
            return self.tr("Classes")
        sites = any(detail.rows.get("site") for detail in report.detail.values())
        return self.tr("Sites") if sites else self.tr("Samples")

    def redraw(self) -> None:
        """In the colours of another theme."""
        if self._report is not None:
            self.set_report(self._report)

    def set_map(self, possible: bool) -> None:
        self._map.setEnabled(possible)

    def _make_head(self) -> None:
        self._probes = NarrowCombo()
        self._probes.setAccessibleName(self.tr("Probe"))
        # also where it is the one chosen before: while another is fitted its scores are out of sight
        self._probes.activated.connect(lambda _: self.probe_chosen.emit(self.chosen))
        self._map, self._open = QPushButton(self.tr("Show on map")), QPushButton(self.tr("Report"))
        self._map.setToolTip(self.tr("Draw this probe as a layer"))
        self._open.setToolTip(self.tr("Everything that was found, in the browser"))
        self._map.setEnabled(False)
        self._open.setEnabled(False)
        self._map.clicked.connect(lambda _=False: self.map_asked.emit(self.chosen))
        self._open.clicked.connect(lambda _=False: self.report_asked.emit())
        self._head = QHBoxLayout()
        self._head.addWidget(self._probes, 1)
        self._head.addWidget(self._map)
        self._head.addWidget(self._open)
        self._said = QLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignTop)
        self._said.setProperty("faint", True)

    def _make_expect(self) -> None:
        self._expect = QWidget()
        self._lead, self._gap = QLabel(wordWrap=True), QLabel(wordWrap=True)
        self._gap.setProperty("heading", True)
        self._note, self._absent = QLabel(wordWrap=True), QLabel(wordWrap=True)
        self._made_up = QLabel(
            self.tr("Simulated data: these scores say nothing about a real place."), wordWrap=True
        )
        self._made_up.setProperty("warning", True)
        for label in (self._note, self._absent):
            label.setProperty("faint", True)
        for label in (self._lead, self._gap):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._schemes, self._baselines = ScoreTable(), ScoreTable()
        self._schemes.setAccessibleName(self.tr("Scores by how samples were held out"))
        self._baselines.setAccessibleName(self.tr("Baselines"))
        self._beside = QLabel(wordWrap=True)
        column = QVBoxLayout(self._expect)
        column.setContentsMargins(0, 8, 0, 0)
        for widget in (
            self._made_up, self._gap, self._schemes, self._lead, self._note, self._beside, self._baselines,
            self._absent,
        ):  # fmt: skip
            column.addWidget(widget)
        column.addStretch(1)

    def _make_where(self, theme: Theme) -> None:
        self._where, self._curve_page = QWidget(), QWidget()
        self._scheme = NarrowCombo(10)
        self._scheme.setAccessibleName(self.tr("How samples were held out"))
        self._scheme.activated.connect(lambda _: self._show_where())
        self._confusion, self._scatter, self._sites = ConfusionPanel(theme), ScatterPlot(theme), ScoreTable()
        self._confusion.picked.connect(self._picked)
        self._scatter.setFixedHeight(SCATTER_HEIGHT)
        self._sites.setAccessibleName(self.tr("Scores of each site"))
        self._sites.cellClicked.connect(lambda row, _: self._show_site(row, chosen=True))
        self._errors = QLabel(wordWrap=True)
        self._errors.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._site_note, self._site_plot = QLabel(wordWrap=True), SitePlot(theme)
        self._site_note.setProperty("faint", True)
        self._site_key = QLabel(wordWrap=True)
        self._site_key.setTextFormat(Qt.TextFormat.RichText)
        self._site_key.setAccessibleName(self.tr("Key of the series"))
        column = QVBoxLayout(self._where)
        column.setContentsMargins(0, 8, 0, 0)
        for widget in (
            self._scheme, self._confusion, self._errors, self._scatter, self._site_note, self._sites, self._site_key,
            self._site_plot,
        ):  # fmt: skip
            column.addWidget(widget)
        column.addStretch(1)
        self._curve = CurvePlot(theme)
        self._curve_said = QLabel(wordWrap=True)
        self._curve_said.setProperty("faint", True)
        page = QVBoxLayout(self._curve_page)
        page.setContentsMargins(0, 8, 0, 0)
        page.addWidget(self._curve)
        page.addWidget(self._curve_said)
        page.addStretch(1)

    def _show_schemes(self, report: Report) -> None:
        name = METRICS[report.metric]
        rows = []
        for scheme in report.schemes:
            score = report.score(scheme.name)
            rows.append(
                (
                    held_out(scheme.name),
                    score.told,
                    score.interval,
                    f"{score.n:,}",
                )
            )
        self._schemes.fill((self.tr("held out"), name, "95 %", "n"), rows)
        self._schemes.tip(-1, 1, translate("Report", MEANINGS[report.metric]))
        self._schemes.tip(-1, 2, report.intervals)
        for row, scheme in enumerate(report.schemes):
            self._schemes.tip(
                row,
                0,
                self.tr("A score for {0}. {1}").format(scheme.question, "; ".join(scheme.notes)),
            )
            if scheme.name == report.honest:
                self._schemes.embolden(row, range(4))
        missing = "; ".join(f"{name}: {why}" for name, why in report.absent_schemes.items())
        self._note.setText(self.tr("Not tested: {0}.").format(missing) if missing else "")
        self._note.setVisible(bool(missing))

    def _show_baselines(self, report: Report) -> None:
        found = report.of(report.honest)
        self._beside.setText(self.tr("Beside baselines, for {0}:").format(report.question))
        found = sorted(found, key=lambda one: _best_first(one.scores[report.metric]))
        rows = [
            (one.method, one.scores[report.metric].told, one.scores[report.metric].interval) for one in found
        ]
        self._baselines.fill((self.tr("method"), METRICS[report.metric], "95 %"), rows)
        for row, one in enumerate(found):
            self._baselines.tip(row, 0, one.method)
            if not one.baseline:
                self._baselines.embolden(row, range(3))
        reasons: dict[str, list[str]] = {}
        for name, why in report.absent_baselines.items():
            reasons.setdefault(why, []).append(name)
        missing = "; ".join(f"{', '.join(names)} ({why})" for why, names in reasons.items())
        self._absent.setText(self.tr("No baseline for {0}.").format(missing) if missing else "")
        self._absent.setVisible(bool(missing))

    def _show_where(self) -> None:
        report, scheme = self._report, str(self._scheme.currentData())
        if report is None or scheme not in report.detail:
            return
        detail = report.detail[scheme]
        self._confusion.setVisible(detail.confusion is not None)
        self._scatter.setVisible(report.regression)
        self._errors.setVisible(report.regression)
        whole = next(one for one in report.of(scheme) if one.method == report.headline).scores
        if detail.confusion is not None:
            self._confusion.set_confusion(detail.confusion, detail.classes, whole)
        if report.regression:
            self._errors.setText(errors_told(whole, report.unit))
            self._scatter.set_samples([one for one in report.held if one.scheme == scheme], report)
        self._show_sites(report, detail.rows.get("site", ()))

    def _show_sites(self, report: Report, sites: Sequence[Row]) -> None:
        for widget in (self._site_note, self._sites, self._site_key, self._site_plot):
            widget.setVisible(bool(sites))
        if not sites:
            return
        unit = self.tr("RMSE and bias in {0}. ").format(report.unit) if report.unit else ""
        self._site_note.setText(unit + self.tr("Click a site to see its series."))
        rows = [
            (row.label, f"{row.n:,}", *(row.scores[name].told for name in ("r2", "rmse", "bias")))
            for row in sites
        ]
        self._sites.fill((self.tr("site"), "n", "R²", "RMSE", self.tr("bias")), rows)
        self._show_site(0)

    def _show_site(self, row: int, chosen: bool = False) -> None:
        """Its measurements, and what the probe that had not seen them said."""
        item, report = self._sites.item(row, 0), self._report
        if item is not None and report is not None:
            scheme, site = str(self._scheme.currentData()), item.text()
            held = [one for one in report.held if (one.scheme, one.site) == (scheme, site)]
            self._site_plot.set_samples(held, report)
            self._site_key.setText(f"<b>{escape(site)}</b> &nbsp; {self._site_plot.key}")
            if chosen:
                self._brings = True
                self._bring()

    def _follow(self, around: QScrollArea) -> None:
        """The site that was chosen stays in view while its page settles, until the user scrolls."""
        bar = around.verticalScrollBar()
        bar.rangeChanged.connect(lambda *_: self._bring())
        bar.actionTriggered.connect(lambda _: self._let_go())

    def _let_go(self) -> None:
        self._brings = False

    def _bring(self) -> None:
        """The series into view, where the panel is low; of a view Qt would bring its cursor, which is in a corner."""
        around = self._tabs.widget(WHERE)
        if self._brings and isinstance(around, QScrollArea):
            below = self._site_plot.mapTo(self._where, self._site_plot.rect().bottomLeft())
            around.ensureVisible(below.x(), below.y(), 0, BELOW)

    def _picked(self, reference: str, predicted: str) -> None:
        self.confused.emit(str(self._scheme.currentData()), reference, predicted)


def _best_first(score: Score) -> float:
    """To sort by: those without a value come last."""
    return inf if score.value is None else -score.value
