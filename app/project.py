"""The project file `NAME.phenolens`: what was made and looked at of the stores of a workspace, as JSON.

It lies in the workspace; paths in it are relative, so that the folder can be moved and handed on.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from phenolens.engine.client.arrays import Grid
from phenolens.engine.client.errors import InputError, OutputError
from phenolens.engine.client.look import Look
from phenolens.engine.client.readings import Store
from PySide6.QtCore import QCoreApplication

from .frozen_json import from_json, to_json
from .recipe import Recipe
from .session import ProjectionChoice, SeriesChoice, Session, Work

translate = QCoreApplication.translate  # by this name translators' tools find its texts

SUFFIX = ".phenolens"
VERSION = 1
KEPT = (
    *("look", "beside", "compare", "opacity", "method", "projection", "series"),
    *("label_class", "label_value", "label_span", "recipe", "work"),
)
"""Fields of a session that are the same in `Looked`."""
_FORMAT = "phenolens-project"
_MOST_BYTES = 200_000_000


@dataclass(frozen=True)
class Looked:
    """What was made of a store, and what was looked at."""

    time: str | None = None
    """ISO 8601, UTC."""
    look: Look = field(default_factory=Look)
    beside: Look | None = None
    compare: str = "swipe"
    opacity: float = 1.0
    method: str = "pca"
    projection: ProjectionChoice = field(default_factory=ProjectionChoice)
    series: SeriesChoice = field(default_factory=SeriesChoice)
    label_class: int = 1
    label_value: float = 0.0
    label_span: tuple[str, str] | None = None
    recipe: Recipe = field(default_factory=Recipe)
    grid: Mapping[str, Any] = field(default_factory=dict)
    """That the work's pixels are counted in."""
    basis: str = ""
    """Tells the embeddings apart that selections in a projection were drawn on."""
    work: Work = field(default_factory=Work)

    @classmethod
    def of(cls, now: Session) -> Looked:
        assert now.store is not None
        return cls(
            time=now.time,
            grid=grid_told(now.store.grid),
            basis=basis_of(now.store),
            **{name: getattr(now, name) for name in KEPT},
        )

    def session(self, store: Store) -> Session:
        """As it was left; the date is the nearest that the store has now."""
        kept = {name: getattr(self, name) for name in KEPT}
        kept |= {"look": _lasting(self.look) or Look(), "beside": _lasting(self.beside)}
        return Session(store=store, date=nearest(store.times, self.time), **kept)


@dataclass(frozen=True)
class Project:
    """Everything that a project file holds."""

    store: str | None = None
    """The one that is open, relative to the workspace."""
    stores: Mapping[str, Looked] = field(default_factory=dict)
    kept: Mapping[str, Any] = field(default_factory=dict)
    """What features keep, by their names."""
    workspace: str = "."
    """Its folder, relative to the file's."""


def read(path: Path) -> Project:
    """The project of a file; `InputError` where it is broken, newer, or none. The file stays as it is."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(translate("Project", "this is too large for a project file"), value=path)
        values = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(
            translate("Project", "the project can't be read: {}").format(error.strerror), value=path
        ) from error
    except (ValueError, RecursionError) as error:
        raise _broken(path, error) from None
    version = values.get(_FORMAT) if isinstance(values, dict) else None
    if not isinstance(version, int):
        raise InputError(
            translate("Project", "this is no project file"),
            value=path,
            remedy=translate("Project", "open a .phenolens file"),
        )
    if version > VERSION:
        raise InputError(
            translate("Project", "the project was saved by a newer version of the app; it is left as it is"),
            value=path,
            remedy=translate("Project", "update the app to open it"),
        )
    try:
        return _with_towers(from_json(Project, values), lambda name: str(path.parent.resolve() / name))
    except (ValueError, RecursionError) as error:
        raise _broken(path, error) from None


def write(path: Path, project: Project) -> None:
    """Whole or not at all; `OutputError` leaves what was there."""
    about = {_FORMAT: VERSION, "saved": datetime.now().astimezone().isoformat(timespec="seconds")}
    told = _with_towers(project, lambda name: _relative(name, path.parent.resolve()))
    text = json.dumps({**about, **to_json(told)}, ensure_ascii=False, indent=1)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with partial.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())  # a power cut leaves the one before or this one
        os.replace(partial, path)
    except OSError as error:
        raise OutputError(
            translate("Project", "the project can't be saved: {}").format(error.strerror or error),
            value=path,
            remedy=translate("Project", "free some space, or use File → Save project as…")
            if error.errno in (errno.ENOSPC, errno.EDQUOT)
            else translate(
                "Project",
                "see that its folder is there and can be written to, or use File → Save project as…",
            ),
        ) from error
    finally:
        with suppress(OSError):  # it has taken its place, or was never made
            partial.unlink()


def workspace_of(path: Path, project: Project) -> Path:
    """The folder with the project's stores; the file's own where that is gone."""
    found = (path.parent / project.workspace).resolve()
    return found if found.is_dir() else path.parent.resolve()


def check_writable(workspace: Path) -> None:
    """`InputError` for a folder that the engine can't serve from: it keeps its state there."""
    if workspace.is_dir() and not os.access(workspace, os.W_OK):
        raise InputError(
            translate("Project", "this folder can't be written to, as the engine has to"),
            value=workspace,
            remedy=translate("Project", "use a folder of your own, with a copy of what is in it"),
        )


