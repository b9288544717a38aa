"""Bands and indices of the acquisitions around the samples' dates: what a probe has to beat."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..acquisitions.cube import Cube, CubeSource
from ..errors import InputError
from ..grid import Grid, Window
from .indices import INDICES, vegetation_indices
from .slots import (
    Period,
    Seen,
    Slots,
    dates_used,
    days_of,
    first_valid,
    names_of,
    nearest_first,
    reduce_slots,
    slots_of,
)
from .spec import FeatureSpec
from .table import Block, Floats

if TYPE_CHECKING:
    from ..towers.footprint import Footprint  # pandas comes with it, 80 MB of a service that only reads

Blocks = dict[str, Block]

TILE = 64
"""Pixels along a side that are read at a time."""
LEAST_VALID = 0.5
"""Share of a footprint's weight that must be valid on a date; less of it is another place."""


def observed_blocks(
    sources: Mapping[str, CubeSource],
    grid: Grid,
    places: npt.NDArray[np.int64],
    periods: Sequence[Period | None],
    spec: FeatureSpec,
) -> dict[str, Block]:
    """The blocks `bands` (all sensors) and, with Sentinel-2, `indices` of samples; NaN = nothing clear there.

    `places` [sample, 2] rows and columns on the grid, `periods` [sample]. `InputError` where a source lies on
    another grid."""
    for source in sources.values():
        _check_grid(source, grid)
    names: list[str] = []
    parts: list[Floats] = []
    blocks: dict[str, Block] = {}
    for source in sources.values():
        optical = source.modality.name == "s2"
        bands, indices = _observed(source, places, periods, spec, with_indices=optical)
        names += names_of(spec, source.modality.bands)
        parts.append(bands)
        if optical:
            blocks["indices"] = Block(names_of(spec, INDICES), indices)
    return {"bands": Block(tuple(names), np.concatenate(parts, axis=1)), **blocks}


def footprint_blocks(
    sources: Mapping[str, CubeSource],
    grid: Grid,
    footprint: "Footprint",
    periods: Sequence[Period],
    spec: FeatureSpec,
) -> Blocks:
    """The same of one tower's footprint: its weighted mean reflectance (or backscatter), and the indices of that.

    `periods` [sample]; an acquisition counts where at least half of the footprint's weight is clear."""
    names: list[str] = []
    parts: list[Floats] = []
    blocks: Blocks = {}
    for source in sources.values():
        _check_grid(source, grid)
        plans = {period: _slots(spec, _days(source), period) for period in set(periods)}
        frames = sorted({date for plan in plans.values() for date in dates_used(plan)})
        bands = source.modality.bands
        series = _mean_series(source, footprint, frames)
        names += names_of(spec, bands)
        parts.append(_by_period(series, frames, plans, periods, spec))
        if source.modality.name == "s2":
            derived = np.stack([vegetation_indices(v, bands) for v in series]) if frames else series[:, :3]
            blocks["indices"] = Block(
                names_of(spec, INDICES), _by_period(derived, frames, plans, periods, spec)
            )
    return {"bands": Block(tuple(names), np.concatenate(parts, axis=1)), **blocks}


def _mean_series(source: CubeSource, footprint: "Footprint", frames: Sequence[int]) -> Floats:
    """[frame, band, 1] weighted means over the clear pixels; NaN where too few of them are."""
    if not frames:
        return np.zeros((0, len(source.modality.bands), 1), np.float32)
    places = np.stack([footprint.rows, footprint.cols], axis=1)
    values, valid = _picked(source.read(_box(places), frames), places)
    weights = valid * footprint.weights
    total = weights.sum(axis=2)
    mean = (np.where(valid, values, 0) * weights).sum(axis=2) / np.maximum(total, 1e-9)
    enough = total >= LEAST_VALID * footprint.weights.sum()
    return np.where(enough, mean, np.nan)[:, :, None].astype(np.float32)


