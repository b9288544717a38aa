"""Reads chunks of an uncompressed, sharded Zarr v3 array straight from its shard files.

A general Zarr reader pays 0.3-0.5 ms a chunk here, which alone is 100 ms for a map of 1,000² px. The layout
is Zarr's own (sharding_indexed, index at the end, little endian); a test compares with zarr-python.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import FileIO
from itertools import groupby
from math import prod
from threading import local
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from .errors import InputError
from .store_place import Folder, RemoteFile
from .store_place import Place as StorePlace

MISSING = 2**64 - 1
CHECKSUM_BYTES = 4  # crc32c after the index
# numbers are decoded faster than memory brings them: two threads on two cores took a fifth longer than one alone
THREADS = max(1, min(4, (os.cpu_count() or 2) // 2))
WAITING = 4
"""Threads that wait for the answers of a bucket."""
MOST_ALONE = 2**18
"""Numbers that one thread reads."""
MOST_TOGETHER = 2
"""Chunks decoded in one go; 2 of 16 dimensions as floats still fit a core's cache, 8 took a third longer."""

T = TypeVar("T")
R = TypeVar("R")


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


Block = npt.NDArray[np.float32]
"""Decoded numbers of a chunk, or of a part of it, [dim, y, x]."""


@dataclass(frozen=True)
class Glass:
    """What a read is seen through, chunk by chunk, so that neither all dimensions nor all pixels are in memory.

    It works pixel by pixel; what isn't valid may come as NaN or anything, and may leave as anything."""

    bands: int
    dtype: str
    see: Callable[[Block], npt.NDArray[Any]] | None = None
    """[dim, y, x] → [band, y, x]; None = the numbers themselves, as `dtype`."""
    weight: npt.NDArray[np.float32] | None = None
    """[component, dim]: what is seen is these sums of the dimensions, [component, y, x], instead of them. Decoding
    takes half as long where only sums are wanted: they are scaled, not each number."""


class _Chunk(NamedTuple):
    """A chunk and the part of it that is wanted."""

    time: int
    row: int
    col: int
    source: tuple[slice, slice]
    """Rows and columns within the chunk."""
    target: "Target"
    """Where they go in the result."""


class _Span(NamedTuple):
    """A part of a shard file that holds some rows of a chunk."""

    begin: int
    first_row: int
    rows: int
    row_bytes: int
    """Bytes of a row, in all dimensions wanted."""

    @property
    def length(self) -> int:
        return self.rows * self.row_bytes


_Found = tuple[_Span, _Chunk]
"""A chunk that is stored."""


Place = tuple[int, int, int]
"""Number of a shard along time, y and x."""


