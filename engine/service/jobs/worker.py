"""One job in a process of its own: `python -m phenolens.engine.service.jobs.worker JOB`.

What it prints, or a native library does, goes to the job's log; messages have a channel of their own."""

import errno
import faulthandler
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import psutil

from ...errors import EngineError, ResourceError
from ...output import output_error, tell_new_files
from ...progress import CancelToken, ProgressEvent
from ..faults import described, unforeseen
from ..workspace import Workspace
from .context import JobContext, kinds_at
from .leftovers import Made
from .order import LONGEST_LINE, Order

PROGRESS_EVERY_S = 0.2
ORPHANED = 75
_PREFERRED_BY_THE_OOM_KILLER = "500"
_NICENESS = 10


class Messages:
    """The channel to the service; what it can't take any more is of no use to anyone."""

    def __init__(self, channel: IO[bytes]) -> None:
        self._channel = channel
        self._told = 0.0
        self._stage = ""

    def progress(self, event: ProgressEvent) -> None:
        """Pass it on, unless another has just been: a tile may take milliseconds."""
        moment = time.monotonic()
        same = event.stage == self._stage and event.done < event.total
        if same and moment - self._told < PROGRESS_EVERY_S:
            return
        self._told, self._stage = moment, event.stage
        self.send({"progress": asdict(event)})

    def send(self, message: Mapping[str, Any]) -> None:
        line = json.dumps(message, allow_nan=False).encode() + b"\n"
        if len(line) > LONGEST_LINE:
            raise ResourceError("the result is too large to be told", value=f"{len(line):,} bytes")
        with suppress(BrokenPipeError):  # the service is gone, and the other thread is about to notice
            self._channel.write(line)
            self._channel.flush()


def main() -> int:
    """Read the order, do it, tell what came of it."""
    faulthandler.enable()  # a native crash then says in the log where it was
    messages = Messages(_own_channel())
    order, rest = _read_order()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("phenolens").setLevel(logging.INFO)
    cancel = CancelToken()
    threading.Thread(target=_listen, args=(cancel, rest), daemon=True).start()
    _offer_to_oom_killer()
    _make_way()
    try:
        messages.send({"result": _do(order, messages, cancel)})
    except Exception as error:  # noqa: BLE001 - the outermost place: everything becomes a message
        messages.send({"error": _fault(error)})
        return 1
    return 0


def _do(order: Order, messages: Messages, cancel: CancelToken) -> dict[str, Any]:
    kind = kinds_at(order.kinds)[order.kind]
    params = kind.params.model_validate_json(json.dumps(order.params))
    workspace = Workspace(Path(order.workspace))
    tell_new_files(Made(workspace, Path(order.folder)))
    context = JobContext(workspace, Path(order.folder), order.attempt, messages.progress, cancel)
    return kind.run(params, context)


def _fault(error: Exception) -> dict[str, Any]:
    """What went wrong, for the user; what nobody foresaw has its traceback in the job's log."""
    if isinstance(error, EngineError):
        return described(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG):
        return described(output_error(error, Path(error.filename or "the output")))
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        logging.getLogger("phenolens.job").error("out of memory", exc_info=error)
        remedy = "close other programs, give the job less memory, or a smaller area"
        return described(ResourceError("there is not enough memory", value=error, remedy=remedy))
    return unforeseen(error)


def _own_channel() -> IO[bytes]:
    """The service's end of standard output, out of reach of whoever prints there: that goes to the log."""
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return channel


def _read_order() -> tuple[Order, bytes]:
    """The first line of standard input, and what came with it; raw, as a thread goes on reading."""
    read = b""
    while b"\n" not in read:
        piece = os.read(0, 65_536)
        if not piece:
            _end()
        read += piece
    line, _, rest = read.partition(b"\n")
    return Order.read(line), rest


def _listen(cancel: CancelToken, rest: bytes) -> None:
    """Any further word is the wish to stop; silence for ever, with the end of the input, is the service's end."""
    while True:
        if rest:
            cancel.cancel()
        rest = os.read(0, 4096)
        if not rest:
            _end()


def _end() -> None:
    """End at once, with every process that this one has started: nobody is there to tell the outcome.

    What is on the disk is good to go on with, as after any kill."""
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(ORPHANED)


def _offer_to_oom_killer() -> None:
    """Linux: if memory runs out, this process should go before the service or the user's desktop does."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_PREFERRED_BY_THE_OOM_KILLER, encoding="ascii")


def _make_way() -> None:
    """Let whoever looks at maps meanwhile go first: a job has time."""
    with suppress(OSError, psutil.Error):
        psutil.Process().nice(
            getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", _NICENESS)
        )  # Windows has the former
    if hasattr(os, "getsid") and os.getsid(0) == os.getpid():
        _make_way_as_a_session()


def _make_way_as_a_session() -> None:
    """Linux may share processors out among sessions first, and niceness then counts within each of them alone."""
    for _ in range(3):
        try:
            Path("/proc/self/autogroup").write_text(str(_NICENESS), encoding="ascii")
        except BlockingIOError:  # another one was changed a moment ago
            time.sleep(0.1)
        except OSError:  # another system, or one that doesn't share out so
            return
        else:
            return


if __name__ == "__main__":
    sys.exit(main())
