"""What this machine offers and whether the installation is whole, in plain values."""

import os
import platform
import shutil
import tempfile
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil
import torch

from .errors import EngineError
from .representation.checkpoint import DEFAULT_MODEL, load_checkpoint

LIBRARIES = (
    "torch",
    "numpy",
    "xarray",
    "zarr",
    "rasterio",
    "rio-cogeo",
    "odc-geo",
    "pyproj",
    "geopandas",
    "typer",
)
LITTLE_DISK_GB = 5
LITTLE_MEMORY_GB = 4


@dataclass(frozen=True)
class Finding:
    """One checked fact: `ok`, or what is wrong and the way out in `remedy`."""

    name: str
    ok: bool
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """Everything that a bug report should carry."""

    findings: tuple[Finding, ...]
    libraries: dict[str, str]

    @property
    def ok(self) -> bool:
        return all(finding.ok for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, "findings": [asdict(f) for f in self.findings], "libraries": self.libraries}

    def __str__(self) -> str:
        lines = [
            f"{'ok' if f.ok else '!!':3} {f.name:10} {f.text}{f' → {f.remedy}' if f.remedy else ''}"
            for f in self.findings
        ]
        return "\n".join(
            [*lines, "    libraries  " + ", ".join(f"{k} {v}" for k, v in self.libraries.items())]
        )


def diagnose(workspace: Path) -> Diagnosis:
    """Check versions, devices, memory, the disk of `workspace`, and the shipped model against its hash."""
    checks = (_python, _device, _memory, lambda: _disk(workspace), lambda: _writable(workspace), _model)
    return Diagnosis(tuple(check() for check in checks), {name: _version(name) for name in LIBRARIES})


def _python() -> Finding:
    text = f"{_version('phenolens')} on Python {platform.python_version()}, {platform.platform()}"
    return Finding("phenolens", True, text)


def _device() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if not torch.cuda.is_available():
        missing = "no CUDA device" if torch.version.cuda else "this build of PyTorch has no CUDA"
        return Finding("device", True, f"CPU, {cores} cores, {torch.get_num_threads()} threads; {missing}")
    gpus = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
    names = ", ".join(f"{gpu.name} ({gpu.total_memory / 2**30:.0f} GiB)" for gpu in gpus)
    return Finding("device", True, f"CUDA {torch.version.cuda}: {names}; CPU, {cores} cores")


def _memory() -> Finding:
    memory = psutil.virtual_memory()
    free = memory.available / 2**30
    remedy = "" if free >= LITTLE_MEMORY_GB else "close other programs, or pass a small --memory"
    return Finding("memory", not remedy, f"{free:.1f} of {memory.total / 2**30:.1f} GiB free", remedy)


def _disk(workspace: Path) -> Finding:
    usage = shutil.disk_usage(_existing(workspace))
    remedy = "" if usage.free >= LITTLE_DISK_GB * 1e9 else "free some space or choose another folder"
    return Finding("disk", not remedy, f"{usage.free / 1e9:.0f} of {usage.total / 1e9:.0f} GB free", remedy)


def _writable(workspace: Path) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=_existing(workspace)) as probe:
            probe.write(b"phenolens")
    except OSError as error:
        return Finding("workspace", False, f"{workspace}: {error}", "choose a folder that you may write to")
    return Finding("workspace", True, f"{workspace.absolute()} can be written to")


def _existing(path: Path) -> Path:
    """The nearest folder that is there."""
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def _model() -> Finding:
    try:
        checkpoint = load_checkpoint(DEFAULT_MODEL)
    except EngineError as error:
        return Finding("model", False, f"{error.cause} [{error.value}]", error.remedy)
    model = checkpoint.model
    text = (
        f"{checkpoint.name} ({model.family}, {model.dims} dims), sha256 {checkpoint.sha256[:16]} as recorded"
    )
    return Finding("model", True, text)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
