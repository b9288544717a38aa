"""Embeddings of samples that are no images: series of single pixels, composites at points, chip means at towers.

A series enters as 15 × 15 px windows of which only the centre is valid, so a model sees time but no space: what it
learnt of neighbourhoods is not used, and scores from here say nothing about that.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import ProbeError
from .table import Block, Floats, SampleTable

if TYPE_CHECKING:
    from ..acquisitions.modality import Modality
    from ..representation.interface import Observations, RepresentationModel

Days = npt.NDArray[np.float64]
POINTS_AT_ONCE = 24
MONTH, TEN_DAYS = 30.4375, 365.25 / 36
HLS_BANDS = {"b2": "B02", "b3": "B03", "b4": "B04", "b5": "B8A", "b6": "B11", "b7": "B12"}
"""Harmonised Landsat Sentinel-2 as the model's bands; the narrow near infrared is B8A."""


@dataclass(frozen=True, eq=False)
class PointSeries:
    """What one modality saw of some points on common dates."""

    days: Days
    """[frame] days since 1970-01-01, ascending."""
    bands: tuple[str, ...]
    values: Floats
    """[point, frame, band] in the modality's unit (reflectance, dB); NaN = not observed."""


def embed_points(
    model: "RepresentationModel", series: Mapping[str, PointSeries], targets: Days, *, past_only: bool = False
) -> Floats:
    """[point, target, dim] embeddings of points at target dates (days since 1970-01-01); NaN where nothing was seen."""
    import torch  # noqa: PLC0415 - heavy

    count = len(next(iter(series.values())).values)
    out = np.full((count, len(targets), model.dims), np.nan, np.float32)
    for start in range(0, count, POINTS_AT_ONCE):
        rows = slice(start, min(start + POINTS_AT_ONCE, count))
        seen = {
            name: _observations(model.modalities[name], replace(s, values=s.values[rows]), model.halo)
            for name, s in series.items()
        }
        found = model.embed(seen, torch.from_numpy(targets), past_only=past_only)
        # the windows lie side by side, so that a point is every 15th column of the one row without a halo
        apart = slice(None, None, 2 * model.halo + 1)
        values = found.values[:, :, 0, apart].permute(2, 0, 1).numpy()
        valid = found.validity[:, 0, apart].T.numpy()
        out[rows] = np.where(valid[..., None], values, np.nan)
    return out


def _observations(modality: "Modality", series: PointSeries, halo: int) -> "Observations":
    """Windows side by side in one image: no window reaches another point's centre."""
    import torch  # noqa: PLC0415 - heavy

    from ..representation.interface import Observations  # noqa: PLC0415 - imports torch

    side, (points, frames, _) = 2 * halo + 1, series.values.shape
    shape = (frames, len(modality.bands), side, side * points)
    values, validity = np.zeros(shape, np.float32), np.zeros(shape, bool)
    for k, band in enumerate(series.bands):
        if band not in modality.bands:
            raise ProbeError(
                "the model does not know this band", value=band, remedy=", ".join(modality.bands)
            )
        found = series.values[:, :, k].T
        scaled = (np.clip(found, *modality.valid_range) - modality.offset) / modality.scale
        place = modality.bands.index(band)
        values[:, place, halo, halo::side] = np.nan_to_num(scaled)
        validity[:, place, halo, halo::side] = np.isfinite(found)
    days = torch.from_numpy(np.asarray(series.days, np.float64))
    return Observations(torch.from_numpy(values), torch.from_numpy(validity), days, torch.zeros(frames))


def embed_composites(
    table: SampleTable, model: "RepresentationModel", *, every_days: float = MONTH
) -> SampleTable:
    """The table with a block `embedding`: one embedding per `every_days` of the samples' common span.

    For tables whose features are `B04 t3` (quantity, composite): composites lie evenly from the span's first day on,
    ten days or a month apart, and stand for their middle. `ProbeError` where samples have different spans."""
    if table.span is None or len(np.unique(table.span, axis=0)) != 1:
        raise ProbeError("composites at points need one common span", remedy="split the table by span")
    steps = _steps(table)
    first, last = table.span[0].astype(np.float64)
    length = MONTH if (last - first) / max(len(steps), 1) > 20 else TEN_DAYS
    days = first + (np.array(steps) + 0.5) * length
    known = {band: name for name, modality in model.modalities.items() for band in modality.bands}
    series = {}
    for modality in model.modalities:
        bands = tuple(b for b in _quantities(table) if known.get(b) == modality)
        if bands:
            series[modality] = PointSeries(days, bands, _stacked(table, bands, steps))
    if not series:
        raise ProbeError("the samples hold no band that the model knows", value=", ".join(_quantities(table)))
    end = days[-1] + length / 2
    targets = np.arange(first + every_days / 2, end, every_days)
    return _with_embedding(table, embed_points(model, series, targets))


