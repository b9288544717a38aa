"""Acquisitions at hand: what files and samples hold, which files may be read, what an embedding would take."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from ...dates import parse_day
from ..jobs.kinds.embed import ModelName
from ..jobs.kinds.params import AreaAsked, SourcePath, SourcesAsked
from ..jobs.states import State
from ..schema import Asked, Day, Dims, Told
from ..service import Here, Service
from .at_once import AtOnce

if TYPE_CHECKING:
    from ..reading.desk import Desk
    from ..reading.sources import WantedArea

router = APIRouter(tags=["sources"])
READ_RATE = 60e6
"""Bytes of acquisitions a second that are read, screened and encoded, on two cores; measured."""
PIXEL_DATE_RATES = {"cpu": 40_000.0, "cuda": 600_000.0}
"""Pixel-dates a second."""
START_S = 8.0
"""Of a job: its process loads PyTorch."""
SLOWEST = 50.0


class AcquisitionTold(Told):
    """One date of one sensor; what isn't known is null."""

    time: str
    platform: str | None
    orbit_direction: str | None
    relative_orbit: int | None
    processing_baseline: str | None
    sources: list[str]
    """Files or products."""
    times: list[str]
    """Of the scenes of a pass that was merged, where they differ; each of them names it."""


class SensorTold(Told):
    """What is there of one sensor."""

    sensor: str
    kinds: list[str]
    acquisitions: list[AcquisitionTold]
    bands: list[str]
    absent: list[str]
    """Bands that no date has."""
    units: list[str]
    pixels: list[str]
    masked: bool
    """Whether any date has a cloud mask."""
    skipped: list[str]
    ignored: list[str]
    undated: list[str]
    """Files left out as they don't say when they were taken; with the `day` they are read."""
    problems: list[str]


class SensorFault(Told):
    """Why a sensor's files can't be read as they are."""

    sensor: str
    code: str
    """`unit`: one of `choices` has to be stated; `date`: the `day` has to be; `crs`: the `crs`, or another one."""
    cause: str
    value: str | None
    remedy: str
    choices: dict[str, str]
    """Values of `stored_as` and what they mean."""


class UnnamedBandTold(Told):
    """What is seen of a band: its description, the type of its numbers, and the range of a sample of them."""

    description: str
    dtype: str
    low: float | None
    high: float | None


class UnnamedTold(Told):
    """GeoTIFFs whose bands have no names: `band_names` of a sensor's files says what they are, in order."""

    file: str
    """One of them."""
    files: int
    """How many have as many bands."""
    bands: list[UnnamedBandTold]


class SourcesTold(Told):
    """Acquisitions as they were found."""

    name: str
    title: str
    simulated: bool
    attribution: str
    notes: list[str]
    sensors: list[SensorTold]
    faults: list[SensorFault]
    grid: dict[str, Any] | None
    """As of stores; null where no sensor could be read."""
    footprint: list[list[float]]
    """Longitude and latitude along its edge."""
    unnamed: UnnamedTold | None = None
    """Where no sensor could be read, as bands have no names."""


class SampleList(Told):
    samples: list[SourcesTold]


class FolderAsked(Asked):
    path: Annotated[str, Field(min_length=1, max_length=4096)]
    """Absolute."""


class FolderTold(Told):
    path: str
    """How requests name it from now on."""


class FolderList(Told):
    folders: list[str]


@router.get("/samples")
async def samples(reads: AtOnce) -> SampleList:
    """The bundled samples."""
    found = await reads(lambda desk: desk.sources.samples(), long=True)
    return SampleList(samples=[SourcesTold.model_validate(one) for one in found])


@router.get("/folders")
async def folders(service: Here) -> FolderList:
    """Folders and files outside the workspace that jobs may read."""
    return FolderList(folders=[str(folder) for folder in service.workspace.data_folders])


@router.post("/folders")
async def admit(asked: FolderAsked, service: Here) -> FolderTold:
    """Let jobs read a file, or a folder and what is below it."""
    return FolderTold(path=service.workspace.admit(asked.path))


@router.post("/sources")
async def described(asked: SourcesAsked, reads: AtOnce, service: Here) -> SourcesTold:
    """What files of one or both sensors, or a sample, hold; no pixels but samples are read."""

    def work(desk: "Desk") -> Any:
        return desk.sources.described(asked.choice(service.workspace))

    return SourcesTold.model_validate(await reads(work, long=True))


class OutlineAsked(Asked):
    file: SourcePath
    """GeoPackage, GeoJSON or Shapefile, any CRS."""


class OutlineTold(Told):
    polygons: list[list[list[float]]]
    """Outer edges, [polygon][corner][longitude, latitude], the largest first."""
    holes: list[list[list[list[float]]]]
    """Of each polygon: [polygon][hole][corner][longitude, latitude]."""
    filled: int
    """How many holes were left out, as a polygon has too many of them: the smallest ones."""
    mended: int
    """How many polygons of the file crossed themselves: what each encloses was taken."""


@router.post("/outlines")
async def outlines(asked: OutlineAsked, reads: AtOnce, service: Here) -> OutlineTold:
    """The polygons of a file, as areas to embed."""

    def work(_desk: "Desk") -> Any:
        from ..reading.sources import outlines as outlines_of  # noqa: PLC0415 - pandas comes with it

        return outlines_of(service.workspace.source(asked.file))

    found = await reads(work, long=True)
    return OutlineTold.model_validate(vars(found))


class ModelList(Told):
    models: list[str]
    """What jobs take as `model`, the usual one first."""


