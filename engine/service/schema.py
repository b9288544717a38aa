"""Pieces that requests and answers are made of: strict, and bounded in size."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

WorkspacePath = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
"""Relative to the workspace; checked by `Workspace.resolve`."""
Text = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Number = Annotated[float, Field(allow_inf_nan=False)]
Dims = Annotated[int, Field(ge=1, le=1024)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Asked(BaseModel):
    """Of a request: unknown fields are refused, numbers are no text."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Told(BaseModel):
    """Of an answer."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class Fault(Told):
    """What went wrong: for programs by `code`, for people in the rest."""

    code: str
    cause: str
    value: str | None
    remedy: str


class FaultAnswer(Told):
    error: Fault


class Hello(Told):
    """Who answers: read before anything else."""

    version: str
    protocol: int
    workspace: str
    pid: int
    device: Literal["cuda", "cpu"]
    """What the driver of this machine shows; /v1/diagnostics says whether PyTorch can use it."""


class GpuUse(Told):
    """Of the whole GPU, whoever uses it."""

    percent: int | None
    """Of the time that it works; absent where the driver doesn't say."""
    memory_used_mb: float
    memory_total_mb: float


class Status(Told):
    """What the service does right now."""

    uptime_s: float
    jobs: dict[str, int]
    """Number of jobs by state; states without one are absent."""
    memory_mb: float
    """Resident memory of the service alone."""
    gpu: GpuUse | None
    """As the driver's `nvidia-smi` said in the last seconds; absent without one."""


class Diagnostics(Told):
    """Everything that a bug report should carry."""

    ok: bool
    findings: list[dict[str, Any]]
    libraries: dict[str, str]
    service: dict[str, Any]


class ProgressTold(Told):
    """`done` of `total` units of the stage's own; `eta_s` is null while it can't be told."""

    stage: str
    done: int
    total: int
    eta_s: float | None


class JobTold(Told):
    """A job; times are UTC, ISO 8601."""

    id: str
    number: int
    kind: str
    params: dict[str, Any]
    priority: int
    state: Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
    created: str
    started: str | None
    finished: str | None
    attempts: int
    cancelling: bool
    """It was asked to stop and hasn't stopped yet."""
    keep_partial: bool
    """It was asked to keep what is finished of its output: resumed, it goes on from there."""
    progress: ProgressTold | None
    result: dict[str, Any] | None
    """Of a job that is done; paths are relative to the workspace."""
    error: Fault | None


class JobList(Told):
    """Newest first."""

    jobs: list[JobTold]
    counts: dict[str, int]
    """Of all jobs by state, whatever was asked for."""


class LogTold(Told):
    """A piece of a job's log; ask again with `after` = `next`."""

    text: str
    next: int
    """Bytes of the log so far."""


class CancelAsked(Asked):
    keep_partial: bool = False
    """Keep what is finished of the output, so that the job can be resumed from there."""
