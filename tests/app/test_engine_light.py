"""The engine's light tells how much its GPU works while jobs run."""

from dataclasses import replace

import pytest
from phenolens.engine.client.results import GpuUse, Status


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
