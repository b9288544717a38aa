"""Projections of stores: where pixels fall, counted in bins, and what a lasso drawn there encloses."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import InputError, TargetError
from ...grid import Window
from ...store import EmbeddingStore
from ...store_overview import Overview
from ...views.colour import Bools
from ...views.projection import PlaceReader, Projection, ProjectionSpec
from ...views.projection_density import Colouring, Density, density
from ...views.projection_fit import frozen_projection
from ...views.projection_lasso import Selection, lasso
from ..faults import NotFound, TooLarge
from .kept import Kept
from .layers import date_of
from .maps import Part
from .memory import load_sklearn
from .series import check_pixels
from .stores import OpenStore

MOST_POINTS = 10_000_000
"""Pixel-dates of a request."""
MOST_TESTS = 4_000_000_000
"""Corners of a lasso times pixel-dates: what an answer may take at worst."""
PLACES_BYTES = 256 * 2**20
MOST_KEPT = 16
STRIP_PIXELS = 2**17


@dataclass(frozen=True)
class Scope:
    """Which projection of which pixels and dates."""

    method: str = "umap"
    components: int = 2
    dates: tuple[str, ...] | None = None
    """None = all."""
    part: Part = field(default_factory=Part)
    axes: tuple[int, int] = (0, 1)


@dataclass(frozen=True, eq=False)
class _Places:
    """Where the valid pixels of a date lie."""

    points: npt.NDArray[np.float32]
    """[n, component]"""
    valid: Bools
    """[y, x]"""


@dataclass(frozen=True, eq=False)
class Chosen:
    """Selected pixels of a whole store."""

    shape: tuple[int, int]
    packed: npt.NDArray[np.uint8]
    """[mask, byte]"""
    dates: tuple[int, ...] | None
    """Of each mask; None: there is one, for all dates."""

    def on(self, date: int) -> Bools:
        """[row, column]"""
        rows, columns = self.shape
        if self.dates is not None and date not in self.dates:
            return np.zeros(self.shape, bool)
        packed = self.packed[0 if self.dates is None else self.dates.index(date)]
        return np.unpackbits(packed, count=rows * columns).view(bool).reshape(self.shape)


def chosen_of(store: EmbeddingStore, dates: Sequence[int] | None, bits: str) -> Chosen:
    """From base64; `InputError` where the bits don't fit the store and the dates, or a date isn't in it."""
    rows, columns = store.grid.shape
    masks, stride = 1 if dates is None else len(dates), -(-rows * columns // 8)
    try:
        packed = np.frombuffer(base64.b64decode(bits, validate=True), np.uint8)
    except ValueError as error:
        raise InputError("the selection's bits aren't base64", value=error) from None
    if packed.size != masks * stride:
        remedy = f"{masks} × {stride} bytes: a bit for each of {rows} × {columns} pixels, for each date"
        raise InputError(
            "the selection's bits don't fit the store", value=f"{packed.size} bytes", remedy=remedy
        )
    if dates is not None and (max(dates) >= len(store.times) or len(set(dates)) != len(dates)):
        raise TargetError("the selection's dates aren't those of the store", value=list(dates))
    return Chosen((rows, columns), packed.reshape(masks, stride), None if dates is None else tuple(dates))


@dataclass(frozen=True, eq=False)
class Projected:
    """A projection and the pixels that are asked for."""

    projection: Projection
    view: Overview
    dates: tuple[int, ...]
    places: PlaceReader

    @property
    def side(self) -> int:
        return max(self.view.grid.shape)

    def among(self, chosen: Chosen) -> "Projected":
        """The same of selected pixels alone."""

        def read(date: int, window: Window) -> tuple[npt.NDArray[np.float32], Bools]:
            points, valid = self.places(date, window)
            beneath = self.view.beneath(window)
            there = chosen.on(date)[beneath.slices][:: self.view.step, :: self.view.step]
            return points[there[valid]], valid & there

        return replace(self, places=read)

    def density(self, colouring: Colouring, axes: tuple[int, int], bins: int) -> Density:
        return density(
            self.view,
            self.projection,
            self.dates,
            colouring=colouring,
            axes=axes,
            bins=bins,
            places=self.places,
            side=self.side,
        )

    def lasso(self, corners: Sequence[Sequence[float]], axes: tuple[int, int]) -> Selection:
        """`TooLarge` for more corners than so many pixels can be held against."""
        tests = len(corners) * len(self.dates) * self.view.grid.shape[0] * self.view.grid.shape[1]
        if tests > MOST_TESTS:
            remedy = "simplify the lasso, or ask for a larger step or fewer dates"
            raise TooLarge("the lasso has too many corners", value=len(corners), remedy=remedy)
        return lasso(
            self.view, self.projection, corners, self.dates, axes=axes, places=self.places, side=self.side
        )


@dataclass(frozen=True, eq=False)
class Positions:
    """Where single pixels lie."""

    points: npt.NDArray[np.float32]
    """[pixel, date, axis]; NaN where there is no embedding."""
    dates: tuple[int, ...]
    """Indices into the store's times, ascending."""
    axes: tuple[str, ...]


