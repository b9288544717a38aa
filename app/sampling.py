"""What a sample of a class map is to reach, as a value; how jobs are asked for it, and what its plan says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isclose
from pathlib import Path, PurePath
from typing import Any

from phenolens.engine.client.arrays import Grid
from phenolens.engine.client.errors import InputError, NotFound
from phenolens.engine.client.sampling import Allocation, SamplePlan
from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate  # by this name translators' tools find its texts
MARGINS = 1.96
"""Standard errors on each side of a 95 % interval."""
UNITS = {"ha": "ha", "km2": "km²", "m2": "m²"}
"""Of areas, as they are read."""
ALLOCATIONS = ("recommended", "proportional", "equal", "neyman")
ENDS = (".gpkg", ".csv", ".design.json")
REPORT_ENDS = (".md", ".json")


@dataclass(frozen=True)
class SampleWanted:
    """What the user chose."""

    map: str = ""
    """As the engine names it."""
    strata: str = ""
    """Another class map whose classes the points are drawn from; empty: the map's own."""
    aim: str = "overall"
    """Standard error of `overall` accuracy or of a `class`'s area, or a number of points (`size`)."""
    standard_error: float = 0.01
    target_class: int | None = None
    size: int = 500
    expected: tuple[tuple[int, float], ...] = ()
    """(class code, expected user's accuracy)."""
    allocation: str = "recommended"
    minimum: int = 50
    show_strata: bool = False
    seed: int = 0
    name: str = ""
    """Beginning of the files' names, in the workspace."""

    def planned(self) -> dict[str, Any]:
        """What the client's `plan` is asked with."""
        asked: dict[str, Any] = {"expected": dict(self.expected), "minimum": self.minimum}
        if self.strata:
            asked["strata"] = self.strata
        if self.aim == "size":
            return {**asked, "size": self.size}
        aimed = self.target_class if self.aim == "class" else None
        return {**asked, "target_se": self.standard_error, "target_class": aimed}

    def job(self) -> dict[str, Any]:
        """Parameters of `area-sample`."""
        asked = {name: value for name, value in self.planned().items() if value is not None}
        asked["expected"] = {str(code): share for code, share in self.expected}
        drawn = {"allocation": self.allocation, "seed": self.seed, "show_strata": self.show_strata}
        return {"map": self.map, **asked, **drawn, "out": self.name}


@dataclass(frozen=True)
class EstimateWanted:
    """Which form is estimated from, and how."""

    design: str = ""
    form: str = ""
    """A path of this machine, or of the workspace; empty: the form that was written with the design."""
    unit: str = "ha"
    finite: bool = False


def files_of(name: str) -> tuple[str, ...]:
    """What a sample of this name is written as."""
    return tuple(f"{name}{end}" for end in ENDS)


def why_no_name(name: str, folder: Path) -> str:
    """Why no sample can be called so; empty where it can. Forms that somebody may have filled are not replaced."""
    path = PurePath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\\" in name or name.endswith("/"):
        return translate("Sampling", "Give the files a name within the workspace.")
    there = [file for file in files_of(name) if (folder / file).exists()]
    if there:
        told = translate("Sampling", "{} is there already and may be filled in: choose another name.")
        return told.format(there[0])
    return ""


def free_name(name: str, folder: Path, ends: Sequence[str] = ENDS) -> str:
    """The name, with a number where a sample (or what else has files of these ends) of that name is there."""
    number, free = 1, name
    while any((folder / f"{free}{end}").exists() for end in ends):
        number += 1
        free = f"{name}-{number}"
    return free


def margins(way: Allocation) -> Mapping[str, float]:
    """Expected ± of the share of each class's area, by code."""
    return {code: MARGINS * error for code, error in way.se_area_share.items()}


def plan_told(plan: SamplePlan, way: Allocation, wanted: SampleWanted) -> str:
    """How many points, and what to expect of them: of what is to be known first."""
    margin = f"±\u00a0{MARGINS * way.se_overall:.1%} (95\u00a0%)"
    said = translate("Sampling", "{:,} points: expect the overall accuracy within {}.").format(
        way.total, margin
    )
    aimed = next((one for one in plan.strata if one.code == wanted.target_class), None)
    if wanted.aim == "class" and aimed is not None:
        share = margins(way)[str(aimed.code)]
        told = translate(
            "Sampling",
            "{:,} points: expect the area of {} within ±\u00a0{} (±\u00a0{:.1%} of the whole, 95\u00a0%), "
            "the overall accuracy within {}.",
        )
        said = told.format(way.total, aimed.name, hectares(share * plan.pixels, plan.pixel_m2), share, margin)
    if wanted.aim != "size" and way.total > plan.size:
        more = translate("Sampling", "{:,} would do, but each class gets its fewest.").format(plan.size)
        said = f"{said} {more}"
    return said


def sample_pixels(design: Path, grid: Grid) -> tuple[tuple[int, int], ...]:
    """In a thread: (row, column) of a sample's points on the grid of a store.

    `NotFound` where there is no such design, `InputError` where its map lies on another grid."""
    try:
        stored = json.loads(design.read_text(encoding="utf-8"))
        theirs = Grid(
            stored["grid"]["crs"], tuple(stored["grid"]["transform"][:6]), tuple(stored["grid"]["shape"])
        )
        units = [(int(row), int(column)) for row, column, *_ in stored["units"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotFound("the sample's design can't be read", value=design.name, remedy=str(error)) from error
    near = all(isclose(a, b, abs_tol=1e-6) for a, b in zip(theirs.transform, grid.transform, strict=True))
    if not near or (theirs.crs, theirs.shape) != (grid.crs, tuple(grid.shape)):
        raise InputError(
            "the sample lies on another grid than the map that is shown",
            value=design.name,
            remedy="open its GeoPackage in QGIS",
        )
    return tuple(units)


def hectares(pixels: float, pixel_m2: float) -> str:
    """`1,234 ha`; m² where that is little."""
    area = pixels * pixel_m2
    return f"{area / 1e4:,.0f} ha" if area >= 1e6 else f"{area / 1e4:,.2f} ha"
