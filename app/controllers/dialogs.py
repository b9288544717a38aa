"""Asking for files and folders without stopping the window: the answer comes when it comes. And showing them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QLineEdit, QWidget

translate = QCoreApplication.translate  # by this name translators' tools find its texts

Answered = Callable[[Path], object]


def ask_file(parent: QWidget, title: str, folder: Path, pattern: str, answered: Answered) -> None:
    """A file that is there."""
    dialog = _dialog_of(parent)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilter(pattern)
    dialog.ask(title, folder, lambda paths: answered(paths[0]))


def ask_files(
    parent: QWidget, title: str, folder: Path, pattern: str, answered: Callable[[list[Path]], object]
) -> None:
    """Files that are there."""
    dialog = _dialog_of(parent)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.setNameFilter(pattern)
    dialog.ask(title, folder, answered)


def ask_folder(parent: QWidget, title: str, folder: Path, answered: Answered) -> None:
    dialog = _dialog_of(parent)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    dialog.ask(title, folder, lambda paths: answered(paths[0]))


def ask_file_to_write(parent: QWidget, title: str, name: Path, pattern: str, answered: Answered) -> None:
    """A file to write; the dialog has asked where it is there already. The pattern's ending is added."""
    dialog = _dialog_of(parent)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilter(pattern)
    dialog.setDefaultSuffix(pattern.rpartition("*.")[2].rstrip(")"))
    dialog.ask(title, name.parent, lambda paths: answered(paths[0]), name.name)


def show_folder(folder: Path, say: Callable[[str, bool], None]) -> None:
    """In the desktop's own window; where that fails, at least say where it is."""
    if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
        say(translate("Dialogs", "The files are in {}").format(folder), False)


class FileDialog(QFileDialog):
    """The one of a window, for all that it asks for.

    The window stood still for each new one: as long as Qt makes it, and, when it is freed, as long as the system takes
    to stop watching its folder (20-50 ms on Linux, where the desktop has no dialog of its own)."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._answered: Callable[[list[Path]], object] = list
        self.filesSelected.connect(self._answer)

    def begin(self) -> None:
        """As a new one."""
        if self.isVisible():
            self.reject()
        self.setAcceptMode(QFileDialog.AcceptMode.AcceptOpen)
        self.setFileMode(QFileDialog.FileMode.AnyFile)
        self.setOption(QFileDialog.Option.ShowDirsOnly, False)
        self.setDefaultSuffix("")
        for line in self.findChildren(QLineEdit):  # none where the desktop has a dialog of its own
            line.clear()

    def ask(self, title: str, folder: Path, answered: Callable[[list[Path]], object], name: str = "") -> None:
        """Open it in a folder, with the name of a file to write, if any."""
        self._answered = answered
        self.setWindowTitle(title)
        self.setDirectory(str(folder))
        self.selectFile(name)
        self.open()

    def _answer(self, paths: list[str]) -> None:
        """Once it is closed: the answer may lead to another question."""
        answered = self._answered
        QTimer.singleShot(0, self, lambda: answered([Path(path) for path in paths]))


def _dialog_of(parent: QWidget) -> FileDialog:
    direct = Qt.FindChildOption.FindDirectChildrenOnly
    dialog = parent.findChild(FileDialog, options=direct) or FileDialog(parent)
    dialog.begin()
    return dialog
