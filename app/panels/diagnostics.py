"""What a bug report should carry: as text to read, copy and save."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from typing import Any

from phenolens.engine.client.results import Diagnostics
from PySide6.QtCore import QCoreApplication, Signal, qVersion
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from .help_page import version_of

translate = QCoreApplication.translate  # by this name translators' tools find its texts


class DiagnosticsWindow(QDialog):
    """Shows the report; asks for nothing."""

    saving = Signal(str)
    """The text is to be written somewhere."""
    again = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Diagnostics"))
        self.setObjectName("diagnostics")
        self._text = QPlainTextEdit(readOnly=True)
        self._text.setAccessibleName(self.tr("Diagnostics report"))
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        row = QHBoxLayout()
        self._buttons = {}
        for name, done in (
            (self.tr("Copy"), self._copy),
            (self.tr("Save…"), lambda: self.saving.emit(self.text)),
            (self.tr("Look again"), self.again.emit),
        ):
            button = QPushButton(name)
            button.clicked.connect(lambda _=False, done=done: done())
            row.addWidget(button)
            self._buttons[name] = button
        row.addStretch(1)
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.reject)
        row.addWidget(close)
        layout = QVBoxLayout(self)
        layout.addWidget(self._text)
        layout.addLayout(row)
        self.resize(760, 560)
        self.wait()

    @property
    def text(self) -> str:
        return self._text.toPlainText()

    def wait(self) -> None:
        self.set_text(
            self.tr("Looking at the machine, the libraries and the engine; this takes some seconds…")
        )
        self._enable(False)

    def set_report(self, text: str) -> None:
        self.set_text(text)
        self._enable(True)

    def set_text(self, text: str) -> None:
        self._text.setPlainText(text)

    def _enable(self, there: bool) -> None:
        for button in self._buttons.values():
            button.setEnabled(there)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text)


def report_of(app: Mapping[str, Any], found: Diagnostics | None, problem: str = "") -> str:
    """Plain text: what is wrong first, then everything else."""
    lines = ["Phenolens diagnostics", ""]
    if problem:
        lines += [translate("Diagnostics", "The engine gave no report: {}").format(problem), ""]
    if found is not None:
        lines += [f"Engine: {'fine' if found.ok else 'see the lines marked !'}"]
        lines += [_finding(one) for one in found.findings] + [""]
    sections = {"App": app}
    if found is not None:
        sections |= {"Libraries": found.libraries, "Service": found.service}
    for name, values in sections.items():
        lines += [name, *(f"  {key}: {_plain(value)}" for key, value in values.items()), ""]
    return "\n".join(lines)


def app_facts() -> dict[str, str]:
    """Of this side: versions, screen, platform."""
    screen = QGuiApplication.primaryScreen()
    size = screen.size()
    return {
        "phenolens": version_of("phenolens"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "qt": qVersion(),
        "pyside6": version_of("PySide6"),
        "pyqtgraph": version_of("pyqtgraph"),
        "screen": f"{size.width()} x {size.height()}, scale {screen.devicePixelRatio():g}",
        "platform plugin": QGuiApplication.platformName(),
    }


def _finding(one: Mapping[str, Any]) -> str:
    mark = " " if one.get("ok", True) else "!"
    rest = [_plain(value) for name, value in one.items() if name not in ("ok", "name") and value]
    return f"{mark} {one.get('name', '')}: {', '.join(rest)}"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
