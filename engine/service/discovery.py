"""One service per workspace, and the file that tells the user's own programs where it listens."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field

from filelock import FileLock, Timeout

from .. import __version__
from ..errors import ResourceError
from ..output import output_error
from . import PROTOCOL
from .workspace import Workspace

FILE_NAME, LOCK_NAME = "service.json", "lock"


class WorkspaceBusy(ResourceError):  # noqa: N818 - a state of things
    """Another service serves this workspace."""

    code = "busy"


@dataclass(frozen=True)
class Discovery:
    """Where the service listens (127.0.0.1:`port`) and what it takes to be let in."""

    port: int
    pid: int
    workspace: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    version: str = __version__
    protocol: int = PROTOCOL


@contextmanager
def sole_service(workspace: Workspace) -> Iterator[None]:
    """Hold the workspace; `WorkspaceBusy` where another service does.

    The lock is the operating system's: it ends with the process that holds it, however that ends, so that a
    file which a killed service or a reboot has left behind locks nobody out."""
    lock = FileLock(workspace.state / LOCK_NAME, timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout as error:
        raise WorkspaceBusy(
            "another service serves this workspace",
            value=f"{workspace.root}{_holder(workspace)}",
            remedy="use that one, stop it, or choose another workspace",
        ) from error
    except OSError as error:
        raise output_error(error, workspace.state / LOCK_NAME) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def announced(workspace: Workspace, discovery: Discovery) -> Iterator[None]:
    """The discovery file, for as long as the block runs; only its owner may read it."""
    path = workspace.state / FILE_NAME
    partial = path.with_name(f".{FILE_NAME}.partial")
    try:
        partial.unlink(missing_ok=True)
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(discovery), file)
            file.flush()
            os.fsync(handle)  # half a file after a power cut would be trusted by nobody, and keep faces out
        os.replace(partial, path)
    except OSError as error:
        raise output_error(error, path) from error
    try:
        yield
    finally:
        with suppress(OSError):  # the next service replaces it, and its process number is a dead one
            path.unlink()


def _holder(workspace: Workspace) -> str:
    """Which process it is, as far as the file tells."""
    try:
        return f", process {int(json.loads((workspace.state / FILE_NAME).read_text())['pid'])}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
