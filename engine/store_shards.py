"""Reads chunks of an uncompressed, sharded Zarr v3 array straight from its shard files.

A general Zarr reader pays 0.3-0.5 ms a chunk here, which alone is 100 ms for a map of 1,000² px. The layout
is Zarr's own (sharding_indexed, index at the end, little endian); a test compares with zarr-python.
"""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .errors import InputError

MISSING = 2**64 - 1
CHECKSUM_BYTES = 4  # crc32c after the index
THREADS = 4  # reads and copies run outside the interpreter lock; 8 gained nothing


@dataclass(frozen=True)
class ShardLayout:
    """An array [time, dim, y, x] or [time, y, x] with chunks of one date, all dims and `chunk`² pixels."""

    dims: int | None
    """None = the array has no such axis."""
    dtype: str
    decoded: str
    """Number type in memory."""
    scale: float
    """Decoded = stored × scale."""
    fill: float
    """Decoded value of a chunk that is not there."""
    times: int
    """Dates of a shard."""
    side: int
    """Pixels of a shard along y and x."""
    chunk: int

    @property
    def across(self) -> int:
        """Chunks of a shard along y and x."""
        return self.side // self.chunk

    @property
    def stored(self) -> "np.dtype[Any]":
        return np.dtype(self.dtype).newbyteorder("<")

    @property
    def chunk_bytes(self) -> int:
        return (self.dims or 1) * self.chunk**2 * self.stored.itemsize


class _Chunk(NamedTuple):
    """A chunk and the part of it that is wanted."""

    time: int
    row: int
    col: int
    source: tuple[slice, slice]
    """Rows and columns within the chunk."""
    target: tuple[int, slice, slice, slice]
    """Where they go in the result."""


class _Span(NamedTuple):
    """A part of a shard file that holds some rows of a chunk."""

    begin: int
    first_row: int
    rows: int
    row_bytes: int
    """Bytes of a row, in all dimensions wanted."""


Place = tuple[int, int, int]
"""Number of a shard along time, y and x."""


