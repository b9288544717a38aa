"""Where and when a regression is good: by site, biome and season, at coarser time steps, and by part of its variance.

Site means, mean seasonal cycles and anomalies are scored apart as in Jung et al. 2020 (Biogeosciences 17, 1343-1365):
a model can follow seasons well and still know nothing of what makes one year differ from another.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..probes.table import SampleTable
from .samples import group_of
from .scores import Score, regression_scores

Array = npt.NDArray[np.float64]
SEASONS = ("Dec-Feb", "Mar-May", "Jun-Aug", "Sep-Nov")
LEAST_PER_PERIOD = 1.2
"""Days per place and period, on average, from which on means over periods differ from the samples."""


@dataclass(frozen=True)
class Row:
    """Scores of one site, biome, season, time step or part."""

    label: str
    groups: int
    """Sites (or polygons) that it rests on."""
    scores: dict[str, Score]
    note: str = ""

    @property
    def n(self) -> int:
        return self.scores["rmse"].n

    def to_dict(self) -> dict[str, Any]:
        scores = {name: score.to_dict() for name, score in self.scores.items()}
        return {"label": self.label, "n": self.n, "groups": self.groups, "note": self.note, "scores": scores}


@dataclass(frozen=True)
class Breakdown:
    """Rows by kind: `site`, `biome`, `season`, `step` (daily, 8-day, monthly), `part` (site means, …)."""

    rows: dict[str, tuple[Row, ...]]
    absent: dict[str, str] = field(default_factory=dict)
    """Why a row isn't there."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "rows": {k: [r.to_dict() for r in rows] for k, rows in self.rows.items()},
            "absent": self.absent,
        }


def break_down(table: SampleTable, predicted: Array, seed: int = 0) -> Breakdown:
    """Scores of predictions for the samples of `table`, where keys and dates allow."""
    groups, drawn = group_of(table)
    place = {"sites": "site", "polygons": "polygon"}.get(drawn, "place")
    y = np.asarray(table.y, np.float64)
    rows: dict[str, tuple[Row, ...]] = {}
    for key in ("site", "biome", "climate"):
        if key in table.keys:
            rows[key] = _by(table.keys[key], y, predicted, groups, seed)
    absent: dict[str, str] = {}
    if table.day is not None:
        rows["season"] = _by(season_of(table.day), y, predicted, groups, seed)
        rows["step"] = _steps(table.day, y, predicted, groups, seed, absent)
        rows["part"] = _parts(table.day, y, predicted, groups, seed, absent, place)
    return Breakdown(rows, absent)


def _row(label: str, y: Array, predicted: Array, groups: npt.NDArray[Any], seed: int, note: str = "") -> Row:
    return Row(label, len(np.unique(groups)), regression_scores(y, predicted, groups, seed), note)


def _by(
    key: npt.NDArray[Any], y: Array, predicted: Array, groups: npt.NDArray[Any], seed: int
) -> tuple[Row, ...]:
    return tuple(
        _row(str(value), y[key == value], predicted[key == value], groups[key == value], seed)
        for value in (SEASONS if key.dtype.kind == "U" and set(key) <= set(SEASONS) else np.unique(key))
        if (key == value).any()
    )


def season_of(day: npt.NDArray[np.datetime64]) -> npt.NDArray[np.str_]:
    """[sample] of `SEASONS`: months, the same on both hemispheres."""
    return np.array(SEASONS)[_month(day) % 12 // 3]


def _month(day: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    month: npt.NDArray[np.int64] = day.astype("datetime64[M]").astype(np.int64) % 12 + 1
    return month


def _year(day: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    return day.astype("datetime64[Y]").astype(np.int64) + 1970


def _eight_days(day: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    """8-day periods that start anew each year, as those of MODIS."""
    day_of_year = (day - day.astype("datetime64[Y]")).astype(np.int64)
    period: npt.NDArray[np.int64] = _year(day) * 100 + day_of_year // 8
    return period


def _steps(
    day: npt.NDArray[np.datetime64],
    y: Array,
    predicted: Array,
    groups: npt.NDArray[Any],
    seed: int,
    absent: dict[str, str],
) -> tuple[Row, ...]:
    rows = [_row("daily", y, predicted, groups, seed)]
    steps: dict[str, Callable[[npt.NDArray[np.datetime64]], npt.NDArray[np.int64]]] = {
        "8-day": _eight_days,
        "monthly": lambda d: _year(d) * 100 + _month(d),
    }
    days = len(_means((groups, day.astype(np.int64)), y)[0])
    for label, period in steps.items():
        means, of = _means((groups, period(day)), y, predicted)
        per_period = days / len(means)
        if per_period < LEAST_PER_PERIOD:
            absent[label] = f"only {per_period:.1f} days per place and period"
            continue
        note = f"means of {per_period:.1f} days"
        rows.append(_row(label, means[:, 0], means[:, 1], of[0], seed, note))
    return tuple(rows)


def _means(keys: tuple[npt.NDArray[Any], ...], *columns: Array) -> tuple[Array, list[npt.NDArray[Any]]]:
    """[cell, column] means by the keys, and the keys of each cell."""
    cells, inverse = np.unique(np.stack(keys), axis=1, return_inverse=True)
    inverse = inverse.reshape(-1)
    counts = np.bincount(inverse)
    means = np.stack([np.bincount(inverse, weights=c) / counts for c in columns], axis=1)
    return means, list(cells)


def _parts(
    day: npt.NDArray[np.datetime64],
    y: Array,
    predicted: Array,
    groups: npt.NDArray[Any],
    seed: int,
    absent: dict[str, str],
    place: str,
) -> tuple[Row, ...]:
    both = np.stack([y, predicted], axis=1)
    sites, of = _means((groups,), y, predicted)
    rows = []
    if len(sites) >= 3:
        rows.append(_row(f"{place} means", sites[:, 0], sites[:, 1], of[0], seed, f"one value per {place}"))
    else:
        absent[f"{place} means"] = f"only {len(sites)} {place}s"
    months, of = _means((groups, _month(day)), y, predicted)
    cycle = months - sites[np.searchsorted(np.unique(groups), of[0])]
    rows.append(
        _row(
            "seasonal cycle", cycle[:, 0], cycle[:, 1], of[0], seed, f"monthly means less the {place}'s mean"
        )
    )
    cell = np.unique(np.stack([groups, _month(day)]), axis=1, return_inverse=True)[1].reshape(-1)
    known = _cells_of_several_years(cell, _year(day))[cell]
    if known.sum() >= 10:
        rest = (both - months[cell])[known]
        note = f"less the {place}'s mean of the month, for months seen in 2 years or more"
        rows.append(_row("anomalies", rest[:, 0], rest[:, 1], groups[known], seed, note))
    else:
        absent["anomalies"] = "too few months that were seen in 2 years or more"
    return tuple(rows)


def _cells_of_several_years(
    cell: npt.NDArray[np.int64], year: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    pairs = np.unique(np.stack([cell, year]), axis=1)
    several: npt.NDArray[np.bool_] = np.bincount(pairs[0], minlength=int(cell.max()) + 1) >= 2
    return several
