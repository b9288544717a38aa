"""A window asks for files and folders with one dialog, which is each time as new."""

from pathlib import Path

import pytest
from phenolens.app.controllers.dialogs import FileDialog, ask_file, ask_file_to_write, ask_files, ask_folder
from PySide6.QtWidgets import QFileDialog, QLineEdit, QWidget

TEXT = "Text (*.txt)"


@pytest.fixture
def asking(qtbot) -> QWidget:
    shown = QWidget()
    qtbot.addWidget(shown)
    shown.show()
    return shown


def test_one_dialog_asks_for_everything_and_keeps_nothing_of_the_question_before(
    asking, qtbot, tmp_path, choose
):
    answers: list[object] = []
    ask_file_to_write(asking, "Save", tmp_path / "notes.txt", TEXT, answers.append)
    dialog = asking.findChild(FileDialog)
    assert dialog.windowTitle() == "Save"
    assert dialog.selectedFiles() == [str(tmp_path / "notes.txt")]
    choose(asking, tmp_path / "mine")
    qtbot.waitUntil(lambda: answers == [tmp_path / "mine.txt"])

    (tmp_path / "sub").mkdir()
    ask_folder(asking, "Open", tmp_path, answers.append)
    assert dialog.acceptMode() == QFileDialog.AcceptMode.AcceptOpen
    assert dialog.testOption(QFileDialog.Option.ShowDirsOnly)
    assert dialog.findChild(QLineEdit, "fileNameEdit").text() == ""
    choose(asking, tmp_path / "sub")
    qtbot.waitUntil(lambda: answers[1:] == [tmp_path / "sub"])

    (tmp_path / "one").touch()
    ask_files(asking, "Data", tmp_path, "All (*)", answers.append)
    assert dialog.fileMode() == QFileDialog.FileMode.ExistingFiles
    assert not dialog.testOption(QFileDialog.Option.ShowDirsOnly)
    assert dialog.defaultSuffix() == ""
    choose(asking, tmp_path / "one")
    qtbot.waitUntil(lambda: answers[2:] == [[tmp_path / "one"]])
    assert asking.findChildren(QFileDialog) == [dialog]


def test_an_answer_may_lead_to_another_question(asking, qtbot, tmp_path, choose):
    (tmp_path / "one").touch()
    answers: list[Path] = []

    def first(_: Path) -> None:
        ask_file(asking, "Second", tmp_path, "All (*)", answers.append)

    ask_file(asking, "First", tmp_path, "All (*)", first)
    choose(asking, tmp_path / "one")
    dialog = asking.findChild(FileDialog)
    qtbot.waitUntil(dialog.isVisible)
    assert dialog.windowTitle() == "Second"
    assert not answers
    choose(asking, tmp_path / "one")
    qtbot.waitUntil(lambda: answers == [tmp_path / "one"])


def test_who_was_turned_away_gets_no_later_answer(asking, qtbot, tmp_path, choose):
    (tmp_path / "one").touch()
    turned_away: list[Path] = []
    answers: list[Path] = []
    ask_file(asking, "First", tmp_path, "All (*)", turned_away.append)
    ask_file(asking, "Second", tmp_path, "All (*)", answers.append)  # while the first one is open
    choose(asking, tmp_path / "one")
    qtbot.waitUntil(lambda: answers == [tmp_path / "one"])
    assert not turned_away
