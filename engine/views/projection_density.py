"""Projected pixels as a picture: how many fall where, or what those that fall there have in common.

Millions of points are no scatter plot: they are counted in bins."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from matplotlib.colors import LogNorm, to_rgba_array
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure

from ..classes import ClassTable
from ..errors import InputError
from ..grid import Window
from ..output import whole_file
from ..progress import CancelToken, Progress
from ..store import EmbeddingStore
from .colour import Bools, Bytes
from .curves import INK, SOFT
from .maps import times_of
from .projection import PlaceReader, Projection

ColourKind = Literal["count", "date", "season", "dimension", "class"]
Sums = npt.NDArray[np.float64]
SIDE = 512
"""Pixels of a window that is projected at a time."""
YEAR_DAYS = 365.25
FAINTEST = 0.25
"""Opacity of a bin with one pixel, where colour shows something other than the count."""


@dataclass(frozen=True)
class Colouring:
    """What a bin shows: `count`, or of the pixels in it the mean `date`, the mean day of year (`season`), the
    mean of a `dimension`, or the commonest `class` of a map of codes."""

    kind: ColourKind = "count"
    dimension: int = 0
    """From 0."""
    classes: ClassTable | None = None
    codes: Bytes | None = None
    """[y, x] of the whole area; 0 = unknown, left out."""

    def weights(self, store: EmbeddingStore, date: int, window: Window, valid: Bools) -> Sums:
        """[sum, pixel] of the valid pixels of a window: what is added up per bin."""
        if self.kind == "dimension":
            drawn = store.read_map(date, window, self.dimension + 1, support=False)
            weights: Sums = drawn.embedding[self.dimension][valid][None].astype(np.float64)
            return weights
        if self.kind == "class" and self.classes is not None and self.codes is not None:
            return np.stack([self.codes[window.slices][valid] == c.code for c in self.classes]).astype(float)
        day = store.days[date]
        turn = 2 * np.pi * day / YEAR_DAYS
        values = {"date": [day], "season": [np.cos(turn), np.sin(turn)]}.get(self.kind, [])
        return np.repeat(np.array(values, np.float64).reshape(-1, 1), int(valid.sum()), axis=1)

    def value(self, sums: Sums, count: npt.NDArray[np.int64]) -> Sums:
        """[sum, y, x] and pixels per bin → [y, x]: mean, day of year or class code; NaN where empty."""
        with np.errstate(invalid="ignore", divide="ignore"):
            if self.kind == "season":
                turn = np.arctan2(sums[1], sums[0]) % (2 * np.pi)
                return np.where(count, turn / (2 * np.pi) * YEAR_DAYS, np.nan)
            if self.kind == "class" and self.classes is not None:
                codes = np.array(self.classes.codes)[sums.argmax(axis=0)]
                return np.where(sums.sum(axis=0) > 0, codes, np.nan)
            return np.where(count, sums[0] / count, np.nan) if len(sums) else count.astype(np.float64)


@dataclass(frozen=True, eq=False)
class Density:
    """A two-dimensional histogram of projected pixels."""

    projection: Projection
    axes: tuple[int, int]
    """Components along x and y."""
    count: npt.NDArray[np.int64]
    """[y, x], y upwards."""
    value: npt.NDArray[np.float64]
    """[y, x]: what the colouring shows; NaN where there is nothing."""
    colouring: Colouring
    pixels: int
    """Pixel-dates counted, those outside the picture included."""
    outside: int
    times: tuple[datetime, ...]

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """(left, right, bottom, top)"""
        (left, right), (bottom, top) = (self.projection.limits[axis].tolist() for axis in self.axes)
        return left, right, bottom, top


def density(
    store: EmbeddingStore,
    projection: Projection,
    dates: Sequence[int] | None = None,
    *,
    colouring: Colouring | None = None,
    axes: tuple[int, int] = (0, 1),
    bins: int = 320,
    places: PlaceReader | None = None,
    side: int = SIDE,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Density:
    """Project every valid pixel of some dates (all when None) and count per bin, window by window.

    `places` (of this projection) where they are known already. `InputError` where the projection is of another
    model, or a component or dimension doesn't exist."""
    projection.check(store)
    colouring = colouring or Colouring()
    _check(store, projection, colouring, axes)
    chosen = list(range(len(store.times)) if dates is None else dates)
    count: npt.NDArray[np.int64] = np.zeros(bins * bins, np.int64)
    sums: Sums | None = None
    pixels = 0
    reader = places or projection.reader(store)
    for date, window in _windows(store, chosen, side, progress, cancel):
        points, valid = reader(date, window)
        bin_of, inside = _bins(points[:, axes], projection.limits[list(axes)], bins)
        weights = colouring.weights(store, date, window, valid)
        sums = np.zeros((len(weights), bins * bins)) if sums is None else sums
        count += np.bincount(bin_of[inside], minlength=bins * bins)
        for number, weight in enumerate(weights):
            sums[number] += np.bincount(bin_of[inside], weight[inside], minlength=bins * bins)
        pixels += len(points)
    shape = (bins, bins)
    value = colouring.value(
        (np.zeros((0, bins * bins)) if sums is None else sums).reshape(-1, *shape), count.reshape(shape)
    )
    times = times_of(store)
    outside = pixels - int(count.sum())
    return Density(
        projection,
        axes,
        count.reshape(shape),
        value,
        colouring,
        pixels,
        outside,
        tuple(times[date] for date in chosen),
    )