class ShardReader:
    """Decoded numbers of an array of a store."""

    def __init__(self, store: StorePlace, name: str, layout: ShardLayout) -> None:
        self._store, self._name = store, name
        self.layout = layout

    def read(
        self, times: range, rows: range, cols: range, dims: int = 1, glass: Glass | None = None
    ) -> npt.NDArray[Any]:
        """[time, dim, y, x] of some dates, a rectangle of pixels and the first `dims` dimensions, or through a glass
        [time, band, y, x].

        `rows` and `cols` may go in steps: of what they pass over nothing is decoded."""
        bands, dtype = (dims, self.layout.decoded) if glass is None else (glass.bands, glass.dtype)
        out = np.empty((len(times), bands, len(rows), len(cols)), dtype)
        view = _View(out, dims, glass)
        shards: dict[Place, list[_Chunk]] = {}
        for chunk in self._chunks(times, rows, cols):
            shards.setdefault(self._place(chunk), []).append(chunk)
        threads = self.threads(len(times) * dims * len(rows) * len(cols))
        each(lambda place: self._read_shard(place, shards[place], view), shards, threads)
        return out

    def threads(self, numbers: int) -> int:
        """How many threads read so many numbers. Several hand around the interpreter's lock, so that the series of a
        pixel took them three times as long; a bucket has them wait for its answers."""
        if not isinstance(self._store, Folder):
            return WAITING
        return 1 if numbers <= MOST_ALONE else THREADS

    def _chunks(self, times: range, rows: range, cols: range) -> Iterator[_Chunk]:
        down, along = _overlaps(rows, self.layout.chunk), _overlaps(cols, self.layout.chunk)
        for time in times:
            for row, row_source, row_target in down:
                for col, col_source, col_target in along:
                    target = (time - times.start, slice(None), row_target, col_target)
                    yield _Chunk(time, row, col, (row_source, col_source), target)

    def _place(self, chunk: _Chunk) -> Place:
        across = self.layout.across
        return chunk.time // self.layout.times, chunk.row // across, chunk.col // across

    def _read_shard(self, place: Place, chunks: list[_Chunk], view: "_View") -> None:
        time, row, col = place
        dims = "" if self.layout.dims is None else "0/"
        try:
            file = self._store.shard(f"{self._name}/c/{time}/{dims}{row}/{col}")
        except FileNotFoundError:  # a shard that holds nothing but the fill value is not written
            for chunk in chunks:
                self._fill(chunk, view)
            return
        with file:
            offsets = self._offsets(file)
            spans = [(self._span(chunk, offsets, view.dims), chunk) for chunk in chunks]
            found = [(span, chunk) for span, chunk in spans if span]
            _announce(file, [span for span, _ in found])
            for batch in _batches(found):
                self._read_batch(file, batch, view)
            for span, chunk in spans:
                if not span:
                    self._fill(chunk, view)

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

    def _offsets(self, file: FileIO | RemoteFile) -> npt.NDArray[np.uint64]:
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

    def _read_batch(self, file: FileIO | RemoteFile, batch: list[_Found], view: "_View") -> None:
        span, chunk = batch[0]
        block = view.room.array((len(batch), view.dims, span.rows, self.layout.chunk), self.layout.stored)
        for (there, _), part in zip(batch, block, strict=True):
            file.seek(there.begin)
            if file.readinto(part.data.cast("B")) != part.nbytes:
                raise _damaged(file.name)
        rows, cols = chunk.source
        wanted = slice(rows.start - span.first_row, rows.stop - span.first_row, rows.step)
        view.take([one.target for _, one in batch], block[:, :, wanted, cols], self.layout.scale)

    def _fill(self, chunk: _Chunk, view: "_View") -> None:
        """Where nothing is stored: the fill value; through a glass the same as what isn't valid."""
        height, width = (len(view.out[chunk.target][0]), view.out[chunk.target].shape[-1])
        if view.glass is None:
            view.out[chunk.target] = self.layout.fill
        else:
            weight = view.glass.weight
            dims = view.dims if weight is None else len(weight)
            view.show([chunk.target], np.full((dims, 1, height, width), np.nan, np.float32))


Target = tuple[int, slice, slice, slice]


