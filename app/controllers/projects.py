"""The project: opened, saved by itself a moment after each change, never over what somebody else has written."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from phenolens.engine.client.errors import InputError, OutputError, ServiceError
from phenolens.engine.client.readings import Store
from PySide6.QtCore import QObject, QTimer, Signal

from .. import project as files
from ..engine_link import EngineLink
from ..project import Looked, Project
from ..project_disk import ProjectDisk, Read
from ..selection import drawn_in_projection
from ..session import Session, SessionModel
from .stores import StoresController

SAVED_AFTER_MS = 800
TRIED_AGAIN_MS = 30_000

ToJson = Callable[[], Any]
FromJson = Callable[[Any], object]


class ProjectController(QObject):
    """Keeps what was made and looked at of the stores of a workspace.

    Nothing is read or written before `start`, `open` or `save_as`: a window without a project forgets.
    """

    saved = Signal(str)
    """`saved 12:04`, or `not saved`."""
    failed = Signal(object)
    """`ServiceError`"""
    opened = Signal(object)
    """The file that is the project from now on (a path, or None: nothing was written yet)."""

    def __init__(
        self,
        model: SessionModel,
        link: EngineLink,
        stores: StoresController,
        rescue: Path,
        parent: QObject | None = None,
    ) -> None:
        """`rescue`: a folder for what can't be written to its place."""
        super().__init__(parent)
        self._model, self._link, self._stores = model, link, stores
        self.path: Path | None = None
        self.active = False
        """Whether what changes is saved."""
        self._project = Project()
        self._keepers: dict[str, tuple[ToJson, FromJson]] = {}
        self._reading: Future[Read] | None = None
        self._disk = ProjectDisk(rescue)
        self._timer = QTimer(self, singleShot=True, interval=SAVED_AFTER_MS)
        self._timer.timeout.connect(self._save)
        stores.session_of = self._session_of
        model.listen(self._changed)

    def keep(self, name: str, to_json: ToJson, from_json: FromJson) -> None:
        """A part that a feature answers for: `to_json()` gives what is saved of it (nothing that JSON lacks).

        `from_json` gets that back when a project is opened, and None where the project has none of it. The feature
        says `touch()` when its part has changed.
        """
        self._keepers[name] = (to_json, from_json)

    def touch(self) -> None:
        """Something has changed that is to be saved."""
        if self.active and not 0 <= self._timer.remainingTime() <= SAVED_AFTER_MS:
            self._timer.start(SAVED_AFTER_MS)

    def start(self, *, opening: bool = True) -> None:
        """Go on with the project of the link's workspace that was saved last; `opening` shows its store."""
        self.active = True
        found = files.newest(self._link.workspace) or self._usual_path
        if found.exists() or self._disk.rescued(found).exists():
            self._read(found, opening)

    def open(self, path: Path) -> None:
        """Another project; its workspace's engine is started where that is another one."""
        self._read(path, opening=True)

    def enter(self, workspace: Path, *, opening: bool = True) -> None:
        """Another workspace, and the project that was saved last in it."""
        if workspace.resolve() != self._link.workspace.resolve():
            self.save()
            self._take(None, Project())
            self._move(workspace)
        self.start(opening=opening)

    def begin(self, path: Path) -> None:
        """A new, empty project in its folder; a file that is there is replaced, as the user was asked."""
        try:
            files.check_writable(path.parent)
        except InputError as error:
            self.failed.emit(error)
            return
        self.save()
        self._disk.replace(path)
        self._take(path, Project())
        self._move(path.parent)
        self._model.begin(Session())
        self.touch()

    def leave(self) -> None:
        """Save, and back to the start page; the file keeps its place among the recent ones."""
        self.save()
        self._timer.stop()
        self.active = False
        self._model.begin(Session())
        self._take(None, Project())
        self._timer.stop()

    def save_as(self, path: Path) -> None:
        """Under another name, from now on; a file that is there is replaced, as the user was asked."""
        self.active = True
        self.path = path
        self._disk.replace(path)
        self._save()
        self.opened.emit(path)

    def save(self) -> None:
        """At once, if there is something that isn't saved."""
        if self._timer.isActive():
            self._timer.stop()
            self._save()

    def close(self) -> None:
        """Save what isn't saved, and wait until it is on the disk."""
        self.save()
        self.active = False
        self._disk.close()

    def snapshot(self) -> Project:
        """The project as it would be saved now."""
        now = self._model.now
        kept = {**self._project.kept, **{name: to_json() for name, (to_json, _) in self._keepers.items()}}
        stores = dict(self._project.stores)
        if now.store is not None:
            stores[now.store.store] = Looked.of(now)
        shown = now.store.store if now.store else self._project.store
        self._project = replace(self._project, store=shown, stores=stores, kept=kept)
        return self._project

    def _session_of(self, store: Store) -> Session:
        """What a store is shown with: as it was left, or afresh."""
        self._wait()
        if self._model.now.store is not None and self.active:
            self.snapshot()
        looked = self._project.stores.get(store.store)
        if looked is None:
            return Session(store=store, date=len(store.times) // 2)
        if looked.grid and looked.grid != files.grid_told(store.grid):
            self._set_aside(
                looked,
                store,
                self.tr("the store covers another area than when labels and selections were made"),
            )
            return Session(store=store, date=len(store.times) // 2)
        if looked.basis and looked.basis != files.basis_of(store):
            return self._without_lassos(store, looked)
        return looked.session(store)

    def _without_lassos(self, store: Store, looked: Looked) -> Session:
        """The store was embedded anew: its pixels mean the same places, but lie elsewhere in a projection."""
        lasting = tuple(one for one in looked.work.selections if not drawn_in_projection(one.pick))
        if lasting != looked.work.selections:
            cause = self.tr("the store was computed again since selections were drawn in its projection")
            self._set_aside(looked, store, cause)
        return replace(looked, work=replace(looked.work, selections=lasting)).session(store)

    def _set_aside(self, looked: Looked, store: Store, cause: str) -> None:
        """Keep what no longer fits the store under another name."""
        name = f"{store.store} (until {datetime.now():%Y-%m-%d %H:%M})"
        self._project = replace(self._project, stores={**self._project.stores, name: looked})
        remedy = self.tr("they are kept in the project file under “{}”").format(name)
        self.failed.emit(ServiceError(cause, value=store.store, remedy=remedy))

    def _changed(self, old: Session, new: Session) -> None:
        if _kept(old) != _kept(new):
            self.touch()

    def _read(self, path: Path, opening: bool) -> None:
        reading = self._disk.read(path)
        self._reading = reading

        def ended(_: object) -> None:
            self._link.call(lambda: self._come(reading, opening))

        reading.add_done_callback(ended)

    def _wait(self) -> None:
        """A project that is being read comes before the store that is shown."""
        if self._reading is not None:
            self._come(self._reading, opening=False)

    def _come(self, reading: Future[Read], opening: bool) -> None:
        if reading is not self._reading:
            return  # taken already, or another one was asked for since
        self._reading = None
        try:
            read = reading.result()
            workspace = files.workspace_of(read.path, read.project)
            if workspace != self._link.workspace:
                files.check_writable(workspace)
        except ServiceError as error:
            self.failed.emit(error)
            return
        path, project = read.path, read.project
        self.save()
        self._take(path, project)
        if read.warning is not None:
            self.failed.emit(read.warning)
        moved = self._move(workspace)
        if opening:
            self._show(project, moved)
        if read.warning is not None:
            self.touch()

    def _take(self, path: Path | None, project: Project) -> None:
        self.active = True
        self.path, self._project = path, project
        self._hand_out()
        self.opened.emit(path)

    def _hand_out(self) -> None:
        for name, (_, from_json) in self._keepers.items():
            try:
                from_json(self._project.kept.get(name))
            except (
                ValueError,
                TypeError,
                KeyError,
                AttributeError,
            ) as error:  # a hand-written file may say anything
                self.failed.emit(
                    ServiceError(self.tr("the project's {} can't be read").format(name), value=repr(error))
                )

    def _move(self, workspace: Path) -> bool:
        if workspace.resolve() == self._link.workspace.resolve():
            return False
        self._model.begin(Session())
        self._link.move(workspace.resolve())
        return True

    def _show(self, project: Project, moved: bool) -> None:
        self._timer.stop()
        if project.store is None:
            self._model.begin(Session())
            return
        if self._model.now.store is not None and not moved:
            self._forget_shown()
        self._stores.open(project.store)

    def _forget_shown(self) -> None:
        """What is shown belongs to the project before: it must not be taken into this one."""
        self._model.begin(Session())

    def _save(self) -> None:
        if not self.active or self._nothing():
            return
        path = self.path or files.free_name(self._usual_path)
        if self.path is None:
            self.path = path
            self.opened.emit(path)
        self._project = files.with_workspace(self.snapshot(), path, self._link.workspace)
        writing = self._disk.write(path, self._project)
        writing.add_done_callback(lambda _: self._link.call(lambda: self._written(writing, path)))

    @property
    def _usual_path(self) -> Path:
        """Of a workspace's first project."""
        return self._link.workspace / f"{self._link.workspace.name or 'project'}{files.SUFFIX}"

    def _nothing(self) -> bool:
        """There is no file yet, and nothing to put into one."""
        return (
            self.path is None
            and self._model.now.store is None
            and not any(to_json() for to_json, _ in self._keepers.values())
        )

    def _written(self, writing: Future[Path], asked: Path) -> None:
        """Maybe of a project that was left meanwhile: what is saved from now on is not for its file."""
        here = asked == self.path
        try:
            path = writing.result()
        except OutputError as error:
            self.failed.emit(error)
            if here:
                self.saved.emit(self.tr("not saved"))
                self._timer.start(TRIED_AGAIN_MS)
            return
        if path != asked:  # somebody else had written the file
            self.failed.emit(
                ServiceError(
                    self.tr("the project was changed by another program"),
                    value=asked,
                    remedy=self.tr("yours is {}").format(path),
                )
            )
        if here and path != asked:
            self.path = path
            self.opened.emit(path)
        if here:
            self.saved.emit(self.tr("saved {}").format(f"{datetime.now():%H:%M}"))


def _kept(now: Session) -> tuple[object, ...]:
    return now.store, now.date, *(getattr(now, name) for name in files.KEPT)
