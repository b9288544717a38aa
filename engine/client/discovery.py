"""Find the service of a workspace: the file that it leaves there, and whether that file can be trusted."""

from __future__ import annotations

import json
import os
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

from .errors import NotRunning, Refused

PROTOCOL = 1
"""The protocol that this client speaks; a service of another one is refused."""

STATE_FOLDER = ".phenolens"
FILE_NAME = "service.json"
_MOST_BYTES = 65_536
_OTHERS = stat.S_IRWXG | stat.S_IRWXO

AnyPath = Union[str, "os.PathLike[str]"]


@dataclass(frozen=True)
class Discovery:
    """Where a service listens (127.0.0.1:`port`) and what it takes to be let in."""

    port: int
    token: str = field(repr=False)  # never in a log or a traceback
    pid: int
    version: str
    protocol: int
    workspace: str


def discovery_path(workspace: AnyPath) -> Path:
    """The discovery file of `workspace`, whether or not it exists."""
    return Path(workspace) / STATE_FOLDER / FILE_NAME


def find(workspace: AnyPath) -> Discovery:
    """The running service of `workspace`.

    `NotRunning` without a discovery file, or if it names a process that is gone; `Refused` for a file that others
    may read or write, that belongs to another user, or that isn't what a service writes.
    """
    path = discovery_path(workspace)
    found = _parsed(path, _trusted_bytes(path))
    if not process_alive(found.pid):
        raise NotRunning(
            "the service of this workspace is gone: its discovery file names a process that has ended",
            value=f"pid {found.pid}, {path}",
            remedy="start it again: phenolens serve",
        )
    return found


def _trusted_bytes(path: Path) -> bytes:
    """The file's content; the checks and the reading see the same open file, so nothing can be swapped between."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except (FileNotFoundError, NotADirectoryError):
        raise NotRunning(
            "no service runs in this workspace", value=path.parent.parent, remedy="start it: phenolens serve"
        ) from None
    except OSError as error:
        raise Refused(f"the discovery file can't be opened: {error.strerror}", value=path) from None
    try:
        _check_owner(path, os.fstat(descriptor))
        content = os.read(descriptor, _MOST_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(content) > _MOST_BYTES:
        raise Refused(
            "the discovery file is too large to be one", value=path, remedy="delete it and start anew"
        )
    return content


def _check_owner(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Refused("the discovery file is no plain file", value=path)
    if os.name != "posix":
        return  # Windows: the profile folder's access list says who may read
    if status.st_uid != os.geteuid():
        raise Refused(
            "the discovery file belongs to another user, so its service can't be trusted",
            value=f"{path}, user {status.st_uid}",
            remedy="use a workspace of your own",
        )
    if status.st_mode & _OTHERS:
        raise Refused(
            "other users may read or write the discovery file, so its token is no secret",
            value=f"{path}, mode {stat.S_IMODE(status.st_mode):o}",
            remedy="stop the service, make the folder yours alone (chmod 700), and start it again",
        )


def _parsed(path: Path, content: bytes) -> Discovery:
    try:
        values = json.loads(content.decode("utf-8"))
        return _checked(values)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Refused(
            "the discovery file isn't what a service writes",
            value=f"{path}: {type(error).__name__}: {error}",
            remedy="stop the service, delete the file, and start it again",
        ) from None


def _checked(values: Any) -> Discovery:
    port, pid, token = int(values["port"]), int(values["pid"]), values["token"]
    if not 0 < port < 65_536 or pid <= 0:
        raise ValueError(f"port {port}, pid {pid}")
    if not (isinstance(token, str) and token.isascii() and token.isprintable() and 0 < len(token) <= 512):
        raise ValueError("no token, or one that can't be sent")
    version, protocol = str(values["version"]), int(values["protocol"])
    return Discovery(port, token, pid, version, protocol, str(values["workspace"]))


def process_alive(pid: int) -> bool:
    """Whether a process of this number runs; one that has ended but wasn't collected yet (a zombie) doesn't."""
    if sys.platform == "win32":
        return _alive_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # someone else's
    except OverflowError:
        return False
    return not _zombie(pid)


def _zombie(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False  # no /proc here, or it ended just now: the connection will tell
    return text.rpartition(b")")[2].split()[:1] == [b"Z"]


def _alive_on_windows(pid: int) -> bool:
    import ctypes  # noqa: PLC0415 - os.kill(pid, 0) would end the process there

    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    handle = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
    if not handle:
        return bool(kernel.GetLastError() == 5)  # access denied: it is there
    try:
        code = ctypes.c_ulong()
        return bool(
            kernel.GetExitCodeProcess(handle, ctypes.byref(code)) and code.value == 259
        )  # still active
    finally:
        kernel.CloseHandle(handle)
