"""Live previews: labels and a recipe in, a probe out, quickly enough to follow a person's hand."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer

from ...dates import parse_day
from ...errors import LabelError, ProbeError
from ...grid import Grid
from ...labels.labelset import LabelSet
from ...labels.pixels import LabelPixels, label_pixels
from ...labels.report import ImportReport
from ...probes.estimators import ProbeRecipe
from ...probes.features import Sampling, sample
from ...probes.fitting import fit_probe
from ...probes.probe import Origin, Probe
from ...response import Response
from ...store_layout import CHUNK_SIDE
from ..faults import TooLarge
from .memory import load_sklearn
from .places import LONLAT, MOST_BURNT, evenly, looked_at
from .probes import refuse_torch
from .series import MOST_CHUNK_DATES
from .stores import OpenStore

MOST_SAMPLES = 5_000
MOST_SETTINGS: Mapping[str, float] = {
    "trees": 200,
    "leaves": 4_096,
    "rounds": 300,
    "width": 256,
    "layers": 3,
    "neighbours": 1_000,
}
"""What a preview takes of the settings of estimators; a job takes more."""


@dataclass(frozen=True, eq=False)
class Label:
    """Pixels or polygons with their answer."""

    y: float
    """Class code, or value in the response's unit."""
    pixels: tuple[tuple[int, int], ...] = ()
    polygons: npt.NDArray[Any] | None = None
    """[polygon] in the CRS of the labels."""
    start: str | None = None
    """First day that it holds for; always, where left out."""
    end: str | None = None


@dataclass(frozen=True, eq=False)
class Labels:
    """What a person has said of a store so far."""

    response: Response
    labels: tuple[Label, ...]
    crs: str
    """Of the polygons."""


@dataclass(frozen=True, eq=False)
class Preview:
    """A fitted probe, and what it was fitted on."""

    probe: Probe
    pixels: int
    """Labelled pixels, of which at most `MOST_SAMPLES` were used."""
    sampling: Sampling
    report: ImportReport
    seconds: Mapping[str, float] = field(default_factory=dict)


def fit(opened: OpenStore, labels: Labels, recipe: ProbeRecipe, when: str | None) -> Preview:
    """Fit a probe on labels; undated ones hold at `when`.

    `LabelError` where they give no pixel, `ProbeError` where they can't carry the probe or it has no preview,
    `TooLarge` for more than a moment's work."""
    check_recipe(recipe)
    load_sklearn()
    begun = time.perf_counter()
    pixels = labelled(labels, opened.store.grid)
    chosen = pixels.take(evenly(len(pixels), MOST_SAMPLES))
    _check_reach(chosen, len(opened.store.times))
    read = time.perf_counter()
    found = sample(opened.store, chosen, recipe.spec, when=when)
    sampled = time.perf_counter()
    probe = fit_probe(found.table, recipe, origin=Origin.of(opened.store, recipe.spec.dims))
    seconds = {"labels": read - begun, "features": sampled - read, "fit": time.perf_counter() - sampled}
    return Preview(probe, len(pixels), found, pixels.report, {k: round(v, 4) for k, v in seconds.items()})


def check_recipe(recipe: ProbeRecipe) -> None:
    """`ProbeError` for what a preview doesn't do: PyTorch, acquisitions, settings that take minutes."""
    refuse_torch(recipe.estimator.name)
    if recipe.blocks != ("embedding",):
        remedy = "fit it as a job, or on embedding alone"
        raise ProbeError("a preview sees embeddings alone", value=", ".join(recipe.blocks), remedy=remedy)
    for name, value in recipe.estimator.settings.items():
        if name in MOST_SETTINGS and value > MOST_SETTINGS[name]:
            remedy = f"at most {MOST_SETTINGS[name]:g}; a job takes more"
            raise ProbeError(f"{name} is too large for a preview", value=value, remedy=remedy)


def labelled(labels: Labels, grid: Grid) -> LabelPixels:
    """The pixels that the labels stand for, conflicts left out."""
    geometries, number = _geometries(labels, grid)
    if not len(geometries):
        raise LabelError("there are no labels", remedy="label some pixels or draw polygons")
    most = 4 * MOST_BURNT
    if looked_at(geometries, labels.crs, grid) > most:
        remedy = "draw smaller ones, or fit the probe as a job"
        raise TooLarge(
            "the labels cover too much for a preview", value=f"more than {most:,} px", remedy=remedy
        )
    each = [labels.labels[n] for n in number]
    report = ImportReport("labels of a preview", len(geometries))
    return label_pixels(
        LabelSet(
            geometries,
            labels.crs,
            labels.response,
            np.array([label.y for label in each], _dtype(labels.response)),
            number,
            np.array([_day(label.start) for label in each], "datetime64[D]"),
            np.array([_day(label.end) for label in each], "datetime64[D]"),
            report,
        ),
        grid,
    )


def _dtype(response: Response) -> Any:
    return np.int64 if response.task == "classification" else np.float64


def _day(text: str | None) -> np.datetime64:
    return np.datetime64("NaT", "D") if text is None else np.datetime64(parse_day(text), "D")


def _geometries(labels: Labels, grid: Grid) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Points of the pixels' centres and polygons, and the number of the label that each belongs to."""
    rows, cols, of = [], [], []
    shapes: list[Any] = []
    shape_of: list[int] = []
    for number, label in enumerate(labels.labels):
        rows += [row for row, _ in label.pixels]
        cols += [col for _, col in label.pixels]
        of += [number] * len(label.pixels)
        polygons = [] if label.polygons is None else list(label.polygons)
        shapes += polygons
        shape_of += [number] * len(polygons)
    x, y = grid.x[np.array(cols, int)], grid.y[np.array(rows, int)]
    if labels.crs == LONLAT:
        x, y = Transformer.from_crs(grid.crs, LONLAT, always_xy=True).transform(x, y)
    both = np.array([*shapely.points(x, y), *shapes], object)
    return both, np.array([*of, *shape_of], np.int64)


def _check_reach(pixels: LabelPixels, dates: int) -> None:
    """Labels all over a large area would have most of the store read."""
    chunks = np.unique(np.stack([pixels.rows, pixels.cols]) // CHUNK_SIDE, axis=1).shape[1]
    if chunks * dates > MOST_CHUNK_DATES:
        raise TooLarge(
            "the labels lie too far apart for a preview",
            value=f"{chunks * dates:,} pieces of the store",
            remedy="label a smaller area first, or fit the probe as a job",
        )
