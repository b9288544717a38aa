"""Writes an embedding store tile by tile, so that a run that is killed at any point can go on."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr

from .errors import OutputError
from .grid import Window
from .store_layout import KIND, StoreSpec, create_arrays
from .store_place import METADATA, Place, place_of

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

    def __init__(self, place: Place, spec: StoreSpec, finished: Iterable[str]) -> None:
        self.place = place
        self.spec = spec
        self._finished = dict.fromkeys(finished)
        self._root = zarr.open_group(place.opened, mode="r+", use_consolidated=False)

    @classmethod
    def create(cls, path: Path | Place, spec: StoreSpec) -> "StoreWriter":
        """A new, empty store; it appears at `path` only once its metadata is whole."""
        place = place_of(path)
        with place.writing():
            place.create(lambda where: create_arrays(where, spec), JOURNAL)
            return cls(place, spec, ())

    @classmethod
    def resume(cls, path: Path | Place, spec: StoreSpec) -> "StoreWriter":
        """Go on with an existing store; `OutputError` if it is another model's, area's or run's."""
        place = place_of(path)
        check_same(place, spec)
        with place.writing():
            place.sweep()
            whole = [line for line in place.read(JOURNAL).splitlines(keepends=True) if line.endswith("\n")]
            place.replace(JOURNAL, "".join(whole))
            return cls(place, spec, whole)

    @classmethod
    def attach(cls, path: Path | Place, spec: StoreSpec) -> "StoreWriter":
        """Help to fill a store whose journal another process keeps; `OutputError` if it is another run's."""
        place = place_of(path)
        check_same(place, spec)
        return cls(place, spec, ())

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
        """Write a tile without a word in the journal: it doesn't count until `record`.

        It is on the disk before: a journal that names what a loss of power took would be a store with holes."""
        with self.place.writing():
            self._write_arrays(tile, data)
            self.place.settle(self._shards(tile, ("embedding", *data.layers)))

    def record(self, tile: TileKey) -> None:
        """Say in the journal that a tile is written; only one process may."""
        with self.place.writing():
            self.place.extend(JOURNAL, tuple(self._finished), tile.line)
        self._finished[tile.line] = None

    def finish(self) -> None:
        """Mark the store complete; nothing in it tells in which order its tiles were finished, or by whom."""
        with self.place.writing():
            self.place.sweep()
            self.place.replace(JOURNAL, "".join(sorted(self._finished, key=_position)))
            content = json.loads(self.place.read(METADATA))
            content["attributes"]["status"] = "complete"
            self.place.replace(METADATA, json.dumps(content, indent=2))

    def discard_empty(self) -> None:
        """An output without a single tile is no output; what hinders its removal must not hide why the run ended."""
        if not self._finished:
            with suppress(OutputError), self.place.writing():
                self.place.remove()

    def _write_arrays(self, tile: TileKey, data: TileData) -> None:
        rows, cols = tile.window.slices
        for first in range(tile.times.start, tile.times.stop, self.spec.times):
            # a few shards at a time: zarr holds what it writes twice
            here = slice(first, min(first + self.spec.times, tile.times.stop))
            there = slice(here.start - tile.times.start, here.stop - tile.times.start)
            self._array("embedding")[here, :, rows, cols] = data.embedding[there]
            for name, layer in data.layers.items():
                self._array(name)[here, rows, cols] = layer[there]

    def _shards(self, tile: TileKey, arrays: Iterable[str]) -> Iterator[str]:
        """Keys of the shards that a tile is in."""
        across = [
            range(part.start // self.spec.side, -(-part.stop // self.spec.side))
            for part in tile.window.slices
        ]
        dates = range(tile.times.start // self.spec.times, -(-tile.times.stop // self.spec.times))
        for name, date, row, col in product(arrays, dates, *across):
            yield f"{name}/c/{date}/{'0/' if name == 'embedding' else ''}{row}/{col}"

    def _array(self, name: str) -> "zarr.Array[Any]":
        return self._root[name]  # type: ignore[return-value]


def _position(line: str) -> tuple[int, int, int]:
    """Of a line of the journal, what it is sorted by: row, column, first date."""
    first, row, col = map(int, line.split())
    return row, col, first


def is_store(path: Path | Place) -> bool:
    """Whether an embedding store lies there, finished or not."""
    try:
        content = json.loads(place_of(path).read(METADATA))
    except (OSError, ValueError):
        return False
    return bool(content.get("attributes", {}).get("kind") == KIND)


def check_same(path: Path | Place, spec: StoreSpec) -> None:
    """`OutputError` with the reason unless the store at `path` is what `spec` would make."""
    place = place_of(path)
    if not is_store(place):
        raise OutputError(
            "the output exists and is no embedding store", value=path, remedy="choose another folder"
        )
    different = _differences(place, spec)
    if different:
        raise OutputError(
            f"the output was made by another run: {'; '.join(different)}",
            value=path,
            remedy="choose another folder, or replace it with --overwrite",
        )


def _differences(place: Place, spec: StoreSpec) -> list[str]:
    root = zarr.open_group(place.opened, mode="r", use_consolidated=False)
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