def _columns(table: SampleTable) -> dict[tuple[str, int], Floats]:
    found = {}
    for block in table.blocks.values():
        for k, name in enumerate(block.names):
            match = re.fullmatch(r"(\w+) t(\d+)", name)
            if match:
                found[match[1], int(match[2])] = block.values[:, k]
    return found


def _steps(table: SampleTable) -> list[int]:
    return sorted({step for _, step in _columns(table)})


def _quantities(table: SampleTable) -> list[str]:
    return sorted({quantity for quantity, _ in _columns(table)})


def _stacked(table: SampleTable, bands: Sequence[str], steps: Sequence[int]) -> Floats:
    columns, nothing = _columns(table), np.full(len(table), np.nan, np.float32)
    return np.stack([np.stack([columns.get((b, s), nothing) for b in bands], axis=1) for s in steps], axis=1)


def _with_embedding(table: SampleTable, values: Floats, **changes: Any) -> SampleTable:
    """[sample, target, dim] values as a block."""
    count, targets, dims = values.shape
    names = tuple(f"e{d + 1} t{t}" for t in range(targets) for d in range(dims))
    block = Block(names, values.reshape(count, -1))
    return replace(table, blocks={"embedding": block, **table.blocks}, **changes)


def embed_sites(
    table: SampleTable,
    model: "RepresentationModel",
    *,
    bands: Mapping[str, str] = HLS_BANDS,
    modality: str = "s2",
    largest_blue: float | None = None,
    past_only: bool = False,
) -> SampleTable:
    """The table with a block `embedding`: of each sample's day, from all samples of its site as acquisitions.

    `bands` names the model's band of each feature of the block `bands`. With `largest_blue`, samples whose B02 is
    above it are taken for cloud or snow and not shown to the model, which then fills the gap. The span becomes that
    of the acquisitions within the model's reach, so that overlapping windows are known to leaks and folds."""
    if table.day is None or "site" not in table.keys:
        raise ProbeError("embeddings at sites need samples with a site and a date")
    out = np.full((len(table), 1, model.dims), np.nan, np.float32)
    span = np.stack([table.day, table.day], axis=1)
    for site in np.unique(table.keys["site"]):
        rows = np.flatnonzero(table.keys["site"] == site)
        rows = rows[np.argsort(table.day[rows], kind="stable")]
        series = _of_site(table.take(rows), bands, largest_blue)
        days = table.day[rows].astype(np.float64)
        out[rows] = embed_points(model, {modality: series}, days, past_only=past_only)[0][:, None]
        span[rows] = _reach(days, series, model.reach_days, past_only)
    return _with_embedding(table, out, span=span)


def _of_site(table: SampleTable, bands: Mapping[str, str], largest_blue: float | None) -> PointSeries:
    """The samples of one site, in order of time, as one point's acquisitions."""
    block = table.block("bands")
    values = np.stack([block.values[:, block.names.index(name)] for name in bands], axis=1)
    names = tuple(bands.values())
    if largest_blue is not None:
        values = np.where(values[:, [names.index("B02")]] > largest_blue, np.nan, values)
    assert table.day is not None  # embed_sites has looked
    return PointSeries(table.day.astype(np.float64), names, values[None].astype(np.float32))


def _reach(days: Days, series: PointSeries, reach: float, past_only: bool) -> npt.NDArray[np.datetime64]:
    """[target, 2] first and last acquisition that an embedding rests on; its own day where there is none."""
    seen = series.days[np.isfinite(series.values[0]).any(axis=1)]
    near = np.abs(seen[None] - days[:, None]) <= reach
    near &= (seen[None] <= days[:, None]) | (not past_only)
    first = np.where(near, seen[None], np.inf).min(axis=1, initial=np.inf)
    last = np.where(near, seen[None], -np.inf).max(axis=1, initial=-np.inf)
    both = np.stack([np.minimum(first, days), np.maximum(last, days)], axis=1)
    return both.astype(np.int64).astype("datetime64[D]")
