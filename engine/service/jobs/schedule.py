"""Which job runs next."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pydantic import ValidationError

from .context import Kind
from .states import Job


@dataclass(frozen=True)
class Task:
    """A job with what decides when it may run."""

    job: Job
    kind: Kind | None
    """None where this engine has no such kind."""
    outputs: frozenset[PurePosixPath] = field(default=frozenset())

    @classmethod
    def of(cls, job: Job, kinds: Mapping[str, Kind]) -> "Task":
        kind = kinds.get(job.kind)
        return cls(job, kind, frozenset() if kind is None else _outputs(kind, job))

    @property
    def gpu(self) -> bool:
        return self.kind is not None and self.kind.gpu


def choose(queued: Collection[Task], running: Collection[Task], cpu_slots: int) -> Task | None:
    """The queued job of the highest priority, then the oldest, for which there is a slot and a free output.

    One job that computes with the model runs at a time, and `cpu_slots` of the others. Two jobs that write to
    the same place, or one inside the other's, never do so at once."""
    heavy = sum(task.gpu for task in running)
    free = {True: heavy == 0, False: len(running) - heavy < cpu_slots}
    if not any(free.values()):
        return None
    taken = frozenset[PurePosixPath]().union(*(task.outputs for task in running))
    for task in sorted(queued, key=lambda task: (-task.job.priority, task.job.number)):
        if free[task.gpu] and not _overlap(task.outputs, taken):
            return task
    return None


def _overlap(some: Collection[PurePosixPath], others: Collection[PurePosixPath]) -> bool:
    return any(a.is_relative_to(b) or b.is_relative_to(a) for a in some for b in others)


def _outputs(kind: Kind, job: Job) -> frozenset[PurePosixPath]:
    try:
        params = kind.params.model_validate(job.params, strict=False)
    except ValidationError:  # queued by another version; its worker will say what is wrong
        return frozenset()
    return frozenset(PurePosixPath(path) for path in kind.outputs(params))
