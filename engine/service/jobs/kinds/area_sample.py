"""`area-sample`: a stratified random sample of a class map, to be interpreted: points, a form, and the design."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from ...schema import Asked, Number, Seed, WorkspacePath
from ...workspace import Workspace
from ..context import JobContext, Kind
from .params import SourcePath, check_output, made, outputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ....area.classmap import ClassMap
    from ....area.design import Plan
    from ....classes import ClassTable

Code = Annotated[int, Field(ge=1, le=254)]
CodeText = Annotated[str, Field(pattern=r"^\d{1,3}$")]
"""JSON's names are text."""
Allocated = Literal["recommended", "proportional", "equal", "neyman"]
GUESS = 0.8


class PlanAsked(Asked):
    """Which class map, and how sure its sample is to make one; names as on the command line."""

    map: SourcePath
    """GeoTIFF of class codes, 0 = none."""
    strata: SourcePath | None = None
    """Another class map on the same grid whose classes are the strata; the map's own otherwise."""
    target_se: Number = 0.01
    """Standard error to reach, as a share: of the overall accuracy, or of the area of `target_class`."""
    target_class: Code | None = None
    size: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Sample units in all, instead of a target."""
    expected: Annotated[dict[CodeText, Number], Field(max_length=254)] = Field(default_factory=dict)
    """Expected user's accuracy by class code, 0 to 1."""
    guess: Number = GUESS
    """The same, of the classes that `expected` doesn't name."""
    minimum: Annotated[int, Field(ge=2, le=1_000_000)] = 50
    """Fewest units of a class, where they are shared as `recommended`."""

    def planned(self, table: "ClassTable", pixels: "Mapping[int, int]") -> "Plan":
        """The plan for strata of these classes and sizes; `InputError` for what can't be meant."""
        from ....area.design import Aim, plan_sample
        from ....errors import InputError

        if self.strata and self.target_class:
            raise InputError(
                "a class's area can be aimed at only where the strata are the map's classes",
                value=self.target_class,
                remedy="give a size, or leave the strata out",
            )
        accuracy = dict.fromkeys(table.codes, self.guess) | {int(c): v for c, v in self.expected.items()}
        unknown = sorted(set(accuracy) - set(table.codes))
        if unknown:
            remedy = f"there are {', '.join(map(str, table.codes))}"
            raise InputError("there is no such class", value=", ".join(map(str, unknown)), remedy=remedy)
        aim = Aim(self.target_se, self.target_class)
        return plan_sample(pixels, accuracy, aim, size=self.size, minimum=self.minimum)


class AreaSampleParams(PlanAsked):
    """Draw the sample; the files are OUT.gpkg, OUT.csv (the form to fill) and OUT.design.json."""

    out: WorkspacePath
    overwrite: bool = False
    allocation: Allocated = "recommended"
    seed: Seed = 0
    show_strata: bool = False
    """Put stratum and map class into the form: they lead whoever fills it."""


def run(params: AreaSampleParams, context: JobContext) -> dict[str, Any]:
    """The files, and the number of units in each stratum."""
    from ....area.form import FormFiles, write_form
    from ....area.sample import draw_sample, population
    from ....export.staging import check_all_free

    stem = check_output(context.workspace, params.out)
    overwrite = context.replaces(stem, params.overwrite)
    check_all_free(FormFiles.at(stem).paths, overwrite=overwrite)
    class_map = _opened(context, params.map)
    strata = _opened(context, params.strata) if params.strata else None
    plan = params.planned((strata or class_map).table, population(class_map, strata, context.cancel)[0])
    units = plan.allocations[params.allocation].units
    drawn = draw_sample(class_map, units, strata=strata, seed=params.seed, cancel=context.cancel)
    files = write_form(drawn, stem, show=params.show_strata, overwrite=overwrite)
    return {
        "files": made(context, files.paths),
        "form": context.workspace.relative(files.form),
        "design": context.workspace.relative(files.design),
        "units": {drawn.strata[code].name: number for code, number in units.items()},
        "total": len(drawn),
    }


def _opened(context: JobContext, path: str) -> "ClassMap":
    from ....area.classmap import open_class_map

    workspace: Workspace = context.workspace
    return open_class_map(
        workspace.source(path), progress=context.progress("count pixels"), cancel=context.cancel
    )


AREA_SAMPLE = Kind("area-sample", "Draw a sample of a map", AreaSampleParams, run, outputs=outputs)
