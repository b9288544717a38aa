"""Starting: from a shell, in one's language, with the projects and the jobs of the last time."""

import os
import subprocess
import sys
from pathlib import Path

from phenolens.app import settings
from phenolens.engine.__main__ import main
from phenolens.engine.client.launch import stop
from PySide6.QtCore import QLocale, QSettings

CLOSED_SOON = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from phenolens.app.application import main

run = QApplication.exec

def closed_soon(_application):
    (window,) = (one for one in QApplication.topLevelWidgets() if one.inherits("QMainWindow"))
    soon = QTimer(window, interval=100)
    soon.timeout.connect(lambda: window.link.state.name == "ready" and window.close())
    soon.start()
    return run()

QApplication.exec = closed_soon
sys.exit(main(sys.argv[1:]))
"""


def test_the_app_ends_with_its_window_and_leaves_no_file_behind(tmp_path):
    home, workspace, scratch = (tmp_path / name for name in ("home", "workspace", "scratch"))
    for folder in (home, workspace, scratch):
        folder.mkdir()
    own = {"HOME": str(home), "TMPDIR": str(scratch), "XDG_CONFIG_HOME": str(home)}
    command = [sys.executable, "-c", CLOSED_SOON, str(workspace)]
    ended = subprocess.run(
        command, env={**os.environ, **own}, capture_output=True, text=True, check=False, timeout=120
    )
    stop(workspace)
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(scratch.iterdir()) == []


def test_jobs_that_ended_without_a_window_are_told_by_the_next_one(window, qtbot, workspace, until):
    params = {"store": "forest.zarr", "method": "pca", "overwrite": True, "out": "forest-pca"}
    kept = QSettings(window.settings.fileName(), QSettings.Format.IniFormat)
    submitted: list[object] = []
    window.link.ask("submit", lambda client: client.jobs.submit("project", params), submitted.append)
    until(lambda: bool(submitted))
    settings.leave_jobs(kept, window.link.workspace, [submitted[0].id])
    window.link.state_changed.emit(window.link.state)
    until(lambda: "While the window was closed" in window._message.text())
    assert settings.left_jobs(kept, window.link.workspace) == []


def test_a_language_is_spoken_where_there_is_a_translation(qapp, tmp_path):
    source = tmp_path / "phenolens_de.ts"
    source.write_text(
        '<?xml version="1.0"?><!DOCTYPE TS><TS version="2.1" language="de"><context><name>HelpController</name>'
        "<message><source>Guide</source><translation>Anleitung</translation></message></context></TS>"
    )
    release = Path(sys.executable).with_name("pyside6-lrelease")
    subprocess.run([release, source, "-qm", tmp_path / "phenolens_de.qm"], check=True, capture_output=True)
    translator = settings.translate(qapp, QLocale("de_DE"), tmp_path)
    assert translator is not None
    assert qapp.translate("HelpController", "Guide") == "Anleitung"
    qapp.removeTranslator(translator)
    assert settings.translate(qapp, QLocale("fi_FI"), tmp_path) is None


def test_recent_projects_are_few_and_there(tmp_path):
    kept = QSettings(str(tmp_path / "app.ini"), QSettings.Format.IniFormat)
    paths = [tmp_path / f"{number}.phenolens" for number in range(12)]
    for path in paths:
        path.touch()
        settings.remember(kept, path)
    settings.remember(kept, paths[5])
    paths[10].unlink()
    assert [path.stem for path in settings.recent(kept)] == ["5", "11", "9", "8", "7", "6", "4"]


def test_without_the_apps_packages_the_command_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr("phenolens.engine.commands.app.find_spec", lambda name: None)
    assert main(["app"]) == 2
    assert "pip install 'phenolens[app]'" in capsys.readouterr().err


def test_the_command_hands_its_arguments_to_the_app(monkeypatch):
    started: list[list[str]] = []
    monkeypatch.setattr("phenolens.engine.commands.app._run", lambda command: started.append(command) or 0)
    assert main(["app", "folder", "--sample", "romania", "--theme", "dark"]) == 0
    assert started[0][1:] == ["-m", "phenolens.app", "folder", "--sample", "romania", "--theme", "dark"]


def test_the_engine_starts_the_app_without_loading_qt():
    code = "import sys, phenolens.engine.__main__; sys.exit(any('PySide6' in name for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
