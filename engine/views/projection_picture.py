"""The picture of projected pixels in bins, with axes, colours and what one must know to read it."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.colors import LogNorm, to_rgba_array
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure

from ..classes import ClassTable
from ..output import whole_file
from .curves import INK, SOFT
from .projection_density import YEAR_DAYS, Density, Sums

FAINTEST = 0.25
"""Opacity of a bin with one pixel, where colour shows something other than the count."""


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
