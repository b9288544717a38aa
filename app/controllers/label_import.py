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
from ..label_file import read_labels
from ..panels.label_import import LabelImportDialog
from ..panels.labels import LabelsPanel
from ..recipe import Quantity
from ..session import CLASS_COLOURS, Label, LandClass, SessionModel, Work
from .jobs import JobsController

translate = QCoreApplication.translate  # by this name translators' tools find its texts

OF_SHAPEFILE = (".shp", ".shx", ".dbf", ".prj", ".cpg")
MOST_CODES = 254


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
            lambda file: self._submit(store, file, {}, lambda job: self._peeked(store, source, file, job)),
            self._refused,
        )

    def _submit(
        self, store: Store, file: str, columns: Mapping[str, str], ended: Callable[[Job], None]
    ) -> None:
        out = f"{file.rpartition('.')[0]}-on-{Path(store.store).stem}.geojson"
        asked = {"store": store.store, "out": out, "overwrite": True, "labels": {"file": file, **columns}}
        self._jobs.submit("labels", asked, ended, self._refused)

    def _peeked(self, store: Store, source: Path, file: str, job: Job) -> None:
        if job.fault is not None or job.result is None:
            self._refused(job.fault)
            return
        self._panel.tell("")
        dialog = LabelImportDialog(source.name, job.result, self._panel.window())
        dialog.chosen.connect(lambda columns: self._import(store, file, columns))
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
            return
        work = joined(self._model.now.work, labels, result["response"])
        self._model.do(classes=work.classes, labels=work.labels, quantity=work.quantity)
        self._panel.tell(account(result["report"]))

    def _refused(self, error: ServiceError | None) -> None:
        self._panel.tell(str(error) if error else self.tr("The import was stopped."), True)


def joined(work: Work, labels: tuple[Label, ...], response: Mapping[str, Any]) -> Work:
    """Labels beside those that there are, or in place of those of another kind; classes are told apart by name."""
    if response["task"] == "regression":
        quantity = Quantity(str(response["name"]), str(response.get("unit") or ""))
        kept = () if work.quantity is None else work.labels
        return Work(work.places, work.selections, work.classes, _without_repeats((*kept, *labels)), quantity)
    classes, codes = list(work.classes), {}
    for one in response["classes"]:
        same = next((known for known in classes if known.name == one["name"]), None)
        if same is None:
            same = LandClass(
                _free(classes, int(one["code"])), str(one["name"]), _fresh(classes, one["colour"])
            )
            classes.append(same)
        codes[int(one["code"])] = same.code
    kept = work.labels if work.quantity is None else ()
    first = 1 + max((label.group for label in kept if label.group is not None), default=-1)
    new = tuple(
        Label(
            float(codes[int(one.value)]), one.corners, one.start, one.end, one.holes, first + (one.group or 0)
        )
        for one in labels
    )
    return Work(work.places, work.selections, tuple(classes), _without_repeats((*kept, *new)))


def _free(classes: list[LandClass], wanted: int) -> int:
    taken = {one.code for one in classes}
    if wanted not in taken:
        return wanted
    return next(code for code in range(1, MOST_CODES + 1) if code not in taken)


def _fresh(classes: list[LandClass], wanted: str) -> str:
    """The file's colour, unless a class has it already."""
    taken = {one.colour for one in classes}
    if wanted not in taken:
        return wanted
    return next((colour for colour in CLASS_COLOURS if colour not in taken), wanted)


def _without_repeats(labels: tuple[Label, ...]) -> tuple[Label, ...]:
    """The same file imported twice labels nothing twice."""
    return tuple({(one.value, one.corners, one.start, one.end): one for one in labels}.values())


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
        told = ", ".join(f"{name} {value:.4g}" for name, value in report["values"].items())
        lines.append(translate("LabelImport", "Values: ") + told.replace("-", "−"))
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
    parts = [source.with_suffix(suffix) for suffix in OF_SHAPEFILE if source.with_suffix(suffix).is_file()]
    if not {".shx", ".dbf"} <= {part.suffix.lower() for part in parts}:
        raise InputError(
            translate("LabelImport", "a Shapefile is several files"),
            value=source.name,
            remedy=translate("LabelImport", "put .shx, .dbf and .prj beside it"),
        )
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / f"{source.stem}.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
            for part in parts:
                file.write(part, part.name)
        return client.files.upload(packed, overwrite=True).path
