"""Reads and writes project files: nothing of somebody else's is overwritten, and nothing is lost where that fails.

The file as it was before, at most a few minutes old, lies beside it as `NAME.phenolens.bak`. What can't be written to
its place is written to a folder of the user's own, and taken up from there.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from phenolens.engine.client.errors import InputError, OutputError, ServiceError
from PySide6.QtCore import QCoreApplication

from . import project as files
from .project import Project

translate = QCoreApplication.translate  # by this name translators' tools find its texts

BACKUP = ".bak"
BACKED_UP_AFTER_S = 600
"""A backup is not replaced before it is so old: what went wrong a moment ago isn't in it."""
Stamp = tuple[int, int]


@dataclass(frozen=True)
class Read:
    """A project, and the file that it is from now on."""

    path: Path
    project: Project
    warning: ServiceError | None = None
    """Why it isn't what lies at the path that was asked for."""


class ProjectDisk:
    """Reads and writes project files one after the other, in a thread; overwrites only what it knows."""

    def __init__(self, rescue: Path) -> None:
        self._thread = ThreadPoolExecutor(1, "project")
        self._rescue = rescue
        self._known: dict[Path, Stamp | None] = {}
        self._moved: dict[Path, Path] = {}
        """Files that somebody else has written, and where theirs go instead."""

    def read(self, path: Path) -> Future[Read]:
        return self._thread.submit(self._read, path)

    def write(self, path: Path, project: Project) -> Future[Path]:
        """The path that it was written to; `OutputError` says where the work is kept instead."""
        return self._thread.submit(self._write, path, project)

    def replace(self, path: Path) -> None:
        """What is there now may be overwritten."""
        self._thread.submit(self._know, path)

    def close(self) -> None:
        """Returns once everything is written."""
        self._thread.shutdown(wait=True)

    def rescued(self, path: Path) -> Path:
        """Where a project's work is kept while its own place can't be written to."""
        digest = hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:8]
        return self._rescue / f"{path.stem}-{digest}{files.SUFFIX}"

    def _know(self, path: Path) -> None:
        self._moved.pop(path, None)
        self._known[path] = _stamp(path)

    def _read(self, path: Path) -> Read:
        self._know(path)  # before it is read: what is written meanwhile isn't known
        rescued = self.rescued(path)
        if _changed(rescued) > _changed(path):
            with suppress(InputError):  # the rescued one is broken: the file itself, then
                return Read(path, files.read(rescued), _taken_up(rescued))
        try:
            return Read(path, files.read(path))
        except InputError as error:
            return self._before(path, error)

    def _before(self, path: Path, error: InputError) -> Read:
        """The backup of a broken file, which itself stays as it is; `error` where there is none that can be read."""
        backup = backup_of(path)
        try:
            project = files.read(backup)
        except InputError:
            raise error from None
        free = files.free_name(path)
        warning = ServiceError(
            translate("ProjectDisk", "the project file can't be read; it is left as it is"),
            value=path,
            remedy=translate(
                "ProjectDisk", "its backup of {:%Y-%m-%d %H:%M} is shown, and saved as {}"
            ).format(datetime.fromtimestamp(_changed(backup)), free.name),
        )
        return Read(free, project, warning)

    def _write(self, path: Path, project: Project) -> Path:
        path = self._moved.get(path, path)
        if _stamp(path) not in (None, self._known.get(path)):
            free = self._moved[path] = files.free_name(path)
            path = free
        else:
            back_up(path)
        try:
            files.write(path, project)
        except OutputError as error:
            raise self._kept_elsewhere(path, project, error) from error
        self._known[path] = _stamp(path)
        with suppress(OSError):
            self.rescued(path).unlink(missing_ok=True)
        return path

    def _kept_elsewhere(self, path: Path, project: Project, error: OutputError) -> OutputError:
        """What is to be said once the work lies in the user's own folder; the same error where it can't either."""
        rescued = self.rescued(path)
        try:
            self._rescue.mkdir(parents=True, exist_ok=True)
            files.write(rescued, project)
        except (OSError, OutputError):
            return error
        remedy = translate("ProjectDisk", "{}; until then it is kept in {}").format(
            error.remedy, self._rescue
        )
        return OutputError(error.cause, value=path.name, remedy=remedy)


def backup_of(path: Path) -> Path:
    return path.with_name(path.name + BACKUP)


def back_up(path: Path) -> None:
    """Keep a copy of a file, unless there is one of late; that it can't be made is no reason not to save."""
    backup = backup_of(path)
    partial = backup.with_name(f".{backup.name}.{secrets.token_hex(4)}.partial")
    if not path.is_file() or time.time() - _changed(backup) < BACKED_UP_AFTER_S:
        return
    try:
        shutil.copyfile(path, partial)
        os.replace(partial, backup)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _taken_up(rescued: Path) -> ServiceError:
    return ServiceError(
        translate("ProjectDisk", "the project could not be saved in its place the last time"),
        value=f"{datetime.fromtimestamp(_changed(rescued)):%Y-%m-%d %H:%M}",
        remedy=translate(
            "ProjectDisk", "what was kept elsewhere is shown, and is saved in its place with the next change"
        ),
    )


def _changed(path: Path) -> float:
    """When a file was written; before everything where there is none."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _stamp(path: Path) -> Stamp | None:
    """Changes with each writing; None where there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
