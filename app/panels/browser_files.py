"""The files of the browser that comes with Qt: 230 MB, which the system may not have in memory."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QLibraryInfo

CHUNK = 2**20
LIBRARY, PROGRAM = "*Qt6WebEngineCore*", "QtWebEngineProcess*"
"""With what each system adds to their names."""


def read_ahead() -> int:
    """Have the system fetch them from the disk; for a thread. As the browser starts, Qt would wait for one page after
    the other in the user interface's: 160-190 ms where nothing is in memory, with this 60-75.

    Returns the bytes read, 0 where Qt keeps its files elsewhere."""
    chunk, read = bytearray(CHUNK), 0
    for file in _files():
        with suppress(OSError), file.open("rb", buffering=0) as opened:
            while count := opened.readinto(chunk):
                read += count
    return read


def _files() -> list[Path]:
    kind = QLibraryInfo.LibraryPath
    found = [
        *_folder(kind.DataPath).glob("resources/*"),
        *_folder(kind.LibraryExecutablesPath).glob(PROGRAM),
        *_folder(kind.LibrariesPath).glob(LIBRARY),
        *_folder(kind.BinariesPath).glob(LIBRARY),
    ]
    return list(
        dict.fromkeys(file.resolve() for file in found if file.is_file())
    )  # a library has several names


def _folder(kind: QLibraryInfo.LibraryPath) -> Path:
    return Path(QLibraryInfo.path(kind))
