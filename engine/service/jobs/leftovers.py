"""What a job leaves on the disk that nobody wants: unfinished output, and the temporary files of a killed worker."""

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ...errors import InputError
from ..workspace import Workspace, is_unfinished
from .context import owned


def discard_unfinished(workspace: Workspace, folder: Path) -> None:
    """Take away the unfinished stores that the job of `folder` has called its own."""
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
