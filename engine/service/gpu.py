"""How much the GPU is used, as the driver's own program says: PyTorch would know, and isn't loaded here."""

import os
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass

PROGRAM = "nvidia-smi"
ASKED = "--query-gpu=utilization.gpu,memory.used,memory.total"
EVERY_S, AFTER_FAILURE_S, STALE_S, PATIENCE_S = 3.0, 60.0, 30.0, 10.0
_MIB = 1.048576  # in MB


@dataclass(frozen=True)
class GpuUse:
    """Of the whole GPU, whoever uses it."""

    percent: int | None
    """Of the time that it works; None where the driver doesn't say (parts of a GPU)."""
    memory_used_mb: float
    memory_total_mb: float


class GpuWatch:
    """Knows what was last seen. It is looked at in a thread, and only where somebody asks."""

    def __init__(self) -> None:
        self._seen: GpuUse | None = None
        self._seen_at = self._next = 0.0
        self._looking = threading.Lock()

    def use(self) -> GpuUse | None:
        """None where there is no GPU, or nothing is known of it yet."""
        now = time.monotonic()
        if now >= self._next and self._looking.acquire(blocking=False):
            threading.Thread(target=self._look, name="gpu", daemon=True).start()
        return self._seen if now - self._seen_at < STALE_S else None

    def _look(self) -> None:
        try:
            self._seen = _asked()
            self._seen_at = time.monotonic()
            self._next = self._seen_at + (EVERY_S if self._seen else AFTER_FAILURE_S)
        finally:
            self._looking.release()


def _asked() -> GpuUse | None:
    program = shutil.which(PROGRAM)
    if program is None:
        return None
    first = os.environ.get("CUDA_VISIBLE_DEVICES", "").partition(",")[0].strip()
    which = [f"--id={first}"] if first else []
    command = [program, ASKED, "--format=csv,noheader,nounits", *which]
    hidden = 0x08000000 if os.name == "nt" else 0  # CREATE_NO_WINDOW
    try:
        told = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=PATIENCE_S, creationflags=hidden
        )
        percent, used, total = (part.strip() for part in told.stdout.splitlines()[0].split(","))
        return GpuUse(
            int(percent) if percent.isdecimal() else None, *(_MIB * float(size) for size in (used, total))
        )
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
