"""A probe's predictions over time as one NetCDF file: the prediction of every date, and its interval."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import ProbeError
from ..export.netcdf import Stack, write_stack
from ..export.product import Stored
from ..export.provenance import provenance_of
from ..grid import Window
from ..probes.probe import Probe, check_probe_fits
from ..probes.slots import Period, When
from ..progress import CancelToken, Progress
from ..store import EmbeddingStore
from ..trust.calibration import Trust, trust_of
from .apply import ALL, ApplyOptions, periods_of
from .maker import MapMaker, dates_of

VARIABLES = {"classification": ("class", "confidence"), "regression": ("value", "interval")}


def apply_stack(
    probe: Probe,
    store: EmbeddingStore,
    when: Sequence[When] | str,
    path: Path,
    *,
    trust: Trust | None = None,
    options: ApplyOptions | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Path:
    """Write the predictions of several days, or of `all` target dates, as one NetCDF file after CF.

    Variables [time, y, x]: the prediction and, where the probe has them, the ends of its interval (a regression)
    or the probability of the mapped class. Days that rest on the same target date are one. Otherwise as
    `apply_probe`."""
    options, trust = options or ApplyOptions(), trust or trust_of(probe)
    check_probe_fits(probe, store)
    known = VARIABLES[probe.response.task]
    layers = known if trust.interval or probe.response.task == "classification" else known[:1]
    maker = MapMaker(probe, store, trust, options.layers or layers)
    periods = _days(periods_of(store, probe, when), store, probe)
    side = maker.side(periods)
    return write_stack(
        stack_of(maker, periods, options),
        path,
        overwrite=overwrite,
        progress=progress,
        cancel=cancel,
        threads=options.threads,
        side=side,
    )


def _days(periods: Sequence[Period], store: EmbeddingStore, probe: Probe) -> list[Period]:
    """In order; `ProbeError` unless all are single days."""
    if not all(period.single for period in periods):
        raise ProbeError(
            "a stack is made of days", value=", ".join(map(str, periods)), remedy=f"name days, or {ALL}"
        )
    by_date = {tuple(dates_of(store, probe, period)): period for period in sorted(periods, reverse=True)}
    return sorted(by_date.values())


def stack_of(maker: MapMaker, periods: Sequence[Period], options: ApplyOptions) -> Stack:
    """The maps of some days, ascending, as a stack."""
    used = sorted({date for period in periods for date in dates_of(maker.store, maker.probe, period)})
    origin = provenance_of(maker.store, used)
    tags, record = maker.told(origin, f"{len(periods)} days", options.note, options.config)
    kind = " (simulated data)" if origin.simulated else ""

    def render(index: int, window: Window) -> list[Stored]:
        judged = maker.judge(window, periods[index])
        return [stored for layer in maker.layers for stored in layer.draw(judged)]

    return Stack(
        f"{maker.probe.response.name}, {periods[0]} to {periods[-1]}{kind}",
        maker.store.grid,
        np.array([_time(maker, period) for period in periods], "datetime64[s]"),
        tuple(band for layer in maker.layers for band in layer.bands),
        render,
        {**tags, "phenolens_record": json.dumps(record, ensure_ascii=False, default=str)},
    )


def _time(maker: MapMaker, period: Period) -> np.datetime64:
    """Of the target date; the day itself where several dates make the features."""
    dates = dates_of(maker.store, maker.probe, period)
    times = maker.store.times[dates] if len(dates) == 1 else np.array([period.day])
    time: np.datetime64 = times.astype("datetime64[s]")[0]
    return time
