"""Guide, keys, versions, diagnostics: windows beside the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from phenolens.engine.client.errors import ServiceError
from phenolens.engine.client.results import Diagnostics
from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDialog, QMenu

from ..panels.diagnostics import DiagnosticsWindow, app_facts, report_of
from ..panels.help_page import TextWindow, about, guide
from ..panels.shortcuts import Rows, ShortcutSheet, sheet_of
from .dialogs import ask_file_to_write

if TYPE_CHECKING:
    from ..main_window import MainWindow


class HelpController(QObject):
    """Opens each page once; closed pages are forgotten."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._open: dict[str, QDialog] = {}

    def show_guide(self) -> None:
        self._show("guide", lambda: TextWindow(self.tr("Guide"), guide(), self._window))

    def show_about(self) -> None:
        hello = self._window.link.state.hello
        engine = self._window.link.state.told
        if hello is not None:
            engine = self.tr("engine {}, on the {}").format(hello.version, hello.device)
        self._show("about", lambda: TextWindow(self.tr("About Phenolens"), about(engine), self._window))

    def show_keys(self) -> None:
        self._show("keys", lambda: ShortcutSheet(self._sheet(), self._window))

    def engine_clicked(self) -> None:
        """The light: an engine that is away is started again, any other one tells how it is."""
        if self._window.link.state.name == "away":
            self._window.link.start()
        else:
            self.show_diagnostics()

    def show_diagnostics(self) -> None:
        shown = self._show("diagnostics", self._diagnostics)
        assert isinstance(shown, DiagnosticsWindow)
        self._diagnose(shown)

    def _diagnostics(self) -> DiagnosticsWindow:
        shown = DiagnosticsWindow(self._window)
        shown.again.connect(lambda: self._diagnose(shown))
        shown.saving.connect(self._save)
        return shown

    def _diagnose(self, shown: DiagnosticsWindow) -> None:
        facts = {**app_facts(), "workspace": str(self._window.link.workspace)}
        state = self._window.link.state
        if state.name == "away":
            shown.set_report(report_of(facts, None, state.known or state.told))
            return
        shown.wait()

        def told(found: Diagnostics) -> None:
            if "diagnostics" in self._open:
                shown.set_report(report_of(facts, found))

        def failed(error: ServiceError) -> None:
            if "diagnostics" in self._open:
                shown.set_report(report_of(facts, None, str(error)))

        self._window.link.ask("diagnostics", lambda client: client.diagnostics(), told, failed)

    def _save(self, text: str) -> None:
        def write(path: Path) -> None:
            try:
                path.write_text(text, encoding="utf-8")
            except OSError as error:
                self._window.say(
                    self.tr("The report can't be written: {} [{}]").format(error.strerror, path), True
                )
            else:
                self._window.say(self.tr("The report is in {}").format(path))

        name = self._window.link.workspace / "phenolens-diagnostics.txt"
        ask_file_to_write(self._window, self.tr("Save the report"), name, "*.txt", write)

    def _show(self, name: str, make: Callable[[], QDialog]) -> QDialog:
        shown = self._open.get(name)
        if shown is None:
            shown = self._open[name] = make()
            shown.finished.connect(lambda _: self._forget(name))
        shown.show()
        shown.raise_()
        return shown

    def _forget(self, name: str) -> None:
        closed = self._open.pop(name, None)
        if closed is not None:
            closed.deleteLater()

    def _sheet(self) -> dict[str, Rows]:
        shown = self._window.menus.values()
        menus = {menu.title().replace("&", ""): _actions(menu.actions()) for menu in shown}
        listed = {action for actions in menus.values() for action in actions}
        others = [action for action in self._window.actions() if action not in listed]
        return sheet_of(menus, others)


def _actions(actions: list[QAction]) -> list[QAction]:
    """Of a menu and the menus in it."""
    found = []
    for action in actions:
        inner = action.menu()
        found += _actions(inner.actions()) if isinstance(inner, QMenu) else [action]
    return found