class Projections:
    """Projections and the places of pixels that were looked at lately: a lasso on them reads nothing."""

    def __init__(self) -> None:
        self._projections: Kept[Projection] = Kept(MOST_KEPT)
        self._places: Kept[_Places] = Kept(PLACES_BYTES, lambda p: p.points.nbytes + p.valid.nbytes)

    def projected(self, opened: OpenStore, scope: Scope) -> Projected:
        """`NotFound` where no UMAP is kept with the store, `InputError` where it can't be used."""
        chosen = _dates(opened.store, scope)
        view = scope.part.of(opened, most_shown=MOST_POINTS // len(chosen))
        projection, key = self._projection(opened, scope)
        return Projected(projection, view, chosen, self._reader(projection, view, (*key, scope.part)))

    def positions(self, opened: OpenStore, scope: Scope, pixels: Sequence[tuple[int, int]]) -> Positions:
        """Where some pixels (row, column) of the store lie; the scope's part is left out of account.

        `TooLarge` where the pixels lie too far apart, `AreaError` outside of the store; else as `projected`."""
        store, chosen = opened.store, _dates(opened.store, scope)
        check_pixels(store, pixels)
        projection, _ = self._projection(opened, scope)
        points = np.full((len(pixels), len(chosen), 2), np.nan, np.float32)
        # every date by itself where some are asked for: those between them needn't be read
        runs = [range(date, date + 1) for date in chosen] if scope.dates else [range(len(store.times))]
        for first, run in zip(np.cumsum([0, *map(len, runs)]), runs, strict=False):
            read = store.read_series_many(pixels, projection.dims, support=False, dates=run)
            there = read.validity
            points[:, first : first + len(run)][there] = projection.apply(read.embedding[there])[
                :, scope.axes
            ]
        return Positions(points, chosen, tuple(projection.axis_names[axis] for axis in scope.axes))

    def _projection(self, opened: OpenStore, scope: Scope) -> tuple[Projection, tuple[Any, ...]]:
        """With what tells it from others."""
        spec = ProjectionSpec(scope.method, scope.components)  # type: ignore[arg-type]  # checked by the spec
        path = opened.store.path / spec.file
        version = path.stat().st_mtime_ns if path.exists() else 0
        key = (opened.key, spec.file, version)
        projection = self._projections.get(key, lambda: _found(opened, spec))
        if len(set(scope.axes)) != 2 or not all(0 <= axis < scope.components for axis in scope.axes):
            value, remedy = [axis + 1 for axis in scope.axes], f"two of 1 to {scope.components}"
            raise InputError("the projection has no such components", value=value, remedy=remedy)
        return projection, key

    def forget(self) -> None:
        """Let go of the places: they are read again when they are asked for."""
        self._places.forget()

    def _reader(self, projection: Projection, view: Overview, key: tuple[Any, ...]) -> PlaceReader:
        def read(date: int, window: Window) -> tuple[npt.NDArray[np.float32], Bools]:
            if window != view.grid.window:
                return projection.reader(view)(date, window)
            kept = self._places.get((*key, date), lambda: _placed(projection.reader(view), date, window))
            return kept.points, kept.valid

        return read


def _dates(store: EmbeddingStore, scope: Scope) -> tuple[int, ...]:
    """Indices, ascending."""
    days = scope.dates
    dates = range(len(store.times)) if days is None else [date_of(store, day) for day in days]
    chosen = tuple(sorted(set(dates)))
    if not chosen:
        raise TargetError("no date was given", remedy="leave dates out for all of them")
    return chosen


def _placed(read: PlaceReader, date: int, window: Window) -> _Places:
    """Of a whole window, strip by strip: the embeddings of all of it would take eight times the memory."""
    height = max(64, STRIP_PIXELS // window.width)
    strips = [
        read(date, Window(row, 0, min(height, window.height - row), window.width))
        for row in range(0, window.height, height)
    ]
    points, valid = (np.concatenate(parts) for parts in zip(*strips, strict=True))
    return _Places(points, valid)


def _found(opened: OpenStore, spec: ProjectionSpec) -> Projection:
    """The projection kept with a store; PCA is fitted where it isn't there yet, as that takes a second or two."""
    path = opened.store.path / spec.file
    if path.exists():
        projection = Projection.load(path)
        projection.check(opened.store)
        return projection
    if spec.method == "umap":
        raise NotFound(
            "the store has no UMAP yet", value=opened.name, remedy="run the job project on it, or ask for pca"
        )
    load_sklearn()
    return frozen_projection(opened.store, spec)
