"""The list of jobs, the line of the one that runs, and the engine's light."""

from dataclasses import replace
from datetime import datetime

import pytest
from phenolens.app.panels.job_words import time_left
from phenolens.app.panels.jobs import JobLine, JobsPanel
from phenolens.engine.client.results import Job, JobList, Progress, Status
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QTableView

EMBED = {"out": "valley.zarr"}


@pytest.fixture
def panel(qtbot) -> JobsPanel:
    made = JobsPanel()
    qtbot.addWidget(made)
    return made


def running(eta_s: float | None = None) -> Job:
    progress = Progress("embed", 25, 100, eta_s)
    return Job("1" * 16, "embed", "running", params=EMBED, started="2024-11-21T22:40:05Z", progress=progress)


def row(panel: JobsPanel, number: int) -> list[str]:
    told = panel.findChild(QTableView).model()
    return [told.index(number, column).data() for column in range(told.columnCount())]


def buttons(panel: JobsPanel) -> dict[str, bool]:
    return {button.text(): button.isEnabled() for button in panel.findChildren(QPushButton)}


def test_a_job_is_listed_in_words_and_by_the_clock_of_this_place(panel):
    panel.set_jobs([running(3_000), Job("2" * 16, "embed", "queued", params=EMBED)])
    here = datetime.fromisoformat("2024-11-21T22:40:05Z").astimezone()
    started = f"{here:%Y-%m-%d %H:%M}"
    assert row(panel, 0) == ["Computing embeddings: valley.zarr", "running", "25%", "50 min left", started]
    assert row(panel, 1)[1:] == ["waiting", "", "", ""]


def test_what_is_chosen_stays_so_as_jobs_come_go_and_change_and_no_other_rows_are_touched(panel):
    old = [Job(f"{number}" * 16, "embed", "done", params=EMBED) for number in (9, 8, 7, 6)]
    table, told = panel.findChild(QTableView), []
    panel.set_jobs(old)
    table.selectRow(2)
    model = table.model()
    model.rowsInserted.connect(lambda _, first, last: told.append(("come", first, last)))
    model.rowsRemoved.connect(lambda _, first, last: told.append(("gone", first, last)))
    model.dataChanged.connect(lambda first, last: told.append(("changed", first.row(), last.row())))
    model.modelReset.connect(lambda: told.append("reset"))
    panel.chosen.connect(lambda _: told.append("chosen"))
    panel.set_jobs(list(old))
    assert told == []
    panel.set_jobs([running(3_000), *old])
    panel.set_jobs([running(600), *old])
    panel.set_jobs([running(600), *old[1:]])
    assert told == [("come", 0, 0), ("changed", 0, 0), ("gone", 1, 1)]
    assert panel.current == old[2]
    assert row(panel, 0)[3] == "10 min left"
    assert [row(panel, number)[1] for number in range(model.rowCount())] == ["running", *["done"] * 3]
    panel.set_jobs([Job("5" * 16, "export", "done")])  # of another folder
    assert panel.current is None
    assert model.rowCount() == 1


@pytest.mark.parametrize(
    ("seconds", "told"), [(None, ""), (12, "12 s left"), (600, "10 min left"), (9_000, "2.5 h left")]
)
def test_the_time_left_is_told_in_a_unit_of_its_size(seconds, told):
    assert time_left(running(seconds)) == told


def test_a_job_can_be_stopped_while_it_goes_on_and_taken_up_again_or_removed_after(panel):
    ended = [Job(state[0] * 16, "embed", state, params=EMBED) for state in ("done", "failed", "cancelled")]
    panel.set_jobs([running(), *ended])
    offered = []
    for number in range(4):
        panel.findChild(QTableView).selectRow(number)
        offered.append({name for name, can in buttons(panel).items() if can} - {"Diagnostics report…"})
    assert offered == [
        {"Cancel", "Pause"},
        {"Remove from history"},
        {"Resume", "Remove from history"},
        {"Run again", "Remove from history"},
    ]


def test_the_line_tells_of_the_jobs_behind_the_one_that_runs(qtbot):
    line = JobLine()
    qtbot.addWidget(line)
    line.show_job(running(600), more=2)
    assert "10 min left, then 2 more" in {label.text() for label in line.findChildren(QLabel)}
    line.show_job(running(), more=0)
    assert "" in {label.text() for label in line.findChildren(QLabel)}


def test_a_job_that_is_being_stopped_says_so_and_no_more_when_it_would_be_done(qtbot):
    line = JobLine()
    qtbot.addWidget(line)
    line.show_job(replace(running(600), cancelling=True))
    told = [label.text() for label in line.findChildren(QLabel)]
    assert told == ["▶ Computing embeddings: valley.zarr, stopping", ""]
    cancel = line.findChild(QPushButton)
    assert not cancel.isEnabled()
    assert "deletes what it has written" in cancel.toolTip()


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("embed", "valley.zarr is computed: File → Open store shows it."),
        ("export", "Exporting: valley.zarr: done"),
    ],
)
def test_a_job_that_nobody_waits_for_is_told_as_it_is_done(window, kind, told):
    job = replace(running(), kind=kind)
    window.jobs._listed(JobList((job,)))
    window.jobs._listed(JobList((replace(job, state="done"),)))
    assert window._message.text() == told


def test_who_takes_a_job_up_again_reads_no_more_of_what_ended_it(window, qtbot):
    window.say("Computing embeddings: valley.zarr: the worker process was killed from outside", True)
    window.jobs_panel.resumed.emit("1" * 16)
    assert window._message.text() == ""


def test_what_ended_a_job_stands_below_its_log(window, until):
    log = window.jobs_panel.findChild(QPlainTextEdit)
    assert log.toPlainText() == ""
    asked = {"sources": {"sample": "landscape"}, "dates": "1999-01-01", "out": "early.zarr"}
    over = []
    window.jobs.submit("embed", asked, over.append)
    until(lambda: bool(over))
    window.docks["Jobs"].show()
    window.jobs_panel.findChild(QTableView).selectRow(0)
    until(lambda: log.toPlainText() != "")
    cause = over[0].fault.cause
    assert f"{cause[0].upper()}{cause[1:]}" in log.toPlainText().splitlines()[-1]
    assert "Computing embeddings: early.zarr: " in window.findChild(QLabel, "message").text()
    next(b for b in window.jobs_panel.findChildren(QPushButton) if b.text() == "Remove from history").click()
    until(lambda: log.toPlainText() == "")


def test_the_light_says_what_the_engine_runs_on_before_in_and_after_a_job(window):
    def told(**jobs: int) -> str:
        window.link._checked(Status(1.0, jobs, 100.0))
        return window.engine_light.text()

    idle = told(running=0)
    device = idle.removeprefix("● engine: ready, on the ")
    assert device in ("CPU", "GPU")
    assert told(running=1) == f"◉ engine: 1 job, on the {device}"
    assert told(running=2, done=3) == f"◉ engine: 2 jobs, on the {device}"
    assert told(done=5) == idle
