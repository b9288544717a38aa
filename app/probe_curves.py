"""What a probe predicts of places on every date, as curves: values with intervals, classes with confidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

import numpy as np
import numpy.typing as npt
from phenolens.engine.client.readings import ProbeSeries
from PySide6.QtCore import QCoreApplication

from .colouring import array_of
from .curves import GAP_FILLED, NO_DATA, Curve, Floats, Subject, quality_of, seconds, summed
from .pixel_facts import groups_told
from .session import Session

translate = QCoreApplication.translate  # by this name translators' tools find its texts
PREVIEW = "preview"
LAYER = "probe:"
WHOLE = "period"
"""Features of a probe that says nothing of single days."""


def probes_of(session: Session) -> Mapping[str, str]:
    """Probes whose series can be shown, the preview first: how they are chosen → how the engine is asked for them."""
    files = {one: one for one in session.probes}
    if session.recipe.features == WHOLE:
        return files
    looks = [one.look.layer for one in session.made if one.look.layer.startswith(LAYER)]
    shown = [layer.removeprefix(LAYER) for layer in looks if not layer.endswith(".probe")]
    return {**({PREVIEW: shown[0]} if shown else {}), **files}


def name_of(part: str) -> str:
    """`gpp` of gpp.probe."""
    return part.rpartition("/")[2].removesuffix(".probe")


def predicted_curves(subject: Subject, told: ProbeSeries, part: str) -> tuple[Curve, ...]:
    """The curve of one subject, in a thread; of several pixels their mean, or their commonest class."""
    times, quality = seconds(told.times), quality_of(array_of(told.quality))
    if told.response.get("task") == "classification":
        return (_of_classes(subject, told, part, times, quality),)
    return (_of_values(subject, told, part, times, quality),)


def note_of(told: ProbeSeries, part: str, several: bool) -> str:
    """What bands and colours mean, for the line above the curves; may be rich text.

    `several`: some curves are of many pixels."""
    if told.response.get("task") == "classification":
        marks = [
            f'<span style="color:{one["colour"]}">●</span>&nbsp;{_plain(str(one["name"]))}'
            for one in told.response.get("classes") or ()
        ]
        shares = [_plain(translate("SeriesPanel", "(polygons: share)"))] if several else []
        return " &nbsp; ".join([*marks, *shares])
    parts = []
    if told.coverage is None and part == PREVIEW:
        parts.append(
            translate("SeriesPanel", "No interval: a preview has none; fit and validate the probe for that.")
        )
    elif told.coverage is None:
        parts.append(
            translate(
                "SeriesPanel", "No interval: this needs samples of more than one site, polygon or block."
            )
        )
    else:
        parts.append(_band_told(told, told.coverage))
    if several:
        parts.append(translate("SeriesPanel", "Band of polygons: 10–90\u00a0% of the pixels."))
    return " ".join(parts)


def _band_told(told: ProbeSeries, coverage: float) -> str:
    """An interval from three towers looks like one from thirty: it says what it rests on."""
    share, groups = f"{coverage:.0%}".replace("%", "\u00a0%"), groups_told(told)
    if not groups:
        return translate("SeriesPanel", "Band: {} interval.").format(share)
    needed = ceil(coverage / (1 - coverage) - 1e-9)  # of k groups that are alike, k / (k + 1) is the most
    if told.groups >= needed:
        return translate("SeriesPanel", "Band: {} interval, from {}.").format(share, groups)
    said = translate("SeriesPanel", "Band: {} interval, from {}; {} would be needed to promise it.")
    return said.format(share, groups, needed)


def _of_values(
    subject: Subject, told: ProbeSeries, part: str, times: Floats, quality: npt.NDArray[np.uint8]
) -> Curve:
    values = array_of(told.values).astype(np.float64)
    mean, quality, low, high = summed(values, quality)
    ends, facts = ("p10", "p90"), [("probe", name_of(part))]
    if len(values) == 1 and told.low is not None and told.high is not None:
        low, high = (array_of(end)[0].astype(np.float64) for end in (told.low, told.high))
        ends = "low", "high"
        facts.append(("coverage", f"{told.coverage:g}" if told.coverage else ""))
    name, unit = str(told.response.get("name", "value")), str(told.response.get("unit") or "")
    return Curve(
        subject.name,
        subject.colour,
        f"{name} ({name_of(part)})",
        times,
        mean,
        _seen(mean, quality),
        low,
        high,
        column="predicted",
        ends=ends,
        axis=f"{name}, {unit}" if unit else name,
        facts=(*facts, ("quantity", name), ("unit", unit)),
    )


def _of_classes(
    subject: Subject, told: ProbeSeries, part: str, times: Floats, quality: npt.NDArray[np.uint8]
) -> Curve:
    codes = array_of(told.values).astype(np.int64)
    names = {int(one["code"]): str(one["name"]) for one in told.response.get("classes") or ()}
    colours = {int(one["code"]): str(one["colour"]) for one in told.response.get("classes") or ()}
    if len(codes) == 1 and told.confidence is not None:
        chosen, sure = codes[0], array_of(told.confidence)[0].astype(np.float64)
        axis, column = translate("SeriesPanel", "probability of the class"), "confidence"
    else:
        chosen, sure = _commonest(codes)
        axis, column = translate("SeriesPanel", "share of the commonest class"), "class_share"
    return Curve(
        subject.name,
        subject.colour,
        translate("SeriesPanel", "confidence ({})").format(name_of(part)),
        times,
        sure,
        _seen(sure, quality),
        column=column,
        axis=axis,
        facts=(("probe", name_of(part)),),
        classes=tuple(names.get(int(code), "") for code in chosen),
        shades=tuple(colours.get(int(code), subject.colour) for code in chosen),
    )


def _seen(values: Floats, quality: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The days before may carry a prediction over a date without data."""
    carried = np.where(quality == NO_DATA, GAP_FILLED, quality)
    return np.where(np.isfinite(values), carried, NO_DATA).astype(np.uint8)


def _commonest(codes: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], Floats]:
    """[pixel, time] → the class that most pixels have on each date (0: none has one), and its share of them."""
    chosen = np.zeros(codes.shape[1], np.int64)
    share = np.full(codes.shape[1], np.nan)
    for time in np.flatnonzero((codes > 0).any(axis=0)):
        found, counts = np.unique(codes[codes[:, time] > 0, time], return_counts=True)
        chosen[time], share[time] = found[counts.argmax()], counts.max() / counts.sum()
    return chosen, share


def _plain(text: str) -> str:
    """Without what rich text would take for its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(" ", "&nbsp;")


def parts_there(parts: Sequence[str], chosen: Sequence[str]) -> tuple[str, ...]:
    """One probe at a time: two may measure in different units."""
    wanted = [part for part in parts if part in chosen] or list(parts)
    return tuple(wanted[:1])