def _check(
    store: EmbeddingStore, projection: Projection, colouring: Colouring, axes: tuple[int, int]
) -> None:
    if len(set(axes)) != 2 or not all(0 <= axis < projection.spec.components for axis in axes):
        remedy = f"two of 1 to {projection.spec.components}"
        raise InputError(
            "the projection has no such components", value=[axis + 1 for axis in axes], remedy=remedy
        )
    if colouring.kind == "dimension" and not 0 <= colouring.dimension < store.dims:
        raise InputError(
            "the store has no such dimension",
            value=colouring.dimension + 1,
            remedy=f"choose 1 to {store.dims}",
        )
    if colouring.kind == "class" and (colouring.codes is None or colouring.classes is None):
        raise InputError("colouring by class needs a map of classes", remedy="give codes and classes")
    if colouring.codes is not None and colouring.codes.shape != store.grid.shape:
        raise InputError(
            "the map of classes is on another grid",
            value=colouring.codes.shape,
            remedy=f"it must have {store.grid.shape} pixels",
        )


def _windows(
    store: EmbeddingStore,
    dates: Sequence[int],
    side: int,
    progress: Progress | None,
    cancel: CancelToken | None,
) -> Iterator[tuple[int, Window]]:
    progress, cancel = progress or Progress("project pixels", 0), cancel or CancelToken()
    windows = list(store.grid.tiles(side))
    progress.total = len(windows) * len(dates)
    for date in dates:
        for window in windows:
            cancel.check()
            yield date, window
            progress.advance()


def _bins(places: npt.NDArray[Any], limits: npt.NDArray[Any], bins: int) -> tuple[Any, Any]:
    """[pixel] flat bin (y first) and whether it lies inside the limits."""
    low, high = limits.T.astype(np.float32)
    steps = np.floor((places - low) * (bins / (high - low))).astype(np.int64)
    inside = ((steps >= 0) & (steps < bins)).all(axis=1)
    return steps[:, 1] * bins + steps[:, 0], inside


def write_density(drawn: Density, path: Path, *, overwrite: bool = False) -> Path:
    """Draw a density with its axes, its colour scale, n and what the projection keeps into a PNG."""
    figure = Figure(figsize=(8.6, 7.9), dpi=130, layout="constrained", facecolor="white")
    panel = figure.subplots()
    _draw(figure, panel, drawn)
    names = drawn.projection.axis_names
    panel.set_xlabel(names[drawn.axes[0]], color=SOFT)
    panel.set_ylabel(names[drawn.axes[1]], color=SOFT)
    panel.set_title(_title(drawn), loc="left", fontsize=11, color=INK, fontweight="bold")
    panel.tick_params(colors=SOFT, labelsize=9)
    panel.spines[["top", "right"]].set_visible(False)
    figure.supxlabel(_caption(drawn), fontsize=8, color=SOFT, x=0.02, ha="left")
    with whole_file(path, overwrite=overwrite) as partial:
        figure.savefig(partial, format="png", metadata={"Software": "Phenolens", "Title": _title(drawn)})
    return path


