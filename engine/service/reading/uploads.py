"""Files that a face hands over: told apart by their content, bounded, and never unpacked here.

What they hold is read by jobs, in processes of their own; here it is made sure that reading can't blow up."""

import codecs
import csv
import io
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ..faults import TooLarge
from ..workspace import PathError

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
LARGEST_PIECE = 2**18
"""Bytes of a JSON file that are looked at together."""
MOST_LOOKED_AT = 2**16
"""Bytes of a table."""
LONGEST_LIST = 2**20
"""Bytes of a zip file's table of contents."""
_NAME = re.compile(r"[\w][\w .()+,=@-]{0,120}")
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d) *(\..*)?", re.IGNORECASE)
"""What Windows takes for a device, whatever follows the dot."""
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
    if not _NAME.fullmatch(name) or _DEVICE.fullmatch(name) or name.endswith((" ", ".")):
        raise PathError(
            "a file can't be called so",
            value=ascii(name),
            remedy="letters, digits, . _ - and spaces, and no name of a device",
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
    """Brackets are counted, not parsed: a parser's stack, or memory, would be the first to know."""
    depth, scan = 0, _Scan()
    with path.open("rb") as file:
        while piece := file.read(LARGEST_PIECE):
            bare = scan.outside_strings(piece)
            if bare.translate(None, _OF_JSON):
                raise InputError(
                    "this is no JSON", value=name, remedy="numbers are finite, text is in quotes"
                )
            steps = np.frombuffer(bare.translate(_STEPS, _NO_BRACKETS), np.int8)
            depths = depth + np.cumsum(steps, dtype=np.int32)
            depth = int(depths[-1]) if len(depths) else depth
            _check_depth(depths, name)
    if depth or scan.open or not scan.brackets:
        raise InputError("this is no JSON", value=name, remedy="its brackets or quotes don't match")


def _check_depth(depths: npt.NDArray[np.int32], name: str) -> None:
    if depths.min(initial=0) < 0:
        raise InputError("this is no JSON", value=name, remedy="its brackets don't match")
    if depths.max(initial=0) > DEEPEST_JSON:
        value = f"more than {DEEPEST_JSON} levels"
        raise TooLarge("the JSON is nested too deeply", value=value, remedy=f"at most {DEEPEST_JSON}")


class _Scan:
    """JSON piece by piece: what isn't inside of a string."""

    def __init__(self) -> None:
        self.open = False
        """A string has begun and not ended."""
        self.brackets = False
        """There was at least one."""
        self._rest = b""

    def outside_strings(self, piece: bytes) -> bytes:
        """Escapes that a piece cuts in two are left to the next one."""
        text = self._rest + piece
        slashes = len(text) - len(text.rstrip(b"\\"))
        self._rest = b"\\" if slashes % 2 else b""
        text = _ESCAPE.sub(b"", text[: len(text) - len(self._rest)])
        bare = _STRING.sub(b"", b'"' * self.open + text)
        self.open = self.open != bool(text.count(b'"') % 2)
        self.brackets = self.brackets or b"[" in bare or b"{" in bare
        return bare


_ESCAPE, _STRING = re.compile(rb"\\.", re.DOTALL), re.compile(rb'"[^"]*"?')
_OF_JSON = b"\xef\xbb\xbf{}[]:,+-.0123456789eEtrufalsn \t\r\n"
"""Bytes outside of strings; a byte order mark may come first."""
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""One level deeper (1) or back (-1, as a signed byte)."""


def _check_csv(path: Path, name: str) -> None:
    with path.open("rb") as file:
        head = file.read(MOST_LOOKED_AT)
    try:
        text = _text(head, whole=len(head) < MOST_LOOKED_AT)
        rows = list(csv.reader(io.StringIO(text)))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError("this is no CSV file", value=name, remedy=f"save it in UTF-8 ({error})") from error
    if "\0" in text or not rows or not rows[0] or _POINTER.match(head):
        raise InputError("this is no CSV file", value=name, remedy="save it as text, one row a line")


def _text(head: bytes, *, whole: bool) -> str:
    """In the encodings that tables are read in: UTF-8, UTF-16 with its mark, or what Excel writes in western Europe."""
    strict = "strict" if whole else "ignore"  # the last letter may be cut in two
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", strict)
    try:
        return head.decode("utf-8-sig", strict)
    except UnicodeDecodeError:
        return head.decode("cp1252")


def _check_zip(path: Path, name: str) -> None:
    try:
        with _Bounded(path) as file, zipfile.ZipFile(file) as packed:
            parts = packed.infolist()
            _check_size(parts, path.stat().st_size)
            for part in parts:
                _check_part(packed, part)
    except _DAMAGED as error:
        raise InputError("the zip file is damaged", value=name, remedy=f"pack it again ({error})") from error


_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)


class _Bounded(io.FileIO):
    """A file of which no large part is read at once: the table of contents of a zip file says its own size."""

    def read(self, size: int | None = -1, /) -> bytes:
        asked = LONGEST_LIST + 1 if size is None or size < 0 else size
        found = super().read(min(asked, LONGEST_LIST + 1)) or b""
        if len(found) > LONGEST_LIST:
            raise TooLarge("the zip file lists too much", remedy="send less at once")
        return found


def _check_size(parts: list[zipfile.ZipInfo], packed: int) -> None:
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MOST_UNPACKED or len(parts) > MOST_PARTS or unpacked > LARGEST_RATIO * packed:
        value = f"{len(parts)} files of {unpacked:,} bytes"
        raise TooLarge("the zip file unpacks to too much", value=value, remedy="send less at once")


def _check_part(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(part.external_attr >> 16)
    names = re.split(r"[/\\]", part.orig_filename)
    leads_out = names[0] == "" or ".." in names or "\0" in part.orig_filename or ":" in names[0]
    if leads_out or kind not in (0, stat.S_IFREG, stat.S_IFDIR) or part.flag_bits & 1:
        raise _not_taken(part)
    if not part.is_dir():
        with packed.open(part) as content:
            if _POINTER.match(content.read(64)):
                raise _not_taken(part)


_POINTER = re.compile(rb"(\xef\xbb\xbf)?\s*<(OGR|VRT|GDAL_)")
"""How files begin that send GDAL elsewhere: to other files of this machine, or into the web."""


def _not_taken(part: zipfile.ZipInfo) -> InputError:
    what = "encrypted parts, links, and paths or files that lead elsewhere aren't taken"
    return InputError("the zip file holds what isn't taken", value=ascii(part.orig_filename), remedy=what)
