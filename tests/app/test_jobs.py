"""The list of jobs, the line of the one that runs, and the engine's light."""

from datetime import datetime

import pytest
from phenolens.app.panels.jobs import JobLine, JobsPanel, time_left
from phenolens.engine.client.results import Job, Progress, Status
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QTableWidget

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
    table = panel.findChild(QTableWidget)
    return [table.item(number, column).text() for column in range(table.columnCount())]


def buttons(panel: JobsPanel) -> dict[str, bool]:
    return {button.text(): button.isEnabled() for button in panel.findChildren(QPushButton)}


def test_a_job_is_listed_in_words_and_by_the_clock_of_this_place(panel):
    panel.set_jobs([running(3_000), Job("2" * 16, "embed", "queued", params=EMBED)])
    here = datetime.fromisoformat("2024-11-21T22:40:05Z").astimezone()
    started = f"{here:%Y-%m-%d %H:%M}"
    assert row(panel, 0) == ["Computing embeddings: valley.zarr", "running", "25%", "50 min left", started]
    assert row(panel, 1)[1:] == ["waiting", "", "", ""]


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
        panel.findChild(QTableWidget).selectRow(number)
        offered.append({name for name, can in buttons(panel).items() if can} - {"Diagnostics report…"})
    assert offered == [
        {"Cancel"},
        {"Remove from history"},
        {"Resume", "Remove from history"},
        {"Resume", "Remove from history"},
    ]


def test_the_line_tells_of_the_jobs_behind_the_one_that_runs(qtbot):
    line = JobLine()
    qtbot.addWidget(line)
    line.show_job(running(600), more=2)
    assert "10 min left, then 2 more" in {label.text() for label in line.findChildren(QLabel)}
    line.show_job(running(), more=0)
    assert "" in {label.text() for label in line.findChildren(QLabel)}


def test_what_ended_a_job_stands_below_its_log(window, until):
    log = window.jobs_panel.findChild(QPlainTextEdit)
    assert log.toPlainText() == ""
    asked = {"sources": {"sample": "landscape"}, "dates": "1999-01-01", "out": "early.zarr"}
    over = []
    window.jobs.submit("embed", asked, over.append)
    until(lambda: bool(over))
    window.docks["Jobs"].show()
    window.jobs_panel.findChild(QTableWidget).selectRow(0)
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
