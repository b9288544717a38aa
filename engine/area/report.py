"""What an area estimate says, as tables and in words."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..export.staging import whole_set
from .estimate import Estimate, Quantity, estimate
from .form import Filled, read_form
from .sample import AreaSample

UNITS = {"ha": 1e4, "km2": 1e6, "m2": 1.0}
"""m² in a unit of area."""
FEW = 30
"""Units of a stratum below which the normal approximation behind the intervals is poor."""

_SOURCES = (
    "Estimators: Olofsson et al. 2014, Remote Sensing of Environment 148, 42-57; Stehman 2014, International "
    "Journal of Remote Sensing 35, 4923-4939."
)


@dataclass(frozen=True, eq=False)
class AreaReport:
    """An estimate with the sample that it rests on."""

    sample: AreaSample
    filled: Filled
    found: Estimate
    unit: str = "ha"

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise InputError("there is no such unit of area", value=self.unit, remedy=", ".join(UNITS))

    @property
    def whole(self) -> float:
        """Area of all strata in the unit."""
        return self.found.total * self.sample.pixel_m2 / UNITS[self.unit]

    def counted(self, code: int) -> float:
        """Area of a class by counting pixels of the map, in the unit."""
        return self.sample.mapped.get(code, 0) * self.sample.pixel_m2 / UNITS[self.unit]

    def written(self, value: float) -> str:
        """An area with as many decimals as suit the whole, so that values and margins align."""
        digits = 0 if self.whole >= 1e5 else 1 if self.whole >= 100 else 3
        return f"{value:,.{digits}f}"

    def to_dict(self) -> dict[str, Any]:
        """All numbers; areas in the unit, accuracies 0 to 1, `ci95` as lower and upper limit."""
        found = self.found
        classes = [
            {
                "code": code,
                "name": self.sample.classes[code].name,
                "colour": self.sample.classes[code].colour,
                "pixel_count_area": self.counted(code),
                "area": _scaled(found.area[code], self.whole),
                "users_accuracy": _plain(found.users[code]),
                "producers_accuracy": _plain(found.producers[code]),
            }
            for code in found.codes
        ]
        return {
            "map": self.sample.name,
            "unit": self.unit,
            "whole_area": self.whole,
            "overall_accuracy": _plain(found.overall),
            "classes": classes,
            "matrix_orientation": "rows map, columns reference",
            "matrix_units": found.counts.tolist(),
            "matrix_area_shares": found.matrix.tolist(),
            "strata": [self._stratum(code) for code in found.pixels],
            "units_without_reference": self.filled.empty,
            "confidence": dict(self.filled.confidence),
            "finite_population_correction": found.finite,
            "words": list(self.words()),
        }

    def _stratum(self, code: int) -> dict[str, Any]:
        return {
            "code": code,
            "name": self.sample.strata[code].name,
            "pixels": self.found.pixels[code],
            "units_drawn": self.filled.drawn[code],
            "units_used": self.found.units[code],
        }

    def words(self) -> Iterator[str]:
        """What the numbers mean, class by class, and what they rest on."""
        overall = self.found.overall
        yield (
            f"Of the mapped {self._area(self.whole)}, {overall.value:.1%} ± {overall.margin:.1%} are of the class "
            f"that the map shows (95 % interval, n = {sum(self.found.units.values())} sample units)."
        )
        for code in self.found.codes:
            yield self._class_words(code)
        yield from self._caveats()

    def _class_words(self, code: int) -> str:
        area, name = self.found.area[code], self.sample.classes[code].name
        low, high = (share * self.whole for share in area.interval)
        counted, value = self.counted(code), area.value * self.whole
        margin = self._area(area.margin * self.whole)
        said = f"{name}: {self._area(value)} ± {margin}; pixels counted {self._area(counted)}"
        if np.isnan(area.se) or area.se == 0:
            return f"{said}; the sample found no error that would tell how sure this is."
        if low <= counted <= high:
            return f"{said}, which lies inside the interval: the sample gives no reason to correct the map's area."
        more = "more" if counted > value else "less"
        share = f" ({abs(counted - value) / value:.0%})" if value else ""
        return (
            f"{said}, {self._area(abs(counted - value))}{share} {more} than the estimate and outside the interval: "
            "report the estimate, not the count."
        )

    def _caveats(self) -> Iterator[str]:
        if self.filled.empty:
            drawn = sum(self.filled.drawn.values())
            yield (
                f"{self.filled.empty} of {drawn} units have no reference and were left out: this is harmless only "
                "where they are missing by chance within their strata, not because they were hard to tell."
            )
        if self.filled.confidence.get("low"):
            yield f"{self.filled.confidence['low']} references were given with low confidence and count like others."
        few = [self.sample.strata[c].name for c, n in self.found.units.items() if n < FEW]
        if few:
            yield f"Fewer than {FEW} units in {', '.join(few)}: intervals are rough there."
        yield from self._unseen()
        if self.sample.own_strata:
            yield (
                "The strata are not the map's classes, so that the rows of the error matrix are estimates too and "
                "differ from pixel counts by chance."
            )
        yield (
            "Intervals are value ± 1.96 standard errors, cut at 0 and at the whole; they hold for sampling error "
            "alone, not for wrong references. " + _SOURCES
        )

    def _unseen(self) -> Iterator[str]:
        for code, accuracy in self.found.users.items():
            row = self.found.counts[self.found.codes.index(code)]
            if row.sum() and accuracy.se == 0 and accuracy.value == 1:
                yield (
                    f"No error among {row.sum()} units of {self.sample.classes[code].name}: its standard error of 0 is "
                    f"no certainty; up to {min(3 / row.sum(), 1):.0%} may be wrong (rule of three)."
                )

    def _area(self, value: float) -> str:
        return f"{self.written(value)} {self.unit.replace('2', '²')}"


def report_of(form: Path, sample: AreaSample, *, unit: str = "ha", finite: bool = False) -> AreaReport:
    """The estimate from a filled form; errors as `read_form` and `estimate`."""
    filled = read_form(form, sample)
    seen = {code for code, pixels in sample.mapped.items() if pixels} | set(filled.reference.tolist())
    codes = [code for code in sample.classes.codes if code in seen]  # of long legends maps show a few
    found = estimate(filled.stratum, filled.shown, filled.reference, sample.pixels, codes, finite=finite)
    return AreaReport(sample, filled, found, unit)


def write_report(report: AreaReport, stem: Path, *, overwrite: bool = False) -> tuple[Path, Path]:
    """Write STEM.md and STEM.json, both or none."""
    paths = (stem.with_name(f"{stem.name}.md"), stem.with_name(f"{stem.name}.json"))
    with whole_set(paths, overwrite=overwrite) as staged:
        staged[paths[0]].write_text(as_markdown(report), encoding="utf-8")
        # NaN, which JSON lacks, stands for what the sample can't tell
        content = json.dumps(_without_nan(report.to_dict()), indent=2, ensure_ascii=False)
        staged[paths[1]].write_text(content + "\n", encoding="utf-8")
    return paths


def as_markdown(report: AreaReport) -> str:
    """Words first, then the tables."""
    parts = [f"# Accuracy and area of {report.sample.name}", "\n\n".join(report.words())]
    parts += ["## Area and accuracy by class", _class_table(report)]
    parts += ["## Error matrix: estimated shares of the area, %", _matrix(report, shares=True)]
    parts += ["## Error matrix: sample units", _matrix(report, shares=False), _strata_table(report)]
    return "\n\n".join(parts) + "\n"


def _class_table(report: AreaReport) -> str:
    head = (
        "class",
        f"area, {report.unit}",
        "± 95 %",
        "pixels counted",
        "user's accuracy",
        "producer's accuracy",
    )
    found, whole = report.found, report.whole
    rows = [
        (
            report.sample.classes[code].name,
            report.written(found.area[code].value * whole),
            report.written(found.area[code].margin * whole),
            report.written(report.counted(code)),
            _percent(found.users[code]),
            _percent(found.producers[code]),
        )
        for code in found.codes
    ]
    return _table(head, [*rows, ("overall", report.written(whole), "", "", _percent(found.overall), "")])


def _matrix(report: AreaReport, *, shares: bool) -> str:
    names = [report.sample.classes[code].name for code in report.found.codes]
    values = report.found.matrix * 100 if shares else report.found.counts
    written = [
        [f"{value:.2f}" if shares else str(value) for value in row] for row in [*values, values.sum(axis=0)]
    ]
    totals = [f"{v:.2f}" if shares else str(v) for v in [*values.sum(axis=1), values.sum()]]
    lines = [(name, *row, total) for name, row, total in zip([*names, "sum"], written, totals, strict=True)]
    return _table(("map ↓ reference →", *names, "sum"), lines)


def _strata_table(report: AreaReport) -> str:
    rows = [
        (str(s["name"]), f"{s['pixels']:,}", str(s["units_drawn"]), str(s["units_used"]))
        for s in map(report._stratum, report.found.pixels)
    ]
    return "## Strata\n\n" + _table(("stratum", "pixels", "units drawn", "units with reference"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, tuple(["---"] + ["--:"] * (len(head) - 1)), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _percent(quantity: Quantity) -> str:
    return "–" if np.isnan(quantity.value) else f"{quantity.value:.1%} ± {quantity.margin:.1%}"


def _plain(quantity: Quantity) -> dict[str, Any]:
    return _scaled(quantity, 1.0)


def _scaled(quantity: Quantity, whole: float) -> dict[str, Any]:
    low, high = quantity.interval
    return {
        "value": quantity.value * whole,
        "se": quantity.se * whole,
        "margin95": quantity.margin * whole,
        "ci95": [low * whole, high * whole],
    }


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and np.isnan(value) else value
