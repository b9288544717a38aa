"""The folder that a service may touch: paths confined to it, its state, and data folders that it may only read."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ..errors import InputError
from ..output import output_error, write_json

STATE = ".phenolens"
UPLOADS = "uploads"
_MOST_LETTERS = 1024
_MOST_OF_A_NAME = 255  # bytes; what file systems take
_DRIVE = re.compile(r"^[A-Za-z]:")
_DEEPEST = 6  # folders below the workspace that are searched for stores


class PathError(InputError):
    """A path that leaves the workspace, or that no path can be."""

    code = "path"


class Workspace:
    """A folder with stores, probes and exports; its own state lies in `.phenolens`, for this user alone."""

    def __init__(self, root: Path) -> None:
        """`InputError` where there is no such folder, `OutputError` where it can't be written to."""
        if not root.is_dir():
            raise InputError("the workspace is no folder", value=root, remedy="make it, or name another")
        self.root = root.resolve()
        self.state = self.root / STATE
        self._make_state()

    def _make_state(self) -> None:
        if self.state.is_symlink():
            raise PathError("the workspace's state is a link", value=self.state, remedy="delete the link")
        try:
            self.state.mkdir(mode=0o700, exist_ok=True)
            self.state.chmod(0o700)
            private_folder(self.state / "jobs")
        except OSError as error:
            raise output_error(error, self.state) from error

    def resolve(self, text: str) -> Path:
        """The path that a workspace-relative `text` means, whether or not it exists.

        `PathError` for an absolute path, `..`, a drive, NUL, the service's own state, or a link that leads out."""
        parts = _parts(text)
        path = self.root.joinpath(*parts)
        real = _real(path, text)
        if not real.is_relative_to(self.root):
            raise PathError("the path leads out of the workspace", value=text, remedy=_INSIDE)
        if self._is_state(real) or self._is_state(self.root.joinpath(*parts)):
            raise PathError("this is the service's own state", value=text, remedy=_INSIDE)
        return real

    def existing(self, text: str) -> Path:
        """As `resolve`, of a file or folder that is there; `InputError` otherwise."""
        path = self.resolve(text)
        if not path.exists():
            raise InputError("there is no such file in the workspace", value=text, remedy="check its name")
        return path

    def source(self, text: str) -> Path:
        """A file or folder to read: in the workspace, or by its absolute path in one of the data folders."""
        if not _absolute(text):
            return self.existing(text)
        _check_letters(text)
        real = _real(Path(text), text)
        if real.is_relative_to(self.state):
            raise PathError("this is the service's own state", value=text, remedy=_INSIDE)
        if not any(real.is_relative_to(folder) for folder in self.data_folders):
            raise PathError(
                "the path lies in no data folder of this workspace",
                value=text,
                remedy="add their folder (in the app: File → Add data), or start phenolens serve with --data FOLDER",
            )
        if not real.exists():
            raise InputError("there is no such file", value=text, remedy="check its name")
        return real

    def relative(self, path: Path) -> str:
        """How a path inside the workspace is written in answers: relative, with slashes."""
        return path.resolve().relative_to(self.root).as_posix()

    def stores(self) -> list[str]:
        """Embedding stores, finished or not, by their workspace-relative paths."""
        return sorted(self.relative(path) for path in self._folders() if is_store(path))

    def probes(self) -> list[str]:
        """Probe files, by their workspace-relative paths."""
        return self.files("*.probe")

    def files(self, pattern: str) -> list[str]:
        """Files whose names fit a pattern (`*.tif`), workspace-relative; what lies in stores isn't one, nor is what a
        job still writes (its name begins with a dot)."""
        folders = (folder for folder in self._folders() if not is_store(folder))
        found = (path for folder in folders for path in folder.glob(pattern) if path.name[0] != ".")
        return sorted(self.relative(path) for path in found if path.is_file() and not path.is_symlink())

    def uploads(self) -> Path:
        """The folder of files that were handed over, made for this user alone; `PathError` where it is a link."""
        folder = self.root / UPLOADS
        if folder.is_symlink():
            raise PathError("the folder of uploads is a link", value=UPLOADS, remedy="delete the link")
        return private_folder(folder)

    def forget_partial_uploads(self) -> None:
        """Take away what a service that was killed has left of uploads; for a service that starts."""
        if not (self.root / UPLOADS).is_symlink():
            for partial in (self.root / UPLOADS).glob(".*.partial"):
                with suppress(OSError):  # it stays, and is tried again at the next start
                    partial.unlink()

    @property
    def data_folders(self) -> tuple[Path, ...]:
        """Folders, and single files, outside the workspace that jobs may read from, as the user has added them."""
        try:
            content = json.loads(self._settings.read_text(encoding="utf-8"))
            return tuple(Path(folder) for folder in content["data_folders"])
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                "the workspace's settings can't be read", value=self._settings, remedy="delete the file"
            ) from error

    def add_data_folder(self, folder: Path) -> None:
        """Let jobs read from `folder` and below; `InputError` where there is none."""
        if not folder.is_dir():
            raise InputError("the data folder is no folder", value=folder, remedy="check its name")
        kept = dict.fromkeys([*self.data_folders, folder.resolve()])
        write_json(self._settings, {"data_folders": [str(path) for path in kept]}, overwrite=True)
        self._settings.chmod(0o600)

    def admit(self, text: str) -> str:
        """Let jobs read a file, or a folder and below, by its absolute path; how it is named from then on.

        `PathError` for what is no absolute path, a whole disk, or the service's own state."""
        _check_letters(text)
        if not Path(text).is_absolute():
            raise PathError("the path is not absolute", value=text, remedy="give all of it")
        real = _real(Path(text), text)
        if not real.exists():
            raise InputError("there is no such file or folder", value=text, remedy="check its name")
        if real == real.parent:
            raise PathError("this is a whole disk", value=text, remedy="choose the folder of the data")
        if real.is_relative_to(self.state):
            raise PathError("this is the service's own state", value=text, remedy="choose another folder")
        if real.is_relative_to(self.root) and real != self.root:
            return self.relative(real)
        kept = dict.fromkeys([*self.data_folders, real])
        write_json(self._settings, {"data_folders": [str(path) for path in kept]}, overwrite=True)
        self._settings.chmod(0o600)
        return str(real)

    @property
    def _settings(self) -> Path:
        return self.state / "settings.json"

    def _is_state(self, path: Path) -> bool:
        """Also by another spelling, which macOS and Windows take for the same folder."""
        first = path.relative_to(self.root).parts[:1]
        try:
            same = bool(first) and self.root.joinpath(*first).samefile(self.state)
        except OSError:  # there is no such file
            same = False
        return same or [name.casefold() for name in first] == [STATE]

    def _folders(self) -> Iterator[Path]:
        """The workspace and folders below it; not its state, hidden ones, links, or what is inside a store."""
        for folder, below, _ in os.walk(self.root):
            path = Path(folder)
            yield path
            deep = len(path.relative_to(self.root).parts) >= _DEEPEST
            below[:] = [] if deep or is_store(path) else [n for n in sorted(below) if not n.startswith(".")]


