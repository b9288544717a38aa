"""Accuracy of class maps and area of their classes, from samples: planned here; drawn and estimated from by jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .part import Part, given
from .results import Told
from .transport import Request

COUNTING_S = 180.0
"""Seconds: the pixels of a large map are counted at its first plan."""


@dataclass(frozen=True)
class Stratum(Told):
    """A class of the map, unless another map's classes are the strata; `expected` is its user's accuracy, a guess."""

    code: int
    name: str
    colour: str
    pixels: int
    expected: float


@dataclass(frozen=True)
class Allocation(Told):
    """Sample units by code of the stratum, and the standard errors (shares) that they can be expected to reach."""

    units: Mapping[str, int]
    total: int
    se_overall: float
    se_users: Mapping[str, float] = field(default_factory=dict)
    se_area_share: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class SamplePlan(Told):
    """How many units, and how they would be shared: `recommended`, `proportional`, `equal`, `neyman`."""

    map: str
    pixel_m2: float
    size: int
    strata: tuple[Stratum, ...]
    allocations: Mapping[str, Allocation]

    @property
    def pixels(self) -> int:
        return sum(stratum.pixels for stratum in self.strata)


@dataclass(frozen=True)
class Drawn(Told):
    """A sample of the workspace: its design, the form (CSV) and points (GeoPackage) beside it where they are there."""

    design: str
    map: str
    units: int
    classes: tuple[str, ...] = ()
    form: Optional[str] = None
    points: Optional[str] = None
    modified: float = 0.0


@dataclass(frozen=True)
class Estimated(Told):
    """A quantity with its standard error and 95 % interval; None where the sample can't tell."""

    value: Optional[float]
    se: Optional[float]
    margin95: Optional[float]
    ci95: tuple[Optional[float], ...]


@dataclass(frozen=True)
class ClassEstimate(Told):
    """Area of a class in the report's unit, beside that of its counted pixels, and accuracies from 0 to 1."""

    code: int
    name: str
    pixel_count_area: float
    area: Estimated
    users_accuracy: Estimated
    producers_accuracy: Estimated
    colour: str = ""


@dataclass(frozen=True)
class StratumUsed(Told):
    """How many units of a stratum were drawn, and how many have a reference."""

    code: int
    name: str
    pixels: int
    units_drawn: int
    units_used: int


@dataclass(frozen=True)
class AreaEstimate(Told):
    """The result of a job `area-estimate`; matrices are [map class][reference class]."""

    map: str
    unit: str
    whole_area: float
    overall_accuracy: Estimated
    classes: tuple[ClassEstimate, ...]
    matrix_units: tuple[tuple[int, ...], ...]
    matrix_area_shares: tuple[tuple[float, ...], ...]
    strata: tuple[StratumUsed, ...] = ()
    units_without_reference: int = 0
    words: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Samples(Told):
    samples: tuple[Drawn, ...]


class Sampling(Part):
    """Samples of class maps; `area-sample` and `area-estimate` are jobs."""

    def plan(
        self,
        map: str,
        *,
        expected: Mapping[int, float] | None = None,
        guess: float | None = None,
        target_se: float | None = None,
        target_class: int | None = None,
        size: int | None = None,
        minimum: int | None = None,
        strata: str | None = None,
    ) -> SamplePlan:
        """What a sample of a class map would take, and reach.

        `expected`: user's accuracy by class code, 0 to 1; `guess` that of the others. `size` in all, or
        `target_se`: the standard error (a share) to reach, of the overall accuracy or of the area of `target_class`.
        """
        asked: dict[str, Any] = {
            "map": map,
            "expected": None if expected is None else {str(code): value for code, value in expected.items()},
            "guess": guess,
            "target_se": target_se,
            "target_class": target_class,
            "size": size,
            "minimum": minimum,
            "strata": strata,
        }
        request = Request("POST", "/v1/area/plan", json=given(asked), timeout_s=COUNTING_S, repeatable=True)
        return SamplePlan.from_json(self._transport.send(request).checked().parsed())

    def samples(self) -> tuple[Drawn, ...]:
        """The samples of the workspace, newest first."""
        return _Samples.from_json(self._get("/v1/area/samples").parsed()).samples
