"""Jobs in words: what they do, how far they are, how long they still take."""

from __future__ import annotations

from datetime import datetime

from phenolens.engine.client.results import Job
from PySide6.QtCore import QCoreApplication

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
    "paused": QT_TRANSLATE_NOOP("JobsPanel", "paused"),
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


def title_of(job: Job) -> str:
    out = str(job.params.get("out", ""))
    return f"{translate('JobsPanel', TITLES.get(job.kind, job.kind))}{f': {out}' if out else ''}"


def done_told(job: Job) -> str:
    """That a job is done, and how its result is found."""
    if job.kind != "embed":
        return translate("JobsPanel", "{}: done").format(title_of(job))
    out = str(job.params.get("out", ""))
    return translate("JobsPanel", "{} is computed: File → Open store shows it.").format(out)


def time_left(job: Job) -> str:
    """`2 min left`, or nothing while it can't be told, or as it stops."""
    if job.state != "running" or job.cancelling or job.progress is None or job.progress.eta_s is None:
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


def share_of(job: Job) -> str:
    """`25%`, or nothing before it is known."""
    return f"{job.progress.share:.0%}" if job.progress and job.progress.total else ""


def state_of(job: Job) -> str:
    if job.cancelling and not job.ended:
        return translate("JobsPanel", "stopping")
    state = "paused" if is_paused(job) else job.state
    return translate("JobsPanel", STATES.get(state, state))


def is_paused(job: Job) -> bool:
    """Whether it stopped on demand, but what it has finished was kept."""
    return job.state == "cancelled" and job.keep_partial and job.started is not None


def started_at(job: Job) -> str:
    """By the clock of this place: the engine's is UTC."""
    if not job.started:
        return ""
    here = datetime.fromisoformat(job.started).astimezone()
    return f"{here:%H:%M}" if here.date() == datetime.now().astimezone().date() else f"{here:%Y-%m-%d %H:%M}"
