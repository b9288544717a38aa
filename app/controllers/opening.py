"""A path that the user has dropped or chosen: what it is, and how it is opened."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from phenolens.engine.client.discovery import STATE_FOLDER
from phenolens.engine.client.errors import InputError, ServiceError
from PySide6.QtCore import QCoreApplication, QObject

from ..engine_link import EngineLink
from ..project import SUFFIX, check_writable, is_store, newest
from .projects import ProjectController
from .stores import StoresController

translate = QCoreApplication.translate  # by this name translators' tools find its texts


@dataclass(frozen=True)
class Openable:
    """A project file, a store, or a workspace's folder."""

    kind: Literal["project", "store", "workspace"]
    path: Path


def openable(path: Path) -> Openable:
    """What a path is; `InputError` where it is nothing that opens."""
    if path.is_file() and path.suffix == SUFFIX:
        return Openable("project", path)
    if path.is_dir() and is_store(path):
        check_writable(path.parent)
        return Openable("store", path)
    if path.is_dir() and (newest(path) or (path / STATE_FOLDER).is_dir() or _has_stores(path)):
        check_writable(path)
        return Openable("workspace", path)
    cause = (
        translate("Opening", "nothing is there")
        if not path.exists()
        else translate("Opening", "this is no project, store or folder with stores")
    )
    raise InputError(
        cause,
        value=path,
        remedy=translate(
            "Opening",
            "open a .phenolens file or a .zarr store; scenes and areas are added in the step Area, labels in Label",
        ),
    )


def _has_stores(folder: Path) -> bool:
    return any(is_store(one) for one in folder.glob("*.zarr"))


class OpeningController(QObject):
    """Looks at paths in a thread, since they may lie on a slow disk."""

    def __init__(
        self,
        link: EngineLink,
        project: ProjectController,
        stores: StoresController,
        failed: Callable[[ServiceError], None],
    ) -> None:
        super().__init__(project)
        self._link, self._project, self._stores, self._failed = link, project, stores, failed
        self._disk = ThreadPoolExecutor(1, "opening")

    def open(self, path: Path) -> None:
        """Project, store or folder, whichever it is."""
        self._disk.submit(self._look, path)

    def close(self) -> None:
        self._disk.shutdown(wait=False)

    def _look(self, path: Path) -> None:
        try:
            found = openable(path)
        except ServiceError as error:
            fault = error
            self._link.call(lambda: self._failed(fault))
            return
        except OSError as error:
            unreadable = InputError(self.tr("this can't be read: {}").format(error.strerror), value=path)
            self._link.call(lambda: self._failed(unreadable))
            return
        self._link.call(lambda: self._open(found))

    def _open(self, found: Openable) -> None:
        if found.kind == "project":
            self._project.open(found.path)
        elif found.kind == "workspace":
            self._project.enter(found.path)
        else:
            self._open_store(found.path)

    def _open_store(self, store: Path) -> None:
        """In the workspace that is open if it lies there, else in its own folder."""
        store = store.resolve()
        if not store.is_relative_to(self._link.workspace):
            self._project.enter(store.parent, opening=False)
        self._stores.open(store.relative_to(self._link.workspace).as_posix())
