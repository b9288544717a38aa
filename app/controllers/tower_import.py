"""Files of flux towers: looked into before they are taken, and asked about where nobody knows their columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from phenolens.engine.client.errors import InputError, ServiceError
from PySide6.QtCore import QCoreApplication, QObject

from ..engine_link import EngineLink
from ..panels.probe import ProbePanel
from ..panels.tower_import import TowerColumnsDialog
from ..recipe import TowerColumns
from ..session import SessionModel
from ..telling import sentences
from ..tower_tables import Column, unknown_table

translate = QCoreApplication.translate  # by this name translators' tools find its texts


class TowerImportController(QObject):
    """One choice of files at a time."""

    def __init__(
        self, model: SessionModel, link: EngineLink, panel: ProbePanel, say: Callable[[str, bool], None]
    ) -> None:
        super().__init__(panel)
        self._model, self._link, self._panel, self._say = model, link, panel, say

    def choose(self, files: tuple[str, ...]) -> None:
        """Take them, once it is known what their columns are."""
        self._link.ask(
            "tower files",
            lambda _: _looked_into(files),
            lambda unknown: self._ask(files, unknown),
            self._refused,
        )

    def _ask(self, files: tuple[str, ...], unknown: tuple[str, tuple[Column, ...]] | None) -> None:
        if unknown is None:
            self._take(files, None)
            return
        name, columns = unknown
        dialog = TowerColumnsDialog(Path(name).name, columns, self._panel.window())
        dialog.chosen.connect(lambda chosen: self._take(files, chosen))
        dialog.open()

    def _take(self, files: tuple[str, ...], columns: TowerColumns | None) -> None:
        recipe = self._model.now.recipe
        self._model.change(
            recipe=replace(recipe, towers=replace(recipe.towers, files=files, columns=columns))
        )

    def _refused(self, error: ServiceError) -> None:
        self._say(sentences(error), True)


def _looked_into(files: tuple[str, ...]) -> tuple[str, tuple[Column, ...]] | None:
    """In a thread."""
    try:
        return unknown_table(files)
    except (OSError, ValueError) as error:
        raise InputError(
            translate("TowerImport", "the tower file can't be read as a table"),
            value=str(error),
            remedy=translate("TowerImport", "choose a CSV or a zip of the networks"),
        ) from error