class ShardReader:
    """Decoded numbers of an array from its folder."""

    def __init__(self, folder: Path, layout: ShardLayout) -> None:
        self.folder = folder
        self.layout = layout

    def read(self, times: range, rows: range, cols: range, dims: int = 1) -> npt.NDArray[Any]:
        """[time, dim, y, x] of some dates, a rectangle of pixels and the first `dims` dimensions.

        `rows` and `cols` may go in steps: of what they pass over nothing is decoded."""
        out = np.empty((len(times), dims, len(rows), len(cols)), self.layout.decoded)
        shards: dict[Place, list[_Chunk]] = {}
        for chunk in self._chunks(times, rows, cols):
            shards.setdefault(self._place(chunk), []).append(chunk)
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda place: self._read_shard(place, shards[place], out), shards))
        return out

    def _chunks(self, times: range, rows: range, cols: range) -> Iterator[_Chunk]:
        for time in times:
            for row, row_source, row_target in _overlaps(rows, self.layout.chunk):
                for col, col_source, col_target in _overlaps(cols, self.layout.chunk):
                    target = (time - times.start, slice(None), row_target, col_target)
                    yield _Chunk(time, row, col, (row_source, col_source), target)

    def _place(self, chunk: _Chunk) -> Place:
        across = self.layout.across
        return chunk.time // self.layout.times, chunk.row // across, chunk.col // across

    def _read_shard(self, place: Place, chunks: list[_Chunk], out: npt.NDArray[Any]) -> None:
        time, *pixels = map(str, place)
        path = self.folder.joinpath("c", time, *([] if self.layout.dims is None else ["0"]), *pixels)
        try:
            file = path.open("rb", buffering=0)
        except FileNotFoundError:  # a shard that holds nothing but the fill value is not written
            for chunk in chunks:
                out[chunk.target] = self.layout.fill
            return
        with file:
            offsets = self._offsets(file)
            block = np.empty((out.shape[1], self.layout.chunk, self.layout.chunk), self.layout.stored)
            spans = [self._span(chunk, offsets, len(block)) for chunk in chunks]
            _announce(file, spans)
            for span, chunk in zip(spans, chunks, strict=True):
                self._read_chunk(file, span, chunk, block, out)

    def _span(self, chunk: _Chunk, offsets: npt.NDArray[np.uint64], dims: int) -> _Span | None:
        """Where in the file the wanted part of a chunk lies; None = nowhere, it holds the fill value alone."""
        across, row_bytes = self.layout.across, self.layout.chunk * self.layout.stored.itemsize
        offset = int(offsets[chunk.time % self.layout.times, chunk.row % across, chunk.col % across])
        if offset == MISSING:
            return None
        if dims == 1:  # its rows lie together: what isn't wanted isn't read
            rows = chunk.source[0]
            return _Span(offset + rows.start * row_bytes, rows.start, rows.stop - rows.start, row_bytes)
        # dims vary slowest within a chunk: the first few are its first bytes
        return _Span(offset, 0, self.layout.chunk, dims * row_bytes)

    def _offsets(self, file: FileIO) -> npt.NDArray[np.uint64]:
        """First byte of each chunk, [time, y, x]; `MISSING` = a chunk of nothing but the fill value."""
        shape = (self.layout.times, self.layout.across, self.layout.across, 2)
        index = np.empty(shape, "<u8")
        start = file.seek(0, os.SEEK_END) - index.nbytes - CHECKSUM_BYTES
        if start < 0:
            raise _damaged(file.name)
        file.seek(start)
        file.readinto(index.data.cast("B"))
        there = index[..., 0] != MISSING
        # every chunk has the same size, so that a file cut short doesn't pass for a whole one
        if (index[there, 1] != self.layout.chunk_bytes).any() or (index[there, 0] >= start).any():
            raise _damaged(file.name)
        return index[..., 0]

    def _read_chunk(
        self, file: FileIO, span: _Span | None, chunk: _Chunk, block: npt.NDArray[Any], out: npt.NDArray[Any]
    ) -> None:
        if span is None:
            out[chunk.target] = self.layout.fill
            return
        file.seek(span.begin)
        wanted = block[:, : span.rows]
        if file.readinto(wanted.data.cast("B")) != wanted.nbytes:
            raise _damaged(file.name)
        rows, cols = chunk.source
        first, last = rows.start - span.first_row, rows.stop - span.first_row
        out[chunk.target] = wanted[:, first : last : rows.step, cols]
        if self.layout.scale != 1:
            out[chunk.target] *= self.layout.scale


def _announce(file: FileIO, spans: list[_Span | None]) -> None:
    """Let the system fetch all that is going to be read at once, instead of one piece after the other."""
    if sys.platform == "linux":
        for span in filter(None, spans):
            os.posix_fadvise(file.fileno(), span.begin, span.rows * span.row_bytes, os.POSIX_FADV_WILLNEED)


def _damaged(path: object) -> InputError:
    return InputError(
        "a file of the store is damaged", value=path, remedy="remove the store and embed the area again"
    )


def _overlaps(wanted: range, side: int) -> list[tuple[int, slice, slice]]:
    """Per chunk along one axis: its number, what of it is wanted, and where that goes in the result."""
    parts: list[tuple[int, slice, slice]] = []
    for number in range(wanted[0] // side, wanted[-1] // side + 1):
        first, last = (-(-(edge * side - wanted.start) // wanted.step) for edge in (number, number + 1))
        target = slice(max(first, 0), min(last, len(wanted)))
        here = wanted[target]
        if here:  # steps can be wider than a chunk
            source = slice(here[0] - number * side, here[-1] - number * side + 1, wanted.step)
            parts.append((number, source, target))
    return parts
