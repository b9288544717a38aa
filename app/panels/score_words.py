"""Scores of a probe in words."""

from __future__ import annotations

from collections.abc import Sequence

from phenolens.engine.client.readings import Probe
from PySide6.QtCore import QCoreApplication

from ..report import METRICS, CurvePoint, Gap
from ..telling import numeral
from ..texts import QT_TRANSLATE_NOOP

translate = QCoreApplication.translate  # by this name translators' tools find its texts

OUT = {
    "random": QT_TRANSLATE_NOOP("Scores", "random split"),
    "polygon": QT_TRANSLATE_NOOP("Scores", "polygons out"),
    "block": QT_TRANSLATE_NOOP("Scores", "blocks out"),
    "site": QT_TRANSLATE_NOOP("Scores", "sites out"),
    "year": QT_TRANSLATE_NOOP("Scores", "years out"),
    "site-year": QT_TRANSLATE_NOOP("Scores", "sites and years out"),
}
"""How schemes are called for short; their question is in the tooltip."""


def held_out(scheme: str) -> str:
    """How a scheme held samples out, for short."""
    return translate("Scores", OUT.get(scheme, scheme))


def described(probe: Probe) -> str:
    """What it is made of."""
    parts = [probe.estimator or ""]
    parts += [translate("Scores", "{} features").format(probe.features) if probe.features else ""]
    parts += [translate("Scores", "{:,} samples").format(probe.samples) if probe.samples else ""]
    return ", ".join(part for part in parts if part)


def curve_told(points: Sequence[CurvePoint], metric: str) -> str:
    """How the curve was made, and what its end says."""
    if not points:
        return ""
    held = held_out(points[0].scheme)
    how = f" ({held})" if held else ""
    told = translate("Scores", "{} of probes trained on fewer {}{}; bars: spread over draws.").format(
        metric, points[0].unit, how
    )
    if len(points) < 2:
        return told
    rise = points[-1].score - points[-2].score
    signed = numeral(rise, "+.2f")
    more = translate("Scores", "The last step, from {:,} to {:,}, brought {}.").format(
        points[-2].amount, points[-1].amount, signed
    )
    end = translate("Scores", "The curve doesn't rise at its end: more of the same would hardly help.")
    if rise > 0:
        end = translate("Scores", "While it rises at its end, more {} should help.").format(
            translate("Scores", "sites") if points[0].unit == "sites" else translate("Scores", "labels")
        )
    return f"{told} {more} {end}"


def gap_told(gap: Gap | None, metric: str, question: str = "") -> str:
    """The optimism gap in a few sentences; `question`: what the expectation is for, such as `a new site`."""
    if gap is None or gap.gap.value is None:
        return translate(
            "Scores", "What to expect elsewhere isn't known: samples couldn't be held out by place."
        )
    told = translate("Scores", "Expect {} {}{}, not the {} of random splitting: that flatters by {}.")
    if gap.gap.low is None:
        told = translate(
            "Scores",
            "Expect {} {}{}, not the {} of random splitting; too few groups to say how sure that is.",
        )
    elif gap.gap.low <= 0:
        told = translate("Scores", "{} {}{}: random splitting would say {}, no clear difference.")
    asked = translate("Scores", " for {}").format(question) if question else ""
    said = told.format(metric, gap.expected.told, asked, gap.random.told, gap.gap.told)
    if metric == METRICS["r2"] and (gap.expected.value or 0) < 0:
        said += translate("Scores", " Below 0: to say the mean everywhere would be better.")
    if gap.scheme == "year":
        said += translate("Scores", " What to expect at other places isn't known.")
    return said
