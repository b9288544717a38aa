"""Kinds of jobs that only tests have: they wait, write, ignore, crash, and fill the disk."""

import errno
import os
import signal
import time
from pathlib import Path

from phenolens.engine.errors import InputError
from phenolens.engine.output import write_text
from phenolens.engine.service.jobs.context import Kind
from phenolens.engine.service.schema import Asked, WorkspacePath

UNFINISHED = '{"attributes": {"kind": "phenolens embedding store", "status": "partial"}}'


class Nothing(Asked):
    pass


class Noted(Asked):
    out: WorkspacePath
    text: str = ""


class Held(Asked):
    """Waits until it is cancelled; tells through a FIFO that it has begun."""

    fifo: str
    out: WorkspacePath | None = None


def note(params, context):
    context.progress("note", 1).advance()
    path = context.workspace.resolve(params.out)
    write_text(path, params.text, overwrite=context.attempt > 1)
    return {"file": params.out, "attempt": context.attempt}


def hold(params, context):
    """Fills an unfinished store until it is told to stop."""
    if params.out is not None:
        store = context.workspace.resolve(params.out)
        if not store.exists():
            context.own(store)
        store.mkdir(exist_ok=True)
        (store / "zarr.json").write_text(UNFINISHED)
        (store.parent / f".map.{os.getpid()}.partial.tif").write_text("half a map")
    progress = context.progress("hold", 100)
    progress.advance(42)
    print("holding", flush=True)
    Path(params.fifo).write_text("begun\n")
    while True:
        time.sleep(0.01)
        context.cancel.check()


def pages(params, context):
    """Three whole files, then waits until it is told to stop."""
    for number in range(3):
        page = context.workspace.resolve(f"{params.out}-{number}.txt")
        write_text(page, "of the job", overwrite=True)
    hold(Held(fifo=params.fifo), context)


def ignore(params, _context):
    Path(params.fifo).write_text("begun\n")
    while True:
        time.sleep(60)


def crash(_params, _context):
    os.abort()


def killed(_params, _context):
    os.kill(os.getpid(), signal.SIGKILL)


def leave(_params, _context):
    os._exit(3)


def fill(params, context):
    """A disk that is full in mid-job, as the system says it."""
    write_text(context.workspace.resolve(params.out), "whole")
    raise OSError(errno.ENOSPC, "No space left on device", str(context.workspace.resolve("big.tif")))


def fault(_params, _context):
    raise RuntimeError("secret-of-the-traceback")


def refuse(_params, _context):
    raise InputError("the file has no bands", value="x.tif", remedy="give another file")


def chat(_params, _context):
    """Prints where messages go, as native libraries do."""
    os.write(1, b'{"result": {"forged": true}}\n')
    print("and so does Python")
    return {"forged": False}


def _kind(name, run, params=Nothing, *, gpu=False):
    def outputs(given):
        return tuple(path for path in (getattr(given, "out", None),) if path)

    return Kind(name, name, params, run, outputs=outputs, gpu=gpu)


KINDS = {
    kind.name: kind
    for kind in (
        _kind("note", note, Noted),
        _kind("hold", hold, Held),
        _kind("hold-gpu", hold, Held, gpu=True),
        _kind("pages", pages, Held),
        _kind("note-gpu", note, Noted, gpu=True),
        _kind("ignore", ignore, Held),
        _kind("crash", crash),
        _kind("killed", killed),
        _kind("leave", leave),
        _kind("fill", fill, Noted),
        _kind("fault", fault),
        _kind("refuse", refuse),
        _kind("chat", chat),
    )
}
