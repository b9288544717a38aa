"""`app`: the desktop app, as a program of its own; nothing of Qt is loaded here."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

import typer

from ..errors import ResourceError

_NEEDED = ("PySide6", "pyqtgraph", "folium")


def app(
    workspace: Annotated[
        Path | None, typer.Argument(help="Folder with stores and results, or a project file; ~/Phenolens.")
    ] = None,
    sample: Annotated[
        Literal["landscape", "romania"] | None, typer.Option(help="Open a bundled sample at once.")
    ] = None,
    theme: Annotated[
        Literal["light", "dark"] | None, typer.Option(help="Appearance; the one of last time by default.")
    ] = None,
) -> None:
    """Open the desktop app."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ResourceError(
            "the desktop app isn't installed",
            value=f"missing: {', '.join(missing)}",
            remedy="pip install 'phenolens[app]'",
        )
    given = [str(workspace)] if workspace is not None else []
    for name, value in (("--sample", sample), ("--theme", theme)):
        if value is not None:
            given += [name, value]
    raise typer.Exit(_run([sys.executable, "-m", "phenolens.app", *given]))


def _run(command: list[str]) -> int:
    """In this process's place, so that Ctrl-C and the exit code are the app's own; beside it on Windows."""
    if sys.platform == "win32":
        return subprocess.call(command)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(command[0], command)
    raise AssertionError("unreachable")
