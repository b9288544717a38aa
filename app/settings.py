"""What the app remembers of its user, beside projects: appearance, layout, recent projects, jobs left behind."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLocale, QSettings, QTranslator

log = logging.getLogger(__name__)
MOST_RECENT = 8
APPEARANCES = ("auto", "light", "dark")


def user_settings() -> QSettings:
    """A file in the user's own settings folder."""
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "Phenolens", "Phenolens")


def appearance(settings: QSettings) -> str:
    """One of `APPEARANCES`."""
    kept = str(settings.value("theme", "auto"))
    return kept if kept in APPEARANCES else "auto"


def recent(settings: QSettings) -> list[Path]:
    """Projects that were open, newest first, as far as they are still there."""
    return [path for path in map(Path, _texts(settings, "recent")) if path.is_file()]


def remember(settings: QSettings, path: Path) -> None:
    """Put a project at the head of the recent ones."""
    first = str(path.resolve())
    others = [one for one in _texts(settings, "recent") if one != first]
    settings.setValue("recent", [first, *others][:MOST_RECENT])


def leave_jobs(settings: QSettings, workspace: Path, ids: Iterable[str]) -> None:
    """Jobs that go on while no window is open."""
    left = list(ids)
    if left:
        settings.setValue(_left(workspace), left)


def left_jobs(settings: QSettings, workspace: Path) -> list[str]:
    """Those of the last time; asked for once."""
    ids = _texts(settings, _left(workspace))
    settings.remove(_left(workspace))
    return ids


def translate(
    application: QCoreApplication, locale: QLocale | None = None, folder: Path | None = None
) -> QTranslator | None:
    """Speak the user's language, where `resources/translations` has it."""
    folder = folder or Path(str(resources.files("phenolens.resources") / "translations"))
    translator = QTranslator(application)
    if not translator.load(locale or QLocale(), "phenolens", "_", str(folder)):
        return None
    log.info("speaking %s", translator.language())
    application.installTranslator(translator)
    return translator


def _left(workspace: Path) -> str:
    return "left/" + str(workspace.resolve()).replace("/", "|").replace("\\", "|")


def _texts(settings: QSettings, name: str) -> list[str]:
    """Qt hands a list of one back as its only text, and an empty one as nothing."""
    value = settings.value(name, [])
    if isinstance(value, str):
        return [value]
    return [str(one) for one in value] if isinstance(value, list) else []