_INSIDE = "give a path relative to the workspace, inside it"


def private_folder(path: Path) -> Path:
    """The folder, for this user alone also where it is there already."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        path.chmod(0o700)
    except OSError as error:
        raise output_error(error, path) from error
    return path


def private(path: str, flags: int) -> int:
    """As `open`'s opener: a file that is made is for this user alone."""
    return os.open(path, flags, 0o600)


def is_store(path: Path) -> bool:
    """Whether a folder is an embedding store, by its attributes alone: zarr needn't be loaded for that."""
    return _attributes(path).get("kind") == "phenolens embedding store"


def is_unfinished(path: Path) -> bool:
    """Whether a folder is an embedding store that lacks tiles."""
    return is_store(path) and _attributes(path).get("status") != "complete"


def _attributes(path: Path) -> dict[str, object]:
    try:
        attributes = json.loads((path / "zarr.json").read_text(encoding="utf-8"))["attributes"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return attributes if isinstance(attributes, dict) else {}


def _parts(text: str) -> list[str]:
    _check_letters(text)
    if _absolute(text) or "\\" in text:
        raise PathError("the path is not relative", value=text, remedy=_INSIDE)
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise PathError("the path goes upwards", value=text, remedy=_INSIDE)
    return parts


def _absolute(text: str) -> bool:
    return text.startswith(("/", "\\", "~")) or bool(_DRIVE.match(text))


def _check_letters(text: str) -> None:
    if not text.strip():
        raise PathError("the path is empty", remedy=_INSIDE)
    if len(text) > _MOST_LETTERS:
        raise PathError(
            "the path is too long", value=f"{text[:40]}…", remedy=f"at most {_MOST_LETTERS} letters"
        )
    if any(len(name.encode("utf-8", "replace")) > _MOST_OF_A_NAME for name in text.split("/")):
        raise PathError(
            "a name in the path is too long", value=f"{text[:40]}…", remedy="choose a shorter one"
        )
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text) or not _encodable(text):
        raise PathError("the path holds a letter that no path has", value=ascii(text), remedy=_INSIDE)


def _encodable(text: str) -> bool:
    try:
        os.fsencode(text)
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _real(path: Path, text: str) -> Path:
    """The path with its links followed, also where its end doesn't exist yet."""
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:  # a loop of links, a name that is too long
        raise PathError("the path can't be followed", value=text, remedy=_INSIDE) from error
