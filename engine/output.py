"""Results reach the disk whole or not at all, and what hinders them is said as `OutputError`."""

import errno
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .errors import OutputError

_CAUSES = {
    errno.ENOSPC: ("the disk is full", "free some space or choose another folder"),
    errno.EDQUOT: ("the disk quota is used up", "free some space or choose another folder"),
    errno.EFBIG: ("the file grew larger than is allowed here", "raise the limit or choose another folder"),
    errno.EROFS: ("the output lies on a read-only file system", "choose another folder"),
    errno.EACCES: ("the output folder can't be written to", "choose a folder that you may write to"),
    errno.EPERM: ("the output folder can't be written to", "choose a folder that you may write to"),
    errno.ENOTDIR: ("a part of the output path is a file", "choose another folder"),
    errno.EEXIST: ("a part of the output path is a file", "choose another folder"),
}


def output_error(error: OSError, path: Path) -> OutputError:
    """What an `OSError` while writing `path` means to the user."""
    cause, remedy = _CAUSES.get(error.errno or 0, ("the output can't be written", str(error)))
    return OutputError(cause, value=path, remedy=remedy)


def check_free(path: Path, *, overwrite: bool = False) -> None:
    """`OutputError` if `path` exists and may not be replaced, or is a folder."""
    if path.is_dir():
        raise OutputError("the output is a folder", value=path, remedy="give a file name")
    if path.exists() and not overwrite:
        raise OutputError("the output exists", value=path, remedy="choose another name or pass --overwrite")


def make_folder(path: Path) -> Path:
    """The folder, made if it isn't there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(error, path) from error
    return path


@contextmanager
def whole_file(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A temporary path beside `path`, with its suffix, that is renamed to it once the block has succeeded."""
    check_free(path, overwrite=overwrite)
    make_folder(path.parent)
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield partial
        into_place(partial, path)
    except OSError as error:
        raise output_error(error, path) from error
    finally:
        with suppress(OSError):  # gone already where the rename succeeded
            partial.unlink()


NewFile = Callable[[Path, Path, bool], None]
_told: list[NewFile] = []


def tell_new_files(listener: NewFile) -> None:
    """Let `listener` hear of every file of this process before it is moved into place.

    It is given the finished file, the path that it will have, and whether nothing is there yet: whoever gives up
    what this process does can take the files away again."""
    _told.append(listener)


def into_place(partial: Path, path: Path) -> bool:
    """Rename a finished file to its path; whether nothing was there."""
    new = not path.exists()
    for listener in _told:
        listener(partial, path, new)
    os.replace(partial, path)
    return new


def write_text(path: Path, text: str, *, overwrite: bool = False) -> None:
    with whole_file(path, overwrite=overwrite) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Mapping[str, Any], *, overwrite: bool = False) -> None:
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n", overwrite=overwrite)
