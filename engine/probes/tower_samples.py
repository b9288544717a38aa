"""Samples of flux towers: the embedding of a tower's footprint on each day that it measured."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..acquisitions.cube import CubeSource
from ..errors import ProbeError
from ..store import EmbeddingStore
from ..towers.footprint import Footprint, radius_footprint, stands_elsewhere
from ..towers.series import Towers, TowerSeries
from .features import NEVER, NO_DATE, Sampling, spans_of
from .observed import LEAST_VALID, footprint_blocks
from .probe import embedding_names
from .slots import Period, Seen, days_of, names_of, reduce_slots, slots_of, span_of
from .spec import FeatureSpec
from .table import Block, Floats, SampleTable

OUTSIDE = "of towers outside of the area"


def sample_towers(
    store: EmbeddingStore,
    towers: Towers,
    spec: FeatureSpec,
    *,
    radius_m: float = 100.0,
    footprints: Mapping[str, Footprint] | None = None,
    sources: Mapping[str, CubeSource] | None = None,
) -> Sampling:
    """A sample per site and day: features of the weighted mean embedding of the footprint, GPP in gC m-2 d-1.

    `footprints` by site id; the pixels within `radius_m` where a site has none. Keys: `site`, and `biome` (IGBP).
    With `sources`, also the blocks `bands` and `indices` of the footprint's mean, as seen on clear days near by.
    Towers outside of the area are dropped. `TowerError` where all lie outside, or one has no position; `ProbeError`
    where no day has features."""
    footprints = footprints or {}
    near = np.array([t.site.id in footprints or not stands_elsewhere(t.site, store.grid) for t in towers])
    within = [t for t, is_near in zip(towers, near, strict=True) if is_near or not near.any()]
    parts = [
        _sampled(
            store,
            one,
            footprints.get(one.site.id) or radius_footprint(one.site, store.grid, radius_m),
            spec,
            sources or {},
        )
        for one in within
    ]
    days = np.array([len(one) for one in towers])
    dropped = {OUTSIDE: int(days[~near].sum())}
    dropped |= {why: sum(part.dropped.get(why, 0) for part in parts) for why in (NO_DATE, NEVER)}
    dropped = {why: count for why, count in dropped.items() if count}
    offsets = (np.cumsum(days) - days)[near]
    kept = np.concatenate([part.kept + offset for part, offset in zip(parts, offsets, strict=True)])
    if not len(kept):
        raise ProbeError(
            "no tower day has features",
            value="; ".join(f"{count} {why}" for why, count in dropped.items()) or "no days",
            remedy=f"the store runs from {span_of(store.times)}",
        )
    table = _joined([part.table for part in parts])
    return Sampling(replace(table, response=towers.response), kept, int(days.sum()), dropped)


def _sampled(
    store: EmbeddingStore,
    tower: TowerSeries,
    footprint: Footprint,
    spec: FeatureSpec,
    sources: Mapping[str, CubeSource],
) -> Sampling:
    dims, days = spec.dims or store.dims, days_of(store.times)
    names = names_of(spec, embedding_names(dims))
    seen = footprint_series(store, footprint, dims)
    plans = [slots_of(spec, days, Period(day, day)) for day in tower.day]
    values = np.array([reduce_slots(seen, plan, spec, (dims, 1))[:, 0] for plan in plans], np.float32)
    values = values.reshape(len(plans), len(names))
    planned = np.array([any(len(slot) for slot in plan) for plan in plans], bool)
    there = np.isfinite(values).any(axis=1)
    kept = np.flatnonzero(there)
    periods = [Period(tower.day[i], tower.day[i]) for i in kept]
    observed = footprint_blocks(sources, store.grid, footprint, periods, spec) if sources and periods else {}
    x, y = store.grid.x[footprint.cols], store.grid.y[footprint.rows]
    centre = [float(x @ footprint.weights), float(y @ footprint.weights)]
    table = SampleTable(
        response=Towers((tower,)).response,
        y=tower.gpp[kept],
        blocks={"embedding": Block(names, values[kept]), **observed},
        keys={
            "site": np.full(len(kept), tower.site.id),
            "biome": np.full(len(kept), tower.site.igbp or "unknown"),
        },
        position=np.tile(centre, (len(kept), 1)),
        crs=store.grid.crs,
        span=spans_of(store, plans, days)[kept],
        day=tower.day[kept].astype("datetime64[D]"),
    )
    return Sampling(
        table, kept, len(tower), {NO_DATE: int((~planned).sum()), NEVER: int((planned & ~there).sum())}
    )


def footprint_series(store: EmbeddingStore, footprint: Footprint, dims: int) -> Callable[[int], Seen]:
    """Reads the weighted mean embedding of a footprint by date, [dim, 1], and whether enough of it is valid."""
    series = store.read_series_many(
        list(zip(footprint.rows.tolist(), footprint.cols.tolist(), strict=True)), dims, support=False
    )
    weights = series.validity * footprint.weights[:, None]  # [pixel, time]
    total = weights.sum(axis=0)
    mean: Floats = np.einsum("pt,ptd->td", weights, series.embedding) / np.maximum(total, 1e-9)[:, None]
    valid: npt.NDArray[np.bool_] = total >= LEAST_VALID * footprint.weights.sum()

    def seen(date: int) -> Seen:
        return mean[date, :, None].astype(np.float32), valid[[date]]

    return seen


def _joined(tables: list[SampleTable]) -> SampleTable:
    """Tables of the same store and features, one after the other."""

    def stacked(column: Callable[[SampleTable], Any]) -> Any:
        return np.concatenate([column(table) for table in tables])

    tables = [table for table in tables if len(table)] or tables[:1]
    first = tables[0]
    blocks = {
        name: Block(block.names, np.concatenate([t.block(name).values for t in tables]))
        for name, block in first.blocks.items()
    }
    return replace(
        first,
        y=stacked(lambda t: t.y),
        blocks=blocks,
        keys={name: np.concatenate([t.keys[name] for t in tables]) for name in first.keys},
        position=stacked(lambda t: t.position),
        span=stacked(lambda t: t.span),
        day=stacked(lambda t: t.day),
    )
