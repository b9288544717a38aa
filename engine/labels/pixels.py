"""Labels → the pixels of a grid that they label, each with its answer, period and group."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer

from ..errors import LabelError
from ..grid import Grid
from ..response import Response
from .burn import OUTSIDE, Burnt, PixelRule, burn
from .labelset import Answers, Days, LabelSet
from .overlaps import Claims, settle
from .report import ClassCount, ImportReport

__all__ = ["LabelPixels", "PixelRule", "counted", "label_pixels"]

Rows = npt.NDArray[np.int64] | npt.NDArray[np.bool_]
Period = tuple[np.datetime64, np.datetime64]


@dataclass(frozen=True, eq=False)
class LabelPixels:
    """Labelled pixels of one grid; a pixel can occur for several periods."""

    grid: Grid
    response: Response
    rows: npt.NDArray[np.int64]
    """[n]."""
    cols: npt.NDArray[np.int64]
    y: Answers
    """[n] class codes, or values in the response's unit."""
    group: npt.NDArray[np.int64]
    """[n] polygon id."""
    start: Days
    """[n] first day (datetime64[D]) that the label holds for; NaT: always."""
    end: Days
    report: ImportReport

    def __len__(self) -> int:
        return len(self.y)

    def take(self, rows: Rows) -> "LabelPixels":
        """Some of them, by index or mask; the report stays that of the import."""
        columns = {name: getattr(self, name)[rows] for name in ("rows", "cols", "y", "group", "start", "end")}
        return replace(self, **columns)


def label_pixels(
    labels: LabelSet, grid: Grid, rule: PixelRule | None = None, *, period: Period | None = None
) -> LabelPixels:
    """The pixels that labels stand for on a grid.

    `period`: first and last day that matter; labels of other days are dropped. `LabelError` where no label is left."""
    return pixels_and_used(labels, grid, rule, period=period)[0]


def pixels_and_used(
    labels: LabelSet, grid: Grid, rule: PixelRule | None = None, *, period: Period | None = None
) -> tuple[LabelPixels, npt.NDArray[np.bool_]]:
    """As `label_pixels`, and which labels were not dropped."""
    rule = rule or PixelRule()
    burnt = burn(labels.geometries, labels.crs, grid, rule)
    if period is not None:
        missed = (labels.end < period[0]) | (labels.start > period[1])
        burnt.why[(burnt.why == "") & missed] = f"outside the dates {period[0]} to {period[1]}"
    if (burnt.why != "").all():
        raise _none_left(labels, grid, burnt)
    pixels, left_out = _settled(labels, grid, burnt, rule)
    beyond = "1 feature reaches" if burnt.partly == 1 else f"{burnt.partly:,} features reach"
    notes = (f"{beyond} beyond the area: cut at its edge",) if burnt.partly else ()
    dropped = Counter(labels.report.dropped) + Counter(burnt.why[burnt.why != ""])
    report = replace(
        labels.report,
        dropped=dict(dropped),
        rule=str(rule),
        left_out=left_out,
        notes=labels.report.notes + notes,
    )
    return counted(replace(pixels, report=report)), burnt.why == ""


def _none_left(labels: LabelSet, grid: Grid, burnt: Burnt) -> LabelError:
    reasons = ", ".join(f"{count} {reason}" for reason, count in Counter(burnt.why).items())
    if (burnt.why != OUTSIDE).any():
        return LabelError(
            "no label gives a pixel", value=reasons, remedy="try the rule all-touched, or check dates"
        )
    bounds = Transformer.from_crs(labels.crs, "EPSG:4326", always_xy=True).transform_bounds(
        *shapely.total_bounds(labels.geometries)
    )
    places = (f"{what} {_lonlat(box)}" for what, box in (("labels", bounds), ("area", grid.lonlat_bounds)))
    return LabelError(
        "all labels lie outside the area",
        value=", ".join(places),
        remedy=_likely_mistake(labels, bounds, grid)
        or f"check the CRS of the labels ({labels.crs}), or choose another store",
    )


def _likely_mistake(labels: LabelSet, bounds: tuple[float, ...], grid: Grid) -> str:
    """What would bring the labels into the area, if one of the usual mistakes was made; else nothing."""
    west, south, east, north = bounds
    if _overlap((south, west, north, east), grid.lonlat_bounds):
        return "longitude and latitude seem to be swapped: name the other columns, or mend the file"
    stored = tuple(shapely.total_bounds(labels.geometries).tolist())
    if _overlap(stored, grid.lonlat_bounds):
        return f"the coordinates look like degrees, not {labels.crs}: state EPSG:4326"
    if _overlap(stored, tuple(grid.bounds)):
        return f"the coordinates look like those of the store, not {labels.crs}: state {grid.crs}"
    return ""


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _lonlat(bounds: tuple[float, ...]) -> str:
    west, south, east, north = (f"{value:.4f}" for value in bounds)
    return f"{west}..{east} E {south}..{north} N"


def _settled(
    labels: LabelSet, grid: Grid, burnt: Burnt, rule: PixelRule
) -> tuple[LabelPixels, dict[str, int]]:
    """Pixels without conflicts and repetitions, and how many went for which reason."""
    wanted = burnt.why[burnt.feature] == ""
    feature, rows, cols = burnt.feature[wanted], burnt.rows[wanted], burnt.cols[wanted]
    y, start, end = labels.y[feature], labels.start[feature], labels.end[feature]
    claims = Claims(rows * grid.shape[1] + cols, y, start, end)
    conflict, repeated = settle(claims, keep_first=rule.overlaps == "first")
    all_of_them = LabelPixels(
        grid, labels.response, rows, cols, y, labels.group[feature], start, end, labels.report
    )
    reasons = {
        "with different answers for the same time (overlaps)": int(conflict.sum()),
        "given twice with the same answer (kept once)": int(repeated.sum()),
    }
    pixels = all_of_them.take(~(conflict | repeated))
    if not len(pixels):
        raise LabelError(
            "every label pixel has labels that contradict each other",
            value=f"{conflict.sum()} pixels",
            remedy="look at overlapping polygons, or keep the first of them (overlaps=first)",
        )
    return pixels, {reason: count for reason, count in reasons.items() if count}


def counted(pixels: LabelPixels) -> LabelPixels:
    """The same pixels, with their number per class, or their range of values, in the report."""
    report = replace(pixels.report, pixels=len(pixels), groups=len(np.unique(pixels.group)))
    table = pixels.response.classes
    if table is None:
        y = pixels.y
        values = {"smallest": float(y.min()), "mean": float(y.mean()), "largest": float(y.max())}
        return replace(pixels, report=replace(report, values=values))
    counts = tuple(_class_count(pixels, c.code, c.name) for c in table)
    notes = report.notes + _too_few(counts)
    return replace(pixels, report=replace(report, classes=counts, notes=notes))


def _class_count(pixels: LabelPixels, code: int, name: str) -> ClassCount:
    of_class = pixels.y == code
    return ClassCount(code, name, int(of_class.sum()), len(np.unique(pixels.group[of_class])))


def _too_few(counts: tuple[ClassCount, ...]) -> tuple[str, ...]:
    """Warnings about what a probe will stumble over."""
    present = [c for c in counts if c.pixels]
    if len(present) == 1:
        return (f"all pixels are of one class ({present[0].name}): a classifier needs two or more",)
    lone = ", ".join(c.name for c in present if c.groups == 1)
    return (f"in one group only, so no held-out group can test them: {lone}",) if lone else ()