def _by_period(
    series: Floats,
    frames: Sequence[int],
    plans: Mapping[Period, Slots],
    periods: Sequence[Period],
    spec: FeatureSpec,
) -> Floats:
    """[sample, feature]"""
    if not frames:
        return np.full((len(periods), len(names_of(spec, [""] * series.shape[1]))), np.nan, np.float32)
    found = {period: _reduced(series, frames, plan, spec)[:, 0] for period, plan in plans.items()}
    return np.stack([found[period] for period in periods]).astype(np.float32)


def _check_grid(source: CubeSource, grid: Grid) -> None:
    if source.grid != grid:
        raise InputError("the acquisitions lie on another grid than the store", value=source.modality.name)


def _days(source: CubeSource) -> npt.NDArray[np.int64]:
    return days_of(np.array([np.datetime64(a.time.replace(tzinfo=None), "s") for a in source.acquisitions]))


def _observed(
    source: CubeSource,
    places: npt.NDArray[np.int64],
    periods: Sequence[Period | None],
    spec: FeatureSpec,
    *,
    with_indices: bool,
) -> tuple[Floats, Floats]:
    """[sample, feature] of bands and of indices."""
    days = _days(source)
    plans = {period: _slots(spec, days, period) for period in set(periods) if period is not None}
    bands = source.modality.bands
    out = np.full((len(places), len(names_of(spec, bands))), np.nan, np.float32)
    extra = np.full((len(places), len(names_of(spec, INDICES)) if with_indices else 0), np.nan, np.float32)
    for chosen in _tiles(places):
        mine = sorted({period for i in chosen if (period := periods[i]) is not None})
        frames = sorted({date for period in mine for date in dates_used(plans[period])})
        if not frames:
            continue
        values, valid = _picked(source.read(_box(places[chosen]), frames), places[chosen])
        with_nan = np.where(valid, values, np.nan)
        derived = (
            np.stack([vegetation_indices(v, bands) for v in with_nan]) if with_indices else with_nan[:, :0]
        )
        for period in mine:
            rows = np.array([k for k, i in enumerate(chosen) if periods[i] == period])
            for series, target in ((with_nan, out), (derived, extra)):
                if target.shape[1]:
                    reduced = _reduced(series[:, :, rows], frames, plans[period], spec)
                    target[chosen[rows]] = reduced.T
    return out, extra


def _slots(spec: FeatureSpec, days: npt.NDArray[np.int64], period: Period) -> Slots:
    """As for embeddings; at a date, all near acquisitions by distance, as the nearest one may be cloudy."""
    if spec.kind == "date":
        return (nearest_first(days, int(period.day.astype(np.int64)), spec.largest_gap_days),)
    return slots_of(spec, days, period)


def _reduced(series: Floats, frames: Sequence[int], slots: Slots, spec: FeatureSpec) -> Floats:
    """[feature, pixel] of [frame, band, pixel]."""
    place = {frame: k for k, frame in enumerate(frames)}
    shape = series.shape[1:]

    def seen(date: int) -> Seen:
        values = series[place[date]]
        return values, np.isfinite(values)

    if spec.kind == "date":
        return first_valid((seen(int(date)) for date in slots[0]), (shape[0], shape[1]))
    return reduce_slots(seen, slots, spec, (shape[0], shape[1]))


def _tiles(places: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """Samples that lie near each other, [sample] indices each."""
    _, of = np.unique(places // TILE, axis=0, return_inverse=True)
    of = of.reshape(-1)
    return [np.flatnonzero(of == number) for number in range(of.max() + 1)]


def _box(places: npt.NDArray[np.int64]) -> Window:
    (top, left), (bottom, right) = places.min(axis=0).tolist(), (places.max(axis=0) + 1).tolist()
    return Window(top, left, bottom - top, right - left)


def _picked(cube: Cube, places: npt.NDArray[np.int64]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """[frame, band, pixel] values and validity of places within their box."""
    rows, cols = (places - places.min(axis=0)).T
    return cube.values[:, :, rows, cols], cube.validity[:, :, rows, cols]
