"""What a job is given to work with, and what a kind of job is."""

import glob
import importlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ...output import write_json
from ...progress import CancelToken, Progress, ProgressEvent, Watch
from ..workspace import Workspace

OWNED = "owned.json"


@dataclass(frozen=True)
class JobContext:
    """A job's side of the service, in the worker process."""

    workspace: Workspace
    folder: Path
    """The job's own folder, for its log and its notes."""
    attempt: int = 1
    """From 2 on, an earlier attempt was stopped or failed."""
    listener: Callable[[ProgressEvent], None] | None = None
    cancel: CancelToken = field(default_factory=CancelToken)
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("phenolens.job"))

    def progress(self, stage: str, total: int = 0) -> Progress:
        """A counter for library functions that take one."""
        return Progress(stage, total, self.listener)

    @property
    def watch(self) -> Watch:
        """For tasks of several stages."""
        return Watch(self.listener, self.cancel)

    def replaces(self, stem: Path, overwrite: bool) -> bool:
        """Whether files that begin with `stem` may be replaced: as was asked, or because an earlier attempt of
        this job, which found none there, may have written them."""
        again = self.attempt > 1 and self.owns(stem)
        if not again and not any(stem.parent.glob(f"{glob.escape(stem.name)}*")):
            self.own(stem)
        return overwrite or again

    def own(self, *outputs: Path) -> None:
        """Note that these outputs are this job's: nothing was there, or it may be replaced.

        What is unfinished of them is taken away if the job is cancelled, and replaced by its next attempt."""
        kept = dict.fromkeys([*owned(self.folder), *(self.workspace.relative(path) for path in outputs)])
        write_json(self.folder / OWNED, {"outputs": list(kept)}, overwrite=True)
        (self.folder / OWNED).chmod(0o600)

    def owns(self, output: Path) -> bool:
        """Whether an earlier attempt of this job may have written it."""
        return self.workspace.relative(output) in owned(self.folder)


def owned(folder: Path) -> list[str]:
    """Workspace-relative outputs that the job of a folder has called its own."""
    try:
        return [str(path) for path in json.loads((folder / OWNED).read_text(encoding="utf-8"))["outputs"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


@dataclass(frozen=True)
class Kind:
    """A kind of job: what it is asked with, and what it does."""

    name: str
    title: str
    params: type[BaseModel]
    run: Callable[[Any, JobContext], dict[str, Any]]
    """Does the work, in a worker process; the result is JSON, its paths relative to the workspace."""
    outputs: Callable[[Any], tuple[str, ...]]
    """Workspace-relative paths, or beginnings of them, that are written: two jobs never write one at once."""
    gpu: bool = False
    """It computes with the model or trains one: only one such job runs at any time."""


def kinds_at(place: str) -> Mapping[str, Kind]:
    """The kinds that `module:name` says."""
    module, _, name = place.partition(":")
    kinds: Mapping[str, Kind] = getattr(importlib.import_module(module), name)
    return kinds
