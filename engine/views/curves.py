"""Plots of series: what a pixel's bands and embedding did over time, with gap-filled dates marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import matplotlib.dates as mdates
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from ..output import whole_file

INK, SOFT, GRID = "#23282d", "#5b6670", "#e3e7ea"
HUES = ("#2f6f73", "#c8702a", "#6a5aa8", "#b23a5b", "#4d7c2a", "#8a6d1f", "#2b66b0", "#7d5a4f")
"""Told apart with colour-vision deficiencies; curves also differ in their labels."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One line or cloud of points over time; NaN where there is nothing."""

    label: str
    times: Sequence[datetime]
    values: npt.NDArray[np.floating[Any]]
    points: bool = False
    """Observations, drawn as dots; otherwise a line."""
    hollow: npt.NDArray[np.bool_] | None = None
    """Points of a line that rest on neighbouring dates, drawn as open dots."""


@dataclass(frozen=True)
class Axis:
    """One panel: a labelled vertical axis (with its unit) and its curves."""

    label: str
    curves: Sequence[Curve]


def write_curves(
    title: str,
    axes: Sequence[Axis],
    path: Path,
    *,
    overwrite: bool = False,
    facts: Mapping[str, str] | None = None,
) -> None:
    """Draw panels over a common time axis into a PNG."""
    figure = Figure(figsize=(11, 0.9 + 2.15 * len(axes)), dpi=130, layout="constrained", facecolor="white")
    panels = figure.subplots(len(axes), 1, sharex=True, squeeze=False)[:, 0]
    for panel, axis in zip(panels, axes, strict=True):
        _panel(panel, axis)
    panels[0].set_title(title, loc="left", fontsize=12, color=INK, fontweight="bold")
    locator = mdates.AutoDateLocator(minticks=5, maxticks=14)  # type: ignore[no-untyped-call]
    panels[-1].xaxis.set_major_locator(locator)
    panels[-1].xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    panels[-1].set_xlabel("date (UTC)", color=SOFT)
    with whole_file(path, overwrite=overwrite) as partial:
        figure.savefig(
            partial, format="png", metadata={"Software": "Phenolens", "Title": title, **(facts or {})}
        )


def _panel(panel: Any, axis: Axis) -> None:
    for number, curve in enumerate(axis.curves):
        _draw(panel, curve, HUES[number % len(HUES)])
    panel.set_ylabel(axis.label, color=SOFT)
    panel.grid(True, color=GRID, linewidth=0.8)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
    panel.spines[["left", "bottom"]].set_color("#b8c0c6")
    panel.tick_params(colors=SOFT, labelsize=9)
    # beside the panel: a legend inside would cover data on one date or another
    panel.legend(loc="upper left", bbox_to_anchor=(1.005, 1.0), frameon=False, fontsize=9, labelcolor=INK)


def _draw(panel: Any, curve: Curve, hue: str) -> None:
    times = mdates.date2num(list(curve.times))  # type: ignore[no-untyped-call]
    if curve.points:
        panel.plot(times, curve.values, "o", color=hue, markersize=3.2, label=curve.label)
        return
    panel.plot(times, curve.values, "-", color=hue, linewidth=1.4, label=curve.label)
    if curve.hollow is not None:
        for rows, face in ((~curve.hollow, hue), (curve.hollow, "white")):
            panel.plot(times[rows], curve.values[rows], "o", color=hue, markersize=3.4, markerfacecolor=face)
