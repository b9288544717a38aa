"""Several files that belong together reach the disk all or none."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import OutputError
from ..output import check_free, into_place, make_folder, output_error


@contextmanager
def whole_set(paths: Sequence[Path], *, overwrite: bool = False) -> Iterator[dict[Path, Path]]:
    """Temporary paths by final path; they are moved into place together once the block has succeeded.

    The temporary files have their final names, in hidden folders beside their places, so that files that name
    each other may be written before they are moved. `OutputError` before the block starts where one of the
    paths exists and may not be replaced, or is named twice."""
    check_all_free(paths, overwrite=overwrite)
    folders: dict[Path, tempfile.TemporaryDirectory[str]] = {}
    try:
        for parent in {path.parent for path in paths}:
            folders[parent] = _hidden_folder(parent)
        staged = {path: Path(folders[path.parent].name) / path.name for path in paths}
        try:
            yield staged
        except OSError as error:
            raise output_error(error, paths[0]) from error
        _move(staged)
    finally:
        for folder in folders.values():
            folder.cleanup()


def check_all_free(paths: Sequence[Path], *, overwrite: bool = False) -> None:
    """`OutputError` unless every path may be written and none is named twice."""
    for path in paths:
        check_free(path, overwrite=overwrite)
    twice = sorted({str(path) for path in paths if paths.count(path) > 1})
    if twice:
        raise OutputError(
            "two results would have the same name", value=", ".join(twice), remedy="rename one of them"
        )


def _hidden_folder(parent: Path) -> "tempfile.TemporaryDirectory[str]":
    make_folder(parent)
    try:
        return tempfile.TemporaryDirectory(dir=parent, prefix=f".writing-{os.getpid()}-")
    except OSError as error:
        raise output_error(error, parent) from error


def _move(staged: dict[Path, Path]) -> None:
    """Move all into place; where one can't be, those that are new there are taken back."""
    new: list[Path] = []
    try:
        for path, partial in staged.items():
            if into_place(partial, path):
                new.append(path)
    except OSError as error:
        for moved in new:
            with suppress(OSError):  # the first error is the one to tell
                moved.unlink()
        raise output_error(error, path) from error
