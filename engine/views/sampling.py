"""Stratified samples of a store that know their place: what projections, clusters and distances are fitted on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..grid import Grid, Window
from ..progress import CancelToken
from ..store import EmbeddingStore
from .colour import SAMPLE_PIXELS, Bools, Floats, MapReader, stratified_sample

Indices = npt.NDArray[np.int64]
WHOLE_MAP_PX, WHOLE_SERIES_PX = 256 * 256, 96 * 96
"""Areas up to this size are read in one piece (one date, all dates) instead of block by block."""
TILE_PX = 16
"""Side of the squares that are held out together: about the model's own view around a pixel."""


@dataclass(frozen=True, eq=False)
class StoreSample:
    """Valid pixel-dates, about as many from each part of the area and each of some dates."""

    values: npt.NDArray[np.float32]
    """[sample, dim]"""
    rows: Indices
    """[sample], as are `cols` and `dates` (indices into the store's times)."""
    cols: Indices
    dates: Indices

    def __len__(self) -> int:
        return len(self.values)

    def take(self, chosen: Indices | Bools) -> "StoreSample":
        """The sample of some pixel-dates, by index or mask."""
        return StoreSample(self.values[chosen], self.rows[chosen], self.cols[chosen], self.dates[chosen])

    def in_tiles(self, share: float, seed: int = 0) -> Bools:
        """[sample]: True in a random `share` of the squares of `TILE_PX`² pixels, on all dates alike."""
        mixed = (self.rows // TILE_PX) * 73_856_093 ^ (self.cols // TILE_PX) * 19_349_663 ^ seed * 83_492_791
        mixed = (mixed ^ (mixed >> 13)) * 1_274_126_177 & 0x7FFF_FFFF
        chosen: Bools = (mixed >> 7) % 1000 < share * 1000
        return chosen


def sample_store(
    store: EmbeddingStore,
    dates: Sequence[int] | None = None,
    *,
    dims: int | None = None,
    pixels: int = SAMPLE_PIXELS,
    seed: int = 0,
    rounds: int = 1,
    cancel: CancelToken | None = None,
) -> StoreSample:
    """A sample over the area and some dates (all when None) of the first `dims` dimensions.

    Each of the `rounds` draws from up to 16 dates of its own. `InputError` where none of these pixel-dates is
    valid, or the store has fewer dimensions."""
    chosen = list(range(len(store.times)) if dates is None else dates)
    parts = [chosen[start::rounds] for start in range(min(rounds, len(chosen)))]
    drawn = [
        _drawn(store, part, dims, pixels // len(parts), seed + 1_000 * number, cancel or CancelToken())
        for number, part in enumerate(parts)
    ]
    sample = np.concatenate(drawn)
    if not len(sample):
        raise _nothing_valid(store.path)
    rows, cols, when = sample[:, -3:].T.astype(np.int64)
    return StoreSample(np.ascontiguousarray(sample[:, :-3]), rows, cols, when)


def _drawn(
    store: EmbeddingStore,
    chosen: Sequence[int],
    dims: int | None,
    pixels: int,
    seed: int,
    cancel: CancelToken,
) -> npt.NDArray[np.float32]:
    """[sample, dim + 3]: values, row, column, date."""

    def read(number: int, window: Window) -> tuple[Floats, Bools]:
        cancel.check()
        drawn = store.read_map(chosen[number], window, dims, support=False)
        places = np.mgrid[window.slices].astype(np.float32)  # exact up to 16 million
        when = np.full_like(places[:1], chosen[number])
        return np.concatenate([drawn.embedding, places, when]), drawn.validity

    reader = _in_one(read, store.grid, WHOLE_MAP_PX)
    return stratified_sample(reader, store.grid, len(chosen), pixels=pixels, seed=seed)


def _in_one(read: MapReader, grid: Grid, most: int) -> MapReader:
    """The reader, which of a grid of at most `most` pixels reads each date in one piece for all blocks."""
    if grid.shape[0] * grid.shape[1] > most:
        return read
    kept: dict[int, tuple[Floats, Bools]] = {}

    def cut(date: int, window: Window) -> tuple[Floats, Bools]:
        if date not in kept:
            kept.clear()
            kept[date] = read(date, grid.window)
        values, validity = kept[date]
        return values[:, *window.slices], validity[window.slices]

    return cut


def sample_map(
    read: Callable[[Window], tuple[Floats, Bools]], grid: Grid, *, pixels: int = SAMPLE_PIXELS, seed: int = 0
) -> StoreSample:
    """A sample over the area of any map: window → values [dim, y, x] and validity [y, x].

    `InputError` where none of its pixels is valid; `dates` of the result are all 0."""

    def placed(_: int, window: Window) -> tuple[Floats, Bools]:
        values, validity = read(window)
        return np.concatenate([values, np.mgrid[window.slices].astype(np.float32)]), validity

    drawn = stratified_sample(_in_one(placed, grid, WHOLE_SERIES_PX), grid, 1, pixels=pixels, seed=seed)
    if not len(drawn):
        raise _nothing_valid(grid.shape)
    rows, cols = drawn[:, -2:].T.astype(np.int64)
    return StoreSample(np.ascontiguousarray(drawn[:, :-2]), rows, cols, np.zeros_like(rows))


def _nothing_valid(value: object) -> InputError:
    return InputError(
        "no valid embedding was found in the sample",
        value=value,
        remedy="choose dates or an area with valid embeddings",
    )
