"""What there is to say of a single pixel on a date, beside its value: what that rests on, and how sure it is."""

from __future__ import annotations

import numpy as np
from phenolens.engine.client.readings import ProbeSeries, Series
from PySide6.QtCore import QCoreApplication

from .colouring import array_of
from .curves import CLEAR, GAP_FILLED, NO_FRAME
from .telling import numeral
from .texts import QT_TRANSLATE_NOOP

translate = QCoreApplication.translate  # by this name translators' tools find its texts
DAYS = "nearest_days_"
GROUPS = {
    "site": (QT_TRANSLATE_NOOP("PixelFacts", "1 site"), QT_TRANSLATE_NOOP("PixelFacts", "{:,} sites")),
    "block": (QT_TRANSLATE_NOOP("PixelFacts", "1 block"), QT_TRANSLATE_NOOP("PixelFacts", "{:,} blocks")),
    "polygon": (
        QT_TRANSLATE_NOOP("PixelFacts", "1 polygon"),
        QT_TRANSLATE_NOOP("PixelFacts", "{:,} polygons"),
    ),
}
"""What an interval rests on: one, several."""


def told_quality(told: Series, date: int) -> str:
    """`✓ clear`, or `gap-filled (S1 2 d, S2 5 d away)`; empty where there are no data, as the value says so."""
    quality = int(array_of(told.quality)[0, date])
    if quality == CLEAR:
        return translate("PixelFacts", "✓ clear")
    if quality != GAP_FILLED:
        return ""
    days = {
        name.removeprefix(DAYS).upper(): int(array_of(found)[0, date])
        for name, found in sorted(told.support.items())
        if name.startswith(DAYS)
    }
    near = ", ".join(f"{sensor} {away} d" for sensor, away in days.items() if away != NO_FRAME)
    return translate("PixelFacts", "gap-filled ({} away)").format(near or "> 30 d")


def told_interval(told: ProbeSeries, date: int) -> str:
    """`[6.9, 10.1] (90 %, 3 sites)` of a quantity, `probability 87 %` of a class; empty where it knows neither."""
    if told.low is not None and told.high is not None:
        low, high = (float(array_of(end)[0, date]) for end in (told.low, told.high))
        known = (f"{told.coverage:.0%}" if told.coverage else "", groups_told(told))
        share = f" ({', '.join(filter(None, known))})" if told.coverage else ""
        return "" if np.isnan(low) else f"[{numeral(low, '.3g')}, {numeral(high, '.3g')}]{share}"
    if told.confidence is None or np.isnan(sure := float(array_of(told.confidence)[0, date])):
        return ""
    return translate("PixelFacts", "probability {:.0%}").format(sure)


def groups_told(told: ProbeSeries) -> str:
    """`3 sites`: what the interval was learnt from; empty where the engine doesn't tell."""
    one, several = GROUPS.get(told.group, ("", ""))
    return translate("PixelFacts", one if told.groups == 1 else several).format(told.groups)
