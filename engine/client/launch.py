"""Start the service of a workspace as a process of its own, wait until it answers, stop it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, TypeVar

from .discovery import STATE_FOLDER, AnyPath, Discovery, find, process_alive
from .errors import ConnectionLost, NotRunning, Refused, ServiceError, Timeout
from .loopback import LoopbackTransport
from .transport import Request

START_S = 60.0
STOP_S = 15.0
LOG_NAME = "serve.log"
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.02, 0.5
_MOST_LOG_BYTES = 1_000_000
_TAIL_BYTES = 2000
_HELD = b"another service serves"  # how a service says that it came second
_Found = TypeVar("_Found")
# what QGIS and virtual environments set for their own Python, and what leads another one astray
_NOT_PASSED_ON = {
    *(
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "PYTHONEXECUTABLE",
        "PYTHONPLATLIBDIR",
        "__PYVENV_LAUNCHER__",
    ),
    *("GDAL_DATA", "GDAL_DRIVER_PATH", "PROJ_LIB", "PROJ_DATA", "GEOTIFF_CSV", "QT_PLUGIN_PATH"),
}


def start(
    workspace: AnyPath,
    *,
    command: Sequence[str] = (sys.executable, "-m", "phenolens.engine"),
    options: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    timeout_s: float = START_S,
) -> Discovery:
    """The service of `workspace`, started with `command serve` unless it runs already; it outlives this process.

    `command` is the engine's Python with `-m phenolens.engine`, or its `phenolens` program; `environment` adds to
    this process's. Raises `NotRunning` with the end of its log if it gives up, `Timeout` if it never answers.
    """
    running = _answering_or_none(workspace)
    if running is not None:
        return running
    with _log(Path(workspace)) as log:
        begin = log.seek(0, os.SEEK_END)
        process = _detached([*command, "serve", str(workspace), *options], log, environment)
    return _awaited(workspace, process, begin, timeout_s)


def stop(workspace: AnyPath, *, timeout_s: float = STOP_S) -> bool:
    """End the service of `workspace` and wait until its process is gone; `False` if none ran."""
    try:
        running = find(workspace)
        LoopbackTransport(lambda: running).send(Request("POST", "/v1/shutdown", json={})).checked()
    except NotRunning:
        return False
    except ConnectionLost:
        pass  # it went while it answered
    if not _until(lambda: None if process_alive(running.pid) else True, timeout_s):
        raise Timeout(
            "the service was asked to stop and still runs",
            value=f"pid {running.pid}, after {timeout_s:g} s",
            remedy="wait for its jobs to end, or end the process by hand",
        )
    return True


def answering(workspace: AnyPath) -> Discovery:
    """The running service of `workspace` once it answers; `NotRunning`, `Timeout` or `Refused` otherwise."""
    found = find(workspace)
    transport = LoopbackTransport(lambda: found)
    try:
        told = transport.send(Request("GET", "/v1/hello", timeout_s=5.0)).checked().parsed()
    finally:
        transport.close()
    if not isinstance(told, dict) or told.get("pid") != found.pid:
        raise NotRunning(
            "another program answers at the port that the discovery file names", value=found.port
        )
    return found


def _answering_or_none(workspace: AnyPath) -> Discovery | None:
    """The service that runs in `workspace`; raises only for a discovery file that can't be trusted."""
    try:
        return answering(workspace)
    except ServiceError as error:
        if error.code == Refused.code:
            raise
        return None  # none, one that is about to end, or somebody else at the port of one that was killed


def _detached(command: list[str], log: IO[bytes], added: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED_ON}
    environment.update(added or {})
    windows = sys.platform == "win32"
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            close_fds=True,
            start_new_session=not windows,  # Ctrl-C at the face's terminal isn't meant for the service
            # CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP
            creationflags=0x0800_0000 | 0x0000_0200 if windows else 0,
        )
    except OSError as error:
        raise NotRunning(
            f"the service can't be started: {error.strerror}",
            value=command[0],
            remedy="say where Phenolens is installed: the path of its python or phenolens program",
        ) from error


def _awaited(
    workspace: AnyPath, process: subprocess.Popen[bytes], log_begin: int, timeout_s: float
) -> Discovery:
    def ready() -> Discovery | None:
        ended = process.poll()
        running = _answering_or_none(workspace)  # also another one, which was quicker and holds the workspace
        if running is None:
            _check_going(ended, _told(Path(workspace), log_begin))
        return running

    try:
        found = _until(ready, timeout_s)
    finally:
        # collects the process whenever it ends, so that it leaves no zombie behind that looks alive
        threading.Thread(target=process.wait, name="phenolens service", daemon=True).start()
    if found is None:
        process.kill()
        raise Timeout(
            "the service was started and doesn't answer",
            value=f"{timeout_s:g} s; it said: {_told(Path(workspace), log_begin).decode('utf-8', 'replace')}",
            remedy="the machine may be busy: try again, or allow more time",
        )
    return found


def _check_going(ended: int | None, told: bytes) -> None:
    if ended is None or _HELD in told:
        return  # still starting; or another one holds the workspace and is about to answer
    raise NotRunning(
        "the service gave up while it started",
        value=f"exit code {ended}: {told.decode('utf-8', 'replace').strip() or 'it said nothing'}",
        remedy="see .phenolens/serve.log in the workspace",
    )


def _log(workspace: Path) -> IO[bytes]:
    """What the service says before and beside its jobs; for this user alone."""
    folder = workspace / STATE_FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        log = os.fdopen(os.open(folder / LOG_NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
    except OSError as error:
        raise Refused(f"the workspace can't be written to: {error.strerror}", value=workspace) from error
    if log.seek(0, os.SEEK_END) > _MOST_LOG_BYTES:
        log.truncate(0)
    return log


def _told(workspace: Path, begin: int) -> bytes:
    """The end of what was logged from byte `begin` on."""
    try:
        with (workspace / STATE_FOLDER / LOG_NAME).open("rb") as log:
            log.seek(max(begin, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
            return log.read()
    except OSError:
        return b""


def _until(ready: Callable[[], _Found | None], seconds: float) -> _Found | None:
    """What `ready` finds within `seconds`; looked for less and less often."""
    end, pause = time.monotonic() + seconds, _FIRST_PAUSE_S
    while True:
        found = ready()
        if found is not None or time.monotonic() >= end:
            return found
        time.sleep(min(pause, max(0.0, end - time.monotonic())))
        pause = min(2 * pause, _LONGEST_PAUSE_S)
