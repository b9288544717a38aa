"""What a job leaves on the disk that nobody wants: unfinished output, and the temporary files of a killed worker."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...errors import InputError
from ..workspace import Workspace, is_unfinished
from .context import owned

MADE = "made.jsonl"


class Made:
    """Notes the files that a job brings into place where none was, or one of its own: all of them are its output."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self._workspace = workspace
        self._notes = folder / MADE
        self._own = {note["path"] for note in _notes(self._notes)}

    def __call__(self, finished: Path, path: Path, new: bool) -> None:
        """Before the file is moved, so that none is missed whenever the worker is killed."""
        with suppress(ValueError):  # outside of the workspace, in a folder of temporary files
            name = self._workspace.relative(path)
            if new or name in self._own:
                self._own.add(name)
                with self._notes.open("a", encoding="utf-8") as notes:
                    notes.write(json.dumps({"path": name, **_identity(finished)}) + "\n")


def _identity(path: Path) -> dict[str, int]:
    found = path.stat()
    return {"bytes": found.st_size, "time": found.st_mtime_ns}


def _notes(path: Path) -> Iterator[dict[str, Any]]:
    with suppress(OSError), path.open(encoding="utf-8") as file:
        for line in file:
            with suppress(ValueError):  # the last line of a worker that was killed
                yield json.loads(line)


def _discard_made(workspace: Workspace, folder: Path) -> None:
    """Finished files of a job that has not finished; what somebody has changed since is theirs."""
    for note in _notes(folder / MADE):
        with suppress(InputError, OSError):
            path = workspace.resolve(note["path"])
            if _identity(path) == {name: note[name] for name in ("bytes", "time")}:
                os.unlink(path)


def discard_unfinished(workspace: Workspace, folder: Path) -> None:
    """Take away the files that the job of `folder` has made, and the unfinished stores that it has called its own."""
    _discard_made(workspace, folder)
    for text in owned(folder):
        with suppress(InputError):  # it has become a link that leads out
            path = workspace.resolve(text)
            if is_unfinished(path):
                shutil.rmtree(path, ignore_errors=True)


def sweep(workspace: Workspace, outputs: Iterable[str], pid: int | None) -> None:
    """Take away temporary files beside `outputs` that carry the number of the process that wrote them.

    They are whole results' beginnings: results are renamed into place once they are finished."""
    if pid is None:
        return
    for text in outputs:
        with suppress(InputError):
            folder = workspace.resolve(text).parent
            for leftover in [*folder.glob(f".*.{pid}.partial*"), *folder.glob(f".writing-{pid}-*")]:
                _remove(leftover)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        path.unlink()
