"""Starting the app: arguments, appearance, the engine of the workspace, the window."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication

from .engine_link import EngineLink
from .main_window import MainWindow
from .theme import apply_theme, theme_named


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the app until its window is closed; the exit code."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("Phenolens")
    application.setOrganizationName("Phenolens")
    workspace = _workspace(asked.workspace)
    settings = QSettings(str(workspace / ".phenolens" / "app.ini"), QSettings.Format.IniFormat)
    theme = theme_named(asked.theme or str(settings.value("theme", "")))
    apply_theme(application, theme)
    link = EngineLink(workspace)
    window = MainWindow(link, theme, settings)
    window.show()
    link.start()
    if asked.sample:
        window.open_sample(asked.sample)
    _stop_on_interrupt(application)
    return application.exec()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="phenolens app", description="The desktop app.")
    parser.add_argument(
        "workspace", nargs="?", type=Path, help="folder with stores, probes and results [~/Phenolens]"
    )
    parser.add_argument("--theme", choices=("light", "dark"), help="appearance; the desktop's by default")
    parser.add_argument("--sample", choices=("landscape", "romania"), help="open a bundled sample at once")
    return parser


def _workspace(given: Path | None) -> Path:
    workspace = given or Path.home() / "Phenolens"
    workspace.mkdir(parents=True, exist_ok=True)
    state = workspace / ".phenolens"
    state.mkdir(mode=0o700, exist_ok=True)
    return workspace.resolve()


def _stop_on_interrupt(application: QApplication) -> None:
    """Ctrl-C at the terminal closes the window: Python sees signals only while it runs."""
    signal.signal(signal.SIGINT, lambda *_: application.closeAllWindows())
    wake = QTimer(application, interval=300)
    wake.timeout.connect(lambda: None)
    wake.start()