def _title(drawn: Density) -> str:
    first, last = drawn.times[0], drawn.times[-1]
    span = (
        f"{first:%Y-%m-%d}"
        if first == last
        else f"{len(drawn.times)} dates, {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    )
    return f"{drawn.projection.spec.method.upper()} of embeddings, {span}"


def _caption(drawn: Density) -> str:
    outside = f", {drawn.outside:,} of them outside the picture" if drawn.outside else ""
    held = str(drawn.projection.fidelity).replace("; trust", ";\ntrust")
    return f"n = {drawn.pixels:,} pixel-dates{outside}. Held-out: {held}"


def _draw(figure: Figure, panel: Any, drawn: Density) -> None:
    about: dict[str, Any] = {
        "origin": "lower",
        "extent": drawn.extent,
        "aspect": "auto",
        "interpolation": "none",
    }
    if drawn.colouring.kind == "count":
        shown = np.where(drawn.count, drawn.count, np.nan)
        image = panel.imshow(shown, cmap="viridis", norm=LogNorm(1, max(2, int(drawn.count.max()))), **about)
        figure.colorbar(image, ax=panel, label="pixel-dates per bin", shrink=0.8)
        return
    opacity = _opacity(drawn.count)
    if drawn.colouring.kind == "class" and drawn.colouring.classes is not None:
        _draw_classes(panel, drawn.value, drawn.colouring.classes, opacity, about)
        return
    palette, label, limits = _scale(drawn)
    image = panel.imshow(drawn.value, cmap=palette, vmin=limits[0], vmax=limits[1], alpha=opacity, **about)
    bar = figure.colorbar(image, ax=panel, label=label, shrink=0.8)
    if bar.solids is not None:
        bar.solids.set_alpha(1)
    if drawn.colouring.kind == "date":
        locator = AutoDateLocator()  # type: ignore[no-untyped-call]
        bar.ax.yaxis.set_major_locator(locator)
        bar.ax.yaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def _opacity(count: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    shade = np.log1p(count) / np.log1p(max(1, int(count.max())))
    return np.where(count, np.clip(FAINTEST + 1.4 * shade, 0, 1), 0)


def _scale(drawn: Density) -> tuple[str, str, tuple[float, float]]:
    """Palette, label and range of the mean that is shown."""
    if drawn.colouring.kind == "season":
        return "twilight_shifted", "mean day of year", (0.0, YEAR_DAYS)
    if drawn.colouring.kind == "date":
        first, last = (float(date2num(time)) for time in (drawn.times[0], drawn.times[-1]))  # type: ignore[no-untyped-call]
        return "cividis", "mean date", (first, max(last, first + 1))
    known = drawn.value[np.isfinite(drawn.value)]
    low, high = np.percentile(known, (2, 98)) if len(known) else (0.0, 1.0)
    return "cividis", f"mean of dimension {drawn.colouring.dimension + 1}", (float(low), float(high))


def _draw_classes(panel: Any, value: Sums, classes: ClassTable, opacity: Sums, about: dict[str, Any]) -> None:
    table = np.zeros((256, 4))
    table[list(classes.codes)] = to_rgba_array([c.colour for c in classes])
    picture = table[np.nan_to_num(value).astype(int)]
    picture[..., 3] *= opacity
    panel.imshow(picture, **about)
    for c in classes:
        panel.plot([], [], "s", color=c.colour, label=c.name)
    panel.legend(
        loc="upper left",
        bbox_to_anchor=(1.005, 1.0),
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        title="commonest class",
    )
