"""What a service tells, as values: frozen and typed; what a newer service adds is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional, TypeVar

from .errors import Cancelled, Conflict, EngineFault, Interrupted, ServiceError, from_fault
from .reading import read

T = TypeVar("T", bound="Told")

ENDED = ("done", "failed", "cancelled", "interrupted")


class Told:
    """An answer; `from_json` takes the parsed body and raises `BadAnswer` where it lacks something."""

    @classmethod
    def from_json(cls: type[T], values: object) -> T:
        return read(cls, values)


@dataclass(frozen=True)
class Hello(Told):
    """Who answers: the engine's version, the protocol, the workspace's folder, the process, and "cuda" or "cpu"."""

    version: str
    protocol: int
    workspace: str
    pid: int
    device: str = "cpu"


@dataclass(frozen=True)
class GpuUse(Told):
    """Of the whole GPU, whoever uses it; without `percent` where the driver doesn't say."""

    percent: Optional[int]
    memory_used_mb: float
    memory_total_mb: float


@dataclass(frozen=True)
class Status(Told):
    """What the service does right now: jobs by state (states without one are absent), its own memory in MB."""

    uptime_s: float
    jobs: Mapping[str, int]
    memory_mb: float
    gpu: Optional[GpuUse] = None


@dataclass(frozen=True)
class Diagnostics(Told):
    """What a bug report should carry: the doctor's findings, versions of libraries, the state of the service."""

    ok: bool
    findings: tuple[Mapping[str, Any], ...] = ()
    libraries: Mapping[str, Any] = field(default_factory=dict)
    service: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress(Told):
    """`done` of `total` units of the stage's own; `eta_s` is None while it can't be told."""

    stage: str
    done: int
    total: int
    eta_s: Optional[float] = None

    @property
    def share(self) -> float:
        """0 to 1; 0 while the total is unknown."""
        return min(1.0, self.done / self.total) if self.total > 0 else 0.0


@dataclass(frozen=True)
class Job(Told):
    """One piece of work; times are UTC, ISO 8601, by the service's clock; paths are relative to the workspace."""

    id: str
    kind: str
    state: str
    number: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 0
    created: Optional[str] = None
    started: Optional[str] = None
    finished: Optional[str] = None
    attempts: int = 0
    cancelling: bool = False
    keep_partial: bool = False
    """As it was cancelled, what is finished of its output was to be kept."""
    progress: Optional[Progress] = None
    result: Optional[Mapping[str, Any]] = None
    error: Optional[Mapping[str, Any]] = None

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def fault(self) -> ServiceError | None:
        """What ended it, if that wasn't its completion."""
        if not self.ended or self.state == "done":
            return None
        if self.error is not None:
            return from_fault(self.error)
        kind = {"cancelled": Cancelled, "interrupted": Interrupted}.get(self.state, EngineFault)
        return kind(f"the job was {self.state} and left no reason", value=self.id, remedy="see its log")

    def outcome(self) -> Mapping[str, Any]:
        """The result of a job that is done; raises what ended it otherwise, `Conflict` while it goes on."""
        if not self.ended:
            raise Conflict(f"the job is {self.state}", value=self.id, remedy="wait for it")
        fault = self.fault
        if fault is not None:
            raise fault
        return self.result or {}


@dataclass(frozen=True)
class JobList(Told):
    """Jobs, newest first; `counts` by state are of all jobs, whatever was asked for."""

    jobs: tuple[Job, ...]
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class LogPiece(Told):
    """A piece of a job's log; ask again with `after` = `next`."""

    text: str
    next: int


@dataclass(frozen=True)
class Export(Told):
    """A GeoTIFF (COG) and the files beside it, None where there is none; paths are workspace-relative.

    `style` is QML, `attributes` GDAL's table and statistics, `item` STAC; `modified` is in seconds since 1970,
    `classes` the number of land classes that its pixels are (0 for any other map).
    """

    raster: str
    title: str = ""
    style: Optional[str] = None
    attributes: Optional[str] = None
    item: Optional[str] = None
    store: Optional[str] = None
    dates: tuple[str, ...] = ()
    bytes: int = 0
    modified: float = 0.0
    classes: int = 0


@dataclass(frozen=True)
class ExportList(Told):
    exports: tuple[Export, ...]
