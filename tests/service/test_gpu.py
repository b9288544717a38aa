"""The use of a GPU, as a stand-in of the driver's program tells it."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from phenolens.engine.service import gpu
from phenolens.engine.service.gpu import GpuUse, GpuWatch
from phenolens.engine.service.service import Service
from phenolens.engine.service.workspace import Workspace

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script")
PATIENCE_S = 60


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch) -> Callable[[str], Path]:
    """The only `nvidia-smi` there is: prints a line, and notes how it was called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def put(says: str) -> Path:
        calls, program = tmp_path / "calls.txt", folder / "nvidia-smi"
        code = f"import sys; open({str(calls)!r}, 'a').write(' '.join(sys.argv[1:]) + chr(10)); {says}"
        program.write_text(f"#!{sys.executable}\n{code}\n")
        program.chmod(0o755)
        return calls

    return put


def _until(done: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_status_of_the_service_tells_the_use_of_the_gpu_without_pytorch(stand_in, tmp_path):
    calls = stand_in("print('37, 5000, 143000')")
    service = Service(Workspace(tmp_path))
    assert service.status()["gpu"] is None
    _until(lambda: service.status()["gpu"])
    told = service.status()["gpu"]
    assert told == {
        "percent": 37,
        "memory_used_mb": pytest.approx(5_242.88),
        "memory_total_mb": pytest.approx(149_946.4, abs=1),
    }
    assert (
        calls.read_text().splitlines()[0].startswith("--query-gpu=utilization.gpu,memory.used,memory.total")
    )
    service.queue.database.close()


def test_the_program_is_asked_once_however_often_the_status_is(stand_in, monkeypatch):
    monkeypatch.setattr(gpu, "EVERY_S", 1e6)
    calls, watch = stand_in("print('1, 2, 3')"), GpuWatch()
    _until(watch.use)
    for _ in range(50):
        watch.use()
    assert len(calls.read_text().splitlines()) == 1


def test_the_gpu_that_the_engine_may_use_is_asked_for(stand_in, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    calls, watch = stand_in("print('1, 2, 3')"), GpuWatch()
    _until(watch.use)
    assert calls.read_text().split()[-1] == "--id=2"


@pytest.mark.parametrize(
    ("says", "seen"),
    [
        ("print('[N/A], 1000, 2000')", GpuUse(None, pytest.approx(1_048.576), pytest.approx(2_097.152))),
        ("print('no devices were found')", None),
        ("print('')", None),
        ("print('1, 2, 3'); sys.exit(9)", None),
    ],
)
def test_what_the_driver_doesn_t_say_isn_t_told(stand_in, says, seen):
    stand_in(says)
    assert gpu._asked() == seen


def test_without_the_program_nothing_is_told(stand_in):
    assert gpu._asked() is None
