"""What a probe says of single pixels on every date: the same as its maps of those days would."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ProbeError
from ..probes.probe import Probe
from ..probes.slots import Period, Seen, Slots, days_of, names_of, reduce_slots, slots_of
from ..probes.spec import FeatureSpec
from ..probes.table import Floats
from ..store import PixelSeries
from ..trust.calibration import Trust

MOST_FEATURES = 8_000_000
"""Values of features that are in memory at a time."""


@dataclass(frozen=True, eq=False)
class PredictedSeries:
    """[pixel, time] each; NaN (class 0) where the pixel has no features."""

    values: npt.NDArray[Any]
    """Class codes (uint8), or values (float32) in the response's unit."""
    low: Floats | None = None
    high: Floats | None = None
    """Of the conformal interval; None where the probe has none."""
    confidence: Floats | None = None
    """Of classes: probability of the one that is told."""


def predict_series(probe: Probe, series: PixelSeries, trust: Trust) -> PredictedSeries:
    """Predict pixels on all their dates; `series` holds the dimensions that the probe's features are made of.

    `ProbeError` for a probe of whole periods, which says nothing of a day."""
    spec = probe.recipe.spec
    if spec.kind == "period":
        raise ProbeError(
            "this probe predicts a period as a whole, not its days",
            value=f"{spec.kind} features",
            remedy="look at its map, or fit one on the date, the days before or a season's parts",
        )
    pixels, times, dims = series.embedding.shape
    classes = probe.response.task == "classification"
    values = np.zeros((pixels, times), np.uint8) if classes else _nothing(pixels, times)
    low, high = (_nothing(pixels, times) if trust.interval else None for _ in range(2))
    sure = _nothing(pixels, times) if classes else None
    for dates, features, there in _features(spec, series, len(names_of(spec, [""] * dims))):
        said = probe.predict(features)
        rows, columns = there
        at = rows, dates[columns]
        values[at] = said.values
        if low is not None and high is not None and trust.interval:
            low[at], high[at] = trust.interval(said.values)
        if sure is not None and said.probabilities is not None:
            sure[at] = said.probabilities.max(axis=1)
    return PredictedSeries(values, low, high, sure)


def _features(
    spec: FeatureSpec, series: PixelSeries, size: int
) -> Iterator[tuple[npt.NDArray[np.int64], Floats, tuple[Any, Any]]]:
    """Some dates, [row, feature] of what has any feature there, and (pixel, which of the dates) of each row."""
    pixels, times, dims = series.embedding.shape
    days = days_of(series.times)
    plans = [slots_of(spec, days, Period(day, day)) for day in series.times.astype("datetime64[D]")]
    step = max(1, MOST_FEATURES // max(1, pixels * size))
    for first in range(0, times, step):
        dates = np.arange(first, min(first + step, times))
        made = np.full((pixels, len(dates), size), np.nan, np.float32)
        known: dict[tuple[tuple[int, ...], ...], Floats] = {}  # dates of one year may have the same season
        for column, date in enumerate(dates):
            plan = plans[date]
            if any(len(slot) for slot in plan):
                key = tuple(tuple(slot.tolist()) for slot in plan)
                if key not in known:
                    known[key] = _reduced(series, plan, spec, dims)
                made[:, column] = known[key]
        rows, columns = np.nonzero(np.isfinite(made).any(axis=2))
        if len(rows):
            yield dates, np.ascontiguousarray(made[rows, columns]), (rows, columns)


def _reduced(series: PixelSeries, plan: Slots, spec: FeatureSpec, dims: int) -> Floats:
    """[pixel, feature]"""

    def seen(date: int) -> Seen:
        return series.embedding[:, date].T, series.validity[:, date]

    found: Floats = reduce_slots(seen, plan, spec, (dims, len(series.embedding))).T
    return found


def _nothing(pixels: int, times: int) -> Floats:
    return np.full((pixels, times), np.nan, np.float32)
