"""The engine's light tells how much its GPU works while jobs run."""

from dataclasses import replace

import pytest
from phenolens.app.controllers.helping import HelpController
from phenolens.app.panels.diagnostics import DiagnosticsWindow
from phenolens.engine.client.errors import NotRunning
from phenolens.engine.client.results import GpuUse, Status

GAVE_UP = NotRunning(
    "the service gave up while it started",
    value="exit code 1: Traceback:\n  File routing.py, line 260\nOSError: No space left on device\n",
    remedy="see .phenolens/serve.log in the workspace",
)


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


def test_an_engine_that_gave_up_is_told_in_one_line_and_all_of_it_in_the_report(window, look):
    link = window.link
    height = window.statusBar().height()
    ready = link.state
    link._say(link._away(GAVE_UP))
    assert window.engine_light.text() == "○ engine: away"
    told = "engine: away. the service gave up while it started (OSError: No space left on device)"
    assert window.engine_light.toolTip().startswith(told)
    assert window._message.text().startswith(told)
    assert "see .phenolens/serve.log in the workspace; a click on the light" in window._message.text()
    assert window._message.property("warning")
    look(window)
    assert window.statusBar().height() == height
    window.findChild(HelpController).show_diagnostics()
    shown = window.findChild(DiagnosticsWindow)
    assert "File routing.py, line 260" in shown.text
    shown.reject()
    link._say(ready)
