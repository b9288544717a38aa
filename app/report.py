"""What a validation found, as values: read from the report's JSON and the table of held-out samples beside it."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from phenolens.engine.client.arrays import Grid
from phenolens.engine.client.errors import BadAnswer, NotFound
from PySide6.QtCore import QCoreApplication

from .frozen_json import from_json
from .geography import Geography
from .telling import numeral
from .texts import QT_TRANSLATE_NOOP

translate = QCoreApplication.translate  # by this name translators' tools find its texts

METRICS = {
    "macro_f1": "macro-F1",
    "accuracy": "accuracy",
    "kappa": "kappa",
    "r2": "R²",
    "rmse": "RMSE",
    "mae": "MAE",
    "bias": "bias",
    "slope": "slope",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
}
MEANINGS = {
    "macro_f1": QT_TRANSLATE_NOOP(
        "Report", "Mean of the classes' F1: each class counts the same, however rare"
    ),
    "accuracy": QT_TRANSLATE_NOOP("Report", "Share of samples whose class is right"),
    "kappa": QT_TRANSLATE_NOOP("Report", "Agreement beyond that of chance (Cohen 1960)"),
    "r2": QT_TRANSLATE_NOOP(
        "Report", "1 − squared errors / squared deviations from the mean; below 0, the mean would do better"
    ),
    "rmse": QT_TRANSLATE_NOOP("Report", "Root of the mean squared error"),
    "bias": QT_TRANSLATE_NOOP("Report", "Mean of predicted less reference"),
    "slope": QT_TRANSLATE_NOOP("Report", "Of predicted on reference; below 1 extremes are flattened"),
    "precision": QT_TRANSLATE_NOOP("Report", "Of those called so, how many are (user's accuracy)"),
    "recall": QT_TRANSLATE_NOOP("Report", "Of those that are, how many are called so (producer's accuracy)"),
    "f1": QT_TRANSLATE_NOOP("Report", "Harmonic mean of precision and recall"),
}
ASTRAY = 1e6


@dataclass(frozen=True)
class Score:
    """A score, its 95 % interval where there are groups enough, and how many samples it rests on."""

    value: float | None
    low: float | None
    high: float | None
    n: int

    @property
    def told(self) -> str:
        """`0.61`"""
        return "—" if self.value is None else _short(self.value)

    @property
    def interval(self) -> str:
        """`0.48 – 0.70`"""
        if self.low is None or self.high is None:
            return translate("Score", "too few groups")
        return f"{_short(self.low)} – {_short(self.high)}"


def _short(value: float) -> str:
    """A fit that went far astray may have an R² of minus some billions: digits of that say nothing."""
    return numeral(value, ".2f" if abs(value) < ASTRAY else ".1e")


@dataclass(frozen=True)
class Scheme:
    """How samples were held out, and the question that its scores answer."""

    name: str
    question: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """All scores of a method under a scheme."""

    method: str
    scheme: str
    baseline: bool
    scores: Mapping[str, Score]


@dataclass(frozen=True)
class Gap:
    """By how much random splitting flatters a method."""

    method: str
    scheme: str
    random: Score
    expected: Score
    gap: Score


@dataclass(frozen=True)
class Confusion:
    """Counts [reference][predicted]."""

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Row:
    """Scores of a site, a season, …"""

    label: str
    n: int
    scores: Mapping[str, Score]
    note: str = ""


@dataclass(frozen=True)
class Detail:
    """What is known of the probe under one scheme beside its scores."""

    confusion: Confusion | None = None
    classes: Mapping[str, Mapping[str, Score]] = field(default_factory=dict)
    rows: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class CurvePoint:
    """The score that some amount of training gives."""

    unit: str
    amount: int
    score: float
    spread: float
    scheme: str = ""


@dataclass(frozen=True)
class Held:
    """A held-out sample: its reference and prediction, the pixel that it lies on, and the site that it is of."""

    scheme: str
    reference: float
    predicted: float
    pixel: tuple[int, int] | None = None
    """Row, column."""
    site: str = ""
    date: str = ""
    others: Mapping[str, float] = field(default_factory=dict)
    """What other methods predicted, by name."""


@dataclass(frozen=True)
class Report:
    """Everything that a validation found."""

    title: str
    lead: str
    response: Mapping[str, Any]
    samples: int
    headline: str
    honest_scheme: str | None
    intervals: str
    schemes: tuple[Scheme, ...]
    results: tuple[Result, ...]
    origin: str = "real"
    gaps: tuple[Gap, ...] = ()
    learning_curve: tuple[CurvePoint, ...] = ()
    detail: Mapping[str, Detail] = field(default_factory=dict)
    absent_schemes: Mapping[str, str] = field(default_factory=dict)
    absent_baselines: Mapping[str, str] = field(default_factory=dict)
    held: tuple[Held, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def store(self) -> str:
        """What it was judged on; empty in a report of before that was told."""
        return self.facts.get("store", "")

    @property
    def regression(self) -> bool:
        return self.response.get("task") == "regression"

    @property
    def metric(self) -> str:
        """The one that leads."""
        return "r2" if self.regression else "macro_f1"

    @property
    def unit(self) -> str:
        return str(self.response.get("unit") or "")

    @property
    def honest(self) -> str:
        """The scheme that answers for a new place; the first one where none does."""
        return self.honest_scheme or self.schemes[0].name

    @property
    def question(self) -> str:
        """What that scheme's scores answer for: `a new site`."""
        return next(one.question for one in self.schemes if one.name == self.honest)

    @property
    def codes(self) -> Mapping[str, int]:
        """Class codes by name."""
        return {str(one["name"]): int(one["code"]) for one in self.response.get("classes") or ()}

    def of(self, scheme: str) -> Sequence[Result]:
        """All methods under a scheme, the probe first."""
        return [result for result in self.results if result.scheme == scheme]

    def score(self, scheme: str, metric: str | None = None) -> Score:
        """Of the probe."""
        first = next(one for one in self.of(scheme) if one.method == self.headline)
        return first.scores[metric or self.metric]

    def gap(self) -> Gap | None:
        """Of the probe."""
        return next((gap for gap in self.gaps if gap.method == self.headline), None)

    def confused(self, scheme: str, reference: str, predicted: str) -> tuple[tuple[int, int], ...]:
        """The pixels of one class that were taken for another (or the same)."""
        pair = self.codes.get(reference), self.codes.get(predicted)
        found = [one for one in self.held if one.scheme == scheme and (one.reference, one.predicted) == pair]
        return tuple(dict.fromkeys(one.pixel for one in found if one.pixel is not None))


