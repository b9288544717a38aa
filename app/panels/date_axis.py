"""An axis of dates in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from pyqtgraph.graphicsItems.DateAxisItem import (
    MONTH_SPACING,
    YEAR_SPACING,
    TickSpec,
    ZoomLevel,
    makeYStepper,
)

Ticks = npt.NDArray[np.float64]


class _UtcLevel(ZoomLevel):
    """Without moving ticks to local hours: asked tick by tick, the time zone took longer than all else of a plot."""

    def moveTicksToLocalTimeCoords(self, ticks: Ticks, spacing: int, skipFactor: int) -> Ticks:  # noqa: N802
        return ticks


def date_axis() -> pg.DateAxisItem:
    """Months where they have room, else quarters or half years; pyqtgraph's own leaves years alone then."""
    months = TickSpec(MONTH_SPACING, _next_months, "%b", autoSkip=[1, 3, 6])
    years = TickSpec(YEAR_SPACING, makeYStepper(1), "%Y", autoSkip=[1, 5, 10, 25])
    axis = pg.DateAxisItem(utcOffset=0)
    finer = {
        most: _UtcLevel(level.tickSpecs, level.exampleText)
        for most, level in axis.zoomLevels.items()
        if np.isfinite(most)
    }
    axis.zoomLevels = {np.inf: _UtcLevel([years, months], "YYYY"), **finer}
    return axis


def _next_months(time: float, months: int, first: bool) -> float:
    """The next first day of a month, or of every so many months counted from January."""
    date = datetime.fromtimestamp(time, UTC)
    number = ((date.year * 12 + date.month - 1) // months + 1) * months
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC).timestamp()