@router.get("/models")
async def models(reads: AtOnce, service: Here) -> ModelList:
    """Models to embed with: those that come with Phenolens, and files of the workspace."""

    def work(_desk: "Desk") -> list[str]:
        from ...representation.record import DEFAULT_MODEL, shipped_models  # noqa: PLC0415 - as above

        named = dict.fromkeys([DEFAULT_MODEL, *shipped_models()])
        return [*named, *service.workspace.files("*.safetensors")]

    return ModelList(models=await reads(work))


class OverAsked(Asked):
    sources: SourcesAsked
    area: AreaAsked | None = None


class OverTold(Told):
    acquisitions: dict[str, list[AcquisitionTold]]
    """By sensor, in order of time."""


@router.post("/sources/over")
async def over(asked: OverAsked, reads: AtOnce, service: Here) -> OverTold:
    """The acquisitions that an area would be embedded from: those that touch it, scenes of a pass as one."""

    def work(desk: "Desk") -> Any:
        return desk.sources.over(asked.sources.choice(service.workspace), _wanted(asked.area, service))

    return OverTold.model_validate({"acquisitions": await reads(work, long=True)})


class ClearTold(Told):
    clear: list[float]
    """Of each Sentinel-2 acquisition about the share of the area that it saw, 0 to 1, by a few windows of it."""


@router.post("/sources/clear")
async def clear(asked: OverAsked, reads: AtOnce, service: Here) -> ClearTold:
    """How clear each Sentinel-2 acquisition is over an area, about."""

    def work(desk: "Desk") -> list[float]:
        share = desk.sources.clear(asked.sources.choice(service.workspace), _wanted(asked.area, service))
        return [round(float(one), 3) for one in share]

    return ClearTold(clear=await reads(work, long=True))


class PlanAsked(Asked):
    """As of an `embed` job."""

    sources: SourcesAsked
    area: AreaAsked | None = None
    dates: Annotated[str, Field(min_length=1, max_length=100_000)] | None = None
    start: Day | None = None
    end: Day | None = None
    clear_share: Annotated[float, Field(gt=0, le=1)] = 0.1
    past_only: bool = False
    model: ModelName | None = None
    dims: Dims | None = None
    dtype: Literal["float16", "int8"] = "float16"
    screen: bool = True
    memory_gb: Annotated[float, Field(gt=0, le=100_000)] | None = None


class PlanTold(Told):
    """What an embedding would take; memory is what is planned for, storage an upper bound."""

    grid: dict[str, Any]
    footprint: list[list[float]]
    km2: float
    acquisitions: dict[str, int]
    dates: list[str]
    about: bool
    """Clear dates are estimated: the job reads everything to tell them."""
    tiles: int
    pixel_dates: int
    storage_bytes: int
    peak_memory_bytes: int
    read_bytes: int
    free_bytes: int
    """Of the disk."""
    free_memory_bytes: int
    seconds: float
    measured: bool
    """Whether `seconds` follow from what this workspace has embedded before; otherwise from other machines."""
    notes: list[str]


@router.post("/plan")
async def plan(asked: PlanAsked, reads: AtOnce, service: Here) -> PlanTold:
    """What embedding an area would take; nothing is written."""

    def work(desk: "Desk") -> dict[str, Any]:
        return _planned(desk, asked, service)

    # clear dates have to be looked for; the rest needn't wait behind those who do
    told = await reads(work, long=asked.dates in (None, "clear"))
    slowness, measured = _slowness(service)
    seconds = START_S + slowness * _typical_s(service, told)
    return PlanTold(**told, seconds=round(seconds, 1), measured=measured)


def _planned(desk: "Desk", asked: PlanAsked, service: Service) -> dict[str, Any]:
    from ...inference.on_paper import Wish  # noqa: PLC0415 - zarr and SciPy come with it
    from ...inference.targets import TargetChoice  # noqa: PLC0415

    first, last = (parse_day(day) if day else None for day in (asked.start, asked.end))
    memory = None if asked.memory_gb is None else int(asked.memory_gb * 1e9)
    model = asked.model
    if model is not None and model.endswith(".safetensors"):
        model = str(service.workspace.source(model))
    return desk.sources.planned(
        asked.sources.choice(service.workspace),
        _wanted(asked.area, service),
        TargetChoice(asked.dates, first, last, asked.clear_share),
        Wish(asked.dims, asked.dtype, asked.past_only, asked.screen, memory),
        model,
    )


def _wanted(area: AreaAsked | None, service: Service) -> "WantedArea":
    from ..reading.sources import WantedArea  # noqa: PLC0415 - as above

    if area is None:
        return WantedArea()
    return WantedArea(area.grid(service.workspace), area.shape(service.workspace))


def _typical_s(service: Service, effort: Mapping[str, Any]) -> float:
    """Seconds that work takes without a job's start."""
    pixel_dates = float(effort["pixel_dates"]) / PIXEL_DATE_RATES[service.hello()["device"]]
    return float(effort["read_bytes"]) / READ_RATE + pixel_dates


def _slowness(service: Service) -> tuple[float, bool]:
    """How much longer than typical the last embedding took here, and whether there was one."""
    for job in service.queue.jobs([State.DONE], 50, None):
        effort = (job.result or {}).get("effort") if job.kind == "embed" else None
        if not (isinstance(effort, dict) and effort.get("whole") and job.started and job.finished):
            continue
        took = datetime.fromisoformat(job.finished) - datetime.fromisoformat(job.started)
        typical = _typical_s(service, effort)
        if typical > 0:
            return min(SLOWEST, max(1 / SLOWEST, (took.total_seconds() - START_S) / typical)), True
    return 1.0, False
