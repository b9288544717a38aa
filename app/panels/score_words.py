"""Scores of a probe in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from phenolens.engine.client.readings import Probe
from PySide6.QtCore import QCoreApplication

from ..report import METRICS, CurvePoint, Gap, Score
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


def errors_told(scores: Mapping[str, Score], unit: str) -> str:
    """`All: R² 0.65, RMSE 1.94, bias +0.58 gC m-2 d-1; n 1,788`: of a quantity, those scores that there are."""
    parts = [f"{METRICS[name]} {scores[name].told}" for name in ("r2", "rmse", "bias") if name in scores]
    told = translate("Scores", "All: {}{}; n {:,}.")
    n = max((score.n for score in scores.values()), default=0)
    return told.format(", ".join(parts), f" {unit}" if unit and len(parts) > 1 else "", n)


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