class _Room(local):
    """Arrays that a thread fills again and again: those made anew cost the system a fault for every page."""

    def __init__(self) -> None:
        self._held: dict[np.dtype[Any], npt.NDArray[Any]] = {}

    def array(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """One that holds anything, until the next of its type is asked for."""
        kind, size = np.dtype(dtype), prod(shape)
        if kind not in self._held or self._held[kind].size < size:
            self._held[kind] = np.empty(size, kind)
        return self._held[kind][:size].reshape(shape)


@dataclass(frozen=True, eq=False)
class _View:
    """Where a read goes, and through what."""

    out: npt.NDArray[Any]
    dims: int
    glass: Glass | None
    room: _Room = field(default_factory=_Room)

    def take(self, targets: list[Target], stored: npt.NDArray[Any], scale: float) -> None:
        """Decode parts of chunks, [chunk, dim, y, x], and put each where it belongs."""
        as_they_are = stored.dtype.kind in "bu" or (stored.dtype == self.out.dtype and scale == 1)
        if as_they_are and (self.glass is None or self.glass.see is None):
            for target, part in zip(targets, stored, strict=True):
                self.out[target] = part
            return
        numbers = stored.swapaxes(0, 1)
        if self.glass is not None and self.glass.weight is not None:
            values = _sums(numbers, self.glass.weight, scale, self.room)
        else:
            values = _floats(numbers, self.room)
            if scale != 1:
                values *= scale
        self.show(targets, values)

    def show(self, targets: list[Target], values: npt.NDArray[np.float32]) -> None:
        """Put decoded numbers or sums of them, [dim, chunk, y, x], where they belong, through the glass."""
        dims, chunks, height, width = values.shape
        seen: npt.NDArray[Any] = values
        if self.glass is not None and self.glass.see is not None:
            seen = self.glass.see(values.reshape(dims, chunks * height, width))
        seen = seen.reshape(-1, chunks, height, width)
        for number, target in enumerate(targets):
            self.out[target] = seen[:, number]


_SIGN_AND_REST = np.int32(np.uint32(0x8FFF_E000).view(np.int32))
_FLOAT_EXPONENT = np.int32(0x7F80_0000)
_OF_SHIFTED = np.float32(2.0**112)
_BEYOND_HALVES = np.float32(2**16)
"""What a half that is infinite or no number becomes, or more; the largest other one is 65,504."""


def _floats(stored: npt.NDArray[Any], room: _Room) -> Block:
    """As float32."""
    values, factor = _unscaled(stored, room)
    if factor == 1:
        return values
    values *= factor
    if values.size and max(values.max(), -values.min()) >= _BEYOND_HALVES:
        bits, odd = values.view(np.int32), np.abs(values) >= _BEYOND_HALVES
        np.bitwise_or(bits, _FLOAT_EXPONENT, out=bits, where=odd)  # no number stays none
    return values


def _sums(stored: npt.NDArray[Any], weight: npt.NDArray[np.float32], scale: float, room: _Room) -> Block:
    """[dim, ...] → [component, ...]; anything, but not NaN, where a half is no number."""
    values, factor = _unscaled(stored, room)
    sums: Block = weight @ values.reshape(len(values), -1)
    sums *= np.float32(factor * scale)
    return sums.reshape(-1, *values.shape[1:])


def _unscaled(stored: npt.NDArray[Any], room: _Room) -> tuple[Block, np.float32]:
    """As float32, still to be multiplied; halves by shifting their bits: NumPy's own way takes three times as long
    without F16C.

    A half's exponent and fraction, moved to those of a float, are its value × 2⁻¹¹²."""
    values: Block = room.array(stored.shape, np.float32)
    if stored.dtype != np.float16 or not stored.dtype.isnative:
        values[...] = stored
        return values, np.float32(1)
    bits = values.view(np.int32)
    np.left_shift(stored.view(np.int16), 13, out=bits, dtype=np.int32)
    bits &= _SIGN_AND_REST
    return values, _OF_SHIFTED


def _batches(found: list[_Found]) -> Iterator[list[_Found]]:
    """Chunks of which the same part is wanted, as many as are decoded in one go."""
    for _, alike in groupby(found, lambda one: one[1].source):
        group = list(alike)
        yield from (group[first : first + MOST_TOGETHER] for first in range(0, len(group), MOST_TOGETHER))


def _announce(file: FileIO | RemoteFile, spans: list[_Span]) -> None:
    """Let the system fetch all that is going to be read at once, instead of one piece after the other."""
    if isinstance(file, RemoteFile):
        file.announce([span.begin for span in spans], [span.length for span in spans])
    elif sys.platform == "linux":
        for span in spans:
            os.posix_fadvise(file.fileno(), span.begin, span.length, os.POSIX_FADV_WILLNEED)


def each(work: Callable[[T], R], given: Iterable[T], threads: int) -> list[R]:
    """`work` of each of `given`, in so many threads."""
    if threads == 1:
        return [work(one) for one in given]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, given))


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