def with_workspace(project: Project, path: Path, workspace: Path) -> Project:
    """The project as it reads from `path`: its workspace is named relative to that."""
    try:
        relative = os.path.relpath(workspace.resolve(), path.parent.resolve())
    except ValueError:  # another drive
        relative = str(workspace.resolve())
    return replace(project, workspace=Path(relative).as_posix())


def _with_towers(project: Project, named: Callable[[str], str]) -> Project:
    """The project with its tower files named otherwise."""

    def of(looked: Looked) -> Looked:
        towers = looked.recipe.towers
        files = tuple(map(named, towers.files))
        towers = replace(towers, files=files, sites=named(towers.sites) if towers.sites else None)
        return replace(looked, recipe=replace(looked.recipe, towers=towers))

    return replace(project, stores={name: of(looked) for name, looked in project.stores.items()})


def _relative(name: str, folder: Path) -> str:
    """A file below the project's folder moves with it; any other one stays where it is."""
    path = Path(name)
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else name


def newest(workspace: Path) -> Path | None:
    """The project of a workspace that was saved last."""
    found = []
    for path in workspace.glob(f"*{SUFFIX}"):
        with suppress(OSError):  # gone meanwhile
            if path.is_file() and path.stem:
                found.append((path.stat().st_mtime, path))
    return max(found)[1] if found else None


def free_name(path: Path) -> Path:
    """This one, or NAME-2, NAME-3, … where it is taken."""
    number = 1
    free = path
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def is_store(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("zarr.json", ".zgroup", ".zmetadata"))


def basis_of(store: Store) -> str:
    """The same for the same dates, embedded by the same model."""
    told = json.dumps([store.times, store.modalities, dict(store.model)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def grid_told(grid: Grid) -> dict[str, Any]:
    return {"crs": grid.crs, "transform": list(grid.transform), "shape": list(grid.shape)}


def nearest(times: tuple[str, ...], time: str | None) -> int:
    """Index of the date that is nearest; the middle one where none was looked at."""
    try:
        wanted = datetime.fromisoformat(time or "")
        return min(
            range(len(times)), key=lambda date: abs(datetime.fromisoformat(times[date]) - wanted), default=0
        )
    except (ValueError, TypeError):
        return len(times) // 2


def _lasting(look: Look | None) -> Look | None:
    """Searches and previews have numbers that end with the engine; probes are files, and stay."""
    if look is None:
        return None
    kind, _, rest = look.layer.partition(":")
    return None if kind in ("similarity", "probe") and not Path(rest).suffix else replace(look, date=None)


def _broken(path: Path, error: Exception) -> InputError:
    return InputError(
        translate("Project", "the project file is broken; it is left as it is ({})").format(error),
        value=path,
        remedy=translate(
            "Project", "restore it from a backup, or go on: what you do from now on is saved in another file"
        ),
    )
