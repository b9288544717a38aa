"""Asking for files and folders without stopping the window: the answer comes when it comes. And showing them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

translate = QCoreApplication.translate  # by this name translators' tools find its texts

Answered = Callable[[Path], object]


def ask_file(parent: QWidget, title: str, folder: Path, pattern: str, answered: Answered) -> None:
    """A file that is there."""
    dialog = _dialog(parent, title, folder, answered)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilter(pattern)
    dialog.open()


def ask_files(
    parent: QWidget, title: str, folder: Path, pattern: str, answered: Callable[[list[Path]], object]
) -> None:
    """Files that are there."""
    dialog = QFileDialog(parent, title, str(folder), pattern)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.filesSelected.connect(lambda paths: answered([Path(path) for path in paths]))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def ask_folder(parent: QWidget, title: str, folder: Path, answered: Answered) -> None:
    dialog = _dialog(parent, title, folder, answered)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    dialog.open()


def ask_file_to_write(parent: QWidget, title: str, name: Path, pattern: str, answered: Answered) -> None:
    """A file to write; the dialog has asked where it is there already. The pattern's ending is added."""
    dialog = _dialog(parent, title, name.parent, answered)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilter(pattern)
    dialog.setDefaultSuffix(pattern.rpartition("*.")[2].rstrip(")"))
    dialog.selectFile(name.name)
    dialog.open()


def show_folder(folder: Path, say: Callable[[str, bool], None]) -> None:
    """In the desktop's own window; where that fails, at least say where it is."""
    if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
        say(translate("Dialogs", "The files are in {}").format(folder), False)


def _dialog(parent: QWidget, title: str, folder: Path, answered: Answered) -> QFileDialog:
    dialog = QFileDialog(parent, title, str(folder))
    dialog.fileSelected.connect(lambda path: answered(Path(path)))
    dialog.finished.connect(dialog.deleteLater)
    return dialog
