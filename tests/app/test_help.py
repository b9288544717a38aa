"""The guide, what is told about the program, and the report for when something is wrong."""

import PySide6
from phenolens.app.panels.diagnostics import DiagnosticsWindow
from phenolens.app.panels.help_page import TextWindow
from PySide6.QtWidgets import QApplication


def test_the_guide_tells_the_workflow_and_what_numbers_mean(window, look, trigger):
    trigger(window, "Guide")
    guide = window.findChild(TextWindow)
    for words in ("Ten steps", "optimism gap", "Support", "interval", "Compute embeddings"):
        assert words in guide.text
    look(guide)
    trigger(window, "Guide")
    assert len(window.findChildren(TextWindow)) == 1
    guide.reject()


def test_about_names_versions_and_licences(window, trigger):
    trigger(window, "About Phenolens")
    text = window.findChild(TextWindow).text
    assert PySide6.__version__ in text
    assert "GPL-3.0-or-later" in text
    assert "engine 0." in text


def test_the_light_gives_a_report_that_can_be_copied_and_saved(window, tmp_path, until, look, choose):
    window.engine_light.click()
    shown = window.findChild(DiagnosticsWindow)
    until(lambda: "Service" in shown.text)
    assert "Engine: fine" in shown.text
    assert "qt: " in shown.text
    look(shown)
    shown._copy()
    assert QApplication.clipboard().text() == shown.text
    shown.saving.emit(shown.text)
    path = tmp_path / "report.txt"
    choose(window, path)
    until(path.is_file)
    assert path.read_text() == shown.text
    shown.reject()
