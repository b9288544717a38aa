"""Arrays as PNG, quickly: pixels are packed, not compressed.

Over loopback bytes cost next to nothing and compression does: 1,000² px take Pillow 160 ms at level 1 (most of it
for choosing filters), stored they take 4 ms and half as many bytes again."""

import struct
import zlib
from collections.abc import Mapping
from functools import reduce
from itertools import chain

import numpy as np

from ...views.colour import Bytes
from ...views.layer import Layer

PNG = "image/png"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGBA, _INDEXED = 6, 3
_NO_FILTER = 0
_MOST_OF_A_BLOCK = 0xFFFF
Piece = bytes | memoryview


def rendered(layer: Layer) -> bytes:
    """A PNG of a layer's whole grid: with its palette where it has one, else as it is (RGBA)."""
    drawn = layer.render(layer.grid.window)
    if layer.palette is None:
        return png_of_rgba(drawn)
    return png_of_indices(drawn[0], layer.palette.colours)


def png_of_rgba(pixels: Bytes) -> bytes:
    """Of [4, y, x]."""
    _, height, width = pixels.shape
    rows = np.empty((height, 1 + 4 * width), np.uint8)
    rows[:, 0] = _NO_FILTER
    for channel, plane in enumerate(pixels):
        rows[:, 1 + channel :: 4] = plane
    return _png(rows, width, _RGBA)


def png_of_indices(indices: Bytes, colours: Mapping[int, tuple[int, int, int, int]]) -> bytes:
    """Of [y, x] and the RGBA colour of each index from 0 to 255."""
    table = np.array([colours[number] for number in range(256)], np.uint8)
    palette = _chunk(b"PLTE", table[:, :3].tobytes()), _chunk(b"tRNS", table[:, 3].tobytes())
    return _png(
        np.pad(indices, ((0, 0), (1, 0)), constant_values=_NO_FILTER), indices.shape[1], _INDEXED, *palette
    )


def _png(rows: Bytes, width: int, colour_type: int, *tables: list[Piece]) -> bytes:
    """Of rows of bytes, each after the number of its filter."""
    header = struct.pack(">IIBBBBB", width, len(rows), 8, colour_type, 0, 0, 0)
    chunks = _chunk(b"IHDR", header), *tables, _chunk(b"IDAT", *_stored(rows)), _chunk(b"IEND")
    return b"".join([_SIGNATURE, *chain.from_iterable(chunks)])


def _chunk(kind: bytes, *content: Piece) -> list[Piece]:
    length = sum(len(piece) for piece in content)
    check = reduce(lambda sum_, piece: zlib.crc32(piece, sum_), content, zlib.crc32(kind))
    return [struct.pack(">I", length), kind, *content, struct.pack(">I", check)]


def _stored(rows: Bytes) -> list[Piece]:
    """A zlib stream of blocks that are not compressed, in pieces: only joined are they copied, and once."""
    content = np.ascontiguousarray(rows).reshape(-1).data
    pieces: list[Piece] = [b"\x78\x01"]
    for begin in range(0, len(content), _MOST_OF_A_BLOCK):
        block = content[begin : begin + _MOST_OF_A_BLOCK]
        last = begin + len(block) == len(content)
        pieces += [struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF), block]
    return [*pieces, struct.pack(">I", zlib.adler32(content))]
