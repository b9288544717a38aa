"""Maps of sums over time, such as annual GPP, with the interval of the sum."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ProbeError
from ..export.files import Written, write_products
from ..export.product import Product, ProductBand, Ramp, Stored
from ..export.provenance import provenance_of
from ..grid import Window
from ..probes.probe import Probe, check_probe_fits
from ..probes.slots import Period, When
from ..progress import CancelToken, Progress
from ..store import EmbeddingStore
from ..trust.calibration import Trust, sum_error_of
from ..trust.sums import LONGEST_GAP, SumError, day_weights, sum_over
from .apply import ApplyOptions, label_of
from .maker import SIDES, WINDOW_BYTES, MapMaker, Once
from .outputs import OF_DAYS

Reals = npt.NDArray[np.float64]


def apply_sum(
    probe: Probe,
    store: EmbeddingStore,
    when: When,
    out: Path,
    *,
    error: SumError | None = None,
    options: ApplyOptions | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> dict[str, Written]:
    """Write the sum of a quantity over a period as `OUT-sum-PERIOD.tif`, and its interval as `OUT-sum-interval-…`.

    The daily values lie on straight lines between the predictions of the target dates. `error` says how errors
    add up; by default what is attached to the probe, and without it there is no interval. A pixel with too long
    a gap between its valid dates is nodata. `ProbeError` for classes, for features of periods, and where the
    store's dates leave too long a gap; `OutputError` before the work starts where a file exists."""
    options, error = options or ApplyOptions(), error or sum_error_of(probe)
    period = Period.of(when)
    check_probe_fits(probe, store)
    dates = dates_in(probe, store, period)
    summing = Summing(MapMaker(probe, store, Trust(), ("value",)), period, dates, error)
    products = summing.products(options)
    paths = [out.with_name(f"{out.name}-{name}-{label_of(period)}.tif") for name in products]
    written = write_products(
        list(zip(products.values(), paths, strict=True)),
        overwrite=overwrite,
        progress=progress or Progress("sum", 0),
        cancel=cancel,
        threads=options.threads,
        side=summing.side,
    )
    return dict(zip(products, written, strict=True))


def dates_in(probe: Probe, store: EmbeddingStore, period: Period) -> list[int]:
    """Target dates (indices) that a sum over a period rests on, those that lie just beyond its ends included."""
    if probe.response.task != "regression" or probe.recipe.spec.kind not in OF_DAYS:
        raise ProbeError(
            "only a quantity that is predicted day by day has a sum",
            value=f"{probe.response.name}, {probe.recipe.spec.kind} features",
            remedy="fit a regression on date or window features",
        )
    days, first = np.unique(store.times.astype("datetime64[D]"), return_index=True)
    margin = np.timedelta64(int(LONGEST_GAP), "D")
    near = (days >= period.start - margin) & (days <= period.end + margin)
    weights = day_weights(days[near], period.start, period.end)
    return [int(index) for index in first[near][weights > 0]]


@dataclass(frozen=True, eq=False)
class Summing:
    """A sum in the making."""

    maker: MapMaker
    period: Period
    dates: Sequence[int]
    error: SumError | None

    @property
    def days(self) -> npt.NDArray[np.datetime64]:
        return self.maker.store.times[list(self.dates)].astype("datetime64[D]")

    @property
    def side(self) -> int:
        """Of the windows: the predictions of all dates are in memory, four times over while they are summed."""
        most = [side for side in SIDES if 16 * len(self.dates) * side**2 <= WINDOW_BYTES]
        single = self.maker.side([Period(day, day) for day in self.days])
        return min(most[0] if most else SIDES[-1], single)

    def totals(self, window: Window) -> tuple[Reals, Reals]:
        """[y, x] sums and [y, x] half-widths of their intervals (NaN without an error), NaN = no sum."""
        values = np.full((len(self.dates), window.height, window.width), np.nan, np.float32)
        for index, day in enumerate(self.days):
            judged = self.maker.judge(window, Period(day, day))
            values[index][judged.valid] = judged.prediction.values
        ends = self.period.start, self.period.end
        total = sum_over(values, self.days, *ends)
        return total, self._margins(np.isfinite(values), np.isfinite(total))

    def _margins(self, there: npt.NDArray[np.bool_], summed: npt.NDArray[np.bool_]) -> Reals:
        """Of every pixel by the dates that it has."""
        out = np.full(summed.shape, np.nan)
        if self.error is None or not summed.any():
            return out
        patterns, member = np.unique(there[:, summed], axis=1, return_inverse=True)
        margins = []
        for pattern in patterns.T:
            days = self.days[pattern]
            margins.append(self.error.margin(days, day_weights(days, self.period.start, self.period.end)))
        out[summed] = np.array(margins)[member.reshape(-1)]
        return out

    def products(self, options: ApplyOptions) -> dict[str, Product]:
        """By the name of the map."""
        made = Once(self.totals)
        name, unit = self.maker.probe.response.name, unit_of_sum(self.maker.probe.response.unit)
        total = ProductBand(f"{name}, sum", unit, description=f"over {len(self.dates)} dates")
        products = {"sum": self._product("sum", (total,), partial(_sum, total, made), options)}
        if self.error is None:
            return products
        share, groups = f"{self.error.confidence:.0%}", f", from {self.error.groups} held-out groups"
        about = f"factor {self.error.factor:.3g} on the standard error, from {self.error.basis}"
        bands = tuple(
            ProductBand(
                f"{name}, {what} of the {share} interval of the sum{told}", unit, description=about, ramp=ramp
            )
            for what, told, ramp in (
                ("width", groups, Ramp.named("magma")),
                ("low end", "", None),
                ("high end", "", None),
            )
        )
        title = f"{share} interval of the sum{groups}"
        products["sum-interval"] = self._product(title, bands, partial(_ends, bands, made), options)
        return products

    def _product(
        self, title: str, bands: tuple[ProductBand, ...], render: Any, options: ApplyOptions
    ) -> Product:
        maker = self.maker
        origin = provenance_of(maker.store, self.dates)
        tags, record = maker.told(origin, self.period, options.note, options.config)
        kind = " (simulated data)" if origin.simulated else ""
        text = f"{maker.probe.response.name}, {title}, {str(self.period).replace('/', ' to ')}{kind}"
        return Product(text, maker.store.grid, bands, render, tags, record, origin.start, origin.end)


def unit_of_sum(unit: str) -> str:
    """`gC m-2 d-1` → `gC m-2`."""
    return unit.removesuffix("d-1").strip() if unit.endswith("d-1") else f"{unit} d".strip()


def _sum(band: ProductBand, totals: "Once[tuple[Reals, Reals]]", window: Window) -> Stored:
    return band.encode(totals(window)[0])[None]


def _ends(bands: tuple[ProductBand, ...], totals: "Once[tuple[Reals, Reals]]", window: Window) -> Stored:
    total, margin = totals(window)
    values = (2 * margin, total - margin, total + margin)
    return np.stack([band.encode(value) for band, value in zip(bands, values, strict=True)])
