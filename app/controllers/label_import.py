"""Labels of files: handed over, looked into, read onto the grid by the engine, and added to those that there are."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.errors import InputError, ServiceError
from phenolens.engine.client.readings import Store
from phenolens.engine.client.results import Job
from PySide6.QtCore import QCoreApplication, QObject

from ..crossing import crossings_told
from ..engine_link import EngineLink
from ..joining import joined, joining_told
from ..label_file import read_labels
from ..panels.label_import import LabelImportDialog, ask_layer
from ..panels.labels import LabelsPanel
from ..session import Label, SessionModel
from ..telling import numeral
from .jobs import JobsController

translate = QCoreApplication.translate  # by this name translators' tools find its texts

OF_SHAPEFILE = (".shp", ".shx", ".dbf", ".prj", ".cpg")


class LabelImportController(QObject):
    """One import at a time; what it finds can be undone."""

    def __init__(
        self,
        model: SessionModel,
        link: EngineLink,
        jobs: JobsController,
        panel: LabelsPanel,
        say: Callable[[str, bool], None],
    ) -> None:
        super().__init__(panel)
        self._model, self._link, self._jobs, self._panel, self._say = model, link, jobs, panel, say
        panel.file_dropped.connect(self.read)

    def read(self, path: str) -> None:
        """Hand a file over and look into it."""
        store = self._model.now.store
        if store is None:
            self._say(self.tr("Open a sample or compute embeddings first: labels lie on a map."), True)
            return
        source = Path(path)
        self._panel.tell(self.tr("Reading {}…").format(source.name))
        self._link.ask(
            "import labels",
            lambda client: _hand_over(client, source),
            lambda file: self._peek(store, source, file, {}),
            self._refused,
        )

    def _peek(self, store: Store, source: Path, file: str, layer: Mapping[str, str]) -> None:
        self._submit(store, file, layer, lambda job: self._peeked(store, source, file, layer, job))

    def _submit(
        self, store: Store, file: str, columns: Mapping[str, str], ended: Callable[[Job], None]
    ) -> None:
        out = f"{file.rpartition('.')[0]}-on-{Path(store.store).stem}.geojson"
        asked = {"store": store.store, "out": out, "overwrite": True, "labels": {"file": file, **columns}}
        self._jobs.submit("labels", asked, ended, self._refused)

    def _peeked(self, store: Store, source: Path, file: str, layer: Mapping[str, str], job: Job) -> None:
        if job.fault is not None or job.result is None:
            self._refused(job.fault)
            return
        self._panel.tell("")
        if job.result.get("layers"):
            ask_layer(
                self._panel.window(),
                source.name,
                job.result["layers"],
                lambda name: self._peek(store, source, file, {"layer": name}),
            )
            return
        dialog = LabelImportDialog(source.name, job.result, self._panel.window())
        dialog.chosen.connect(lambda columns: self._import(store, file, {**columns, **layer}))
        dialog.open()

    def _import(self, store: Store, file: str, columns: Mapping[str, str]) -> None:
        self._panel.tell(self.tr("Laying the labels on the map…"))
        self._submit(store, file, columns, lambda job: self._laid(store, job))

    def _laid(self, store: Store, job: Job) -> None:
        if job.fault is not None or job.result is None:
            self._refused(job.fault)
            return
        result = job.result
        path = self._link.workspace / str(result["file"])
        self._link.ask(
            "read labels",
            lambda _: read_labels(path, store),
            lambda labels: self._take(store, labels, result),
            self._refused,
        )

    def _take(self, store: Store, labels: tuple[Label, ...], result: Mapping[str, Any]) -> None:
        if self._model.now.store != store:
            self._panel.tell(
                self.tr("The file was of another store than the one that is open now: import it again."), True
            )
            return
        before, response = self._model.now.work, result["response"]
        try:
            work = joined(before, labels, response)
        except InputError as error:
            self._refused(error)
            return
        self._model.do(classes=work.classes, labels=work.labels, quantity=work.quantity)
        self._panel.tell("\n".join([*joining_told(before, work, response), account(result["report"])]))

    def _refused(self, error: ServiceError | None) -> None:
        self._panel.tell(str(error) if error else self.tr("The import was stopped."), True)


def account(report: Mapping[str, Any]) -> str:
    """What became of an import: read, dropped and why, pixels of each class."""
    lines = [translate("LabelImport", "Read {:,}, used {:,}.").format(report["read"], report["accepted"])]
    lines += [
        translate("LabelImport", "Dropped: {:,} {}.").format(count, reason)
        for reason, count in report["dropped"].items()
    ]
    if report.get("repaired"):
        lines.append(crossings_told(int(report["repaired"])))
    if report.get("pixels") is not None:
        lines.append(translate("LabelImport", "They label {}.").format(_sizes(report)))
    lines += [
        translate("LabelImport", "Left out: {:,} pixels {}.").format(count, reason)
        for reason, count in report["left_out"].items()
    ]
    lines += [f"{one['name']}: {_sizes(one)}" for one in report["classes"]]
    if report.get("values"):
        told = ", ".join(f"{name} {numeral(value, '.4g')}" for name, value in report["values"].items())
        lines.append(translate("LabelImport", "Values: ") + told)
    return "\n".join([*lines, *(f"{note[0].upper()}{note[1:]}." for note in report["notes"])])


def _sizes(counted: Mapping[str, Any]) -> str:
    pixels, groups = int(counted["pixels"]), int(counted["groups"])
    many = translate("LabelImport", "1 pixel") if pixels == 1 else translate("LabelImport", "{:,} pixels")
    several = translate("LabelImport", "1 group") if groups == 1 else translate("LabelImport", "{:,} groups")
    return translate("LabelImport", "{} in {}").format(many.format(pixels), several.format(groups))


def _hand_over(client: EngineClient, source: Path) -> str:
    """In a thread: the file's path in the workspace; a Shapefile goes as one zip."""
    if source.is_file() and not source.stat().st_size:
        raise InputError(
            translate("LabelImport", "the file is empty"),
            value=source.name,
            remedy=translate("LabelImport", "choose another one"),
        )
    if source.suffix.lower() != ".shp":
        return client.files.upload(source, overwrite=True).path
    parts = _parts(source)
    if not {".shx", ".dbf"} <= set(parts):
        raise InputError(
            translate("LabelImport", "a Shapefile is several files"),
            value=source.name,
            remedy=translate("LabelImport", "put .shx, .dbf and .prj beside it"),
        )
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / f"{source.stem}.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
            for suffix, part in parts.items():
                file.write(part, f"{source.stem}{suffix}")
        return client.files.upload(packed, overwrite=True).path


def _parts(source: Path) -> dict[str, Path]:
    """The files of a Shapefile by suffix, also where they are called FIELDS.DBF."""
    there = source.parent.iterdir() if source.parent.is_dir() else ()
    same = [one for one in there if one.stem.casefold() == source.stem.casefold()]
    same.sort(
        key=lambda one: one.stem == source.stem
    )  # those that are called just so come last, and are taken
    return {one.suffix.lower(): one for one in same if one.suffix.lower() in OF_SHAPEFILE}
