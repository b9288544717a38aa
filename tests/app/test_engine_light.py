"""The engine's light tells how much its GPU works while jobs run."""

from dataclasses import replace

import pytest
from phenolens.app.controllers.helping import HelpController
from phenolens.app.engine_link import _last_line
from phenolens.app.panels.diagnostics import DiagnosticsWindow
from phenolens.engine.client.errors import NotRunning, Timeout
from phenolens.engine.client.results import GpuUse, Status

GAVE_UP = NotRunning(
    "the service gave up while it started",
    value="exit code 1: Traceback:\n  File routing.py, line 260\nOSError: No space left on device\n",
    remedy="see .phenolens/serve.log in the workspace",
)


def give_up(*_: object, **__: object) -> None:
    raise GAVE_UP


@pytest.mark.parametrize(
    ("device", "gpu", "seen", "told"),
    [
        ("cuda", GpuUse(37, 5_300.0, 143_000.0), "engine: 1 job, GPU 37 %", "5.3 of 143.0 GB are taken"),
        ("cuda", GpuUse(None, 5_300.0, 143_000.0), "engine: 1 job, GPU", "5.3 of 143.0 GB are taken"),
        ("cuda", None, "engine: 1 job, on the GPU", "on the GPU"),
        ("cpu", GpuUse(37, 5_300.0, 143_000.0), "engine: 1 job, on the CPU", "on the CPU"),
    ],
)
def test_the_light_tells_the_use_of_the_gpu_that_the_engine_is_on(window, look, device, gpu, seen, told):
    link = window.link
    link.state = replace(link.state, hello=replace(link.state.hello, device=device))
    link._checked(Status(1.0, {"running": 1}, 50.0, gpu))
    assert window.engine_light.text().endswith(seen)
    assert told in window.engine_light.toolTip()
    look(window)
    link._checked(Status(1.0, {}, 50.0, gpu))
    assert window.engine_light.text().endswith(
        f"engine: ready, on the {'GPU' if device == 'cuda' else 'CPU'}"
    )


def test_an_engine_that_gave_up_is_told_in_one_line_and_all_of_it_in_the_report(
    window, look, monkeypatch, until
):
    height = window.statusBar().height()
    with monkeypatch.context() as patch:
        patch.setattr("phenolens.app.engine_link.launch.start", give_up)
        window.link.start()
        until(lambda: window.link.state.name == "away")
    why = "the service gave up while it started (OSError: No space left on device)"
    assert window.engine_light.text() == "○ engine: away"
    assert window.engine_light.toolTip() == f"engine: away. {why}. Click to start it again"
    told = f"The engine is away; click the light at the right to start it again: {why}"
    assert window._message.text() == told
    assert window._message.property("warning")
    look(window)
    assert window.statusBar().height() == height
    window.findChild(HelpController).show_diagnostics()
    shown = window.findChild(DiagnosticsWindow)
    assert "File routing.py, line 260" in shown.text
    shown.reject()
    window.engine_light.click()
    until(lambda: window.link.state.name in ("ready", "busy"))
    assert window._message.text() == ""


def test_of_what_the_engine_says_as_it_gives_up_the_cause_is_told():
    said = "exit code 2: error   the disk is full\nvalue   /a/jobs.sqlite\nremedy  free some space"
    assert _last_line(NotRunning("", value=said)) == " (the disk is full)"
    assert (
        _last_line(NotRunning("", value="exit code 1: it said nothing")) == " (exit code 1: it said nothing)"
    )
    assert _last_line(NotRunning("the workspace can't be written to")) == ""


def test_who_opens_the_sample_while_the_engine_is_away_starts_it_again(window, monkeypatch, until):
    with monkeypatch.context() as patch:
        patch.setattr("phenolens.app.engine_link.launch.start", give_up)
        window.link.start()
        until(lambda: window.link.state.name == "away")
    monkeypatch.setattr(window.stores, "open_sample", lambda name, queued: None)
    window.start.chosen.emit("sample")
    until(lambda: window.link.state.name in ("ready", "busy"))


def test_an_engine_that_does_not_answer_is_not_called_ready(window, until):
    link, idle = window.link, window.engine_light.text()
    until(lambda: "status" not in link._under_way)

    def hang() -> Status:
        raise Timeout("no answer", value="10 s")

    link._client.status = hang
    link._check()
    until(lambda: window.engine_light.text() == "◉ engine: doesn't answer")
    del link._client.status
    until(lambda: window.engine_light.text() == idle)
