"""Writes an embedding store tile by tile, so that a run that is killed at any point can go on."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr

from .errors import OutputError
from .grid import Window
from .output import output_error
from .store_layout import KIND, StoreSpec, create_arrays

JOURNAL = "finished_tiles"
"""One line for each finished tile; what isn't in it doesn't count, whatever lies on the disk."""


@dataclass(frozen=True)
class TileKey:
    """A tile of the store: a square of pixels on some target dates."""

    window: Window
    times: slice

    @property
    def line(self) -> str:
        return f"{self.times.start} {self.window.row} {self.window.col}\n"


@dataclass(frozen=True, eq=False)
class TileData:
    """A finished tile, as stored."""

    embedding: npt.NDArray[np.float16 | np.int8]
    """[time, dim, y, x]."""
    layers: Mapping[str, npt.NDArray[np.uint8 | np.bool_]]
    """`validity` and the support layers, [time, y, x]."""


class StoreWriter:
    """A store that tiles are written to; made by `create`, `resume` or `attach`."""

    def __init__(self, path: Path, spec: StoreSpec, finished: set[str]) -> None:
        self.path = path
        self.spec = spec
        self._finished = finished
        self._root = zarr.open_group(path, mode="r+", use_consolidated=False)

    @classmethod
    def create(cls, path: Path, spec: StoreSpec) -> "StoreWriter":
        """A new, empty store; it appears at `path` only once its metadata is whole."""
        beside = path.with_name(f".{path.name}.new")
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(beside, ignore_errors=True)
            try:
                create_arrays(beside, spec)
                (beside / JOURNAL).touch()
                os.rename(beside, path)
            finally:
                shutil.rmtree(beside, ignore_errors=True)
        return cls(path, spec, set())

    @classmethod
    def resume(cls, path: Path, spec: StoreSpec) -> "StoreWriter":
        """Go on with an existing store; `OutputError` if it is another model's, area's or run's."""
        check_same(path, spec)
        with writing(path):
            _sweep(path)
            journal = path / JOURNAL
            whole = [line for line in journal.read_text().splitlines(keepends=True) if line.endswith("\n")]
            journal.write_text("".join(whole))
        return cls(path, spec, set(whole))

    @classmethod
    def attach(cls, path: Path, spec: StoreSpec) -> "StoreWriter":
        """Help to fill a store whose journal another process keeps; `OutputError` if it is another run's."""
        check_same(path, spec)
        return cls(path, spec, set())

    @property
    def notes(self) -> dict[str, Any]:
        """Attributes of the store as it lies on the disk, those of `spec.notes` among them."""
        return dict(self._root.attrs)

    @property
    def tiles_finished(self) -> int:
        return len(self._finished)

    def is_finished(self, tile: TileKey) -> bool:
        return tile.line in self._finished

    def write(self, tile: TileKey, data: TileData) -> None:
        """Write a tile, then say so in the journal; `OutputError` where the disk refuses."""
        self.write_data(tile, data)
        self.record(tile)

    def write_data(self, tile: TileKey, data: TileData) -> None:
        """Write a tile without a word in the journal: it doesn't count until `record`."""
        with writing(self.path):
            self._write_arrays(tile, data)

    def record(self, tile: TileKey) -> None:
        """Say in the journal that a tile is written; only one process may."""
        with writing(self.path), (self.path / JOURNAL).open("a") as journal:
            journal.write(tile.line)
        self._finished.add(tile.line)

    def finish(self) -> None:
        """Mark the store complete; nothing in it tells in which order its tiles were finished, or by whom."""
        document, journal = self.path / "zarr.json", self.path / JOURNAL
        with writing(self.path):
            _sweep(self.path)
            _replace(journal, "".join(sorted(self._finished, key=_place)))
            content = json.loads(document.read_text())
            content["attributes"]["status"] = "complete"
            _replace(document, json.dumps(content, indent=2))

    def _write_arrays(self, tile: TileKey, data: TileData) -> None:
        rows, cols = tile.window.slices
        for first in range(tile.times.start, tile.times.stop, self.spec.times):
            # a few shards at a time: zarr holds what it writes twice
            here = slice(first, min(first + self.spec.times, tile.times.stop))
            there = slice(here.start - tile.times.start, here.stop - tile.times.start)
            self._array("embedding")[here, :, rows, cols] = data.embedding[there]
            for name, layer in data.layers.items():
                self._array(name)[here, rows, cols] = layer[there]

    def _array(self, name: str) -> "zarr.Array[Any]":
        return self._root[name]  # type: ignore[return-value]


def _place(line: str) -> tuple[int, int, int]:
    """Of a line of the journal, what it is sorted by: row, column, first date."""
    first, row, col = map(int, line.split())
    return row, col, first


def _replace(path: Path, text: str) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(text)
    os.replace(partial, path)


def _sweep(path: Path) -> None:
    """Take away what processes that were killed while they wrote have left."""
    for leftover in path.rglob("*.partial"):
        leftover.unlink(missing_ok=True)


def is_store(path: Path) -> bool:
    """Whether a folder holds an embedding store, finished or not."""
    try:
        content = json.loads((path / "zarr.json").read_text())
    except (OSError, ValueError):
        return False
    return bool(content.get("attributes", {}).get("kind") == KIND)


def check_same(path: Path, spec: StoreSpec) -> None:
    """`OutputError` with the reason unless the store at `path` is what `spec` would make."""
    if not is_store(path):
        raise OutputError(
            "the output exists and is no embedding store", value=path, remedy="choose another folder"
        )
    different = _differences(path, spec)
    if different:
        raise OutputError(
            f"the output was made by another run: {'; '.join(different)}",
            value=path,
            remedy="choose another folder, or replace it with --overwrite",
        )


def _differences(path: Path, spec: StoreSpec) -> list[str]:
    root = zarr.open_group(path, mode="r", use_consolidated=False)
    array: Any = root["embedding"]
    stored: dict[str, Any] = dict(root.attrs)
    different = [
        f"another {name} ({_brief(stored.get(name))}, now {_brief(value)})"
        for name, value in spec.attributes().items()
        if stored.get(name) != value
    ]
    if array.dtype != np.dtype(spec.dtype):
        different.append(f"another storage type ({array.dtype}, now {spec.dtype})")
    if array.shape[1] != spec.dims:
        different.append(f"another number of dimensions ({array.shape[1]}, now {spec.dims})")
    seconds: Any = root["time"]
    if not np.array_equal(seconds[...], spec.seconds):
        different.append(f"other target dates ({seconds.shape[0]}, now {len(spec.days)})")
    return different


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn any `OSError` of the block into an `OutputError` that names `path`."""
    try:
        yield
    except OSError as error:
        raise output_error(error, path) from error
