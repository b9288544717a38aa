"""Starting the app: arguments, appearance, the engine of the workspace, the window."""

from __future__ import annotations

import argparse
import gc
import logging
import signal
import sys
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from .engine_link import EngineLink
from .main_window import MainWindow
from .memory import give_back_room, keep_room_for_pictures
from .painting import paint_alone
from .project import SUFFIX
from .settings import appearance, translate, user_settings
from .theme import apply_theme, theme_named

SWITCH_S = 0.001
"""A thread that computes lets the others have their turn so often."""
FIRST_USED_MS = 30_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the app until its window is closed; the exit code."""
    asked = _parser().parse_args(arguments)
    prepare()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    # the area map's browser, which is loaded much later, asks for it now
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    _introduce(application)
    settings = user_settings()
    theme = theme_named(asked.theme or appearance(settings))
    apply_theme(application, theme)
    opened = asked.workspace or Path.home() / "Phenolens"
    link = EngineLink(_workspace(opened.parent if opened.suffix == SUFFIX else opened))
    window = MainWindow(link, theme, settings)
    answer_promptly()
    application.applicationStateChanged.connect(_state_changed)
    window.show()
    link.start()
    _open(window, opened, asked.sample)
    _stop_on_interrupt(application)
    return application.exec()


def _state_changed(state: Qt.ApplicationState) -> None:
    """Other programs get the room that pictures took, once the user has gone on to one of them."""
    if state != Qt.ApplicationState.ApplicationActive:
        give_back_room()


def prepare() -> None:
    """What the process is told before there is an application, or any thread."""
    keep_room_for_pictures()
    paint_alone()


def answer_promptly() -> None:
    """The user interface waits less long for threads that compute, and for Python's search for what is garbage.

    That search holds all threads up. What is there by now stays to the end and needn't be searched again, nor does what
    panels load as they are first used: 60,000 objects more, which took up to 67 ms every other minute."""
    sys.setswitchinterval(SWITCH_S)
    gc.freeze()
    QTimer.singleShot(FIRST_USED_MS, gc.freeze)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="phenolens app", description="The desktop app.")
    parser.add_argument(
        "workspace",
        nargs="?",
        type=Path,
        help="folder with stores and results, or a project file [~/Phenolens]",
    )
    parser.add_argument(
        "--theme", choices=("light", "dark"), help="appearance; the one of last time by default"
    )
    parser.add_argument("--sample", choices=("landscape", "romania"), help="open a bundled sample at once")
    return parser


def _introduce(application: QApplication) -> None:
    """Name, icon, language."""
    application.setApplicationName("Phenolens")
    application.setOrganizationName("Phenolens")
    application.setDesktopFileName("phenolens")
    application.setWindowIcon(QIcon(str(resources.files("phenolens.resources") / "icons" / "app.svg")))
    translate(application)


def _open(window: MainWindow, opened: Path, sample: str | None) -> None:
    if opened.suffix == SUFFIX and sample is None:
        window.project.open(opened.resolve())
        return
    window.project.start(opening=sample is None)
    if sample is not None:
        window.open_sample(sample)


def _workspace(workspace: Path) -> Path:
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        (workspace / ".phenolens").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise SystemExit(
            f"phenolens app: the workspace can't be used: {error.strerror} [{workspace}] → "
            "use a folder of your own, with a copy of what is in it"
        ) from error
    return workspace.resolve()


def _stop_on_interrupt(application: QApplication) -> None:
    """Ctrl-C at the terminal closes the window: Python sees signals only while it runs."""
    signal.signal(signal.SIGINT, lambda *_: application.closeAllWindows())
    wake = QTimer(application, interval=300)
    wake.timeout.connect(lambda: None)
    wake.start()
