"""EmbeddingStore: what a run leaves on the disk, read by map and by pixel."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr

from .errors import AreaError, InputError, TargetError
from .grid import Grid, Window
from .store_layout import KIND, NO_FRAME
from .store_place import Folder, Place, place_of
from .store_shards import Glass, ShardLayout, ShardReader, each

__all__ = ["NO_FRAME", "DateMap", "EmbeddingStore", "Glass", "PixelSeries"]

Support = Mapping[str, npt.NDArray[np.uint8]]


@dataclass(frozen=True, eq=False)
class DateMap:
    """One target date of a window."""

    time: np.datetime64
    grid: Grid
    """Of the window."""
    embedding: npt.NDArray[np.float32]
    """[dim, y, x]; 0 where not valid."""
    validity: npt.NDArray[np.bool_]
    """[y, x]."""
    support: Support
    """`clear_count_<m>` and `nearest_days_<m>` (255 = none) of every modality, [y, x]."""


@dataclass(frozen=True, eq=False)
class PixelSeries:
    """All target dates of one pixel, or of several (a leading pixel axis)."""

    times: npt.NDArray[np.datetime64]
    """[time], UTC."""
    embedding: npt.NDArray[np.float32]
    """[(pixel,) time, dim]; 0 where not valid."""
    validity: npt.NDArray[np.bool_]
    """[(pixel,) time]."""
    support: Support
    """As in `DateMap`, [(pixel,) time]."""

    def pixel(self, index: int) -> "PixelSeries":
        support = {name: values[index] for name, values in self.support.items()}
        return PixelSeries(self.times, self.embedding[index], self.validity[index], support)


class EmbeddingStore:
    """An embedding store opened for reading; `InputError` where there is none, or a damaged one.

    What is kept beside embeddings (colours, projections) needs a folder: a store in a bucket is written, and read by
    map and pixel."""

    def __init__(self, path: Path | str | Place) -> None:
        self.place = place_of(path)
        self.path = self.place.path if isinstance(self.place, Folder) else Path(self.place.name)
        # zarr's errors derive from these
        faults: tuple[type[Exception], ...] = (*self.place.faults, KeyError, ValueError)
        try:
            self._root = zarr.open_group(self.place.opened, mode="r")
            self.attributes: dict[str, Any] = dict(self._root.attrs)
            if self.attributes.get("kind") != KIND:
                raise InputError(
                    "this Zarr group is no embedding store", value=path, remedy="give an output of embed"
                )
            self.grid = Grid.from_dict(json.loads(self.attributes["grid"]))
            self._readers = {name: self._reader(name) for name in ("embedding", *self._layer_names)}
        except faults as error:
            if not self._exists():
                raise InputError("there is no such store", value=path, remedy="check the path") from error
            raise InputError(
                "there is no readable embedding store",
                value=f"{path}: {error}",
                remedy="give the folder that embed wrote (NAME.zarr)",
            ) from error

    @property
    def complete(self) -> bool:
        """False while tiles are missing: the run is going on or was interrupted."""
        return bool(self.attributes["status"] == "complete")

    @property
    def dims(self) -> int:
        return self._embedding.layout.dims or 0

    @property
    def dtype(self) -> str:
        return self._embedding.layout.dtype

    @property
    def _embedding(self) -> ShardReader:
        return self._readers["embedding"]

    @cached_property
    def times(self) -> npt.NDArray[np.datetime64]:
        """Target dates, [time] datetime64[s] in UTC."""
        seconds: npt.NDArray[np.int64] = self._root["time"][...]  # type: ignore[index, assignment]
        return seconds.astype("datetime64[s]")

    @property
    def days(self) -> npt.NDArray[np.float64]:
        """Target dates, [time] days since 1970-01-01."""
        return self.times.astype(np.int64) / 86_400

    @property
    def modalities(self) -> tuple[str, ...]:
        return tuple(self.scenes)

    @property
    def model(self) -> dict[str, Any]:
        """`name`, `sha256`, `family`, `config` of the model that made the store."""
        return dict(json.loads(self.attributes["model"]))

    @property
    def scenes(self) -> dict[str, list[dict[str, Any]]]:
        """Acquisitions behind the store, per modality: time, platform, orbit, baseline, sources."""
        return dict(json.loads(self.attributes["scenes"]))

    def index_of(self, when: int | date | datetime) -> int:
        """Index of a target date; `TargetError` if the store doesn't hold it."""
        if isinstance(when, int):
            if not -len(self.times) <= when < len(self.times):
                raise TargetError("no such date index", value=when, remedy=f"0 to {len(self.times) - 1}")
            return when % len(self.times)
        found = np.flatnonzero(self._matches(when))
        if not len(found):
            nearest = self.times[np.abs(self.times - _datetime64(when)).argmin()]
            raise TargetError(
                "the store doesn't hold this date", value=when, remedy=f"the nearest is {nearest}"
            )
        return int(found[0])

    def _matches(self, when: date | datetime) -> npt.NDArray[np.bool_]:
        if isinstance(when, datetime):
            return np.abs(self.times - _datetime64(when)) < np.timedelta64(1, "s")
        same: npt.NDArray[np.bool_] = self.times.astype("datetime64[D]") == np.datetime64(when, "D")
        return same

    def read_map(
        self,
        when: int | date | datetime,
        window: Window | None = None,
        dims: int | None = None,
        *,
        support: bool = True,
    ) -> DateMap:
        """One date (by index, day or time) of a window, with the first `dims` dimensions.

        Without `support` it is read in about two thirds of the time."""
        window = window or self.grid.window
        rows, cols = self._inside(window)
        index = self.index_of(when)
        dates = range(index, index + 1)
        arrays = self._read(dates, rows, cols, self._prefix(dims), support)
        embedding, layers = arrays.pop("embedding")[0], {n: layer[0, 0] for n, layer in arrays.items()}
        validity = layers.pop("validity").astype(bool)
        if not validity.all():
            embedding[:, ~validity] = 0
        return DateMap(self.times[index], self.grid.crop(window), embedding, validity, layers)

    def read_through(
        self, when: int | date | datetime, glass: Glass, window: Window | None = None, dims: int | None = None
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
        """One date of a window seen through a glass: [band, y, x], and validity [y, x]; quicker than `read_map`
        wherever only something made of the dimensions is wanted."""
        rows, cols = self._inside(window or self.grid.window)
        index = self.index_of(when)
        dates = range(index, index + 1)
        seen = self._embedding.read(dates, rows, cols, self._prefix(dims), glass)
        validity = self._readers["validity"].read(dates, rows, cols)
        return seen[0], validity[0, 0].astype(bool)

    def read_series(
        self, row: int, col: int, dims: int | None = None, *, support: bool = True
    ) -> PixelSeries:
        """All dates of one pixel; positions become pixels with `grid.pixel_at`."""
        return self.read_series_many([(row, col)], dims, support=support).pixel(0)

    def read_series_many(
        self,
        pixels: Sequence[tuple[int, int]],
        dims: int | None = None,
        *,
        support: bool = True,
        dates: range | None = None,
    ) -> PixelSeries:
        """All dates of several pixels, or a range of them, in their order; each chunk is read once."""
        places = np.array(pixels, dtype=np.int64).reshape(-1, 2)
        for row, col in places:
            self._inside(Window(int(row), int(col), 1, 1))
        dates = range(len(self.times)) if dates is None else dates
        count = len(places)
        embedding = np.zeros((count, len(dates), self._prefix(dims)), np.float32)
        layers = {name: np.zeros((count, len(dates)), np.uint8) for name in self._names(support)}
        side = self._embedding.layout.chunk
        for chunk in np.unique(places // side, axis=0):
            chosen = np.flatnonzero((places // side == chunk).all(axis=1))
            self._read_chunk_series(dates, places[chosen], chosen, embedding, layers)
        validity = layers.pop("validity").astype(bool)
        embedding[~validity] = 0
        return PixelSeries(self.times[dates.start : dates.stop], embedding, validity, layers)

    def _read_chunk_series(
        self,
        dates: range,
        places: npt.NDArray[np.int64],
        chosen: npt.NDArray[np.int64],
        embedding: npt.NDArray[np.float32],
        layers: dict[str, npt.NDArray[np.uint8]],
    ) -> None:
        """Read the rectangle that holds some pixels of one chunk, and pick them out of it."""
        (top, left), (bottom, right) = places.min(axis=0).tolist(), (places.max(axis=0) + 1).tolist()
        rows, cols = (places - (top, left)).T
        box = (range(top, bottom), range(left, right))
        arrays = self._read(dates, *box, embedding.shape[2], len(layers) > 1)
        embedding[chosen] = arrays.pop("embedding")[:, :, rows, cols].transpose(2, 0, 1)
        for name, layer in arrays.items():
            layers[name][chosen] = layer[:, 0, rows, cols].T

    @cached_property
    def _layer_names(self) -> tuple[str, ...]:
        kinds = ("clear_count", "nearest_days")
        return ("validity", *(f"{kind}_{m}" for m in self.modalities for kind in kinds))

    def _names(self, support: bool) -> tuple[str, ...]:
        return self._layer_names if support else self._layer_names[:1]

    def _read(
        self, dates: range, rows: range, cols: range, dims: int, support: bool
    ) -> dict[str, npt.NDArray[Any]]:
        """The embedding and the layers, each [time, dim, y, x]."""
        wanted = {"embedding": dims, **dict.fromkeys(self._names(support), 1)}
        threads = self._embedding.threads(len(dates) * dims * len(rows) * len(cols))

        def read(name: str) -> npt.NDArray[Any]:
            return self._readers[name].read(dates, rows, cols, wanted[name])

        return dict(zip(wanted, each(read, wanted, threads), strict=True))

    def _prefix(self, dims: int | None) -> int:
        if dims is None:
            return self.dims
        if not 1 <= dims <= self.dims:
            raise InputError(
                "the store doesn't hold that many dimensions", value=dims, remedy=f"1 to {self.dims}"
            )
        return dims

    def _inside(self, window: Window) -> tuple[range, range]:
        rows = range(window.row, window.row + window.height)
        cols = range(window.col, window.col + window.width)
        height, width = self.grid.shape
        if not (0 <= rows.start < rows.stop <= height and 0 <= cols.start < cols.stop <= width):
            raise AreaError(
                "the window reaches beyond the store",
                value=window,
                remedy=f"stay within {height} × {width} pixels",
            )
        return rows, cols

    def _reader(self, name: str) -> ShardReader:
        array: Any = self._root[name]
        if array.compressors or array.shards is None:
            raise InputError("the store has another layout", value=self.path, remedy="open it with xarray")
        embedding = name == "embedding"
        layout = ShardLayout(
            dims=array.shape[1] if embedding else None,
            dtype=str(array.dtype),
            decoded="float32" if embedding else "uint8",
            scale=float(array.attrs.get("scale_factor", 1.0)),
            fill=0.0 if embedding else float(array.fill_value),  # an embedding that is not valid reads as 0
            times=array.shards[0],
            side=array.shards[-1],
            chunk=array.chunks[-1],
        )
        return ShardReader(self.place, name, layout)

    def _exists(self) -> bool:
        try:
            return self.place.exists()
        except self.place.faults:  # no bucket, or no way to it: the error at hand says more
            return True


def _datetime64(when: date | datetime) -> np.datetime64:
    if isinstance(when, datetime) and when.tzinfo is not None:
        when = when.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(when, "s")
