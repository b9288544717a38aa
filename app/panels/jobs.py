"""Jobs of the engine: what runs, how far it is, what it said; stop it, take it up again."""

from __future__ import annotations

from collections.abc import Sequence

from phenolens.engine.client.results import Job
from PySide6.QtCore import QCoreApplication, QItemSelection, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ..texts import QT_TRANSLATE_NOOP
from .job_table import JobTable
from .job_words import is_paused, stage_of, time_left, title_of

GO_ON = ("embed", "train")
"""Kinds of jobs that go on from what they have finished; others begin anew."""
MEASURED = 40
"""Rows, from the first in view on, that the widths of columns are taken from: as many as a screen has room for."""


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
        self._cancel.setToolTip(QCoreApplication.translate("JobsPanel", _CANCELS))
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
        going = self.tr("stopping") if job.cancelling else stage_of(job)
        self._text.setText("▶ " + ", ".join(filter(None, (title_of(job), going))))
        self._bar.setRange(0, 1000 if progress and progress.total else 0)
        self._bar.setValue(int(1000 * progress.share) if progress else 0)
        behind = self.tr("then {} more").format(more) if more else ""
        self._left.setText(", ".join(filter(None, (time_left(job), behind))))
        self._cancel.setEnabled(not job.cancelling)


class JobsPanel(QWidget):
    """Newest first, with the log of the chosen one."""

    cancelled = Signal(str)
    paused = Signal(str)
    resumed = Signal(str)
    deleted = Signal(str)
    chosen = Signal(str)
    diagnosed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("jobs")
        self._model = JobTable(self)
        self._table = QTableView()
        self._table.setModel(self._model)
        self._table.setAccessibleName(self.tr("Jobs"))
        self._table.verticalHeader().hide()
        self._table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self._table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self._table.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
        self._table.setShowGrid(False)
        self._table.setWordWrap(False)
        self._table.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # results are told apart by their end
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setResizeContentsPrecision(MEASURED)
        header.setHighlightSections(False)  # bold titles take the room of the jobs' names
        self._table.verticalScrollBar().valueChanged.connect(lambda _: header.resizeSections())
        self._table.selectionModel().selectionChanged.connect(self._select)
        self._log = QPlainTextEdit(readOnly=True)
        self._log.setAccessibleName(self.tr("Log of the job"))
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self._table)
        split.addWidget(self._log)
        split.setSizes([750, 250])
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(split)
        layout.addLayout(self._buttons())
        self.set_jobs(())

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._cancel, self._resume = QPushButton(self.tr("Cancel")), QPushButton(self.tr("Resume"))
        self._pause = QPushButton(self.tr("Pause"))
        self._delete, self._diagnose = (
            QPushButton(self.tr("Remove from history")),
            QPushButton(self.tr("Diagnostics report…")),
        )
        self._cancel.setToolTip(self.tr(_CANCELS))
        self._pause.setToolTip(
            self.tr("Stops the job and keeps what it has finished, so that Resume goes on from there")
        )
        self._resume.setToolTip(
            self.tr("Goes on with what is finished of its result; a job that was cancelled begins anew")
        )
        self._delete.setToolTip(self.tr("Forgets the job and its log; its result stays"))
        for button, signal in (
            (self._cancel, self.cancelled),
            (self._pause, self.paused),
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
        chosen = self._table.selectionModel().selectedRows()
        return self._model.jobs[chosen[0].row()] if chosen else None

    def set_jobs(self, jobs: Sequence[Job]) -> None:
        self._log.setPlaceholderText(self.tr(_CHOOSE if jobs else _NONE))
        self._model.set_jobs(jobs)
        if self.current is None:
            self.set_log("")
        self._enable()

    def set_log(self, text: str) -> None:
        if text != self._log.toPlainText():
            self._log.setPlainText(text)
            self._log.verticalScrollBar().setValue(self._log.verticalScrollBar().maximum())

    def _select(self, chosen: QItemSelection) -> None:
        """Also told, of nothing, as rows come and go."""
        self._enable()
        if self.current is not None and not chosen.isEmpty():
            self.chosen.emit(self.current.id)

    def _enable(self) -> None:
        job = self.current
        going = job if job is not None and not job.ended and not job.cancelling else None
        self._cancel.setEnabled(going is not None)
        self._pause.setEnabled(going is not None and going.kind in GO_ON)
        self._resume.setEnabled(job is not None and job.ended and job.state != "done")
        gone = job is not None and job.state == "cancelled" and not is_paused(job)  # what it had written
        self._resume.setText(self.tr("Run again") if gone else self.tr("Resume"))
        self._delete.setEnabled(job is not None and job.ended)


_CANCELS = QT_TRANSLATE_NOOP("JobsPanel", "Stops the job and deletes what it has written so far")
_CHOOSE = QT_TRANSLATE_NOOP("JobsPanel", "Choose a job to see what it said.")
_NONE = QT_TRANSLATE_NOOP(
    "JobsPanel",
    "Nothing has been computed in this folder yet. What runs is listed here, with its progress and log.",
)
