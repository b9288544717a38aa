"""Files that a face hands over: told apart by their content, bounded, and never unpacked here.

What they hold is read by jobs, in processes of their own; here it is made sure that reading can't blow up."""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from ...errors import InputError
from ..faults import TooLarge
from ..workspace import PathError

FOLDER = "uploads"
MB = 2**20
LARGEST: Mapping[str, int] = {
    ".geojson": 32 * MB,
    ".json": 32 * MB,
    ".csv": 256 * MB,
    ".gpkg": 512 * MB,
    ".parquet": 512 * MB,
    ".zip": 256 * MB,
    ".probe": 256 * MB,
    ".tif": 512 * MB,
    ".tiff": 512 * MB,
    ".nc": 512 * MB,
    ".safetensors": 512 * MB,
}
"""Bytes of a file, by its suffix; what isn't listed isn't taken."""
DEEPEST_JSON = 24
MOST_UNPACKED, MOST_PARTS, LARGEST_RATIO = 1024 * MB, 1_000, 200
_NAME = re.compile(r"[\w][\w .()+,=@-]{0,120}")
_MAGIC: Mapping[str, tuple[bytes, ...]] = {
    ".gpkg": (b"SQLite format 3\0",),
    ".parquet": (b"PAR1",),
    ".zip": (b"PK\x03\x04",),
    ".probe": (b"PK\x03\x04",),
    ".tif": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    ".tiff": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    ".nc": (b"\x89HDF\r\n\x1a\n", b"CDF\x01", b"CDF\x02", b"CDF\x05"),
}


def check_name(name: str) -> str:
    """The name, if a file may be called so; `PathError`, or `InputError` for a kind that isn't taken."""
    if not _NAME.fullmatch(name) or name.endswith((" ", ".")):
        raise PathError(
            "a file can't be called so", value=ascii(name), remedy="letters, digits, . _ - and spaces"
        )
    if Path(name).suffix.lower() not in LARGEST:
        remedy = f"one of {', '.join(LARGEST)}"
        raise InputError("files of this kind aren't taken", value=Path(name).suffix or name, remedy=remedy)
    return name


def largest(name: str) -> int:
    return LARGEST[Path(name).suffix.lower()]


def check_content(path: Path, name: str) -> None:
    """`InputError` where a file isn't what its suffix says, `TooLarge` where reading it would take too much."""
    suffix = Path(name).suffix.lower()
    with path.open("rb") as file:
        head = file.read(16)
    if not head:
        raise InputError("the file is empty", value=name, remedy="send its content as the body")
    if suffix in _MAGIC and not head.startswith(_MAGIC[suffix]):
        raise InputError(f"this is no {suffix} file", value=name, remedy="check its suffix")
    checks: Mapping[str, Callable[[Path, str], None]] = {
        ".geojson": _check_json,
        ".json": _check_json,
        ".csv": _check_csv,
        ".zip": _check_zip,
        ".probe": _check_zip,
    }
    if suffix in checks:
        checks[suffix](path, name)


def _check_json(path: Path, name: str) -> None:
    """Depth is counted without parsing: a parser's stack, or memory, would be the first to know."""
    text = re.sub(rb'"(?:[^"\\]|\\.)*+"', b"", path.read_bytes())
    letters = np.frombuffer(text, np.uint8)
    opening = (letters == ord("[")) | (letters == ord("{"))
    closing = (letters == ord("]")) | (letters == ord("}"))
    depth = np.cumsum(opening.astype(np.int32) - closing)
    if not opening.any() or depth[-1] != 0 or depth.min() < 0:
        raise InputError("this is no JSON", value=name, remedy="its brackets don't match")
    if depth.max() > DEEPEST_JSON:
        raise TooLarge(
            "the JSON is nested too deeply", value=f"{depth.max()} levels", remedy=f"at most {DEEPEST_JSON}"
        )


def _check_csv(path: Path, name: str) -> None:
    with path.open("rb") as file:
        head = file.read(64 * 1024)
    try:
        rows = list(
            csv.reader(
                io.StringIO(head.decode("utf-8-sig", errors="strict" if len(head) < 64 * 1024 else "ignore"))
            )
        )
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError("this is no CSV file in UTF-8", value=name, remedy=str(error)) from error
    if b"\0" in head or not rows or not rows[0]:
        raise InputError("this is no CSV file", value=name, remedy="save it as text, one row a line")


def _check_zip(path: Path, name: str) -> None:
    try:
        with zipfile.ZipFile(path) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError("the zip file is damaged", value=name, remedy=f"pack it again ({error})") from error
    unpacked = sum(part.file_size for part in parts)
    if (
        unpacked > MOST_UNPACKED
        or len(parts) > MOST_PARTS
        or unpacked > LARGEST_RATIO * max(path.stat().st_size, 1)
    ):
        value = f"{len(parts)} files of {unpacked:,} bytes"
        raise TooLarge("the zip file unpacks to too much", value=value, remedy="send less at once")
    for part in parts:
        if part.filename.startswith(("/", "\\")) or ".." in Path(part.filename).parts or part.flag_bits & 1:
            raise InputError(
                "the zip file holds what isn't taken", value=ascii(part.filename), remedy="pack it again"
            )
