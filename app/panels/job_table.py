"""Jobs as the rows of a table."""

from __future__ import annotations

from collections.abc import Sequence

from phenolens.engine.client.results import Job
from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from ..texts import QT_TRANSLATE_NOOP
from .job_words import share_of, started_at, state_of, time_left, title_of

COLUMNS = (
    QT_TRANSLATE_NOOP("JobsPanel", "Job"),
    QT_TRANSLATE_NOOP("JobsPanel", "State"),
    QT_TRANSLATE_NOOP("JobsPanel", "Progress"),
    QT_TRANSLATE_NOOP("JobsPanel", "Time left"),
    QT_TRANSLATE_NOOP("JobsPanel", "Started"),
)
CELLS = (title_of, state_of, share_of, time_left, started_at)
TEXT, TIP = Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole

Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()


class JobTable(QAbstractTableModel):
    """Newest first. Tells a view of what has come, gone or changed alone: it asks for every cell of the others again,
    and a history of hundreds took seconds."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.jobs: list[Job] = []

    def set_jobs(self, jobs: Sequence[Job]) -> None:
        here, there = {job.id for job in self.jobs}, {job.id for job in jobs}
        kept = [job.id for job in self.jobs if job.id in there]
        if not kept or kept != [job.id for job in jobs if job.id in here]:  # of another folder
            self.beginResetModel()
            self.jobs = list(jobs)
            self.endResetModel()
            return
        for row in reversed(range(len(self.jobs))):
            if self.jobs[row].id not in there:
                self._remove(row)
        for row, job in enumerate(jobs):
            if job.id not in here:
                self._insert(row, job)
            elif job != self.jobs[row]:
                self.jobs[row] = job
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))

    def _remove(self, row: int) -> None:
        self.beginRemoveRows(NOWHERE, row, row)
        del self.jobs[row]
        self.endRemoveRows()

    def _insert(self, row: int, job: Job) -> None:
        self.beginInsertRows(NOWHERE, row, row)
        self.jobs.insert(row, job)
        self.endInsertRows()

    def rowCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(self.jobs)

    def columnCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> object:  # noqa: N802 - Qt's name
        if orientation == Qt.Orientation.Vertical or role != TEXT:
            return None
        return QCoreApplication.translate("JobsPanel", COLUMNS[section])

    def data(self, index: Index, role: int = TEXT) -> object:
        if role == TEXT or (role == TIP and index.column() == 0):  # whose cell may cut it off
            return CELLS[index.column()](self.jobs[index.row()])
        return None
