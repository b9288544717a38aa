"""Samples of class maps, from which areas are estimated: planned here, drawn and estimated from by jobs."""

from typing import TYPE_CHECKING

from fastapi import APIRouter

from ..jobs.kinds.area_sample import PlanAsked
from ..schema import Told
from .at_once import AtOnce

if TYPE_CHECKING:
    from ..reading.desk import Desk

router = APIRouter(tags=["area"])


class StratumTold(Told):
    """A stratum of the map: one of its classes, unless another map was named."""

    code: int
    name: str
    colour: str
    pixels: int
    expected: float
    """Expected user's accuracy: a guess before the sample is seen."""


class AllocationTold(Told):
    """Sample units by code of the stratum, and the standard errors that they can be expected to reach."""

    units: dict[str, int]
    total: int
    se_overall: float
    se_users: dict[str, float]
    se_area_share: dict[str, float]


class AreaPlanTold(Told):
    """How many sample units, and how they would be shared."""

    map: str
    pixel_m2: float
    size: int
    """Units that reach the aim under the best allocation, or those that were asked for."""
    strata: list[StratumTold]
    allocations: dict[str, AllocationTold]
    """By name: `recommended`, `proportional`, `equal`, `neyman`."""


class SampleTold(Told):
    """A sample that was drawn; paths are workspace-relative."""

    design: str
    map: str
    """File name of the map."""
    units: int
    classes: list[str]
    form: str | None
    """The CSV to fill; null where it isn't beside the design."""
    points: str | None
    """The GeoPackage."""
    modified: float
    """Seconds since 1970."""


class DrawnList(Told):
    """Newest first."""

    samples: list[SampleTold]


@router.post("/area/plan")
async def plan(reads: AtOnce, asked: PlanAsked) -> AreaPlanTold:
    """Size and allocations of a stratified random sample of a class map."""
    return await reads(lambda desk: _planned(desk, asked), long=True)


@router.get("/area/samples")
async def samples(reads: AtOnce) -> DrawnList:
    """The samples in the workspace, to estimate from once their forms are filled."""
    found = await reads(lambda desk: desk.class_maps.samples())
    return DrawnList(samples=[SampleTold(**one) for one in found])


def _planned(desk: "Desk", asked: PlanAsked) -> AreaPlanTold:
    found = desk.class_maps.strata(asked.map, asked.strata)
    made = asked.planned(found.strata.table, found.pixels)
    strata = [
        StratumTold(
            code=code,
            name=found.strata.table[code].name,
            colour=found.strata.table[code].colour,
            pixels=number,
            expected=made.accuracy[code],
        )
        for code, number in made.pixels.items()
    ]
    ways = {
        name: AllocationTold.model_validate(_texts(way.to_dict())) for name, way in made.allocations.items()
    }
    return AreaPlanTold(
        map=asked.map, pixel_m2=found.map.pixel_m2, size=made.size, strata=strata, allocations=ways
    )


def _texts(told: dict[str, object]) -> dict[str, object]:
    """Codes as JSON writes them."""
    return {
        name: {str(code): value for code, value in each.items()} if isinstance(each, dict) else each
        for name, each in told.items()
    }
