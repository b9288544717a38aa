"""Labels of files: handed over, looked into, read onto the grid by the engine, and added to those that there are."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from phenolens.engine.client.engine_client import EngineClient
from phenolens.engine.client.errors import InputError, ServiceError
from phenolens.engine.client.readings import Store
from phenolens.engine.client.results import Job
from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtWidgets import QDialog

from ..crossing import crossings_told
from ..engine_link import EngineLink
from ..joining import joined, joining_told, repeats_told
from ..label_file import read_labels
from ..panels.label_import import LabelImportDialog, ask_layer
from ..panels.labels import LabelsPanel
from ..session import Label, SessionModel
from ..telling import numeral, plain
from .jobs import JobsController

translate = QCoreApplication.translate  # by this name translators' tools find its texts

LETTERS, MOST_LETTERS = re.compile(r"[^\w .()+,=@-]|^\W"), 100
"""What names of files handed over don't hold."""
KINDS = (".gpkg", ".geojson", ".json", ".shp", ".zip", ".csv", ".tif", ".tiff", ".nc")
"""Files of labels that the service takes."""
OF_SHAPEFILE = (".shp", ".shx", ".dbf", ".prj", ".cpg")


@dataclass(frozen=True)
class _Import:
    """A file on its way into the labels of a store."""

    source: Path
    store: Store
    file: str = ""
    """Where it lies in the workspace."""
    part: Mapping[str, str] = field(default_factory=dict)
    """Its layer, or variable, where it has several."""


class LabelImportController(QObject):
    """One import after the other, as each may ask; what each finds can be undone."""

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
        self._waiting: list[Path] = []
        self._going: Path | None = None
        self._accounts: list[tuple[str, str, bool]] = []
        """(file, what became of it, whether that is a warning) of those that were handed over together."""
        self._chosen: dict[Path, Mapping[str, Any]] = {}
        """What the columns of a file are, where it must be imported again."""
        self._workspace = link.workspace
        panel.file_dropped.connect(self.read)

    def read(self, path: str) -> None:
        """Hand a file over and look into it, once those before it are done with."""
        if self._model.now.store is None:
            self._say(self.tr("Open a sample or compute embeddings first: labels lie on a map."), True)
            return
        if self._workspace != self._link.workspace:  # what was asked of another one is never answered
            self._workspace, self._going = self._link.workspace, None
            self._waiting.clear()
        if self._going is None:
            self._accounts.clear()
        self._waiting.append(Path(path))
        self._go_on()

    def _go_on(self) -> None:
        """The next file, where none is on its way."""
        if self._going is None and self._waiting:
            self._going = source = self._waiting.pop(0)
            store = self._model.now.store
            if store is None:
                self._end(self.tr("The store was closed: open one, and import it again."), True)
                return
            self._link.ask(
                "import labels",
                lambda client: _hand_over(client, source),
                lambda file: self._peek(_Import(source, store, file)),
                self._refused,
            )
            self._tell(self.tr("Reading {}…").format(source.name))

    def _peek(self, asked: _Import) -> None:
        self._submit(asked, {}, lambda job: self._peeked(asked, job))

    def _submit(self, asked: _Import, columns: Mapping[str, Any], ended: Callable[[Job], None]) -> None:
        out = f"{asked.file.rpartition('.')[0]}-on-{Path(asked.store.store).stem}.geojson"
        labels = {"file": asked.file, **asked.part, **columns}
        params = {"store": asked.store.store, "out": out, "overwrite": True, "labels": labels}
        self._jobs.submit("labels", params, ended, self._refused)

    def _peeked(self, asked: _Import, job: Job) -> None:
        if job.fault is not None or job.result is None:
            self._refused(job.fault)
            return
        if "report" in job.result:  # a class raster leaves nothing to ask
            self._laid(asked.store, job)
            return
        self._tell("")
        kind = next((one for one in ("layer", "variable") if f"{one}s" in job.result), "")
        if kind:
            dialog: QDialog = ask_layer(
                self._panel.window(),
                asked.source.name,
                job.result[f"{kind}s"],
                lambda name: self._peek(replace(asked, part={kind: name})),
            )
        else:
            columns = LabelImportDialog(
                asked.source.name, job.result, self._panel.window(), self._chosen.get(asked.source)
            )
            columns.chosen.connect(lambda answer: self._import(asked, answer))
            dialog = columns
        dialog.rejected.connect(lambda: self._end("", False))
        dialog.open()

    def _import(self, asked: _Import, columns: Mapping[str, Any]) -> None:
        self._chosen[asked.source] = columns
        self._tell(self.tr("Laying the labels on the map…"))
        self._submit(asked, columns, lambda job: self._laid(asked.store, job))

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
            self._end(
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
        changed = [*joining_told(before, work, response), *repeats_told(before, work, len(labels))]
        self._end("\n".join([*changed, account(result["report"])]), False)

    def _refused(self, error: ServiceError | None) -> None:
        self._end(plain(error) if error else self.tr("The import was stopped."), True)

    def _end(self, account: str, warning: bool) -> None:
        """What became of the file that is on its way; empty: the user didn't want it."""
        if self._going is not None:
            self._accounts.append((self._going.name, account, warning))
        self._going = None
        self._tell("")
        self._go_on()

    def _tell(self, going_on: str) -> None:
        """The accounts so far, by file where there are several, those of refused ones first; and what goes on."""
        several = len(self._accounts) > 1 or bool(self._waiting) or self._going is not None
        said = [
            f"{name}: {text or self.tr('not imported.')}" if several else text
            for name, text, _ in sorted(self._accounts, key=lambda account: not account[2])
        ]
        warning = any(warning for _, _, warning in self._accounts)
        self._panel.tell("\n\n".join(one for one in (*said, going_on) if one), warning)


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
    if source.suffix.lower() not in KINDS:
        raise InputError(
            translate("LabelImport", "labels aren't read from files of this kind"),
            value=source.name,
            remedy=translate(
                "LabelImport", "save it as GeoPackage, GeoJSON or CSV, or choose the .shp of a Shapefile"
            ),
        )
    if source.suffix.lower() != ".shp":
        return client.files.upload(source, name=_taken_name(source.name), overwrite=True).path
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
        return client.files.upload(packed, name=_taken_name(packed.name), overwrite=True).path


def _taken_name(name: str) -> str:
    """As the service takes it: it would refuse `#1 [new].gpkg`."""
    stem, dot, suffix = name.rpartition(".")
    return f"{LETTERS.sub('_', stem)[:MOST_LETTERS].strip()}{dot}{suffix}"


def _parts(source: Path) -> dict[str, Path]:
    """The files of a Shapefile by suffix, also where they are called FIELDS.DBF."""
    there = source.parent.iterdir() if source.parent.is_dir() else ()
    same = [one for one in there if one.stem.casefold() == source.stem.casefold()]
    same.sort(
        key=lambda one: one.stem == source.stem
    )  # those that are called just so come last, and are taken
    return {one.suffix.lower(): one for one in same if one.suffix.lower() in OF_SHAPEFILE}
