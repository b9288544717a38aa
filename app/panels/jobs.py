"""Jobs of the engine: what runs, how far it is, what it said; stop it, take it up again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from phenolens.engine.client.results import Job
from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..texts import QT_TRANSLATE_NOOP

translate = QCoreApplication.translate  # by this name translators' tools find its texts
TITLES = {
    "embed": QT_TRANSLATE_NOOP("JobsPanel", "Computing embeddings"),
    "view": QT_TRANSLATE_NOOP("JobsPanel", "Drawing maps"),
    "project": QT_TRANSLATE_NOOP("JobsPanel", "Fitting a projection"),
    "similarity": QT_TRANSLATE_NOOP("JobsPanel", "Searching for similar pixels"),
    "change": QT_TRANSLATE_NOOP("JobsPanel", "Looking for change"),
    "cluster": QT_TRANSLATE_NOOP("JobsPanel", "Clustering"),
    "probe-fit": QT_TRANSLATE_NOOP("JobsPanel", "Fitting a probe"),
    "probe-report": QT_TRANSLATE_NOOP("JobsPanel", "Validating a probe"),
    "probe-apply": QT_TRANSLATE_NOOP("JobsPanel", "Mapping with a probe"),
    "labels": QT_TRANSLATE_NOOP("JobsPanel", "Reading labels"),
    "area-sample": QT_TRANSLATE_NOOP("JobsPanel", "Drawing a sample"),
    "area-estimate": QT_TRANSLATE_NOOP("JobsPanel", "Estimating areas"),
    "export": QT_TRANSLATE_NOOP("JobsPanel", "Exporting"),
    "train": QT_TRANSLATE_NOOP("JobsPanel", "Training"),
}
STATES = {
    "queued": QT_TRANSLATE_NOOP("JobsPanel", "waiting"),
    "running": QT_TRANSLATE_NOOP("JobsPanel", "running"),
    "done": QT_TRANSLATE_NOOP("JobsPanel", "done"),
    "failed": QT_TRANSLATE_NOOP("JobsPanel", "failed"),
    "cancelled": QT_TRANSLATE_NOOP("JobsPanel", "cancelled"),
    "interrupted": QT_TRANSLATE_NOOP("JobsPanel", "interrupted"),
}
STAGES = {
    "embed": QT_TRANSLATE_NOOP("JobsPanel", "embed"),
    "fit": QT_TRANSLATE_NOOP("JobsPanel", "fit"),
    "validate": QT_TRANSLATE_NOOP("JobsPanel", "validate"),
    "calibrate": QT_TRANSLATE_NOOP("JobsPanel", "calibrate"),
    "hold out": QT_TRANSLATE_NOOP("JobsPanel", "hold out"),
    "apply": QT_TRANSLATE_NOOP("JobsPanel", "apply"),
    "sum": QT_TRANSLATE_NOOP("JobsPanel", "sum"),
    "project": QT_TRANSLATE_NOOP("JobsPanel", "project"),
    "compare": QT_TRANSLATE_NOOP("JobsPanel", "compare"),
    "breaks": QT_TRANSLATE_NOOP("JobsPanel", "breaks"),
    "count pixels": QT_TRANSLATE_NOOP("JobsPanel", "count pixels"),
    "write": QT_TRANSLATE_NOOP("JobsPanel", "write"),
    "draw": QT_TRANSLATE_NOOP("JobsPanel", "draw"),
}
MOST_COUNTED = 1000
"""Tiles, dates or files are told as such; of pixels a share says more."""
COLUMNS = (
    QT_TRANSLATE_NOOP("JobsPanel", "Job"),
    QT_TRANSLATE_NOOP("JobsPanel", "State"),
    QT_TRANSLATE_NOOP("JobsPanel", "Progress"),
    QT_TRANSLATE_NOOP("JobsPanel", "Time left"),
    QT_TRANSLATE_NOOP("JobsPanel", "Started"),
)


def title_of(job: Job) -> str:
    out = str(job.params.get("out", ""))
    return f"{translate('JobsPanel', TITLES.get(job.kind, job.kind))}{f': {out}' if out else ''}"


def time_left(job: Job) -> str:
    """`2 min left`, or nothing while it can't be told."""
    if job.state != "running" or job.progress is None or job.progress.eta_s is None:
        return ""
    seconds = job.progress.eta_s
    if seconds < 90:
        return translate("JobsPanel", "{:.0f} s left").format(seconds)
    if seconds < 5400:
        return translate("JobsPanel", "{:.0f} min left").format(seconds / 60)
    return translate("JobsPanel", "{:.1f} h left").format(seconds / 3600)


def stage_of(job: Job) -> str:
    """`report 3/8`, or `50 %` of what are too many to count; nothing before the first of them is known."""
    progress = job.progress
    if progress is None or not progress.total:
        return ""
    if progress.total > MOST_COUNTED:
        return f"{100 * progress.share:.0f} %"
    stage = translate("JobsPanel", STAGES.get(progress.stage, progress.stage))
    return f"{stage} {progress.done}/{progress.total}"


def state_of(job: Job) -> str:
    if job.cancelling and not job.ended:
        return translate("JobsPanel", "stopping")
    return translate("JobsPanel", STATES.get(job.state, job.state))