def read_report(path: Path, grid: Grid | None = None) -> Report:
    """A report and its held-out samples; `NotFound`, or `BadAnswer` where it isn't one. Takes a while: in threads."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        report = from_json(Report, {**told, "held": []})
    except OSError:
        remedy = translate("Report", "fit and validate it here")
        raise NotFound(
            translate("Report", "this probe has not been validated"), value=path.name, remedy=remedy
        ) from None
    except ValueError as error:
        raise BadAnswer(
            translate("Report", "the report can't be read"), value=path.name, remedy=str(error)
        ) from error
    return Report(**{**vars(report), "held": _held(path.with_name(f"{path.stem}-heldout.csv"), grid)})


def _held(path: Path, grid: Grid | None) -> tuple[Held, ...]:
    """Without the file, or with one that was changed, there is no sample to show: the scores stand without."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        pixels = [None] * len(rows) if grid is None else _pixels(rows, grid)
        return tuple(_sample(row, pixel) for row, pixel in zip(rows, pixels, strict=True))
    except (OSError, ValueError, KeyError):
        return ()


def _pixels(rows: Sequence[Mapping[str, str]], grid: Grid) -> Sequence[tuple[int, int] | None]:
    """By degrees, which mean the same whatever the CRS of the store that was judged on; None beyond the grid."""
    places = np.array([[float(row.get(end) or "nan") for end in ("lon", "lat")] for row in rows])
    columns, lines = Geography(grid).pixels_of_lonlat(*places.reshape(-1, 2).T)
    height, width = grid.shape
    return [
        (int(line), int(column)) if 0 <= column < width and 0 <= line < height else None
        for column, line in zip(columns, lines, strict=True)
    ]


def _sample(row: Mapping[str, str], pixel: tuple[int, int] | None) -> Held:
    site = row.get("site") or row.get("polygon") or ""
    others = {name[3:]: float(text) for name, text in row.items() if name and name.startswith("by ") and text}
    predicted = float(row["reference"]), float(row["predicted"])
    return Held(row["scheme"], *predicted, pixel, site, row.get("date") or "", others)