def started_at(job: Job) -> str:
    """By the clock of this place: the engine's is UTC."""
    if not job.started:
        return ""
    here = datetime.fromisoformat(job.started).astimezone()
    return f"{here:%H:%M}" if here.date() == datetime.now().astimezone().date() else f"{here:%Y-%m-%d %H:%M}"


class JobLine(QWidget):
    """The job that runs, in the status bar."""

    cancelled = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("job line")
        self._job: Job | None = None
        self._text, self._bar = QLabel(), QProgressBar(maximum=1000, textVisible=False)
        self._bar.setFixedWidth(140)
        self._bar.setFixedHeight(8)
        self._bar.setAccessibleName(self.tr("Progress of the job"))
        self._left = QLabel()
        self._left.setProperty("faint", True)
        self._cancel = QPushButton(self.tr("Cancel"))
        self._cancel.setAccessibleName(self.tr("Cancel the job"))
        self._cancel.clicked.connect(lambda: self._job and self.cancelled.emit(self._job.id))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 1, 6, 1)
        for widget in (self._text, self._bar, self._left, self._cancel):
            layout.addWidget(widget)
        self.show_job(None)

    def show_job(self, job: Job | None, more: int = 0) -> None:
        """With how many others wait behind it."""
        self._job = job
        self.setVisible(job is not None)
        if job is None:
            return
        progress = job.progress
        self._text.setText("▶ " + ", ".join(filter(None, (title_of(job), stage_of(job)))))
        self._bar.setRange(0, 1000 if progress and progress.total else 0)
        self._bar.setValue(int(1000 * progress.share) if progress else 0)
        behind = self.tr("then {} more").format(more) if more else ""
        self._left.setText(", ".join(filter(None, (time_left(job), behind))))
        self._cancel.setEnabled(not job.cancelling)


class JobsPanel(QWidget):
    """Newest first, with the log of the chosen one."""

    cancelled = Signal(str)
    resumed = Signal(str)
    deleted = Signal(str)
    chosen = Signal(str)
    diagnosed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("jobs")
        self._jobs: tuple[Job, ...] = ()
        self._table = QTableWidget(0, len(COLUMNS))
        self._table.setAccessibleName(self.tr("Jobs"))
        self._table.setHorizontalHeaderLabels([self.tr(name) for name in COLUMNS])
        self._table.verticalHeader().hide()
        self._table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self._table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self._table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self._table.setShowGrid(False)
        self._table.setWordWrap(False)
        self._table.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # results are told apart by their end
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._table.itemSelectionChanged.connect(self._select)
        self._log = QPlainTextEdit(readOnly=True)
        self._log.setAccessibleName(self.tr("Log of the job"))
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self._table)
        split.addWidget(self._log)
        split.setSizes([600, 300])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(split)
        layout.addLayout(self._buttons())
        self.set_jobs(())

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._cancel, self._resume = QPushButton(self.tr("Cancel")), QPushButton(self.tr("Resume"))
        self._delete, self._diagnose = (
            QPushButton(self.tr("Remove from history")),
            QPushButton(self.tr("Diagnostics report…")),
        )
        for button, signal in (
            (self._cancel, self.cancelled),
            (self._resume, self.resumed),
            (self._delete, self.deleted),
        ):
            button.clicked.connect(
                lambda _=False, signal=signal: self.current and signal.emit(self.current.id)
            )
            row.addWidget(button)
        row.addStretch(1)
        self._diagnose.clicked.connect(self.diagnosed)
        row.addWidget(self._diagnose)
        return row

    @property
    def current(self) -> Job | None:
        row = self._table.currentRow()
        return self._jobs[row] if 0 <= row < len(self._jobs) and self._table.selectedItems() else None

    def set_jobs(self, jobs: Sequence[Job]) -> None:
        kept = self.current.id if self.current else None
        self._jobs = tuple(jobs)
        self._log.setPlaceholderText(self.tr(_CHOOSE if jobs else _NONE))
        self._table.blockSignals(True)
        self._table.setRowCount(len(self._jobs))
        for row, job in enumerate(self._jobs):
            share = f"{job.progress.share:.0%}" if job.progress and job.progress.total else ""
            cells = (title_of(job), state_of(job), share, time_left(job), started_at(job))
            for column, text in enumerate(cells):
                item = self._table.item(row, column)
                if item is None:
                    item = QTableWidgetItem()
                    self._table.setItem(row, column, item)
                item.setText(text)
                item.setToolTip(text if column == 0 else "")
            if job.id == kept:
                self._table.selectRow(row)
        self._table.blockSignals(False)
        if self.current is None:
            self.set_log("")
        self._enable()

    def set_log(self, text: str) -> None:
        if text != self._log.toPlainText():
            self._log.setPlainText(text)
            self._log.verticalScrollBar().setValue(self._log.verticalScrollBar().maximum())

    def _select(self) -> None:
        self._enable()
        if self.current is not None:
            self.chosen.emit(self.current.id)

    def _enable(self) -> None:
        job = self.current
        self._cancel.setEnabled(job is not None and not job.ended and not job.cancelling)
        self._resume.setEnabled(job is not None and job.ended and job.state != "done")
        self._delete.setEnabled(job is not None and job.ended)


_CHOOSE = QT_TRANSLATE_NOOP("JobsPanel", "Choose a job to see what it said.")
_NONE = QT_TRANSLATE_NOOP(
    "JobsPanel",
    "Nothing has been computed in this folder yet. What runs is listed here, with its progress and log.",
)
